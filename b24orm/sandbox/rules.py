"""What the portal does by itself when a row is created or changed: defaults, stages, authors, dates, bindings."""

from __future__ import annotations

from typing import Any

import pydantic_core

from b24orm.sandbox.belongings import forget
from b24orm.sandbox.clock import iso, read_date
from b24orm.sandbox.defaults import DEFAULTS
from b24orm.sandbox.fields import Table
from b24orm.sandbox.history import forget_history, record_move, record_start, settle_past
from b24orm.sandbox.multifields import derived
from b24orm.sandbox.pipelines import PIPELINE_ID
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import State

__all__ = ["check", "create", "delete", "settle_stage", "update"]

_TITLES = {
    "deal": "Сделка",
    "lead": "Лид",
    "company": "Компания",
    "quote": "Предложение",
    "smart_invoice": "Счёт",
}
_STAMPS = {
    "activity": ("last_updated", "editor_id"),
    **dict.fromkeys(("requisite", "bank_detail", "requisite_preset"), ("date_modify", "modify_by_id")),
    "task": ("changed_date", "changed_by"),
}
"""Which columns say when and by whom a row was changed, where it is not updated_time and updated_by."""

_CLIENTS = ("contact_id", "contact_ids", "company_id", "company_ids")
_WEEK = 7 * 24 * 3600


def check(state: State, source: Table, given: dict[str, Any], *, code: str) -> None:
    """Refuse, by the error *code* of the family of methods, the values that the portal finds wrong.

    Those are unknown currencies and pipelines and negative ids of clients (api-reference/crm/universal/crm-item-add.md,
    CRM_FIELD_ERROR_VALUE_NOT_VALID). An unknown stage is none of them, see `settle_stage`.
    """

    def wrong(name: str) -> Refusal:
        return Refusal(code, f'Неверное значение поля "{source.by_name[name].title}"')

    currency = given.get("currency_id")
    if currency and not state.store.select("currency", "id", ("currency = ?", [currency])):
        raise wrong("currency_id")
    if given.get("category_id") and source.entity_type_id is not None and "stage_id" in source.by_name:
        known = f"{PIPELINE_ID} = ? AND entity_type_id = ?", [given["category_id"], source.entity_type_id]
        if not state.store.select("category", "id", known):
            raise wrong("category_id")
    for name in _CLIENTS:
        held = given.get(name) or 0
        many: list[Any] = pydantic_core.from_json(held) if isinstance(held, str) else [held]
        if any(one < 0 for one in many):
            raise wrong(name)


def settle_stage(state: State, source: Table, given: dict[str, Any], current: dict[str, Any] | None) -> None:
    """What ``crm.item.*`` does about a stage that the item's pipeline does not have.

    An update without a new pipeline ignores it, in silence. A new item, and one that moves to another pipeline, get the
    first stage there of the same meaning: open, won or lost.
    """
    if "stage_id" not in source.by_name:
        return
    before = current or {}
    category = given.get("category_id", before.get("category_id")) or _default_category(state, source)
    stage = given.get("stage_id", before.get("stage_id"))
    moves = current is not None and "category_id" in given and given["category_id"] != before["category_id"]
    if not stage or not (moves or "stage_id" in given):
        return
    where = ("entity_id = ?", [_stages_of(state, source, category)])
    found = state.store.select("status", "status_id, ifnull(semantics, 'P')", where, " ORDER BY sort, id")
    if any(one == stage for one, _ in found):
        return
    if current is not None and not moves:
        del given["stage_id"]
        return
    meaning = _semantics(state, stage)
    given["stage_id"] = next((one for one, semantics in found if semantics == meaning), None)


def _stages_of(state: State, source: Table, category: int) -> str:
    """The dictionary that holds the stages of a pipeline."""
    process = state.layout.processes.get(source.key)
    if process:
        return process.stage_entity(category)
    if source.key == "deal":
        return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"
    return {"lead": "STATUS", "quote": "QUOTE_STATUS"}.get(source.key, f"SMART_INVOICE_STAGE_{category}")


def create(state: State, source: Table, given: dict[str, Any]) -> int:
    """Insert a row with the portal's defaults around what was *given*; returns its id."""
    empty: dict[str, Any] = {column.name: "[]" for column in source.stored if column.storage in {"many", "fm"}}
    if source.key in DEFAULTS:
        return state.store.insert(source.key, empty | DEFAULTS[source.key](state, given))
    if source.entity_type_id is None:
        return state.store.insert(source.key, empty | given)
    moment = state.clock.time()
    now = iso(moment)
    user = state.user_id
    category = given.get("category_id") or _default_category(state, source)
    first = _first_stage(state, source, category)
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
    if source.key in state.layout.processes:
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
    settle_past(state, source)
    row_id = state.store.insert(source.key, values)
    process = state.layout.processes.get(source.key)
    title = process.title if process else _TITLES.get(source.key)
    if "title" in source.by_name and title and not values.get("title"):
        state.store.update(source.key, row_id, {"title": f"{title} #{row_id}"})
    record_start(state, source, row_id, values)
    return row_id


def _default_category(state: State, source: Table) -> int:
    """The pipeline of what names none; 0 where there are no pipelines."""
    where = ("entity_type_id = ? AND is_default = 'Y'", [source.entity_type_id])
    found = state.store.select("category", PIPELINE_ID, where, " LIMIT 1")
    return found[0][0] if found else 0


def _first_stage(state: State, source: Table, category: int) -> str | None:
    where = ("entity_id = ?", [_stages_of(state, source, category)])
    found = state.store.select("status", "status_id", where, " ORDER BY sort, id LIMIT 1")
    return found[0][0] if found else None


def update(state: State, source: Table, current: dict[str, Any], given: dict[str, Any]) -> bool:
    """Change a row; an update that changes nothing is not saved, so its dates stay. Returns whether it was."""
    changes = {name: value for name, value in given.items() if current.get(name) != value}
    if not changes:
        return False
    now = iso(state.clock.time())
    when, by = _STAMPS.get(source.key, ("updated_time", "updated_by"))
    follow: dict[str, Any] = {when: now, by: state.user_id}
    if "stage_id" in changes and source.entity_type_id is not None:
        follow |= {
            "previous_stage_id": current.get("stage_id"),
            "moved_time": now,
            "moved_by": state.user_id,
            "is_new": "N",
            **_stage(state, source, changes),
        }
    changes |= {name: value for name, value in follow.items() if name in source.by_name}
    if "stage_id" in changes and changes["stage_id"] != current.get("stage_id"):
        record_move(state, source, current, {"moved_time": now, **changes})
    return state.store.update(source.key, current["id"], changes)


def _stage(state: State, source: Table, values: dict[str, Any]) -> dict[str, Any]:
    """The semantics of the stage, and whether it closes the row."""
    if not values.get("stage_id") or "stage_id" not in source.by_name:
        return {}
    semantics = _semantics(state, values["stage_id"])
    closed = "N" if semantics == "P" else "Y"
    follow = {"stage_semantic_id": semantics, "closed": closed}
    return {name: value for name, value in follow.items() if name in source.by_name}


def _semantics(state: State, stage: str) -> str:
    """P, S or F; a stage that nobody knows is an open one."""
    found = state.store.select("status", "semantics", ("status_id = ?", [stage]), " LIMIT 1")
    return (found[0][0] if found else None) or "P"


def delete(state: State, source: Table, row_id: int) -> bool:
    """Delete a row, and what belongs to it; False if there is none."""
    if not state.store.delete(source.key, row_id):
        return False
    forget_history(state, source, row_id)
    forget(state, source.key, row_id)
    return True
