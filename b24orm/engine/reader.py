"""Follows a plan: pages of rows, streamed in order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from b24orm.command import RowFormat
from b24orm.compiler import Listing
from b24orm.engine.counted import AHEAD, in_order, page_at, read_counted
from b24orm.engine.cursor import read_cursor
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.keyset import behind, read_chain, read_keyset, read_sequential
from b24orm.engine.pages import read_pages
from b24orm.engine.rows import Progress
from b24orm.errors import TransportError
from b24orm.plan import Plan, plan_list
from b24orm.transport import Page

__all__ = ["read"]

OnTotal = Callable[[int], None]


async def read(
    dispatcher: Dispatcher, plan: Plan, format: RowFormat, *, on_total: OnTotal | None = None
) -> AsyncGenerator[list[Any]]:
    """Pages of rows, as *plan* says; none is empty.

    Args:
        format: how rows are wanted.
        on_total: is told how many rows match, as soon as that is known. For lists that are not counted anyway
            this costs one more command.

    Raises:
        IncompleteResult: rows were handed out, and the rest cannot be had.
        InvalidRow: the next row holds a value that its field cannot hold.
        PortalError, TransportError: nothing could be read at all.
    """
    listing = plan.listing
    if listing is None or plan.strategy == "nothing":
        return
    progress = Progress(listing, format)
    async with aclosing(_pages(dispatcher, plan, listing, progress, on_total)) as pages:
        async for page in pages:
            if len(page):
                try:
                    rows = page.rows
                except TransportError as error:  # bytes that waited are no text
                    if progress.rows == 0:
                        raise
                    progress.stop(f"a page of {progress.method} cannot be read: {error}", error)
                dispatcher.stats.rows += len(page)
                progress.handed(page)
                yield rows


def _pages(
    dispatcher: Dispatcher, plan: Plan, listing: Listing, progress: Progress, on_total: OnTotal | None
) -> AsyncGenerator[Page]:
    match plan.strategy:
        case "keyset":
            return read_keyset(dispatcher, listing, progress, on_total)
        case "chain":
            return read_chain(dispatcher, plan.first, listing, progress)
        case "sequential":
            return read_sequential(dispatcher, listing, progress)
        case "pages":
            return read_pages(dispatcher, listing, progress)
        case "cursor":
            return read_cursor(dispatcher, listing, progress)
        case "by ids":
            return _by_ids(dispatcher, listing, progress, on_total)
        case "counted":
            return read_counted(dispatcher, listing, progress, on_total)
        case "offset":
            return _from_offset(dispatcher, listing, progress, on_total)
        case "one page":
            return _one_page(dispatcher, plan, listing, progress)
        case _:
            return _whole(dispatcher, plan, progress)


async def _whole(dispatcher: Dispatcher, plan: Plan, progress: Progress) -> AsyncGenerator[Page]:
    """One command answers all, or says that there is more."""
    outcome = await dispatcher.run(plan.first[0], parser=progress.parser)
    page = progress.page(outcome)
    yield page
    response = outcome.response
    # Some methods of the kind tell a total of 0, whatever they send.
    if response is not None and (response.next is not None or (response.total or 0) > len(page)):
        progress.stop(f"{progress.method} should answer all rows at once, but has more than the {len(page)} it sent")


async def _one_page(dispatcher: Dispatcher, plan: Plan, listing: Listing, progress: Progress) -> AsyncGenerator[Page]:
    """One command answers all that is wanted, unless the portal's pages turn out to be shorter than documented."""
    sizes, method = dispatcher.page_sizes, listing.method
    page = progress.page(await dispatcher.run(plan.first[0], parser=progress.parser))
    sizes.saw(method, len(page))
    last = progress.check(page, *progress.own_bounds()) if listing.by_id else None
    progress.asked_for(page)
    yield page.cut(0, listing.limit)
    left = (listing.limit or 0) - len(page)
    if left <= 0 or sizes.ends(method, len(page)):
        return
    if last is not None:
        following = behind(listing, progress, last, left)
        progress.go_on_with(following)
        rest = read_chain(dispatcher, (), following, progress)
    else:  # another order: the rest is found by offset
        total = await _total(dispatcher, listing, progress)
        if total is None or total <= len(page):
            return
        sizes.more_followed(method, len(page))
        rest = read_counted(dispatcher, listing.windowed(len(page), left), progress, None)
    async with aclosing(rest) as pages:
        async for page in pages:
            yield page


async def _total(dispatcher: Dispatcher, listing: Listing, progress: Progress) -> int | None:
    command = listing.command(start=0, ids=listing.ids, select=(listing.id_wire,) if listing.select else None)
    outcome = await dispatcher.run(command, parser=progress.parser)
    if outcome.response is None:
        progress.fail(outcome)
    return outcome.response.total


async def _from_offset(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: OnTotal | None
) -> AsyncGenerator[Page]:
    """A window by id: one counted page finds its first row, the rest is read by id, so that no row can slip away."""
    begin, found, response = await page_at(dispatcher, listing, progress, listing.offset)
    total = response.total
    if total is not None and begin >= total:
        return  # past the end, classic lists answer with their first page again
    last = progress.check(found, *progress.own_bounds())
    skip, limit = listing.offset - begin, listing.limit
    if on_total is not None and total is not None:
        on_total(max(0, total - listing.offset) if limit is None else min(limit, max(0, total - listing.offset)))
    page = found.cut(skip, None if limit is None else skip + limit)
    yield page
    left = None if limit is None else limit - len(page)
    size = dispatcher.page_sizes.size(listing.method, listing.paging.size)
    if last is None or left == 0 or (len(found) < size and (total is None or begin + len(found) >= total)):
        return
    if len(found) < size and skip > len(found):
        progress.stop(f"{listing.method} sent a page of {len(found)} rows, so that row {listing.offset} is not found")
    rest = behind(listing, progress, last, left)
    if rest.bounds.empty:
        return
    progress.go_on_with(rest)
    async with aclosing(_pages(dispatcher, plan_list(rest), rest, progress, None)) as pages:
        async for page in pages:
            yield page


async def _by_ids(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, on_total: OnTotal | None
) -> AsyncGenerator[Page]:
    """Pages of named ids. Each page holds what is left of its ids, so that no row can be missed."""
    ids = listing.ids or ()
    sizes, method = dispatcher.page_sizes, listing.sizes_key
    wanted = ids[::-1] if listing.descending else ids
    size = min(listing.paging.size, sizes.size(method, listing.paging.size))
    if on_total is not None:
        on_total(len(wanted))
    chunks = [wanted[i : i + size] for i in range(0, len(wanted), size)]
    skip, left = listing.offset, listing.limit
    # A window needs as many chunks as it has rows, and more only if ids are missing.
    ahead = AHEAD if left is None else min(AHEAD, -(-(skip + left) // size))
    # Counted: of so few rows that costs nothing, and shows whether the page holds all of them.
    commands = (listing.command(start=0, ids=chunk) for chunk in chunks)
    async with aclosing(in_order(dispatcher, commands, ahead, parser=progress.parser)) as outcomes:
        last: int | None = None
        number = 0
        async for outcome in outcomes:
            chunk = chunks[number]
            number += 1
            page = progress.page(outcome)
            while True:
                sizes.saw(method, len(page))
                last = progress.check(page, last, None) or last
                progress.asked_for(page)
                rest = chunk[chunk.index(page.ids[-1]) + 1 :] if len(page) else ()
                part = page.cut(skip, None)
                skip = max(0, skip - len(page))
                part = part.cut(0, left)
                left = None if left is None else left - len(part)
                yield part
                if left == 0:
                    return
                total = None if outcome.response is None else outcome.response.total
                if not rest or (sizes.ends(method, len(page)) if total is None else total <= len(page)):
                    break
                # Ids behind the last row did not come: the portal's pages are shorter than documented.
                sizes.more_followed(method, len(page))
                outcome = await dispatcher.run(listing.command(start=0, ids=rest), parser=progress.parser)
                page = progress.page(outcome)
                if not len(page):
                    break
