"""The event log and the records of work: api-reference/event-log/* and api-reference/timeman/record/*."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from b24orm.sandbox import Sandbox

TIME = "timeman.record.list"


async def test_an_entry_of_the_log_is_got_by_its_id(portal: Sandbox, ask: Any, refused: Any) -> None:
    first = portal.ids("event_log")[0]
    row = portal.row("event_log", first)
    assert row is not None
    item = (await ask(portal, "main.eventlog.get", {"id": first}))["item"]
    assert item["timestampX"] == row["timestamp_x"]
    assert isinstance(item["userId"], int)
    assert (await ask(portal, "main.eventlog.get", {"id": first, "select": ["userId"]}))["item"] == {
        "userId": item["userId"]
    }
    assert await refused(portal, "main.eventlog.get", {"id": 1}) == (400, "ENTITYNOTFOUNDEXCEPTION", {})


@pytest.mark.parametrize("method", ["main.eventlog.get", "main.eventlog.list", "main.eventlog.tail"])
async def test_the_log_is_for_administrators(small: Sandbox, http: aiohttp.ClientSession, method: str) -> None:
    app = small.app(scope=("main",))
    url = small.url.partition("/rest/")[0] + "/rest/api/" + method
    statuses = []
    for user in (1, 2):
        headers = {"Authorization": f"Bearer {app.tokens(user_id=user)['access_token']}"}
        async with http.post(url, json={"id": small.ids("event_log")[0]}, headers=headers) as response:
            statuses.append(response.status)
    assert statuses == [200, 403]


async def test_records_are_those_of_one_employee(portal: Sandbox, ask: Any) -> None:
    params = {
        "filter": [["userId", 1], ["startTime", "between", ["2026-03-01T00:00:00+03:00", "2026-03-07T23:59:59+03:00"]]],
        "select": ["id", "startTime", "endTime", "duration"],
        "order": {"startTime": "DESC"},
        "pagination": {"page": 1, "limit": 50, "offset": 0},
    }
    found = (await ask(portal, TIME, params))["items"]
    assert len(found) == 7
    assert [set(row) for row in found] == [{"id", "startTime", "endTime", "duration"}] * 7
    assert found == sorted(found, key=lambda row: row["startTime"], reverse=True)
    whole = (await ask(portal, TIME, {"filter": [["userId", "=", 1]]}))["items"]
    assert len(whole) == 50
    assert set(whole[0]) == {
        *("id", "userId", "startTime", "endTime", "duration", "breakLength", "state", "isApproved"),
    }
    assert isinstance(whole[0]["isApproved"], bool)


async def test_a_list_of_records_needs_one_employee(portal: Sandbox, refused: Any) -> None:
    missing = (
        400,
        "VALIDATION_REQUESTVALIDATIONEXCEPTION",
        {"filter.userId": "Required field `filter.userId` is not specified"},
    )
    assert await refused(portal, TIME) == missing
    assert await refused(portal, TIME, {"filter": [["startTime", ">", "2026-03-01T00:00:00+03:00"]]}) == missing
    for several in ([["userId", 1], ["userId", 2]], [["userId", "in", [1, 2]]]):
        assert (await refused(portal, TIME, {"filter": several}))[:2] == (400, "INVALIDFILTEREXCEPTION")


async def test_the_beginning_is_compared_but_not_looked_up(portal: Sandbox, refused: Any) -> None:
    moment = "2026-03-01T00:00:00+03:00"
    for condition in (["startTime", "!=", moment], ["startTime", "in", [moment]]):
        answer = await refused(portal, TIME, {"filter": [["userId", 1], condition]})
        assert answer[:2] == (400, "INVALIDFILTEREXCEPTION")
    answer = await refused(portal, TIME, {"filter": [["userId", 1], ["id", 101]]})
    assert "`Filterable`" in answer[2]["id"]


async def test_records_of_others_are_for_administrators(small: Sandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {small.app(scope=('timeman',)).tokens(user_id=2)['access_token']}"}
    url = small.url.partition("/rest/")[0] + "/rest/api/" + TIME
    statuses = []
    for user in (1, 2):
        async with http.post(url, json={"filter": [["userId", user]]}, headers=headers) as response:
            statuses.append(response.status)
    assert statuses == [403, 200]
