"""Offsets, totals and the next page: what list methods share, with the differences between their families as words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from b24orm.sandbox.php import intval
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Answer, Options
from b24orm.sandbox.store import Window

__all__ = ["CLASSIC", "CONTROLLER", "DISK", "ORM", "Family", "page"]


@dataclass(frozen=True, slots=True)
class Family:
    """How a family of list methods reads ``start`` (section 6 of the behaviour notes).

    Attributes:
        floors: an offset inside a page means the page that holds it.
        wraps: past the end the family falls back to page one.
        uncounted_total: the ``total`` answered for ``start=-1``; None omits it.
        empty_total: an empty answer still has a ``total``.
        counts_always: ``start=-1`` means 0.
    """

    floors: bool
    wraps: bool
    uncounted_total: int | None
    empty_total: bool
    counts_always: bool = False


CONTROLLER = Family(floors=True, wraps=False, uncounted_total=None, empty_total=True)
CLASSIC = Family(floors=True, wraps=True, uncounted_total=0, empty_total=True)
ORM = Family(floors=False, wraps=False, uncounted_total=None, empty_total=False)
DISK = replace(ORM, counts_always=True)
"""The children of a folder."""


def page(
    family: Family,
    options: Options,
    start: Any,
    count: Callable[[], int],
    rows: Callable[[Window], Rows],
) -> tuple[Rows, Answer]:
    """Read one page: the rows, and an answer without its result. *rows* reads a window of them.

    The server itself takes ``start`` out of the parameters before the method sees them, and knows it in lower case only
    (rest.php); any other spelling means nothing.
    """
    size = options.page_size
    offset = intval(start)
    if family.counts_always:
        offset = max(0, offset)
    if offset < 0:
        found = rows(Window(size))
        return found, Answer(None, total=family.uncounted_total, rows=len(found))
    total = count()
    if family.floors:
        offset -= offset % size
    if family.wraps and offset >= total:
        offset = 0
    found = rows(Window(size, offset))
    following = offset + size
    return found, Answer(
        None,
        total=None if options.omit_total or (not len(found) and not family.empty_total) else total,
        next=following if len(found) and following < total else None,
        rows=len(found),
        # Each time: a real database remembers neither what it counted nor where an offset leads.
        counting=total * options.count_cost + min(offset, total) * options.offset_cost,
    )
