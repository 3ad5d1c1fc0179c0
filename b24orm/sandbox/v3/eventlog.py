"""``main.eventlog.*``: the log of events, in pages and as a tail. For administrators only.

Facts: api-reference/event-log/*. Which fields can be filtered and sorted by is what main.eventlog.field.list says; the
list page says all can.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.store import Sql
from b24orm.sandbox.v3.described import described
from b24orm.sandbox.v3.dto import Dto, Property
from b24orm.sandbox.v3.filters import read_filter, sql_of
from b24orm.sandbox.v3.listing import item, items
from b24orm.sandbox.v3.method import ID, SELECT, Method, item_of, items_of, optional
from b24orm.sandbox.v3.paging import read_cursor, read_order, read_window
from b24orm.sandbox.v3.refusals import access_denied
from b24orm.sandbox.v3.selecting import read_select

__all__ = ["METHODS"]

ENTRY = Dto(
    "EventLogDto",
    "event_log",
    (
        Property("id", "int", "id", filterable=True, sortable=True),
        Property("timestampX", "DateTime", "timestamp_x", filterable=True, sortable=True),
        Property("severity", "string", "severity"),
        Property("auditTypeId", "string", "audit_type_id", filterable=True, sortable=True),
        Property("moduleId", "string", "module_id"),
        Property("itemId", "string", "item_id"),
        Property("remoteAddr", "string", "remote_addr"),
        Property("userAgent", "string", "user_agent"),
        Property("requestUri", "string", "request_uri"),
        Property("siteId", "string", "site_id"),
        Property("userId", "int", "user_id", filterable=True, sortable=True),
        Property("guestId", "int", "guest_id", filterable=True, sortable=True),
        Property("description", "string", "description"),
    ),
)


def _administrator(state: State) -> None:
    if not state.caller.admin:
        raise access_denied()


def _get(state: State, params: dict[str, Any]) -> Answer:
    _administrator(state)
    return item(state, ENTRY, read_select(ENTRY, params.get("select")), params["id"])


def _list(state: State, params: dict[str, Any]) -> Answer:
    _administrator(state)
    selection = read_select(ENTRY, params.get("select"))
    where = sql_of(read_filter(ENTRY, params.get("filter")))
    order = read_order(ENTRY, params.get("order"))
    return items(state, ENTRY, selection, where, order, read_window(params.get("pagination")))


def _tail(state: State, params: dict[str, Any]) -> Answer:
    _administrator(state)
    selection = read_select(ENTRY, params.get("select"))
    asked = read_filter(ENTRY, params.get("filter"))
    cursor = read_cursor(ENTRY, params.get("cursor"), asked)
    return items(state, ENTRY, selection, _both(cursor.where, sql_of(asked)), cursor.order, cursor.window)


def _both(first: Sql, second: Sql) -> Sql:
    return (f"{first[0]} AND ({second[0]})", first[1] + second[1]) if second[0] else first


_LISTED = (SELECT, optional("filter", "array"), optional("order", "object"), optional("pagination", "object"))

METHODS = (
    Method("main.eventlog.get", _get, (ID, SELECT), item_of(ENTRY), title="Get Event Log Entry"),
    Method("main.eventlog.list", _list, _LISTED, items_of(ENTRY), title="Get Event Log Entries"),
    Method(
        "main.eventlog.tail",
        _tail,
        (SELECT, optional("filter", "array"), optional("cursor", "object")),
        items_of(ENTRY),
        title="Get New Event Log Entries",
    ),
    *described("main.eventlog", ENTRY),
)
"""Methods of the event log."""
