"""Reading lists of REST 3.0: page after page, where nothing tells how many rows there are.

The longest page that a portal sends is its own business: it may be far shorter than the documented one, so that a page
which is shorter than what was asked for ends the list only where this portal has shown a longer one. Otherwise one more
command asks whether anything follows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from b24orm.compiler import Listing
from b24orm.engine.dispatcher import Dispatcher
from b24orm.engine.rows import Progress
from b24orm.transport import Page

__all__ = ["read_pages"]


async def read_pages(dispatcher: Dispatcher, listing: Listing, progress: Progress) -> AsyncGenerator[Page]:
    """The rows of *listing*: behind the id of the last row if it is by id, else by offset.

    Raises:
        IncompleteResult: rows moved meanwhile, or the portal does not do as it was asked.
        PortalError, TransportError: nothing could be read at all.
    """
    pages = _Pages(dispatcher, listing, progress)
    async with aclosing(pages.by_id() if listing.by_id else pages.by_offset()) as source:
        async for page in source:
            yield page


class _Pages:
    def __init__(self, dispatcher: Dispatcher, listing: Listing, progress: Progress) -> None:
        self._dispatcher = dispatcher
        self._listing = listing
        self._progress = progress
        self._left = listing.limit

    @property
    def _asked(self) -> int:
        """How many rows to ask for."""
        size = self._listing.paging.size
        return size if self._left is None else min(size, self._left)

    @property
    def _more_wanted(self) -> bool:
        return self._left is None or self._left > 0

    async def by_id(self) -> AsyncGenerator[Page]:
        """Pages behind the id of the last row."""
        listing, progress = self._listing, self._progress
        low, high = progress.own_bounds()
        start = listing.offset
        while self._more_wanted:
            asked = self._asked
            above = None if low is None else progress.position(low)
            below = None if high is None else progress.position(high)
            if listing.descending:
                above, below = below, above
            command = listing.command(above=above, below=below, start=start, rows=asked)
            page = progress.page(await self._dispatcher.run(command, parser=progress.parser))
            last = progress.check(page, low, high)
            if last is None:
                return
            low, start = last, 0
            over = self._ends(page, asked)
            yield self._wanted(page)
            if over:
                return

    async def by_offset(self) -> AsyncGenerator[Page]:
        """Pages by offset; those of longer lists are asked for again at the end, and must be what they were."""
        listing, progress = self._listing, self._progress
        offset = listing.offset
        seen: set[int] = set()
        read: list[tuple[int, int, list[int]]] = []
        while self._more_wanted:
            asked = self._asked
            command = listing.command(start=offset, rows=asked, ids=listing.ids)
            page = progress.page(await self._dispatcher.run(command))
            progress.asked_for(page)
            for key in page.ids:
                if key in seen:
                    progress.stop(f"row {key} came twice: rows moved while {listing.method} was read by pages")
                seen.add(key)
            read.append((offset, asked, page.ids))
            offset += len(page)
            over = not len(page) or self._ends(page, asked)
            yield self._wanted(page)
            if over:
                break
        if len(read) > 1:
            await self._verify(read)

    async def _verify(self, read: list[tuple[int, int, list[int]]]) -> None:
        listing, progress = self._listing, self._progress
        select = (listing.id_wire,) if listing.select else None
        for offset, asked, ids in read:
            command = listing.command(start=offset, rows=asked, ids=listing.ids, select=select)
            now = progress.page(await self._dispatcher.run(command)).ids
            if now != ids and (offset != read[-1][0] or now[: len(ids)] != ids):  # what came at the end is new
                progress.stop(f"rows came, went or moved while {listing.method} was read by pages")

    def _ends(self, page: Page, asked: int) -> bool:
        """Whether *page* is surely the last one."""
        sizes, key = self._dispatcher.page_sizes, self._listing.sizes_key
        sizes.saw(key, len(page))
        return len(page) < asked and sizes.ends(key, len(page))

    def _wanted(self, page: Page) -> Page:
        page = page.cut(0, self._left)
        self._left = None if self._left is None else self._left - len(page)
        return page
