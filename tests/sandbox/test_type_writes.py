"""Smart processes that are made, changed and dropped while the portal runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from b24orm import CrmType, Limits, Portal, SmartProcess
from b24orm.sandbox import Sandbox


async def _result(call: Any, portal: Sandbox, method: str, **params: Any) -> Any:
    answer = await call(portal, method, params)
    assert "result" in answer, answer
    return answer["result"]


async def test_a_new_process_has_items_stages_and_what_its_switches_say(small: Sandbox, call: Any) -> None:
    relations = {"parent": [{"entityTypeId": 2, "isChildrenListEnabled": "Y"}, {"entityTypeId": 77}]}
    fields = {"title": "Договоры", "isStagesEnabled": "Y", "isClientEnabled": "N", "relations": relations}
    made = (await _result(call, small, "crm.type.add", fields=fields))["type"]
    kind = made["entityTypeId"]
    assert (made["title"], kind, made["isStagesEnabled"], made["isClientEnabled"]) == ("Договоры", 1030, "Y", "N")
    assert [one["entityTypeId"] for one in made["relations"]["parent"]] == [2]
    (pipeline,) = (await _result(call, small, "crm.category.list", entityTypeId=kind))["categories"]
    stages = await _result(
        call, small, "crm.status.list", filter={"ENTITY_ID": f"DYNAMIC_{kind}_STAGE_{pipeline['id']}"}
    )
    item = (await _result(call, small, "crm.item.add", entityTypeId=kind, fields={"title": "№ 1", "parentId2": 5}))[
        "item"
    ]
    assert (item["stageId"], item["categoryId"], item["parentId2"]) == (stages[0]["STATUS_ID"], pipeline["id"], 5)
    assert "contactId" not in item
    assert small.ids(f"smart_process_{kind}") == [item["id"]]
    changed = await _result(
        call, small, "crm.type.update", id=made["id"], fields={"title": "b", "isClientEnabled": "Y"}
    )
    assert (changed["type"]["title"], changed["type"]["isStagesEnabled"]) == ("b", "Y")
    again = (await _result(call, small, "crm.item.get", entityTypeId=kind, id=item["id"]))["item"]
    assert (again["title"], again["contactIds"], again["stageId"]) == ("№ 1", [], item["stageId"])
    refused = await call(small, "crm.type.delete", {"id": made["id"]})
    assert (refused["error"], refused["error_description"]) == (
        "BX_ERROR", "You cannot delete an entity type that has elements"
    )  # fmt: skip
    await _result(call, small, "crm.item.delete", entityTypeId=kind, id=item["id"])
    assert await _result(call, small, "crm.type.delete", id=made["id"]) == []
    assert (await call(small, "crm.item.list", {"entityTypeId": kind}))["status"] == 400
    assert await _result(call, small, "crm.status.list", filter={"ENTITY_ID": stages[0]["ENTITY_ID"]}) == []
    assert [(w.verb, w.changed) for w in small.books.writes if w.entity == "crm_type"] == [
        ("add", True), ("update", True), ("delete", True)
    ]  # fmt: skip


async def test_numbers_of_processes_are_in_two_ranges_and_told_apart(small: Sandbox, call: Any) -> None:
    assert (await _result(call, small, "crm.type.add", fields={"title": "a", "entityTypeId": 130}))["type"][
        "entityTypeId"
    ] == 130
    for number in (130, 200, 1031, 156, 5):
        refused = await call(small, "crm.type.add", {"fields": {"title": "a", "entityTypeId": number}})
        assert (refused["error"], refused["error_description"]) == (
            "INVALID_ARG_VALUE",
            "entityTypeId is out of allowed range",
        )
    assert (await call(small, "crm.type.add", {}))["error"] == "100"
    assert (await call(small, "crm.type.add", {"fields": {"entityTypeId": 132}}))[
        "error_description"
    ] == "Title is required"
    for verb in ("update", "delete"):
        assert (await call(small, f"crm.type.{verb}", {"id": 99}))["error"] == 0


async def test_a_file_remembers_processes_and_their_fields(tmp_path: Path, call: Any) -> None:
    path = tmp_path / "portal.db"
    with Sandbox(deals=3, path=path, limits=Limits.none()) as portal:
        made = (await _result(call, portal, "crm.type.add", fields={"title": "a"}))["type"]
        name = f"UF_CRM_{made['id']}_NOTE"
        field = {"entityId": f"CRM_{made['id']}", "fieldName": name, "userTypeId": "string"}
        await _result(call, portal, "userfieldconfig.add", moduleId="crm", field=field)
        gone = (await _result(call, portal, "crm.type.add", fields={"title": "b"}))["type"]
        field |= {"entityId": f"CRM_{gone['id']}", "fieldName": f"UF_CRM_{gone['id']}_NOTE"}
        await _result(call, portal, "userfieldconfig.add", moduleId="crm", field=field)
        await _result(call, portal, "crm.type.delete", id=gone["id"])
    with Sandbox(path=path, limits=Limits.none()) as again:
        kind = made["entityTypeId"]
        fields = {"title": "x", name: "y"}
        item = (await _result(call, again, "crm.item.add", entityTypeId=kind, fields=fields, useOriginalUfNames="Y"))[
            "item"
        ]
        assert item[name] == "y"
        assert (await call(again, "crm.item.list", {"entityTypeId": gone["entityTypeId"]}))["status"] == 400


async def test_the_client_makes_a_process_and_its_items(small: Sandbox) -> None:
    async with Portal(small.url, limits=Limits.none()):
        process = await CrmType.objects.create(title="Договоры")
        process.title = "Контракты"
        await process.save()
        Contract = SmartProcess(process.entity_type_id)
        item = await Contract.objects.create(title="№ 1")
        await item.delete()
        await process.delete()
        assert await CrmType.objects.filter(id=process.id).count() == 0
