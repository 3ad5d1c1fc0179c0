"""``user.get``, ``user.current``, ``user.fields``, ``user.add`` and ``user.update``; users are never deleted.

Facts: api-reference/user/user-get.md and section 7 of the behaviour notes: filter keys in FILTER (any case) or at top
level, arrays allowed, prefixes of at most two characters, unknown fields dropped; ``start`` is used exactly; an empty
page has no total.
"""

from __future__ import annotations

import re
from typing import Any

from b24orm.sandbox import rules
from b24orm.sandbox.conditions import any_of, compare, empty, equals, filled, is_text, like, negate, read
from b24orm.sandbox.fields import Column, table
from b24orm.sandbox.filters_item import sort_key
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.methods.userscope import visible
from b24orm.sandbox.paging import ORM, page
from b24orm.sandbox.php import entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Sql
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEY = re.compile(r"(!@|!%|!=|>=|<=|=%|%=|>|<|=|@|%|!)?(.*)", re.DOTALL)
_YES = frozenset({"y", "1", "true"})


def _filter(columns: dict[str, Column], raw: list[tuple[str, Any]], *, ignore_id: bool) -> Sql:
    texts: list[str] = []
    parameters: list[Any] = []
    for key, value in raw:
        matched = _KEY.fullmatch(key)
        assert matched is not None
        column = columns.get(matched[2].upper())
        if column is None or (ignore_id and column.name == "id"):
            continue
        text, some = _condition(column, matched[1] or "", value)
        texts.append(text)
        parameters += some
    return " AND ".join(texts), parameters


def _condition(column: Column, operator: str, value: Any) -> Sql:
    if is_array(value):
        values = [_read(column, item) for _, item in entries(value)]
        if operator in {">", ">=", "<", "<="}:
            return compare(column, operator, values[0] if values else None)
        found = any_of(column, values)
        return negate(found) if operator.startswith("!") else found
    held = _read(column, value)
    if operator in {">", ">=", "<", "<="}:
        return compare(column, operator, held)
    if "%" in operator or (operator == "" and column.storage == "text" and value):
        found = like(column, strval(value), wild=operator.strip("!") != "%")
        return negate(found) if operator.startswith("!") else found
    if held in (None, "", 0):
        # A value that is no date finds nothing; an empty one asks for empty fields.
        if value:
            return "0", []
        return filled(column) if operator.startswith("!") else empty(column)
    found = equals(column, held)
    return negate(found, keep_null=column if is_text(column) else None) if operator.startswith("!") else found


def _read(column: Column, value: Any) -> Any:
    if column.storage == "flag":
        return "y" if strval(value).lower() in _YES else "n"
    return read(column, value)


def _get(state: State, params: dict[str, Any]) -> Answer:
    source, columns = table("user"), visible(state.caller)
    nested = list(entries(classic(params, "filter")))
    reserved = {"filter", "sort", "order", "select", "start", "admin_mode", "image_resize", "auth"}
    top = [(key, value) for key, value in params.items() if key.lower() not in reserved]
    where = _filter(columns, nested + top, ignore_id=state.options.ignore_id_filter)
    by = columns.get(strval(classic(params, "sort")).upper()) or source.by_name["id"]
    descending = strval(classic(params, "order")).upper() == "DESC"
    order = " ORDER BY " + sort_key(by, descending=descending) + ("" if by.name == "id" else ", id")
    wanted = {strval(name).upper() for _, name in entries(classic(params, "select"))}
    chosen = [
        column
        for wire, column in columns.items()
        if not wanted or "*" in wanted or wire in wanted or ("UF_*" in wanted and wire.startswith("UF_"))
    ]
    found, answer = page(
        ORM,
        state.options,
        params.get("start"),
        lambda: state.store.count("user", where),
        lambda window: fetch(state.store, source, "default", chosen, where, order, window),
    )
    answer.result = found
    return answer


def _current(state: State, params: dict[str, Any]) -> Answer:
    del params
    where = ("id = ?", [state.user_id])
    return Answer(fetch(state.store, table("user"), "default", visible(state.caller).values(), where)[0])


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer({wire: column.title for wire, column in visible(state.caller).items()})


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _given(state: State, params: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    """The fields stand beside the other parameters (user-add.md)."""
    upper = {name.upper(): value for name, value in params.items()}
    values = accepted(state, table("user"), "default", upper, current=current)
    email = values.get("email", (current or {}).get("email"))
    if not _EMAIL.fullmatch(strval(email)):
        raise Refusal("ERROR_ARGUMENT", "wrong_email", argument="")
    taken = state.store.select("user", "id", ("fold(email) = ?", [strval(email).casefold()]))
    if any(row[0] != (current or {}).get("id") for row in taken):
        raise Refusal("ERROR_ARGUMENT", "A user with this email already exists", argument="")
    return values


def _add(state: State, params: dict[str, Any]) -> Answer:
    new = rules.create(state, table("user"), _given(state, params, None))
    state.wrote("user", new, "add")
    return Answer(new)


def _update(state: State, params: dict[str, Any]) -> Answer:
    row = state.store.row("user", intval(classic(params, "id")))
    if row is None:
        raise Refusal("ERROR_CORE", "access_denied")
    changed = rules.update(state, table("user"), row, _given(state, params, row))
    state.wrote("user", row["id"], "update", changed=changed)
    return Answer(True)


METHODS: dict[str, Handler] = {
    "user.get": _get,
    "user.current": _current,
    "user.fields": _fields,
    "user.add": _add,
    "user.update": _update,
}
"""Handlers of this family."""
