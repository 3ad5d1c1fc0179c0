"""``lists.get``, ``add``, ``update``, ``delete`` and ``lists.field.get``: universal lists and the fields they have.

Facts: api-reference/lists/lists/*.md and fields/lists-field-get.md. A list is known by its type and its id or code. The
pages name no text for a list without a name; that here is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic_core

from b24orm.sandbox.conditions import all_of
from b24orm.sandbox.filters_prefix import compile_order
from b24orm.sandbox.localdates import local_of
from b24orm.sandbox.methods.parameters import classic, classic_array
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.php import as_map, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Sql
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS", "block_of", "missing", "needed", "own_fields"]

_LIST, _ELEMENT = "universal_list", "list_element"
_TYPES = frozenset({"lists", "bitrix_processes", "lists_socnet"})


def missing(name: str) -> Refusal:
    """The refusal of a call without a parameter that it needs."""
    return Refusal("ERROR_REQUIRED_PARAMETERS_MISSING", f"Required parameter `{name}` is missing")


def needed(params: dict[str, Any], name: str) -> Any:
    """A parameter that a call cannot do without."""
    value = classic(params, name.lower())
    if value is None or value == "":
        raise missing(name)
    return value


def _kind(params: dict[str, Any]) -> str:
    return strval(needed(params, "IBLOCK_TYPE_ID"))


def _of_list(params: dict[str, Any]) -> Sql:
    """The condition that names a list by its id or code, if the call does."""
    number, code = classic(params, "iblock_id"), classic(params, "iblock_code")
    if number not in (None, ""):
        return "id = ?", [intval(number)]
    return ("code = ?", [strval(code)]) if code not in (None, "") else ("", [])


def block_of(state: State, params: dict[str, Any]) -> dict[str, Any]:
    """The list that the call is about."""
    kind, which = _kind(params), _of_list(params)
    if not which[0]:
        raise missing("IBLOCK_ID")
    found = state.store.select(_LIST, "id", all_of(("iblock_type_id = ?", [kind]), which))
    row = state.store.row(_LIST, found[0][0]) if found else None
    if row is None:
        raise Refusal("ERROR_IBLOCK_NOT_FOUND", "Iblock not found")
    return row


def _lists(state: State, params: dict[str, Any]) -> Answer:
    source, where = state.table(_LIST), all_of(("iblock_type_id = ?", [_kind(params)]), _of_list(params))
    group = classic(params, "socnet_group_id")
    if group not in (None, ""):
        where = all_of(where, ("socnet_group_id = ?", [intval(group)]))
    sortable = {wire: c for wire, c in source.by_wire["default"].items() if c.sortable}
    order = compile_order(sortable, classic_array(params, "iblock_order"), default="id DESC")
    shown = source.by_wire["default"].values()
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(_LIST, where),
        lambda window: fetch(state.store, source, "default", shown, where, order, window),
    )
    answer.result = found
    return answer


def _sent_list(state: State, params: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    fields = needed(params, "FIELDS")
    given = as_map(fields) if is_array(fields) else {}
    if not given.get("NAME"):
        raise Refusal("ERROR_ADD_IBLOCK" if current is None else "ERROR_UPDATE_IBLOCK", "The list has no name")
    values = accepted(state, state.table(_LIST), "default", given, current=current)
    group = classic(params, "socnet_group_id")
    if group not in (None, ""):
        values["socnet_group_id"] = intval(group)
    return {**values, "timestamp_x": local_of(state.clock.time())}


def _add_list(state: State, params: dict[str, Any]) -> Answer:
    kind, code = _kind(params), strval(needed(params, "IBLOCK_CODE"))
    if kind not in _TYPES:
        raise Refusal("ERROR_ADD_IBLOCK", f"There is no type {kind}")
    if state.store.select(_LIST, "id", ("code = ?", [code])):
        raise Refusal("ERROR_IBLOCK_ALREADY_EXISTS", "Iblock already exists")
    flags = {c.name: "N" for c in state.table(_LIST).stored if c.storage == "flag"}
    made = {"active": "Y", "sort": 500, "description": "", "rights_mode": "E", "properties": "{}", "lid": "s1"}
    values = _sent_list(state, params, None)
    new = state.store.insert(_LIST, flags | made | values | {"iblock_type_id": kind, "code": code})
    state.wrote(_LIST, new, "add")
    return Answer(new)


def _update_list(state: State, params: dict[str, Any]) -> Answer:
    row = block_of(state, params)
    values = _sent_list(state, params, row)
    state.store.update(_LIST, row["id"], values)
    changed = any(row[name] != value for name, value in values.items() if name != "timestamp_x")
    state.wrote(_LIST, row["id"], "update", changed=changed)
    return Answer(True)


def _delete_list(state: State, params: dict[str, Any]) -> Answer:
    row = block_of(state, params)
    state.store.delete_where(_ELEMENT, ("iblock_id = ?", [row["id"]]))
    state.store.delete(_LIST, row["id"])
    state.wrote(_LIST, row["id"], "delete")
    return Answer(True)


def own_fields(block: Mapping[str, Any]) -> dict[str, Any]:
    """The list's own fields, by name."""
    return as_map(pydantic_core.from_json(block["properties"] or "{}"))


def _fields(state: State, params: dict[str, Any]) -> Answer:
    block = block_of(state, params)
    described: dict[str, Any] = {
        "NAME": {
            "FIELD_ID": "NAME",
            "SORT": 10,
            "NAME": "Название",
            "IS_REQUIRED": "Y",
            "MULTIPLE": "N",
            "TYPE": "NAME",
        }
    }
    for place, (name, said) in enumerate(own_fields(block).items(), start=2):
        kind, _, custom = said["TYPE"].partition(":")
        described[name] = {
            "FIELD_ID": name,
            "SORT": 10 * place,
            "NAME": said["NAME"],
            "IS_REQUIRED": "N",
            "MULTIPLE": said["MULTIPLE"],
            "DEFAULT_VALUE": None,
            "TYPE": said["TYPE"],
            "PROPERTY_TYPE": kind,
            "PROPERTY_USER_TYPE": custom or False,
            "CODE": name,
            "ID": name.removeprefix("PROPERTY_"),
        }
    wanted = classic(params, "field_id")
    return Answer({name: said for name, said in described.items() if wanted in (None, "", name)})


METHODS: dict[str, Handler] = {
    "lists.get": _lists,
    "lists.add": _add_list,
    "lists.update": _update_list,
    "lists.delete": _delete_list,
    "lists.field.get": _fields,
}
"""Handlers of this family."""
