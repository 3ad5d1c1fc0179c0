"""`Condition` and `Q`: the filter as the user wrote it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from typing_extensions import override

from b24orm.query.lookups import Lookup, split_lookup

__all__ = ["Condition", "Q"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: field, lookup, value.

    ``or_empty`` marks a comparison that came out of a negation: rows without a value match it too, because
    ``not (x > 5)`` holds for a row that has no x at all.
    """

    field: str
    lookup: Lookup
    value: Any
    or_empty: bool = False

    def with_value(self, value: Any) -> Condition:
        """The same condition about another value."""
        return replace(self, value=value)

    @override
    def __repr__(self) -> str:
        suffix = "" if self.lookup == "exact" else f"__{self.lookup}"
        return f"{self.field}{suffix}={self.value!r}" + (" or empty" if self.or_empty else "")


class Q:
    """A filter: conditions joined by ``&`` (and), ``|`` (or) and ``~`` (not).

    ``Q(stage_id="NEW", opportunity__gte=1000)`` joins its conditions by "and", as do positional ones::

        Q(stage_id="NEW") | ~Q(title__contains="test")

    Comparisons of model columns give a `Q` too: ``Deal.opportunity >= 1000``.
    """

    __slots__ = ("children", "connector", "negated")

    children: tuple[Q | Condition, ...]
    connector: Literal["AND", "OR"]
    negated: bool

    def __init__(self, *children: Q | Condition, **lookups: Any) -> None:
        for child in children:
            if not isinstance(child, Q | Condition):
                raise TypeError(f"Q takes conditions such as Deal.id > 5 or Q(id__gt=5), not {type(child).__name__}")
        named = tuple(Condition(*split_lookup(key), value) for key, value in lookups.items())
        self._set((*children, *named), "AND", negated=False)

    def _set(self, children: tuple[Q | Condition, ...], connector: Literal["AND", "OR"], *, negated: bool) -> None:
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "connector", connector)
        object.__setattr__(self, "negated", negated)

    @classmethod
    def join(
        cls, children: tuple[Q | Condition, ...], connector: Literal["AND", "OR"], *, negated: bool = False
    ) -> Self:
        """A filter of ready *children*."""
        new = cls.__new__(cls)
        new._set(children, connector, negated=negated)
        return new

    def _join(self, other: Q, connector: Literal["AND", "OR"]) -> Q:
        parts: list[Q | Condition] = []
        for side in (self, other):
            flat = not side.negated and (side.connector == connector or len(side.children) == 1)
            parts.extend(side.children if flat else (side,))
        return self.join(tuple(parts), connector, negated=False)

    def __and__(self, other: Q) -> Q:
        return self._join(other, "AND") if isinstance(other, Q) else NotImplemented

    def __or__(self, other: Q) -> Q:
        return self._join(other, "OR") if isinstance(other, Q) else NotImplemented

    def __invert__(self) -> Q:
        return self.join(self.children, self.connector, negated=not self.negated)

    def __bool__(self) -> bool:
        raise TypeError("a filter has no truth value: join filters with & | ~, not with and / or / not")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Q is immutable")

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Q):
            return NotImplemented
        return (self.children, self.connector, self.negated) == (other.children, other.connector, other.negated)

    @override
    def __hash__(self) -> int:
        return hash((repr(self.children), self.connector, self.negated))

    @override
    def __repr__(self) -> str:
        mark = " & " if self.connector == "AND" else " | "
        body = mark.join(f"({c!r})" if isinstance(c, Q) else repr(c) for c in self.children)
        return f"~Q({body})" if self.negated else f"Q({body})"
