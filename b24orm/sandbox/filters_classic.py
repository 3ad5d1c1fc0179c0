"""The filter, order and select grammar of the classic ``crm.*.list``: lenient, AND only, typos return everything.

Facts: sections 6 to 8 of the behaviour notes; api-reference/crm/deals/crm-deal-list.md.
"""

from __future__ import annotations

import re
from typing import Any

from b24orm.sandbox.conditions import any_of, compare, empty, equals, is_number, is_text, like, negate, read
from b24orm.sandbox.fields import Column, Form, Table
from b24orm.sandbox.filters_item import sort_key
from b24orm.sandbox.php import entries, is_array, strval
from b24orm.sandbox.store import SCATTER, Sql

__all__ = ["compile_filter", "compile_order", "selected"]

# "><" is not parsed: the rest of the key then begins with "<" and names no field. "!%" is read but not negated.
_KEY = re.compile(r"(!=%|!%=|!@|!%|!=|>=|<=|=%|%=|>|<|=|@|%|!)?(.*)", re.DOTALL)
_EXACT = frozenset({"ID", "=ID", "@ID"})
_EQUALITY_TYPES = frozenset({"crm_status", "crm_company", "crm_contact"})


def compile_filter(table: Table, raw: Any, *, form: Form = "classic", ignore_id: bool = False) -> Sql:
    """The SQL of a classic filter. Unknown keys, groups and ``logic`` are dropped in silence."""
    texts: list[str] = []
    parameters: list[Any] = []
    exact = False
    for key, value in entries(raw):
        exact = exact or key in _EXACT
        matched = _KEY.fullmatch(key)
        assert matched is not None
        column = table.by_wire[form].get(matched[2])
        if column is None or not column.filterable or (ignore_id and column.name == "id"):
            continue
        text, some = _condition(column, matched[1] or "=", value)
        if text:
            texts.append(text)
            parameters += some
    if table.key == "deal" and not exact:
        # Lists of deals hide the templates of recurring ones unless an exact id asks for them.
        texts.append("is_recurring = 'N'")
    return " AND ".join(texts), parameters


def _condition(column: Column, operator: str, value: Any) -> Sql:
    if not is_array(value):
        if operator in {"@", "!@"}:
            return _among(column, operator, [value])
        return _single(column, operator, value)
    values = [item for _, item in entries(value)]
    if not values:
        return "", []  # an empty array removes the condition
    if operator in {"@", "!@"}:
        return _among(column, operator, values)
    parts = [_single(column, operator, item) for item in values]
    joiner = " AND " if operator in {"!", "!="} else " OR "
    return "(" + joiner.join(text for text, _ in parts) + ")", [p for _, some in parts for p in some]


def _among(column: Column, operator: str, values: list[Any]) -> Sql:
    found = (
        _multifield_any(column, values) if column.storage == "fm" else any_of(column, [read(column, v) for v in values])
    )
    return negate(found) if operator == "!@" else found


def _single(column: Column, operator: str, value: Any) -> Sql:
    if column.storage == "fm":
        return _multifield(column, operator, strval(value))
    if "%" in operator:
        # LIKE means equality on dictionaries, clients and numbers.
        if column.type not in _EQUALITY_TYPES and not is_number(column):
            return like(column, strval(value), wild=operator.strip("!") != "%")
        operator = "="
    held = read(column, value)
    if held is None or (not is_text(column) and not is_number(column) and value == ""):
        # An unreadable date becomes empty, and whatever the operator was, this becomes a test for NULL.
        return f"{column.sql} IS {'NOT ' if operator.startswith('!') else ''}NULL", []
    nothing = held in ("", 0)
    if operator in {"!", "!="}:
        # "!=NAME": "" means "is filled" (example of crm.contact.list); any other negation keeps rows without a value.
        return negate(empty(column)) if nothing else negate(equals(column, held), keep_null=column)
    if operator == "=":
        return empty(column) if nothing else equals(column, held)
    return compare(column, operator, held)


def _multifield(column: Column, operator: str, value: str) -> Sql:
    text = "fold(json_extract(value, '$.value'))"
    test, given = (
        (f"instr({text}, ?) > 0", value.casefold())
        if operator.strip("!") == "%"
        else (rf"{text} LIKE ? ESCAPE '\'", value.casefold())
        if "%" in operator
        else (f"{text} = ?", value.casefold())
    )
    found: Sql = (
        f"EXISTS (SELECT 1 FROM json_each(fm) WHERE json_extract(value, '$.typeId') = ? AND {test})",  # noqa: S608 - our own names
        [column.wire["classic"], given],
    )
    return negate(found) if operator in {"!", "!="} else found


def _multifield_any(column: Column, values: list[Any]) -> Sql:
    parts = [_multifield(column, "=", strval(value)) for value in values]
    return "(" + " OR ".join(text for text, _ in parts) + ")", [p for _, some in parts for p in some]


def compile_order(table: Table, raw: Any, *, form: Form = "classic") -> str:
    """The SQL of a classic order: unknown fields are dropped, any word but ASC means DESC."""
    parts: list[str] = []
    unique = False
    for name, direction in entries(raw):
        column = table.by_wire[form].get(name.upper())
        if column is None or not column.sortable or column.storage in {"fm", "many"}:
            continue
        parts.append(sort_key(column, descending=strval(direction).upper() != "ASC"))
        unique = unique or column.name == "id"
    if not unique:
        parts.append(SCATTER)
    return " ORDER BY " + ", ".join(parts)


def selected(table: Table, raw: Any, *, form: Form = "classic") -> list[Column]:
    """The columns of a classic select; an empty one means ``*``, which holds neither user fields nor multifields."""
    wanted = [strval(name).upper() for _, name in entries(raw)] or ["*"]
    everything = "*" in wanted
    user_fields = "UF_*" in wanted
    names = {*wanted, "ID"}  # the id is added unless "*" holds it anyway
    return [
        column
        for wire, column in table.by_wire[form].items()
        # Bindings are write-only in the older methods; of other lists some come if they are named.
        if not (form == "classic" and column.storage == "many" and column.user_field is None)
        and (
            wire in names
            or (user_fields and column.user_field is not None)
            or (everything and column.user_field is None and column.storage not in {"fm", "many"})
        )
    ]
