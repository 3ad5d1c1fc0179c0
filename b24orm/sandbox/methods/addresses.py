"""``crm.address.*``: addresses of requisites and leads, which are told apart by three fields and have no id.

Facts: api-reference/crm/requisites/addresses/*.md.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.listing import classic_list
from b24orm.sandbox.methods.parameters import classic_fields
from b24orm.sandbox.php import as_map, intval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEY = "address"
_PARTS = ("type_id", "entity_type_id", "entity_id")


def _list(state: State, params: dict[str, Any]) -> Answer:
    return classic_list(state, _KEY, params)


def _address(params: dict[str, Any]) -> tuple[list[int], Any]:
    """Which address, and the fields."""
    fields = classic_fields(params)
    given = as_map(fields)
    parts = [intval(given.get(name.upper())) for name in _PARTS]
    for name, value in zip(_PARTS, parts, strict=True):
        if value <= 0:
            raise Refusal("", f"{name.upper()} is not defined or invalid.")
    return parts, fields


def _found(state: State, parts: list[int]) -> int | None:
    """The id under which the store holds the address."""
    where = " AND ".join(f"{name} = ?" for name in _PARTS), list[Any](parts)
    found = state.store.select(_KEY, "id", where)
    return found[0][0] if found else None


def _anchor(state: State, type_id: int, entity_id: int) -> dict[str, Any]:
    """Whom the address is of in the end: that of a requisite is of the requisite's owner."""
    if type_id == 8:
        row = state.store.row("requisite", entity_id)
        return {"anchor_type_id": row["entity_type_id"], "anchor_id": row["entity_id"]} if row else {}
    return {"anchor_type_id": type_id, "anchor_id": entity_id}


def _about(state: State, parts: list[int]) -> dict[str, Any]:
    """What the events of an address tell, which has no id (api-reference/crm/requisites/events/*.md)."""
    anchor = {name.upper(): value for name, value in _anchor(state, parts[1], parts[2]).items()}
    return {"TYPE_ID": parts[0], "ENTITY_TYPE_ID": parts[1], "ENTITY_ID": parts[2], **anchor}


def _add(state: State, params: dict[str, Any]) -> Answer:
    parts, fields = _address(params)
    owner = state.layout.owners.by_type_id.get(parts[1])
    if owner is None or not state.store.select(owner.key, "id", ("id = ?", [parts[2]])):
        raise Refusal("", "ENTITY_ID is not defined or invalid.")
    if _found(state, parts) is not None:
        raise Refusal("", "TypeAddress exists.")
    values = accepted(state, state.table(_KEY), "default", fields, current=None)
    state.store.insert(_KEY, _anchor(state, parts[1], parts[2]) | values)
    state.wrote(_KEY, parts[2], "add", about=_about(state, parts))
    return Answer(True)


def _held(state: State, parts: list[int]) -> int:
    found = _found(state, parts)
    if found is None:
        raise Refusal("", "TypeAddress not found.")
    return found


def _update(state: State, params: dict[str, Any]) -> Answer:
    parts, fields = _address(params)
    row_id = _held(state, parts)
    values = accepted(state, state.table(_KEY), "default", fields, current={})
    names = ", ".join(f'"{name}"' for name in values)
    before = state.store.select(_KEY, names, ("id = ?", [row_id]))[0] if values else ()
    state.store.update(_KEY, row_id, values)
    changed = list(before) != list(values.values())
    state.wrote(_KEY, parts[2], "update", changed=changed, about=_about(state, parts))
    return Answer(True)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    parts, _ = _address(params)
    state.store.delete(_KEY, _held(state, parts))
    state.wrote(_KEY, parts[2], "delete", about=_about(state, parts))
    return Answer(True)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer({wire: describe(column) for wire, column in state.table(_KEY).by_wire["default"].items()})


METHODS: dict[str, Handler] = {
    "crm.address.list": _list,
    "crm.address.add": _add,
    "crm.address.update": _update,
    "crm.address.delete": _delete,
    "crm.address.fields": _fields,
}
"""Handlers of this family."""
