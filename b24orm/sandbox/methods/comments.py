"""``crm.timeline.comment.*``: comments in the timelines of CRM objects.

Facts: api-reference/crm/timeline/comments/*.md. A list reads two conditions and no other, ENTITY_TYPE and ENTITY_ID,
which it must have. Files that an update sends replace all that were there.
"""

from __future__ import annotations

from typing import Any

import pydantic_core

from b24orm.sandbox import rules
from b24orm.sandbox.clock import iso
from b24orm.sandbox.fields import table
from b24orm.sandbox.files import decode
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import array, classic, classic_array, classic_id, required
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.php import as_map, entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEY = "timeline_comment"
_SORTABLE = {"ID": "id", "CREATED": "created", "AUTHOR_ID": "author_id"}


def _list(state: State, params: dict[str, Any]) -> Answer:
    source = table(_KEY)
    conditions = as_map(classic_array(params, "filter"))
    owner = strval(conditions.get("ENTITY_TYPE")).lower(), intval(conditions.get("ENTITY_ID"))
    if not owner[0] or owner[1] <= 0:
        raise Refusal("", "Access denied.")  # as for an object that one may not see
    where = ("entity_type = ? AND entity_id = ?", list[Any](owner))
    order = [
        f"{_SORTABLE[name.upper()]} {'DESC' if strval(word).upper() == 'DESC' else 'ASC'}"
        for name, word in entries(classic(params, "order"))
        if name.upper() in _SORTABLE
    ]
    wanted = {strval(name).upper() for _, name in entries(classic(params, "select"))}
    chosen = [column for wire, column in source.by_wire["default"].items() if not wanted or wire in wanted]
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(_KEY, where),
        lambda window: fetch(
            state.store, source, "default", chosen, where, " ORDER BY " + ", ".join([*order, "id"]), window
        ),
    )
    answer.result = found
    return answer


def _get(state: State, params: dict[str, Any]) -> Answer:
    source = table(_KEY)
    found = fetch(state.store, source, "default", source.columns, ("id = ?", [classic_id(params)]))
    if not len(found):
        raise Refusal("", "Not found.")
    return Answer(found[0])


def _owned(state: State, values: dict[str, Any]) -> None:
    owner = state.layout.owners.by_name.get(strval(values.get("entity_type")).lower())
    if owner is None or not state.store.select(owner.key, "id", ("id = ?", [values.get("entity_id")])):
        raise Refusal("OWNER_NOT_FOUND", "Owner was not found")
    values["entity_type"] = owner.name


def _sent(state: State, params: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    required(params, "fields")
    fields = array(params, "fields")
    values = accepted(state, table(_KEY), "default", fields, current=current)
    if "files" in values:
        values["files"] = _files(state, as_map(fields).get("FILES"))
    if not {**(current or {}), **values}.get("comment") and values.get("files") in (None, "[]"):
        raise Refusal("INVALID_ARG_VALUE", "Empty comment message")
    return values


def _files(state: State, given: Any) -> str:
    kept: dict[str, Any] = {}
    for _, item in entries(given):
        pair = [part for _, part in entries(item)]
        if not is_array(item) or len(pair) != 2:
            continue
        name, content = strval(pair[0]), decode(strval(pair[1]))
        file_id = state.keep(name, content)
        kept[str(file_id)] = {
            "id": file_id,
            "date": iso(state.clock.time()),
            "type": "file",
            "name": name,
            "size": len(content),
            "authorId": state.user_id,
            "urlDownload": state.files.disk_link(file_id),
        }
    return pydantic_core.to_json(kept or []).decode()


def _add(state: State, params: dict[str, Any]) -> Answer:
    values = _sent(state, params, None)
    _owned(state, values)
    new = rules.create(state, table(_KEY), values)
    state.wrote(_KEY, new, "add")
    return Answer(new)


def _known(state: State, params: dict[str, Any]) -> dict[str, Any]:
    row = state.store.row(_KEY, intval(required(params, "id")))
    if row is None:
        raise Refusal("NOT_FOUND", "Not found.")
    owner = state.layout.owners.by_name[row["entity_type"]]
    type_id, owner_id = intval(params.get("ownerTypeId")), intval(params.get("ownerId"))
    if (type_id or owner_id) and (type_id, owner_id) != (owner.type_id, row["entity_id"]):
        raise Refusal("OWNER_NOT_FOUND", "Owner was not found")
    return row


def _update(state: State, params: dict[str, Any]) -> Answer:
    row = _known(state, params)
    changed = rules.update(state, table(_KEY), row, _sent(state, params, row))
    state.wrote(_KEY, row["id"], "update", changed=changed)
    return Answer(row["id"])


def _delete(state: State, params: dict[str, Any]) -> Answer:
    row = _known(state, params)
    state.store.delete(_KEY, row["id"])
    state.wrote(_KEY, row["id"], "delete")
    return Answer(None)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer({wire: describe(column) for wire, column in table(_KEY).by_wire["default"].items()})


METHODS: dict[str, Handler] = {
    "crm.timeline.comment.list": _list,
    "crm.timeline.comment.get": _get,
    "crm.timeline.comment.add": _add,
    "crm.timeline.comment.update": _update,
    "crm.timeline.comment.delete": _delete,
    "crm.timeline.comment.fields": _fields,
}
"""Handlers of this family."""
