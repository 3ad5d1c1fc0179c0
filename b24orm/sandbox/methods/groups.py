"""Workgroups and projects, by two families of methods: ``sonet_group.*`` and ``socialnetwork.api.workgroup.*``.

Facts: api-reference/sonet-group/*.md. Both show the same rows. The first takes its fields beside the other parameters;
the second is asked in capitals and answers a list in camel case, where only what is selected comes, and one group in
capitals, with numbers as numbers and dates as the portal's pages show them.
"""

from __future__ import annotations

from typing import Any

import pydantic_core

from b24orm.sandbox.clock import iso
from b24orm.sandbox.conditions import all_of
from b24orm.sandbox.filters_prefix import GROUPS, WORKGROUPS, compile_filter, compile_order, named
from b24orm.sandbox.localdates import local
from b24orm.sandbox.methods.parameters import array, classic, classic_array, names
from b24orm.sandbox.paging import CLASSIC, ORM, page
from b24orm.sandbox.php import as_map, intval, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted
from b24orm.schema import entity

__all__ = ["METHODS"]

_KEY, _VIEW = "sonet_group", "workgroup"
_UNSHOWN = frozenset(
    {"image", "image_file_id", "initiate_perms", "project_date_start", "project_date_finish", "scrum_master_id"}
)


def _list(state: State, params: dict[str, Any]) -> Answer:
    source = state.table(_KEY)
    where = compile_filter(
        named(source), classic_array(params, "filter"), GROUPS, ignore_id=state.options.ignore_id_filter
    )
    only = classic(params, "group_id")
    if only is not None:
        where = all_of(where, ("id = ?", [intval(only)]))
    order = compile_order(named(source), classic_array(params, "order"), default="id DESC")
    columns = [c for c in source.by_wire["default"].values() if c.name not in _UNSHOWN]
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(_KEY, where),
        lambda window: fetch(state.store, source, "default", columns, where, order, window),
    )
    answer.result = found
    return answer


def _given(state: State, params: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    upper = {name.upper(): value for name, value in params.items()}
    return accepted(state, state.table(_KEY), "default", upper, current=current)


def _create(state: State, params: dict[str, Any]) -> Answer:
    values = _given(state, params, None)
    if not values.get("name"):
        raise Refusal("", "Cannot create group")
    now = iso(state.clock.time())
    project = values.get("project") == "Y"
    made = {
        "site_id": "s1",
        "date_create": now,
        "date_update": now,
        "date_activity": now,
        "active": "Y",
        "visible": "Y",
        "opened": "N",
        "closed": "N",
        "subject_id": 1,
        "subject_name": "Рабочие группы",
        "owner_id": state.user_id,
        "number_of_members": 1,
        "number_of_moderators": 1,
        "project": "N",
        "is_extranet": "N",
        "initiate_perms": "K",
        "landing": "N",
        "avatar_type": "",
        "image_id": 0,
        "type": "project" if project else "group",
        **values,
    }
    new = state.store.insert(_KEY, made)
    state.wrote(_KEY, new, "add")
    return Answer(new)


def _known(state: State, params: dict[str, Any], gone: str) -> dict[str, Any]:
    number = intval(classic(params, "group_id"))
    if number <= 0:
        raise Refusal("", "Wrong group ID")
    row = state.store.row(_KEY, number)
    if row is None:
        raise Refusal("", gone)
    return row


def _update(state: State, params: dict[str, Any]) -> Answer:
    row = _known(state, params, "Wrong group ID")
    values = _given(state, params, row)
    changed = any(row[name] != value for name, value in values.items())
    if changed:
        now = iso(state.clock.time())
        state.store.update(_KEY, row["id"], {"date_update": now, "date_activity": now, **values})
    state.wrote(_KEY, row["id"], "update", changed=changed)
    return Answer(row["id"])


def _delete(state: State, params: dict[str, Any]) -> Answer:
    row = _known(state, params, "Socialnetwork group not found")
    state.store.delete(_KEY, row["id"])
    state.wrote(_KEY, row["id"], "delete")
    return Answer(True)


def _workgroups(state: State, params: dict[str, Any]) -> Answer:
    source = state.table(_VIEW)
    where = compile_filter(named(source), array(params, "filter"), WORKGROUPS, ignore_id=state.options.ignore_id_filter)
    order = compile_order(named(source), array(params, "order"), default="id")
    wanted = {name.upper() for name in names(params.get("select"))}
    shown = {
        wire: c for wire, c in source.by_wire["default"].items() if wire == "ID" or (wire in wanted and c.selectable)
    }
    found, answer = page(
        ORM,
        state.options,
        params.get("start"),
        lambda: state.store.count(_KEY, where),
        lambda window: fetch(state.store, source, "default", shown.values(), where, order, window),
    )
    answered = entity(_VIEW).dialects["default"].answered
    answer.result = {"workgroups": Rows.of({answered(wire): value for wire, value in row.items()} for row in found)}
    return answer


def _workgroup(state: State, params: dict[str, Any]) -> Answer:
    number = intval(as_map(array(params, "params")).get("groupId"))
    if number <= 0:
        raise Refusal("SONET_CONTROLLER_WORKGROUP_EMPTY", "No value for the workgroup ID was provided.")
    row = state.store.row(_KEY, number)
    if row is None:
        raise Refusal("SONET_CONTROLLER_WORKGROUP_NOT_FOUND", "Workgroup not found.")
    shown: dict[str, Any] = {}
    for wire, column in state.table(_VIEW).by_wire["default"].items():
        if column.selectable and wire != "AVATAR":
            value = row[column.name]
            shown[wire] = local(value) if column.storage == "datetime" and value else value
    tags = [word.strip() for word in strval(row["keywords"]).split(",") if word.strip()]
    more = {"SITE_ID": row["site_id"], "SITE_IDS": [row["site_id"]], "MEMBERS": [row["owner_id"]], "TAGS": tags}
    return Answer(pydantic_core.from_json(pydantic_core.to_json(shown | more)))


METHODS: dict[str, Handler] = {
    "sonet_group.get": _list,
    "sonet_group.create": _create,
    "sonet_group.update": _update,
    "sonet_group.delete": _delete,
    "socialnetwork.api.workgroup.list": _workgroups,
    "socialnetwork.api.workgroup.get": _workgroup,
}
"""Handlers of these families."""
