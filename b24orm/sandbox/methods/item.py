"""``crm.item.*``: the modern CRM methods, for leads, deals, contacts, companies, quotes and smart invoices.

Facts: api-reference/crm/universal/crm-item-*.md.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox import rules
from b24orm.sandbox.fields import TABLE_KEYS, Column, Form, Table, table
from b24orm.sandbox.filters_item import compile_filter, compile_order
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import required
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import intval, is_array
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch, fetch_one, item_columns
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]


def _table(params: dict[str, Any]) -> Table:
    wanted = intval(required(params, "entityTypeId"))
    for key in TABLE_KEYS:
        source = table(key)
        if source.entity_type_id is not None and source.entity_type_id == wanted:
            return source
    raise Refusal("NOT_FOUND", "Смарт-процесс не найден")


def _form(params: dict[str, Any]) -> Form:
    return "item" if params.get("useOriginalUfNames") in ("Y", True, "true") else "item_camel"


def _array(params: dict[str, Any], name: str) -> Any:
    value = params.get(name)
    if value is None or value == "":
        return {}
    if not is_array(value):
        raise Refusal(
            "100", f"Invalid value {{{value}}} to match with parameter {{{name}}}. Should be value of type array."
        )
    return value


def _columns(source: Table, form: Form) -> dict[str, Column]:
    return source.by_wire[form]


def _list(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(params), _form(params)
    columns = _columns(source, form)
    where = compile_filter(columns, _array(params, "filter"), ignore_id=state.options.ignore_id_filter)
    order = compile_order(columns, _array(params, "order"))
    chosen = item_columns(source, form, _array(params, "select"))
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
    values = accepted(source, form, _array(params, "fields"), current=None, next_id=state.next_id)
    return _full(state, source, form, rules.create(state, source, values))


def _update(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(params), _form(params)
    row = _row(state, source, intval(required(params, "id")))
    required(params, "fields")
    values = accepted(source, form, _array(params, "fields"), current=row, next_id=state.next_id)
    rules.update(state, source, row, values)
    return _full(state, source, form, row["id"])


def _delete(state: State, params: dict[str, Any]) -> Answer:
    source = _table(params)
    row = _row(state, source, intval(required(params, "id")))
    rules.delete(state, source, row["id"])
    return Answer([])


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state
    source, form = _table(params), _form(params)
    described = {
        wire: describe(column) | {"upperName": column.wire.get("classic", column.name.upper())}
        for wire, column in source.by_wire[form].items()
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
