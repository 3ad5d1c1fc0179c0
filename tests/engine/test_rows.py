"""Answers of every shape, met by a reader that must not take the wrong one for the end of a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from b24orm import Deal, Portal, errors
from b24orm.command import Command, Outcome, Response
from b24orm.compiler import compile_list, compile_raw_list
from b24orm.engine.answers import BatchAnswer
from b24orm.engine.pagesizes import PageSizes
from b24orm.engine.reader import read
from b24orm.engine.rows import Progress, RawRows, rows_of
from b24orm.engine.stats import Stats
from b24orm.plan import plan_list
from b24orm.query import Order, Query
from b24orm.schema import entity
from b24orm.transport import Envelope, Page, PageParser

ROWS = [{"id": 1}, {"id": 2}]
RAW = RawRows("id")


def test_rows_are_found_wherever_the_method_puts_them() -> None:
    item = compile_list(entity("deal"), "item", Query())
    classic = compile_list(entity("deal"), "classic", Query())
    unknown = compile_raw_list("some.thing.list", {})
    assert rows_of(item, {"items": ROWS}) == ROWS
    assert rows_of(item, {"items": {"3": ROWS[0], "7": ROWS[1]}}) == ROWS  # PHP makes a map of a list with holes
    assert rows_of(item, {"items": []}) == []
    assert rows_of(classic, ROWS) == ROWS
    assert rows_of(unknown, {"tasks": ROWS, "count": 2}) == ROWS
    assert rows_of(unknown, ROWS) == ROWS


@pytest.mark.parametrize("result", [None, "", 5, {"items": "none"}, {"items": [1, 2]}, {"other": ROWS}])
def test_what_is_no_list_of_rows_is_a_transport_error_at_first_and_an_incomplete_result_later(result: Any) -> None:
    listing = compile_list(entity("deal"), "item", Query())
    progress = Progress(listing, RAW)
    outcome = Outcome("ok", response=Response(result))
    with pytest.raises(errors.TransportError, match=r"crm\.item\.list"):
        progress.page(outcome)
    progress.handed(Page([7], [{"id": 7}]))
    with pytest.raises(errors.IncompleteResult) as caught:
        progress.page(outcome)
    assert (caught.value.rows_so_far, caught.value.resume_point) == (1, 7)


def test_two_lists_in_one_answer_are_ambiguous() -> None:
    with pytest.raises(errors.TransportError):
        rows_of(compile_raw_list("some.thing.list", {}), {"tasks": ROWS, "groups": ROWS})


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": "seven"}])
def test_a_row_without_a_usable_id_ends_the_list(row: dict[str, Any]) -> None:
    progress = Progress(compile_list(entity("deal"), "item", Query()), RAW)
    with pytest.raises(errors.IncompleteResult, match="without a usable 'id'"):
        progress.page(Outcome("ok", response=Response({"items": [row]})))


Answer = Callable[[Command], Response]


class Scripted:
    """A dispatcher that answers as a test wants it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.stats = Stats()
        self.page_sizes = PageSizes()
        self.starts: list[Any] = []

    async def run(self, command: Command, *, parser: PageParser | None = None) -> Outcome:
        self.starts.append(command.params.get("start"))
        return Outcome("ok", response=self.answer(command))


async def ids_of(query: Query, answer: Answer) -> list[int]:
    plan = plan_list(compile_list(entity("deal"), "item", query))
    assert plan.strategy in ("counted", "offset")
    dispatcher: Any = Scripted(answer)
    return [row["id"] async for page in read(dispatcher, plan, RAW) for row in page]


def page(first: int, count: int, total: int | None, following: int | None) -> Response:
    return Response({"items": [{"id": first + i} for i in range(count)]}, total, following)


BY_TITLE = Query(order=(Order("title"),))


async def test_a_counted_list_of_another_page_size_is_read_in_its_own_steps() -> None:
    def answer(command: Command) -> Response:
        start = command.params["start"]
        return page(start, min(20, 70 - start), 70, start + 20 if start + 20 < 70 else None)

    assert await ids_of(BY_TITLE, answer) == list(range(70))


async def test_a_row_that_comes_twice_in_counted_pages_is_noticed() -> None:
    with pytest.raises(errors.IncompleteResult, match="row 0 came twice"):
        await ids_of(BY_TITLE, lambda command: page(0, 50, 100, 50))


async def test_a_first_page_with_fewer_rows_than_promised_is_noticed() -> None:
    with pytest.raises(errors.IncompleteResult, match="promised 100 rows and sent a page of 30"):
        await ids_of(BY_TITLE, lambda command: page(0, 30, 100, None))


async def test_a_next_page_that_does_not_lead_on_is_noticed() -> None:
    with pytest.raises(errors.IncompleteResult, match="names page 50 after page 50"):
        await ids_of(BY_TITLE, lambda command: page(int(command.params["start"]), 50, None, 50))


async def test_a_window_behind_the_end_is_empty_though_the_portal_answers_with_its_first_page() -> None:
    assert await ids_of(Query(offset=200, limit=60), lambda command: page(0, 50, 100, 50)) == []


async def test_ids_that_were_not_asked_for_end_the_list() -> None:
    plan = Deal.objects.filter(id__in=[5, 6]).explain()
    dispatcher: Any = Scripted(lambda command: page(6, 2, None, None))
    with pytest.raises(errors.IncompleteResult, match="not asked for"):
        [row async for row in read(dispatcher, plan, RAW)]


async def test_a_write_that_a_batch_answer_leaves_out_is_unknown_unless_the_portal_stopped() -> None:
    body = {"result": {"a": 1}, "result_error": {"b": {"error": "X"}}}
    envelope = Envelope(result=body, total=None, next=None, time={}, size=0)
    add, read_ = Command("crm.deal.add"), Command("crm.deal.list")
    assert BatchAnswer(envelope, halt=False, redact=str).outcome("c", add).status == "unknown"
    assert BatchAnswer(envelope, halt=False, redact=str).outcome("c", read_).status == "failed"
    assert BatchAnswer(envelope, halt=True, redact=str).outcome("c", add).status == "not_executed"


async def test_nothing_is_asked_for_a_plan_without_rows() -> None:
    dispatcher: Any = Scripted(lambda command: page(0, 1, 1, None))
    plan = Portal("https://b24.example/rest/1/code/").call("profile").explain()
    assert [row async for row in read(dispatcher, plan, RAW)] == []
    assert dispatcher.starts == []
