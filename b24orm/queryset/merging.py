"""Several lists read side by side, as one: in the order of the queryset, each row once, in bounded memory."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from b24orm.compiler import Listing, find_field
from b24orm.context import PortalLike
from b24orm.errors import IncompleteResult, PortalError, ResumePoint, TransportError, UnsupportedQuery
from b24orm.plan import PAGES_PER_BATCH
from b24orm.queryset.execute import Reading, row_pages
from b24orm.schema import Kind

if TYPE_CHECKING:
    from tqdm.auto import tqdm

__all__ = ["merged", "together"]

T = TypeVar("T")

_PAGES_AT_ONCE = 2 * PAGES_PER_BATCH  # of all lists together: two batches side by side
_SORTED_ALIKE: tuple[Kind, ...] = ("int", "decimal", "bool", "date", "datetime")  # here and at the portal

Keys = Callable[[Sequence[Any]], list[Any]]
"""What rows are merged by."""


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What the coroutines of *work* give, run side by side; if one fails, the others are cancelled."""
    import asyncio  # here, since programs that only define models and queries have no event loop

    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(slots=True)
class _Down:
    """A key that sorts the other way round."""

    key: Any

    def __lt__(self, other: _Down) -> bool:
        return bool(other.key < self.key)


class _Order:
    """The order that lists are merged in.

    Raises:
        UnsupportedQuery: the portal sorts a field by rules of its own.
    """

    def __init__(self, reading: Reading, listing: Listing) -> None:
        self.by_id = listing.by_id
        entity = reading.model.__schema__()
        self.keys = tuple((key.field, key.descending) for key in reading.query.order) if listing.order else ()
        for name, _ in self.keys:
            if find_field(entity, name).kind not in _SORTED_ALIKE:
                raise UnsupportedQuery(
                    f"{entity.name}.{name}: the ids of related rows do not fit one list, and lists that the portal "
                    "sorts by text cannot be put together in its order. Leave the order out (by id), narrow the "
                    "condition across the relation, or sort the rows in Python"
                )
        down = self.keys[0][1] if self.keys else listing.descending
        self.names = tuple(dict.fromkeys((*reading.ids, *(name for name, _ in self.keys))))
        # Equal rows come by id, in the direction of the first key.
        self._down = (*(descending for _, descending in self.keys), *(down for _ in reading.ids))
        self._picked = (*(name for name, _ in self.keys), *reading.ids)

    def key(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """What a row with these *values* of the fields `names` is placed by."""
        held = dict(zip(self.names, values, strict=True))
        made: list[Any] = []
        for name, down in zip(self._picked, self._down, strict=True):
            value = held[name]
            place = (value is not None, 0 if value is None else value)  # rows without a value come first, as in MySQL
            made.append(_Down(place) if down else place)
        return tuple(made)


class _List:
    """One of the lists: what has been read of it and not been handed out, as (key, id, row)."""

    def __init__(self, reading: Reading, portal: PortalLike, order: _Order) -> None:
        self.rows: deque[tuple[Any, Any, Any]] = deque()
        self.ended = False
        self.read_at_once = 0
        self._reading = reading
        self._portal = portal
        self._order = order
        self._reader = reading.reader(portal)
        self._pages: AsyncGenerator[list[Any]] | None = None

    async def more(self, rows: int) -> None:
        """Reads on: *rows* of a list by id, about a page of another one."""
        if self._order.by_id:
            part = self._reading.narrowed(limit=rows)
            async with aclosing(row_pages(part, self._portal)) as pages:
                found = [row async for page in pages for row in page]
            self.ended = len(found) < rows
        else:
            self._pages = self._pages or row_pages(self._reading, self._portal)
            page = await anext(self._pages, None)
            found = page or []
            self.ended = page is None
        self.read_at_once = len(found)
        values = self._reader.tuples(found, self._order.names)
        for row, held in zip(found, values, strict=True):
            self.rows.append((self._order.key(held), held[0] if self._reading.ids else None, row))
        if self._order.by_id and found:
            self._reading = self._reading.narrowed(after=self.rows[-1][1])

    async def close(self) -> None:
        """Ends the reading."""
        if self._pages is not None:
            await self._pages.aclose()


async def merged(readings: Sequence[Reading], reading: Reading, portal: PortalLike) -> AsyncGenerator[list[Any]]:
    """The rows of all *readings*, as `row_pages` gives those of one, in the order and the window of *reading*.

    By id, each list is read on by some pages at a time, those of all lists in the same requests, and never by more:
    rows wait for no longer than it takes to know which one is next.

    Raises:
        IncompleteResult: rows were handed out, and the rest cannot be had.
        UnsupportedQuery: the order is one that the portal alone knows.
    """
    query = reading.query
    order = _Order(reading, readings[0].listing(readings[0].api(portal.api)))
    end = None if query.limit is None else query.offset + query.limit
    select = None if query.select is None else tuple(dict.fromkeys((*query.select, *(n for n, _ in order.keys))))
    lists = [
        _List(replace(one.narrowed(offset=0, limit=end, select=select), progress=False), portal, order)
        for one in readings
    ]
    handed = 0
    last: Any = None
    bar = _bar(reading, portal)
    try:
        async with aclosing(_rows(lists, end, by_id=order.by_id)) as pages:
            skip = query.offset
            async for page in pages:
                part, skip = page[skip:], max(0, skip - len(page))
                if part:
                    yield [row for _, _, row in part]
                    if bar is not None:
                        bar.update(len(part))
                    handed, last = handed + len(part), part[-1][1]
    except (IncompleteResult, PortalError, TransportError) as error:
        if not handed and not isinstance(error, IncompleteResult):
            raise
        point = ResumePoint(last if order.by_id else handed, rows=handed, by="id" if order.by_id else "offset")
        reason = error.reason if isinstance(error, IncompleteResult) else str(error)
        raise IncompleteResult(reason, rows_so_far=handed, resume_point=point if handed else None) from error
    finally:
        if bar is not None:
            bar.close()
        for one in lists:
            await one.close()


def _bar(reading: Reading, portal: PortalLike) -> tqdm[NoReturn] | None:
    """A progress bar, if one is wanted. Nobody knows how many rows there will be."""
    if not (portal.show_progress if reading.progress is None else reading.progress):
        return None
    from tqdm.auto import tqdm  # here, since few queries draw a bar and importing it takes time

    return tqdm(desc=reading.model.__schema__().name, unit="row")


async def _rows(lists: Sequence[_List], end: int | None, *, by_id: bool) -> AsyncGenerator[list[tuple[Any, Any, Any]]]:
    """The rows of *lists* in order, up to *end* of them, in pages of about 50."""
    size = 50
    most = max(1, min(PAGES_PER_BATCH, _PAGES_AT_ONCE // len(lists)))
    pages = max(1, min(most, PAGES_PER_BATCH // len(lists)))
    heap: list[tuple[Any, int]] = []
    without = set(range(len(lists)))  # lists whose next row is not in the heap
    seen: set[Any] = set()
    page: list[tuple[Any, Any, Any]] = []
    before: Any = None
    count = 0
    while end is None or count < end:
        if any(not lists[number].ended for number in without):
            if page:
                yield page
                page = []
            # What is about to run out is read on in the same requests.
            low = [one for one in lists if not one.ended and len(one.rows) <= one.read_at_once // 2]
            rows = pages * size if end is None else min(pages * size, end)
            await together(one.more(rows) for one in low)
            pages = min(most, 2 * pages)
        for number in without:
            if lists[number].rows:
                heapq.heappush(heap, (lists[number].rows[0][0], number))
        without.clear()
        if not heap:
            break
        _, number = heap[0]
        rows_left = lists[number].rows
        row = rows_left.popleft()
        if rows_left:
            heapq.heapreplace(heap, (rows_left[0][0], number))
        else:
            heapq.heappop(heap)
            without.add(number)
        id = row[1]
        if id is not None:  # a row may be in several lists; by id its twins follow at once
            if id == before or id in seen:
                continue
            before = id
            if not by_id:
                seen.add(id)
        page.append(row)
        count += 1
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
