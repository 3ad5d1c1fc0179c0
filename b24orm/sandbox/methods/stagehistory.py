"""``crm.stagehistory.list``: which stages objects went through.

Facts: api-reference/crm/crm-stage-history-list.md. Keys are in capitals, the grammar is that of ``crm.item.list``.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.fields import Column
from b24orm.sandbox.filters_item import compile_filter, compile_order
from b24orm.sandbox.history import KEY, has_history
from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import entries, intval, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_OF_LEADS = frozenset({"status_id", "status_semantic_id"})
_OF_OTHERS = frozenset({"stage_id", "stage_semantic_id", "category_id"})
_LEAD = 1


def _columns(state: State, type_id: int) -> dict[str, Column]:
    keys = [key for key in state.store.layout.keys if state.table(key).entity_type_id == type_id]
    if not any(has_history(state.table(key)) for key in keys):
        raise Refusal("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type `{type_id}` is not supported")
    hidden = (_OF_OTHERS if type_id == _LEAD else _OF_LEADS) | {"entity_type_id"}
    return {wire: column for wire, column in state.table(KEY).by_wire["default"].items() if column.name not in hidden}


def _list(state: State, params: dict[str, Any]) -> Answer:
    type_id = intval(required(params, "entityTypeId"))
    columns = _columns(state, type_id)
    text, values = compile_filter(columns, array(params, "filter"), ignore_id=state.options.ignore_id_filter)
    where = ("entity_type_id = ?" + (f" AND {text}" if text else ""), [type_id, *values])
    order = compile_order(columns, array(params, "order"))
    wanted = {strval(name) for _, name in entries(array(params, "select"))} or {"*"}
    chosen = [column for wire, column in columns.items() if "*" in wanted or wire in wanted]
    found, answer = page(
        CONTROLLER,
        state.options,
        params.get("start", 0),
        lambda: state.store.count(KEY, where),
        lambda window: fetch(state.store, state.table(KEY), "default", chosen, where, order, window),
    )
    answer.result = {"items": found}
    return answer


METHODS: dict[str, Handler] = {"crm.stagehistory.list": _list}
"""Handlers of this family."""
