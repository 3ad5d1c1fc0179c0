"""The classic ``crm.deal.*``, ``crm.lead.*``, ``crm.contact.*``, ``crm.company.*`` and ``crm.quote.*``.

Facts: api-reference/crm/deals/crm-deal-*.md and sections 6 to 10 of the behaviour notes.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from b24orm.sandbox import rules
from b24orm.sandbox.fields import Column, Table
from b24orm.sandbox.filters_classic import compile_filter, compile_order, selected
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import classic_array, classic_fields, classic_id
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch, fetch_one
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEYS = ("deal", "lead", "contact", "company", "quote")
# Each page has words of its own for rows that are not there: crm-*-update.md and crm-*-delete.md.
_GONE_ON_UPDATE = {"contact": "Contact is not found", "company": "Company is not found", "quote": "Quote is not found"}
_GONE_ON_DELETE = {
    "contact": Refusal("ERROR_CORE", "Element not found"),
    "company": Refusal("", "Company is not found"),
    "quote": Refusal("ERROR_CORE", "Element not found"),
}


def _list(key: str, state: State, params: dict[str, Any]) -> Answer:
    source = state.table(key)
    where = compile_filter(source, classic_array(params, "filter"), ignore_id=state.options.ignore_id_filter)
    order = compile_order(source, classic_array(params, "order"))
    chosen = selected(source, classic_array(params, "select"))
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(key, where),
        lambda window: fetch(state.store, source, "classic", chosen, where, order, window),
    )
    answer.result = found
    return answer


def _readable(source: Table) -> list[Column]:
    return [c for c in source.by_wire["classic"].values() if c.storage != "many" or c.user_field is not None]


def _get(key: str, state: State, params: dict[str, Any]) -> Answer:
    source = state.table(key)
    row = fetch_one(state.store, source, "classic", _readable(source), classic_id(params))
    if row is None:
        raise Refusal("", "Not found")
    return Answer(row)


def _add(key: str, state: State, params: dict[str, Any]) -> Answer:
    source = state.table(key)
    values = accepted(state, source, "classic", classic_fields(params), current=None)
    rules.check(state, source, values, code="")
    new = rules.create(state, source, values)
    state.wrote(key, new, "add")
    return Answer(new)


def _update(key: str, state: State, params: dict[str, Any]) -> Answer:
    source = state.table(key)
    row_id = classic_id(params)
    fields = classic_fields(params)
    row = state.store.row(key, row_id)
    if row is None:
        raise Refusal("", _GONE_ON_UPDATE.get(key, "Not found"))
    values = accepted(state, source, "classic", fields, current=row)
    rules.check(state, source, values, code="")
    changed = rules.update(state, source, row, values)
    state.wrote(key, row_id, "update", changed=changed)
    return Answer(True)


def _delete(key: str, state: State, params: dict[str, Any]) -> Answer:
    row_id = classic_id(params)
    if not rules.delete(state, state.table(key), row_id):
        raise _GONE_ON_DELETE.get(key, Refusal("", "Not found"))
    state.wrote(key, row_id, "delete")
    return Answer(True)


def _fields(key: str, state: State, params: dict[str, Any]) -> Answer:
    del params
    source = state.table(key)
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
