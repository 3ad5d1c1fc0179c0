"""`PageSizes`: how many rows a page of a method holds at this portal, and what proves it."""

from __future__ import annotations

__all__ = ["PageSizes"]

# No portal was ever seen with pages of a single row; `get` by a filter, which asks for two, need not doubt its answer.
_LEAST = 2


class PageSizes:
    """What the pages seen so far tell of the size of a page, method by method.

    The vendor fixes it at 50. A page that is shorter ends the list, unless the portal's pages are shorter: that is
    known only of a portal that has shown a longer one, or of a page behind which nothing comes.
    """

    def __init__(self) -> None:
        self._longest: dict[str, int] = {}
        self._exact: dict[str, int] = {}

    def size(self, method: str, documented: int) -> int:
        """Rows that a full page of *method* holds."""
        return self._exact.get(method.lower(), documented)

    def saw(self, method: str, rows: int) -> None:
        """A page of *method* held *rows*."""
        name = method.lower()
        if rows > self._longest.get(name, 0):
            self._longest[name] = rows

    def more_followed(self, method: str, rows: int) -> None:
        """A page of *method* held *rows* though more rows matched: so many make a full page."""
        if rows > 0:
            self._exact[method.lower()] = rows

    def ends(self, method: str, rows: int) -> bool:
        """Whether a page of *rows*, by what is known, is surely the last one."""
        name = method.lower()
        exact = self._exact.get(name)
        if exact is not None:
            return rows < exact
        return rows < max(_LEAST, self._longest.get(name, 0))
