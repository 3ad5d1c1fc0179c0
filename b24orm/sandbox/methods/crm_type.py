"""``crm.type.*``: the smart processes of the portal.

Facts: api-reference/crm/universal/user-defined-object-types/crm-type-*.md. A list leaves out what a get adds:
relations, linked user fields and digital workplaces. That a process is not found is an error with the number 0 as its
code.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.fields import Column, table
from b24orm.sandbox.filters_item import compile_filter, compile_order
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import intval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch, fetch_one
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_KEY = "crm_type"
_NEVER_ANSWERED = frozenset({"is_external"})  # a parameter of writes only
_DETAILS = frozenset({"relations", "linked_user_fields", "custom_sections"})
_UNDESCRIBED = _DETAILS | _NEVER_ANSWERED | {"is_payments_enabled", "is_counters_enabled"}


def _columns(*, details: bool) -> list[Column]:
    hidden = _NEVER_ANSWERED if details else _NEVER_ANSWERED | _DETAILS
    return [column for column in table(_KEY).columns if column.name not in hidden]


def _list(state: State, params: dict[str, Any]) -> Answer:
    source = table(_KEY)
    columns = source.by_wire["default"]
    where = compile_filter(columns, array(params, "filter"), ignore_id=state.options.ignore_id_filter)
    order = compile_order(columns, array(params, "order"))
    found, answer = page(
        CONTROLLER,
        state.options,
        params.get("start", 0),
        lambda: state.store.count(_KEY, where),
        lambda window: fetch(state.store, source, "default", _columns(details=False), where, order, window),
    )
    answer.result = {"types": found}
    return answer


def _whole(state: State, type_id: int | None) -> Answer:
    found = None if type_id is None else fetch_one(state.store, table(_KEY), "default", _columns(details=True), type_id)
    if found is None:
        raise Refusal(0, "Смарт-процесс не найден")
    return Answer({"type": found})


def _get(state: State, params: dict[str, Any]) -> Answer:
    return _whole(state, intval(required(params, "id")))


def _get_by_entity_type_id(state: State, params: dict[str, Any]) -> Answer:
    wanted = intval(required(params, "entityTypeId"))
    found = state.store.select(_KEY, "id", ("entity_type_id = ?", [wanted]))
    return _whole(state, found[0][0] if found else None)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    described: dict[str, Any] = {}
    for wire, column in table(_KEY).by_wire["default"].items():
        if column.name not in _UNDESCRIBED:
            described[wire] = describe(column) | {"upperName": column.name.upper()}
    described["entityTypeId"]["isRequired"] = True
    return Answer({"fields": described})


METHODS: dict[str, Handler] = {
    "crm.type.list": _list,
    "crm.type.get": _get,
    "crm.type.getbyentitytypeid": _get_by_entity_type_id,
    "crm.type.fields": _fields,
}
"""Handlers of this family."""
