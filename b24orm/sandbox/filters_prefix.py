"""The filters and orders of families that know a few signs before names in capitals, and drop what they do not know.

Which signs a family knows stands on the page of its list method; each constant names it. A sign that it does not know
is taken for a part of the name, so that the condition names no field. Facts: section 7 of the behaviour notes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from b24orm.sandbox.conditions import any_of, compare, empty, equals, filled, is_text, like, negate, read
from b24orm.sandbox.fields import Column, Table
from b24orm.sandbox.filters_item import sort_key
from b24orm.sandbox.php import entries, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.store import Sql

__all__ = [
    "GROUPS",
    "LISTS",
    "TASK_ITEMS",
    "WORKFLOWS",
    "WORKGROUPS",
    "Signs",
    "compile_filter",
    "compile_order",
    "named",
]

Refuse = Callable[[str], Refusal]


@dataclass(frozen=True, slots=True)
class Signs:
    """What may stand before a name.

    Attributes:
        key: splits a key into its sign and its name.
        keeps_empty: "not equal" keeps rows whose text is NULL, as it does where the portal's ORM does not read them.
    """

    key: re.Pattern[str]
    keeps_empty: bool = True


def _signs(*known: str, keeps_empty: bool = True) -> Signs:
    longest_first = sorted(known, key=len, reverse=True)
    return Signs(re.compile(f"({'|'.join(map(re.escape, longest_first))})?(.*)", re.DOTALL), keeps_empty)


GROUPS = _signs("!", ">=", ">", "<=", "<", "><", "!><", "?", "=", "!=", "%", "!%")
"""api-reference/sonet-group/sonet-group-get.md, api-reference/telephony/voximplant/voximplant-statistic-get.md."""

WORKGROUPS = _signs(
    ">=", ">", "<=", "<", "%", "=%", "%=", "!%", "!=%", "!%=", "=", "!=", "!", "@", "!@", keeps_empty=False
)
"""api-reference/sonet-group/socialnetwork-api-workgroup-list.md; ``@`` is what the portal's ORM reads besides."""

TASK_ITEMS = _signs("!", "<=", "<", ">=", ">")
"""api-reference/tasks/comment-item/task-comment-item-get-list.md."""

WORKFLOWS = _signs("=", "!", "!=", "<", "<=", ">", ">=")
"""api-reference/bizproc/bizproc-workflow-instances.md."""

LISTS = _signs("!%", ">=", "><", "!><", ">", "<=", "<", "%", "=", "*", "!")
"""What the server reads in ``lists.element.get``: not ``@``, ``!=`` and ``=%``, though its page names them."""


def named(source: Table) -> Mapping[str, Column]:
    """The columns of a table that can be filtered by, by their names in capitals."""
    return {wire.upper(): column for wire, column in source.by_wire["default"].items() if column.filterable}


def compile_filter(
    columns: Mapping[str, Column], raw: Any, signs: Signs, *, unknown: Refuse | None = None, ignore_id: bool = False
) -> Sql:
    """The SQL of a filter over *columns* by names in capitals; of names in any case.

    Raises:
        Refusal: by *unknown*, if it is given and a key names no column.
    """
    texts: list[str] = []
    parameters: list[Any] = []
    for key, value in entries(raw):
        matched = signs.key.fullmatch(key)
        assert matched is not None
        column = columns.get(matched[2].upper())
        if column is None:
            if unknown is not None:
                raise unknown(key)
            continue
        if ignore_id and column.name == "id":
            continue
        text, some = _condition(column, matched[1] or "", value, signs)
        if text:
            texts.append(text)
            parameters += some
    return " AND ".join(texts), parameters


def _condition(column: Column, sign: str, value: Any, signs: Signs) -> Sql:
    negated = sign.startswith("!")
    plain = sign.lstrip("!")
    if plain == "><":
        found = _between(column, value)
        return negate(found) if negated and found[0] else found
    if is_array(value):
        values = [read(column, item) for _, item in entries(value)]
        if not values:
            return "", []
        return negate(any_of(column, values)) if negated else any_of(column, values)
    if plain in {"<", "<=", ">", ">="}:
        return compare(column, plain, read(column, value))
    if "%" in plain or plain == "?":
        found = like(column, strval(value), wild=plain not in {"%", "?"})
        return negate(found) if negated else found
    held = read(column, value)
    if held in (None, "", 0):
        return filled(column) if negated else empty(column)
    found = equals(column, held)
    if not negated:
        return found
    return negate(found, keep_null=column if signs.keeps_empty or is_text(column) else None)


def _between(column: Column, value: Any) -> Sql:
    """Both ends are part of it."""
    ends = [read(column, item) for _, item in entries(value)][:2]
    if len(ends) < 2:
        return "", []
    (low, first), (high, second) = compare(column, ">=", ends[0]), compare(column, "<=", ends[1])
    return f"({low} AND {high})", first + second


def compile_order(columns: Mapping[str, Column], raw: Any, *, default: str, unknown: Refuse | None = None) -> str:
    """The SQL of an order over *columns* by names in capitals: any word but ASC means DESC; *default* if it is empty.

    Raises:
        Refusal: by *unknown*, if it is given and a key names no column.
    """
    parts: list[str] = []
    for name, word in entries(raw):
        column = columns.get(name.upper())
        if column is None or not column.sortable:
            if unknown is not None:
                raise unknown(name)
            continue
        parts.append(sort_key(column, descending=strval(word).upper() != "ASC"))
    return " ORDER BY " + (", ".join([*parts, "id"]) if parts else default)
