"""Rows for a portal whose layout was cloned: values for its own fields, stages and dictionaries, by their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pydantic_core

from b24orm.sandbox.fields import Column, Table
from b24orm.sandbox.layout import Layout
from b24orm.sandbox.userfields import UserField

if TYPE_CHECKING:
    from b24orm.sandbox.seeding.frame import Frame

__all__ = ["own_columns", "own_rows"]

_TEXTS = ("A", "vip", "Эконом", "ключевой & важный")
_STAGES: Mapping[str, str] = {
    "lead": "STATUS",
    "deal": "DEAL_STAGE",
    "quote": "QUOTE_STATUS",
    "smart_invoice": "SMART_INVOICE_STAGE",
}
_SHARE = 0.6  # of the rows have a value

Values = Iterable[Any]


def own_rows(layout: Layout, key: str) -> dict[str, Values]:
    """What the layout says that a table holds, column by column; empty if it says nothing."""
    rows = layout.rows.get(key, ())
    names = {name: None for row in rows for name in row}
    return {name: [row.get(name) for row in rows] for name in names}


def own_columns(frame: Frame) -> dict[str, Values]:
    """The columns that the layout of the portal decides about."""
    layout, source = frame.layout, frame.layout.table(frame.key)
    made: dict[str, Values] = {}
    for column in source.stored:
        if column.user_field is not None:
            made[column.name] = _values(frame, column, column.user_field)
        elif column.name.startswith("parent_id_"):
            made[column.name] = _parents(frame, column)
        elif (column.relation or "").startswith("status:") and not column.name.endswith("stage_id"):
            made[column.name] = frame.sparse(_codes(layout, (column.relation or "")[7:]) or [None], _SHARE)
    if "currency_id" in source.by_name and layout.rows.get("currency"):
        made["currency_id"] = frame.pick([row["currency"] for row in layout.rows["currency"]])
    return made | _staged(frame, source)


def _codes(layout: Layout, dictionary: str) -> list[Any]:
    return [row["status_id"] for row in layout.rows.get("status", ()) if row["entity_id"] == dictionary]


def _staged(frame: Frame, source: Table) -> dict[str, Values]:
    """Stages of all pipelines alike; without any where the layout knows none."""
    if "stage_id" not in source.by_name:
        return {}
    process = frame.layout.processes.get(frame.key)
    prefix = f"DYNAMIC_{process.entity_type_id}_STAGE" if process else _STAGES[frame.key]
    pool: list[tuple[int, Any, str]] = []
    for row in frame.layout.rows.get("status", ()):
        dictionary, _, tail = row["entity_id"].rpartition("_")
        if row["entity_id"] == prefix:
            pool.append((0, row["status_id"], row["semantics"] or "P"))
        elif dictionary == prefix and tail.isdigit():
            pool.append((int(tail), row["status_id"], row["semantics"] or "P"))
    drawn = frame.pick(pool or [(0, None, "P")])
    made: dict[str, Values] = {
        "stage_id": [stage for _, stage, _ in drawn],
        "previous_stage_id": [""] * frame.n,
        "stage_semantic_id": [semantics for _, _, semantics in drawn],
        "closed": ["N" if semantics == "P" else "Y" for _, _, semantics in drawn],
    }
    if pool:
        made["category_id"] = [category for category, _, _ in drawn]
    return {name: values for name, values in made.items() if name in source.by_name}


def _parents(frame: Frame, column: Column) -> Values:
    number = column.settings["parentEntityTypeId"]
    parent = frame.layout.by_type_id.get(number)
    return frame.refer(parent.key, _SHARE) if parent is not None and parent.key in frame.all_ids else [None] * frame.n


def _values(frame: Frame, column: Column, f: UserField) -> Values:
    pool = _pool(frame, f)
    if not column.multiple:
        return frame.sparse(pool, _SHARE) if pool else [None] * frame.n
    several = ["[]", *(pydantic_core.to_json(list(some)).decode() for some in (pool[:1], pool[:2]) if some)]
    return frame.pick(several)


def _pool(frame: Frame, f: UserField) -> Sequence[Any]:
    """Values that a field of this type may have; none for types that point to what the sandbox does not have."""
    contacts = [f"C_{one}" for one in frame.all_ids["contact"][:100]]
    pools: dict[str, Sequence[Any]] = {
        "integer": range(1, 500),
        "double": (0.5, 2.25, 7, 12.5),
        "boolean": (0, 1),
        "enumeration": [item_id for item_id, _ in f.items],
        "date": ("2024-05-01T03:00:00+03:00", "2024-12-31T03:00:00+03:00"),
        "datetime": ("2024-05-01T10:30:00+03:00", "2024-12-31T23:59:59+03:00"),
        "money": ("300|RUB", "1500.50|RUB"),
        "url": ("https://example.test/?q=1&r=2#top",),
        "address": ("Москва, ул. Ленина, 1|55.75;37.61|1",),
        "file": range(7001, 7400),
        "employee": frame.all_ids["user"],
        "crm_status": _codes(frame.layout, str(f.settings.get("ENTITY_TYPE", ""))),
        "crm": contacts,
        "iblock_element": range(40, 90),
        "iblock_section": range(3, 12),
        "string": _TEXTS,
    }
    return pools.get(f.type, ())
