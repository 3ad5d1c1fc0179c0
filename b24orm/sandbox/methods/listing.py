"""The list of classic families that answer one table: filter, order, select, one page."""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.filters_classic import compile_filter, compile_order, selected
from b24orm.sandbox.methods.parameters import classic_array
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, State

__all__ = ["classic_list"]


def classic_list(
    state: State, key: str, params: dict[str, Any], *, ignore_id: bool = False, default_order: str = ""
) -> Answer:
    """A page of the rows of the table *key*; *default_order* is SQL, for families that have an order of their own."""
    source = state.table(key)
    where = compile_filter(source, classic_array(params, "filter"), form="default", ignore_id=ignore_id)
    asked = classic_array(params, "order")
    order = compile_order(source, asked, form="default") if asked or not default_order else default_order
    chosen = selected(source, classic_array(params, "select"), form="default")
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(key, where),
        lambda window: fetch(state.store, source, "default", chosen, where, order, window),
    )
    answer.result = found
    return answer
