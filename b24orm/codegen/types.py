"""What a field of a schema is in Python: its annotation, its default, and the lookups that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from b24orm.codegen.layout import quoted
from b24orm.codegen.sayable import Sayable
from b24orm.query import Lookup
from b24orm.schema import Field, Kind

__all__ = ["annotation", "default", "is_asked_for", "lookups", "names_used", "written"]

# The type of a value as a program reads it.
_READ: dict[Kind, str] = {
    "int": "int",
    "decimal": "Decimal",
    "str": "str",
    "bool": "bool",
    "date": "date",
    "datetime": "datetime",
    "money": "Money",
    "multifield": "Multifield",
    "file": "File",
    "object": "Any",
    "any": "Any",
}
# The type of a value that a filter compares with.
_COMPARED: dict[Kind, str] = {
    "int": "int",
    "decimal": "Decimal | int | float",
    "str": "str",
    "bool": "bool",
    "date": "date",
    "datetime": "datetime | date",
    "money": "Money",
    "multifield": "str",
    "file": "bool",
    "object": "Any",
    "any": "Any",
}
_EMPTY: dict[Kind, str] = {"int": "0", "decimal": "Decimal(0)", "str": '""', "bool": "False"}

_CHOICE: tuple[Lookup, ...] = ("exact", "ne", "in", "not_in")
_ORDERING: tuple[Lookup, ...] = ("gt", "gte", "lt", "lte", "range")
_TEXT: tuple[Lookup, ...] = ("contains", "not_contains", "startswith", "endswith", "like", "not_like")


def is_asked_for(field: Field) -> bool:
    """Whether the constructor has no default for *field*."""
    return (field.required or field.expected) and not field.read_only


def choice(field: Field) -> str | None:
    """The values that the documentation fixes, as a ``Literal``; None if it does not."""
    if not field.values or field.kind not in ("int", "str"):
        return None
    values = [value if field.kind == "int" else quoted(value) for value in field.values]
    return f"Literal[{', '.join(values)}]"


def annotation(field: Field) -> str:
    """The annotation of the column, such as ``Col[int | None]``."""
    read = choice(field) or _READ[field.kind]
    if field.multiple:
        return f"Col[list[{read}]]"
    if read == "Any":
        return "Col[Any]"
    if field.kind == "decimal":
        return "OptionalDecimalCol" if field.nullable else "DecimalCol"
    return f"Col[{read} | None]" if field.nullable else f"Col[{read}]"


def default(field: Field) -> str | None:
    """The default as an argument of ``column()``; None if the constructor asks for the value."""
    if is_asked_for(field):
        return None
    if field.multiple:
        return "default_factory=list"
    if field.nullable or field.kind not in _EMPTY or len(field.values) > 1:
        return "default=None"  # of several fixed values none is more usual than the others
    if field.values:
        return f"default={quoted(field.values[0]) if field.kind == 'str' else field.values[0]}"
    return f"default={_EMPTY[field.kind]}"


_WRITTEN: dict[Kind, str] = {**_READ, "decimal": "Decimal | int | float", "money": "Money | str"}


def written(field: Field) -> str:
    """The type of a value as a program writes it."""
    value = choice(field) or _WRITTEN[field.kind]
    if field.multiple:
        return f"Sequence[{value}]"
    return f"{value} | None" if field.nullable and value != "Any" else value


def names_used(field: Field) -> frozenset[str]:
    """The names, other than builtins, that the column's annotation and default need at run time."""
    text = f"{annotation(field)} {default(field) or ''}"
    for mark in "[]|()=":
        text = text.replace(mark, " ")
    known = frozenset(
        {
            "Any",
            "Col",
            "Decimal",
            "DecimalCol",
            "File",
            "Literal",
            "Money",
            "Multifield",
            "OptionalDecimalCol",
            "date",
            "datetime",
        }
    )
    return known.intersection(text.split())


def lookups(can: Sayable, field: Field) -> Iterator[tuple[str, str]]:
    """Keyword and value type of every lookup that makes sense for *field* and that queries *can* say.

    They are kept few on purpose: the time that type checkers take grows with them.
    """
    value = choice(field) or _COMPARED[field.kind]
    for lookup in _lookups_of(field):
        if can.filters(field, lookup):
            keyword = field.name if lookup == "exact" else f"{field.name}__{lookup}"
            none = field.nullable and lookup in ("exact", "ne") and can.takes_none(field, lookup)
            yield keyword, _value_type(lookup, value, nullable=none)


def _lookups_of(field: Field) -> tuple[Lookup, ...]:
    null: tuple[Lookup, ...] = ("isnull",) if field.nullable else ()
    if field.multiple:
        return ("exact", "in", *null)
    match field.kind:
        case "bool" | "multifield" | "any":
            return ("exact", *null)
        case "object":
            return ()
        case "money":
            return (*_CHOICE, *null)
        case "file":
            return null
        case "int" | "str" if field.values:
            return (*_CHOICE, *null)
        case "str":
            return (*_CHOICE, *null, *_TEXT)
        case _:
            return (*_CHOICE, *null) if field.relation else (*_CHOICE, *null, *_ORDERING)


def _value_type(lookup: Lookup, value: str, *, nullable: bool) -> str:
    match lookup:
        case "isnull":
            return "bool"
        case "in" | "not_in":
            return f"Collection[{value}]"
        case "range":
            return f"tuple[{value}, {value}]"
        case "exact" | "ne":
            return f"{value} | None" if nullable and value != "Any" else value
        case _:
            return value
