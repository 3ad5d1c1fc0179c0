"""``crm.category.*``: pipelines. A list is one answer; the default pipeline of deals has the id 0.

Facts: api-reference/crm/universal/category/crm-category-*.md.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.fields import table
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import required
from b24orm.sandbox.php import intval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_SUPPORTED = frozenset({2, 3, 4, 31})
_UNSUPPORTED = {1: "Лид", 7: "Предложение"}


def _rows(state: State, params: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = intval(required(params, "entityTypeId"))
    if wanted in _UNSUPPORTED:
        raise Refusal("ENTITY_TYPE_NOT_SUPPORTED", f"Тип сущности {_UNSUPPORTED[wanted]} не поддерживается")
    if wanted not in _SUPPORTED:
        raise Refusal("NOT_FOUND", "Смарт-процесс не найден")
    source = table("category")
    found = fetch(
        state.store, source, "default", source.columns, ("entity_type_id = ?", [wanted]), " ORDER BY sort, id"
    )
    rows: list[dict[str, Any]] = list(found)
    for row in rows:
        if row["isDefault"] == "Y" and wanted == 2:
            # The default pipeline of deals is no stored row on a real portal: it has no origin.
            del row["originId"], row["originatorId"]
    return rows


def _list(state: State, params: dict[str, Any]) -> Answer:
    rows = _rows(state, params)
    return Answer({"categories": rows}, total=len(rows), rows=len(rows))


def _get(state: State, params: dict[str, Any]) -> Answer:
    rows = _rows(state, params)
    wanted = intval(required(params, "id"))
    for row in rows:
        if row["id"] == wanted:
            return Answer({"category": row})
    raise Refusal("NOT_FOUND", "Элемент не найден")


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state
    required(params, "entityTypeId")
    return Answer({"fields": {wire: describe(c) for wire, c in table("category").by_wire["default"].items()}})


METHODS: dict[str, Handler] = {
    "crm.category.list": _list,
    "crm.category.get": _get,
    "crm.category.fields": _fields,
}
"""Handlers of this family."""
