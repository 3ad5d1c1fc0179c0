"""The filter and order grammar of ``crm.item.list``: camel keys, prefixes, nested groups, strict about names.

``crm.type.list`` speaks it as well. Facts: api-reference/crm/universal/crm-item-list.md, and the notes at each rule.
"""

from __future__ import annotations

import re
from typing import Any

from b24orm.sandbox.conditions import any_of, compare, empty, equals, filled, is_number, is_text, like, negate, read
from b24orm.sandbox.fields import Column
from b24orm.sandbox.php import entries, is_array, strval
from b24orm.sandbox.refusal import Refusal, internal_error
from b24orm.sandbox.store import SCATTER, Sql

__all__ = ["compile_filter", "compile_order"]

_KEY = re.compile(r"(!=%|!%=|!><|!@|!%|!=|>=|<=|><|=%|%=|>|<|=|@|%|!)?(.*)", re.DOTALL)
# Arrays are taken only by these; "><" passes the check of operators, but an array value is refused.
_ARRAY_OPERATORS = frozenset({"", "=", "!=", "@", "!@"})
_WILD = frozenset({"=%", "%=", "!=%", "!%="})


def compile_filter(columns: dict[str, Column], raw: Any, *, ignore_id: bool = False) -> Sql:
    """The SQL of a filter whose keys are the wire names in *columns*."""
    return _group(columns, raw, ignore_id)


def _group(columns: dict[str, Column], node: Any, ignore_id: bool) -> Sql:
    logic = "AND"
    texts: list[str] = []
    parameters: list[Any] = []
    for key, value in entries(node):
        if key == "logic":
            logic = "OR" if strval(value).upper() == "OR" else "AND"
            continue
        if key.isdigit() and is_array(value):
            text, some = _group(columns, value, ignore_id)
        else:
            text, some = _condition(columns, key, value, ignore_id)
        if text:
            texts.append(text)
            parameters += some
    if len(texts) < 2:
        return (texts[0] if texts else ""), parameters
    return "(" + f" {logic} ".join(texts) + ")", parameters


def _condition(columns: dict[str, Column], key: str, value: Any, ignore_id: bool) -> Sql:
    matched = _KEY.fullmatch(key)
    assert matched is not None
    operator, name = matched[1] or "", matched[2]
    column = columns.get(name)
    if column is None or not column.filterable or column.storage in {"fm", "const"}:
        raise Refusal("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter")
    if is_array(value) and operator not in _ARRAY_OPERATORS:
        raise Refusal("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' has invalid value")
    if ignore_id and column.name == "id":
        return "", []
    if is_array(value):
        return _listed(column, name, operator, [item for _, item in entries(value)])
    if operator in {"@", "!@"}:
        return _listed(column, name, operator, [value])
    if operator in {"%", "!%"} or operator in _WILD:
        found = like(column, strval(value), wild=operator in _WILD)
        return negate(found, keep_null=column) if operator.startswith("!") else found
    if operator in {">", ">=", "<", "<="}:
        return compare(column, operator, read(column, value))
    if operator in {"><", "!><"}:  # a range of one value
        return negate(equals(column, read(column, value))) if "!" in operator else equals(column, read(column, value))
    return _equality(column, operator, value)


def _nothing(column: Column, value: Any) -> bool:
    """null, false and the empty text, and 0 on numbers, do not compare: they ask whether the field is empty."""
    return value is None or value is False or value == "" or (is_number(column) and read(column, value) == 0)


def _equality(column: Column, operator: str, value: Any) -> Sql:
    negated = operator.startswith("!")
    if _nothing(column, value):
        return filled(column) if negated else empty(column)
    if operator in {"", "!"} and column.storage == "text":
        found = like(column, strval(value), wild=True)  # a bare key on text is a case-insensitive LIKE
    else:
        found = equals(column, read(column, value))
    if not negated:
        return found
    # "!=" on text includes NULL rows, on numbers and dates it skips them.
    return negate(found, keep_null=column if is_text(column) else None)


def _listed(column: Column, name: str, operator: str, values: list[Any]) -> Sql:
    if any(is_array(value) for value in values):
        raise Refusal("INVALID_ARG_VALUE", f"Invalid filter: field '{name}' has invalid value")
    if operator in {"@", "!@"}:
        if not values:
            raise internal_error()  # compiles to an empty IN (), which the database refuses
        found = any_of(column, [read(column, value) for value in values])
        return negate(found) if operator == "!@" else found
    negated = operator == "!="
    if not values:
        return ("1" if negated else "0"), []
    empties = [value for value in values if _nothing(column, value)]
    rest = [read(column, value) for value in values if not _nothing(column, value)]
    parts = ([any_of(column, rest)] if rest else []) + ([empty(column)] if empties else [])
    found = "(" + " OR ".join(text for text, _ in parts) + ")", [p for _, some in parts for p in some]
    if not negated:
        return found
    return negate(found, keep_null=column if is_text(column) and not empties else None)


def compile_order(columns: dict[str, Column], raw: Any) -> str:
    """The SQL of an order; unknown fields and directions are refused. Without one, no order is promised."""
    parts: list[str] = []
    unique = False
    for name, direction in entries(raw):
        column = columns.get(name)
        if column is None or not column.sortable or column.storage in {"fm", "const", "many"}:
            raise Refusal("INVALID_ARG_VALUE", f"Invalid order: field '{name}' is not allowed in order")
        word = strval(direction)
        if word.upper() not in {"ASC", "DESC"}:
            raise Refusal(
                "INVALID_ARG_VALUE",
                f"Invalid order: allowed sort directions are `ASC, DESC`. But got '{word}' for field '{name}'",
            )
        parts.append(sort_key(column, descending=word.upper() == "DESC"))
        unique = unique or column.name == "id"
    if not unique:
        parts.append(SCATTER)
    return " ORDER BY " + ", ".join(parts)


def sort_key(column: Column, *, descending: bool) -> str:
    """One ORDER BY term; text sorts whatever its case, as the portal's collation does."""
    key = f'"{column.name}_folded"' if column.folded else column.sql
    if column.storage == "text" and not column.folded:
        key = f"fold({key})"
    return f"{key} DESC" if descending else key
