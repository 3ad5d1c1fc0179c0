"""What a field of a schema is in Python: its annotation, its default, and the lookups that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from b24orm.codegen.layout import quoted
from b24orm.compiler import grammar_for
from b24orm.query import LOOKUPS, Lookup
from b24orm.schema import Entity, Field, Kind

__all__ = ["annotation", "default", "is_asked_for", "lookups", "names_used"]

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
    if field.nullable or field.kind not in _EMPTY:
        return "default=None"
    return f"default={_EMPTY[field.kind]}"


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


def lookups(entity: Entity, field: Field) -> Iterator[tuple[str, str]]:
    """Keyword and value type of every lookup that makes sense for *field* and that its REST family can say.

    They are kept few on purpose: the time that type checkers take grows with them.
    """
    if not field.filterable:
        return
    sayable = _sayable(entity, field)
    value = choice(field) or _COMPARED[field.kind]
    for lookup in _lookups_of(field):
        if lookup in sayable:
            keyword = field.name if lookup == "exact" else f"{field.name}__{lookup}"
            yield keyword, _value_type(lookup, value, nullable=field.nullable)


def _sayable(entity: Entity, field: Field) -> frozenset[Lookup]:
    """The lookups that the entity's family of filters can say."""
    spec = entity.dialects[entity.default_dialect]
    if any(context.field == field.name and "list" in context.verbs for context in spec.context):
        return frozenset({"exact"})  # a parameter of its own
    if spec.paging.mode == "whole":
        return frozenset(LOOKUPS)  # filtered on our side
    if spec.paging.mode == "cursor":
        return frozenset({"gt", "gte", "lt", "lte", "range"}) if field.name == "id" else frozenset()
    grammar = grammar_for(spec.grammar)
    sayable = set(grammar.lookups)
    if "like" in sayable:
        sayable |= {"startswith", "endswith"}
    if {"gte", "lte"} <= sayable:
        sayable.add("range")
    if spec.key is not None and field.name == spec.key.name and spec.paging.leads_by_id:
        sayable |= {"gt", "gte", "lt", "lte", "range"}
    if grammar.empty is not None and (grammar.empty_kinds is None or field.kind in grammar.empty_kinds):
        sayable.add("isnull")
    if field.name in grammar.loose:
        sayable -= {"exact", "ne", "in"}
    if field.name in spec.needs and grammar.bare_needs:
        sayable &= {"exact"}
    return frozenset(sayable)


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
