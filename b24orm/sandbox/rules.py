"""What the portal does by itself when a row is created or changed: defaults, stages, authors, dates, bindings."""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.clock import iso, read_date
from b24orm.sandbox.fields import Table
from b24orm.sandbox.multifields import derived
from b24orm.sandbox.smart import PROCESSES
from b24orm.sandbox.state import State

__all__ = ["create", "delete", "update"]

_FIRST_STAGE = {"deal": "NEW", "lead": "NEW", "quote": "DRAFT", "smart_invoice": "DT31_2:N"}
_TITLES = {
    "deal": "Сделка",
    "lead": "Лид",
    "company": "Компания",
    "quote": "Предложение",
    "smart_invoice": "Счёт",
    **{key: process.title for key, process in PROCESSES.items()},
}
_WEEK = 7 * 24 * 3600


def create(state: State, source: Table, given: dict[str, Any]) -> int:
    """Insert a row with the portal's defaults around what was *given*; returns its id."""
    empty: dict[str, Any] = {column.name: "[]" for column in source.stored if column.storage in {"many", "fm"}}
    if source.entity_type_id is None:
        return state.store.insert(source.key, empty | given)
    moment = state.clock.time()
    now = iso(moment)
    user = state.options.user_id
    category = given.get("category_id") or _default_category(source)
    first = _first_stage(source, category)
    stage = given.get("stage_id") or first
    defaults: dict[str, Any] = {
        "opened": "Y",
        "currency_id": "RUB",
        "opportunity": 0,
        "tax_value": 0,
        "is_manual_opportunity": "N",
        "is_recurring": "N",
        "is_return_customer": "N",
        "is_repeated_approach": "N",
        "is_my_company": "N",
        "export": "Y",
        "assigned_by_id": user,
        "created_by": user,
        "updated_by": user,
        "moved_by": user,
        "last_activity_by": user,
        "created_time": now,
        "updated_time": now,
        "moved_time": now,
        "last_activity_time": now,
        "is_new": "Y" if stage == first else "N",
        "category_id": category,
        "stage_id": stage,
    }
    if source.key in PROCESSES:
        defaults |= {"begindate": read_date(now), "closedate": read_date(iso(moment + _WEEK))}
    if "fm" in source.by_name:
        defaults |= derived(source, [])
    values = empty | {name: value for name, value in defaults.items() if name in source.by_name}
    values |= given
    if "category_id" in source.by_name:
        values["category_id"] = category
    values |= _stage(state, source, values)
    if "stage_id" in source.by_name and not values.get("stage_id"):
        values["stage_id"] = first
    row_id = state.store.insert(source.key, values)
    if "title" in source.by_name and source.key in _TITLES and not values.get("title"):
        state.store.update(source.key, row_id, {"title": f"{_TITLES[source.key]} #{row_id}"})
    return row_id


def _default_category(source: Table) -> int:
    process = PROCESSES.get(source.key)
    return process.default_pipeline if process else 2 if source.key == "smart_invoice" else 0


def _first_stage(source: Table, category: int) -> str | None:
    process = PROCESSES.get(source.key)
    if process:
        return process.stage(category, "NEW")
    return f"C{category}:NEW" if source.key == "deal" and category else _FIRST_STAGE.get(source.key)


def update(state: State, source: Table, current: dict[str, Any], given: dict[str, Any]) -> bool:
    """Change a row; an update that changes nothing is not saved, so its dates stay. Returns whether it was."""
    changes = {name: value for name, value in given.items() if current.get(name) != value}
    if not changes:
        return False
    now = iso(state.clock.time())
    follow: dict[str, Any] = {"updated_time": now, "updated_by": state.options.user_id}
    if "stage_id" in changes:
        follow |= {
            "previous_stage_id": current.get("stage_id"),
            "moved_time": now,
            "moved_by": state.options.user_id,
            "is_new": "N",
            **_stage(state, source, changes),
        }
    changes |= {name: value for name, value in follow.items() if name in source.by_name}
    return state.store.update(source.key, current["id"], changes)


def _stage(state: State, source: Table, values: dict[str, Any]) -> dict[str, Any]:
    """The semantics of the stage, and whether it closes the row."""
    if not values.get("stage_id") or "stage_id" not in source.by_name:
        return {}
    found = state.store.select("status", "semantics", ("status_id = ?", [values["stage_id"]]), " LIMIT 1")
    semantics = (found[0][0] if found else None) or "P"
    closed = "N" if semantics == "P" else "Y"
    follow = {"stage_semantic_id": semantics, "closed": closed}
    return {name: value for name, value in follow.items() if name in source.by_name}


def delete(state: State, source: Table, row_id: int) -> bool:
    """Delete a row; False if there is none."""
    return state.store.delete(source.key, row_id)
