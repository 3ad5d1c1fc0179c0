"""The classic ``crm.deal.*``, ``crm.lead.*``, ``crm.contact.*``, ``crm.company.*`` and ``crm.quote.*``.

Facts: api-reference/crm/deals/crm-deal-*.md and sections 6 to 10 of the behaviour notes.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from b24orm.sandbox import rules
from b24orm.sandbox.fields import Column, Table, table
from b24orm.sandbox.filters_classic import compile_filter, compile_order, selected
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import classic, classic_id
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.php import is_array
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch, fetch_one
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEYS = ("deal", "lead", "contact", "company", "quote")


def _list(key: str, state: State, params: dict[str, Any]) -> Answer:
    source = table(key)
    where = compile_filter(source, _array(params, "filter"), ignore_id=state.options.ignore_id_filter)
    order = compile_order(source, _array(params, "order"))
    chosen = selected(source, _array(params, "select"))
    found, answer = page(
        CLASSIC,
        state.options,
        classic(params, "start"),
        lambda: state.store.count(key, where),
        lambda window: fetch(state.store, source, "classic", chosen, where, order, window),
    )
    answer.result = found
    return answer


def _array(params: dict[str, Any], name: str) -> Any:
    value = classic(params, name)
    if value is None or value == "":
        return {}
    if not is_array(value):
        raise Refusal("", f"Parameter '{name}' must be array.")
    return value


def _readable(source: Table) -> list[Column]:
    return [c for c in source.by_wire["classic"].values() if c.storage != "many" or c.user_field is not None]


def _get(key: str, state: State, params: dict[str, Any]) -> Answer:
    source = table(key)
    row = fetch_one(state.store, source, "classic", _readable(source), classic_id(params))
    if row is None:
        raise Refusal("", "Not found")
    return Answer(row)


def _fields_of(params: dict[str, Any]) -> Any:
    fields = classic(params, "fields")
    if not is_array(fields):
        raise Refusal("", "Parameter 'fields' must be array.")
    return fields


def _add(key: str, state: State, params: dict[str, Any]) -> Answer:
    source = table(key)
    values = accepted(source, "classic", _fields_of(params), current=None, next_id=state.next_id)
    return Answer(rules.create(state, source, values))


def _update(key: str, state: State, params: dict[str, Any]) -> Answer:
    source = table(key)
    row_id = classic_id(params)
    fields = _fields_of(params)
    row = state.store.row(key, row_id)
    if row is None:
        raise Refusal("", "Not found")
    rules.update(state, source, row, accepted(source, "classic", fields, current=row, next_id=state.next_id))
    return Answer(True)


def _delete(key: str, state: State, params: dict[str, Any]) -> Answer:
    if not rules.delete(state, table(key), classic_id(params)):
        raise Refusal("", "Not found")
    return Answer(True)


def _fields(key: str, state: State, params: dict[str, Any]) -> Answer:
    del state, params
    source = table(key)
    return Answer(
        {
            wire: describe(column) | {"isImmutable": source.immutable(column, "classic")}
            for wire, column in source.by_wire["classic"].items()
        }
    )


METHODS: dict[str, Handler] = {
    f"crm.{key}.{verb}": partial(handler, key)
    for key in _KEYS
    for verb, handler in (
        ("list", _list),
        ("get", _get),
        ("add", _add),
        ("update", _update),
        ("delete", _delete),
        ("fields", _fields),
    )
}
"""Handlers of this family."""
