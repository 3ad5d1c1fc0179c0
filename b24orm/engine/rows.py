"""Pages of rows out of answers, and the proof that a page is what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

from b24orm.command import Outcome, RowFormat
from b24orm.compiler import Listing
from b24orm.errors import B24OrmError, IncompleteResult, ResumePoint, TransportError
from b24orm.narrow import is_list, is_mapping
from b24orm.transport import Page, parser_for

__all__ = ["Progress", "RawRows", "rows_of"]


class RawRows:
    """Rows as JSON has them: the format of the raw API.

    Args:
        id_wire: name of the id in the rows, "" if they have none that is known.
    """

    row_schema = None

    def __init__(self, id_wire: str) -> None:
        self._id_wire = id_wire

    def key(self, row: Any) -> int:
        """The id of a row."""
        return int(row[self._id_wire])

    def from_python(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
        """The rows themselves."""
        return list(rows)


def rows_of(listing: Listing, result: Any) -> list[dict[str, Any]]:
    """The rows of one page.

    Raises:
        TransportError: the answer does not have the documented shape.
    """
    found: Any = result
    if listing.rows_path == "?":
        found = _only_list(result)
    elif listing.rows_path and is_mapping(result):
        found = result.get(listing.rows_path)
    if is_mapping(found):  # PHP makes a map of a list with holes
        found = list(found.values())
    if not is_list(found) or not all(is_mapping(row) for row in found):
        raise TransportError(f"{listing.method} answered something that is not a list of rows")
    return found


def _only_list(result: Any) -> Any:
    """The one list in an answer whose shape no schema tells."""
    if is_mapping(result):
        lists = [value for value in result.values() if is_list(value)]
        return lists[0] if len(lists) == 1 else None
    return result


class Progress:
    """How far a list has come: reads its pages, checks them, and turns errors into an honest `IncompleteResult`.

    Args:
        listing: what is read.
        format: how its rows are wanted.
    """

    def __init__(self, listing: Listing, format: RowFormat) -> None:
        self._listing = listing
        self._format = format
        self.parser = parser_for(format, listing.rows_path, listing.id_wire)
        self.rows = 0
        self.last: int | None = None

    @property
    def method(self) -> str:
        """The method that is read, for messages."""
        return self._listing.method

    def go_on_with(self, listing: Listing) -> None:
        """The rest of the same list is read as *listing*."""
        self._listing = listing

    def page(self, outcome: Outcome) -> Page:
        """The page in *outcome*.

        Raises:
            IncompleteResult: there is none, or it has not the documented shape, and rows were handed out before.
            PortalError, TransportError: the same, before any row was handed out.
        """
        if outcome.response is None:
            self.fail(outcome)
        result = outcome.response.result
        if isinstance(result, Page):
            return result
        try:
            raw = rows_of(self._listing, result)
        except TransportError as error:
            if self.rows == 0:
                raise
            self.stop(str(error), error)
        ids: list[int] = []
        if self._listing.id_wire:
            try:
                ids = [self._listing.key_of(row) for row in raw]
            except (KeyError, TypeError, ValueError):
                self.stop(f"{self._listing.method} sent a row without a usable {self._listing.id_wire!r}")
        read = partial(self._format.from_python, raw)
        # Read when it is handed out: an odd value stops the list there, and not the rows before it.
        return Page(ids, promise=read) if ids else Page(ids, read())

    def position(self, key: int) -> int:
        """The place of the row with id *key* in reading order: the id, negated when reading down."""
        return -key if self._listing.descending else key

    def own_bounds(self) -> tuple[int | None, int | None]:
        """The user's own bounds on the id as positions, both excluded."""
        above, below = self._listing.bounds.above, self._listing.bounds.below
        if self._listing.descending:
            return (None if below is None else -below), (None if above is None else -above)
        return above, below

    def asked_for(self, page: Page) -> None:
        """No id of *page*, in whatever order, may lie outside what the list asks for.

        Raises:
            IncompleteResult: one does: the portal ignores the id filter, and what else it ignores cannot be known.
        """
        listing = self._listing
        low, high = listing.bounds.above, listing.bounds.below
        wanted = None if listing.ids is None else frozenset(listing.ids)
        for key in page.ids:
            outside = (low is not None and key <= low) or (high is not None and key >= high)
            if outside or (wanted is not None and key not in wanted):
                self.stop(f"the portal ignores the id filter of {listing.method}: id {key} was not asked for")

    def check(self, page: Page, low: int | None, high: int | None) -> int | None:
        """The position of the last row of *page*; its rows must ascend and lie between *low* and *high* (excluded).

        Raises:
            IncompleteResult: they do not, so the portal does not read by id as asked and going on could lose or
            repeat rows.
        """
        last = low
        descending = self._listing.descending
        for key in page.ids:
            here = -key if descending else key
            if (last is not None and here <= last) or (high is not None and here >= high):
                self.stop(f"the portal ignores the id filter or the order of {self._listing.method}")
            last = here
        return last if page.ids else None

    def handed(self, page: Page) -> None:
        """Books *page* as handed out."""
        self.rows += len(page)
        if page.ids and self._listing.by_id:
            self.last = page.ids[-1]

    def stop(self, reason: str, cause: BaseException | None = None) -> NoReturn:
        """Raises `IncompleteResult` with how far the list has come."""
        if self._listing.by_id and self._listing.id_wire:
            point = None if self.last is None else ResumePoint(self.last, rows=self.rows)
        else:
            point = ResumePoint(self.rows, rows=self.rows, by="offset") if self.rows else None
        raise IncompleteResult(reason, rows_so_far=self.rows, resume_point=point) from cause

    def fail(self, outcome: Outcome) -> NoReturn:
        """Raises the error of *outcome*: as it is if nothing was handed out yet, else as an incomplete list."""
        error = outcome.error or B24OrmError(f"{self._listing.method} was {outcome.status}")
        if self.rows == 0:
            raise error
        self.stop(str(error), error)
