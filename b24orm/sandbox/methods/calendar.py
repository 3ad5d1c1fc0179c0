"""``calendar.event.*``: the events of a user, a group or the company that lie in a span of time, in one answer.

Facts: api-reference/calendar/calendar-event/*.md. An event that is not there is null. Parameters of writes are those
of the pages, in small letters; rows are in capitals, with dates as the portal's pages show them. Recurring events are
not modelled: their rules are kept and shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pydantic_core

from b24orm.sandbox.clock import ZONE
from b24orm.sandbox.fields import Column
from b24orm.sandbox.localdates import local_of, seconds_of
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_KEY = "calendar_event"
_DAY = 24 * 3600
_BEFORE, _AFTER = 30 * _DAY, 91 * _DAY  # a month before and three months after now, unless asked otherwise
_UNSHOWN = frozenset({"from_date", "to_date"})
_NUMBERS = frozenset({"dt_length", "recurrence_id", "user_offset_from", "user_offset_to"})
# Parameters of writes by column; those that are called as the column is called are not listed.
_TEXTS = ("name", "description", "location", "color", "accessibility", "importance")
_LISTS = {"remind": "remind", "crm_fields": "uf_crm_cal_event"}


def _required(params: dict[str, Any], name: str, method: str) -> Any:
    value = classic(params, name.lower())
    if value is None or value == "":
        raise Refusal("", f'The required parameter "{name}" for the method "{method}" is not set')
    return value


def _shown(state: State, row: dict[str, Any]) -> dict[str, Any]:
    columns = state.table(_KEY).by_wire["default"]
    return {wire: _value(c, row[c.name]) for wire, c in columns.items() if c.name not in _UNSHOWN}


def _value(column: Column, value: Any) -> Any:
    """One value as the page shows it: most of them are texts."""
    if column.name == "is_meeting":
        return value == "Y"
    if column.name == "private_event":
        return "1" if value == "Y" else ""
    if column.storage in {"many", "json"}:
        held = pydantic_core.from_json(value) if value else None
        return held if held or column.name != "uf_webdav_cal_event" else False
    if value is None or column.name in _NUMBERS:
        return value
    return strval(value)


def _list(state: State, params: dict[str, Any]) -> Answer:
    for name in ("type", "ownerId"):
        if classic(params, name.lower()) in (None, ""):
            raise Refusal("", f'Mandatory parameter not specified "{name}" for the method "calendar.event.get"')
    now = int(state.clock.time())
    first, last = seconds_of(strval(classic(params, "from"))), seconds_of(strval(classic(params, "to")))
    ends = [now - _BEFORE if first is None else first, now + _AFTER if last is None else last + _DAY - 1]
    given = classic(params, "section")
    sections = [intval(item) for _, item in entries(given)] if is_array(given) else [intval(given)] if given else []
    where = "cal_type = ? AND owner_id = ? AND deleted = 'N' AND date_to_ts_utc >= ? AND date_from_ts_utc <= ?"
    if sections:
        where += f" AND section_id IN ({', '.join('?' * len(sections))})"
    values = [strval(classic(params, "type")), intval(classic(params, "ownerid")), *ends, *sections]
    found = state.store.select(_KEY, "id", (where, values), " ORDER BY date_from_ts_utc, id")
    rows = [_shown(state, state.store.row(_KEY, number) or {}) for (number,) in found]
    return Answer(rows, rows=len(rows))


def _get(state: State, params: dict[str, Any]) -> Answer:
    row = state.store.row(_KEY, intval(_required(params, "id", "calendar.event.getbyid")))
    return Answer(None if row is None or row["deleted"] == "Y" else _shown(state, row))


def _moments(params: dict[str, Any], method: str, current: dict[str, Any] | None) -> tuple[int, int]:
    """When the event begins and ends, in seconds since the epoch."""
    found: list[int] = []
    for name in ("from", "to"):
        stamp, text = classic(params, f"{name}_ts"), classic(params, name)
        if stamp in (None, "") and text in (None, "") and current is not None:
            found.append(current[f"date_{name}_ts_utc"])
            continue
        given = intval(stamp) if stamp not in (None, "") else seconds_of(strval(_required(params, name, method)))
        if given is None:
            raise Refusal("", f'Invalid value for the parameter "{name}"')
        found.append(given)
    return found[0], found[1]


def _written(begins: int, ends: int) -> dict[str, Any]:
    form = "%a %b %d %Y %H:%M:%S"
    return {
        "date_from": local_of(begins),
        "date_to": local_of(ends),
        "date_from_ts_utc": begins,
        "date_to_ts_utc": ends,
        "date_from_formatted": datetime.fromtimestamp(begins, ZONE).strftime(form),
        "date_to_formatted": datetime.fromtimestamp(ends, ZONE).strftime(form),
        "dt_length": ends - begins,
    }


def _sent(params: dict[str, Any], method: str, current: dict[str, Any] | None) -> dict[str, Any]:
    values: dict[str, Any] = _written(*_moments(params, method, current))
    for name in _TEXTS:
        value = classic(params, name)
        if is_array(value):
            raise Refusal("", f'Invalid value for the parameter "{name}"')
        if value is not None:
            values[name] = strval(value)
    if "description" in values:
        values["description_formatted"] = values["description"]
    for name, column in _LISTS.items():
        value = classic(params, name)
        if value is not None and not is_array(value):
            raise Refusal("", "The list of event links to CRM must be an array" if name == "crm_fields" else "")
        if value is not None:
            values[column] = pydantic_core.to_json([item for _, item in entries(value)]).decode()
    for name, column in (
        ("skip_time", "dt_skip_time"),
        ("private_event", "private_event"),
        ("is_meeting", "is_meeting"),
    ):
        if classic(params, name) is not None:
            values[column] = "Y" if classic(params, name) == "Y" else "N"
    for name in ("rrule", "meeting"):
        if is_array(classic(params, name)):
            values[name] = pydantic_core.to_json(classic(params, name)).decode()
    for name, column in (("timezone_from", "tz_from"), ("timezone_to", "tz_to")):
        if classic(params, name) not in (None, ""):
            values[column] = strval(classic(params, name))
    section = classic(params, "section")
    if section not in (None, ""):
        values |= dict.fromkeys(("section_id", "sect_id"), intval(section))
    return values


def _add(state: State, params: dict[str, Any]) -> Answer:
    method = "calendar.event.add"
    kind, owner = strval(_required(params, "type", method)), intval(_required(params, "ownerId", method))
    _required(params, "name", method)
    now = local_of(state.clock.time())
    zones = dict.fromkeys(("tz_offset_from", "tz_offset_to", "user_offset_from", "user_offset_to"), 10800)
    empty = {c.name: "[]" for c in state.table(_KEY).stored if c.storage == "many"}
    flags = dict.fromkeys(("deleted", "dt_skip_time", "private_event", "is_meeting"), "N")
    texts = dict.fromkeys(("description", "location", "g_event_id", "dav_exch_label", "cal_dav_label"), "")
    made = {
        "cal_type": kind,
        "owner_id": owner,
        "section_id": 4,
        "sect_id": 4,
        "tz_from": "Europe/Moscow",
        "tz_to": "Europe/Moscow",
        "color": "#9dcf00",
        "accessibility": "busy",
        "importance": "normal",
        "created_by": state.user_id,
        "meeting_host": state.user_id,
        "meeting_status": "H",
        "date_create": now,
        "timestamp_x": now,
        "version": 1,
    }
    new = state.store.insert(_KEY, empty | zones | flags | texts | made | _sent(params, method, None))
    state.store.update(_KEY, new, {"parent_id": new})
    state.wrote(_KEY, new, "add")
    return Answer(new)


def _update(state: State, params: dict[str, Any]) -> Answer:
    method = "calendar.event.update"
    number = intval(_required(params, "id", method))
    for name in ("type", "ownerId"):
        _required(params, name, method)
    row = state.store.row(_KEY, number)
    if row is None:
        raise Refusal("", "An error occurred while changing the event")
    values = _sent(params, method, row)
    changed = any(row[name] != value for name, value in values.items())
    if changed:
        more = {"timestamp_x": local_of(state.clock.time()), "version": (row["version"] or 0) + 1}
        state.store.update(_KEY, number, values | more)
    state.wrote(_KEY, number, "update", changed=changed)
    return Answer(number)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    if classic(params, "id") in (None, ""):
        raise Refusal("", "Event id not specified")
    number = intval(classic(params, "id"))
    if not state.store.delete(_KEY, number):
        raise Refusal("", "An error occurred while deleting the event")
    state.wrote(_KEY, number, "delete")
    return Answer(True)


METHODS: dict[str, Handler] = {
    "calendar.event.get": _list,
    "calendar.event.getbyid": _get,
    "calendar.event.add": _add,
    "calendar.event.update": _update,
    "calendar.event.delete": _delete,
}
"""Handlers of this family."""
