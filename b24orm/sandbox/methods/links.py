"""``crm.requisite.link.*``: which requisites and bank details an object uses. The object itself is the key of a link.

Facts: api-reference/crm/requisites/links/*.md. Registering a link that there is replaces it; taking one away that there
is not changes nothing, and the page knows no error for it.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.listing import classic_list
from b24orm.sandbox.methods.parameters import classic, classic_fields
from b24orm.sandbox.php import as_map, intval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEY = "requisite_link"
# Each field with the table that holds what it names, and what a refusal calls that.
_NAMED = {
    "requisite_id": ("requisite", "The Requisite with"),
    "bank_detail_id": ("bank_detail", "The BankDetail with"),
    "mc_requisite_id": ("requisite", "The Requisite of your company with"),
    "mc_bank_detail_id": ("bank_detail", "The BankDetail of your company with"),
}


def _list(state: State, params: dict[str, Any]) -> Answer:
    return classic_list(state, _KEY, params)


def _object(params: dict[str, Any]) -> tuple[int, int]:
    """Of which object the link is, by the parameters of get and unregister."""
    type_id, owner_id = intval(classic(params, "entitytypeid")), intval(classic(params, "entityid"))
    for name, value in (("entityTypeId", type_id), ("entityId", owner_id)):
        if value <= 0:
            raise Refusal("", f"{name} is not defined or invalid.")
    return type_id, owner_id


def _number(state: State, type_id: int, owner_id: int) -> int | None:
    found = state.store.select(_KEY, "id", ("entity_type_id = ? AND entity_id = ?", [type_id, owner_id]))
    return found[0][0] if found else None


def _get(state: State, params: dict[str, Any]) -> Answer:
    number = _number(state, *_object(params))
    if number is None:
        raise Refusal("", "Not found")
    source = state.table(_KEY)
    return Answer(fetch(state.store, source, "default", source.columns, ("id = ?", [number]))[0])


def _register(state: State, params: dict[str, Any]) -> Answer:
    fields = classic_fields(params)
    given = as_map(fields)
    type_id, owner_id = intval(given.get("ENTITY_TYPE_ID")), intval(given.get("ENTITY_ID"))
    for name, value in (("ENTITY_TYPE_ID", type_id), ("ENTITY_ID", owner_id)):
        if value <= 0:
            raise Refusal("", f"{name} is not defined or invalid.")
    owner = state.layout.owners.by_type_id.get(type_id)
    if owner is None or not state.store.select(owner.key, "id", ("id = ?", [owner_id])):
        raise Refusal("", "Entity is not found")
    for name, (key, called) in _NAMED.items():
        if given.get(name.upper()) is None or intval(given[name.upper()]) < 0:
            raise Refusal("", f"{name.upper()} is not defined or invalid.")
        one = intval(given[name.upper()])
        if one and not state.store.select(key, "id", ("id = ?", [one])):
            raise Refusal("", f"{called} ID '{one}' is not found")
    values = accepted(state, state.table(_KEY), "default", fields, current=None)
    number = _number(state, type_id, owner_id)
    if number is None:
        state.store.insert(_KEY, values)
    else:
        state.store.update(_KEY, number, values)
    state.wrote(_KEY, owner_id, "add" if number is None else "update")
    return Answer(True)


def _unregister(state: State, params: dict[str, Any]) -> Answer:
    type_id, owner_id = _object(params)
    number = _number(state, type_id, owner_id)
    if number is not None:
        state.store.delete(_KEY, number)
        state.wrote(_KEY, owner_id, "delete")
    return Answer(True)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer({wire: describe(column) for wire, column in state.table(_KEY).by_wire["default"].items()})


METHODS: dict[str, Handler] = {
    "crm.requisite.link.list": _list,
    "crm.requisite.link.get": _get,
    "crm.requisite.link.register": _register,
    "crm.requisite.link.unregister": _unregister,
    "crm.requisite.link.fields": _fields,
}
"""Handlers of this family."""
