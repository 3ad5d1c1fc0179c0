"""Lists whose pages follow from each other: chats of the sandbox, and methods made up for what no chat does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from b24orm import Limits, Portal
from b24orm.compiler import Bounds, Grammar, Listing, compile_raw_list
from b24orm.engine import RawRows
from b24orm.errors import IncompleteResult, PortalError
from b24orm.plan import plan_list
from b24orm.sandbox import Sandbox
from b24orm.sandbox.methods import METHODS
from b24orm.sandbox.methods.messages import message_id
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.schema import Cursor, Paging

Serve = Callable[[str, Handler], None]
MESSAGES = "im.dialog.messages.get"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=0, seed=5, limits=Limits.none()) as portal:
        yield portal


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Makes the sandbox answer a method in another way."""
    return lambda method, handler: monkeypatch.setitem(cast("dict[str, Handler]", METHODS), method, handler)


def chat(messages: int) -> list[int]:
    """The ids of a chat of so many messages, in the order in which they are read."""
    return [message_id(number) for number in reversed(range(messages))]


async def ids_of(portal: Portal, listing: Listing, id_wire: str = "id") -> list[int]:
    return [
        int(row[id_wire]) async for page in portal.read(plan_list(listing), RawRows(listing.id_wire)) for row in page
    ]


async def messages_of(portal: Portal, dialog: str, **params: Any) -> list[int]:
    return [row["id"] async for row in portal.list(MESSAGES, {"DIALOG_ID": dialog, **params})]


@pytest.mark.parametrize("count", [1, 2, 49, 50, 51, 99, 100, 101, 700, 2550, 2551])
async def test_all_messages_of_a_chat_come_once_the_newest_first(sandbox: Sandbox, count: int) -> None:
    async with Portal(sandbox.url) as portal:
        assert await messages_of(portal, f"chat{count}") == chat(count)
    assert sandbox.books.method_rows[MESSAGES] <= count + 1
    assert sandbox.books.crashes == []


async def test_pages_behind_the_first_are_chained_in_batches(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        assert await messages_of(portal, "chat7690") == chat(7690)
    # One for the first page, three batches of 50 pages, one for the last four; a chain that ends costs one refusal.
    assert sandbox.books.requests == 5
    assert sandbox.books.commands <= 7690 / 50 + 2


async def test_a_personal_chat_is_a_dialog_too(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        assert await messages_of(portal, "1") == chat(1)


async def test_the_users_own_ids_bound_what_is_read(sandbox: Sandbox) -> None:
    ids = chat(700)
    async with Portal(sandbox.url) as portal:
        assert await messages_of(portal, "chat700", LAST_ID=ids[99]) == ids[100:]
        assert await messages_of(portal, "chat700", FIRST_ID=ids[600]) == ids[:600]
        assert await messages_of(portal, "chat700", last_id=str(ids[99]), first_id=ids[160]) == ids[100:160]
        assert await messages_of(portal, "chat700", FIRST_ID=5, LAST_ID=6) == []


@pytest.mark.parametrize(
    ("offset", "limit"), [(0, 1), (0, 50), (0, 51), (0, 120), (10, 40), (10, 41), (60, None), (699, None), (900, 5)]
)
async def test_a_window_holds_its_rows(sandbox: Sandbox, offset: int, limit: int | None) -> None:
    ids = chat(700)
    listing = compile_raw_list(MESSAGES, {"DIALOG_ID": "chat700"}).windowed(offset, limit)
    async with Portal(sandbox.url) as portal:
        assert await ids_of(portal, listing) == ids[offset:][:limit]
        assert portal.stats.requests <= 3


async def test_no_more_is_asked_for_than_is_wanted(sandbox: Sandbox) -> None:
    listing = compile_raw_list(MESSAGES, {"DIALOG_ID": "chat700"}).windowed(0, 7)
    async with Portal(sandbox.url) as portal:
        assert len(await ids_of(portal, listing)) == 7
    assert sandbox.books.rows == 7


@pytest.mark.parametrize("count", [1, 19, 20, 21, 40, 130])
async def test_pages_shorter_than_documented_are_noticed(count: int) -> None:
    with Sandbox(deals=0, page_size=20, limits=Limits.none()) as sandbox:
        async with Portal(sandbox.url) as portal:
            assert await messages_of(portal, f"chat{count}") == chat(count)


async def test_an_error_of_the_portal_before_the_first_row_is_raised_as_it_is(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        with pytest.raises(PortalError, match="DIALOG_ID_EMPTY"):
            await messages_of(portal, "nobody")
        with pytest.raises(PortalError, match="access"):
            await messages_of(portal, "999999")


async def test_a_portal_that_ignores_the_position_is_caught_and_never_read_in_circles() -> None:
    with Sandbox(deals=0, ignore_id_filter=True, limits=Limits.none()) as sandbox:
        async with Portal(sandbox.url) as portal:
            with pytest.raises(IncompleteResult, match="ignores the id filter") as caught:
                await messages_of(portal, "chat700")
        assert caught.value.rows_so_far == 50
        assert caught.value.resume_point == chat(700)[49]
        assert caught.value.resume_point is not None
        assert caught.value.resume_point.by == "id"
        assert sandbox.books.requests == 2


async def test_unread_messages_make_a_page_longer_and_nothing_comes_twice(sandbox: Sandbox, serve: Serve) -> None:
    real = METHODS[MESSAGES]

    def generous(state: State, params: dict[str, Any]) -> Answer:
        position = params.get("LAST_ID")
        first = real(state, params)
        if isinstance(position, str) and position.isdigit() and len(first.result["messages"]) == 50:
            last = first.result["messages"][-1]["id"]
            more = real(state, {**params, "LAST_ID": last, "LIMIT": 7})
            first.result["messages"] += more.result["messages"]
        return first

    serve(MESSAGES, generous)
    async with Portal(sandbox.url) as portal:
        assert await messages_of(portal, "chat400") == chat(400)


async def test_a_message_that_vanishes_at_the_edge_of_a_page_is_not_taken_for_the_end(
    sandbox: Sandbox, serve: Serve
) -> None:
    real, gone = METHODS[MESSAGES], chat(200)[49]

    def forgetful(state: State, params: dict[str, Any]) -> Answer:
        if str(gone) in (str(params.get("LAST_ID")), str(params.get("FIRST_ID"))):
            return Answer({"chat_id": 200, "messages": [], "users": [], "files": []})
        return real(state, params)

    serve(MESSAGES, forgetful)
    async with Portal(sandbox.url) as portal:
        with pytest.raises(IncompleteResult, match=f"nothing behind id {gone}") as caught:
            await messages_of(portal, "chat200")
    assert caught.value.rows_so_far == 50


async def test_a_position_of_the_users_own_that_no_message_has_is_no_empty_list(sandbox: Sandbox) -> None:
    oldest = chat(60)[-1]
    async with Portal(sandbox.url) as portal:
        assert await messages_of(portal, "chat60", LAST_ID=oldest) == []
        with pytest.raises(IncompleteResult, match="no row has that id"):
            await messages_of(portal, "chat60", LAST_ID=oldest + 1)


async def test_a_chain_that_breaks_off_is_gone_on_with(sandbox: Sandbox, serve: Serve) -> None:
    real, failed = METHODS[MESSAGES], [False]

    def shaky(state: State, params: dict[str, Any]) -> Answer:
        if str(params.get("LAST_ID")) == str(chat(700)[349]) and not failed[0]:
            failed[0] = True
            raise RuntimeError("once")
        return real(state, params)

    serve(MESSAGES, shaky)
    async with Portal(sandbox.url) as portal:
        assert await messages_of(portal, "chat700") == chat(700)
    assert failed == [True]


# -- what no method of the sandbox does ----------------------------------------------------------------------------

NOTES = Listing(
    "note.collection.list",
    Grammar("notes"),
    # As the page of note.collection.list says; REST 3.0, to which it belongs, has an address that is not called yet.
    Paging(
        mode="cursor",
        size=200,
        cursor=Cursor(after="pagination.afterCursor", next="nextCursor", size="pagination.limit"),
    ),
    "id",
    rows_path="items",
    fixed={"pagination": {"other": "kept"}},
)


def notes(count: int, *, broken: str = "") -> Handler:
    """A method that hands out *count* notes, the last by id first, and names the position of the next page."""
    rows = [{"id": count - n, "position": 100 * n} for n in range(count)]

    def handler(state: State, params: dict[str, Any]) -> Answer:
        del state
        paging = params["pagination"]
        assert paging["other"] == "kept"
        after, limit = paging.get("afterCursor"), min(200, int(paging["limit"]))
        at = 0 if after is None or broken == "same page" else 1 + int(after["position"]) // 100
        page = rows[at : at + limit]
        more = at + limit < count
        following: Any = {"position": page[-1]["position"], "id": page[-1]["id"]} if more else None
        if broken == "same place":
            following = {"position": 0, "id": count}
        return Answer({"items": page, "nextCursor": following}, rows=len(page))

    return handler


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 950])
async def test_an_answer_that_names_the_next_page_is_followed_to_the_last(
    sandbox: Sandbox, serve: Serve, count: int
) -> None:
    serve(NOTES.method, notes(count))
    async with Portal(sandbox.url) as portal:
        assert await ids_of(portal, NOTES) == list(range(count, 0, -1))
    assert sandbox.books.requests == max(1, -(-count // 200))
    assert sandbox.books.rows == count


async def test_a_window_of_such_a_list_asks_for_no_row_behind_it(sandbox: Sandbox, serve: Serve) -> None:
    serve(NOTES.method, notes(950))
    async with Portal(sandbox.url) as portal:
        assert await ids_of(portal, NOTES.windowed(190, 30)) == list(range(760, 730, -1))
    assert sandbox.books.rows == 220


@pytest.mark.parametrize(("broken", "message"), [("same place", "same next page|twice"), ("same page", "twice")])
async def test_a_position_that_does_not_move_ends_the_list_loudly(
    sandbox: Sandbox, serve: Serve, broken: str, message: str
) -> None:
    serve(NOTES.method, notes(950, broken=broken))
    async with Portal(sandbox.url) as portal:
        with pytest.raises(IncompleteResult, match=message) as caught:
            await ids_of(portal, NOTES)
    assert caught.value.resume_point is not None
    assert caught.value.resume_point.by == "offset"
    assert sandbox.books.requests <= 3


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([{"items": [{"id": 1}], "hasMore": True, "afterCursor": None}], "but not where"),
        ([{"items": [{"id": 1}], "hasMore": True, "afterCursor": []}], "but not where"),
        ([{"items": [], "hasMore": True, "afterCursor": {"id": 1}}] * 2, "same next page"),
    ],
)
async def test_a_page_that_promises_more_must_say_where(
    sandbox: Sandbox, serve: Serve, answers: list[Any], message: str
) -> None:
    left = iter(answers)
    cursor = Cursor(after="afterCursor", next="afterCursor", more="hasMore")
    listing = Listing("test.calls", Grammar("calls"), Paging(mode="cursor", cursor=cursor), "id", rows_path="items")
    serve("test.calls", lambda state, params: Answer(next(left)))
    async with Portal(sandbox.url) as portal:
        with pytest.raises(IncompleteResult, match=message):
            await ids_of(portal, listing)


async def test_a_page_that_says_it_is_the_last_is_the_last(sandbox: Sandbox, serve: Serve) -> None:
    cursor = Cursor(after="afterCursor", next="afterCursor", more="hasMore")
    listing = Listing("test.calls", Grammar("calls"), Paging(mode="cursor", cursor=cursor), "id", rows_path="items")
    answer = {"items": [{"id": 1}], "hasMore": False, "afterCursor": {"id": 1}}
    serve("test.calls", lambda state, params: Answer(answer))
    async with Portal(sandbox.url) as portal:
        assert await ids_of(portal, listing) == [1]
    assert sandbox.books.requests == 1


def journal(ids: list[int], seen: list[dict[str, Any]], *, down: bool) -> Handler:
    """A method with an id filter, but no order: a bound that is no number is dropped, as classic lists do."""

    def handler(state: State, params: dict[str, Any]) -> Answer:
        del state
        seen.append(params)
        where = params.get("filter") or {}
        bounds = {key[0]: int(value) for key, value in where.items() if not isinstance(value, dict | list)}
        found = [id for id in ids if bounds.get(">", 0) < id < bounds.get("<", 10**9)]
        page = [{"ID": str(id)} for id in (found[::-1] if down else found)[:50]]
        return Answer(page, rows=len(page))

    return handler


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("count", [0, 1, 50, 51, 1000, 6000])
async def test_a_method_of_one_order_is_read_from_its_own_end(
    sandbox: Sandbox, serve: Serve, order: Any, count: int
) -> None:
    ids, seen = [7 * n for n in range(1, count + 1)], list[dict[str, Any]]()
    down = order == "desc"
    serve("test.journal", journal(ids, seen, down=down))
    listing = Listing("test.journal", Grammar("journal"), Paging(mode="keyset", order=order), "ID", descending=down)
    async with Portal(sandbox.url) as portal:
        assert await ids_of(portal, listing, "ID") == (ids[::-1] if down else ids)
    assert not any("order" in params for params in seen)
    # A chain that ran over the end was given the first rows again, though not many.
    assert sandbox.books.rows <= 1.25 * count + 250
    assert sandbox.books.requests <= 12 + count / 2500
    assert sandbox.books.commands <= 5 + 1.25 * count / 50


async def test_bounds_of_a_method_of_one_order_go_into_its_filter(sandbox: Sandbox, serve: Serve) -> None:
    ids, seen = list(range(1, 401)), list[dict[str, Any]]()
    serve("test.journal", journal(ids, seen, down=False))
    paging = Paging(mode="keyset", order="asc")
    listing = Listing("test.journal", Grammar("journal"), paging, "ID", bounds=Bounds(100, 300))
    async with Portal(sandbox.url) as portal:
        assert await ids_of(portal, listing, "ID") == ids[100:299]
    assert json.dumps(seen[0]["filter"]) == '{">ID": 100, "<ID": 300}'
