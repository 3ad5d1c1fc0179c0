"""Follows a plan: pages of raw rows, in order, each row once, or an honest error."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

from b24orm.compiler import Bounds, Listing
from b24orm.engine.counted import AHEAD, in_order, read_counted
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.keyset import read_chain, read_keyset, read_sequential
from b24orm.engine.rows import Progress, Rows
from b24orm.plan import Plan, plan_list

__all__ = ["read"]

OnTotal = Callable[[int], None]


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
            return read_counted(dispatcher, listing, progress, on_total)
        case "offset":
            return _from_offset(dispatcher, listing, progress, on_total)
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
        progress.asked_for(rows)
        rows = rows[: listing.limit]
    yield rows


async def _from_offset(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: OnTotal | None
) -> AsyncGenerator[Rows]:
    """A window by id: one counted page finds its first row, the rest is read by id, so that no row can slip away."""
    size = listing.paging.size
    begin = listing.offset // size * size
    outcome = await dispatcher.run(listing.command(start=begin, ids=listing.ids))
    if outcome.response is None:
        progress.fail(outcome)
    total = outcome.response.total
    if total is not None and begin >= total:
        return  # past the end, classic lists answer with their first page again
    rows = progress.page(outcome.response.result)
    last = progress.check(rows, *progress.own_bounds())
    skip, limit = listing.offset - begin, listing.limit
    if on_total is not None and total is not None:
        on_total(max(0, total - listing.offset) if limit is None else min(limit, max(0, total - listing.offset)))
    page = rows[skip : None if limit is None else skip + limit]
    yield page
    left = None if limit is None else limit - len(page)
    if last is None or left == 0 or (len(rows) < size and (total is None or begin + len(rows) >= total)):
        return
    if len(rows) < size and skip > len(rows):
        progress.stop(f"{listing.method} sent a page of {len(rows)} rows, so that row {listing.offset} cannot be found")
    key = -last if listing.descending else last
    behind = Bounds(below=key) if listing.descending else Bounds(above=key)
    rest = replace(listing, offset=0, limit=left, bounds=listing.bounds.narrowed(behind))
    if rest.bounds.empty:
        return
    plan = plan_list(rest)
    progress.go_on_with(rest)
    async with aclosing(_pages(dispatcher, plan, rest, progress, None)) as pages:
        async for page in pages:
            yield page


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
    # A window needs as many chunks as it has rows, and more only if ids are missing.
    ahead = AHEAD if left is None else min(AHEAD, -(-(skip + left) // size))
    commands = (listing.command(ids=chunk) for chunk in chunks)
    async with aclosing(in_order(dispatcher, commands, ahead)) as outcomes:
        last: int | None = None
        number = 0
        async for outcome in outcomes:
            if outcome.response is None:
                progress.fail(outcome)
            rows = progress.page(outcome.response.result)
            last = progress.check(rows, last, None) or last
            progress.asked_for(rows)
            number += 1
            rows, skip = rows[skip:], max(0, skip - len(rows))
            if left is not None:
                rows = rows[:left]
                left -= len(rows)
            yield rows
            if left == 0:
                return
