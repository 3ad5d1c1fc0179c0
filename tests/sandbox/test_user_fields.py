"""User fields that are made, changed and dropped while the portal runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from b24orm import DealUserField, Limits, Portal
from b24orm.sandbox import Sandbox, Write

FIELDS = {"FIELD_NAME": "COLOR", "USER_TYPE_ID": "enumeration", "EDIT_FORM_LABEL": {"ru": "Цвет", "en": "Colour"},
          "LIST": [{"VALUE": "Красный"}, {"VALUE": "Синий & белый"}]}  # fmt: skip


async def _result(call: Any, portal: Sandbox, method: str, **params: Any) -> Any:
    answer = await call(portal, method, params)
    assert "result" in answer, answer
    return answer["result"]


async def test_a_new_field_is_a_column_of_all_objects(small: Sandbox, call: Any) -> None:
    before = [small.row("deal", one) for one in small.ids("deal")]
    new = await _result(call, small, "crm.deal.userfield.add", fields=FIELDS)
    field = await _result(call, small, "crm.deal.userfield.get", id=new)
    assert (field["FIELD_NAME"], field["MULTIPLE"], field["EDIT_FORM_LABEL"]) == (
        "UF_CRM_COLOR", "N", {"ru": "Цвет", "en": "Colour"}
    )  # fmt: skip
    assert (await _result(call, small, "crm.deal.fields"))["UF_CRM_COLOR"]["items"] == [
        {"ID": item["ID"], "VALUE": item["VALUE"]} for item in field["LIST"]
    ]
    assert [small.row("deal", one) for one in small.ids("deal")] == [
        {**(row or {}), "uf_crm_color": None} for row in before
    ]
    deal, red = small.ids("deal")[0], field["LIST"][0]["ID"]
    await _result(call, small, "crm.item.update", entityTypeId=2, id=deal, fields={"ufCrmColor": red})
    found = await _result(call, small, "crm.deal.list", filter={"UF_CRM_COLOR": red}, select=["UF_CRM_COLOR"])
    assert found == [{"ID": str(deal), "UF_CRM_COLOR": red}]
    fresh = await _result(call, small, "crm.deal.add", fields={"TITLE": "x", "UF_CRM_COLOR": red})
    assert fresh > small.ids("deal")[-2]
    assert await _result(call, small, "crm.deal.userfield.delete", id=new) is True
    assert "uf_crm_color" not in (small.row("deal", deal) or {})
    assert "UF_CRM_COLOR" not in await _result(call, small, "crm.deal.fields")
    assert [w for w in small.books.writes if w.entity == "deal_user_field"] == [
        Write("crm.deal.userfield.add", "deal_user_field", new, "add"),
        Write("crm.deal.userfield.delete", "deal_user_field", new, "delete"),
    ]


async def test_a_field_is_changed_but_for_its_name_and_type(small: Sandbox, call: Any) -> None:
    new = await _result(call, small, "crm.contact.userfield.add", fields=FIELDS)
    red, blue = (await _result(call, small, "crm.contact.userfield.get", id=new))["LIST"]
    items = [
        {"ID": red["ID"], "VALUE": "Алый"},
        {"ID": blue["ID"], "DEL": "Y"},
        {"VALUE": "Чёрный"},
        {"ID": 1, "VALUE": "?"},
    ]
    changes = {
        "LIST": items,
        "MANDATORY": "Y",
        "SORT": 7,
        "FIELD_NAME": "OTHER",
        "USER_TYPE_ID": "string",
        "LABEL": "Тон",
    }
    assert await _result(call, small, "crm.contact.userfield.update", id=new, fields=changes) is True
    field = await _result(call, small, "crm.contact.userfield.get", id=new)
    assert (field["FIELD_NAME"], field["USER_TYPE_ID"], field["MANDATORY"], field["SORT"]) == (
        "UF_CRM_COLOR", "enumeration", "Y", "7"
    )  # fmt: skip
    assert [item["VALUE"] for item in field["LIST"]] == ["Алый", "Чёрный"]
    assert field["LIST_COLUMN_LABEL"] == {"ru": "Тон", "en": "Тон"}
    assert await _result(call, small, "crm.contact.userfield.update", id=new, fields={"SORT": 7}) is True
    assert small.books.writes[-1].changed is False


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"USER_TYPE_ID": "string"}, ("", "The 'FIELD_NAME' field is not found.")),
        ({"FIELD_NAME": "A"}, ("", "The 'USER_TYPE_ID' field is not found.")),
        ({"FIELD_NAME": "A", "USER_TYPE_ID": "text"}, ("ERROR_CORE", "Incorrect custom type specified.")),
        (
            {"FIELD_NAME": "A" * 44, "USER_TYPE_ID": "string"},
            ("ERROR_CORE", "Field name is too long (more than 50 characters)."),
        ),
        (
            {"FIELD_NAME": "a-b", "USER_TYPE_ID": "string"},
            ("ERROR_CORE", "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _."),
        ),
        (
            {"FIELD_NAME": "1700000001", "USER_TYPE_ID": "string"},
            ("ERROR_CORE", "Field UF_CRM_1700000001 for object CRM_DEAL already exists."),
        ),
    ],
)
async def test_a_wrong_field_is_refused(
    portal: Sandbox, call: Any, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    answer = await call(portal, "crm.deal.userfield.add", {"fields": fields})
    assert (answer["error"], answer["error_description"]) == expected


async def test_unknown_fields_are_not_changed(portal: Sandbox, call: Any) -> None:
    for verb in ("update", "delete"):
        answer = await call(portal, f"crm.deal.userfield.{verb}", {"id": 9, "fields": {}})
        assert answer["error"] == "ERROR_NOT_FOUND"
        answer = await call(portal, f"crm.lead.userfield.{verb}", {"id": 501, "fields": {}})
        assert (answer["status"], answer["error_description"]) == (403, "Access denied.")


async def test_settings_of_fields_reach_smart_processes_too(small: Sandbox, call: Any) -> None:
    said = {"entityId": "CRM_9", "fieldName": "UF_CRM_9_NOTES", "userTypeId": "string", "multiple": "Y",
            "editFormLabel": {"ru": "Заметки", "en": "Notes"}}  # fmt: skip
    made = (await _result(call, small, "userfieldconfig.add", moduleId="crm", field=said))["field"]
    assert (made["fieldName"], made["multiple"], made["editFormLabel"]["en"]) == ("UF_CRM_9_NOTES", "Y", "Notes")
    item = small.ids("smart_process_1038")[0]
    params = {"entityTypeId": 1038, "id": item, "useOriginalUfNames": "Y"}
    assert (await _result(call, small, "crm.item.get", **params))["item"]["UF_CRM_9_NOTES"] == []
    await _result(call, small, "crm.item.update", **params, fields={"UF_CRM_9_NOTES": ["a", "b"]})
    assert (await _result(call, small, "crm.item.get", **params))["item"]["UF_CRM_9_NOTES"] == ["a", "b"]
    changed = await _result(call, small, "userfieldconfig.update", moduleId="crm", id=made["id"], field={"sort": 5})
    assert changed["field"]["sort"] == "5"
    assert await _result(call, small, "userfieldconfig.delete", moduleId="crm", id=made["id"]) is None
    refusals: list[tuple[str, dict[str, Any], str]] = [
        ("userfieldconfig.add", {"field": {**said, "fieldName": "UF_CRM_NOTES"}}, "You cannot create custom fields"),
        ("userfieldconfig.add", {"field": {**said, "entityId": "CRM_77"}}, "Access denied"),
        ("userfieldconfig.update", {"id": 9, "field": said}, "You cannot change the settings of the user field"),
        ("userfieldconfig.delete", {"id": 9}, "You cannot delete the user field"),
        ("userfieldconfig.delete", {"id": 9, "moduleId": "x"}, "No settings for UserFieldAccess"),
    ]
    for method, params, text in refusals:
        answer = await call(small, method, {"moduleId": "crm", **params})
        assert (answer["error"], answer["error_description"]) == ("", text)


async def test_a_file_and_a_copy_remember_the_fields(tmp_path: Path, call: Any) -> None:
    path = tmp_path / "portal.db"
    with Sandbox(deals=3, path=path, limits=Limits.none()) as portal:
        await _result(call, portal, "crm.deal.userfield.add", fields=FIELDS)
        await _result(call, portal, "crm.requisite.userfield.add", fields={"FIELD_NAME": "A", "USER_TYPE_ID": "string"})
        with portal.copy(limits=Limits.none()) as twin:
            assert "UF_CRM_COLOR" in await _result(call, twin, "crm.deal.fields")
    with Sandbox(path=path, limits=Limits.none()) as again:
        names = [field["FIELD_NAME"] for field in await _result(call, again, "crm.deal.userfield.list")]
        assert names[-1] == "UF_CRM_COLOR"
        fields = await _result(call, again, "crm.requisite.userfield.list")
        assert fields[-1]["FIELD_NAME"] == "UF_CRM_A"
        deal = again.ids("deal")[0]
        await _result(call, again, "crm.deal.update", id=deal, fields={"UF_CRM_COLOR": 5001})
        assert (await _result(call, again, "crm.deal.get", id=deal))["UF_CRM_COLOR"] == "5001"
    with Sandbox(deals=3, limits=Limits.none()) as other:  # another portal has fields of its own
        assert "UF_CRM_COLOR" not in await _result(call, other, "crm.deal.fields")


async def test_the_client_makes_changes_and_drops_them(small: Sandbox) -> None:
    async with Portal(small.url, limits=Limits.none()):
        field = await DealUserField.objects.create(field_name="TONE", user_type_id="string", sort=5)
        field.mandatory = True
        await field.save()
        again = await DealUserField.objects.get(field.id)
        assert (again.field_name, again.mandatory, again.sort) == ("UF_CRM_TONE", True, 5)
        await again.delete()
        assert await DealUserField.objects.filter(id=field.id).count() == 0


async def test_a_new_field_of_requisites_is_described_written_and_read(small: Sandbox, call: Any) -> None:
    field = {"FIELD_NAME": "SHELF", "USER_TYPE_ID": "string"}
    await _result(call, small, "crm.requisite.userfield.add", fields=field)
    assert "UF_CRM_SHELF" in await _result(call, small, "crm.requisite.fields")
    requisite = small.ids("requisite")[0]
    await _result(call, small, "crm.requisite.update", id=requisite, fields={"UF_CRM_SHELF": "B 7"})
    assert (await _result(call, small, "crm.requisite.get", id=requisite))["UF_CRM_SHELF"] == "B 7"
    found = await _result(
        call, small, "crm.requisite.list", filter={"UF_CRM_SHELF": "B 7"}, select=["ID", "UF_CRM_SHELF"]
    )
    assert found == [{"ID": str(requisite), "UF_CRM_SHELF": "B 7"}]
