"""The filter grammar of REST 3.0: a list of conditions and groups.

Facts: api-reference/rest-v3.md, "Filtering", and what the module's source adds: ``type``, ``negative``, null, and what
``between`` takes. Expressions on the left side (``length``) are known from the source only and are not served.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pydantic_core

from b24orm.sandbox.clock import read_datetime
from b24orm.sandbox.php import entries, is_array
from b24orm.sandbox.rows import is_list
from b24orm.sandbox.store import Sql
from b24orm.sandbox.v3.dto import Dto, Property, fits
from b24orm.sandbox.v3.refusals import (
    Refused,
    as_json,
    invalid_filter,
    invalid_request,
    requires_attribute,
    requires_type,
    unknown_property,
)

__all__ = ["Condition", "Group", "conditions", "read_filter", "sql_of"]

_SIGNS = {"=": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
_RANGED = frozenset({"int", "float", "DateTime"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison."""

    property: Property
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions and groups, all or any of which hold, or do not."""

    parts: tuple[Condition | Group, ...]
    any: bool = False
    negative: bool = False


def read_filter(dto: Dto, raw: Any) -> Group:
    """A filter as it came; None is one that everything passes.

    Raises:
        Refused: it cannot be read, or asks for what the object has not or cannot be asked about.
    """
    if raw is None:
        return Group(())
    if not is_array(raw):
        raise invalid_filter(raw)
    return Group(tuple(_part(dto, item, nested=False) for _, item in entries(raw)))


def _part(dto: Dto, item: Any, *, nested: bool) -> Condition | Group:
    if is_list(item):
        if len(item) == 3:
            return _condition(dto, item[0], item[1], item[2], item)
        if len(item) == 2:
            return _condition(dto, item[0], "in" if is_list(item[1]) else "=", item[1], item)
        raise invalid_filter(item)
    if not isinstance(item, dict):
        raise invalid_filter(item)
    said = cast("dict[str, Any]", item)
    if said.get("type") == "condition":
        return _condition(dto, said.get("leftOperand"), said.get("operator", "="), said.get("rightOperand"), item)
    return _group(dto, said, nested=nested)


def _group(dto: Dto, said: dict[str, Any], *, nested: bool) -> Group:
    """A group. Inside another one it has to say that it is one, by its type; of a filter's own it goes without."""
    kind, logic, negative = said.get("type"), said.get("logic", "and"), said.get("negative", False)
    inside = said.get("conditions")
    known = kind == "filter" or (kind is None and not nested)
    if not known or logic not in {"and", "or"} or not isinstance(negative, bool) or not is_list(inside):
        raise invalid_filter(said)
    if not inside:
        raise invalid_filter(said)
    return Group(tuple(_part(dto, one, nested=True) for one in inside), any=logic == "or", negative=negative)


def _condition(dto: Dto, name: Any, operator: Any, value: Any, said: Any) -> Condition:
    if not isinstance(name, str):
        raise invalid_filter(said)
    one = dto.by_name.get(name)
    if one is None:
        raise unknown_property(dto.name, name)
    if not one.filterable:
        raise invalid_request(requires_attribute(dto.name, name, "Filterable"))
    if operator not in {*_SIGNS, "in", "between"}:
        raise Refused("UNKNOWNFILTEROPERATOREXCEPTION", f"Unknown filter operator `{as_json(operator)}`")
    if operator in {"in", "between"}:
        values = value if is_list(value) else None
        if values is None or any(is_array(item) for item in values):
            raise invalid_filter(said)
        if operator == "between" and (len(values) != 2 or one.kind not in _RANGED or not all(values)):
            raise invalid_filter(said)  # 0 and an empty text count as no end at all
    elif is_array(value):
        raise invalid_filter(said)
    else:
        values = [value]
    bare = operator in {"=", "!=", "in"}
    if not all(fits(one.kind, item) or (item is None and bare) for item in values):
        raise invalid_request(requires_type(name, one.kind))
    return Condition(one, operator, value)


def conditions(node: Condition | Group) -> Iterator[Condition]:
    """All conditions of a filter."""
    if isinstance(node, Condition):
        yield node
    else:
        for part in node.parts:
            yield from conditions(part)


def sql_of(node: Condition | Group) -> Sql:
    """A filter as SQL."""
    if isinstance(node, Condition):
        return _compared(node)
    found = [sql_of(part) for part in node.parts]
    text = _joined([f"({one})" for one, _ in found], "OR" if node.any else "AND")
    parameters = [value for _, values in found for value in values]
    return (f"NOT ({text})" if node.negative else text), parameters


def _joined(texts: list[str], word: str) -> str:
    """The texts joined in pairs: sqlite counts how deep an expression is, and a chain is as deep as it is long."""
    while len(texts) > 1:
        pairs = [texts[place : place + 2] for place in range(0, len(texts), 2)]
        texts = [f"({pair[0]} {word} {pair[1]})" if len(pair) == 2 else pair[0] for pair in pairs]
    return texts[0] if texts else ""


def _compared(node: Condition) -> Sql:
    column = f'"{node.property.column}"'
    if node.value is None:
        return f"{column} IS {'' if node.operator == '=' else 'NOT '}NULL", []
    if node.property.kind == "string":
        column = f"fold({column})"  # the portal's collation knows no case
    if node.operator == "between":
        return f"{column} BETWEEN ? AND ?", [_held(node.property, item) for item in node.value]
    if node.operator == "in":
        # What an empty list means is not documented; here nothing is one of none.
        values = [_held(node.property, item) for item in node.value]
        listed = "(SELECT value FROM json_each(?))"
        return f"{column} IN {listed}", [pydantic_core.to_json(values).decode()]
    return f"{column} {_SIGNS[node.operator]} ?", [_held(node.property, node.value)]


def _held(one: Property, value: Any) -> Any:
    if one.kind == "DateTime" and value is not None:
        return read_datetime(value)
    return value.casefold() if isinstance(value, str) else value
