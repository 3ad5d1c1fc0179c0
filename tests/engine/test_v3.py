"""REST 3.0 through the engine: calls of their own, keys that make writes safe to repeat, lists page by page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from b24orm import Limits, Portal, errors
from b24orm.oauth import OAuthApp, OAuthTokens
from b24orm.sandbox import Sandbox
from tests.conftest import HurriedClock
from tests.transport.conftest import Handler, WirePortal, answer, raw

TITLE = "Idempotent"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A portal with 130 tasks of its own for each test."""
    with Sandbox(deals=5, tasks=130, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
async def portal(sandbox: Sandbox, hurried: HurriedClock) -> AsyncIterator[Portal]:
    hurried.portal = sandbox
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        yield portal


def fields(title: str = TITLE) -> dict[str, Any]:
    return {"fields": {"title": title, "responsibleId": 1, "creatorId": 1}}


async def named(portal: Portal, title: str) -> int:
    """How many tasks are called so, by the classic methods."""
    return len([row async for row in portal.list("tasks.task.list", {"filter": {"TITLE": title}})])


# -- calls -------------------------------------------------------------------------------------------------------------


async def test_values_travel_as_json_has_them(portal: Portal, sandbox: Sandbox) -> None:
    created = await portal.call(
        "tasks.task.add", {"fields": {**fields()["fields"], "needsControl": True, "deadline": None}}, version=3
    )
    item = created.result["item"]
    assert (item["needsControl"], item["deadline"], item["priority"]) == (True, None, "average")
    got = await portal.call("tasks.task.get", {"id": item["id"], "select": ["responsible.name"]}, version=3)
    assert isinstance(got.result["item"]["responsible"]["name"], str)


async def test_calls_that_wait_together_share_no_batch(portal: Portal, sandbox: Sandbox) -> None:
    ids = sandbox.ids("task")[:4]
    sandbox.books.reset()
    answers = await asyncio.gather(
        *(portal.call("tasks.task.get", {"id": id}, version=3) for id in ids),
        portal.call("tasks.task.get", {"taskId": ids[0]}),
        portal.call("profile"),
    )
    assert [answer.result["item"]["id"] for answer in answers[:4]] == ids
    assert portal.stats.requests == sandbox.books.requests == 5  # the two classic ones share a request


async def test_many_calls_have_an_outcome_each(portal: Portal, sandbox: Sandbox) -> None:
    known = sandbox.ids("task")[0]
    operation = portal.call_many("tasks.task.get", [{"id": known}, {"id": 10**7}], version=3)
    assert operation.explain().requests == "2"
    outcomes = await operation
    assert [outcome.status for outcome in outcomes] == ["ok", "failed"]
    assert isinstance(outcomes[1].error, errors.NotFound)
    created = await portal.call_many("tasks.task.add", [fields("a"), fields("b")], version=3)
    assert set(sandbox.ids("task")[-2:]) == {outcome.id for outcome in created}


async def test_the_methods_of_the_portal_can_be_asked_for(portal: Portal) -> None:
    document = (await portal.call("rest.documentation.openapi", version=3)).result
    assert "/tasks.task.add" in document["paths"]
    assert portal.known_methods() is None
    assert "tasks.task.add" in await portal.offered()
    before = portal.stats.requests
    assert "tasks.task.add" in await portal.offered()
    assert portal.stats.requests == before


async def test_a_portal_without_rest_3_offers_nothing() -> None:
    with Sandbox(deals=5, limits=Limits.none(), rest_v3=False) as old:
        async with Portal(old.url, limits=Limits.none()) as portal:
            found = await asyncio.gather(*(portal.offered() for _ in range(5)))
            assert all(not methods for methods in found)
            assert portal.stats.requests == 1
            with pytest.raises(errors.TransportError, match="404"):
                await portal.call("tasks.task.get", {"id": 1}, version=3)


async def test_a_portal_that_cannot_be_reached_is_asked_again(portal: Portal, sandbox: Sandbox) -> None:
    sandbox.faults.add("bad_gateway", every=1)
    assert await portal.offered() == frozenset()
    assert portal.known_methods() is None
    sandbox.faults.clear()
    assert "tasks.task.add" in await portal.offered()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"version": 4}, "version is 2"),
        ({"idempotency_key": "x"}, "classic REST knows no idempotency_key"),
        ({"version": 3, "idempotency_key": ""}, "1 to 255"),
        ({"version": 3, "idempotency_key": "x" * 256}, "1 to 255"),
        ({"version": 3, "idempotency_key": "ключ"}, "1 to 255"),
        ({"version": 3, "idempotency_key": "a\nb"}, "1 to 255"),
        ({"version": 3, "idempotency_key": 5}, "1 to 255"),
        ({"version": 3, "params": {"a": object()}}, "cannot be sent"),
    ],
)
async def test_wrong_calls_are_refused_before_they_leave(
    portal: Portal, arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises(errors.InvalidValue, match=reason):
        portal.call("tasks.task.add", **arguments)
    assert portal.stats.requests == 0


async def test_reads_take_no_key_and_chains_no_calls_of_rest_3(portal: Portal) -> None:
    with pytest.raises(errors.InvalidValue, match="only reads"):
        portal.call("tasks.task.get", {"id": 1}, version=3, idempotency_key="x")
    with pytest.raises(errors.UnsupportedQuery, match=r"portal\.batch"):
        portal.call("batch", version=3)


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset_after", "half_answer", "broken_json"])
async def test_a_write_whose_answer_is_lost_runs_once_where_the_portal_knows_keys(
    portal: Portal, sandbox: Sandbox, fault: str
) -> None:
    await portal.call("tasks.task.add", fields("before"), version=3)  # its answer shows that keys are known
    sandbox.faults.add(fault, method="tasks.task.add")
    created = await portal.call("tasks.task.add", fields(), version=3)
    assert await named(portal, TITLE) == 1
    assert created.result["item"]["id"] in sandbox.ids("task")
    assert portal.stats.replayed == 1
    assert portal.stats.retries == 1


@pytest.mark.parametrize("fault", ["reset", "bad_gateway", "gateway_timeout", "empty"])
async def test_a_write_that_was_lost_on_its_way_runs_once(portal: Portal, sandbox: Sandbox, fault: str) -> None:
    await portal.call("tasks.task.add", fields("before"), version=3)
    sandbox.faults.add(fault, method="tasks.task.add")
    await portal.call("tasks.task.add", fields(), version=3)
    assert await named(portal, TITLE) == 1
    assert portal.stats.replayed == 0


async def test_a_write_that_may_still_run_is_not_sent_again_before_it_cannot(
    portal: Portal, sandbox: Sandbox, hurried: HurriedClock
) -> None:
    await portal.call("tasks.task.add", fields("before"), version=3)
    for fault, waits in (("reset_after", True), ("half_answer", False)):
        sandbox.faults.add(fault, method="tasks.task.add")
        before = hurried.monotonic()
        await portal.call("tasks.task.add", fields(fault), version=3)
        assert (hurried.monotonic() - before >= 60) is waits


async def test_an_unproven_portal_gets_a_write_once(portal: Portal, sandbox: Sandbox) -> None:
    sandbox.faults.add("reset_after", method="tasks.task.add")
    with pytest.raises(errors.OutcomeUnknown):
        await portal.call("tasks.task.add", fields(), version=3)
    assert portal.stats.retries == 0
    assert await named(portal, TITLE) == 1


async def test_an_error_that_the_portal_answers_is_not_repeated(portal: Portal, sandbox: Sandbox) -> None:
    await portal.call("tasks.task.add", fields("before"), version=3)
    sandbox.faults.add("server_error", method="tasks.task.add")
    with pytest.raises(errors.OutcomeUnknown, match="broke off"):
        await portal.call("tasks.task.add", fields(), version=3)
    assert portal.stats.retries == 0


async def test_a_write_that_stays_lost_is_unknown_and_says_so_whatever_came_last(
    portal: Portal, sandbox: Sandbox
) -> None:
    await portal.call("tasks.task.add", fields("before"), version=3)
    sandbox.faults.add("reset_after", method="tasks.task.add", times=1)
    sandbox.faults.add("forbidden_html", method="tasks.task.add", times=1)
    with pytest.raises(errors.OutcomeUnknown):
        await portal.call("tasks.task.add", fields(), version=3)
    assert await named(portal, TITLE) == 1


async def test_a_key_of_ones_own_makes_two_calls_one(portal: Portal, sandbox: Sandbox) -> None:
    first = await portal.call("tasks.task.add", fields(), version=3, idempotency_key="order 17")
    second = await portal.call("tasks.task.add", fields(), version=3, idempotency_key="order 17")
    assert first.result == second.result
    assert await named(portal, TITLE) == 1
    assert portal.stats.replayed == 1
    with pytest.raises(errors.PortalError, match="IDEMPOTENCYKEYREUSED") as caught:
        await portal.call("tasks.task.add", fields("another"), version=3, idempotency_key="order 17")
    assert caught.value.status == 422


async def test_each_write_has_a_key_of_its_own_and_keeps_it(hurried: HurriedClock) -> None:
    keys: list[str | None] = []

    def script() -> Handler:
        async def handler(request: Any, writer: Any) -> None:
            key = request.headers.get("idempotency-key")
            keys.append(key)
            if len(keys) == 3:
                await raw(b"", reset=True)(request, writer)
            else:
                headers = {} if key is None else {"Idempotency-Key": key}
                await answer({"result": {"item": {"id": 1}}}, headers=headers)(request, writer)

        return handler

    wire = WirePortal()
    await wire.start()
    try:
        wire.script = [script()]
        async with Portal(wire.url, limits=Limits.none()) as portal:
            await portal.call("tasks.task.get", {"id": 1}, version=3)
            await portal.call("tasks.task.add", fields(), version=3)
            await portal.call("tasks.task.add", fields(), version=3)
    finally:
        await wire.stop()
    assert keys[0] is None
    assert len(set(keys)) == 3
    assert keys[2] == keys[3]
    assert wire.requests[2].body == wire.requests[3].body
    assert json.loads(wire.requests[3].body) == fields()


async def test_the_operating_limit_of_a_method_is_waited_for(portal: Portal, sandbox: Sandbox) -> None:
    sandbox.faults.add("operation_time_limit", method="tasks.task.add")
    await portal.call("tasks.task.add", fields(), version=3)
    assert await named(portal, TITLE) == 1
    assert portal.stats.retries == 1


# -- lists -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [50, 1000])
async def test_a_list_is_whole_whatever_pages_the_portal_sends(hurried: HurriedClock, size: int) -> None:
    with Sandbox(deals=5, tasks=130, limits=Limits.none(), page_size=size) as sandbox:
        async with Portal(sandbox.url, limits=Limits.none()) as portal:
            rows = await portal.list("tasks.task.list", {"select": ["id", "title"]}, version=3)
            assert [row["id"] for row in rows] == sandbox.ids("task")
            most = 4 if size == 50 else 2
            assert portal.stats.requests <= most
            down = await portal.list("tasks.task.list", {"order": {"id": "desc"}}, version=3)
            assert [row["id"] for row in down] == sandbox.ids("task")[::-1]


async def test_a_short_page_ends_a_list_only_where_a_longer_one_was_seen(portal: Portal, sandbox: Sandbox) -> None:
    highest = sandbox.ids("task")[-11]
    params = {"filter": [["id", ">", highest]]}
    assert len(await portal.list("tasks.task.list", params, version=3)) == 10
    assert portal.stats.requests == 2  # nobody knew how long a page may be
    assert len(await portal.list("tasks.task.list", version=3)) == 130
    before = portal.stats.requests
    assert len(await portal.list("tasks.task.list", params, version=3)) == 10
    assert portal.stats.requests == before + 1


@pytest.mark.parametrize("method", ["main.eventlog.list", "main.eventlog.tail"])
async def test_logs_are_read_by_list_and_by_tail(portal: Portal, sandbox: Sandbox, method: str) -> None:
    rows = await portal.list(method, {"select": ["userId"]}, version=3)
    assert [row["id"] for row in rows] == sandbox.ids("event_log")
    assert rows[0].keys() == {"id", "userId"}


async def test_other_orders_are_read_by_offset_twice(portal: Portal, sandbox: Sandbox) -> None:
    rows = await portal.list("main.eventlog.list", {"order": {"userId": "ASC"}}, version=3)
    assert sorted(row["id"] for row in rows) == sandbox.ids("event_log")
    assert [row["userId"] for row in rows] == sorted(row["userId"] for row in rows)
    assert portal.stats.requests == 2 * 2  # all rows and an empty page, which shows that there are no more


async def test_lists_of_unknown_methods_are_read_by_offset(portal: Portal, sandbox: Sandbox) -> None:
    task = sandbox.ids("task")[0]
    for number in range(3):
        await portal.call("tasks.task.result.add", {"fields": {"taskId": task, "text": f"{number}"}}, version=3)
    rows = await portal.list("tasks.task.result.list", {"filter": [["taskId", task]]}, version=3)
    assert [row["text"] for row in rows] == ["0", "1", "2"]


async def test_cursors_that_answers_name_are_followed(portal: Portal, sandbox: Sandbox) -> None:
    at = "2026-04-20T12:00:00+00:00"
    for number in range(205):
        sandbox.insert("note_collection", name=f"Base {number}", position=number, created_at=at, updated_at=at)
    rows = await portal.list("note.collection.list", version=3)
    assert sorted(row["id"] for row in rows) == sandbox.ids("note_collection")
    assert portal.stats.requests == 2


class Lists:
    """A portal that answers lists as a test tells it to, by what it was asked."""

    def __init__(self) -> None:
        self.pages: list[list[dict[str, Any]]] = []
        self.asked: list[dict[str, Any]] = []

    async def __call__(self, request: Any, writer: Any) -> None:
        self.asked.append(request.json)
        rows = self.pages.pop(0) if self.pages else []
        await answer({"result": {"items": rows}, "time": {}})(request, writer)


@pytest.fixture
async def lists(hurried: HurriedClock) -> AsyncIterator[tuple[Lists, Portal]]:
    wire, lists = WirePortal(), Lists()
    await wire.start()
    wire.script = [lists]
    async with Portal(wire.url, limits=Limits.none()) as portal:
        yield lists, portal
    await wire.stop()


def rows_of(*ids: int) -> list[dict[str, Any]]:
    return [{"id": id} for id in ids]


async def test_a_portal_that_ignores_the_filter_stops_the_list(lists: tuple[Lists, Portal]) -> None:
    portal_, portal = lists
    portal_.pages = [rows_of(1, 2), rows_of(1, 2)]
    with pytest.raises(errors.IncompleteResult, match="ignores the id filter") as caught:
        await portal.list("main.eventlog.list", version=3)
    assert caught.value.rows_so_far == 2
    assert caught.value.resume_point == 2


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ([rows_of(3, 1), rows_of(1, 5), []], "row 1 came twice"),
        ([rows_of(3, 1), rows_of(4, 6), [], rows_of(3, 1), rows_of(5, 6), []], "came, went or moved"),
        ([rows_of(3, 1), rows_of(4, 6), [], rows_of(1, 3), rows_of(4, 6), []], "came, went or moved"),
        ([rows_of(3, 1), rows_of(4), rows_of(3, 1), []], "came, went or moved"),
    ],
)
async def test_rows_that_move_between_pages_are_noticed(
    lists: tuple[Lists, Portal], pages: list[list[dict[str, Any]]], reason: str
) -> None:
    portal_, portal = lists
    portal_.pages = pages
    with pytest.raises(errors.IncompleteResult, match=reason):
        await portal.list("main.eventlog.list", {"order": {"userId": "ASC"}}, version=3)


async def test_rows_that_come_at_the_end_meanwhile_are_no_trouble(lists: tuple[Lists, Portal]) -> None:
    portal_, portal = lists
    portal_.pages = [rows_of(3, 1), rows_of(4, 6), [], rows_of(3, 1), rows_of(4, 6), rows_of(9)]
    rows = await portal.list("main.eventlog.list", {"order": {"userId": "ASC"}}, version=3)
    assert rows == rows_of(3, 1, 4, 6)
    assert [asked["pagination"].get("offset", 0) for asked in portal_.asked] == [0, 2, 4, 0, 2, 4]


async def test_a_tail_begins_before_the_first_row_and_goes_on_behind_the_last(lists: tuple[Lists, Portal]) -> None:
    portal_, portal = lists
    portal_.pages = [rows_of(1, 2), rows_of(7), []]
    assert await portal.list("main.eventlog.tail", version=3) == rows_of(1, 2, 7)
    assert [asked["cursor"]["value"] for asked in portal_.asked][:2] == [-1, 2]


async def test_a_portal_that_leaves_the_id_out_stops_the_list(lists: tuple[Lists, Portal]) -> None:
    portal_, portal = lists
    portal_.pages = [[{"userId": 5}]]
    with pytest.raises(errors.IncompleteResult, match="without a usable 'id'"):
        await portal.list("main.eventlog.list", version=3)


# -- access tokens -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def tokened(sandbox: Sandbox, hurried: HurriedClock) -> AsyncIterator[Portal]:
    hurried.portal = sandbox
    app = sandbox.app(scope=("task", "tasks", "user"))
    known = OAuthApp(app.client_id, app.client_secret, auth_server=sandbox.auth_server)
    tokens = OAuthTokens.parse(app.tokens())
    async with Portal.oauth(sandbox.domain, app=known, tokens=tokens, limits=Limits.none()) as portal:
        yield portal


async def test_a_token_that_has_expired_is_renewed_and_the_write_runs_once(tokened: Portal, sandbox: Sandbox) -> None:
    await tokened.call("tasks.task.add", fields("before"), version=3)
    sandbox.faults.add("command_expired_token", method="tasks.task.add")
    await tokened.call("tasks.task.add", fields(), version=3)
    assert sandbox.books.refreshes == 1
    assert await named(tokened, TITLE) == 1


async def test_a_write_is_the_same_under_another_token(tokened: Portal, sandbox: Sandbox) -> None:
    await tokened.call("tasks.task.add", fields(), version=3, idempotency_key="k")
    sandbox.advance(3600)
    await tokened.call("tasks.task.add", fields(), version=3, idempotency_key="k")
    assert tokened.stats.replayed == 1
    assert await named(tokened, TITLE) == 1


async def test_tokens_of_rest_3_travel_in_a_header_and_never_in_the_body() -> None:
    wire = WirePortal()
    await wire.start()
    wire.script = [answer({"result": {}})]

    async def token() -> str:
        return "s3cr3t-t0ken"

    try:
        async with Portal(wire.url.rpartition("7/")[0], token_func=token, limits=Limits.none()) as portal:
            await portal.call("tasks.task.get", {"id": 1}, version=3)
    finally:
        await wire.stop()
    (request,) = wire.requests
    assert request.target == "/rest/api/tasks.task.get"
    assert request.headers["authorization"] == "Bearer s3cr3t-t0ken"
    assert request.json == {"id": 1}
