"""``crm.item.*``: the modern CRM methods, for all CRM entities and smart processes.

Facts: api-reference/crm/universal/crm-item-*.md.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox import rules
from b24orm.sandbox.emission import moved
from b24orm.sandbox.fields import Column, Form, Table
from b24orm.sandbox.filters_item import compile_filter, compile_order
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import entries, intval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch, fetch_one, item_columns
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_NOT_VALID = "CRM_FIELD_ERROR_VALUE_NOT_VALID"


def _table(state: State, params: dict[str, Any]) -> Table:
    source = state.layout.by_type_id.get(intval(required(params, "entityTypeId")))
    if source is None:
        raise Refusal("NOT_FOUND", "Смарт-процесс не найден")
    return source


def _form(params: dict[str, Any]) -> Form:
    return "item" if params.get("useOriginalUfNames") in ("Y", True, "true") else "item_camel"


def _columns(source: Table, form: Form) -> dict[str, Column]:
    return source.by_wire[form]


def _list(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(state, params), _form(params)
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
    return _full(state, _table(state, params), _form(params), intval(required(params, "id")))


def _add(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(state, params), _form(params)
    required(params, "fields")
    values = accepted(state, source, form, array(params, "fields"), current=None)
    rules.check(state, source, values, code=_NOT_VALID)
    rules.settle_stage(state, source, values, None)
    new = rules.create(state, source, values)
    state.wrote(source.key, new, "add")
    return _full(state, source, form, new)


def _update(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(state, params), _form(params)
    row = _row(state, source, intval(required(params, "id")))
    required(params, "fields")
    values = accepted(state, source, form, array(params, "fields"), current=row)
    rules.check(state, source, values, code=_NOT_VALID)
    rules.settle_stage(state, source, values, row)
    changed = rules.update(state, source, row, values)
    state.wrote(source.key, row["id"], "update", changed=changed, about=moved(row, values))
    return _full(state, source, form, row["id"])


def _delete(state: State, params: dict[str, Any]) -> Answer:
    source = _table(state, params)
    row = _row(state, source, intval(required(params, "id")))
    rules.delete(state, source, row["id"])
    state.wrote(source.key, row["id"], "delete")
    return Answer([])


# What imports keep of an item's life in the system that it comes from (import/index.md).
_IMPORTED = frozenset({"created_time", "updated_time", "moved_time", "created_by", "updated_by", "moved_by"})
_MOST_IMPORTED = 20


def _imported(state: State, source: Table, form: Form, fields: Any) -> Answer:
    values = accepted(state, source, form, fields, current=None, lifted=_IMPORTED)
    kept = [name for name in values if name in _IMPORTED]
    if kept and not state.caller.admin:
        raise Refusal(_NOT_VALID, f'Неверное значение поля "{source.by_name[kept[0]].title}"')
    rules.check(state, source, values, code=_NOT_VALID)
    rules.settle_stage(state, source, values, None)
    new = rules.create(state, source, values)
    state.wrote(source.key, new, "add")
    return Answer({"item": {"id": new}})


def _import(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(state, params), _form(params)
    required(params, "fields")
    return _imported(state, source, form, array(params, "fields"))


def _batch_import(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(state, params), _form(params)
    required(params, "data")
    rows = [row for _, row in entries(array(params, "data"))]
    if len(rows) > _MOST_IMPORTED:
        raise Refusal("MAX_IMPORT_BATCH_SIZE_EXCEEDED", f"You cannot import more than {_MOST_IMPORTED} items")
    items = list[Any]()
    for row in rows:
        try:
            items.append(_imported(state, source, form, row).result)
        except Refusal as refusal:
            items.append(refusal.body)
    return Answer({"items": items})


def _fields(state: State, params: dict[str, Any]) -> Answer:
    source, form = _table(state, params), _form(params)
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
    "crm.item.import": _import,
    "crm.item.batchimport": _batch_import,
}
"""Handlers of this family."""
