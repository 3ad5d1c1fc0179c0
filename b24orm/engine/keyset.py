"""Reading by id: both ends first, then chained lanes; complete, in order, without counting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TypedDict

from b24orm.command import Outcome
from b24orm.compiler import Listing
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.rows import Progress, Rows
from b24orm.plan import PAGES_PER_BATCH, Lane, LaneBook, Plan, chain

__all__ = ["read_chain", "read_keyset", "read_sequential"]

# Batches of lanes under way at once. Each may bring 50 pages, which bounds the memory of a list of
# any length: no more than these pages wait to be handed out.
_BATCHES_AHEAD = 2


def _ids(listing: Listing, position: int | None) -> int | None:
    return None if position is None else (-position if listing.descending else position)


class _Span(TypedDict):
    above: int | None
    below: int | None


def _span(listing: Listing, low: int | None, high: int | None) -> _Span:
    """Bounds of positions in reading order as bounds of ids."""
    first, last = _ids(listing, low), _ids(listing, high)
    return {"above": last, "below": first} if listing.descending else {"above": first, "below": last}


def _cut(rows: Rows, left: int | None) -> Rows:
    return rows if left is None else rows[:left]


class _Chain:
    """What came back for one chain: its sound pages, where it ended, and whether that is the end of its lane."""

    def __init__(
        self,
        listing: Listing,
        progress: Progress,
        outcomes: Sequence[Outcome],
        low: int | None,
        high: int | None,
        size: int,
    ) -> None:
        self.pages: list[Rows] = []
        self.last: int | None = None
        self.whole = False
        self.error: Outcome | None = None
        edge = low
        for outcome in outcomes:
            if outcome.response is None:
                self.error = outcome
                break
            rows = progress.page(outcome.response.result)
            here = progress.check(rows, edge, high)
            if rows:
                self.pages.append(rows)
                self.last = edge = here
            if len(rows) < size:
                # What follows a short page refers to a row that is not there: refused, or read from the start again.
                self.whole = True
                break
            if len(rows) > size:
                progress.stop(f"{listing.method} sent a page of {len(rows)} rows where {size} were expected")


async def read_sequential(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, low: int | None = None
) -> AsyncGenerator[Rows]:
    """One page after the other, until an empty one: for filters too large for a batch, and for odd page sizes."""
    start, high = progress.own_bounds()
    low = start if low is None else low
    left = listing.limit
    while left is None or left > 0:
        outcome = await dispatcher.run(listing.command(**_span(listing, low, high)))
        if outcome.response is None:
            progress.fail(outcome)
        rows = progress.page(outcome.response.result)
        last = progress.check(rows, low, high)
        if last is None:
            return
        low = last
        rows = _cut(rows, left)
        left = None if left is None else left - len(rows)
        yield rows


async def read_chain(dispatcher: Dispatcher, plan: Plan, listing: Listing, progress: Progress) -> AsyncGenerator[Rows]:
    """The first so many rows, in one chain; goes on from where it broke off, if it did."""
    low, high = progress.own_bounds()
    left = listing.limit or 0
    size = listing.paging.size
    commands = list(plan.first)[: dispatcher.chain_length(listing.method)]
    while left > 0:
        part = _Chain(listing, progress, await dispatcher.run_chain(commands), low, high, size)
        for rows in part.pages:
            wanted = _cut(rows, left)
            left -= len(wanted)
            if wanted:
                yield wanted
        if part.whole or left <= 0:
            return
        if part.last is None:
            assert part.error is not None
            progress.fail(part.error)
        low = part.last
        pages = min(-(-left // size), dispatcher.chain_length(listing.method))
        commands = list(chain(listing, **_span(listing, low, high), pages=pages, page_size=size))


async def read_keyset(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: Callable[[int], None] | None
) -> AsyncGenerator[Rows]:
    """All rows: the first batch reads both ends of the id range, lanes the rest."""
    asks = [dispatcher.run(listing.command()), dispatcher.run(listing.command(descending=not listing.descending))]
    if on_total is not None:
        asks.append(dispatcher.run(listing.command(start=0, select=(listing.id_wire,) if listing.select else None)))
    answers = await asyncio.gather(*asks)
    head_outcome, tail_outcome = answers[0], answers[1]
    if head_outcome.response is None:
        progress.fail(head_outcome)
    if tail_outcome.response is None:
        progress.fail(tail_outcome)
    if on_total is not None and answers[2].response is not None and (total := answers[2].response.total) is not None:
        on_total(total if listing.limit is None else min(total, listing.limit))
    low, high = progress.own_bounds()
    left = listing.limit
    head = progress.page(head_outcome.response.result)
    tail = progress.page(tail_outcome.response.result)[::-1]
    head_last = progress.check(head, low, high)
    tail_last = progress.check(tail, low, high)
    page = _cut(head, left)
    left = None if left is None else left - len(page)
    if page:
        yield page
    if left == 0 or head_last is None:
        if left != 0 and tail_last is not None:
            progress.stop(f"{listing.method} sent no first page, but a last one")
        return
    size = listing.paging.size
    if len(head) != size:
        if tail_last is not None and tail_last > head_last:
            # Fewer or more rows a page than documented: no chain can count on the last row of a page.
            async with aclosing(read_sequential(dispatcher, listing.windowed(0, left), progress, head_last)) as pages:
                async for page in pages:
                    yield page
        return
    rest = [row for row in tail if progress.position(row) > head_last]
    if len(rest) == len(tail) and rest:
        async with aclosing(_read_lanes(dispatcher, listing, progress, head, tail, left)) as pages:
            async for page in pages:
                left = None if left is None else left - len(page)
                yield page
    rest = _cut(rest, left)
    if rest:
        yield rest


async def _read_lanes(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, head: Rows, tail: Rows, left: int | None
) -> AsyncGenerator[Rows]:
    """The rows between *head* and *tail*, *left* of them at most."""
    head_first, head_last = progress.position(head[0]), progress.position(head[-1])
    tail_first, tail_last = progress.position(tail[0]), progress.position(tail[-1])
    size = listing.paging.size
    seen = len(head) + len(tail) - 2
    book = LaneBook(
        head_last,
        tail_first,
        density=seen / max(1, head_last - head_first + tail_last - tail_first),
        page_size=size,
        cheap_overshoot=listing.grammar.refuses_broken_bounds,
        max_ahead=_BATCHES_AHEAD if left is None else min(_BATCHES_AHEAD, 1 + left // (size * PAGES_PER_BATCH)),
    )
    flying: set[asyncio.Task[None]] = set()
    handed = 0
    try:
        while not book.finished:
            needed = PAGES_PER_BATCH if left is None else -(-(left - handed) // size)
            book.batch_pages = min(PAGES_PER_BATCH, dispatcher.chain_length(listing.method), needed)
            while lanes := book.next_batch():
                flying.add(asyncio.create_task(_fly(dispatcher, listing, progress, book, lanes, size)))
            done, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            for page in book.ready():
                rows = _cut(page, None if left is None else left - handed)
                handed += len(rows)
                if rows:
                    yield rows
                if left is not None and handed >= left:
                    return
    finally:
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)


async def _fly(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, book: LaneBook, lanes: list[Lane], size: int
) -> None:
    """One batch of lanes: asks, checks, books."""

    async def one(lane: Lane) -> None:
        commands = list(chain(listing, **_span(listing, lane.low, lane.high), pages=lane.pages, page_size=size))
        part = _Chain(listing, progress, await dispatcher.run_chain(commands), lane.low, lane.high, size)
        if part.last is None and not part.whole:
            assert part.error is not None
            progress.fail(part.error)
        book.settle(lane, part.pages, part.last, whole=part.whole)

    tasks = [asyncio.create_task(one(lane)) for lane in lanes]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    book.landed()
