"""``crm.item.*``: the modern CRM methods, for all CRM entities and smart processes.

Facts: api-reference/crm/universal/crm-item-*.md.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from b24orm.sandbox import rules
from b24orm.sandbox.fields import TABLE_KEYS, Column, Form, Table, table
from b24orm.sandbox.filters_item import compile_filter, compile_order
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import intval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch, fetch_one, item_columns
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_NOT_VALID = "CRM_FIELD_ERROR_VALUE_NOT_VALID"


@cache
def _tables() -> dict[int, Table]:
    tables = [table(key) for key in TABLE_KEYS]
    return {source.entity_type_id: source for source in tables if source.entity_type_id is not None}


def _table(params: dict[str, Any]) -> Table:
    source = _tables().get(intval(required(params, "entityTypeId")))
    if source is None:
        raise Refusal("NOT_FOUND", "Смарт-процесс не найден")
    return source


def _form(params: dict[str, Any]) -> Form:
    return "item" if params.get("useOriginalUfNames") in ("Y", True, "true") else "item_camel"


def _columns(source: Table, form: Form) -> dict[str, Column]:
    return source.by_wire[form]


def _list(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(params), _form(params)
    columns = _columns(source, form)
    where = compile_filter(columns, array(params, "filter"), ignore_id=state.options.ignore_id_filter)
    order = compile_order(columns, array(params, "order"))
    chosen = item_columns(source, form, array(params, "select"))
    found, answer = page(
        CONTROLLER,
        state.options,
        params.get("start", 0),
        lambda: state.store.count(source.key, where),
        lambda window: fetch(state.store, source, form, chosen, where, order, window),
    )
    answer.result = {"items": found}
    return answer


def _row(state: State, source: Table, row_id: int) -> dict[str, Any]:
    row = state.store.row(source.key, row_id)
    if row is None:
        raise Refusal("NOT_FOUND", "Элемент не найден")
    return row


def _full(state: State, source: Table, form: Form, row_id: int) -> Answer:
    item = fetch_one(state.store, source, form, source.by_wire[form].values(), row_id)
    if item is None:
        raise Refusal("NOT_FOUND", "Элемент не найден")
    return Answer({"item": item})


def _get(state: State, params: dict[str, Any]) -> Answer:
    return _full(state, _table(params), _form(params), intval(required(params, "id")))


def _add(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(params), _form(params)
    required(params, "fields")
    values = accepted(state, source, form, array(params, "fields"), current=None)
    rules.check(state, source, values, code=_NOT_VALID)
    rules.settle_stage(state, source, values, None)
    new = rules.create(state, source, values)
    state.wrote(source.key, new, "add")
    return _full(state, source, form, new)


def _update(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(params), _form(params)
    row = _row(state, source, intval(required(params, "id")))
    required(params, "fields")
    values = accepted(state, source, form, array(params, "fields"), current=row)
    rules.check(state, source, values, code=_NOT_VALID)
    rules.settle_stage(state, source, values, row)
    changed = rules.update(state, source, row, values)
    state.wrote(source.key, row["id"], "update", changed=changed)
    return _full(state, source, form, row["id"])


def _delete(state: State, params: dict[str, Any]) -> Answer:
    source = _table(params)
    row = _row(state, source, intval(required(params, "id")))
    rules.delete(state, source, row["id"])
    state.wrote(source.key, row["id"], "delete")
    return Answer([])


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state
    source, form = _table(params), _form(params)
    described = {
        wire: describe(column, labelled=True) | {"upperName": column.wire.get("classic", column.name.upper())}
        for wire, column in source.described(form).items()
    }
    return Answer({"fields": described})


METHODS: dict[str, Handler] = {
    "crm.item.list": _list,
    "crm.item.get": _get,
    "crm.item.add": _add,
    "crm.item.update": _update,
    "crm.item.delete": _delete,
    "crm.item.fields": _fields,
}
"""Handlers of this family."""
