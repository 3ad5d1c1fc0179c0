"""``crm.type.add``, ``update`` and ``delete``: smart processes that come, change and go.

Facts: api-reference/crm/universal/user-defined-object-types/crm-type-*.md. A new process has one pipeline with the
usual stages; its number is the caller's, or the next even one from 1030 on. What its items have follows from its
switches at once. Of the relations those to parents count; digital workplaces are kept and shown. The page names no
error for a process without a title; its text here is ours.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pydantic_core

from b24orm.sandbox.alterations import change_process, drop_process
from b24orm.sandbox.clock import iso
from b24orm.sandbox.methods import category, crm_type
from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.php import as_map, entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.smart import SmartProcess
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_KEY = "crm_type"
_FIRST, _LOW = 1030, range(128, 193)
_TITLES = {1: "Лид", 2: "Сделка", 3: "Контакт", 4: "Компания", 7: "Предложение", 31: "Счёт"}
_LINKED = {"CALENDAR_EVENT|UF_CRM_CAL_EVENT": "N", "TASKS_TASK|UF_CRM_TASK": "N"}


def _switches(state: State, fields: dict[str, Any]) -> dict[str, str]:
    """The switches that are said, by column."""
    columns = state.table(_KEY).by_wire["default"]
    flags = {wire: c for wire, c in columns.items() if c.storage == "flag" and not c.read_only}
    return {c.name: "Y" if fields[wire] in ("Y", True, "true") else "N" for wire, c in flags.items() if wire in fields}


def _related(state: State, fields: dict[str, Any]) -> dict[str, Any]:
    """The relations that are said, as the portal holds them."""
    if not is_array(fields.get("relations")):
        return {}
    said = as_map(fields["relations"])
    held: dict[str, list[dict[str, Any]]] = {"parent": [], "child": []}
    for side, kept in held.items():
        for _, one in entries(said.get(side)):
            number = intval(as_map(one).get("entityTypeId"))
            if number in state.layout.by_type_id:
                shown = "Y" if as_map(one).get("isChildrenListEnabled") in ("Y", True, "true") else "N"
                kept.append({"entityTypeId": number, "isChildrenListEnabled": shown, "isPredefined": "N"})
    return {"relations": pydantic_core.to_json(held).decode()}


def _parents(state: State, relations: str) -> tuple[tuple[int, str], ...]:
    every = [one for one in pydantic_core.from_json(relations)["parent"] if one["isPredefined"] == "N"]
    titles = {**_TITLES, **{process.entity_type_id: process.title for process in state.layout.processes.values()}}
    return tuple((one["entityTypeId"], titles[one["entityTypeId"]]) for one in every)


def _beside(fields: dict[str, Any]) -> dict[str, Any]:
    """What is kept and shown without further ado."""
    held = {"linked_user_fields": "linkedUserFields", "custom_sections": "customSections"}
    return {
        name: pydantic_core.to_json(fields[wire]).decode() for name, wire in held.items() if is_array(fields.get(wire))
    }


def _number(state: State, fields: dict[str, Any]) -> int:
    """The entityTypeId of a new process."""
    taken = {process.entity_type_id for process in state.layout.processes.values()}
    if fields.get("entityTypeId") in (None, ""):
        return next(number for number in range(_FIRST, 10**6, 2) if number not in taken)
    number = intval(fields["entityTypeId"])
    allowed = number in _LOW or (number >= _FIRST and number % 2 == 0)
    if not allowed or number in taken:
        raise Refusal("INVALID_ARG_VALUE", "entityTypeId is out of allowed range")
    return number


def _whole(state: State, type_id: int) -> Answer:
    return crm_type.METHODS["crm.type.get"](state, {"id": type_id})


def _enabled(row: dict[str, Any], switches: dict[str, str]) -> frozenset[str]:
    return frozenset(name for name, on in {**row, **switches}.items() if name.startswith("is_") and on == "Y")


def _add(state: State, params: dict[str, Any]) -> Answer:
    required(params, "fields")
    fields = as_map(array(params, "fields"))
    title = strval(fields.get("title"))
    if not title:
        raise Refusal("0", "Title is required")
    number, now, user = _number(state, fields), iso(state.clock.time()), state.user_id
    switches = {c.name: "N" for c in state.table(_KEY).stored if c.storage == "flag"} | _switches(state, fields)
    made: dict[str, Any] = {
        "title": title,
        "code": "",
        "entity_type_id": number,
        "relations": '{"parent":[],"child":[]}',
        "linked_user_fields": pydantic_core.to_json(_LINKED).decode(),
        "custom_sections": "[]",
        **dict.fromkeys(("created_by", "updated_by"), user),
        **dict.fromkeys(("created_time", "updated_time"), now),
        **switches,
        **_related(state, fields),
        **_beside(fields),
    }
    new = state.store.insert(_KEY, made)
    process = SmartProcess(
        id=new,
        entity_type_id=number,
        title=title,
        enabled=_enabled({}, switches),
        pipelines=((0, ""),),
        parents=_parents(state, made["relations"]),
    )
    change_process(state, process)
    pipeline = {"entityTypeId": number, "fields": {"name": "Общая воронка", "isDefault": "Y"}}
    first = category.METHODS["crm.category.add"](state, pipeline).result["category"]
    change_process(state, replace(process, pipelines=((first["id"], first["name"]),)))
    state.wrote(_KEY, new, "add")
    return _whole(state, new)


def _known(state: State, params: dict[str, Any]) -> tuple[dict[str, Any], SmartProcess]:
    row = state.store.row(_KEY, intval(required(params, "id")))
    if row is None:
        raise Refusal(0, "Смарт-процесс не найден")
    return row, next(one for one in state.layout.processes.values() if one.id == row["id"])


def _update(state: State, params: dict[str, Any]) -> Answer:
    row, process = _known(state, params)
    fields = as_map(array(params, "fields"))
    switches = _switches(state, fields)
    values = {**switches, **_related(state, fields), **_beside(fields)}
    if strval(fields.get("title")):
        values["title"] = strval(fields["title"])
    changed = any(row[name] != value for name, value in values.items())
    if changed:
        stamps = {"updated_by": state.user_id, "updated_time": iso(state.clock.time())}
        state.store.update(_KEY, row["id"], values | stamps)
        parents = _parents(state, values["relations"]) if "relations" in values else process.parents
        title = values.get("title", process.title)
        change_process(state, replace(process, title=title, enabled=_enabled(row, switches), parents=parents))
    state.wrote(_KEY, row["id"], "update", changed=changed)
    return _whole(state, row["id"])


def _delete(state: State, params: dict[str, Any]) -> Answer:
    row, process = _known(state, params)
    if state.store.ids(process.key):
        raise Refusal("BX_ERROR", "You cannot delete an entity type that has elements")
    drop_process(state, process)
    state.store.delete_where("category", ("entity_type_id = ?", [process.entity_type_id]))
    state.store.delete_where("status", ("instr(entity_id, ?) = 1", [process.stage_entity(0).removesuffix("0")]))
    state.store.delete(_KEY, row["id"])
    state.wrote(_KEY, row["id"], "delete")
    return Answer([])


METHODS: dict[str, Handler] = {
    "crm.type.add": _add,
    "crm.type.update": _update,
    "crm.type.delete": _delete,
}
"""Handlers of this family."""
