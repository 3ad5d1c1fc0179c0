from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox


async def _add(call: Any, portal: Sandbox, fields: dict[str, Any], entity_type_id: int = 2) -> dict[str, Any]:
    params = {"entityTypeId": entity_type_id, "useOriginalUfNames": "Y", "fields": fields}
    item: dict[str, Any] = (await call(portal, "crm.item.add", params))["result"]["item"]
    return item


async def _update(
    call: Any, portal: Sandbox, row_id: int, fields: dict[str, Any], entity_type_id: int = 2
) -> dict[str, Any]:
    params = {"entityTypeId": entity_type_id, "useOriginalUfNames": "Y", "id": row_id, "fields": fields}
    item: dict[str, Any] = (await call(portal, "crm.item.update", params))["result"]["item"]
    return item


async def test_a_new_item_comes_back_whole_with_the_portals_defaults(small: Sandbox, call: Any) -> None:
    contact, other = small.ids("contact")[:2]
    item = await _add(
        call,
        small,
        {
            "title": "Новая",
            "opportunity": "1500.555",
            "isManualOpportunity": "y",
            "opened": 1,
            "begindate": "2024-05-01",
            "contactIds": [contact, other],
            "observers": [1],
            "id": 5,
            "createdTime": "2000-01-01",
            "nope": 1,
            "closedate": "not a date",
            "comments": None,
            "UF_CRM_1700000002": "17",
            "UF_CRM_1700000004": "Y",
            "UF_CRM_1700000006": [71, "73"],
            "UF_CRM_1700000008": "2024-05-01T10:00:00+00:00",
            "UF_CRM_1700000012": ["a.txt", "0YHQvw=="],
            "UF_CRM_1700000018": ["x", ""],
            "UF_CRM_1700000019": [["b.txt", "0YHQvw=="], {"id": 7501}],
            "UF_CRM_1700000020": ["2024-05-02", "bad"],
        },
    )
    assert item["id"] == small.ids("deal")[-1] > 5
    assert (item["title"], item["opportunity"], item["isManualOpportunity"], item["opened"]) == (
        "Новая",
        1500.56,
        "Y",
        "N",
    )
    assert (item["stageId"], item["stageSemanticId"], item["categoryId"], item["closed"]) == ("NEW", "P", 0, "N")
    assert item["begindate"] == "2024-05-01T03:00:00+03:00"
    assert (item["contactId"], item["contactIds"], item["observers"]) == (contact, [contact, other], [1])
    assert item["createdTime"][:4] == str(small.portal_time.year)
    assert (item["currencyId"], item["assignedById"], item["closedate"], item["comments"]) == ("RUB", 1, None, None)
    assert (item["UF_CRM_1700000002"], item["UF_CRM_1700000004"], item["UF_CRM_1700000006"]) == (17, "Y", [71, 73])
    assert item["UF_CRM_1700000008"] == "2024-05-01T13:00:00+03:00"
    assert item["UF_CRM_1700000012"]["id"] > 0
    assert item["UF_CRM_1700000018"] == ["x"]
    assert len(item["UF_CRM_1700000019"]) == 2
    assert item["UF_CRM_1700000020"] == ["2024-05-02T03:00:00+03:00"]


async def test_defaults_follow_the_kind_of_entity(small: Sandbox, call: Any) -> None:
    assert (await _add(call, small, {}))["title"].startswith("Сделка #")
    assert (await _add(call, small, {"categoryId": 1}))["stageId"] == "C1:NEW"
    assert (await _add(call, small, {"stageId": ""}))["stageId"] == "NEW"
    assert (await _add(call, small, {}, 31))["stageId"] == "DT31_2:N"
    assert (await _add(call, small, {"name": "Анна"}, 3))["fm"] == []


async def test_only_the_modern_methods_change_the_pipeline(small: Sandbox, call: Any) -> None:
    item = await _add(call, small, {"title": "x"})
    moved = await _update(call, small, item["id"], {"categoryId": 1, "stageId": "C1:NEW"})
    assert (moved["categoryId"], moved["stageId"]) == (1, "C1:NEW")
    assert (await call(small, "crm.deal.fields"))["result"]["CATEGORY_ID"]["isImmutable"] is True


async def test_a_changed_stage_moves_the_deal(small: Sandbox, call: Any) -> None:
    item = await _add(call, small, {"title": "x"})
    small.advance(100)
    won = await _update(call, small, item["id"], {"stageId": "WON"})
    assert (won["stageSemanticId"], won["closed"], won["previousStageId"], won["isNew"]) == ("S", "Y", "NEW", "N")
    assert won["movedTime"] == won["updatedTime"] > item["updatedTime"]


async def test_an_update_without_a_change_is_not_saved(small: Sandbox, call: Any) -> None:
    item = await _add(call, small, {"title": "x"})
    small.advance(100)
    assert await _update(call, small, item["id"], {"title": "x", "createdBy": 3, "nope": 1}) == item


async def test_null_and_empty_values_clear(small: Sandbox, call: Any) -> None:
    item = await _add(
        call,
        small,
        {"comments": "x", "opportunity": 5, "companyId": 3, "contactId": 4, "UF_CRM_1700000004": True, "observers": [1],
         "UF_CRM_1700000009": "300|RUB", "UF_CRM_1700000012": ["a", "b"], "begindate": "2024-01-01"},
    )  # fmt: skip
    assert item["contactIds"] == [4]
    names = ["comments", "opportunity", "companyId", "contactId", "UF_CRM_1700000004", "observers", "UF_CRM_1700000009"]
    cleared = await _update(call, small, item["id"], dict.fromkeys([*names, "UF_CRM_1700000012", "begindate"], None))
    assert [cleared[name] for name in names] == [None, 0, None, None, None, [], None]
    assert (cleared["contactIds"], cleared["UF_CRM_1700000012"], cleared["begindate"]) == ([], None, None)
    emptied = await _update(
        call, small, item["id"], {"comments": "", "begindate": "", "observers": "", "contactIds": []}
    )
    assert (emptied["comments"], emptied["begindate"], emptied["contactId"]) == ("", None, None)


@pytest.mark.parametrize(("value", "kind"), [(5, "integer"), (True, "boolean"), (1.5, "double"), ("x", "string")])
async def test_a_multiple_field_takes_no_single_value(small: Sandbox, call: Any, value: Any, kind: str) -> None:
    answer = await call(small, "crm.item.add", {"entityTypeId": 2, "fields": {"observers": value}})
    assert answer["error"] == "100"
    assert f"got `{kind}`" in answer["error_description"]


async def test_multifields_of_items_are_added_changed_and_deleted_by_key(small: Sandbox, call: Any) -> None:
    phone = {"typeId": "PHONE", "valueType": "MOBILE", "value": "+7 1"}
    item = await _add(
        call, small, {"fm": {"n0": phone, "n1": {"typeId": "EMAIL", "value": "a@b.c"}, "n2": {"typeId": "X"}}}, 3
    )
    assert [(e["typeId"], e["valueType"], e["value"]) for e in item["fm"]] == [
        ("PHONE", "MOBILE", "+7 1"),
        ("EMAIL", "WORK", "a@b.c"),
    ]
    assert (item["hasPhone"], item["hasEmail"], item["phoneMobile"], item["email"]) == ("Y", "Y", "+7 1", "a@b.c")
    first, second = (entry["id"] for entry in item["fm"])
    item = await _update(
        call, small, item["id"], {"fm": {str(first): {"value": "+7 2"}, str(second): {"value": ""}}}, 3
    )
    assert [(e["id"], e["value"], e["valueType"]) for e in item["fm"]] == [(first, "+7 2", "MOBILE")]
    assert item["hasEmail"] == "N"


async def test_classic_writes_answer_an_id_and_true(small: Sandbox, call: Any) -> None:
    fields = {"TITLE": "Классика", "OPPORTUNITY": 12.5, "OPENED": "N", "UF_CRM_1700000004": 1, "nope": 1, "ID": 3}
    new = (await call(small, "crm.deal.add", {"FIELDS": fields}))["result"]
    assert isinstance(new, int)
    row = (await call(small, "crm.deal.get", {"id": new}))["result"]
    assert (row["TITLE"], row["OPPORTUNITY"], row["OPENED"]) == ("Классика", "12.50", "N")
    assert row["UF_CRM_1700000004"] == "1"
    changes = {"TITLE": "Иначе", "CATEGORY_ID": 4, "UF_CRM_1700000012": {"fileData": ["a", "b"]}}
    assert (await call(small, "crm.deal.update", {"id": new, "fields": changes}))["result"] is True
    row = (await call(small, "crm.deal.get", {"id": new}))["result"]
    assert (row["TITLE"], row["CATEGORY_ID"]) == ("Иначе", "0")  # the classic methods keep the pipeline
    removed = {"UF_CRM_1700000012": {"id": row["UF_CRM_1700000012"]["id"], "remove": "Y"}}
    await call(small, "crm.deal.update", {"id": new, "fields": removed})
    assert (await call(small, "crm.deal.get", {"id": new}))["result"]["UF_CRM_1700000012"] is None
    assert (await call(small, "crm.deal.delete", {"id": new}))["result"] is True
    assert new not in small.ids("deal")


async def test_classic_multifields_are_merged_by_id(small: Sandbox, call: Any) -> None:
    phones = [{"VALUE": "+7 1", "VALUE_TYPE": "WORK"}, {"VALUE": "+7 2"}]
    new = (await call(small, "crm.contact.add", {"fields": {"NAME": "А", "PHONE": phones}}))["result"]
    first, second = (await call(small, "crm.contact.get", {"id": new}))["result"]["PHONE"]
    assert (first["VALUE"], second["VALUE_TYPE"], first["TYPE_ID"]) == ("+7 1", "WORK", "PHONE")
    change = [{"ID": first["ID"], "VALUE": "+7 3"}, {"ID": second["ID"], "DELETE": "Y"}, {"VALUE": ""}]
    fields = {"PHONE": change, "EMAIL": [{"VALUE": "a@b.c", "VALUE_TYPE": "HOME"}]}
    await call(small, "crm.contact.update", {"id": new, "fields": fields})
    row = (await call(small, "crm.contact.get", {"id": new}))["result"]
    assert [(entry["ID"], entry["VALUE"]) for entry in row["PHONE"]] == [(first["ID"], "+7 3")]
    assert row["EMAIL"][0]["VALUE_TYPE"] == "HOME"


async def test_any_text_survives_in_a_field_of_codes(small: Sandbox, call: Any) -> None:
    new = (await call(small, "crm.deal.add", {"fields": {"SOURCE_ID": 'we"b\\', "COMMENTS": ["no", "text"]}}))["result"]
    row = (await call(small, "crm.deal.get", {"id": new}))["result"]
    assert (row["SOURCE_ID"], row["COMMENTS"]) == ('we"b\\', None)
    item = (await call(small, "crm.item.get", {"entityTypeId": 2, "id": new}))["result"]["item"]
    assert item["sourceId"] == 'we"b\\'


async def test_a_deleted_item_is_gone_and_its_id_is_not_given_again(small: Sandbox, call: Any) -> None:
    last = small.ids("deal")[-1]
    answer = await call(small, "crm.item.delete", {"entityTypeId": 2, "id": last})
    assert answer["result"] == []
    for method in ("get", "delete", "update"):
        params: dict[str, Any] = {"entityTypeId": 2, "id": last, "fields": {}}
        assert (await call(small, f"crm.item.{method}", params))["error"] == "NOT_FOUND"
    assert (await _add(call, small, {}))["id"] > last


async def test_totals_follow_the_writes(small: Sandbox, call: Any) -> None:
    async def total() -> int:
        return int((await call(small, "crm.item.list", {"entityTypeId": 2}))["total"])

    before = await total()
    await _add(call, small, {})
    assert await total() == before + 1
    small.remove("deal", small.ids("deal")[0])
    assert await total() == before
