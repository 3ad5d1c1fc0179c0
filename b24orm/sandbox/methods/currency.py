"""``crm.currency.*``: what the portal knows amounts in. A list is one answer, whose total is always 0.

Facts: api-reference/crm/currency/*.md. The id is the code, in capitals. What a currency is called, and how amounts of
it are written, is said by language in ``LANG``, which a get alone shows.
"""

from __future__ import annotations

import re
from typing import Any

import pydantic_core

from b24orm.sandbox.clock import iso
from b24orm.sandbox.filters_prefix import compile_order, named
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import classic, classic_array, classic_fields
from b24orm.sandbox.php import as_map, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEY = "currency"
_CODE = re.compile(r"[A-Z]{3}")
_SHOWN = ("format_string", "full_name", "dec_point", "thousands_sep", "decimals")
_LANGUAGE = "ru"


def _list(state: State, params: dict[str, Any]) -> Answer:
    source = state.table(_KEY)
    order = compile_order(named(source), classic_array(params, "order"), default="sort, id")
    columns = [column for column in source.columns if column.name != "lang"]
    found = fetch(state.store, source, "default", columns, ("", []), order)
    return Answer(found, total=0, rows=len(found))


def _number(state: State, params: dict[str, Any]) -> int:
    """The number of the row."""
    found = state.store.select(_KEY, "id", ("currency = ?", [strval(classic(params, "id"))]))
    if not found:
        raise Refusal("", "Not found")
    return int(found[0][0])


def _get(state: State, params: dict[str, Any]) -> Answer:
    source = state.table(_KEY)
    return Answer(fetch(state.store, source, "default", source.columns, ("id = ?", [_number(state, params)]))[0])


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """What the portal's own language says of the currency."""
    languages = as_map(pydantic_core.from_json(values.get("lang") or "{}"))
    own = as_map(languages.get(_LANGUAGE) or {})
    return {name: own[name.upper()] for name in _SHOWN if own.get(name.upper()) is not None}


def _add(state: State, params: dict[str, Any]) -> Answer:
    fields = classic_fields(params)
    given = as_map(fields)
    for name in ("CURRENCY", "AMOUNT_CNT", "AMOUNT"):
        if given.get(name) in (None, ""):
            raise Refusal("ERROR_CORE", f'Undefined array key "{name}"')
    code = strval(given["CURRENCY"])
    if not _CODE.fullmatch(code):
        raise Refusal("ERROR_CORE", "The currency code must consist of three capital Latin letters")
    if state.store.select(_KEY, "id", ("currency = ?", [code])):
        raise Refusal("ERROR_CORE", f"The currency {code} exists already")
    values = accepted(state, state.table(_KEY), "default", fields, current=None)
    empty = {"base": "N", "sort": 100, "lid": _LANGUAGE, "decimals": 2, "lang": "[]", "full_name": code}
    new = state.store.insert(_KEY, empty | {"date_update": iso(state.clock.time())} | values | _told(values))
    state.wrote(_KEY, new, "add")
    return Answer(code)


def _update(state: State, params: dict[str, Any]) -> Answer:
    number = _number(state, params)
    row = state.store.row(_KEY, number) or {}
    values = accepted(state, state.table(_KEY), "default", classic_fields(params), current=row)
    values |= _told(values)
    changed = any(row[name] != value for name, value in values.items())
    if changed:
        state.store.update(_KEY, number, {"date_update": iso(state.clock.time()), **values})
    state.wrote(_KEY, number, "update", changed=changed)
    return Answer(True)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    number = _number(state, params)
    if (state.store.row(_KEY, number) or {}).get("base") == "Y":
        raise Refusal("", "Cannot delete base currency.")
    state.store.delete(_KEY, number)
    state.wrote(_KEY, number, "delete")
    return Answer(True)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer({wire: describe(column) for wire, column in state.table(_KEY).by_wire["default"].items()})


METHODS: dict[str, Handler] = {
    "crm.currency.list": _list,
    "crm.currency.get": _get,
    "crm.currency.add": _add,
    "crm.currency.update": _update,
    "crm.currency.delete": _delete,
    "crm.currency.fields": _fields,
}
"""Handlers of this family."""
