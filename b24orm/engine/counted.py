"""Reading by counted pages, where ids cannot lead from page to page; and the proof that no row moved meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable
from contextlib import aclosing
from typing import Any

from b24orm.command import Command, Outcome, Response
from b24orm.compiler import Listing
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.rows import Progress
from b24orm.plan import PAGES_PER_BATCH
from b24orm.transport import Page, PageParser

__all__ = ["AHEAD", "cancelled", "in_order", "page_at", "read_counted"]

# Pages under way at once where pages do not depend on each other: two full batches.
AHEAD = 2 * PAGES_PER_BATCH


async def in_order(
    dispatcher: Dispatcher, commands: Iterable[Command], ahead: int = AHEAD, *, parser: PageParser | None = None
) -> AsyncGenerator[Outcome]:
    """Outcomes of independent commands in their own order, at most *ahead* of them under way."""
    source = iter(commands)
    flying: list[asyncio.Task[Outcome]] = []
    try:
        while True:
            while len(flying) < ahead and (command := next(source, None)) is not None:
                flying.append(asyncio.create_task(dispatcher.run(command, parser=parser)))
            if not flying:
                return
            yield await flying[0]
            del flying[0]
    finally:
        await cancelled(flying)


async def cancelled(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels *tasks* and waits until they have ended; does not wait at all if they have ended already: when an event
    loop closes its generators, all at once, one that waits is found running by the one inside it."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # nobody else asks, and asyncio complains about errors that nobody asked for


async def page_at(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, offset: int
) -> tuple[int, Page, Response]:
    """The counted page that holds the row at *offset*: the offset where it begins, its rows, and the answer.

    An offset inside a page means that page, so it depends on how long the portal's pages are. Where they are not as
    documented, `next` tells, and the right page is asked for.

    Raises:
        IncompleteResult, PortalError, TransportError: it cannot be had.
    """
    for _ in range(2):
        size = dispatcher.page_sizes.size(listing.method, listing.paging.size)
        begin = offset // size * size
        outcome = await dispatcher.run(listing.command(start=begin, ids=listing.ids), parser=progress.parser)
        page = progress.page(outcome)
        assert outcome.response is not None
        response = outcome.response
        if response.next is None or (response.total is not None and begin >= response.total):
            # Past the end, classic lists answer with their first page again. The last page ends with the last row:
            # where pages are longer than documented, it began earlier.
            total = begin if response.total is None else response.total
            return (min(begin, total - len(page)) if begin < total else begin), page, response
        if response.next == begin + len(page):
            dispatcher.page_sizes.more_followed(listing.method, len(page))
            if offset < response.next:
                return begin, page, response
        elif len(page):  # it began elsewhere: at a multiple of another size
            dispatcher.page_sizes.more_followed(listing.method, len(page))
    return progress.stop(f"{listing.method} does not answer with the page that holds row {offset}")


class _Pages:
    """The pages of a counted list as they came: what must hold of each, and what they must be when asked again."""

    def __init__(self, listing: Listing, progress: Progress) -> None:
        self._listing = listing
        self._progress = progress
        self._seen: set[int] = set()
        self.total: int | None = None
        self.ids: dict[int, list[int]] = {}

    def take(self, start: int, page: Page) -> Page:
        """*page*, which stands at offset *start*: each row new and each as asked for."""
        if not self._listing.id_wire:
            return page
        self._progress.asked_for(page)
        for key in page.ids:
            if key in self._seen:
                self._progress.stop(f"row {key} came twice: rows moved while {self._listing.method} was read by pages")
            self._seen.add(key)
        self.ids[start] = page.ids
        return page

    def compare(self, start: int, outcome: Outcome) -> None:
        """Stops the list if the page at offset *start* is not what it was when it was read."""
        page = self._progress.page(outcome)
        assert outcome.response is not None
        if page.ids != self.ids[start] or outcome.response.total != self.total:
            self._progress.stop(f"rows came, went or moved while {self._listing.method} was read by pages")


async def read_counted(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: Callable[[int], None] | None
) -> AsyncGenerator[Page]:
    """Pages by offset.

    The first page tells the total, and every other must agree with it. A row that leaves a page while another enters
    the list shifts the rest without a trace in totals; so all pages are asked for again at the end, ids only, and must
    be what they were.
    """
    end = None if listing.limit is None else listing.offset + listing.limit
    pages = _Pages(listing, progress)
    begin, first, response = await page_at(dispatcher, listing, progress, listing.offset)
    size = dispatcher.page_sizes.size(listing.method, listing.paging.size)
    pages.total = total = response.total
    if begin and total is not None and begin >= total:
        return  # past the end, classic lists answer with their first page again
    pages.take(begin, first)
    if on_total is not None and total is not None:
        on_total(max(0, (total if end is None else min(total, end)) - listing.offset))
    yield first.cut(listing.offset - begin, None if end is None else end - begin)
    if total is None or total < begin + len(first):
        rest = _uncounted(dispatcher, listing, progress, pages, begin, response.next, end)
    else:
        if len(first) < min(size, total - begin):
            progress.stop(f"{listing.method} promised {total} rows and sent a page of {len(first)}")
        stop = total if end is None else min(total, end)
        rest = _counted(dispatcher, listing, progress, pages, range(begin + size, stop, size), total, end)
    async with aclosing(rest) as source:
        async for page in source:
            yield page
    if len(pages.ids) > 1:
        await _verify(dispatcher, listing, pages, progress.parser)


async def _counted(
    dispatcher: Dispatcher,
    listing: Listing,
    progress: Progress,
    pages: _Pages,
    starts: range,
    total: int,
    end: int | None,
) -> AsyncGenerator[Page]:
    commands = (listing.command(start=start, ids=listing.ids) for start in starts)
    number = 0
    async with aclosing(in_order(dispatcher, commands, parser=progress.parser)) as outcomes:
        async for outcome in outcomes:
            start = starts[number]
            number += 1
            page = pages.take(start, progress.page(outcome))
            now = None if outcome.response is None else outcome.response.total
            if now != total or len(page) != min(starts.step, total - start):
                progress.stop(
                    f"rows came or went while {listing.method} was read by pages: {total} rows at first, now {now}"
                )
            yield page.cut(0, None if end is None else end - start)


async def _uncounted(
    dispatcher: Dispatcher,
    listing: Listing,
    progress: Progress,
    pages: _Pages,
    begin: int,
    following: int | None,
    end: int | None,
) -> AsyncGenerator[Page]:
    """Pages of a method that does not tell a total: one after the other, as long as it names a next one."""
    while following is not None and (end is None or following < end):
        if following <= begin:
            progress.stop(f"{listing.method} names page {following} after page {begin}")
        begin = following
        outcome = await dispatcher.run(listing.command(start=begin, ids=listing.ids), parser=progress.parser)
        page = pages.take(begin, progress.page(outcome))
        yield page.cut(0, None if end is None else end - begin)
        following = None if outcome.response is None else outcome.response.next


async def _verify(dispatcher: Dispatcher, listing: Listing, pages: _Pages, parser: PageParser) -> None:
    """Reads all pages once more, ids only, and compares."""
    starts = list(pages.ids)
    select = (listing.id_wire,) if listing.select else None
    commands = (listing.command(start=start, ids=listing.ids, select=select) for start in starts)
    number = 0
    async with aclosing(in_order(dispatcher, commands, parser=parser)) as outcomes:
        async for outcome in outcomes:
            pages.compare(starts[number], outcome)
            number += 1
