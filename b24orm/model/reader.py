"""Rows of one dialect -> typed values, from JSON or from Python, with as little Python per row as Pydantic allows."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from b24orm.errors import InvalidRow
from b24orm.model.names import attribute_name
from b24orm.model.oddities import opened
from b24orm.model.tracking import LoadedNames
from b24orm.model.usual import value_schema
from b24orm.model.values import without_addresses
from b24orm.schema import Entity

if TYPE_CHECKING:
    from b24orm.model.quick import QuickRows

__all__ = ["ReadRow", "Reader", "RowShape", "SelectedRows"]

T = TypeVar("T")

# How many unknown fields a schema may hold: more of them than this come and go.
_MOST_LEARNED = 500

# How many selections of fields keep their schemas.
_MOST_SCHEMAS = 100

# Stands for a field that a row lacks, until the row has been read.
_ABSENT = object()


class RowShape:
    """Which fields a row holds; rows with the same fields share one.

    Attributes:
        names: the documented fields.
        others: attribute names of those fields among the values that no class declares.
        roomy: whether a dict with the others taken out keeps more room than one that never held them.
    """

    __slots__ = ("names", "others", "roomy")

    def __init__(self, names: list[str], others: list[str]) -> None:
        self.names = LoadedNames(names)
        self.others = tuple(others)
        self.roomy = sys.getsizeof(dict.fromkeys(names)) < sys.getsizeof(dict.fromkeys(names + others))


ReadRow = tuple[dict[str, Any], dict[str, Any] | None, RowShape]
"""A row that was read: typed values by attribute name; unknown fields by wire name, if any, as they came; its shape."""


class SelectedRows:
    """Rows of a reader of which little else than some fields was selected."""

    def __init__(self, reader: Reader, names: tuple[str, ...]) -> None:
        self._reader = reader
        self._names = names
        self.key = reader.key
        self.from_python = reader.from_python

    @property
    def row_schema(self) -> CoreSchema:
        """Reads a row, from JSON or from a dict, into a `ReadRow`."""
        return self._reader.row_schema_for(self._names)

    def quick(self, rows_path: str) -> QuickRows[ReadRow]:
        """As `Reader.quick`."""
        return self._reader.quick_for(self._names, _read_row, split=False, rows_path=rows_path)


class Reader:
    """Reads rows of *entity* as *dialect* sends them.

    Fields that the portal sends and no class declares are kept. Those that came once become part of the schema, which
    is the cheaper way to read them.

    Args:
        annotations: Python types by attribute name.
        keep: whether a value that its field cannot hold is kept as it came, until `release`, instead of refused.
    """

    def __init__(self, entity: Entity, dialect: str, annotations: Mapping[str, Any], *, keep: bool = False) -> None:
        spec = entity.dialects[dialect]
        self._entity = entity
        self._annotations = annotations
        self._wires = {
            field.name: spec.answered(field.wire[dialect]) for field in entity.fields if dialect in field.wire
        }
        self._names = {wire: name for name, wire in self._wires.items()}
        self.id = "" if spec.id is None else spec.id.name
        """The attribute that holds the id; "" if rows have none."""
        self._id_wire = self._wires.get(self.id, "")
        self._references = {field.name for field in entity.fields if field.refers}
        self._digits = not spec.numbers
        self._usual = {name: opened(annotations.get(name, Any)) for name in self._wires}
        """Types of which values come as their schemas have them."""
        self._values = {
            name: value_schema(annotation, reference=name in self._references, digits=self._digits)
            for name, annotation in self._usual.items()
        }
        for field in entity.fields:
            if (words := field.words.get(dialect)) and field.name in self._values:
                self._values[field.name] = _said_in(words, self._values[field.name])
                del self._usual[field.name]
        if keep:
            self._values = {
                name: schema if name == self.id else core_schema.union_schema([schema, _KEPT], mode="left_to_right")
                for name, schema in self._values.items()
            }
        self._learned: dict[str, str] = {}  # attribute names to wire names
        self._unknown: Iterable[str] = ()  # wire names that came and are not learned yet
        self._schemas: dict[tuple[str, ...] | None, CoreSchema] = {}
        self._python: _PythonRows | None = None
        self._formats: dict[tuple[str, tuple[str, ...] | None], Any] = {}

    @property
    def row_schema(self) -> CoreSchema:
        """Reads a row, from JSON or from a dict, into a `ReadRow`.

        It is another object once fields have come that it did not know. The older one goes on to read all rows.
        """
        return self.row_schema_for(None)

    def row_schema_for(self, names: Iterable[str] | None) -> CoreSchema:
        """The schema of rows that hold little else than the fields *names*; None means all fields.

        What else they hold is kept as unknown fields are, so name all that were selected.
        """
        self._learn()
        key = None if names is None else tuple(dict.fromkeys(names))
        known = self._schemas.get(key)
        if known is None:
            if len(self._schemas) > _MOST_SCHEMAS:
                self._schemas.clear()
            known = self._schemas[key] = self._build(key)
        return known

    def quick(self, rows_path: str) -> QuickRows[ReadRow]:
        """The quick way to read many rows that are alike, as `row_schema` knows them now."""
        return self.quick_for(None, _read_row, split=False, rows_path=rows_path)

    def quick_for(
        self,
        names: tuple[str, ...] | None,
        make: Callable[[RowShape], Callable[[dict[str, Any], dict[str, Any]], T]],
        *,
        split: bool,
        rows_path: str,
    ) -> QuickRows[T]:
        """The same for *names*, as for `row_schema_for`.

        Args:
            make: for rows of a shape, what makes something of their values, and of those that no class declares.
            split: whether the latter come apart; the values hold them otherwise.
            rows_path: key of the rows in the results that are read; "" if a result is the list of them.
        """
        from b24orm.model.quick import QuickField, QuickRows  # here, since many programs read no list

        fields = self._fields(names)
        quick = {
            wire: QuickField(
                name,
                schema,
                self._usual.get(name) if name in self._wires else Any,
                name in self._references,
                name in self._wires,
            )
            for name, (wire, schema) in fields.values.items()
        }
        return QuickRows(quick, lambda held: make(fields.shape(held)), split=split, rows_path=rows_path)

    def selected(self, names: Iterable[str]) -> SelectedRows:
        """How rows are read that hold little else than the fields *names*."""
        chosen = tuple(names)
        return self.format("rows", chosen, lambda: SelectedRows(self, chosen))

    def format(self, kind: str, names: tuple[str, ...] | None, make: Callable[[], T]) -> T:
        """One format of a kind for *names*, made once: what is built around its schema can be kept along with it."""
        known: T | None = self._formats.get((kind, names))
        if known is None:
            if len(self._formats) > _MOST_SCHEMAS:
                self._formats.clear()
            known = self._formats[kind, names] = make()
        return known

    def key(self, row: ReadRow) -> int:
        """The id of a row.

        Raises:
            KeyError: it holds none.
        """
        key: int = row[0][self.id]
        return key

    def from_python(self, rows: Sequence[Mapping[str, Any]]) -> list[ReadRow]:
        """Rows as JSON has them.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        self._learn()
        if self._python is None:
            self._python = _PythonRows(self, self._fields(None))
        try:
            read = self._python.read(rows)
        except ValidationError as error:
            problem = self._explain(error, rows)
        else:
            return read
        raise problem  # out of the handler: Pydantic's error would show the row once more

    def mappings(self, rows: Sequence[ReadRow], names: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Values by attribute name, one mapping a row, unknown fields included as they came.

        Args:
            names: the fields to take, in this order, None where a row lacks one; without them, all that a row holds.
                Then the mappings are the rows' own: read no row twice.
        """
        if names is None:
            return [_merged(values, others) if others else values for values, others, _ in rows]
        made: list[dict[str, Any]] = []
        for values, others, _ in rows:
            get = (_merged({}, others) | values if others else values).get
            made.append({name: get(name) for name in names})
        return made

    def tuples(self, rows: Sequence[ReadRow], names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of the fields *names*, in this order, one tuple a row; None where a row lacks a field."""
        made: list[tuple[Any, ...]] = []
        for values, others, _ in rows:
            get = (_merged({}, others) | values if others else values).get
            made.append(tuple([get(name) for name in names]))
        return made

    def release(self, rows: Iterable[Any]) -> list[InvalidRow]:
        """Puts the values that were kept into the places that they were kept for.

        Args:
            rows: as they were read, or instances made of them.

        Returns:
            What `from_python` would have raised for each of those values.
        """
        found: list[InvalidRow] = []
        for row in rows:
            values: dict[str, Any] = row.__dict__ if hasattr(row, "__dict__") else row[0]
            for name, value in values.items():
                if type(value) is Kept:
                    values[name] = value.value
                    shown = without_addresses(value.value)
                    found.append(InvalidRow(self._entity.name, values.get(self.id), name, shown, self._wanted(name)))
        return found

    @property
    def learned(self) -> Mapping[str, str]:
        """The wire names of fields that came and no class declares, by attribute name."""
        self._learn()
        return self._learned

    def dicts(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Typed values of raw rows by attribute name, unknown fields included as they came.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        return self.mappings(self.from_python(rows))

    def _fields(self, names: tuple[str, ...] | None) -> _Fields:
        documented = [n for n in self._wires if names is None or n in names or n == self.id]
        learned = [n for n in self._learned if names is None or n in names]
        values = {n: (self._wires[n], self._values[n]) for n in documented}
        values |= {n: (self._learned[n], core_schema.any_schema()) for n in learned}
        return _Fields(values, frozenset(learned))

    def _build(self, names: tuple[str, ...] | None) -> CoreSchema:
        fields = self._fields(names)
        row = core_schema.model_fields_schema(
            {
                name: core_schema.model_field(
                    core_schema.with_default_schema(value, default=_ABSENT), validation_alias=wire
                )
                for name, (wire, value) in fields.values.items()
            },
            model_name=self._entity.name,
            extra_behavior="allow",
        )
        return core_schema.no_info_after_validator_function(_JsonRow(self, fields).read, row)

    def notice(self, wires: Iterable[str]) -> None:
        """Fields of a row that its schema did not know."""
        self._unknown = wires

    def _learn(self) -> None:
        unknown, self._unknown = self._unknown, ()
        for wire in unknown:
            name = attribute_name(wire)
            if name not in self._wires and name not in self._learned and len(self._learned) < _MOST_LEARNED:
                self._learned[name] = wire
                self._schemas.clear()
                self._python = None

    def _explain(self, error: ValidationError, rows: Sequence[Mapping[str, Any]]) -> InvalidRow:
        place = error.errors(include_url=False)[0]["loc"]
        index, wire = place[0], str(place[1]) if len(place) > 1 else ""
        row: Mapping[str, Any] = rows[index] if isinstance(index, int) else {}
        name = self._names.get(wire, wire)
        value = without_addresses(row.get(wire))
        id: Any = row.get(self._id_wire)
        if isinstance(id, str) and id.isdecimal() and self._annotations.get(self.id) is int:
            id = int(id)
        return InvalidRow(self._entity.name, id, name, value, self._wanted(name))

    def _wanted(self, name: str) -> str:
        wanted = self._annotations.get(name, Any)
        shown = wanted.__name__ if isinstance(wanted, type) else str(wanted)
        return f"expected {_MODULE.sub('', shown)}"


_MODULE = re.compile(r"\b(?:\w+\.)+(?=\w)")  # datetime.date -> date


class Kept:
    """A value that its field cannot hold, on its way to the program."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


_KEPT = core_schema.no_info_plain_validator_function(Kept)


def _said_in(words: Mapping[str, str], schema: CoreSchema) -> CoreSchema:
    """The *schema* of a field whose values a dialect says in *words* of its own (by ours, as text)."""
    ours: dict[Any, str | None] = {word: value or None for value, word in words.items()}

    def translated(value: Any) -> Any:
        return ours.get(value, value) if isinstance(value, str) else value

    return core_schema.no_info_before_validator_function(translated, schema)


class _Fields:
    """The fields of a schema.

    Args:
        values: wire names and schemas by attribute name.
        learned: those of the names that no class declares.
    """

    def __init__(self, values: dict[str, tuple[str, CoreSchema]], learned: frozenset[str]) -> None:
        self.values = values
        self._learned = learned
        self._shapes: dict[tuple[str, ...], RowShape] = {}

    def shape(self, names: Iterable[str]) -> RowShape:
        """The shape of rows that hold the fields *names*."""
        held = tuple(names)
        known = self._shapes.get(held)
        if known is None:
            if len(self._shapes) > _MOST_LEARNED:
                self._shapes.clear()
            others = [name for name in held if name in self._learned]
            known = self._shapes[held] = RowShape([name for name in held if name not in self._learned], others)
        return known


class _JsonRow:
    """The end of reading a row from JSON: takes out what it lacks, and finds its shape."""

    def __init__(self, reader: Reader, fields: _Fields) -> None:
        self._reader = reader
        self._fields = fields
        # Of the row before, which the next one most likely is like: how many fields came, which did not, the shape.
        # One value, since threads share readers.
        self._last: tuple[int, tuple[str, ...], RowShape] = (len(fields.values), (), fields.shape(fields.values))

    def read(self, parts: tuple[dict[str, Any], dict[str, Any], set[str]]) -> ReadRow:
        """A row of what a schema of model fields gives: values, unknown fields, the names of all that came.

        It runs for every row: what is so of most of them is found out with few steps.
        """
        values, others, found = parts
        if others:
            self._reader.notice(others)
        count, absent, shape = self._last
        if len(found) != count + len(others) or not found.isdisjoint(absent):
            absent, shape = self._unlike(values)
        for name in absent:
            del values[name]
        return values, others or None, shape

    def _unlike(self, values: dict[str, Any]) -> tuple[tuple[str, ...], RowShape]:
        """What is absent from a row that does not hold the same fields as the one before, and its shape."""
        absent = tuple([name for name, value in values.items() if value is _ABSENT])
        shape = self._fields.shape([name for name, value in values.items() if value is not _ABSENT])
        self._last = len(values) - len(absent), absent, shape
        return absent, shape


class _PythonRows:
    """Reads decoded rows. A plain dict of fields is what Pydantic makes fastest of a dict."""

    def __init__(self, reader: Reader, fields: _Fields) -> None:
        self._reader = reader
        self._fields = fields
        self._wires = {wire for wire, _ in fields.values.values()}
        # The keys of the last row and which of them are unknown: rows of a list have the same keys in the same order.
        self._last: tuple[list[str], list[str]] = ([], [])
        row = core_schema.typed_dict_schema(
            {
                name: core_schema.typed_dict_field(value, required=False, validation_alias=wire)
                for name, (wire, value) in fields.values.items()
            }
        )
        self._validator = SchemaValidator(core_schema.list_schema(row))

    def read(self, rows: Sequence[Mapping[str, Any]]) -> list[ReadRow]:
        """Raises ValidationError: a value that its field cannot hold."""
        read: list[ReadRow] = []
        names: list[str] = []
        shape = self._fields.shape(names)
        for values, row in zip(self._validator.validate_python(rows), rows, strict=True):
            if list(values) != names:
                names = list(values)
                shape = self._fields.shape(names)
            read.append((values, self._others(row), shape))
        return read

    def _others(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        keys = list(row)
        seen, unknown = self._last
        if keys != seen:
            unknown = [wire for wire in keys if wire not in self._wires]
            self._last = keys, unknown
            self._reader.notice(unknown)
        return {wire: row[wire] for wire in unknown} if unknown else None


def _read_row(shape: RowShape) -> Callable[[dict[str, Any], dict[str, Any]], ReadRow]:
    return lambda values, _: (values, None, shape)


def _merged(values: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """*values* with *others* by attribute name added to them."""
    for wire, value in others.items():
        values[attribute_name(wire)] = value
    return values
