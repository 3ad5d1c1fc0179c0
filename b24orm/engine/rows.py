"""Raw rows out of raw answers, and the proof that a page is what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from b24orm.command import Outcome
from b24orm.compiler import Listing
from b24orm.errors import B24OrmError, IncompleteResult, TransportError
from b24orm.narrow import is_list, is_mapping

__all__ = ["Progress", "rows_of"]

Rows = list[dict[str, Any]]


def rows_of(listing: Listing, result: Any) -> Rows:
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
    """How far a list has come: counts what is handed out and turns errors into an honest `IncompleteResult`."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self.rows = 0
        self.last: int | None = None

    def position(self, row: Mapping[str, Any]) -> int:
        """The place of *row* in reading order: its id, negated when reading down."""
        try:
            key = self._listing.key_of(row)
        except (KeyError, TypeError, ValueError):
            self.stop(f"{self._listing.method} sent a row without a usable {self._listing.id_wire!r}")
        return -key if self._listing.descending else key

    def go_on_with(self, listing: Listing) -> None:
        """The rest of the same list is read as *listing*."""
        self._listing = listing

    def page(self, result: Any) -> Rows:
        """The rows of one page.

        Raises:
            TransportError: the answer does not have the documented shape, and nothing was handed out yet.
            IncompleteResult: the same, later.
        """
        try:
            return rows_of(self._listing, result)
        except TransportError as error:
            if self.rows == 0:
                raise
            self.stop(str(error), error)

    def own_bounds(self) -> tuple[int | None, int | None]:
        """The user's own bounds on the id as positions, both excluded."""
        above, below = self._listing.bounds.above, self._listing.bounds.below
        if self._listing.descending:
            return (None if below is None else -below), (None if above is None else -above)
        return above, below

    def asked_for(self, rows: Rows) -> list[int]:
        """The ids of *rows*, in whatever order; none may lie outside what the list asks for.

        Raises:
            IncompleteResult: one does: the portal ignores the id filter, and what else it ignores cannot be known.
        """
        listing = self._listing
        low, high = listing.bounds.above, listing.bounds.below
        wanted = None if listing.ids is None else frozenset(listing.ids)
        keys = [abs(self.position(row)) for row in rows]
        for key in keys:
            outside = (low is not None and key <= low) or (high is not None and key >= high)
            if outside or (wanted is not None and key not in wanted):
                self.stop(f"the portal ignores the id filter of {listing.method}: id {key} was not asked for")
        return keys

    def check(self, rows: Rows, low: int | None, high: int | None) -> int | None:
        """The position of the last of *rows*, which must ascend and lie between *low* and *high* (both excluded).

        Raises:
            IncompleteResult: they do not, so the portal does not read by id as asked and going on could lose or
            repeat rows.
        """
        last = low
        for row in rows:
            here = self.position(row)
            if (last is not None and here <= last) or (high is not None and here >= high):
                self.stop(f"the portal ignores the id filter or the order of {self._listing.method}")
            last = here
        return last if rows else None

    def handed(self, rows: Rows) -> Rows:
        """Books *rows* as handed out."""
        self.rows += len(rows)
        if rows and self._listing.by_id and self._listing.id_wire in rows[-1]:
            self.last = self._listing.key_of(rows[-1])
        return rows

    def stop(self, reason: str, cause: BaseException | None = None) -> NoReturn:
        """Raises `IncompleteResult` with how far the list has come."""
        raise IncompleteResult(reason, rows_so_far=self.rows, resume_point=self.last) from cause

    def fail(self, outcome: Outcome) -> NoReturn:
        """Raises the error of *outcome*: as it is if nothing was handed out yet, else as an incomplete list."""
        error = outcome.error or B24OrmError(f"{self._listing.method} was {outcome.status}")
        if self.rows == 0:
            raise error
        self.stop(str(error), error)
