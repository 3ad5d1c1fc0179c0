"""Functions that read rows which all hold the same fields: Python written for these fields, compiled once.

Of a long list nearly every value is what is usual for its field, and that takes one test to see. What is not goes to
the field's own schema, which says what it means: so a quick function reads all that the schemas read, as they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from pydantic_core import CoreSchema, SchemaValidator, core_schema

from b24orm.model.oddities import without_none

__all__ = ["QuickField", "QuickRows"]

T = TypeVar("T")

# Writing a function takes as long as it saves with some hundred rows.
_ROWS_BEFORE = 1000

# How many pages may be tried in vain before the function must have proven its worth.
_MOST_MISSES = 5


@dataclass(frozen=True, slots=True)
class QuickField:
    """A field of the rows.

    Attributes:
        name: its attribute.
        schema: what reads any value of it.
        annotation: its type, if values of the type are read as `usual` has it; None if only the schema can tell.
        reference: whether it holds ids of other objects.
        declared: whether a class declares it.
    """

    name: str
    schema: CoreSchema
    annotation: Any
    reference: bool
    declared: bool


class QuickRows(Generic[T]):
    """Reads pages of decoded rows, once enough rows have come that it pays.

    Args:
        fields: by wire name.
        split: whether the values that no class declares come apart from the others.
        finish: for the names that the rows hold, what makes something of the values of a row and of those apart.
    """

    def __init__(
        self,
        fields: Mapping[str, QuickField],
        finish: Callable[[Sequence[str]], Callable[[dict[str, Any], dict[str, Any]], T]],
        *,
        split: bool,
    ) -> None:
        self._fields = fields
        self._finish = finish
        self._split = split
        self._seen = self._tries = self._hits = 0
        self._known: tuple[list[str], Callable[[Iterable[Any]], T]] | None = None  # one value: threads share readers

    @property
    def worthwhile(self) -> bool:
        """Whether to try: `read` gains where the rows of a list are many, and alike."""
        return self._seen >= _ROWS_BEFORE and self._tries - self._hits <= _MOST_MISSES + self._hits // 4

    def saw(self, rows: int) -> None:
        """So many rows were read in another way."""
        self._seen += rows

    def read(self, rows: Sequence[dict[str, Any]]) -> list[T] | None:
        """The rows of a page; None if they are not alike, or hold fields that are not known.

        Raises:
            ValueError: a value that its field cannot hold.
        """
        if not rows:
            return []
        self._tries += 1
        known = self._known
        if known is None or list(rows[0]) != known[0]:
            known = self._known = self._written(list(rows[0]))
        if known is None:
            return None
        wires, function = known
        read: list[T] = []
        for row in rows:
            if list(row) != wires:
                return None
            read.append(function(row.values()))
        self._hits += 1
        return read

    def _written(self, wires: list[str]) -> tuple[list[str], Callable[[Iterable[Any]], T]] | None:
        if not wires or not all(wire in self._fields for wire in wires):
            return None
        fields = [self._fields[wire] for wire in wires]
        came = set(wires)
        held = [field for wire, field in self._fields.items() if wire in came]  # in the order of the general way
        names = [field.name for field in held]
        apart = [field.name for field in held if self._split and not field.declared]
        scope: dict[str, Any] = {
            "Decimal": Decimal,
            "new_values": dict.fromkeys([name for name in names if name not in apart]).copy,
            "new_apart": dict.fromkeys(apart).copy,
            "finish": self._finish(names),
        }
        exec(_source(fields, frozenset(apart), scope), scope)  # noqa: S102 - names of fields are constants in it
        return wires, scope["read"]


def _source(fields: Sequence[QuickField], apart: frozenset[str], scope: dict[str, Any]) -> str:
    """The function ``read``, which takes the values of a row. Names of fields are in it as constants only.

    Dicts are copied from one that holds None for all fields: it has its size, and half of the values of a row are None.

    Args:
        scope: where its names stand for something; those that validate values are added.
    """
    stores: list[str] = []
    rest: list[int] = []
    for number, field in enumerate(fields):
        value, odd = f"v{number}", f"odd{number}"
        usual = _usual(field)
        if usual is None:
            rest.append(number)
            usual = "{v}"
        elif "{odd}" in usual:
            scope[odd] = SchemaValidator(field.schema).validate_python
        into = "apart" if field.name in apart else "values"
        store = f"{into}[{field.name!r}] = {usual.format(v=value, odd=odd)}"
        stores.append(f"if {value} is not None: {store}" if _may_be_none(field) else store)
    lines = [f"{_listed(range(len(fields)))} = row", "values = new_values()", "apart = new_apart()"]
    if rest:  # all at once, since calls cost more than what they do
        schemas = [fields[number].schema for number in rest]
        scope["rest"] = SchemaValidator(core_schema.tuple_schema(schemas)).validate_python
        lines.insert(1, f"{_listed(rest)} = rest(({_listed(rest)}))")
    return "\n    ".join(["def read(row):", *lines, *stores, "return finish(values, apart)"])


def _listed(numbers: Iterable[int]) -> str:
    return "".join(f"v{number}, " for number in numbers)


_USUAL = {
    str: "{v} if type({v}) is str else {odd}({v})",
    int: "{v} if type({v}) is int else {odd}({v})",
    bool: "True if {v} == 'Y' else False if {v} == 'N' else {odd}({v})",
    Decimal: "Decimal({v}) if type({v}) is int else {odd}({v})",
    Any: "{v}",
}


def _usual(field: QuickField) -> str | None:
    """The typed value of ``{v}``, in Python; None if no simple test tells what is usual."""
    base, optional = without_none(field.annotation)
    if base is int and optional and field.reference:
        return "{v} if type({v}) is int and {v} > 0 else {odd}({v})"
    return _USUAL.get(base)


def _may_be_none(field: QuickField) -> bool:
    """Whether None is a value of the field, or what was made of one already."""
    return field.annotation is Any or _usual(field) is None or without_none(field.annotation)[1]
