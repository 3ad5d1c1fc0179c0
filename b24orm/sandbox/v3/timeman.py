"""``timeman.record.*``: when employees worked. A list is about one of them.

Facts: api-reference/timeman/record/*. The pages do not say what ``state`` may be.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.rows import is_list
from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.v3.described import described
from b24orm.sandbox.v3.dto import Dto, Property
from b24orm.sandbox.v3.filters import conditions, read_filter, sql_of
from b24orm.sandbox.v3.listing import items
from b24orm.sandbox.v3.method import SELECT, Method, items_of, optional
from b24orm.sandbox.v3.paging import read_order, read_window
from b24orm.sandbox.v3.refusals import access_denied, invalid_filter, invalid_request, not_specified
from b24orm.sandbox.v3.selecting import read_select

__all__ = ["METHODS"]

RECORD = Dto(
    "RecordDto",
    "timeman_record",
    (
        Property("id", "int", "id", sortable=True),
        Property("userId", "int", "user_id", filterable=True, sortable=True),
        Property("startTime", "DateTime", "start_time", filterable=True, sortable=True),
        Property("endTime", "DateTime", "end_time", sortable=True),
        Property("duration", "int", "duration", sortable=True),
        Property("breakLength", "int", "break_length"),
        Property("state", "object", "state"),
        Property("isApproved", "bool", "is_approved"),
    ),
)
_OF_START = frozenset({"=", ">", ">=", "<", "<=", "between"})


def _list(state: State, params: dict[str, Any]) -> Answer:
    asked = read_filter(RECORD, params.get("filter"))
    employees: set[int] = set()
    for one in conditions(asked):
        if one.property.name == "userId":
            employees |= set(one.value) if is_list(one.value) else {one.value}
        elif one.operator not in _OF_START:
            raise invalid_filter([one.property.name, one.operator, one.value])
    if not employees:
        raise invalid_request(not_specified("filter.userId"))
    if len(employees) > 1:
        raise invalid_filter("Multiple different userId values were provided in one request")
    if not state.caller.admin and employees != {state.user_id}:
        raise access_denied()
    selection, order = read_select(RECORD, params.get("select")), read_order(RECORD, params.get("order"))
    return items(state, RECORD, selection, sql_of(asked), order, read_window(params.get("pagination")))


_LISTED = (SELECT, optional("filter", "array"), optional("order", "object"), optional("pagination", "object"))

METHODS = (
    Method("timeman.record.list", _list, _LISTED, items_of(RECORD), title="Get Time Records"),
    *described("timeman.record", RECORD),
)
"""Methods of time records."""
