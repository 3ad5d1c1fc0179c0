"""``department.*``: the departments of the company, with their fields beside the other parameters.

Facts: api-reference/departments/*.md. Conditions are bare equality; ``sort`` names a field and is told from the
condition on SORT by its value.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox import rules
from b24orm.sandbox.conditions import any_of, equals, read
from b24orm.sandbox.fields import table
from b24orm.sandbox.filters_item import sort_key
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.paging import ORM, page
from b24orm.sandbox.php import entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Sql, Window
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEY = "department"
_NAMES = ("id", "name", "sort", "parent", "uf_head")


def _where(params: dict[str, Any]) -> Sql:
    texts: list[str] = []
    values: list[Any] = []
    for name, value in params.items():
        column = table(_KEY).by_wire["default"].get(name.upper())
        if column is None or (column.name == "sort" and _sorts(value)):
            continue
        many = [read(column, item) for _, item in entries(value)] if is_array(value) else None
        text, some = equals(column, read(column, value)) if many is None else any_of(column, many)
        texts.append(text)
        values += some
    return " AND ".join(texts), values


def _sorts(value: Any) -> bool:
    return strval(value).upper() in table(_KEY).by_wire["default"]


def _get(state: State, params: dict[str, Any]) -> Answer:
    # Conditions stand beside the other parameters or in FILTER; those with a prefix name no field and are dropped.
    where = _where({**params, **dict(entries(classic(params, "filter")))})
    by = next((value for name, value in params.items() if name.upper() == "SORT" and _sorts(value)), "")
    column = table(_KEY).by_wire["default"].get(strval(by).upper()) or table(_KEY).by_name["id"]
    order = " ORDER BY " + sort_key(column, descending=strval(classic(params, "order")).upper() == "DESC") + ", id"
    found, answer = page(
        ORM,
        state.options,
        params.get("start"),
        lambda: state.store.count(_KEY, where),
        lambda window: _rows(state, where, order, window),
    )
    answer.result = list(found)
    return answer


def _rows(state: State, where: Sql, order: str, window: Window) -> Rows:
    """Rows without the keys that hold nothing, and with SORT alone as a number."""
    object_ = (
        "json_object('ID', id || '', 'NAME', name, 'SORT', sort, 'PARENT', nullif(parent, 0) || '', "
        "'UF_HEAD', nullif(uf_head, 0) || '')"
    )
    what = f"CAST(json_patch('{{}}', {object_}) AS BLOB)"  # a patch leaves out what is null
    return Rows([row[0] for row in state.store.page(_KEY, what, where, order, window)])


def _given(state: State, params: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    upper = {name.upper(): value for name, value in params.items()}
    return accepted(state, table(_KEY), "default", upper, current=current)


def _add(state: State, params: dict[str, Any]) -> Answer:
    values = _given(state, params, None)
    if not values.get("name"):
        raise Refusal("ERROR_CORE", "Department name not provided.<br>")
    if not _known(state, values.get("parent")):
        raise Refusal("ERROR_CORE", "There can only be one top-level department in the company structure")
    new = rules.create(state, table(_KEY), values)
    state.wrote(_KEY, new, "add")
    return Answer(new)


def _known(state: State, department: Any) -> bool:
    return bool(department) and state.store.row(_KEY, department) is not None


def _row(state: State, params: dict[str, Any]) -> dict[str, Any]:
    row = state.store.row(_KEY, intval(classic(params, "id")))
    if row is None:
        raise Refusal("ERROR_CORE", "Department not found")
    return row


def _update(state: State, params: dict[str, Any]) -> Answer:
    row = _row(state, params)
    changed = rules.update(state, table(_KEY), row, _given(state, params, row))
    state.wrote(_KEY, row["id"], "update", changed=changed)
    return Answer(True)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    row = _row(state, params)
    state.store.delete(_KEY, row["id"])
    state.wrote(_KEY, row["id"], "delete")
    return Answer(True)


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer({column.wire["default"]: column.title for column in map(table(_KEY).by_name.__getitem__, _NAMES)})


METHODS: dict[str, Handler] = {
    "department.get": _get,
    "department.add": _add,
    "department.update": _update,
    "department.delete": _delete,
    "department.fields": _fields,
}
"""Handlers of this family."""
