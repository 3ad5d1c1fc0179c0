"""`Condition`, `Across` and `Q`: the filter as the user wrote it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from typing_extensions import override

from b24orm.narrow import is_listable
from b24orm.query.lookups import Lookup, split_path

__all__ = ["Across", "Condition", "Part", "Q"]


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

    def __post_init__(self) -> None:
        # A list may change and an iterator runs dry after its first use; a condition stays what it was.
        # Other iterables are left alone (a queryset would go and ask the portal): the compiler refuses them.
        if self.lookup in ("in", "not_in", "range") and is_listable(self.value):
            object.__setattr__(self, "value", tuple(self.value))

    def with_value(self, value: Any) -> Condition:
        """The same condition about another value."""
        return replace(self, value=value)

    @override
    def __repr__(self) -> str:
        suffix = "" if self.lookup == "exact" else f"__{self.lookup}"
        return f"{self.field}{suffix}={self.value!r}" + (" or empty" if self.or_empty else "")


@dataclass(frozen=True, slots=True)
class Across:
    """A condition on the rows that a relation leads to: one of them meets it.

    It is answered by a query of its own before the query that holds it is put into the words of the portal.

    Attributes:
        relation: name of the relation.
        where: what such a row meets: a condition, or one across a further relation; None if any row will do.
        negated: whether no such row may be there instead.
    """

    relation: str
    where: Condition | Across | None = None
    negated: bool = False

    @property
    def field(self) -> str:
        """The path to the field that is compared: ``company__industry``."""
        return self.relation if self.where is None else f"{self.relation}__{self.where.field}"

    @property
    def lookup(self) -> Lookup:
        """The lookup of the condition at the end of the path."""
        return "isnull" if self.where is None else self.where.lookup

    @override
    def __repr__(self) -> str:
        if self.where is None:
            return f"{self.relation}__isnull={self.negated}"
        return f"{self.relation}__{self.where!r}" + (" nowhere" if self.negated else "")


class Q:
    """A filter: conditions joined by ``&`` (and), ``|`` (or) and ``~`` (not).

    ``Q(stage_id="NEW", opportunity__gte=1000)`` joins its conditions by "and", as do positional ones::

        Q(stage_id="NEW") | ~Q(title__contains="test")

    Names may lead across relations: ``Q(company__industry="IT")``. They are checked by the queryset that takes them.

    Comparisons of model columns give a `Q` too: ``Deal.opportunity >= 1000``.
    """

    __slots__ = ("children", "connector", "negated")

    children: tuple[Part, ...]
    connector: Literal["AND", "OR"]
    negated: bool

    def __init__(self, *children: Part, **lookups: Any) -> None:
        for child in children:
            if not isinstance(child, Q | Condition | Across):
                raise TypeError(f"Q takes conditions such as Deal.id > 5 or Q(id__gt=5), not {type(child).__name__}")
        named = tuple(Condition(*split_path(key), value) for key, value in lookups.items())
        self._set((*children, *named), "AND", negated=False)

    def _set(self, children: tuple[Part, ...], connector: Literal["AND", "OR"], *, negated: bool) -> None:
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "connector", connector)
        object.__setattr__(self, "negated", negated)

    @classmethod
    def join(cls, children: tuple[Part, ...], connector: Literal["AND", "OR"], *, negated: bool = False) -> Self:
        """A filter of ready *children*."""
        new = cls.__new__(cls)
        new._set(children, connector, negated=negated)
        return new

    @property
    def silent(self) -> bool:
        """Whether the filter holds no condition at all, and so says nothing, negated or not."""
        return all(isinstance(child, Q) and child.silent for child in self.children)

    def _join(self, other: Q, connector: Literal["AND", "OR"]) -> Q:
        parts: list[Part] = []
        for side in (self, other):
            if side.silent:
                continue  # "Q() | Q(x=1)" is "Q(x=1)": an empty filter is where loops begin, not one that matches all
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
        # Values may be unhashable, and 1, True and Decimal(1) are equal: names and lookups tell enough apart.
        named = tuple(c if isinstance(c, Q) else (c.field, c.lookup) for c in self.children)
        return hash((named, self.connector, self.negated))

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.children, self.connector, self.negated)

    @override
    def __repr__(self) -> str:
        plain = _shown(self)
        if not self.negated:
            return plain
        return f"~({plain})" if _is_joined(self) else f"~{plain}"


Part = Q | Condition | Across
"""What a filter is made of."""


def _restored(children: tuple[Part, ...], connector: Literal["AND", "OR"], negated: bool) -> Q:
    return Q.join(children, connector, negated=negated)


def _terms(where: Q) -> list[str]:
    """The parts of *where*, each as it is written: neighbouring conditions of an "and" share one ``Q(…)``."""
    terms: list[str] = []
    named: dict[str, str] = {}

    def flush() -> None:
        if named:
            terms.append(f"Q({', '.join(named.values())})")
            named.clear()

    for child in where.children:
        if isinstance(child, Q):
            flush()
            alone = len(where.children) == 1 or not _is_joined(child) or child.negated
            terms.append(repr(child) if alone else f"({child!r})")
            continue
        key = repr(child).partition("=")[0]
        if where.connector == "OR" or key in named:
            flush()
        named[key] = repr(child)
    flush()
    return terms


def _shown(where: Q) -> str:
    return (" & " if where.connector == "AND" else " | ").join(_terms(where)) or "Q()"


def _is_joined(where: Q) -> bool:
    """Whether the filter is written with an operator between its parts, so that it needs brackets beside others."""
    if len(where.children) == 1 and isinstance(where.children[0], Q):
        return _is_joined(where.children[0])
    return len(_terms(where)) > 1
