from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox


async def test_statuses_come_in_one_answer(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "crm.status.list")
    assert answer["total"] == len(answer["result"]) > 50
    assert "next" not in answer
    assert all(isinstance(row["ID"], str) for row in answer["result"])


async def test_statuses_are_filtered_by_equality_and_ordered(portal: Sandbox, call: Any) -> None:
    params = {
        "filter": {"ENTITY_ID": "DEAL_STAGE_1", "NOPE": 1, "NAME": ["x"]},
        "order": {"SORT": "DESC", "NOPE": "ASC"},
    }
    rows = (await call(portal, "crm.status.list", params))["result"]
    assert [row["STATUS_ID"] for row in rows] == ["C1:LOSE", "C1:WON", "C1:EXECUTING", "C1:UC_K4N8XH", "C1:NEW"]
    assert rows[0]["EXTRA"] == {"SEMANTICS": "failure", "COLOR": "#FFA900"}
    assert rows[0]["CATEGORY_ID"] == "1"
    got = await call(portal, "crm.status.get", {"id": rows[0]["ID"]})
    assert got["result"] == rows[0]
    assert set((await call(portal, "crm.status.fields"))["result"]) == set(rows[0])


async def test_statuses_can_be_written(small: Sandbox, call: Any) -> None:
    fields = {"ENTITY_ID": "SOURCE", "STATUS_ID": "FAIR", "NAME": "Выставка", "SORT": 70, "SYSTEM": "Y"}
    new = (await call(small, "crm.status.add", {"fields": fields}))["result"]
    assert isinstance(new, int)
    assert (await call(small, "crm.status.add", {"fields": fields}))["error"] == "ERROR_CORE"
    row = (await call(small, "crm.status.get", {"id": new}))["result"]
    assert (row["NAME"], row["SORT"], row["SYSTEM"]) == ("Выставка", "70", "N")
    assert (await call(small, "crm.status.update", {"id": new, "fields": {"NAME": "Ярмарка"}}))["result"] is True
    assert (await call(small, "crm.status.get", {"id": new}))["result"]["NAME"] == "Ярмарка"
    assert (await call(small, "crm.status.delete", {"id": new}))["result"] is True
    for method in ("get", "delete"):
        assert (await call(small, f"crm.status.{method}", {"id": new}))["error"] == "Status is not found."
    system = (await call(small, "crm.status.list", {"filter": {"SYSTEM": "Y"}}))["result"][0]["ID"]
    assert "FORCED" in (await call(small, "crm.status.delete", {"id": system}))["error"]
    forced = await call(small, "crm.status.delete", {"id": system, "params": {"FORCED": "Y"}})
    assert forced["result"] is True


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "The field ENTITY_ID is required.<br>The field STATUS_ID is required."),
        ({"ENTITY_ID": "SOURCE", "STATUS_ID": "X"}, "The field Title is required."),
        (None, "Parameter 'fields' must be array."),
    ],
)
async def test_a_status_needs_its_fields(small: Sandbox, call: Any, fields: Any, text: str) -> None:
    assert (await call(small, "crm.status.add", {"fields": fields}))["error_description"] == text


async def test_the_default_pipeline_of_deals_has_the_id_0(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "crm.category.list", {"entityTypeId": 2})
    rows = {row["id"]: row for row in answer["result"]["categories"]}
    assert set(rows) == {0, 1, 4}
    assert rows[0]["isDefault"] == "Y"
    assert "originId" not in rows[0]
    assert rows[1]["originId"] == ""
    assert answer["total"] == 3
    one = await call(portal, "crm.category.get", {"entityTypeId": 2, "id": 0})
    assert one["result"]["category"] == rows[0]
    fields = await call(portal, "crm.category.fields", {"entityTypeId": 2})
    assert set(fields["result"]["fields"]) == set(rows[1])
    stages = {row["STATUS_ID"] for row in (await call(portal, "crm.status.list"))["result"]}
    assert all((portal.row("deal", deal_id) or {})["stage_id"] in stages for deal_id in portal.ids("deal"))


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("list", {}, "100"),
        ("list", {"entityTypeId": 1}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ("list", {"entityTypeId": 5}, "NOT_FOUND"),
        ("get", {"entityTypeId": 2, "id": 99}, "NOT_FOUND"),
    ],
)
async def test_wrong_pipelines_are_refused(
    portal: Sandbox, call: Any, method: str, params: dict[str, Any], code: str
) -> None:
    assert (await call(portal, f"crm.category.{method}", params))["error"] == code


async def _users(call: Any, portal: Sandbox, **params: Any) -> list[int]:
    answer = await call(portal, "user.get", {"start": -1, **params})
    return [int(row["ID"]) for row in answer["result"]]


async def test_users_come_by_id_with_string_ids_and_real_booleans(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "user.get")
    ids = portal.ids("user")
    assert [row["ID"] for row in answer["result"]] == [str(i) for i in ids]
    assert answer["total"] == len(ids)
    assert {row["ACTIVE"] for row in answer["result"]} == {True, False}
    assert all(isinstance(row["UF_DEPARTMENT"], list) for row in answer["result"])
    assert any((row["PERSONAL_PHOTO"] or "").startswith("https://") for row in answer["result"])
    assert set((await call(portal, "user.fields"))["result"]) == set(answer["result"][0])
    assert (await call(portal, "user.current"))["result"]["ID"] == "1"


async def test_users_are_filtered_in_any_case_of_filter_and_at_the_top(portal: Sandbox, call: Any) -> None:
    ids = portal.ids("user")
    rows = {i: portal.row("user", i) or {} for i in ids}
    assert await _users(call, portal, FILTER={">ID": ids[3]}) == ids[4:]
    assert await _users(call, portal, filter={"<=id": ids[3], "NOPE": 1}) == ids[:4]
    assert await _users(call, portal, Filter={"@ID": ids[:2]}) == ids[:2]
    assert await _users(call, portal, filter={"!@ID": ids[:2]}) == ids[2:]
    assert await _users(call, portal, ID=[ids[1], ids[2]]) == ids[1:3]
    active = [i for i in ids if rows[i]["active"] == "Y"]
    assert await _users(call, portal, ACTIVE=True) == active
    assert await _users(call, portal, filter={"ACTIVE": "true"}) == active
    assert await _users(call, portal, filter={"!ACTIVE": "Y"}) == [i for i in ids if i not in active]
    name = rows[ids[1]]["name"]
    assert await _users(call, portal, filter={"NAME": name[:2].upper() + "%"}) == [
        i for i in ids if rows[i]["name"].startswith(name[:2])
    ]
    assert await _users(call, portal, filter={"!%NAME": name}) == [i for i in ids if name not in rows[i]["name"]]
    assert await _users(call, portal, filter={"=NAME": name}) == [i for i in ids if rows[i]["name"] == name]
    assert await _users(call, portal, filter={"!NAME": name}) == await _users(call, portal, filter={"!=NAME": name})
    assert await _users(call, portal, filter={"WORK_POSITION": ""}) == [i for i in ids if not rows[i]["work_position"]]
    assert await _users(call, portal, filter={"!WORK_POSITION": ""}) == [i for i in ids if rows[i]["work_position"]]
    assert await _users(call, portal, filter={"LAST_LOGIN": "never"}) == []
    assert await _users(call, portal, filter={">ID": [{"ID": "3"}]}) == [i for i in ids if i > 1]
    assert await _users(call, portal, filter={">ID": []}) == []


async def test_users_are_sorted_selected_and_paged_exactly(call: Any) -> None:
    async with Sandbox(deals=1, users=70) as sandbox:
        ids = sandbox.ids("user")
        assert await _users(call, sandbox, SORT="ID", ORDER="desc") == ids[::-1][:50]
        answer = await call(sandbox, "user.get", {"sort": "LAST_NAME", "select": ["LAST_NAME", "NOPE"], "start": 10})
        assert (answer["total"], answer["next"]) == (70, 60)
        assert set(answer["result"][0]) == {"LAST_NAME"}
        names = [row["LAST_NAME"].casefold() for row in answer["result"]]
        assert names == sorted(names)
        assert (await call(sandbox, "user.get", {"select": ["UF_*"]}))["result"][0]["UF_PHONE_INNER"] == "100"
        empty = await call(sandbox, "user.get", {"start": 100})
        assert empty["result"] == []
        assert "total" not in empty
        assert "total" not in await call(sandbox, "user.get", {"start": -1})
