"""Reading by a cursor: each page begins where the one before ended, and rows come in one direction only."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from b24orm.command import Outcome
from b24orm.compiler import Listing, batchable, json_ready
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.rows import Progress
from b24orm.narrow import is_mapping
from b24orm.plan import PAGES_PER_BATCH, chain
from b24orm.schema import Cursor
from b24orm.transport import Page

__all__ = ["read_cursor"]

# Where pages behind the end of a chain are read from the first row again, a chain is a few pages at first and then at
# most a quarter of what was read before, so that not much is read for nothing.
_FEW_PAGES = 5
_PART = 4


async def read_cursor(dispatcher: Dispatcher, listing: Listing, progress: Progress) -> AsyncGenerator[Page]:
    """The rows of *listing*, whose method leads from page to page by a position: the id of the last row, or what its
    answer names.

    The position must move with every page, and no row may come twice. Rows before the window are read and dropped.

    Raises:
        IncompleteResult: the portal repeats a page or a position, ignores it, or does not show that the list is over.
        PortalError, TransportError: nothing could be read at all.
    """
    cursor = listing.paging.cursor
    wanted = None if listing.limit is None else listing.offset + listing.limit
    if cursor is not None and cursor.next:
        source = _by_answers(dispatcher, listing, progress, cursor, wanted)
    else:
        source = _ByIds(dispatcher, listing, progress, wanted).pages()
    skip = listing.offset
    async with aclosing(source) as pages:
        async for page in pages:
            rows = page.cut(skip, None)
            skip = max(0, skip - len(page))
            if len(rows):
                yield rows


class _ByIds:
    """A list whose next page lies behind the id of its last row.

    The first page goes alone, since its rows are wanted at once; the others in chains of as many as a batch takes. A
    page that is shorter than it should be ends the list, where this portal has shown a longer one; else one more
    command asks whether anything follows.
    """

    def __init__(self, dispatcher: Dispatcher, listing: Listing, progress: Progress, wanted: int | None) -> None:
        self._dispatcher = dispatcher
        self._listing = listing
        self._progress = progress
        self._left = wanted
        self._cursor = listing.paging.cursor
        self._low, high = progress.own_bounds()
        # A cursor takes no bound but the position: where the list ends is up to us.
        self._end = None if self._cursor is None else high
        self._high = high if self._cursor is None else None
        self._chained = listing.version == 2 and batchable(json_ready(listing.command().params))
        self._pages = 0
        self._full = True  # whether the last page held as many rows as were asked for

    async def pages(self) -> AsyncGenerator[Page]:
        """Pages, the first *wanted* rows of them."""
        sizes, method = self._dispatcher.page_sizes, self._listing.sizes_key
        documented = self._listing.paging.size
        short: int | None = None  # rows of a page that was short, while it is not known whether it was the last
        while self._left is None or self._left > 0:
            size = sizes.size(method, documented)
            asked = documented if self._left is None else min(documented, self._left)
            length = 1 if short is not None else self._chain_length(size)
            outcomes = await self._ask(asked if length == 1 else documented, length, size)
            expected = min(size, asked) if length == 1 else size
            for index, outcome in enumerate(outcomes):
                if outcome.response is None and index:
                    break  # the chain broke off behind a page that is there: on from that one
                page = self._progress.page(outcome)
                last = self._progress.check(page, self._low, self._high)
                if last is None:
                    await self._prove_end()
                    return
                if short is not None:
                    sizes.more_followed(method, short)
                    short = None
                sizes.saw(method, min(len(page), documented))
                self._low, self._full = last, len(page) >= expected
                self._pages += 1
                rows = page if self._end is None else page.cut(0, self._before_end(page))
                over = len(rows) < len(page)
                rows = rows.cut(0, self._left)
                self._left = None if self._left is None else self._left - len(rows)
                yield rows
                if over:
                    return
                if not self._full:
                    if sizes.ends(method, len(page)):
                        return
                    short = len(page)
                if len(page) != size:
                    break  # what follows in a chain began behind another row than the last

    def _chain_length(self, size: int) -> int:
        """How many pages to ask for at once."""
        if not self._pages or not self._chained:
            return 1
        length = min(PAGES_PER_BATCH, self._dispatcher.fits(self._listing.method))
        if not self._listing.grammar.refuses_broken_bounds:
            length = min(length, max(_FEW_PAGES, self._pages // _PART))
        return length if self._left is None else min(length, -(-self._left // size))

    async def _ask(self, rows: int, length: int, size: int) -> Sequence[Outcome]:
        position = None if self._low is None else self._progress.position(self._low)
        above: int | None = position
        below = None if self._high is None else self._progress.position(self._high)
        if self._listing.descending:
            above, below = below, above
        parser = self._progress.parser
        if length == 1:
            return [
                await self._dispatcher.run(self._listing.command(above=above, below=below, rows=rows), parser=parser)
            ]
        commands = list(chain(self._listing, above=above, below=below, pages=length, page_size=size))
        return await self._dispatcher.run_chain(commands, parser=parser)

    def _before_end(self, page: Page) -> int:
        """How many rows of *page* lie before the end of the list."""
        return sum(1 for key in page.ids if self._end is not None and self._progress.position(key) < self._end)

    async def _prove_end(self) -> None:
        """Nothing came: stops the list if that does not show that it is over.

        Some methods find nothing behind a row that is gone, either. There, the row behind which nothing came must be
        there still; one more command asks. Behind a page that was short already, nothing was to be expected.
        """
        cursor, low = self._cursor, self._low
        if cursor is None or not cursor.exact or not cursor.back or low is None or not self._full:
            return
        key = self._progress.position(low)
        found = self._progress.page(
            await self._dispatcher.run(self._listing.witness(key), parser=self._progress.parser)
        )
        if not len(found):
            self._progress.stop(
                f"{self._listing.method} finds nothing behind id {key}, as it does where the list is over and where "
                "no row has that id"
            )


async def _by_answers(
    dispatcher: Dispatcher, listing: Listing, progress: Progress, cursor: Cursor, wanted: int | None
) -> AsyncGenerator[Page]:
    """The first *wanted* rows, where each answer names the position of the next page."""
    position: Any = None
    positions: set[str] = set()
    seen: set[int] = set()
    left = wanted
    while left is None or left > 0:
        rows = listing.paging.size if left is None else min(listing.paging.size, left)
        # Without a parser: what is needed stands beside the rows.
        outcome = await dispatcher.run(listing.command(position=position, rows=rows))
        page = progress.page(outcome)
        for key in page.ids:
            if key in seen:
                progress.stop(f"{listing.method} sent row {key} twice")
            seen.add(key)
        following, more = _next(outcome, cursor)
        page = page.cut(0, left)
        left = None if left is None else left - len(page)
        yield page
        if not more:
            return
        if following is None:
            progress.stop(f"{listing.method} says that more rows follow, but not where ({cursor.next})")
        said = json.dumps(following, sort_keys=True)
        if said in positions:
            progress.stop(f"{listing.method} names the same next page again ({cursor.next}: {said})")
        positions.add(said)
        position = following


def _next(outcome: Outcome, cursor: Cursor) -> tuple[Any, bool]:
    """The position of the next page, None if the answer names none; and whether a page follows."""
    result = None if outcome.response is None else outcome.response.result
    following = _at(result, cursor.next)
    if following in (None, "", [], {}, False):  # PHP sends an empty map as a list
        following = None
    return following, bool(_at(result, cursor.more)) if cursor.more else following is not None


def _at(result: Any, path: str) -> Any:
    found: Any = result
    for name in path.split("."):
        found = found.get(name) if is_mapping(found) else None
    return found
