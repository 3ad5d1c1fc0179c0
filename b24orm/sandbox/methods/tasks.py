"""``tasks.task.*``: tasks, asked for in capitals and answered in camel case, with their people beside them.

Facts: api-reference/tasks/tasks-task-*.md. A task that is not there is an empty answer to get, and a missing right to
update and delete.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

import pydantic_core

from b24orm.sandbox import rules
from b24orm.sandbox.belongings import forget
from b24orm.sandbox.clock import iso
from b24orm.sandbox.fields import Column, table
from b24orm.sandbox.filters_tasks import compile_filter, compile_order, sub_status
from b24orm.sandbox.methods.parameters import array, required
from b24orm.sandbox.paging import CONTROLLER, page
from b24orm.sandbox.php import entries, intval, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Window
from b24orm.sandbox.writes import accepted

__all__ = ["METHODS"]

_KEY = "task"
_STATUSES = frozenset({2, 3, 4, 5, 6})
_DONE = 5
# What is not stored with a task but made up for each answer.
_MADE_UP = frozenset(
    {
        *("group", "creator", "responsible", "accomplices_data", "auditors_data", "action", "counter", "sub_status"),
        *("checklist", "check_list_tree", "check_list_can_add", "depends_on", "length_deadline", "parsed_description"),
        *("task_require_result", "task_has_open_result", "task_has_result", "time_elapsed"),
        "timer_is_running_for_current_user",
    }
)
_PEOPLE = {"created_by": "creator", "responsible_id": "responsible"}
_MANY_PEOPLE = {"accomplices": "accomplicesData", "auditors": "auditorsData"}
_NESTED = ("many", "json")
_MADE_MORE = frozenset({*_PEOPLE, *_MANY_PEOPLE})
_NEEDED = frozenset({"group_id", "deadline", "status", "not_viewed"})
_YES_NO = {"Y": "Да", "N": "Нет"}
_VALUES = {
    "priority": {"2": "Высокий", "1": "Средний", "0": "Низкий"},
    "status": {"2": "Ждёт выполнения", "3": "Выполняется", "4": "Ожидает контроля", "5": "Завершена", "6": "Отложена"},
    "mark": {"N": "Отрицательная", "P": "Положительная"},
}


@cache
def _stored() -> tuple[Column, ...]:
    return tuple(column for column in table(_KEY).stored if column.name not in _MADE_UP)


@cache
def _camel(wire: str) -> str:
    first, *rest = wire.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


# ------------------------------------------------------------------------------------------------------------ reading


def _chosen(raw: Any) -> list[Column]:
    wanted = {strval(name).upper() for _, name in entries(raw)}
    user_fields = not wanted or "UF_*" in wanted
    return [
        column
        for column in _stored()
        if column.name == "id"
        or column.wire["default"] in wanted
        or (column.name.startswith("uf_") and "UF_*" in wanted)
        or ((not wanted or "*" in wanted) and (user_fields or not column.name.startswith("uf_")))
    ]


class _Shown:
    """How one answer shows tasks, with *columns* of them; each of their people is looked up once.

    Attributes:
        plain: the columns that are shown as they are, as text.
        beside: names of the columns of which more is made.
    """

    def __init__(self, state: State, columns: list[Column]) -> None:
        self._state = state
        self._now = iso(state.clock.time())
        self._names = {column.name for column in columns}
        self.plain = [column for column in columns if column.storage not in _NESTED]
        self._keys = [_camel(column.wire["default"]) for column in self.plain]
        self._nested = [(_camel(c.wire["default"]), c) for c in columns if c.storage in _NESTED]
        self.beside = [c.name for c in _stored() if c.name in _NEEDED or c.name in self._names.intersection(_MADE_MORE)]
        self.beside += [column.name for _, column in self._nested if column.name not in self.beside]
        self._people: dict[int, dict[str, Any]] = {}

    def row(self, plain: Iterable[str | None], held: Mapping[str, Any]) -> dict[str, Any]:
        """A task as the answer shows it: its plain columns, and what is made of those beside."""
        row: dict[str, Any] = dict(zip(self._keys, plain, strict=True))
        for key, column in self._nested:
            row[key] = _list_of(column, held[column.name])
        row["group"] = _group(held.get("group_id"))
        for name, nested in _PEOPLE.items():
            if name in self._names:
                row[nested] = self._people[held[name]] if held[name] else []
        for name, nested in _MANY_PEOPLE.items():
            if name in self._names:
                ids: list[int] = pydantic_core.from_json(held[name] or "[]")
                row[nested] = {str(one): self._people[one] for one in ids} or []
        if "status" in self._names:
            row["subStatus"] = str(sub_status(held, self._now))
        return row

    def meet(self, tasks: Iterable[Mapping[str, Any]]) -> None:
        """Looks up all people of *tasks* at once."""
        ids: set[int] = set()
        for held in tasks:
            ids.update(held[name] for name in _PEOPLE if name in self._names and held[name])
            for name in _MANY_PEOPLE:
                if name in self._names and held[name] not in (None, "[]"):
                    ids.update(pydantic_core.from_json(held[name]))
        self._people = _people(self._state, ids)


def _list_of(column: Column, held: Any) -> list[Any]:
    if held is None or held == "[]":
        return []
    values: list[Any] = pydantic_core.from_json(held)
    return [str(one) for one in values] if column.storage == "many" else values


def _people(state: State, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    where = ("id IN (SELECT value FROM json_each(?))", [pydantic_core.to_json(sorted(ids)).decode()])
    found = {row[0]: row[1:] for row in state.store.select("user", "id, name, last_name, work_position", where)}
    return {user_id: _person(user_id, *found.get(user_id, ("", "", ""))) for user_id in ids}


def _person(user_id: int, name: str | None, last_name: str | None, position: str | None) -> dict[str, Any]:
    return {
        "id": str(user_id),
        "name": " ".join(part for part in (name, last_name) if part),
        "link": f"/company/personal/user/{user_id}/",
        "icon": "/bitrix/images/tasks/default_avatar.png",
        "workPosition": position or "",
    }


def _group(group_id: int | None) -> Any:
    return {"id": str(group_id), "name": f"Проект {group_id}", "additionalData": []} if group_id else []


def _list(state: State, params: dict[str, Any]) -> Answer:
    now = iso(state.clock.time())
    where = compile_filter(array(params, "filter"), now, ignore_id=state.options.ignore_id_filter)
    order = compile_order(array(params, "order"))
    columns = _chosen(array(params, "select"))

    def rows(window: Window) -> Rows:
        shown = _Shown(state, columns)
        texts, count = [f"CAST({column.sql} AS TEXT)" for column in shown.plain], len(shown.plain)
        what = ", ".join([*texts, *(f'"{name}"' for name in shown.beside)])
        found = state.store.page(_KEY, what, where, order, window)
        held = [dict(zip(shown.beside, row[count:], strict=True)) for row in found]
        shown.meet(held)
        return Rows.of(shown.row(row[:count], beside) for row, beside in zip(found, held, strict=True))

    found, answer = page(
        CONTROLLER, state.options, params.get("start", 0), lambda: state.store.count(_KEY, where), rows
    )
    answer.result = {"tasks": found}
    return answer


def _task_id(params: dict[str, Any]) -> int:
    given = params.get("taskId")
    if given is None:
        raise Refusal("100", "CTaskItem All parameters in the constructor must have real class type (internal error)")
    if intval(given) <= 0:
        raise Refusal("0", "wrong task id")
    return intval(given)


def _whole(state: State, row_id: int, raw: Any = None) -> Any:
    held = state.store.row(_KEY, row_id)
    if held is None:
        return None
    shown = _Shown(state, _chosen(raw))
    texts = (None if (value := held[column.name]) is None else str(value) for column in shown.plain)
    shown.meet([held])
    row = shown.row(texts, held)
    return row if raw else {**row, "checklist": list[Any](), "checkListCanAdd": True, "newCommentsCount": 0}


def _get(state: State, params: dict[str, Any]) -> Answer:
    row = _whole(state, _task_id(params), array(params, "select"))
    return Answer([] if row is None else {"task": row})


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer({"fields": {column.wire["default"]: _described(column) for column in _stored()}})


def _described(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"title": column.title, "type": column.type}
    if column.name == "id":
        described["primary"] = True
    if column.storage == "flag":
        described |= {"type": "enum", "values": _YES_NO, "default": "N"}
    elif column.name in _VALUES:
        described |= {"type": "enum", "values": _VALUES[column.name]}
    elif column.storage == "many":
        described["type"] = "array"
    elif column.type == "user":
        described["type"] = "integer"
    if column.required:
        described["required"] = True
    return described


# ------------------------------------------------------------------------------------------------------------ writing


def _given(state: State, params: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    fields = array(params, "fields")
    if not fields:
        raise Refusal("100", "Could not find value for parameter {fields} (internal error)")
    upper = {name.upper(): value for name, value in entries(fields)}
    values = accepted(state, table(_KEY), "default", upper, current=current)
    if "TAGS" in upper:
        tags = [strval(one) for _, one in entries(upper["TAGS"]) if strval(one)]
        values["tags"] = pydantic_core.to_json({str(n): {"id": n, "title": t} for n, t in enumerate(tags, 1)}).decode()
    wrong = _wrong(state, {**(current or {}), **values}, values)
    if wrong:
        raise Refusal("ERROR_CORE", "".join(f"{text}<br>" for text in wrong))
    return values


def _wrong(state: State, task: dict[str, Any], given: dict[str, Any]) -> list[str]:
    wrong: list[str] = []
    if not task.get("title"):
        wrong.append("Task title is not specified")
    if not task.get("responsible_id"):
        wrong.append("Responsible person not specified")
    elif "responsible_id" in given and state.store.row("user", task["responsible_id"]) is None:
        wrong.append('The user specified in the "Responsible" field was not found')
    if given.get("status") is not None and given["status"] not in _STATUSES:
        wrong.append("Invalid status")
    parent = given.get("parent_id")
    if parent and parent == task.get("id"):
        wrong.append("Cannot bind the node to itself")
    elif parent and state.store.row(_KEY, parent) is None:
        wrong.append('The task specified in the "Parent Task" field was not found')
    if (task.get("end_date_plan") or "~") < (task.get("start_date_plan") or ""):
        wrong.append("The end date specified in the scheduling is earlier than the start date")
    return wrong


def _add(state: State, params: dict[str, Any]) -> Answer:
    new = rules.create(state, table(_KEY), _given(state, params, None))
    state.wrote(_KEY, new, "add")
    return Answer({"task": _whole(state, new)})


def _update(state: State, params: dict[str, Any]) -> Answer:
    row = state.store.row(_KEY, _task_id(params))
    if row is None:
        raise Refusal("0", "Action on the task is not allowed (internal error)")
    required(params, "fields")
    values = _given(state, params, row)
    if values.get("status", row["status"]) != row["status"]:
        now, user = iso(state.clock.time()), state.user_id
        done = values["status"] == _DONE
        values |= {"status_changed_date": now, "status_changed_by": user}
        values |= {"closed_date": now if done else None, "closed_by": user if done else None}
    changed = rules.update(state, table(_KEY), row, values)
    state.wrote(_KEY, row["id"], "update", changed=changed)
    return Answer({"task": _whole(state, row["id"])})


def _delete(state: State, params: dict[str, Any]) -> Answer:
    row_id = _task_id(params)
    if not state.store.delete(_KEY, row_id):
        raise Refusal("1048582", "No access to delete the task")
    forget(state, _KEY, row_id)
    state.wrote(_KEY, row_id, "delete")
    return Answer({"task": True})


METHODS: dict[str, Handler] = {
    "tasks.task.list": _list,
    "tasks.task.get": _get,
    "tasks.task.add": _add,
    "tasks.task.update": _update,
    "tasks.task.delete": _delete,
    "tasks.task.getfields": _fields,
}
"""Handlers of this family."""
