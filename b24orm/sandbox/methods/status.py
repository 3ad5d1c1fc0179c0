"""``crm.status.*``: dictionaries and stages. A list is one answer, whatever its length.

Facts: api-reference/crm/status/crm-status-*.md. The errors of this family have a sentence as their code. Conditions are
bare equality; what becomes of a list as a value is not documented, and here it is dropped.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.conditions import equals, read
from b24orm.sandbox.fields import table
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import classic, classic_fields, classic_id
from b24orm.sandbox.php import entries, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch, fetch_one
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_ORDERS = {"SORT": "sort", "ID": "id", "NAME": "name", "ENTITY_ID": "entity_id", "STATUS_ID": "status_id"}


def _list(state: State, params: dict[str, Any]) -> Answer:
    source = table("status")
    texts: list[str] = []
    values: list[Any] = []
    for name, value in entries(classic(params, "filter")):
        column = source.by_wire["default"].get(name.upper())
        if column is None or is_array(value):
            continue
        text, some = equals(column, read(column, value))
        texts.append(text)
        values += some
    order = [
        f"{_ORDERS[name.upper()]} {'DESC' if strval(word).upper() == 'DESC' else 'ASC'}"
        for name, word in entries(classic(params, "order"))
        if name.upper() in _ORDERS
    ]
    tail = " ORDER BY " + ", ".join(order or ["sort", "id"])
    found = fetch(state.store, source, "default", source.columns, (" AND ".join(texts), values), tail)
    return Answer(found, total=len(found), rows=len(found))


def _get(state: State, params: dict[str, Any]) -> Answer:
    source = table("status")
    row = fetch_one(state.store, source, "default", source.columns, classic_id(params))
    if row is None:
        raise Refusal("Status is not found.", "Status is not found.")
    return Answer(row)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer({wire: describe(column) for wire, column in table("status").by_wire["default"].items()})


def _add(state: State, params: dict[str, Any]) -> Answer:
    values = accepted(state, table("status"), "default", classic_fields(params), current=None)
    missing = [name for name in ("entity_id", "status_id") if not values.get(name)]
    if missing:
        raise Refusal("", "<br>".join(f"The field {name.upper()} is required." for name in missing))
    if not values.get("name"):
        raise Refusal("", "The field Title is required.")
    same = ("entity_id = ? AND status_id = ?", [values["entity_id"], values["status_id"]])
    if state.store.select("status", "id", same):
        raise Refusal("ERROR_CORE", "The specified status ID already exists.")
    defaults = {"sort": 10, "system": "N", "name_init": ""}
    new = state.store.insert("status", defaults | values)
    state.wrote("status", new, "add")
    return Answer(new)


def _known(state: State, params: dict[str, Any]) -> dict[str, Any]:
    row = state.store.row("status", classic_id(params))
    if row is None:
        raise Refusal("Status is not found.", "Status is not found.")
    return row


def _update(state: State, params: dict[str, Any]) -> Answer:
    row = _known(state, params)
    values = accepted(state, table("status"), "default", classic_fields(params), current=row)
    state.store.update("status", row["id"], values)
    state.wrote("status", row["id"], "update", changed=any(row[name] != value for name, value in values.items()))
    return Answer(True)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    row = _known(state, params)
    options = classic(params, "params")
    forced = dict(entries(options)).get("FORCED") == "Y"
    if row["system"] == "Y" and not forced:
        sentence = 'CRM System Status can be deleted only if parameter FORCED is specified and equal to "Y".'
        raise Refusal(sentence, sentence)
    state.store.delete("status", row["id"])
    state.wrote("status", row["id"], "delete")
    return Answer(True)


METHODS: dict[str, Handler] = {
    "crm.status.list": _list,
    "crm.status.get": _get,
    "crm.status.add": _add,
    "crm.status.update": _update,
    "crm.status.delete": _delete,
    "crm.status.fields": _fields,
}
"""Handlers of this family."""
