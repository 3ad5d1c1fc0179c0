"""``event.offline.*``: the queue of offline events. For applications, on behalf of administrators, alone.

Facts: api-reference/events/offline-events.md, event-offline-*.md. What these methods say to a process that is not there
is not documented; here nothing happens. ``error`` of ``event.offline.get`` is read as "those that failed", whoever
reserved them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from b24orm.sandbox.access import for_administrators, for_applications
from b24orm.sandbox.clock import iso, read_datetime
from b24orm.sandbox.events import Queued
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.oauth import Application
from b24orm.sandbox.php import entries, intval, is_array, strval, truthy
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_BATCH = 50
_FIELDS: dict[str, Callable[[Queued], Any]] = {
    "ID": lambda record: record.id,
    "TIMESTAMP_X": lambda record: iso(record.timestamp),
    "EVENT_NAME": lambda record: record.event,
    "MESSAGE_ID": lambda record: record.message_id,
    "PROCESS_ID": lambda record: record.process_id,
    "ERROR": lambda record: record.error,
}
_OF_GET = frozenset({"ID", "TIMESTAMP_X", "EVENT_NAME", "MESSAGE_ID"})
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "": lambda held, given: held == given,
    "=": lambda held, given: held == given,
    "!": lambda held, given: held != given,
    ">": lambda held, given: held > given,
    ">=": lambda held, given: held >= given,
    "<": lambda held, given: held < given,
    "<=": lambda held, given: held <= given,
}
_CONDITION = re.compile(r"([=!<>]*)([A-Z_]+)")


def _application(state: State) -> Application:
    application = for_applications(state)
    for_administrators(state)
    return application


def _records(state: State, application: Application, params: dict[str, Any]) -> list[Queued]:
    return state.events.records(application, strval(classic(params, "auth_connector")))


def _read(name: str, value: Any) -> Any:
    if name in {"ID", "ERROR"}:
        return intval(value)
    if name == "TIMESTAMP_X":
        return read_datetime(strval(value)) or ""
    return strval(value).upper() if name == "EVENT_NAME" else strval(value)


def _filtered(records: list[Queued], params: dict[str, Any], names: frozenset[str]) -> list[Queued]:
    """What meets the filter; conditions on other fields are ignored."""
    for key, value in entries(classic(params, "filter")):
        read = _CONDITION.fullmatch(key.upper())
        if read is None or read[2] not in names or read[1] not in _COMPARE:
            continue
        field, compare = _FIELDS[read[2]], _COMPARE[read[1]]
        given = [_read(read[2], one) for _, one in entries(value)] if is_array(value) else [_read(read[2], value)]
        some = all if read[1] == "!" else any
        records = [record for record in records if some(compare(field(record), one) for one in given)]
    return records


def _sorted(records: list[Queued], params: dict[str, Any], names: frozenset[str], usual: str) -> list[Queued]:
    order = [(name.upper(), strval(word).upper() == "DESC") for name, word in entries(classic(params, "order"))]
    found = [(name, down) for name, down in order if name in names] or [(usual, False)]
    for name, down in reversed([*found, ("ID", False)] if "ID" not in dict(found) else found):
        records = sorted(records, key=_FIELDS[name], reverse=down)
    return records


def _record(record: Queued) -> dict[str, Any]:
    return {
        "ID": str(record.id),
        "TIMESTAMP_X": iso(record.timestamp),
        "EVENT_NAME": record.event,
        "EVENT_DATA": record.data or False,
        "EVENT_ADDITIONAL": False,
        "MESSAGE_ID": record.message_id,
    }


def _get(state: State, params: dict[str, Any]) -> Answer:
    application = _application(state)
    process = strval(classic(params, "process_id"))
    errors = intval(classic(params, "error"))
    clear = classic(params, "clear")
    limit = intval(classic(params, "limit")) or _BATCH
    with state.events.lock:
        found = [
            record
            for record in _records(state, application, params)
            if record.error == errors and (errors or record.process_id == process)
        ]
        found = _sorted(_filtered(found, params, _OF_GET), params, _OF_GET, "TIMESTAMP_X")[: max(0, limit)]
        rows = [_record(record) for record in found]
        if clear is None or truthy(clear):
            state.events.drop(found)
            reserved = None
        else:
            reserved = process or state.events.reserve(found)
    return Answer({"process_id": reserved, "events": rows}, rows=len(rows))


def _list(state: State, params: dict[str, Any]) -> Answer:
    application = _application(state)
    names = frozenset(_FIELDS)
    found = _sorted(_filtered(_records(state, application, params), params, names), params, names, "ID")
    start, size = max(0, intval(classic(params, "start"))), state.options.page_size
    rows = [
        {**_record(record), "PROCESS_ID": record.process_id, "ERROR": str(record.error)}
        for record in found[start : start + size]
    ]
    following = start + size if start + size < len(found) else None
    return Answer(rows, total=len(found), next=following, rows=len(rows))


def _of_process(state: State, params: dict[str, Any]) -> list[Queued]:
    application = _application(state)
    process = strval(classic(params, "process_id"))
    if not process:
        raise Refusal("ERROR_ARGUMENT", "Argument 'PROCESS_ID' is null or empty", 400, argument="PROCESS_ID")
    return [one for one in state.events.queue if one.application is application and one.process_id == process]


def _chosen(params: dict[str, Any], name: str) -> set[str] | None:
    value = classic(params, name)
    if value is None:
        return None
    return {strval(one) for _, one in entries(value)} if is_array(value) else {strval(value)}


def _clear(state: State, params: dict[str, Any]) -> Answer:
    with state.events.lock:
        records = _of_process(state, params)
        ids, messages = _chosen(params, "id"), _chosen(params, "message_id")
        if ids is not None:
            records = [record for record in records if str(record.id) in ids]
        elif messages is not None:
            records = [record for record in records if record.message_id in messages]
        state.events.drop(records)
    return Answer(True)


def _error(state: State, params: dict[str, Any]) -> Answer:
    with state.events.lock:
        records = _of_process(state, params)
        messages = _chosen(params, "message_id")
        for record in records:
            if messages is None or record.message_id in messages:
                record.error = 1
    return Answer(True)


METHODS: dict[str, Handler] = {
    "event.offline.get": _get,
    "event.offline.list": _list,
    "event.offline.clear": _clear,
    "event.offline.error": _error,
}
"""Handlers of this family."""
