"""Orders, pages and cursors: the pages of tasks.task.list, main.eventlog.list and main.eventlog.tail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

LOG = "main.eventlog.list"
TAIL = "main.eventlog.tail"


@pytest.fixture
async def many() -> AsyncIterator[Sandbox]:
    """1,200 tasks behind a portal whose pages of tasks are as long as the documentation says."""
    async with Sandbox(deals=3, tasks=1200, page_size=1000, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
def ids(ask: Any) -> Any:
    async def read(sandbox: Sandbox, method: str, **params: Any) -> list[int]:
        return [row["id"] for row in (await ask(sandbox, method, {"select": ["id"], **params}))["items"]]

    return read


async def test_a_list_comes_by_id_and_in_pages_of_fifty(portal: Sandbox, ids: Any) -> None:
    assert await ids(portal, "tasks.task.list") == portal.ids("task")[:50]
    assert await ids(portal, LOG) == portal.ids("event_log")[:50]


async def test_a_page_may_be_shorter_and_longer(portal: Sandbox, ids: Any) -> None:
    assert await ids(portal, LOG, pagination={"limit": 7}) == portal.ids("event_log")[:7]
    assert await ids(portal, LOG, pagination={"limit": 100}) == portal.ids("event_log")[:100]
    assert await ids(portal, LOG, pagination={"limit": "7"}) == portal.ids("event_log")[:7]


async def test_a_page_of_tasks_has_no_more_than_fifty_rows_whatever_is_asked(portal: Sandbox, ids: Any) -> None:
    # b24jssdk issue 253: a real portal was seen to cut the limit to 50, though the page says 1000
    assert await ids(portal, "tasks.task.list", pagination={"limit": 1000}) == portal.ids("task")[:50]


async def test_a_limit_beyond_a_thousand_is_cut_in_silence(many: Sandbox, ids: Any) -> None:
    assert len(await ids(many, "tasks.task.list", pagination={"limit": 5000})) == 1000
    assert len(await ids(many, "tasks.task.list")) == 50


@pytest.mark.parametrize(
    ("pagination", "first", "last"),
    [
        ({"limit": 20, "page": 1}, 0, 20),
        ({"limit": 20, "page": 0}, 0, 20),
        ({"limit": 20, "page": 2}, 20, 40),
        ({"page": 3}, 100, 130),
        ({"limit": 20, "offset": 5}, 5, 25),
        ({"limit": 20, "offset": 5, "page": 2}, 20, 40),
        ({"limit": 20, "page": "2"}, 20, 40),
        ({"limit": 20, "page": 99}, 0, 0),
        ({"offset": 125}, 125, 130),
        ({}, 0, 50),
    ],
)
async def test_pages_are_counted_from_one_and_go_before_an_offset(
    portal: Sandbox, ids: Any, pagination: dict[str, Any], first: int, last: int
) -> None:
    assert await ids(portal, LOG, pagination=pagination) == portal.ids("event_log")[first:last]


@pytest.mark.parametrize(
    "pagination",
    [
        {"limit": "abc"},
        {"limit": 0},
        {"limit": -5},
        {"limit": True},
        {"limit": [5]},
        {"offset": "x"},
        {"offset": -1},
        {"page": "first"},
        {"page": -1},
        "abc",
        7,
    ],
)
async def test_what_is_no_page_is_refused(portal: Sandbox, refused: Any, pagination: Any) -> None:
    for method in ("tasks.task.list", LOG):
        answer = await refused(portal, method, {"pagination": pagination})
        assert answer == (400, "INVALIDPAGINATIONEXCEPTION", {})


async def test_an_order_is_by_its_keys_in_turn_and_then_by_id(portal: Sandbox, ids: Any) -> None:
    rows = [portal.row("event_log", one) for one in portal.ids("event_log")]
    by = sorted(rows, key=lambda row: (row["audit_type_id"], -row["user_id"], row["id"]))  # type: ignore[index]
    order = {"auditTypeId": "ASC", "userId": "desc"}
    assert await ids(portal, LOG, order=order, pagination={"limit": 1000}) == [row["id"] for row in by]  # type: ignore[index]
    assert await ids(portal, LOG, order={"id": "DESC"}) == portal.ids("event_log")[:-51:-1]
    assert await ids(portal, LOG, order=[]) == portal.ids("event_log")[:50]


@pytest.mark.parametrize("order", [["id"], [{"id": "ASC"}], {"id": "up"}, {"id": None}, {"id": 1}, "id"])
async def test_what_is_no_order_is_refused(portal: Sandbox, refused: Any, order: Any) -> None:
    for method in ("tasks.task.list", LOG):
        assert (await refused(portal, method, {"order": order}))[:2] == (400, "INVALIDORDEREXCEPTION")


async def test_only_sortable_fields_can_be_sorted_by(portal: Sandbox, refused: Any, ids: Any) -> None:
    answer = await refused(portal, LOG, {"order": {"severity": "ASC"}})
    assert answer[:2] == (400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")
    assert "`Sortable`" in answer[2]["severity"]
    assert (await refused(portal, LOG, {"order": {"nope": "ASC"}}))[:2] == (400, "UNKNOWNDTOPROPERTYEXCEPTION")


async def test_tasks_are_sorted_by_what_the_page_of_the_list_says(portal: Sandbox, refused: Any, ids: Any) -> None:
    rows = [portal.row("task", one) for one in portal.ids("task")]
    by = sorted(rows, key=lambda row: (row["created_by"], row["id"]))  # type: ignore[index]
    assert await ids(portal, "tasks.task.list", order={"creatorId": "ASC"}) == [row["id"] for row in by][:50]  # type: ignore[index]
    answer = await refused(portal, "tasks.task.list", {"order": {"guid": "ASC"}})
    assert answer[:2] == (400, "INVALIDORDEREXCEPTION")


async def test_ids_as_keyset_read_a_list_whose_rows_change(portal: Sandbox, ids: Any) -> None:
    seen: list[int] = []
    while page := await ids(portal, "tasks.task.list", filter=[["id", ">", seen[-1] if seen else 0]]):
        seen += page
    assert seen == portal.ids("task")


# ------------------------------------------------------------------------------------------------------------- tails


async def test_a_tail_has_what_is_beyond_a_value(portal: Sandbox, ids: Any) -> None:
    every = portal.ids("event_log")
    start = every[9]
    cursor = {"field": "id", "value": start, "order": "ASC", "limit": 3}
    assert await ids(portal, TAIL, cursor=cursor) == every[10:13]
    assert await ids(portal, TAIL, cursor={"field": "id", "value": start, "order": "DESC"}) == every[8::-1]


async def test_a_tail_begins_at_the_first_id_unless_told_otherwise(portal: Sandbox, ids: Any) -> None:
    assert await ids(portal, TAIL) == await ids(portal, TAIL, cursor={}) == portal.ids("event_log")[:50]


async def test_a_tail_shows_rows_that_come_later(small: Sandbox, ids: Any) -> None:
    last = small.ids("event_log")[-1]
    assert await ids(small, TAIL, cursor={"value": last}) == []
    new = small.insert("event_log", timestamp_x="2026-02-01T00:00:00+03:00", audit_type_id="USER_LOGOUT", user_id=1)
    assert await ids(small, TAIL, cursor={"value": last}, filter=[]) == [new]
    assert await ids(small, TAIL, cursor={"value": last}, filter=[["userId", 2]]) == []


async def test_a_tail_may_go_by_a_moment(portal: Sandbox, ids: Any) -> None:
    row = portal.row("event_log", portal.ids("event_log")[20])
    assert row is not None
    cursor = {"field": "timestampX", "value": row["timestamp_x"], "limit": 4}
    assert await ids(portal, TAIL, cursor=cursor) == portal.ids("event_log")[21:25]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"cursor": {"field": "id", "value": 1}, "filter": [["id", ">", 5]]}, "INVALIDFILTEREXCEPTION"),
        ({"filter": [{"logic": "or", "conditions": [["id", 5], ["userId", 1]]}]}, "INVALIDFILTEREXCEPTION"),
        ({"cursor": {"field": "nope"}}, "UNKNOWNDTOPROPERTYEXCEPTION"),
        ({"cursor": {"field": 5}}, "UNKNOWNDTOPROPERTYEXCEPTION"),
        ({"cursor": {"field": "severity"}}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"cursor": {"value": None}}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"cursor": {"value": "x"}}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"cursor": "id"}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"cursor": {"order": "up"}}, "INVALIDORDEREXCEPTION"),
        ({"cursor": {"limit": 0}}, "INVALIDPAGINATIONEXCEPTION"),
        ({"cursor": {"limit": "abc"}}, "INVALIDPAGINATIONEXCEPTION"),
    ],
)
async def test_what_is_no_cursor_is_refused(portal: Sandbox, refused: Any, params: Any, code: str) -> None:
    assert (await refused(portal, TAIL, params))[:2] == (400, code)
