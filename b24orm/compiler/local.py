"""Filters and orders applied to rows in memory, for methods that answer with all rows at once.

Text compares without regard to case, as the portal's database does. An empty value matches nothing but ``isnull``
and negations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from b24orm.query import All, Always, Any_, Condition, Never, Node

__all__ = ["matches", "ordered"]

R = TypeVar("R", bound=Mapping[str, Any])


def matches(node: Node, row: Mapping[str, Any]) -> bool:
    """Whether *row* (attribute name -> value) matches *node*."""
    if isinstance(node, All):
        return all(matches(part, row) for part in node.parts)
    if isinstance(node, Any_):
        return any(matches(part, row) for part in node.parts)
    if isinstance(node, Condition):
        return _holds(node, row.get(node.field))
    return isinstance(node, Always) and not isinstance(node, Never)


def _comparable(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return value


def _like(pattern: str, text: str) -> bool:
    expression = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _holds(condition: Condition, actual: Any) -> bool:
    empty = actual is None or actual == ""
    if condition.lookup == "isnull":
        return empty is bool(condition.value)
    if empty:
        return condition.or_empty
    have = _comparable(actual)
    value = condition.value
    if condition.lookup in ("in", "not_in"):
        return (have in {_comparable(v) for v in value}) is (condition.lookup == "in")
    want = _comparable(value)
    match condition.lookup:
        case "exact":
            return bool(have == want)
        case "ne":
            return bool(have != want)
        case "gt":
            return bool(have > want)
        case "gte":
            return bool(have >= want)
        case "lt":
            return bool(have < want)
        case "lte":
            return bool(have <= want)
        case "contains":
            return want in have
        case "not_contains":
            return want not in have
        case "like":
            return _like(want, str(have))
        case _:
            return not _like(want, str(have))


def ordered(rows: Sequence[R], keys: Sequence[tuple[str, bool]]) -> list[R]:
    """*rows* sorted by *keys* (attribute name, descending); rows without a value come first, as in MySQL."""
    result = list(rows)
    for name, descending in reversed(keys):

        def rank(row: R, name: str = name) -> tuple[bool, Any]:
            value = row.get(name)
            return (value is not None, _comparable(value) if value is not None else 0)

        result.sort(key=rank, reverse=descending)
    return result
