"""``crm.category.*``: pipelines. A list is one answer; the default pipeline of deals has the id 0.

Facts: api-reference/crm/universal/category/crm-category-*.md; those of smart processes have no origin.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.fields import table
from b24orm.sandbox.methods.describe import describe
from b24orm.sandbox.methods.parameters import required
from b24orm.sandbox.php import intval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.smart import PROCESSES
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_PROCESSES = frozenset(process.entity_type_id for process in PROCESSES.values())
_SUPPORTED = frozenset({2, 3, 4, 31}) | _PROCESSES
_ORIGIN = ("originId", "originatorId")
_UNSUPPORTED = {1: "Лид", 7: "Предложение"}


def _entity_type(params: dict[str, Any]) -> int:
    wanted = intval(required(params, "entityTypeId"))
    if wanted in _UNSUPPORTED:
        raise Refusal("ENTITY_TYPE_NOT_SUPPORTED", f"Тип сущности {_UNSUPPORTED[wanted]} не поддерживается")
    if wanted not in _SUPPORTED:
        raise Refusal("NOT_FOUND", "Смарт-процесс не найден")
    return wanted


def _rows(state: State, params: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = _entity_type(params)
    source = table("category")
    found = fetch(
        state.store, source, "default", source.columns, ("entity_type_id = ?", [wanted]), " ORDER BY sort, id"
    )
    rows: list[dict[str, Any]] = list(found)
    for row in rows:
        # The default pipeline of deals is no stored row on a real portal: it has no origin either.
        if wanted in _PROCESSES or (row["isDefault"] == "Y" and wanted == 2):
            for name in _ORIGIN:
                del row[name]
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
    hidden = _ORIGIN if _entity_type(params) in _PROCESSES else ()
    columns = table("category").by_wire["default"]
    return Answer({"fields": {wire: describe(column) for wire, column in columns.items() if wire not in hidden}})


METHODS: dict[str, Handler] = {
    "crm.category.list": _list,
    "crm.category.get": _get,
    "crm.category.fields": _fields,
}
"""Handlers of this family."""
