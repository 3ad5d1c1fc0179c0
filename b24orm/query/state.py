"""`Query`: everything a queryset was told, frozen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from b24orm.errors import QueryError, ResumePoint
from b24orm.query.logic import Node, normalize
from b24orm.query.tree import Across, Q

__all__ = ["Order", "Query"]


@dataclass(frozen=True, slots=True)
class Order:
    """One order key."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A query: filter, projection, order and window.

    Attributes:
        where: filters, joined by "and".
        select: attribute names to load; None means all documented fields.
        order: order keys; empty means ascending id.
        offset: rows to skip.
        limit: rows to hand out at most; None means all.
        after: the id behind which to go on, in the direction of the order; None means from the beginning.
    """

    where: tuple[Q, ...] = ()
    select: tuple[str, ...] | None = None
    order: tuple[Order, ...] = ()
    offset: int = 0
    limit: int | None = None
    after: int | None = None

    @property
    def node(self) -> Node:
        """The filter without negations."""
        return normalize(Q(*self.where))

    @property
    def crosses(self) -> bool:
        """Whether a condition is about rows that a relation leads to."""
        return any(map(_crosses, self.where))

    @property
    def sliced(self) -> bool:
        """Whether a window is set, after which filters and order may not change any more."""
        return self.offset > 0 or self.limit is not None

    @property
    def by_id(self) -> bool:
        """Whether rows come in the order of their ids."""
        return not self.order or self.order[0].field == "id"

    def resumed(self, point: int) -> Query:
        """What is left of the query at the point *point* where it broke off: an id, or an offset for other orders.

        Raises:
            QueryError: the point does not tell what is needed: how many rows came before it, or what it counts.
        """
        rows = point.rows if isinstance(point, ResumePoint) else None
        by = point.by if isinstance(point, ResumePoint) else ("id" if self.by_id else "offset")
        if (by == "id") != self.by_id:
            raise QueryError(f"this point is an {by}, but the queryset is {'' if self.by_id else 'not '}read by id")
        if by == "offset":
            return self.window(int(point), None)
        if self.limit is not None and rows is None:
            raise QueryError(
                "to resume a sliced queryset, pass the error's resume_point itself: it knows the rows so far"
            )
        left = None if self.limit is None else max(0, self.limit - (rows or 0))
        return replace(self, after=int(point), offset=0, limit=left)

    def window(self, start: int | None, stop: int | None) -> Query:
        """The window ``[start:stop]`` inside the present window.

        Raises:
            QueryError: a negative bound; the portal cannot count from the end.
        """
        if (start is not None and start < 0) or (stop is not None and stop < 0):
            raise QueryError("negative slice bounds are not supported: reverse the order instead")
        begin = start or 0
        limit = None if stop is None else max(0, stop - begin)
        if self.limit is not None:
            left = max(0, self.limit - begin)
            limit = left if limit is None else min(limit, left)
        return replace(self, offset=self.offset + begin, limit=limit)


def _crosses(where: Q) -> bool:
    return any(isinstance(part, Across) or (isinstance(part, Q) and _crosses(part)) for part in where.children)
