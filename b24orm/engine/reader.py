"""Follows a plan: pages of raw rows, in order, each row once, or an honest error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from b24orm.command import Command, Outcome
from b24orm.compiler import Listing
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.keyset import read_chain, read_keyset, read_sequential
from b24orm.engine.rows import Progress, Rows
from b24orm.plan import PAGES_PER_BATCH, Plan

__all__ = ["read"]

OnTotal = Callable[[int], None]

# Pages under way at once where pages do not depend on each other: two full batches.
_AHEAD = 2 * PAGES_PER_BATCH


async def read(dispatcher: Dispatcher, plan: Plan, *, on_total: OnTotal | None = None) -> AsyncGenerator[Rows]:
    """Pages of raw rows, as *plan* says; none is empty.

    Args:
        on_total: is told how many rows match, as soon as that is known. For lists that are not counted anyway
            this costs one more command.

    Raises:
        IncompleteResult: rows were handed out, and the rest cannot be had.
        PortalError, TransportError: nothing could be read at all.
    """
    listing = plan.listing
    if listing is None or plan.strategy == "nothing":
        return
    progress = Progress(listing)
    async with aclosing(_pages(dispatcher, plan, listing, progress, on_total)) as pages:
        async for page in pages:
            if page:
                dispatcher.stats.rows += len(page)
                yield progress.handed(page)


def _pages(
    dispatcher: Dispatcher, plan: Plan, listing: Listing, progress: Progress, on_total: OnTotal | None
) -> AsyncGenerator[Rows]:
    match plan.strategy:
        case "keyset":
            return read_keyset(dispatcher, listing, progress, on_total)
        case "chain":
            return read_chain(dispatcher, plan, listing, progress)
        case "sequential":
            return read_sequential(dispatcher, listing, progress)
        case "by ids":
            return _by_ids(dispatcher, listing, progress, on_total)
        case "counted":
            return _counted(dispatcher, listing, progress, on_total)
        case _:
            return _single(dispatcher, plan, listing, progress)


async def _single(dispatcher: Dispatcher, plan: Plan, listing: Listing, progress: Progress) -> AsyncGenerator[Rows]:
    """One command answers all."""
    outcome = await dispatcher.run(plan.first[0])
    if outcome.response is None:
        progress.fail(outcome)
    rows = progress.page(outcome.response.result)
    if plan.strategy == "one page":
        if listing.by_id:
            progress.check(rows, *progress.own_bounds())
        rows = rows[: listing.limit]
    yield rows


async def _in_order(dispatcher: Dispatcher, commands: Iterable[Command]) -> AsyncGenerator[Outcome]:
    """Outcomes of independent commands in their own order, a bounded number of them under way."""
    source = iter(commands)
    flying: list[asyncio.Task[Outcome]] = []
    try:
        while True:
            while len(flying) < _AHEAD and (command := next(source, None)) is not None:
                flying.append(asyncio.create_task(dispatcher.run(command)))
            if not flying:
                return
            yield await flying[0]
            del flying[0]
    finally:
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)


async def _by_ids(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: OnTotal | None
) -> AsyncGenerator[Rows]:
    """Pages of named ids. Each page holds what is left of its ids, so that no row can be missed."""
    ids = listing.ids or ()
    wanted = ids[::-1] if listing.descending else ids
    size = listing.paging.size
    if on_total is not None:
        on_total(len(wanted))
    chunks = [wanted[i : i + size] for i in range(0, len(wanted), size)]
    skip, left = listing.offset, listing.limit
    async with aclosing(_in_order(dispatcher, (listing.command(ids=chunk) for chunk in chunks))) as outcomes:
        last: int | None = None
        number = 0
        async for outcome in outcomes:
            if outcome.response is None:
                progress.fail(outcome)
            rows = progress.page(outcome.response.result)
            last = progress.check(rows, last, None) or last
            asked = set(chunks[number])
            if any(listing.key_of(row) not in asked for row in rows):
                progress.stop(f"{listing.method} answered with ids that were not asked for")
            number += 1
            rows, skip = rows[skip:], max(0, skip - len(rows))
            if left is not None:
                rows = rows[:left]
                left -= len(rows)
            yield rows
            if left == 0:
                return


async def _counted(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: OnTotal | None
) -> AsyncGenerator[Rows]:
    """Pages by offset. The first one tells the total; every other must agree with it, or rows moved while reading."""
    size = listing.paging.size
    begin = listing.offset // size * size
    first = await dispatcher.run(listing.command(start=begin, ids=listing.ids))
    if first.response is None:
        progress.fail(first)
    rows = progress.page(first.response.result)
    total = first.response.total
    end = None if listing.limit is None else listing.offset + listing.limit
    if begin and total is not None and begin >= total:
        return  # past the end, classic lists answer with their first page again
    if on_total is not None and total is not None:
        on_total(max(0, (total if end is None else min(total, end)) - listing.offset))
    seen: set[int] = set()
    yield _fresh(listing, progress, rows, seen)[listing.offset - begin : None if end is None else end - begin]
    stop = _last_offset(total, first.response.next, begin, end)
    if total is None or total < begin + len(rows):
        async for page in _uncounted(dispatcher, listing, progress, begin, first, end, seen):
            yield page
        return
    if begin == 0 and first.response.next is not None and first.response.next > 0:
        size = first.response.next  # the page size that the method really has
    if len(rows) < min(size, total - begin):
        progress.stop(f"{listing.method} promised {total} rows and sent a page of {len(rows)}")
    starts = range(begin + size, stop, size)
    number = 0
    async with aclosing(
        _in_order(dispatcher, (listing.command(start=start, ids=listing.ids) for start in starts))
    ) as outcomes:
        async for outcome in outcomes:
            start = starts[number]
            number += 1
            if outcome.response is None:
                progress.fail(outcome)
            rows = progress.page(outcome.response.result)
            if outcome.response.total != total or len(rows) != min(size, total - start):
                progress.stop(
                    f"rows came or went while {listing.method} was read by pages: "
                    f"{total} rows at first, now {outcome.response.total}"
                )
            yield _fresh(listing, progress, rows, seen)[: None if end is None else end - start]


def _last_offset(total: int | None, following: int | None, begin: int, end: int | None) -> int:
    last = total if total is not None else (begin if following is None else following)
    return last if end is None else min(last, end)


def _fresh(listing: Listing, progress: Progress, rows: Rows, seen: set[int]) -> Rows:
    """*rows*, none of which may have come before: a row that comes twice hides one that does not come at all."""
    if not listing.id_wire:
        return rows
    for row in rows:
        key = progress.position(row)
        if key in seen:
            progress.stop(f"row {abs(key)} came twice: rows moved while {listing.method} was read by pages")
        seen.add(key)
    return rows


async def _uncounted(
    dispatcher: Dispatcher,
    listing: Listing,
    progress: Progress,
    begin: int,
    first: Outcome,
    end: int | None,
    seen: set[int],
) -> AsyncGenerator[Rows]:
    """Pages of a method that does not tell a total: one after the other, as long as it names a next one."""
    following = first.response.next if first.response is not None else None
    while following is not None and (end is None or following < end):
        if following <= begin:
            progress.stop(f"{listing.method} names page {following} after page {begin}")
        begin = following
        outcome = await dispatcher.run(listing.command(start=begin, ids=listing.ids))
        if outcome.response is None:
            progress.fail(outcome)
        rows = progress.page(outcome.response.result)
        yield _fresh(listing, progress, rows, seen)[: None if end is None else end - begin]
        following = outcome.response.next
