"""Reading by counted pages, where ids cannot lead from page to page; and the proof that no row moved meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from b24orm.command import Command, Outcome
from b24orm.compiler import Listing
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.rows import Progress, Rows
from b24orm.plan import PAGES_PER_BATCH

__all__ = ["AHEAD", "in_order", "read_counted"]

# Pages under way at once where pages do not depend on each other: two full batches.
AHEAD = 2 * PAGES_PER_BATCH


async def in_order(dispatcher: Dispatcher, commands: Iterable[Command], ahead: int = AHEAD) -> AsyncGenerator[Outcome]:
    """Outcomes of independent commands in their own order, at most *ahead* of them under way."""
    source = iter(commands)
    flying: list[asyncio.Task[Outcome]] = []
    try:
        while True:
            while len(flying) < ahead and (command := next(source, None)) is not None:
                flying.append(asyncio.create_task(dispatcher.run(command)))
            if not flying:
                return
            yield await flying[0]
            del flying[0]
    finally:
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)


class _Pages:
    """The pages of a counted list as they came: what must hold of each, and what they must be when asked again."""

    def __init__(self, listing: Listing, progress: Progress) -> None:
        self._listing = listing
        self._progress = progress
        self._seen: set[int] = set()
        self.total: int | None = None
        self.ids: dict[int, list[int]] = {}

    def take(self, start: int, outcome: Outcome) -> Rows:
        """The rows of the page at offset *start*, each new and each as asked for."""
        if outcome.response is None:
            self._progress.fail(outcome)
        rows = self._progress.page(outcome.response.result)
        if not self._listing.id_wire:
            return rows
        keys = self._progress.asked_for(rows)
        for key in keys:
            if key in self._seen:
                self._progress.stop(f"row {key} came twice: rows moved while {self._listing.method} was read by pages")
            self._seen.add(key)
        self.ids[start] = keys
        return rows

    def compare(self, start: int, outcome: Outcome) -> None:
        """Stops the list if the page at offset *start* is not what it was when it was read."""
        if outcome.response is None:
            self._progress.fail(outcome)
        rows = self._progress.page(outcome.response.result)
        same = [abs(self._progress.position(row)) for row in rows] == self.ids[start]
        if not same or outcome.response.total != self.total:
            self._progress.stop(f"rows came, went or moved while {self._listing.method} was read by pages")


async def read_counted(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: Callable[[int], None] | None
) -> AsyncGenerator[Rows]:
    """Pages by offset.

    The first page tells the total, and every other must agree with it. A row that leaves a page while another enters
    the list shifts the rest without a trace in totals; so all pages are asked for again at the end, ids only, and must
    be what they were.
    """
    size = listing.paging.size
    begin = listing.offset // size * size
    end = None if listing.limit is None else listing.offset + listing.limit
    pages = _Pages(listing, progress)
    first = await dispatcher.run(listing.command(start=begin, ids=listing.ids))
    pages.total = total = None if first.response is None else first.response.total
    if begin and total is not None and begin >= total:
        return  # past the end, classic lists answer with their first page again
    rows = pages.take(begin, first)
    if on_total is not None and total is not None:
        on_total(max(0, (total if end is None else min(total, end)) - listing.offset))
    yield rows[listing.offset - begin : None if end is None else end - begin]
    following = None if first.response is None else first.response.next
    if total is None or total < begin + len(rows):
        rest = _uncounted(dispatcher, listing, progress, pages, begin, following, end)
    else:
        if begin == 0 and following:
            size = following  # the page size that the method really has
        if len(rows) < min(size, total - begin):
            progress.stop(f"{listing.method} promised {total} rows and sent a page of {len(rows)}")
        stop = total if end is None else min(total, end)
        rest = _counted(dispatcher, listing, progress, pages, range(begin + size, stop, size), total, end)
    async with aclosing(rest) as source:
        async for page in source:
            yield page
    if len(pages.ids) > 1:
        await _verify(dispatcher, listing, pages)


async def _counted(
    dispatcher: Dispatcher,
    listing: Listing,
    progress: Progress,
    pages: _Pages,
    starts: range,
    total: int,
    end: int | None,
) -> AsyncGenerator[Rows]:
    commands = (listing.command(start=start, ids=listing.ids) for start in starts)
    number = 0
    async with aclosing(in_order(dispatcher, commands)) as outcomes:
        async for outcome in outcomes:
            start = starts[number]
            number += 1
            rows = pages.take(start, outcome)
            now = None if outcome.response is None else outcome.response.total
            if now != total or len(rows) != min(starts.step, total - start):
                progress.stop(
                    f"rows came or went while {listing.method} was read by pages: {total} rows at first, now {now}"
                )
            yield rows[: None if end is None else end - start]


async def _uncounted(
    dispatcher: Dispatcher,
    listing: Listing,
    progress: Progress,
    pages: _Pages,
    begin: int,
    following: int | None,
    end: int | None,
) -> AsyncGenerator[Rows]:
    """Pages of a method that does not tell a total: one after the other, as long as it names a next one."""
    while following is not None and (end is None or following < end):
        if following <= begin:
            progress.stop(f"{listing.method} names page {following} after page {begin}")
        begin = following
        outcome = await dispatcher.run(listing.command(start=begin, ids=listing.ids))
        rows = pages.take(begin, outcome)
        yield rows[: None if end is None else end - begin]
        following = None if outcome.response is None else outcome.response.next


async def _verify(dispatcher: Dispatcher, listing: Listing, pages: _Pages) -> None:
    """Reads all pages once more, ids only, and compares."""
    starts = list(pages.ids)
    select = (listing.id_wire,) if listing.select else None
    commands = (listing.command(start=start, ids=listing.ids, select=select) for start in starts)
    number = 0
    async with aclosing(in_order(dispatcher, commands)) as outcomes:
        async for outcome in outcomes:
            pages.compare(starts[number], outcome)
            number += 1
