"""The filters, orders and selects of ``catalog.*`` and ``sale.*``: names in camel case, values of the field's own type.

What is unknown or of another type is dropped in silence, groups of conditions among it: a typing error returns
everything. Facts: section 7 of the behaviour notes; api-reference/catalog/price/catalog-price-list.md.
"""

from __future__ import annotations

import re
from typing import Any

from b24orm.sandbox.conditions import any_of, compare, empty, equals, is_text, like, negate, read, scalar
from b24orm.sandbox.fields import Column, Table
from b24orm.sandbox.filters_item import sort_key
from b24orm.sandbox.php import entries, is_array, strval
from b24orm.sandbox.store import Sql

__all__ = ["compile_filter", "compile_order", "selected"]

# As in the classic lists "><" is not read; "!%", which these pages document, is.
_KEY = re.compile(r"(!=%|!%=|!@|!%|!=|>=|<=|=%|%=|>|<|=|@|%|!)?(.*)", re.DOTALL)
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def compile_filter(source: Table, raw: Any, *, ignore_id: bool = False) -> Sql:
    """The SQL of a filter."""
    texts: list[str] = []
    parameters: list[Any] = []
    for key, value in entries(raw):
        matched = _KEY.fullmatch(key)
        assert matched is not None
        column = source.by_wire["default"].get(matched[2])
        if column is None or not column.filterable or (ignore_id and column.name == "id"):
            continue
        text, some = _condition(column, matched[1] or "=", value)
        if text:
            texts.append(text)
            parameters += some
    return " AND ".join(texts), parameters


def _fits(column: Column, value: Any) -> bool:
    """Whether *value* is of the type of the column; booleans are exactly Y and N."""
    if is_array(value) or value is None or isinstance(value, bool):
        return False
    storage = scalar(column)
    if storage == "flag":
        return value in ("Y", "N")
    if storage in {"int", "file"}:
        return isinstance(value, int) or _WHOLE.fullmatch(strval(value).strip()) is not None
    if storage == "number":
        return isinstance(value, int | float) or _NUMBER.fullmatch(strval(value).strip()) is not None
    return is_text(column) or read(column, value) is not None


def _condition(column: Column, operator: str, value: Any) -> Sql:
    negated = operator.startswith("!")
    if is_array(value) or operator in {"@", "!@"}:
        given = [item for _, item in entries(value)] if is_array(value) else [value]
        values = [read(column, item) for item in given if _fits(column, item)]
        if not values and scalar(column) == "int" and given:
            values = [1]  # what the server makes of a list of integers that holds none
        if not values:
            return "", []
        return negate(any_of(column, values)) if negated else any_of(column, values)
    if not _fits(column, value):
        return "", []
    if "%" in operator and is_text(column):
        found = like(column, strval(value), wild=operator.strip("!") != "%")
        return negate(found) if negated else found
    held = read(column, value)
    if operator in {">", ">=", "<", "<="}:
        return compare(column, operator, held)
    found = empty(column) if held == "" else equals(column, held)
    return negate(found, keep_null=column if is_text(column) else None) if negated else found


def compile_order(source: Table, raw: Any) -> str:
    """The SQL of an order; by id, ascending, if it names no field."""
    parts: list[str] = []
    for name, word in entries(raw):
        column = source.by_wire["default"].get(name)
        if column is not None and column.sortable:
            parts.append(sort_key(column, descending=strval(word).upper() == "DESC"))
    own = source.by_wire["default"]["id"]
    return " ORDER BY " + ", ".join([*parts, sort_key(own, descending=False)])


def selected(source: Table, raw: Any, nested: frozenset[str]) -> list[Column]:
    """The columns of a select; all by default, but for those *nested* ones that only a get answers."""
    wanted = {strval(name) for _, name in entries(raw)} - {""} or {"*"}
    return [
        column
        for wire, column in source.by_wire["default"].items()
        if wire not in nested and ("*" in wanted or wire in wanted)
    ]
