"""Reading by id: both ends first, then chained lanes; complete, in order, without counting."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import TypedDict

from b24orm.command import Command, Outcome
from b24orm.compiler import Bounds, Listing
from b24orm.engine.counted import cancelled
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.rows import Progress
from b24orm.plan import PAGES_PER_BATCH, EvenBook, Lane, LaneBook, chain, is_even
from b24orm.transport import Page

__all__ = ["behind", "read_chain", "read_keyset", "read_sequential"]

# Bytes of answers that may wait for their turn, about. More lanes than that would pay for time with memory.
_BYTES_WAITING = 28 * 2**20
# In a hurry, those that are under way count as well: they may all come before the one that is wanted first.
_BYTES_COMING = 80 * 10**6
# Batches that may leave at once where nothing is foretold; those after them, and all of an even list, leave at this
# share of the time that the consumer takes for one.
_AT_ONCE = 3
_SPACING = 0.8
# The first pages take a consumer longer than others do, since much is built and loaded for them: the quickest counts.
_COLD = 8
_ROUNDING = 1e-6  # seconds; what floating-point clocks may add up to
# A portal that seems to take longer than this for a batch, in seconds, when a list begins is read with many lanes side
# by side: a request too many costs less than the wait. It is decided once, since lanes are cut differently then.
_SLOW_BATCH = 0.5


class _Span(TypedDict):
    above: int | None
    below: int | None


def _span(listing: Listing, low: int | None, high: int | None) -> _Span:
    """Bounds of positions in reading order as bounds of ids."""
    if listing.descending:
        return {"above": None if high is None else -high, "below": None if low is None else -low}
    return {"above": low, "below": high}


class _Chain:
    """What came back for one chain: its sound pages, where it ended, and whether a short page ended it.

    One page may have been read *backwards*, from its upper bound.
    """

    def __init__(
        self,
        progress: Progress,
        outcomes: Sequence[Outcome],
        low: int | None,
        high: int | None,
        size: int,
        *,
        backwards: bool = False,
    ) -> None:
        self.pages: list[Page] = []
        self.rows = 0
        self.first: int | None = None
        self.last: int | None = None
        self.short = False
        self.error: Outcome | None = None
        edge = low
        for outcome in outcomes:
            if outcome.response is None:
                self.error = outcome
                break
            page = progress.page(outcome)
            if backwards:
                page = _backwards(page)
            here = progress.check(page, edge, high)
            if here is not None:
                if self.first is None:
                    self.first = progress.position(page.ids[0])
                self.pages.append(page)
                self.rows += len(page)
                self.last = edge = here
            if len(page) < size:
                # What follows a short page refers to a row that is not there: refused, or read from the start again.
                self.short = True
                break
            if len(page) > size:
                progress.stop(f"{progress.method} sent a page of {len(page)} rows where {size} were expected")


async def read_sequential(dispatcher: Dispatcher, listing: Listing, progress: Progress) -> AsyncGenerator[Page]:
    """One page after the other, until an empty one: for filters too large for a batch."""
    low, high = progress.own_bounds()
    left = listing.limit
    while left is None or left > 0:
        command = listing.command(**_span(listing, low, high))
        page = progress.page(await dispatcher.run(command, parser=progress.parser))
        last = progress.check(page, low, high)
        if last is None:
            return
        low = last
        page = page.cut(0, left)
        left = None if left is None else left - len(page)
        yield page


async def read_chain(
    dispatcher: Dispatcher, first: Sequence[Command], listing: Listing, progress: Progress
) -> AsyncGenerator[Page]:
    """The first so many rows, in one chain; goes on from where it broke off, if it did.

    A page that is shorter than a page should be ends the list. Where this portal has not yet shown how long its pages
    are, one more command asks whether anything follows.
    """
    sizes, method = dispatcher.page_sizes, listing.method
    low, high = progress.own_bounds()
    left = listing.limit or 0
    size = sizes.size(method, listing.paging.size)
    most = dispatcher.fits(method)
    # The commands of the plan rely on the documented page.
    commands = list(first)[:most] if size == listing.paging.size else []
    while left > 0:
        if not commands:
            pages = min(-(-left // size), most)
            commands = list(chain(listing, **_span(listing, low, high), pages=pages, page_size=size))
        part = _Chain(progress, await dispatcher.run_chain(commands, parser=progress.parser), low, high, size)
        commands = []
        for page in part.pages:
            sizes.saw(method, len(page))
            wanted = page.cut(0, left)
            left -= len(wanted)
            if len(wanted):
                yield wanted
        if left <= 0:
            return
        if part.short:
            count = len(part.pages[-1]) if part.rows % size else 0
            if sizes.ends(method, count):
                return
            found = await _anything_behind(dispatcher, listing, progress, part.last, high)
            if not found:
                return
            sizes.more_followed(method, count)
            size = count
        elif part.last is None:
            assert part.error is not None
            progress.fail(part.error)
        low = part.last


async def _anything_behind(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, low: int | None, high: int | None
) -> bool:
    command = listing.command(**_span(listing, low, high))
    page = progress.page(await dispatcher.run(command, parser=progress.parser))
    progress.check(page, low, high)
    return len(page) > 0


def _backwards(page: Page) -> Page:
    """A page that was read from the end, in the order of reading."""
    return Page(page.ids[::-1], promise=lambda: page.rows[::-1])


def behind(listing: Listing, progress: Progress, last: int, left: int | None) -> Listing:
    """The rest of *listing*, *left* rows at most, behind the position *last*."""
    key = progress.position(last)
    bounds = Bounds(below=key) if listing.descending else Bounds(above=key)
    return replace(listing, offset=0, limit=left, bounds=listing.bounds.narrowed(bounds))


async def read_keyset(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: Callable[[int], None] | None
) -> AsyncGenerator[Page]:
    """All rows: the first batch reads both ends of the id range, lanes the rest."""
    parser, method = progress.parser, listing.method
    asks = [
        dispatcher.run(listing.command(), parser=parser),
        dispatcher.run(listing.command(descending=not listing.descending), parser=parser),
    ]
    if on_total is not None:
        counting = listing.command(start=0, select=(listing.id_wire,) if listing.select else None)
        asks.append(dispatcher.run(counting, parser=parser))
    answers = await asyncio.gather(*asks)
    if on_total is not None and answers[2].response is not None and (total := answers[2].response.total) is not None:
        on_total(total if listing.limit is None else min(total, listing.limit))
    low, high = progress.own_bounds()
    left = listing.limit
    head, backwards = progress.page(answers[0]), progress.page(answers[1])
    tail = _backwards(backwards)
    head_last = progress.check(head, low, high)
    tail_last = progress.check(tail, low, high)
    page = head.cut(0, left)
    left = None if left is None else left - len(page)
    if len(page):
        yield page
    if left == 0 or head_last is None or tail_last is None:
        if left != 0 and (head_last is None) != (tail_last is None):
            progress.stop(f"{method} sent {'no' if head_last is None else 'a'} first page, but not so from the end")
        return
    if tail_last > head_last:
        # More rows follow, so that this is how long a page is, whatever the documentation says.
        dispatcher.page_sizes.more_followed(method, len(head))
    dispatcher.page_sizes.saw(method, len(head))
    new = sum(1 for key in tail.ids if progress.position(key) > head_last)
    if new == len(tail):
        async with aclosing(_read_lanes(dispatcher, listing, progress, head, tail, left)) as pages:
            async for page in pages:
                left = None if left is None else left - len(page)
                yield page
    rest = tail.cut(len(tail) - new, None).cut(0, left)
    if len(rest):
        yield rest


async def _read_lanes(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, head: Page, tail: Page, left: int | None
) -> AsyncGenerator[Page]:
    """The rows between *head* and *tail*, *left* of them at most."""
    head_first, head_last = progress.position(head.ids[0]), progress.position(head.ids[-1])
    tail_first, tail_last = progress.position(tail.ids[0]), progress.position(tail.ids[-1])
    span = head_last - head_first + tail_last - tail_first
    density = (len(head) + len(tail) - 2) / max(1, span)
    pace = _Pace(dispatcher, listing.method)
    foretold = is_even(
        (len(head) - 1, head_last - head_first),
        (len(tail) - 1, tail_last - tail_first),
        rows=density * (tail_first - head_last),
        batch=PAGES_PER_BATCH * len(head),
    )
    cheap = listing.grammar.refuses_broken_bounds
    book = (EvenBook if foretold and pace.hurry and cheap and left is None else LaneBook)(
        head_last,
        tail_first,
        density=density,
        seen=(len(head) + len(tail), span),
        page_size=len(head),
        cheap_overshoot=cheap,
        wanted=left,
    )
    flying: set[asyncio.Task[None]] = set()
    try:
        while not book.finished:
            if pace.may_leave(len(flying)):
                book.batch_pages = min(PAGES_PER_BATCH, dispatcher.fits(listing.method))
                pace.set(book)
            while pace.may_leave(len(flying)) and (lanes := book.next_batch()):
                pace.left()
                flying.add(asyncio.create_task(_fly(dispatcher, listing, progress, book, lanes)))
            if (page := next(book.ready(), None)) is None:
                if flying:
                    await asyncio.wait(flying, timeout=pace.until_next, return_when=asyncio.FIRST_COMPLETED)
            else:
                rows: Page = page.cut(0, left)
                with pace.consuming():
                    yield rows
                if left is not None:
                    left -= len(rows)
                    book.wanted = left
                    if left <= 0:
                        return
                await asyncio.sleep(0)  # a consumer that never waits would let no answer in
            done = {task for task in flying if task.done()}
            flying -= done
            for task in done:
                task.result()
    finally:
        await cancelled(flying)


class _Pace:
    """How many batches should be under way: so many that the consumer need not wait, within concurrency and memory."""

    def __init__(self, dispatcher: Dispatcher, method: str) -> None:
        self._dispatcher = dispatcher
        self._method = method
        self.hurry = dispatcher.expected(method) * min(PAGES_PER_BATCH, dispatcher.fits(method)) > _SLOW_BATCH
        """Whether the portal is so slow that time counts for more than a request."""
        self._page = 0.0  # seconds that the consumer takes for a page, reading its rows included
        self._pages = 0
        self._spacing = 0.0  # seconds from one batch to the next
        self._left_at = -math.inf
        self._at_once = _AT_ONCE

    def set(self, book: LaneBook) -> None:
        """Tells *book* how far to go ahead."""
        dispatcher = self._dispatcher
        batch = dispatcher.expected(self._method) * book.batch_pages
        consume = self._page * book.batch_pages
        needed = dispatcher.concurrency if not consume else 2 + math.ceil(batch / consume)
        book.ahead = max(1, min(needed, dispatcher.concurrency))
        book.hurry = self.hurry
        # Batches that leave together come together, and all but one wait in memory: they leave as they are consumed.
        # Before anything is known of that: in a stream, so that as many as may are under way when the first one comes.
        unknown = math.inf if isinstance(book, EvenBook) else 0.0
        self._spacing = min(_SPACING * consume or unknown, batch / book.ahead) if book.hurry else 0.0
        self._at_once = 1 if isinstance(book, EvenBook) else _AT_ONCE
        size = dispatcher.bytes_per_command(self._method)
        most = _BYTES_COMING if book.hurry else _BYTES_WAITING
        book.most_waiting = max(2 * book.batch_pages, int(most / size)) if size else None

    def may_leave(self, flying: int) -> bool:
        """Whether the next batch may leave now, beside so many."""
        return flying < self._at_once or self.until_next is None

    @property
    def until_next(self) -> float | None:
        """Seconds until the next batch may leave; None for now."""
        wait = self._left_at + self._spacing - self._dispatcher.now()
        return wait if wait > _ROUNDING else None

    def left(self) -> None:
        """A batch leaves now."""
        self._left_at = self._dispatcher.now()

    @contextmanager
    def consuming(self) -> Generator[None]:
        """Measures how long the consumer takes for a page."""
        since = self._dispatcher.now()
        try:
            yield
        finally:
            seconds = self._dispatcher.now() - since
            self._pages += 1
            if self._pages <= _COLD:
                self._page = min(self._page or seconds, seconds)
            else:
                self._page += (seconds - self._page) / 50


async def _fly(dispatcher: Dispatcher, listing: Listing, progress: Progress, book: LaneBook, lanes: list[Lane]) -> None:
    """One batch of lanes: asks, checks, books."""
    size = book.page_size

    async def one(lane: Lane) -> None:
        if lane.both_ends and isinstance(book, EvenBook):
            await _look(dispatcher, listing, progress, book, lane)
            return
        commands = list(chain(listing, **_span(listing, lane.low, lane.high), pages=lane.pages, page_size=size))
        outcomes = await dispatcher.run_chain(commands, parser=progress.parser)
        part = _Chain(progress, outcomes, lane.low, lane.high, size)
        if part.last is None and not part.short:
            assert part.error is not None
            progress.fail(part.error)
        book.settle(lane, part.pages, part.rows, part.first, part.last, whole=part.short)

    tasks = [asyncio.create_task(one(lane)) for lane in lanes]
    try:
        await asyncio.gather(*tasks)
    finally:
        await cancelled(tasks)
    book.landed()


async def _look(dispatcher: Dispatcher, listing: Listing, progress: Progress, book: EvenBook, lane: Lane) -> None:
    """The first and the last page of a stretch: asks, checks, books."""
    low, high = lane.low, lane.high
    span = _span(listing, low, high)
    outcomes = await asyncio.gather(
        dispatcher.run(listing.command(**span), parser=progress.parser),
        dispatcher.run(listing.command(**span, descending=not listing.descending), parser=progress.parser),
    )
    begin = _Chain(progress, outcomes[:1], low, high, book.page_size)
    end = _Chain(progress, outcomes[1:], low, high, book.page_size, backwards=True)
    for part in (begin, end):
        if part.error is not None:
            progress.fail(part.error)
    book.settle(lane, begin.pages, begin.rows, begin.first, begin.last, whole=begin.short)
    if begin.short or begin.last is None or high - begin.last <= 1:
        return
    page = end.pages[0] if end.pages else Page([], [])
    new = sum(1 for key in page.ids if progress.position(key) > begin.last)
    whole = new < book.page_size  # the rest of that page was on the first one, or there was none
    if not new:
        book.settle_end(lane, (), 0, None, None, whole=whole)
        return
    page = page.cut(len(page) - new, None)
    book.settle_end(lane, (page,), new, progress.position(page.ids[0]), end.last, whole=whole)
