"""Reading rows of one table as objects: what the list, get and tail methods share."""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.store import Sql, Window
from b24orm.sandbox.v3.dto import Dto
from b24orm.sandbox.v3.refusals import not_found
from b24orm.sandbox.v3.selecting import Selection

__all__ = ["item", "items", "rows"]


def rows(state: State, dto: Dto, selection: Selection, where: Sql, order: str, window: Window) -> list[dict[str, Any]]:
    """The objects of a page."""
    names = selection.columns
    what = ", ".join(f'"{name}"' for name in names)
    found = state.store.page(dto.table, what, where, order, window)
    return [selection.shown(state, dict(zip(names, row, strict=True))) for row in found]


def items(state: State, dto: Dto, selection: Selection, where: Sql, order: str, window: Window) -> Answer:
    """A page, as list methods answer it."""
    found = rows(state, dto, selection, where, order, window)
    return Answer({"items": found}, rows=len(found))


def item(state: State, dto: Dto, selection: Selection, row_id: int) -> Answer:
    """One row, as get methods answer it. Raises Refused if there is none."""
    held = state.store.row(dto.table, row_id)
    if held is None:
        raise not_found(row_id)
    return Answer({"item": selection.shown(state, held)})
