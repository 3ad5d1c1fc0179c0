"""Which stages an object went through: a record when it is made, and one for each move.

Facts: api-reference/crm/crm-stage-history-list.md. The seeded objects get a record of their making and one of their
last move, when somebody first asks or something first moves; the history of a large portal covers its first deals.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from b24orm.sandbox.fields import Table
from b24orm.sandbox.state import State
from b24orm.sandbox.store import Store

__all__ = ["KEY", "forget_history", "has_history", "past", "record_move", "record_start", "settle_past"]

KEY = "stage_history"
_MADE, _MOVED, _ENDED, _OTHER_PIPELINE = 1, 2, 3, 5
_STAGES = {"deal": "DEAL_STAGE", "lead": "STATUS", "smart_invoice": "SMART_INVOICE_STAGE"}
_NONE = frozenset({"quote", "contact", "company"})
_MOST = 30_000  # objects of a kind


def has_history(source: Table) -> bool:
    """Whether the portal records the stages of such objects."""
    return source.entity_type_id is not None and source.key not in _NONE


def settle_past(state: State, source: Table) -> None:
    """Make up the past, if nobody has needed it yet: to be called before an object is made that has none."""
    if has_history(source) and state.store.waits(KEY):
        state.store.select(KEY, "id", ("id = 0", []))


def record_start(state: State, source: Table, row_id: int, values: dict[str, Any]) -> None:
    """Record that an object was made."""
    _record(state, source, _MADE, {"id": row_id, **values})


def record_move(state: State, source: Table, before: dict[str, Any], changes: dict[str, Any]) -> None:
    """Record that an object has moved to another stage, or to another pipeline."""
    after = {**before, **changes}
    elsewhere = after.get("category_id") != before.get("category_id")
    ended = after.get("stage_semantic_id") in ("S", "F")
    _record(state, source, _OTHER_PIPELINE if elsewhere else _ENDED if ended else _MOVED, after)


def _record(state: State, source: Table, kind: int, row: dict[str, Any]) -> None:
    if has_history(source):
        when = row.get("created_time" if kind == _MADE else "moved_time")
        stage, semantics = row.get("stage_id"), row.get("stage_semantic_id") or "P"
        assert source.entity_type_id is not None
        state.store.insert(KEY, _entry(source.key, source.entity_type_id, kind, row, when, stage, semantics))


def _entry(
    key: str, type_id: int, kind: int, row: dict[str, Any], when: str | None, stage: str | None, semantics: str
) -> dict[str, Any]:
    prefix = "status" if key == "lead" else "stage"  # older objects speak of statuses
    return {
        "entity_type_id": type_id,
        "type_id": kind,
        "owner_id": row["id"],
        "created_time": when,
        "category_id": None if key == "lead" else row.get("category_id") or 0,
        f"{prefix}_id": stage,
        f"{prefix}_semantic_id": semantics,
    }


def forget_history(state: State, source: Table, row_id: int) -> None:
    """Forget the stages of an object that was deleted."""
    if has_history(source) and not state.store.waits(KEY):  # of objects that are gone by then, none will be made up
        where = ("owner_id = ? AND entity_type_id = ?", [row_id, source.entity_type_id])
        state.store.delete_where(KEY, where)


def past(store: Store) -> dict[str, list[Any]]:
    """The history of what the portal holds now, by column, in the order of time."""
    rows: list[dict[str, Any]] = []
    for key in store.layout.keys:
        if has_history(store.table(key)):
            rows += _past_of(store, key)
    rows.sort(key=lambda row: row["created_time"])
    names = [column.name for column in store.table(KEY).stored]
    return {name: [row.get(name) for row in rows] if name != "id" else list(range(1, len(rows) + 1)) for name in names}


def _past_of(store: Store, key: str) -> Iterator[dict[str, Any]]:
    source = store.table(key)
    assert source.entity_type_id is not None
    held = [name for name in ("created_time", "moved_time", "updated_time", "category_id") if name in source.by_name]
    names = ["id", "stage_id", *held]
    prefix = _STAGES.get(key, f"DYNAMIC_{source.entity_type_id}_STAGE")
    known = store.select(
        "status",
        "status_id, entity_id, semantics",
        ("entity_id LIKE ?", [f"{prefix}%"]),
        " ORDER BY sort, id",
    )
    known = [row for row in known if row[1] == prefix or row[1].startswith(prefix + "_")]
    semantics = {stage: meaning or "P" for stage, _, meaning in known}
    of = {stage: entity for stage, entity, _ in known}
    first: dict[str, str] = {}
    for stage, entity, _ in known:
        first.setdefault(entity, stage)
    found = store.select(key, ", ".join(f'"{name}"' for name in names), ("", []), f" ORDER BY id LIMIT {_MOST}")
    for values in found:
        row = dict(zip(names, values, strict=True))
        stage = row["stage_id"]
        start = first.get(of.get(stage, ""), stage)
        made = row["created_time"]
        yield _entry(key, source.entity_type_id, _MADE, row, made, start, semantics.get(start, "P"))
        if stage != start:
            meaning = semantics.get(stage, "P")
            moved = max(row.get("moved_time") or row.get("updated_time") or made, made)
            kind = _MOVED if meaning == "P" else _ENDED
            yield _entry(key, source.entity_type_id, kind, row, moved, stage, meaning)
