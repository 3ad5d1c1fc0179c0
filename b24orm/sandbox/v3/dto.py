"""The objects of REST 3.0: their fields, how they follow from the rows that the portal holds, and what may be written.

Facts: the ``*.field.list`` pages, api-reference/tasks/fields-rest-v3.md. Dates are described as ``object`` there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pydantic_core

from b24orm.sandbox.clock import read_datetime
from b24orm.sandbox.state import State

__all__ = ["Dto", "Kind", "Property", "Relation", "Row", "fits", "hold"]

Row = dict[str, Any]
"""Columns of one row, as the portal holds them."""

Kind = Literal["int", "float", "string", "bool", "DateTime", "array", "object"]
"""The type of a field, as messages name it."""

_ATOM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
_INT64 = 2**63
_TYPES: dict[Kind, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "string": (str,),
    "bool": (bool,),
    "array": (list, dict),
    "object": (dict, list),  # PHP knows no difference
}


@dataclass(frozen=True, slots=True)
class Relation:
    """A related object: its class, and its row, rows or nothing for a row of the object that has the field."""

    to: Callable[[], Dto]
    load: Callable[[State, Row], Any]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """One field of an object.

    Attributes:
        name: as it is written in requests and answers.
        column: what holds it; empty if it is computed.
        show: computes what is answered, from the columns that it *needs*.
        groups: ``add``, ``update``: the methods that require it.
        editable: whether ``update`` (and ``add``) take it; *creatable* ones are for ``add`` only.
        element: the type of the elements of an array.
        nullable: whether null can be written.
        usual: whether it is answered unless a select says otherwise.
    """

    name: str
    kind: Kind
    column: str = ""
    show: Callable[[State, Row], Any] | None = None
    needs: tuple[str, ...] = ()
    filterable: bool = False
    sortable: bool = False
    editable: bool = False
    creatable: bool = False
    groups: tuple[str, ...] = ()
    element: Kind | None = None
    nullable: bool = True
    usual: bool = True
    values: tuple[str, ...] = ()
    relation: Relation | None = None
    title: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the answer is made of."""
        return (*self.needs, *((self.column,) if self.column else ()))

    @property
    def described_type(self) -> str:
        """The type as the portal describes it."""
        if self.relation is not None:
            return "array" if self.relation.many else "object"
        return "object" if self.kind == "DateTime" else self.kind

    def shown(self, state: State, row: Row) -> Any:
        """What is answered for a row."""
        if self.show is not None:
            return self.show(state, row)
        held = row[self.column] if self.column else None
        if self.kind == "bool":
            return held == "Y"
        return pydantic_core.from_json(held or "[]") if self.kind == "array" else held


@dataclass(frozen=True)
class Dto:
    """A class of objects.

    Attributes:
        name: as messages spell it.
        table: the key of the table; empty for what is not held in one.
        always: fields that are answered whatever is selected.
    """

    name: str
    table: str
    properties: Sequence[Property]
    always: frozenset[str] = frozenset()
    by_name: dict[str, Property] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.properties})

    def some(self, names: Iterable[str]) -> list[Property]:
        """The fields of these names."""
        return [self.by_name[name] for name in names]


def fits(kind: Kind, value: Any) -> bool:
    """Whether a value from JSON is of a type. ``DateTime`` is text such as 2026-01-30T00:00:00+02:00, and only such."""
    if kind == "DateTime":
        return isinstance(value, str) and bool(_ATOM.fullmatch(value)) and read_datetime(value) is not None
    if isinstance(value, bool):
        return kind == "bool"
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return False
    return isinstance(value, _TYPES[kind])


def hold(one: Property, value: Any) -> Any:
    """A value that fits, as the column holds it."""
    if value is None:
        return "[]" if one.kind == "array" else None
    if one.kind == "bool":
        return "Y" if value else "N"
    if one.kind == "DateTime":
        return read_datetime(value)
    return pydantic_core.to_json(value).decode() if one.kind == "array" else value
