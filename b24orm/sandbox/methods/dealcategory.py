"""``crm.dealcategory.*``: the pipelines of deals in the words of old, without the default one, which has no row there.

Facts: api-reference/crm/outdated/category-old/*.md. The rows are those of ``crm.category.*``; what the old methods
alone show, a day of creation and whether a pipeline is locked, stands beside them. Stages are read only.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.conditions import all_of
from b24orm.sandbox.filters_classic import compile_filter, compile_order, selected
from b24orm.sandbox.methods import category
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import classic, classic_array, classic_fields, classic_id
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.php import intval
from b24orm.sandbox.pipelines import PIPELINE_ID, pipeline_id
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Sql
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEY, _VIEW = "category", "deal_category"
_DEAL = 2
_MINE = f"entity_type_id = 2 AND {PIPELINE_ID} > 0"


def _where(found: Sql) -> Sql:
    return all_of((_MINE, []), found)


def _list(state: State, params: dict[str, Any]) -> Answer:
    source = state.table(_VIEW)
    where = _where(
        compile_filter(
            source, classic_array(params, "filter"), form="default", ignore_id=state.options.ignore_id_filter
        )
    )
    order = compile_order(source, classic_array(params, "order"), form="default")
    chosen = selected(source, classic_array(params, "select"), form="default")
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(_KEY, where),
        lambda window: fetch(state.store, source, "default", chosen, where, order, window),
    )
    answer.result = Rows.of(map(_shown, found))
    return answer


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row as REST shows it: by the pipeline's own id; a copied portal does not know whether it was locked."""
    shown = {**row, "ID": str(pipeline_id(intval(row["ID"])))}
    return shown | ({"IS_LOCKED": row["IS_LOCKED"] or "N"} if "IS_LOCKED" in row else {})


def _known(state: State, params: dict[str, Any]) -> int:
    found = state.store.select(_KEY, "id", _where((f"{PIPELINE_ID} = ?", [classic_id(params)])))
    if not found:
        raise Refusal("", "Not found")
    return int(found[0][0])


def _get(state: State, params: dict[str, Any]) -> Answer:
    source = state.table(_VIEW)
    where = ("id = ?", [_known(state, params)])
    return Answer(_shown(fetch(state.store, source, "default", source.columns, where)[0]))


def _given(state: State, params: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    values = accepted(state, state.table(_VIEW), "default", classic_fields(params), current=current)
    if not {**(current or {}), **values}.get("name"):
        raise Refusal("", "Field 'NAME' is required")
    return values


def _add(state: State, params: dict[str, Any]) -> Answer:
    values = _given(state, params, None)
    added = category.METHODS["crm.category.add"](state, {"entityTypeId": _DEAL, "fields": {"name": values["name"]}})
    new: int = added.result["category"]["id"]
    state.store.update(_KEY, new, values)
    return Answer(new)


def _update(state: State, params: dict[str, Any]) -> Answer:
    row_id = _known(state, params)
    row = state.store.row(_KEY, row_id) or {}
    values = _given(state, params, row)
    state.store.update(_KEY, row_id, values)
    state.wrote(_KEY, pipeline_id(row_id), "update", changed=any(row[name] != value for name, value in values.items()))
    return Answer(True)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    place = _known(state, params)
    category.METHODS["crm.category.delete"](state, {"entityTypeId": _DEAL, "id": pipeline_id(place)})
    return Answer(True)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer({wire: describe(column) for wire, column in state.table(_VIEW).by_wire["default"].items()})


def _stages(state: State, params: dict[str, Any]) -> Answer:
    """The stages of one pipeline, by default of the default one."""
    pipeline = intval(classic(params, "id"))
    where = ("entity_id = ?", [f"DEAL_STAGE_{pipeline}" if pipeline else "DEAL_STAGE"])
    found = state.store.select("status", "name, sort, status_id", where, " ORDER BY sort, id")
    rows = [{"NAME": name, "SORT": sort, "STATUS_ID": code} for name, sort, code in found]
    return Answer(rows, rows=len(rows))


METHODS: dict[str, Handler] = {
    "crm.dealcategory.list": _list,
    "crm.dealcategory.get": _get,
    "crm.dealcategory.add": _add,
    "crm.dealcategory.update": _update,
    "crm.dealcategory.delete": _delete,
    "crm.dealcategory.fields": _fields,
    "crm.dealcategory.stage.list": _stages,
}
"""Handlers of this family."""
