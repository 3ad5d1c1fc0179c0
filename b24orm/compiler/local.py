"""Filters and orders applied to rows in memory, for methods that answer with all rows at once.

Text compares without regard to case, as the portal's database does. An empty value matches nothing but ``isnull``
and negations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from b24orm.narrow import is_list
from b24orm.query import All, Always, Any_, Condition, Lookup, Node

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
    return isinstance(node, Always)


def _comparable(value: Any) -> Any:
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # a bare date is its midnight
    return value


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list) and not value)


def _like(pattern: str, text: str) -> bool:
    expression = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _orderable(have: Any, want: Any) -> bool:
    try:
        return bool(have < want) or True
    except TypeError:
        return False


_POSITIVE: dict[Lookup, Lookup] = {"ne": "exact", "not_in": "in", "not_contains": "contains", "not_like": "like"}


def _holds(condition: Condition, actual: Any) -> bool:
    lookup = condition.lookup
    if lookup == "isnull":
        return _is_empty(actual) is bool(condition.value)
    if _is_empty(actual):
        return condition.or_empty
    positive = _POSITIVE.get(lookup)
    return (
        _compare(lookup, actual, condition.value)
        if positive is None
        else not _compare(positive, actual, condition.value)
    )


def _compare(lookup: Lookup, actual: Any, value: Any) -> bool:
    if is_list(actual):  # a field of several values matches if one of them does
        return any(_compare(lookup, item, value) for item in actual)
    have = _comparable(actual)
    if lookup == "in":
        return any(bool(have == _comparable(wanted)) for wanted in value)
    want = _comparable(value)
    if isinstance(have, datetime) and isinstance(want, datetime) and (have.tzinfo is None) is not (want.tzinfo is None):
        # A time without a zone is meant in the zone of the one it is compared with.
        have, want = have.replace(tzinfo=have.tzinfo or want.tzinfo), want.replace(tzinfo=want.tzinfo or have.tzinfo)
    if lookup in ("gt", "gte", "lt", "lte") and not _orderable(have, want):
        return False  # a value of another kind than its field's, kept as it came
    match lookup:
        case "exact":
            return bool(have == want)
        case "gt":
            return bool(have > want)
        case "gte":
            return bool(have >= want)
        case "lt":
            return bool(have < want)
        case "lte":
            return bool(have <= want)
        case "contains":
            return str(want) in str(have)
        case _:
            return _like(str(want), str(have))


def ordered(rows: Sequence[R], keys: Sequence[tuple[str, bool]]) -> list[R]:
    """*rows* sorted by *keys* (attribute name, descending); rows without a value come first, as in MySQL."""
    result = list(rows)
    for name, descending in reversed(keys):
        kinds: set[str] = {type(_comparable(row.get(name))).__name__ for row in rows if row.get(name) is not None}

        def rank(row: R, name: str = name, several: bool = len(kinds) > 1) -> tuple[bool, str, Any]:
            value = row.get(name)
            have = _comparable(value) if value is not None else 0
            # Values of other kinds than their field's, kept as they came, stand apart.
            return (value is not None, type(have).__name__ if several else "", have)

        result.sort(key=rank, reverse=descending)
    return result
