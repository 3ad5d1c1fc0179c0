"""`Plan`: how one query will be fetched, and why."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from typing_extensions import override

from b24orm.command import Command
from b24orm.compiler import FIXED_ORDERS, Listing, batchable, json_ready, json_v3

__all__ = [
    "PAGES_PER_BATCH",
    "Plan",
    "Strategy",
    "chain",
    "plan_bulk",
    "plan_count",
    "plan_get",
    "plan_list",
    "plan_write",
]

# Commands of one batch (https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html).
PAGES_PER_BATCH = 50

Strategy = Literal[
    "nothing",
    "get",
    "count",
    "one page",
    "by ids",
    "chain",
    "keyset",
    "sequential",
    "pages",
    "cursor",
    "counted",
    "offset",
    "whole",
    "batch",
    "call",
    "write",
    "bulk",
    "semi-join",
    "counts",
]

_USUAL_PAGE = 50  # rows: what portals were seen to send of REST 3.0 lists, whatever was asked for

_NO_BATCH = (
    "the filter would not survive a batch "
    "(over 1000 variables, which PHP cuts off, or text that looks like a reference to another result)"
)

_chain_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is fetched.

    Attributes:
        strategy: the way of reading.
        reason: why this one, in words.
        requests: HTTP requests expected; a number where it is known beforehand, else a formula in N, the rows that
        match.
        commands: REST calls expected, likewise.
        first: the exact commands that leave first.
        listing: the query in the words of its dialect; None for a single `get`.
        parts: the plans of the queries that this one is made of, by what they ask for.
    """

    strategy: Strategy
    reason: str
    requests: str
    commands: str
    first: tuple[Command, ...] = ()
    listing: Listing | None = None
    parts: tuple[tuple[str, Plan], ...] = ()

    @override
    def __str__(self) -> str:
        lines = [
            f"strategy: {self.strategy} - {self.reason}",
            f"requests: {self.requests}",
            f"commands: {self.commands}",
        ]
        lines += [f"- {name}: {plan.strategy}, {plan.reason}" for name, plan in self.parts]
        for number, command in enumerate(self.first, 1):
            spelled = json_ready if command.version == 2 else json_v3
            method = command.method if command.version == 2 else f"REST 3.0 {command.method}"
            lines.append(f"{number}. {method} {json.dumps(spelled(command.params), ensure_ascii=False)}")
        return "\n".join(lines)


def chain(listing: Listing, *, above: int | None, below: int | None, pages: int, page_size: int) -> Iterator[Command]:
    """*pages* commands, each of which starts after the last row of the one before, all inside one batch.

    ``above`` and ``below`` bound the ids (both excluded). The last row of a full page is ``[page_size - 1]``; after
    a page that is not full the reference finds no row, and whatever comes then must be thrown away.
    """
    number = next(_chain_numbers)
    rows = f"[{listing.rows_path}]" if listing.rows_path else ""
    for index in range(pages):
        key = f"c{number}p{index}"
        if index == 0:
            yield listing.command(above=above, below=below, key=key)
            continue
        reference = f"$result[c{number}p{index - 1}]{rows}[{page_size - 1}][{listing.id_wire}]"
        if listing.descending:
            yield listing.command(above=above, below=reference, key=key)
        else:
            yield listing.command(above=reference, below=below, key=key)


_SHARED = "1, shared with whatever else is asked at the moment"


def plan_get(command: Command) -> Plan:
    """One row by its id, through the entity's own get method."""
    return Plan("get", "one row by its id", _SHARED if command.version == 2 else "1", "1", (command,))


def plan_write(command: Command | None, note: str = "") -> Plan:
    """One row written; None if there is nothing to send. The *note* says why so, where there is another way."""
    if command is None:
        return Plan("nothing", "nothing changed", "0", "0")
    again = "sent again if its answer is lost" if command.replay_safe else "never sent again once it may have run"
    if command.version == 3 and not command.replay_safe:
        again = "sent again with the same Idempotency-Key if its answer is lost and the portal knows such keys"
    reason = "; ".join(filter(None, ("one row", note, again)))
    return Plan("write", reason, _SHARED if command.version == 2 else "1", "1", (command,))


def plan_bulk(rows: int | None, first: Sequence[Command], *, reads: Plan | None = None) -> Plan:
    """Many rows written.

    Args:
        rows: how many; None if that is not known beforehand.
        first: the commands of the first request, as far as they are known.
        reads: how the ids are found, where they have to be.
    """
    requests = f"N/{PAGES_PER_BATCH}" if rows is None else str(_pages(rows, PAGES_PER_BATCH) if rows else 0)
    commands = "N" if rows is None else str(rows)
    reason = f"one command a row, {PAGES_PER_BATCH} a request, several requests under way"
    if reads is not None:
        reason = f"the ids first ({reads.strategy}: {reads.reason}); then {reason}"
        requests, commands = f"{reads.requests} + {requests}", f"{reads.commands} + {commands}"
    return Plan("bulk", reason, requests, commands, tuple(first) if reads is None else reads.first)


def plan_count(listing: Listing) -> Plan:
    """How many rows match."""
    if listing.never:
        return _nothing(listing)
    if listing.paging.mode == "whole":
        return Plan(
            "whole",
            "the method answers with all rows at once; they are counted here",
            "1",
            "1",
            (_whole(listing),),
            listing,
        )
    if listing.paging.mode == "cursor" or listing.version == 3:
        reason = f"{listing.method} tells no total: all rows are read and counted here"
        return replace(plan_list(listing), reason=reason)
    select = (listing.id_wire,) if listing.select and listing.id_wire else None
    first = listing.command(start=0, select=select, ids=listing.ids)
    return Plan("count", "the first page tells the total", "1", "1", (first,), listing)


def _nothing(listing: Listing) -> Plan:
    return Plan("nothing", "no row can match", "0", "0", (), listing)


def _whole(listing: Listing) -> Command:
    return Command(listing.method, dict(listing.fixed))


def _pages(rows: int, size: int) -> int:
    return max(1, math.ceil(rows / size))


def plan_list(listing: Listing) -> Plan:
    """The way to read *listing*: as few requests as its method allows, and every row once."""
    size = listing.paging.size
    limit = listing.limit
    if listing.never:
        return _nothing(listing)
    if listing.paging.mode == "whole":
        return Plan(
            "whole",
            "the method answers with all rows at once; filter, order and window are applied here",
            "1",
            "1",
            (_whole(listing),),
            listing,
        )
    if listing.paging.mode == "cursor":
        return _cursor(listing, size)
    if listing.ids is not None and listing.by_id:
        return _by_ids(listing, listing.ids, size)
    if listing.version == 3:
        return _v3(listing, size)
    if limit is not None and limit <= size and listing.offset == 0:
        start = -1 if listing.paging.leads_by_id else 0  # -1 means nothing good to methods that only know offsets
        first = listing.command(start=start, ids=listing.ids)
        return Plan("one page", f"{limit} rows fit on one page of {size}; no counting", "1", "1", (first,), listing)
    if not listing.by_id or listing.offset or listing.ids is not None:
        return _counted(listing, size)
    return _by_id(listing, size)


def _v3(listing: Listing, size: int) -> Plan:
    """Page after page: REST 3.0 counts nothing, and a chain of pages would fail as a whole behind the last one."""
    rows, offset = _rows(listing), listing.offset
    asked = size if listing.limit is None else min(size, listing.limit)
    first = listing.command(start=offset, rows=asked, ids=listing.ids)
    if listing.by_id:
        reason = "REST 3.0, keyset by id, page by page, a request each, until one shows that the list is over"
        if offset:
            reason += "; the first page is found by its offset"
    else:
        why = f"{listing.method} has no range of ids in its filter"
        if listing.paging.leads_by_id:
            why = "the order is not by id"
        reason = f"REST 3.0, pages by offset, as {why}; all are read again at the end, to show that no row moved"
    if listing.limit is not None and listing.limit <= _USUAL_PAGE:
        pages = "1" if listing.limit == 1 else "1, or 2 where fewer rows match"
    else:
        pages = f"1 + {rows}/{size}"
        pages += f" to 1 + {rows}/{_USUAL_PAGE}, as the portal's pages are long" if size > _USUAL_PAGE else ""
        pages = pages if listing.by_id else f"2 x ({pages})"
    return Plan("pages", reason, pages, pages, (first,), listing)


def _rows(listing: Listing) -> str:
    """How many rows a list that begins with the first one has, as a formula."""
    return "N" if listing.limit is None else f"min(N, {listing.limit})"


def _by_id(listing: Listing, size: int) -> Plan:
    """More than a page from the first row on, where ids lead from page to page."""
    limit, rows = listing.limit, _rows(listing)
    head = listing.command()
    fixed = listing.paging.order != "any"
    one_way = f"; {listing.method} takes no order and sends {FIXED_ORDERS[listing.paging.order]}" if fixed else ""
    if not batchable(json_ready(head.params)):
        reason = f"keyset by id, page by page: {_NO_BATCH}{one_way}"
        return Plan("sequential", reason, f"1 + {rows}/{size}", f"1 + {rows}/{size}", (head,), listing)
    # Where pages behind the end of a chain are read from the first row again, its length is not guessed so freely.
    if limit is not None and limit <= size * PAGES_PER_BATCH and listing.grammar.refuses_broken_bounds:
        pages = _pages(limit, size)
        first = tuple(chain(listing, above=None, below=None, pages=pages, page_size=size))
        reason = f"{limit} rows in one chain of {pages} pages by id{one_way}"
        return Plan("chain", reason, "1", str(pages), first, listing)
    if fixed:
        reason = f"keyset by id without counting, from one end, a chain of pages a batch{one_way}"
        # Where a chain that runs over the end costs rows, chains grow slowly.
        cheap = listing.grammar.refuses_broken_bounds
        requests = f"{1 if cheap else 12} + {rows}/{size * PAGES_PER_BATCH}"
        commands = f"1 + {rows}/{size}" if cheap else f"5 + 1.25 x {rows}/{size}"
        return Plan("cursor", reason, requests, commands, (head,), listing)
    tail = listing.command(descending=not listing.descending)
    direction = ", downwards," if listing.descending else ""
    reason = f"keyset by id{direction} without counting: both ends first, then lanes of up to 50 chained pages a batch"
    return Plan("keyset", reason, f"1 + {rows}/{size * PAGES_PER_BATCH}", f"2 + {rows}/{size}", (head, tail), listing)


def _cursor(listing: Listing, size: int) -> Plan:
    cursor = listing.paging.cursor
    assert cursor is not None
    wanted = None if listing.limit is None else listing.offset + listing.limit
    rows = "N" if wanted is None else f"min(N, {wanted})"
    first = listing.command(rows=None if wanted is None else min(size, wanted))
    pages = f"1 + {rows}/{size}"
    requests = pages
    if cursor.next:
        reason = f"cursor: each answer of {listing.method} names the place of the next page ({cursor.next})"
    else:
        reason = f"cursor: {listing.method} has no filter and no offsets, but reads on behind an id ({cursor.after})"
        if listing.paging.order != "any":
            reason += f", {FIXED_ORDERS[listing.paging.order]}"
        if listing.version == 3:
            reason += "; page by page"
        elif batchable(json_ready(first.params)):
            reason += "; after the first page, a chain of pages a batch"
            requests = f"1 + {rows}/{size * PAGES_PER_BATCH}"
        else:
            reason += f"; page by page: {_NO_BATCH}"
    if listing.offset:
        reason += "; the rows before the window are read and dropped"
    if wanted is not None and wanted <= size:
        requests = pages = "1"
    return Plan("cursor", reason, requests, pages, (first,), listing)


def _by_ids(listing: Listing, ids: tuple[int, ...], size: int) -> Plan:
    wanted = ids[::-1] if listing.descending else ids
    commands = _pages(len(wanted), size)
    # A page of ids may bring fewer rows than ids, so that the window is cut from the rows, not from the ids.
    first = tuple(
        listing.command(start=0, ids=wanted[i : i + size])
        for i in range(0, min(len(wanted), size * PAGES_PER_BATCH), size)
    )
    requests = _pages(commands, PAGES_PER_BATCH)
    if listing.version == 3:
        requests = commands
    return Plan("by ids", f"{len(wanted)} ids, {size} a command", str(requests), str(commands), first, listing)


def _counted(listing: Listing, size: int) -> Plan:
    first = listing.command(start=listing.offset // size * size, ids=listing.ids)
    within = listing.offset % size
    batch = size * PAGES_PER_BATCH
    rows = "(N - offset)" if listing.offset else "N"
    if listing.limit is not None:
        rows = f"min({rows.strip('()')}, {listing.limit})"
    if listing.by_id:
        reason = "one counted page finds the first row of the window, the rest is read by id"
        if listing.limit is not None and within + listing.limit <= size:
            return Plan("offset", reason, "1", "1", (first,), listing)
        return Plan("offset", reason, f"2 + {rows}/{batch}", f"2 + {rows}/{size}", (first,), listing)
    if not listing.id_wire:
        reason = f"counted pages: nothing is known of {listing.method} but that lists tell a total"
    elif not listing.paging.leads_by_id:
        reason = f"counted pages: {listing.method} has no range of ids in its filter"
    else:
        reason = "counted pages: the order is not by id, so that ids cannot lead from page to page"
    if listing.limit is not None and within + listing.limit <= size:
        return Plan("counted", reason, "1", "1", (first,), listing)
    if not listing.id_wire:
        return Plan("counted", reason, f"1 + {rows}/{batch}", f"1 + {rows}/{size}", (first,), listing)
    reason += "; all pages are read again at the end, ids only, to show that no row moved"
    if not batchable(json_ready(first.params)):
        return Plan("counted", reason, f"2 x {rows}/{size}", f"2 x {rows}/{size}", (first,), listing)
    return Plan("counted", reason, f"1 + 2 x {rows}/{batch}", f"2 x {rows}/{size}", (first,), listing)
