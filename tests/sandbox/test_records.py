"""What belongs to CRM objects: comments in timelines, activities, requisites and addresses."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from b24orm.sandbox import Sandbox

TALK = [{"VALUE": "+7 1", "ENTITY_ID": 1, "ENTITY_TYPE_ID": 3}]


async def _result(call: Any, portal: Sandbox, method: str, **params: Any) -> Any:
    answer = await call(portal, method, params)
    assert "result" in answer, answer
    return answer["result"]


async def test_activities_are_written_and_read_in_the_classic_dialect(small: Sandbox, call: Any) -> None:
    deal = small.ids("deal")[-1]
    fields = {"OWNER_TYPE_ID": 2, "OWNER_ID": deal, "TYPE_ID": 2, "SUBJECT": "Звонок", "RESPONSIBLE_ID": 1,
              "COMMUNICATIONS": TALK, "START_TIME": "2025-05-01T10:00:00+03:00", "SETTINGS": {"a": 1}}  # fmt: skip
    new = await _result(call, small, "crm.activity.add", fields=fields)
    row = await _result(call, small, "crm.activity.get", id=new)
    assert (row["ID"], row["OWNER_ID"], row["SUBJECT"]) == (str(new), str(deal), "Звонок")
    assert (row["COMPLETED"], row["STATUS"], row["PROVIDER_TYPE_ID"]) == ("N", "1", "CALL")
    assert row["SETTINGS"] == {"a": 1}
    assert "COMMUNICATIONS" not in row
    assert await _result(call, small, "crm.activity.update", id=new, fields={"COMPLETED": "Y", "OWNER_ID": 1}) is True
    select = ["*", "COMMUNICATIONS", "BINDINGS"]
    (listed,) = await _result(call, small, "crm.activity.list", filter={"OWNER_ID": deal, "@ID": [new]}, select=select)
    assert (listed["STATUS"], listed["OWNER_ID"], listed["COMMUNICATIONS"]) == ("2", str(deal), TALK)
    assert listed["BINDINGS"] == [{"OWNER_TYPE_ID": "2", "OWNER_ID": str(deal)}]
    assert await _result(call, small, "crm.activity.delete", id=new) is True
    assert (await call(small, "crm.activity.get", {"id": new}))["error_description"] == "Activity is not found."
    assert [(w.entity, w.id, w.verb) for w in small.books.writes] == [
        ("activity", new, verb) for verb in ("add", "update", "delete")
    ]


async def test_activities_come_by_their_start_and_page_by_id(small: Sandbox, call: Any) -> None:
    rows = await _result(call, small, "crm.activity.list")
    assert [row["START_TIME"] for row in rows] == sorted(row["START_TIME"] for row in rows)
    params = {"order": {"ID": "ASC"}, "filter": {">ID": rows[0]["ID"]}, "start": -1}
    ids = [int(row["ID"]) for row in await _result(call, small, "crm.activity.list", **params)]
    assert ids == [one for one in small.ids("activity") if one > int(rows[0]["ID"])][:50]
    assert "OWNER_ID" in await _result(call, small, "crm.activity.fields")


async def test_a_todo_needs_a_deadline_and_an_owner(small: Sandbox, call: Any) -> None:
    given: dict[str, Any] = {
        "ownerTypeId": 2,
        "ownerId": small.ids("deal")[0],
        "deadline": "2030-02-03T15:00:00",
        "title": "t",
    }
    new = (await _result(call, small, "crm.activity.todo.add", **given))["id"]
    row = await _result(call, small, "crm.activity.get", id=new)
    assert (row["PROVIDER_ID"], row["DEADLINE"], row["SUBJECT"]) == ("CRM_TODO", "2030-02-03T15:00:00+03:00", "t")
    refused: list[tuple[dict[str, Any], str]] = [
        ({"ownerId": 1}, "OWNER_NOT_FOUND"),
        ({"deadline": "someday"}, "WRONG_DATETIME_FORMAT"),
        ({"deadline": None}, "100"),
    ]
    for wrong, code in refused:
        assert (await call(small, "crm.activity.todo.add", given | wrong))["error"] == code
    assert small.books.applied == {("activity", "add"): 1}


async def test_requisites_and_their_addresses_are_written(small: Sandbox, call: Any) -> None:
    company = small.ids("company")[0]
    fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1, "NAME": "Рога & копыта", "RQ_INN": "77"}
    new = await _result(call, small, "crm.requisite.add", fields=fields)
    row = await _result(call, small, "crm.requisite.get", id=new)
    assert (row["ID"], row["NAME"], row["SORT"], row["DATE_MODIFY"]) == (str(new), "Рога & копыта", "500", "")
    assert await _result(call, small, "crm.requisite.update", id=new, fields={"RQ_INN": "78", "ENTITY_ID": 1}) is True
    (row,) = await _result(call, small, "crm.requisite.list", filter={"ID": new}, select=["RQ_INN", "ENTITY_ID"])
    assert row == {"ID": str(new), "RQ_INN": "78", "ENTITY_ID": str(company)}
    key: dict[str, Any] = {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": new}
    assert await _result(call, small, "crm.address.add", fields=key | {"CITY": "Омск"}) is True
    assert (await call(small, "crm.address.add", {"fields": key}))["error_description"] == "TypeAddress exists."
    assert await _result(call, small, "crm.address.update", fields=key | {"CITY": "Томск"}) is True
    (row,) = await _result(call, small, "crm.address.list", filter={"ENTITY_TYPE_ID": 8, "ENTITY_ID": new})
    assert (row["CITY"], row["ANCHOR_TYPE_ID"], row["ANCHOR_ID"], row["TYPE_ID"]) == ("Томск", "4", str(company), "1")
    assert await _result(call, small, "crm.address.delete", fields=key) is True
    for verb in ("update", "delete"):
        answer = await call(small, f"crm.address.{verb}", {"fields": key})
        assert answer["error_description"] == "TypeAddress not found."
    assert await _result(call, small, "crm.requisite.delete", id=new) is True
    assert [(w.entity, w.verb) for w in small.books.writes] == [
        *(("requisite", verb) for verb in ("add", "update")),
        *(("address", verb) for verb in ("add", "update", "delete")),
        ("requisite", "delete"),
    ]
    assert small.books.writes[2].id == new


@pytest.mark.parametrize(
    ("method", "params", "code", "text"),
    [
        ("crm.activity.add", {"fields": {}}, "", "The field SUBJECT is not defined or empty."),
        ("crm.activity.add", {"fields": {"SUBJECT": "x"}}, "", "The field RESPONSIBLE_ID is not defined or invalid."),
        (
            "crm.activity.add",
            {"fields": {"SUBJECT": "x", "RESPONSIBLE_ID": 1, "TYPE_ID": 2}},
            "",
            "The field COMMUNICATIONS is not defined or invalid.",
        ),
        (
            "crm.activity.add",
            {"fields": {"SUBJECT": "x", "RESPONSIBLE_ID": 1, "TYPE_ID": 6, "OWNER_TYPE_ID": 2, "OWNER_ID": 1}},
            "",
            "Could not build binding. Please ensure that owner info and communications are defined correctly.",
        ),
        ("crm.activity.update", {"id": 1, "fields": {}}, "", "Activity is not found."),
        ("crm.activity.delete", {}, "", "ID is not defined or invalid."),
        ("crm.requisite.add", {"fields": {}}, "", "ENTITY_TYPE_ID is not defined or invalid."),
        ("crm.requisite.add", {"fields": {"ENTITY_TYPE_ID": 4}}, "", "ENTITY_ID is not defined or invalid."),
        (
            "crm.requisite.add",
            {"fields": {"ENTITY_TYPE_ID": 4, "ENTITY_ID": 1, "PRESET_ID": 1}},
            "",
            "Entity not found.",
        ),
        ("crm.requisite.get", {"id": 27}, "", "The Requisite with ID '27' is not found"),
        ("crm.address.add", {"fields": {"TYPE_ID": 1}}, "", "ENTITY_TYPE_ID is not defined or invalid."),
        ("crm.timeline.comment.add", {}, "100", "Could not find value for parameter {fields}"),
        ("crm.timeline.comment.add", {"fields": {"ENTITY_ID": 1}}, "INVALID_ARG_VALUE", "Empty comment message"),
        (
            "crm.timeline.comment.add",
            {"fields": {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "x"}},
            "OWNER_NOT_FOUND",
            "Owner was not found",
        ),
        ("crm.timeline.comment.get", {"id": 1}, "", "Not found."),
        ("crm.timeline.comment.update", {"id": 1, "fields": {"COMMENT": "x"}}, "NOT_FOUND", "Not found."),
        ("crm.timeline.comment.delete", {"id": 1}, "NOT_FOUND", "Not found."),
        ("crm.timeline.comment.list", {"filter": {"ENTITY_ID": 1}}, "", "Access denied."),
    ],
)
async def test_records_are_refused_in_the_words_of_their_pages(
    small: Sandbox, call: Any, method: str, params: dict[str, Any], code: str, text: str
) -> None:
    answer = await call(small, method, params)
    assert (answer["status"], answer["error"], answer["error_description"]) == (400, code, text)
    assert small.books.writes == []


async def test_comments_are_written_with_their_files(small: Sandbox, call: Any) -> None:
    deal = small.insert("deal", title="x")
    fields = {"ENTITY_ID": deal, "ENTITY_TYPE": "DEAL", "COMMENT": "раз", "FILES": [["a.txt", "YQ=="]]}
    new = await _result(call, small, "crm.timeline.comment.add", fields=fields)
    row = await _result(call, small, "crm.timeline.comment.get", id=new)
    assert (row["ID"], row["ENTITY_TYPE"], row["ENTITY_ID"], row["AUTHOR_ID"]) == (str(new), "deal", str(deal), "1")
    ((file_id, file),) = row["FILES"].items()
    assert (file["id"], file["name"], file["size"]) == (int(file_id), "a.txt", 1)
    update = "crm.timeline.comment.update"
    assert await _result(call, small, update, id=new, fields={"COMMENT": "два"}) == new
    assert (await _result(call, small, "crm.timeline.comment.get", id=new))["FILES"] == row["FILES"]
    assert await _result(call, small, update, id=new, fields={"FILES": [], "ENTITY_ID": 1}) == new
    (row,) = await _result(
        call, small, "crm.timeline.comment.list", filter={"ENTITY_ID": deal, "ENTITY_TYPE": "deal", ">ID": 10**9}
    )
    assert (row["COMMENT"], row["FILES"], row["ENTITY_ID"]) == ("два", [], str(deal))
    wrong = await call(small, "crm.timeline.comment.delete", {"id": new, "ownerTypeId": 3, "ownerId": deal})
    assert wrong["error"] == "OWNER_NOT_FOUND"
    assert await _result(call, small, "crm.timeline.comment.delete", id=new, ownerTypeId=2, ownerId=deal) is None
    assert small.books.applied == {
        ("timeline_comment", "add"): 1,
        ("timeline_comment", "update"): 2,
        ("timeline_comment", "delete"): 1,
    }


async def test_comments_of_a_deal_page_and_sort(small: Sandbox, call: Any) -> None:
    deal = small.insert("deal", title="x")
    ids = [small.insert("timeline_comment", entity_id=deal, entity_type="deal", comment=str(n)) for n in range(53)]
    condition = {"ENTITY_ID": deal, "ENTITY_TYPE": "deal"}
    params = {"filter": condition, "order": {"ID": "DESC"}, "select": ["ID"]}
    answer = await call(small, "crm.timeline.comment.list", params)
    assert (answer["total"], answer["next"]) == (53, 50)
    assert answer["result"][0] == {"ID": str(ids[-1])}
    assert len(await _result(call, small, "crm.timeline.comment.list", filter=condition, start=50)) == 3


async def test_what_belongs_to_an_object_goes_with_it(small: Sandbox, call: Any) -> None:
    company = small.ids("company")[0]
    owned = [i for i in small.ids("requisite") if (small.row("requisite", i) or {})["entity_id"] == company]
    addresses = small.ids("address")
    assert owned
    await call(small, "crm.company.delete", {"id": company})
    assert not set(owned) & set(small.ids("requisite"))
    assert len(small.ids("address")) < len(addresses)
    left = await _result(
        call, small, "crm.timeline.comment.list", filter={"ENTITY_ID": company, "ENTITY_TYPE": "company"}
    )
    assert left == []
    assert await _result(call, small, "crm.activity.list", filter={"OWNER_TYPE_ID": 4, "OWNER_ID": company}) == []


async def test_seeded_records_belong_to_what_is_there(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    counts = {key: len(portal.ids(key)) for key in ("timeline_comment", "activity", "requisite", "address")}
    assert all(count >= 20 for count in counts.values())
    by_type = {2: "deal", 3: "contact", 4: "company"}
    for row_id in portal.ids("activity"):
        row = portal.row("activity", row_id) or {}
        assert portal.row(by_type[row["owner_type_id"]], row["owner_id"])
