"""The filter and order grammar of ``tasks.task.list``: capitals, prefixes, groups in a spelling of their own.

Facts: api-reference/tasks/tasks-task-list.md and section 7 of the behaviour notes. Unknown fields are dropped; an
unknown field to sort by is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from b24orm.sandbox.conditions import any_of, compare, empty, equals, filled, is_text, like, negate, read
from b24orm.sandbox.fields import Column, table
from b24orm.sandbox.filters_item import sort_key
from b24orm.sandbox.php import entries, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.store import Sql

__all__ = ["compile_filter", "compile_order", "sub_status"]

_KEY = re.compile(r"(!><|><|!%|!=|<=|>=|!|<|>|=|%|\?)?(.*)", re.DOTALL)
_GROUP = re.compile(r"::SUBFILTER-.*|[0-9]+")
_ASKED = {"REAL_STATUS": "status", "ACCOMPLICE": "accomplices", "AUDITOR": "auditors"}
_SORTABLE = frozenset(
    {
        *("ID", "TITLE", "TIME_SPENT_IN_LOGS", "DATE_START", "CREATED_DATE", "CHANGED_DATE", "CLOSED_DATE"),
        *("ACTIVITY_DATE", "START_DATE_PLAN", "END_DATE_PLAN", "DEADLINE", "REAL_STATUS", "PRIORITY", "MARK"),
        *("GROUP_ID", "TIME_ESTIMATE", "ALLOW_CHANGE_DEADLINE", "ALLOW_TIME_TRACKING", "MATCH_WORK_TIME", "FAVORITE"),
        *("SORTING", "IS_PINNED", "IS_PINNED_IN_GROUP"),
    }
)


_ENDED = frozenset({4, 5, 6})


def sub_status(task: Mapping[str, Any], now: str) -> int:
    """What filters call STATUS: the stored one, or why the task needs looking at.

    -1 is overdue, -2 was not seen yet, and -3 is due within a day. Which of them wins is not documented.
    """
    status, deadline = int(task["status"]), task.get("deadline")
    if deadline and deadline < now and status not in _ENDED:
        return -1
    if task.get("not_viewed") == "Y":
        return -2
    return -3 if deadline and deadline < _soon(now) and status not in _ENDED else status


_SUB_STATUS = (
    "(CASE WHEN deadline < ? AND status NOT IN (4, 5, 6) THEN -1 WHEN not_viewed = 'Y' THEN -2 "
    "WHEN deadline < ? AND status NOT IN (4, 5, 6) THEN -3 ELSE status END)"
)


def _soon(now: str) -> str:
    return (datetime.fromisoformat(now) + timedelta(days=1)).isoformat()


def _column(name: str) -> Column | None:
    source = table("task")
    return source.by_name[_ASKED[name]] if name in _ASKED else source.by_wire["default"].get(name)


def compile_filter(raw: Any, now: str, *, ignore_id: bool = False) -> Sql:
    """The SQL of a filter, at the time *now*."""
    logic = "AND"
    texts: list[str] = []
    parameters: list[Any] = []
    for key, value in entries(raw):
        if key.upper() == "::LOGIC":
            logic = strval(value).upper()
            if logic not in {"AND", "OR"}:
                raise Refusal("0", f"Unknown logic: {strval(value)} (internal error)")
            continue
        if _GROUP.fullmatch(key.upper()) and is_array(value):
            text, some = compile_filter(value, now, ignore_id=ignore_id)
        else:
            text, some = _condition(key, value, now, ignore_id)
        if text:
            texts.append(text)
            parameters += some
    return (f"({f' {logic} '.join(texts)})" if texts else ""), parameters


def _condition(key: str, value: Any, now: str, ignore_id: bool) -> Sql:
    matched = _KEY.fullmatch(key)
    assert matched is not None
    operator, name = matched[1] or "=", matched[2].upper()
    if name == "STATUS":
        return _status(operator, value, now)
    column = _column(name)
    if column is None or (ignore_id and column.name == "id"):
        return "", []
    negated = operator.startswith("!")
    if operator.strip("!") == "><":
        return _between(column, value, negated=negated)
    if is_array(value):
        values = [read(column, item) for _, item in entries(value)]
        if not values:
            return "", []
        return negate(any_of(column, values)) if negated else any_of(column, values)
    if operator in {"<", "<=", ">", ">="}:
        return compare(column, operator, read(column, value))
    if operator.strip("!") in {"%", "?"} or (column.name == "title" and matched[1] in {None, "!"}):
        # A title without a sign of equality is a pattern, whose signs a client may send.
        found = like(column, strval(value), wild=operator.strip("!") not in {"%", "?"})
        return negate(found) if negated else found
    held = read(column, value)
    if held in (None, "", 0) and column.name != "parent_id":
        return filled(column) if negated else empty(column)
    found = equals(column, held)
    return negate(found, keep_null=column if is_text(column) else None) if negated else found


def _between(column: Column, value: Any, *, negated: bool) -> Sql:
    ends = [read(column, item) for _, item in entries(value)][:2]
    if len(ends) < 2:
        return "", []
    (low, first), (high, second) = compare(column, ">=", ends[0]), compare(column, "<=", ends[1])
    found = f"({low} AND {high})", first + second
    return negate(found) if negated else found


def _status(operator: str, value: Any, now: str) -> Sql:
    """STATUS knows more than the stored status, see `sub_status`."""
    column = table("task").by_name["status"]
    wanted = [read(column, item) for _, item in entries(value)] if is_array(value) else [read(column, value)]
    if not wanted:
        return "", []
    times = [now, _soon(now)]
    if operator in {"<", "<=", ">", ">="}:
        return f"{_SUB_STATUS} {operator} ?", [*times, wanted[0]]
    found = f"{_SUB_STATUS} IN ({', '.join('?' * len(wanted))})", [*times, *wanted]
    return negate(found) if operator.startswith("!") else found


def compile_order(raw: Any) -> str:
    """The SQL of an order; without one the newest come first."""
    parts: list[str] = []
    for name, word in entries(raw):
        column = _column(name.upper())
        if column is None or name.upper() not in _SORTABLE:
            raise Refusal("0", "Invalid sorting key (internal error)")
        parts.append(sort_key(column, descending=strval(word).upper() != "ASC"))
    return " ORDER BY " + ", ".join([*parts, "id DESC"])
