"""Which events a write causes, and what they say.

Facts: the pages of the events, by entity. Smart processes and smart invoices have events by the number of their kind
(api-reference/crm/universal/events/index.md), once for all kinds and once for their own; leads, deals, contacts,
companies and quotes have events of their own, whichever methods change them. There are no documented events about
statuses, pipelines, product rows, bindings, departments and the disk, and none about a user before the first login.
Whether an update that changes nothing causes one is not documented; here it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from b24orm.sandbox.books import Verb

__all__ = ["caused", "moved"]

_OWN = {
    **{key: f"ONCRM{key.upper()}" for key in ("deal", "lead", "contact", "company", "quote", "activity", "requisite")},
    "bank_detail": "ONCRMBANKDETAIL",
    "crm_type": "ONCRMTYPE",
    "currency": "ONCRMCURRENCY",
}
_DIRECT = {"timeline_comment": "ONCRMTIMELINECOMMENT"}  # data[ID] without FIELDS
_SMART_PROCESS = "smart_process_"
_UNDEFINED = "undefined"
_Caused = tuple[str, Mapping[str, Any]]


def caused(entity: str, row_id: int, verb: Verb, about: Mapping[str, Any]) -> Iterator[_Caused]:
    """Name and data of each event that a write causes; *about* is what its method says beyond the id."""
    word = verb.upper()
    if verb == "set":
        return
    if entity in _OWN:
        yield _OWN[entity] + word, {"FIELDS": {"ID": row_id}}
        if entity == "deal" and "CATEGORY_ID" in about:
            yield "ONCRMDEALMOVETOCATEGORY", {"FIELDS": {"ID": row_id, **about}}
    elif entity in _DIRECT:
        yield _DIRECT[entity] + word, {"ID": row_id}
    elif entity == "smart_invoice" or entity.startswith(_SMART_PROCESS):
        kind = 31 if entity == "smart_invoice" else int(entity.removeprefix(_SMART_PROCESS))
        data = {"FIELDS": {"ID": row_id, "ENTITY_TYPE_ID": kind}}
        yield f"ONCRMDYNAMICITEM{word}", data
        yield f"ONCRMDYNAMICITEM{word}_{kind}", data
    elif entity == "task":
        yield f"ONTASK{word}", _task(row_id, verb)
    elif entity == "address":
        yield f"ONCRMADDRESS{'UNREGISTER' if verb == 'delete' else 'REGISTER'}", {"FIELDS": dict(about)}


def moved(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of an update beyond the id: where the row went, if it changed its pipeline."""
    if "category_id" not in given or given["category_id"] == before.get("category_id"):
        return {}
    return {"CATEGORY_ID": given["category_id"], "STAGE_ID": given.get("stage_id", before.get("stage_id"))}


def _task(row_id: int, verb: Verb) -> Mapping[str, Any]:
    """A side that does not exist is a word (api-reference/tasks/events-tasks/*.md)."""
    row = {"ID": row_id}
    return {
        "FIELDS_BEFORE": _UNDEFINED if verb == "add" else row,
        "FIELDS_AFTER": _UNDEFINED if verb == "delete" else row,
        "IS_ACCESSIBLE_BEFORE": "N" if verb == "add" else _UNDEFINED,
        "IS_ACCESSIBLE_AFTER": "N" if verb == "delete" else _UNDEFINED,
    }
