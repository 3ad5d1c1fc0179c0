"""``voximplant.statistic.get``: calls. One key of order, which stands beside its direction.

Facts: api-reference/telephony/voximplant/voximplant-statistic-get.md. Nothing is sorted unless it is asked for.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.filters_item import sort_key
from b24orm.sandbox.filters_prefix import GROUPS, compile_filter, named
from b24orm.sandbox.methods.parameters import classic, classic_array
from b24orm.sandbox.paging import CLASSIC, page
from b24orm.sandbox.php import strval
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import SCATTER

__all__ = ["METHODS"]

_KEY = "call_statistic"


def _get(state: State, params: dict[str, Any]) -> Answer:
    source = state.table(_KEY)
    where = compile_filter(
        named(source), classic_array(params, "filter"), GROUPS, ignore_id=state.options.ignore_id_filter
    )
    by = named(source).get(strval(classic(params, "sort")).upper())
    order = f" ORDER BY {SCATTER}"
    if by is not None and by.sortable:
        descending = strval(classic(params, "order")).upper() == "DESC"
        order = f" ORDER BY {sort_key(by, descending=descending)}, id"
    found, answer = page(
        CLASSIC,
        state.options,
        params.get("start"),
        lambda: state.store.count(_KEY, where),
        lambda window: fetch(state.store, source, "default", source.columns, where, order, window),
    )
    answer.result = found
    return answer


METHODS: dict[str, Handler] = {"voximplant.statistic.get": _get}
"""Handlers of this family."""
