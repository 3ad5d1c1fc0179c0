"""Decoders for rows which all hold the same fields: JSON becomes typed values as it is read.

Of a long list nearly every value is what is usual for its field. A decoder of msgspec's knows the types of all fields,
so that no dict of raw values is made in between, and no test is left to Python. Where a field's values are not what is
usual, the field's own schema reads them from then on: so a decoder reads all that the schemas read, as they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import GenericAlias
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin

from msgspec import Meta, Struct, convert, defstruct
from msgspec.json import Decoder
from msgspec.structs import astuple
from pydantic_core import CoreSchema, SchemaValidator, core_schema, from_json

from b24orm.model.oddities import without_none

__all__ = ["QuickField", "QuickRows"]

T = TypeVar("T")

# Building a decoder takes as long as it saves with some hundred rows.
_ROWS_BEFORE = 200

# How many pages may be tried in vain, or need a new decoder, before decoders must have proven their worth.
_MOST_MISSES = 10

# Dates repeat from row to row.
_MOST_DATES = 8192


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
    """Reads pages of rows from JSON, once enough rows have come that it pays.

    Args:
        fields: by wire name.
        finish: for the names that the rows hold, what makes something of the values of a row and of those apart.
        split: whether the values that no class declares come apart from the others.
        rows_path: key of the rows in what is read; "" if that is the list of rows.
    """

    def __init__(
        self,
        fields: Mapping[str, QuickField],
        finish: Callable[[Sequence[str]], Callable[[dict[str, Any], dict[str, Any]], T]],
        *,
        split: bool,
        rows_path: str,
    ) -> None:
        self._fields = fields
        self._finish = finish
        self._split = split
        self._path = rows_path
        self._seen = self._tries = self._hits = 0
        self._ways: dict[str, int] = {}  # by wire name: which of the usual ways values of the field have fitted so far
        self._known: _Decoder[T] | None = None  # one value: threads share readers

    @property
    def worthwhile(self) -> bool:
        """Whether to try: `read` gains where the rows of a list are many, and alike."""
        return self._seen >= _ROWS_BEFORE and self._tries - self._hits <= _MOST_MISSES + self._hits // 4

    def saw(self, rows: int) -> None:
        """So many rows were read in another way."""
        self._seen += rows

    def read(self, body: bytes) -> list[T] | None:
        """The rows in *body*; None if they are not alike, or hold fields that are not known.

        Raises:
            ValueError: a value that its field cannot hold, or no JSON.
        """
        self._tries += 1
        known = self._known
        found = None if known is None else known.decoded(body)
        if known is None or found is None:  # other fields than before, or other values
            known = self._made_for(body)
            found = None if known is None else known.decoded(body)
        if known is None or found is None:
            return None
        self._hits += known is self._known  # a decoder that serves one page alone is not worth it
        self._known = known
        return known.finished(found)

    def _made_for(self, body: bytes) -> _Decoder[T] | None:
        read: Any = from_json(body, cache_strings="keys")
        rows: list[dict[str, Any]] = read[self._path] if self._path else read
        wires = list(rows[0]) if rows else []
        if (
            not wires
            or not all(wire in self._fields for wire in wires)
            or any(row.keys() != rows[0].keys() for row in rows)
        ):
            return None
        ways: dict[str, _Way] = {}
        for wire in wires:
            usual = _usual(self._fields[wire])
            fits = self._ways.get(wire, 0)
            while fits < len(usual) and not usual[fits].fits([row[wire] for row in rows]):
                fits += 1
            self._ways[wire] = fits
            ways[wire] = usual[fits] if fits < len(usual) else _ANYTHING
        came = set(wires)
        held = [field for wire, field in self._fields.items() if wire in came]  # in the order of the general way
        apart = [field.name for field in held if self._split and not field.declared]
        function = _function(
            [(self._fields[wire], way) for wire, way in ways.items()],
            [field.name for field in held if field.name not in apart],
            apart,
            self._finish([field.name for field in held]),
        )
        return _Decoder({wire: way.type for wire, way in ways.items()}, self._path, function)


class _Decoder(Generic[T]):
    """Reads rows with exactly these fields.

    Args:
        types: what msgspec makes of the values, by wire name.
        function: makes something of the values of a row, in the order of *types*.
    """

    def __init__(self, types: Mapping[str, Any], path: str, function: Callable[[tuple[Any, ...]], T]) -> None:
        names = {wire: f"v{number}" for number, wire in enumerate(types)}
        row = defstruct(
            "Row",
            [(names[wire], type) for wire, type in types.items()],
            rename={name: wire for wire, name in names.items()},
            forbid_unknown_fields=True,
            gc=False,  # rows are gone in a moment
        )
        self._below = bool(path)
        wanted: Any = GenericAlias(list, row)
        if path:
            wanted = defstruct("Result", [("rows", wanted)], rename={"rows": path}, gc=False)
        self._decode = Decoder(wanted).decode
        self._function = function

    def decoded(self, body: bytes) -> list[Struct] | None:
        """The rows in *body*; None if they are others."""
        try:
            result = self._decode(body)
        except (ValueError, RecursionError):
            return None
        rows: list[Struct] = result.rows if self._below else result
        return rows

    def finished(self, rows: Iterable[Struct]) -> list[T]:
        """What the function makes of them. Raises ValueError: a value that its field cannot hold."""
        return list(map(self._function, map(astuple, rows)))


@dataclass(frozen=True, slots=True)
class _Way:
    """How the values of a field may be read.

    Attributes:
        type: what msgspec makes of them; a value of another type does not fit.
        code: what Python makes of that: ``{v}``, with ``{any}`` for a function that takes any value of the field;
            empty if the schema should read it, along with those of other fields.
    """

    type: Any
    code: str = "{v}"

    def fits(self, values: list[Any]) -> bool:
        """Whether all of these are of the type."""
        try:
            convert(values, GenericAlias(list, self.type))
        except ValueError:
            return False
        return True


_ANYTHING = _Way(Any, "")

_ID = Annotated[int, Meta(ge=1)]
_ID_AS_TEXT = Annotated[str, Meta(pattern="^[1-9][0-9]*$")]


def _usual(field: QuickField) -> list[_Way]:
    """What is usual for the field, the likeliest first; nothing if only the schema can tell."""
    base, optional = without_none(field.annotation)
    if get_origin(base) is list and get_args(base):
        ways = _lists(get_args(base)[0], reference=field.reference)
    elif base is int and optional and field.reference:
        ways = [
            _Way(_ID),
            _Way(Annotated[int, Meta(ge=0)], "{v} or None"),
            _Way(str, "int({v}) or None if {v}.isdecimal() else {any}({v})"),
        ]
    else:
        ways = _SIMPLE.get(base, [])
    return [_Way(way.type | None, way.code) for way in ways] if optional else ways


def _lists(element: Any, *, reference: bool) -> list[_Way]:
    if element is int:
        return [_Way(list[_ID] if reference else list[int]), _Way(list[_ID_AS_TEXT], "list(map(int, {v}))")]
    if element is str:
        return [_Way(list[Annotated[str, Meta(min_length=1)]])]
    return [_Way(list[Any])] if element is Any else []


_SIMPLE: dict[Any, list[_Way]] = {
    Any: [_Way(Any)],
    str: [_Way(str)],
    int: [_Way(int), _Way(str, "int({v}) if {v}.isdecimal() else {any}({v})")],
    float: [_Way(float)],
    bool: [_Way(Literal["Y", "N"], "{v} == 'Y'"), _Way(bool)],
    Decimal: [_Way(Decimal, "{v} if {v}.is_finite() else {any}(str({v}))")],
    date: [_Way(str, "{any}({v})")],
    datetime: [_Way(Annotated[datetime, Meta(tz=True)])],
}


def _function(
    fields: Sequence[tuple[QuickField, _Way]],
    names: Sequence[str],
    apart: Sequence[str],
    finish: Callable[[dict[str, Any], dict[str, Any]], T],
) -> Callable[[tuple[Any, ...]], T]:
    """A function of the values of a row, written for them: names of fields are in it as constants only.

    Dicts are copied from one that holds None for all fields: it has its size, and half of the values of a row are None.
    """
    scope: dict[str, Any] = {
        "new_values": dict.fromkeys(names).copy,
        "new_apart": dict.fromkeys(apart).copy,
        "finish": finish,
    }
    stores: list[str] = []
    rest: list[int] = []
    for number, (field, way) in enumerate(fields):
        if not way.code:
            rest.append(number)
        elif "{any}" in way.code:
            scope[f"any{number}"] = lru_cache(_MOST_DATES)(SchemaValidator(field.schema).validate_python)
        made = (way.code or "{v}").format(v=f"v{number}", any=f"any{number}")
        into = "apart" if field.name in apart else "values"
        store = f"{into}[{field.name!r}] = {made}"
        stores.append(f"if v{number} is not None: {store}" if _may_be_none(field, way) else store)
    lines = [f"{_listed(range(len(fields)))} = row", "values = new_values()", "apart = new_apart()"]
    if rest:  # all at once, since calls cost more than what they do
        schemas = [fields[number][0].schema for number in rest]
        scope["rest"] = SchemaValidator(core_schema.tuple_schema(schemas)).validate_python
        lines.insert(1, f"{_listed(rest)} = rest(({_listed(rest)}))")
    source = "\n    ".join(["def read(row):", *lines, *stores, "return finish(values, apart)"])
    exec(source, scope)  # noqa: S102 - names of fields are constants in it
    read: Callable[[tuple[Any, ...]], T] = scope["read"]
    return read


def _listed(numbers: Iterable[int]) -> str:
    return "".join(f"v{number}, " for number in numbers)


def _may_be_none(field: QuickField, way: _Way) -> bool:
    """Whether None is a value of the field, or what was made of one already."""
    return way.type is Any or without_none(field.annotation)[1]
