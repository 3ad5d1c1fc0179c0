"""From `Q` to a tree without negations: only and, or, and conditions.

Two-valued logic, as in Python and Django: a row either matches a filter or its negation. The portal speaks SQL, where
a row without a value matches neither ``x > 5`` nor its opposite; the mark ``or_empty`` on a condition tells
the compiler to ask for such rows as well.

None and the empty text are the same: no value. No dialect tells them apart, and all rows without a value come together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

from typing_extensions import override

from b24orm.query.lookups import Lookup
from b24orm.query.tree import Across, Condition, Q

__all__ = ["All", "Always", "Any_", "Never", "Node", "normalize"]


@dataclass(frozen=True, slots=True)
class All:
    """Every part must match."""

    parts: tuple[Node, ...]

    @override
    def __repr__(self) -> str:
        return f"({' & '.join(map(repr, self.parts))})"


@dataclass(frozen=True, slots=True)
class Any_:
    """At least one part must match."""

    parts: tuple[Node, ...]

    @override
    def __repr__(self) -> str:
        return f"({' | '.join(map(repr, self.parts))})"


@dataclass(frozen=True, slots=True)
class Always:
    """Every row matches."""


@dataclass(frozen=True, slots=True)
class Never:
    """No row matches: such a query needs no request."""


Node = Condition | Across | All | Any_ | Always | Never

_OPPOSITE: dict[Lookup, Lookup] = {
    "exact": "ne",
    "ne": "exact",
    "gt": "lte",
    "lte": "gt",
    "gte": "lt",
    "lt": "gte",
    "in": "not_in",
    "not_in": "in",
    "contains": "not_contains",
    "not_contains": "contains",
    "like": "not_like",
    "not_like": "like",
}
_NEGATIVE: frozenset[Lookup] = frozenset({"ne", "not_in", "not_contains", "not_like"})


def _all(parts: Iterable[Node]) -> Node:
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, Never):
            return part
        if isinstance(part, All):
            flat.extend(part.parts)
        elif not isinstance(part, Always):
            flat.append(part)
    if not flat:
        return Always()
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def _any(parts: Iterable[Node]) -> Node:
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, Always):
            return part
        if isinstance(part, Any_):
            flat.extend(part.parts)
        elif not isinstance(part, Never):
            flat.append(part)
    if not flat:
        return Never()
    return flat[0] if len(flat) == 1 else Any_(tuple(flat))


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _condition(condition: Condition, *, negated: bool) -> Node:
    field, lookup, value = condition.field, condition.lookup, condition.value
    if lookup in ("exact", "ne") and _is_empty(value):
        return Condition(field, "isnull", (lookup == "exact") is not negated)
    if lookup == "isnull":
        return Condition(field, "isnull", value is not negated)
    if lookup == "range":
        low, high = cast("tuple[Any, Any]", value)
        if negated:
            return _any((Condition(field, "lt", low, or_empty=True), Condition(field, "gt", high)))
        return _all((Condition(field, "gte", low), Condition(field, "lte", high)))
    if lookup == "startswith":
        lookup, value = "like", f"{value}%"
    elif lookup == "endswith":
        lookup, value = "like", f"%{value}"
    if negated:
        # A comparison that already lets empty rows in turns into one that keeps them out, and the other way round.
        lookup = _OPPOSITE[lookup]
        return _lists(Condition(field, lookup, value, or_empty=condition.lookup not in _NEGATIVE))
    return _lists(Condition(field, lookup, value, or_empty=lookup in _NEGATIVE))


def _lists(condition: Condition) -> Node:
    """Folds what an empty list means, and what "no value" means as one of the values of a list."""
    if condition.lookup not in ("in", "not_in"):
        return condition
    values = tuple(condition.value)
    present = tuple(v for v in values if not _is_empty(v))
    if condition.lookup == "in":
        empty: Node = Condition(condition.field, "isnull", True) if len(present) < len(values) else Never()
        return _any((condition.with_value(present) if present else Never(), empty))
    if len(present) < len(values):  # "not in [None, …]": empty rows are out
        filled = Condition(condition.field, "isnull", False)
        rest: Node = Condition(condition.field, "not_in", present) if present else Always()
        return _all((filled, rest))
    return condition.with_value(present) if present else Always()


def normalize(where: Q | Condition | Across, *, negated: bool = False) -> Node:
    """The tree of *where* without negations, constants folded: ``x in []`` is `Never`, and so on."""
    if isinstance(where, Condition):
        return _condition(where, negated=negated)
    if isinstance(where, Across):
        return replace(where, negated=where.negated is not negated)
    negated = negated is not where.negated
    # An empty Q says nothing, negated or not, as in Django: alone it matches everything, among others it is left out.
    spoken = [child for child in where.children if not isinstance(child, Q) or not child.silent]
    if not spoken:
        return Always()
    parts = [normalize(child, negated=negated) for child in spoken]
    conjunction = (where.connector == "AND") is not negated
    return _all(parts) if conjunction else _any(parts)
