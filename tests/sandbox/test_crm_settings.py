"""What the CRM is set up with: currencies, presets, bank details, links of requisites, pipelines and fields of old."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox


async def _result(call: Any, portal: Sandbox, method: str, **params: Any) -> Any:
    answer = await call(portal, method, params)
    assert "result" in answer, answer
    return answer["result"]


async def _refused(call: Any, portal: Sandbox, method: str, **params: Any) -> tuple[Any, str]:
    answer = await call(portal, method, params)
    assert answer["status"] in (400, 403), answer
    return answer["error"], answer["error_description"]


async def test_currencies_come_whole_with_a_total_of_nothing(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "crm.currency.list", {"order": {"CURRENCY": "desc"}, "filter": {"CURRENCY": "RUB"}})
    assert [row["CURRENCY"] for row in answer["result"]] == ["USD", "RUB", "EUR"]  # there is no filter
    assert (answer["total"], "next" in answer) == (0, False)
    assert "LANG" not in answer["result"][0]
    row = await _result(call, portal, "crm.currency.get", id="USD")
    assert (row["AMOUNT"], row["AMOUNT_CNT"], row["BASE"], row["DECIMALS"]) == ("78.5000", "1", "N", "2")
    assert row["LANG"]["en"]["FULL_NAME"] == "US Dollar"
    assert await _refused(call, portal, "crm.currency.get", id="XXX") == ("", "Not found")
    assert (await _result(call, portal, "crm.currency.fields"))["BASE"]["isReadOnly"] is True


async def test_amounts_are_known_in_the_currencies_that_there_are(small: Sandbox, call: Any) -> None:
    fields = {"title": "x", "currencyId": "KZT"}
    assert (await _refused(call, small, "crm.item.add", entityTypeId=2, fields=fields))[
        0
    ] == "CRM_FIELD_ERROR_VALUE_NOT_VALID"
    told = {"CURRENCY": "KZT", "AMOUNT_CNT": 100, "AMOUNT": 17.1234, "LANG": {"ru": {"FULL_NAME": "Тенге"}}}
    assert await _result(call, small, "crm.currency.add", fields=told) == "KZT"
    row = await _result(call, small, "crm.currency.get", id="KZT")
    assert (row["AMOUNT"], row["FULL_NAME"], row["BASE"]) == ("17.1234", "Тенге", "N")
    assert (await _result(call, small, "crm.item.add", entityTypeId=2, fields=fields))["item"]["currencyId"] == "KZT"
    assert await _result(call, small, "crm.currency.update", ID="KZT", fields={"AMOUNT": 18, "CURRENCY": "AAA"}) is True
    assert (await _result(call, small, "crm.currency.get", id="KZT"))["AMOUNT"] == "18.0000"
    assert await _result(call, small, "crm.currency.update", ID="KZT", fields={"AMOUNT": 18}) is True
    assert await _result(call, small, "crm.currency.delete", id="KZT") is True
    assert [(w.verb, w.changed) for w in small.books.writes if w.entity == "currency"] == [
        ("add", True), ("update", True), ("update", False), ("delete", True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        (
            "crm.currency.add",
            {"fields": {"AMOUNT_CNT": 1, "AMOUNT": 1}},
            ("ERROR_CORE", 'Undefined array key "CURRENCY"'),
        ),
        (
            "crm.currency.add",
            {"fields": {"CURRENCY": "CNY", "AMOUNT_CNT": 1}},
            ("ERROR_CORE", 'Undefined array key "AMOUNT"'),
        ),
        ("crm.currency.add", {}, ("", "Parameter 'fields' must be array.")),
        ("crm.currency.delete", {"id": "RUB"}, ("", "Cannot delete base currency.")),
        ("crm.currency.update", {"ID": "XXX", "fields": {}}, ("", "Not found")),
        ("crm.requisite.preset.get", {"id": 347}, ("", "The Preset with ID '347' is not found")),
        ("crm.requisite.preset.add", {"fields": {"NAME": "x"}}, ("", "ENTITY_TYPE_ID is not defined or invalid.")),
        ("crm.requisite.bankdetail.get", {"id": 9}, ("", "The RequisiteBankDetail with ID '9' is not found")),
        ("crm.requisite.bankdetail.get", {}, ("", "ID is not defined or invalid.")),
        (
            "crm.requisite.bankdetail.add",
            {"fields": {"ENTITY_ID": 9, "NAME": "x"}},
            ("", "ENTITY_ID is not defined or invalid."),
        ),
        ("crm.requisite.link.get", {"entityTypeId": 2, "entityId": 9}, ("", "Not found")),
        ("crm.requisite.link.get", {"entityTypeId": 2}, ("", "entityId is not defined or invalid.")),
        ("crm.requisite.link.unregister", {"entityId": 2}, ("", "entityTypeId is not defined or invalid.")),
        (
            "crm.requisite.link.register",
            {"fields": {"ENTITY_ID": 2}},
            ("", "ENTITY_TYPE_ID is not defined or invalid."),
        ),
        ("crm.requisite.link.register", {"fields": {"ENTITY_TYPE_ID": 2, "ENTITY_ID": 9}}, ("", "Entity is not found")),
        ("crm.dealcategory.get", {"id": 99}, ("", "Not found")),
        ("crm.dealcategory.add", {"fields": {"SORT": 5}}, ("", "Field 'NAME' is required")),
        ("crm.deal.userfield.get", {"id": 0}, ("", "ID is not defined or invalid.")),
        ("crm.deal.userfield.get", {"id": 77}, ("ERROR_NOT_FOUND", "The entity with ID '77' is not found")),
        ("crm.lead.userfield.get", {"id": 501}, ("", "Access denied.")),
    ],
)
async def test_refusals_have_the_words_of_their_pages(
    portal: Sandbox, call: Any, method: str, params: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert await _refused(call, portal, method, **params) == expected


async def test_presets_and_bank_details_are_written_in_the_classic_dialect(small: Sandbox, call: Any) -> None:
    fields = {"ENTITY_TYPE_ID": 8, "COUNTRY_ID": 1, "NAME": "ООО & Ко", "SORT": 7}
    preset = await _result(call, small, "crm.requisite.preset.add", fields=fields)
    row = await _result(call, small, "crm.requisite.preset.get", id=preset)
    assert (row["ID"], row["NAME"], row["ACTIVE"], row["DATE_MODIFY"], row["MODIFY_BY_ID"]) == (
        str(preset), "ООО & Ко", "Y", "", None
    )  # fmt: skip
    assert (
        await _result(call, small, "crm.requisite.preset.update", id=preset, fields={"NAME": "b", "COUNTRY_ID": 6})
        is True
    )
    row = await _result(call, small, "crm.requisite.preset.get", id=preset)
    assert (row["NAME"], row["COUNTRY_ID"], row["MODIFY_BY_ID"]) == ("b", "1", "1")
    requisite = small.ids("requisite")[0]
    fields = {"ENTITY_ID": requisite, "NAME": "Счёт", "RQ_BIK": "044525000"}
    bank = await _result(call, small, "crm.requisite.bankdetail.add", fields=fields)
    listed = await _result(
        call,
        small,
        "crm.requisite.bankdetail.list",
        filter={"ENTITY_ID": requisite, "%NAME": "чёт"},
        select=["NAME"],
        order={"ID": "DESC"},
    )
    assert listed[0] == {"ID": str(bank), "NAME": "Счёт"}
    assert await _result(call, small, "crm.requisite.delete", id=requisite) is True
    assert (await _refused(call, small, "crm.requisite.bankdetail.get", id=bank))[1].endswith("is not found")
    used = small.row("requisite", small.ids("requisite")[0])
    assert used is not None
    assert (
        "already been created" in (await _refused(call, small, "crm.requisite.preset.delete", id=used["preset_id"]))[1]
    )
    assert await _result(call, small, "crm.requisite.preset.delete", id=preset) is True


async def test_links_are_known_by_their_object_and_replaced(small: Sandbox, call: Any) -> None:
    deal, requisite = small.ids("deal")[-1], small.ids("requisite")[0]
    key = {"ENTITY_TYPE_ID": 2, "ENTITY_ID": deal}
    rest = {"BANK_DETAIL_ID": 0, "MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0}
    for one in (0, requisite):
        fields = {**key, **rest, "REQUISITE_ID": one}
        assert await _result(call, small, "crm.requisite.link.register", fields=fields) is True
    row = await _result(call, small, "crm.requisite.link.get", entityTypeId=2, entityId=deal)
    assert row == {name: str(value) for name, value in {**key, "REQUISITE_ID": requisite, **rest}.items()}
    listed = await call(small, "crm.requisite.link.list", {"filter": {"ENTITY_ID": deal}, "select": ["REQUISITE_ID"]})
    assert (listed["result"], listed["total"]) == ([{"REQUISITE_ID": str(requisite)}], 1)
    wrong = {**key, **rest, "REQUISITE_ID": 10**6}
    assert await _refused(call, small, "crm.requisite.link.register", fields=wrong) == (
        "",
        "The Requisite with ID '1000000' is not found",
    )
    assert (await _refused(call, small, "crm.requisite.link.register", fields=key))[
        1
    ] == "REQUISITE_ID is not defined or invalid."
    for _ in range(2):
        assert await _result(call, small, "crm.requisite.link.unregister", entityTypeId=2, entityId=deal) is True
    assert small.books.applied == {
        ("requisite_link", "add"): 1, ("requisite_link", "update"): 1, ("requisite_link", "delete"): 1
    }  # fmt: skip
    assert "REQUISITE_ID" in await _result(call, small, "crm.requisite.link.fields")
    await _result(call, small, "crm.requisite.link.register", fields={**key, **rest, "REQUISITE_ID": 0})
    await _result(call, small, "crm.deal.delete", id=deal)
    assert (await _refused(call, small, "crm.requisite.link.get", entityTypeId=2, entityId=deal))[1] == "Not found"


async def test_pipelines_of_old_are_those_of_deals_without_the_default_one(small: Sandbox, call: Any) -> None:
    modern = (await _result(call, small, "crm.category.list", entityTypeId=2))["categories"]
    assert {"isLocked", "IS_LOCKED"}.isdisjoint(modern[0])
    old = await _result(call, small, "crm.dealcategory.list", order={"ID": "ASC"})
    assert [row["ID"] for row in old] == [
        str(row["id"]) for row in sorted(modern, key=lambda row: row["id"]) if row["id"]
    ]
    assert (old[0]["IS_LOCKED"], old[0]["CREATED_DATE"][:4]) == ("N", "2025")
    new = await _result(call, small, "crm.dealcategory.add", fields={"NAME": "Опт", "SORT": 7})
    row = await _result(call, small, "crm.dealcategory.get", id=new)
    assert (row["ID"], row["NAME"], row["SORT"]) == (str(new), "Опт", "7")
    stages = await _result(call, small, "crm.dealcategory.stage.list", id=new)
    assert stages[0] == {"NAME": stages[0]["NAME"], "SORT": 10, "STATUS_ID": f"C{new}:NEW"}
    assert (await _result(call, small, "crm.dealcategory.stage.list"))[0]["STATUS_ID"] == "NEW"
    assert await _result(call, small, "crm.dealcategory.update", id=new, fields={"NAME": "Опт 2"}) is True
    assert (await _result(call, small, "crm.category.get", entityTypeId=2, id=new))["category"]["name"] == "Опт 2"
    assert await _result(call, small, "crm.dealcategory.delete", id=new) is True
    assert (await _refused(call, small, "crm.dealcategory.get", id=0))[1] == "ID is not defined or invalid."
    assert "NAME" in await _result(call, small, "crm.dealcategory.fields")


async def test_a_user_field_is_got_with_its_labels_in_all_languages(portal: Sandbox, call: Any) -> None:
    field = await _result(call, portal, "crm.deal.userfield.get", id=505)
    assert (field["ID"], field["FIELD_NAME"], field["EDIT_FORM_LABEL"]) == (
        "505",
        "UF_CRM_1700000005",
        {"ru": "Регион", "en": "Регион"},
    )
    assert [item["VALUE"] for item in field["LIST"]] == ["Москва", "Санкт-Петербург", "Урал"]
    assert field["HELP_MESSAGE"] == {"ru": "", "en": ""}
    described = await _result(call, portal, "crm.userfield.fields")
    assert described["ID"] == {"type": "int", "title": described["ID"]["title"], "isReadOnly": True}
    assert described["MULTIPLE"]["type"] == "char"


async def test_requisites_have_user_fields(small: Sandbox, call: Any) -> None:
    fields = await _result(call, small, "crm.requisite.userfield.list")
    assert [field["ENTITY_ID"] for field in fields] == ["CRM_REQUISITE", "CRM_REQUISITE"]
    name = fields[0]["FIELD_NAME"]
    one = small.ids("requisite")[0]
    assert await _result(call, small, "crm.requisite.update", id=one, fields={name: "№ 5"}) is True
    (row,) = await _result(call, small, "crm.requisite.list", filter={name: "№ 5"}, select=["UF_*"])
    assert (row["ID"], row[name]) == (str(one), "№ 5")
    (row,) = await _result(call, small, "crm.requisite.list", filter={"ID": one})
    assert name not in row
    assert (await _result(call, small, "crm.requisite.fields"))[name]["isDynamic"] is True
