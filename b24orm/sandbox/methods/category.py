"""``crm.category.*``: pipelines. A list is one answer; the default pipeline of deals has the id 0.

Facts: api-reference/crm/universal/category/crm-category-*.md; those of smart processes have no origin. A new pipeline
comes with stages; one that is the default or holds objects cannot be deleted.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.fields import table
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.php import intval
from b24orm.sandbox.pipelines import PIPELINE_ID, pipeline_id
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.smart import STAGES
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_SUPPORTED = frozenset({2, 3, 4, 31})  # and smart processes
_STAGED = frozenset({2, 31})
_DEAL_CODES = {"PREPARATION": "PREPARATION", "CLIENT": "EXECUTING", "SUCCESS": "WON", "FAIL": "LOSE"}
_ORIGIN = ("originId", "originatorId")
_UNSUPPORTED = {1: "Лид", 7: "Предложение"}


def _is_process(state: State, kind: int) -> bool:
    return any(process.entity_type_id == kind for process in state.layout.processes.values())


def _entity_type(state: State, params: dict[str, Any]) -> int:
    wanted = intval(required(params, "entityTypeId"))
    if wanted in _UNSUPPORTED:
        raise Refusal("ENTITY_TYPE_NOT_SUPPORTED", f"Тип сущности {_UNSUPPORTED[wanted]} не поддерживается")
    if wanted not in _SUPPORTED and not _is_process(state, wanted):
        raise Refusal("NOT_FOUND", "Смарт-процесс не найден")
    return wanted


def _rows(state: State, params: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = _entity_type(state, params)
    source = table("category")
    columns = source.by_wire["default"].values()
    found = fetch(state.store, source, "default", columns, ("entity_type_id = ?", [wanted]), " ORDER BY sort, id")
    rows: list[dict[str, Any]] = list(found)
    for row in rows:
        row["id"] = pipeline_id(row["id"])
        # The default pipeline of deals is no stored row on a real portal: it has no origin either.
        if _is_process(state, wanted) or (row["isDefault"] == "Y" and wanted == 2):
            for name in _ORIGIN:
                del row[name]
    return rows


def _list(state: State, params: dict[str, Any]) -> Answer:
    rows = _rows(state, params)
    return Answer({"categories": rows}, total=len(rows), rows=len(rows))


def _row(state: State, params: dict[str, Any], wanted: int) -> dict[str, Any]:
    for row in _rows(state, params):
        if row["id"] == wanted:
            return row
    raise Refusal("NOT_FOUND", "Элемент не найден")


def _place(state: State, params: dict[str, Any], row_id: int) -> int:
    where = (f"entity_type_id = ? AND {PIPELINE_ID} = ?", [_entity_type(state, params), row_id])
    return int(state.store.select("category", "id", where)[0][0])


def _get(state: State, params: dict[str, Any]) -> Answer:
    return Answer({"category": _row(state, params, intval(required(params, "id")))})


def _given(state: State, params: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    fields = required(params, "fields") and array(params, "fields")
    values = accepted(state, table("category"), "default", fields, current=current)
    if not {**(current or {}), **values}.get("name"):
        raise Refusal("0", "Field 'NAME' is required")
    return values


def _save(state: State, kind: int, row_id: int | None, values: dict[str, Any]) -> int:
    """Keep one default pipeline of each kind of objects."""
    if values.get("is_default") == "Y":
        for (other,) in state.store.select("category", "id", ("entity_type_id = ?", [kind])):
            state.store.update("category", other, {"is_default": "N"})
    if row_id is None:
        held = {"sort": 500, "is_default": "N", "origin_id": "", "originator_id": "", **values, "entity_type_id": kind}
        old = {"is_locked": "N", "created_date": iso(state.clock.time())}  # what crm.dealcategory.* shows
        return state.store.insert("category", held | old)
    state.store.update("category", row_id, values)
    return row_id


def _add(state: State, params: dict[str, Any]) -> Answer:
    kind = _entity_type(state, params)
    new = _save(state, kind, None, _given(state, params, None))
    for place, (code, name, semantics) in enumerate(STAGES if kind in _STAGED or _is_process(state, kind) else ()):
        stage = {
            "entity_id": _stage_entity(kind, new),
            "status_id": f"C{new}:{_DEAL_CODES.get(code, code)}" if kind == 2 else f"DT{kind}_{new}:{code}",
            "name": name,
            "name_init": name,
            "sort": 10 * (place + 1),
            "system": "Y" if semantics or place == 0 else "N",
            "category_id": new,
            "color": "",
            "semantics": semantics,
        }
        state.store.insert("status", stage)
    state.wrote("category", new, "add")
    return Answer({"category": _row(state, params, new)})


def _stage_entity(kind: int, category: int) -> str:
    if kind == 2:
        return f"DEAL_STAGE_{category}"
    return f"SMART_INVOICE_STAGE_{category}" if kind == 31 else f"DYNAMIC_{kind}_STAGE_{category}"


def _update(state: State, params: dict[str, Any]) -> Answer:
    row_id = intval(required(params, "id"))
    _row(state, params, row_id)
    place = _place(state, params, row_id)
    current = state.store.row("category", place) or {}
    values = _given(state, params, current)
    _save(state, _entity_type(state, params), place, values)
    changed = any(current[name] != value for name, value in values.items())
    state.wrote("category", row_id, "update", changed=changed)
    return Answer({"category": _row(state, params, row_id)})


def _delete(state: State, params: dict[str, Any]) -> Answer:
    kind = _entity_type(state, params)
    row = _row(state, params, intval(required(params, "id")))
    owner = state.layout.owners.by_type_id[kind]
    code = "0" if kind == 2 else "BX_ERROR"
    if row["isDefault"] == "Y":
        text = "Default deal category cannot be deleted" if kind == 2 else "This funnel is the default funnel"
        raise Refusal(code, text)
    if state.store.select(owner.key, "id", ("category_id = ?", [row["id"]]), " LIMIT 1"):
        what = f"Deals related to the funnel {row['name']}" if kind == 2 else "Elements related to the funnel"
        raise Refusal(code, f"{what} found")
    state.store.delete("category", _place(state, params, row["id"]))
    state.store.delete_where("status", ("entity_id = ?", [_stage_entity(kind, row["id"])]))
    state.wrote("category", row["id"], "delete")
    return Answer(None)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    hidden = _ORIGIN if _is_process(state, _entity_type(state, params)) else ()
    columns = table("category").by_wire["default"]
    return Answer({"fields": {wire: describe(column) for wire, column in columns.items() if wire not in hidden}})


METHODS: dict[str, Handler] = {
    "crm.category.list": _list,
    "crm.category.get": _get,
    "crm.category.add": _add,
    "crm.category.update": _update,
    "crm.category.delete": _delete,
    "crm.category.fields": _fields,
}
"""Handlers of this family."""
