"""``tasks.task.*`` of REST 3.0, over the tasks of the classic methods.

Facts: api-reference/tasks/tasks-task-*-rest-v3.md. A task that is not there is not found by get, and denied to update
and delete. The list page allows 1000 rows a page; official clients have seen 50 at most, so the sandbox answers as many
as its ``page_size``. On some portals another order than by id seems to sort by id first; the sandbox sorts as asked.
"""

from __future__ import annotations

from typing import Any

import pydantic_core

from b24orm.sandbox import rules
from b24orm.sandbox.belongings import forget
from b24orm.sandbox.clock import iso
from b24orm.sandbox.php import entries
from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.v3.described import described
from b24orm.sandbox.v3.dto import Dto, Property, hold
from b24orm.sandbox.v3.filters import read_filter, sql_of
from b24orm.sandbox.v3.listing import item, items
from b24orm.sandbox.v3.method import ID, NOTHING, SELECT, TRUE, Method, Shape, item_of, items_of, optional, required
from b24orm.sandbox.v3.paging import USUAL, read_order, read_window
from b24orm.sandbox.v3.refusals import Problem, access_denied, invalid_request, requires_type
from b24orm.sandbox.v3.selecting import read_select
from b24orm.sandbox.v3.task_fields import PRIORITIES, SORTABLE, STATUSES, TASK
from b24orm.sandbox.v3.task_rights import NO_RIGHTS, rights
from b24orm.sandbox.v3.writing import accepted

__all__ = ["METHODS"]

_DONE = 5
_WORDS = {
    "priority": {word: number for number, word in PRIORITIES.items()},
    "status": {word: number for number, word in STATUSES.items()},
}
_SCRUM = {"epicId": "epic_id", "storyPoints": "story_points"}
_FIELDS = required("fields", "object")


def _get(state: State, params: dict[str, Any]) -> Answer:
    return item(state, TASK, read_select(TASK, params.get("select")), params["id"])


def _list(state: State, params: dict[str, Any]) -> Answer:
    selection = read_select(TASK, params.get("select"), ("id",))
    where = sql_of(read_filter(TASK, params.get("filter")))
    order = read_order(TASK, params.get("order"), SORTABLE)
    size = state.options.page_size
    return items(state, TASK, selection, where, order, read_window(params.get("pagination"), min(USUAL, size), size))


def _access(state: State, params: dict[str, Any]) -> Answer:
    row = state.store.row("task", params["id"])
    return Answer(dict(NO_RIGHTS) if row is None else rights(row))


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    """What the classic table holds of the given values."""
    values: dict[str, Any] = {}
    for name, value in given.items():
        one = TASK.by_name[name]
        if name in _WORDS:
            values[one.column] = _WORDS[name][value]
        elif one.relation is not None:  # accomplices and auditors, which are written by their ids
            values[one.needs[0]] = hold(one, value and [user for _, user in entries(value)])
        elif name == "fileIds":
            values[one.column] = hold(one, [str(file) for _, file in entries(value)])
        elif one.column:
            values[one.column] = hold(one, value)
    return values


def _problems(state: State, task: dict[str, Any], given: dict[str, Any]) -> list[Problem]:
    """What is wrong with values of the right types."""
    wrong: list[Problem] = []
    if "title" in given and not given["title"].strip():
        wrong.append({"message": "Required field `title` is not specified", "field": "title"})
    if "responsibleId" in given and state.store.row("user", given["responsibleId"]) is None:
        text = 'The user specified in the "Responsible" field was not found'
        wrong.append({"message": text, "field": "responsibleId"})
    if "creatorId" in given and state.store.row("user", given["creatorId"]) is None:
        wrong.append({"message": "", "field": "creatorId"})  # so says the page
    parent = given.get("parentId")
    if parent and parent == task.get("id"):
        wrong.append({"message": "Cannot bind a node to itself", "field": "parentId"})
    elif parent and state.store.row("task", parent) is None:
        wrong.append({"message": 'The task specified in the "Parent Task" field was not found', "field": "parentId"})
    if (task.get("end_date_plan") or "~") < (task.get("start_date_plan") or ""):
        text = "The end date specified in the planning is earlier than the start date"
        wrong.append({"message": text, "field": "endPlan"})
    return wrong


def _accepted(
    state: State, params: dict[str, Any], row: dict[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    given = accepted(TASK, params["fields"], "add" if row is None else "update", "request")
    values = _columns(given)
    wrong = _problems(state, {**(row or {}), **values}, given)
    if wrong:
        raise invalid_request(*wrong)
    return given, values


def _keep_scrum(state: State, task_id: int, given: dict[str, Any]) -> bool:
    values = {column: given[name] for name, column in _SCRUM.items() if name in given}
    if not values:
        return False
    held = state.store.row("task_scrum", task_id)
    if held is None:
        state.store.insert("task_scrum", {"id": task_id, **values})
        return any(value is not None for value in values.values())
    state.store.update("task_scrum", task_id, values)
    return any(held[name] != value for name, value in values.items())


def _add(state: State, params: dict[str, Any]) -> Answer:
    given, values = _accepted(state, params, None)
    # The samples of a new task have a date of the change of its status that is null.
    new = rules.create(state, state.table("task"), {"status_changed_date": None, **values})
    _keep_scrum(state, new, given)
    state.wrote("task", new, "add")
    return item(state, TASK, read_select(TASK, None), new)


def _update(state: State, params: dict[str, Any]) -> Answer:
    row = state.store.row("task", params["id"])
    if row is None:
        raise access_denied()
    given, values = _accepted(state, params, row)
    if values.get("status", row["status"]) != row["status"]:
        now, user = iso(state.clock.time()), state.user_id
        done = values["status"] == _DONE
        values |= {"status_changed_date": now, "status_changed_by": user}
        values |= {"closed_date": now if done else None, "closed_by": user if done else None}
    changed = _keep_scrum(state, row["id"], given)
    changed = rules.update(state, state.table("task"), row, values) or changed
    state.wrote("task", row["id"], "update", changed=changed)
    return Answer(NOTHING)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    if not state.store.delete("task", params["id"]):
        raise access_denied()
    state.store.delete("task_scrum", params["id"])
    forget(state, "task", params["id"])
    for table in ("task_result", "task_message"):
        state.store.delete_where(table, ("task_id = ?", [params["id"]]))
    state.wrote("task", params["id"], "delete")
    return Answer(NOTHING)


def _attach(state: State, params: dict[str, Any]) -> Answer:
    """Add files of the disk to a task. What is attached is answered by their own ids here."""
    row = state.store.row("task", params["taskId"])
    wanted = [one for _, one in entries(params["fileIds"])]
    if row is None:
        raise access_denied()
    if any(isinstance(one, bool) or not isinstance(one, int) for one in wanted):
        raise invalid_request(requires_type("fileIds", "int"))
    held = pydantic_core.from_json(row["uf_task_webdav_files"] or "[]")
    files = [*held, *(str(one) for one in wanted if str(one) not in held)]
    values = {"uf_task_webdav_files": pydantic_core.to_json(files).decode()}
    changed = rules.update(state, state.table("task"), row, values)
    state.wrote("task", row["id"], "update", changed=changed)
    return Answer(NOTHING)


_FILES = Dto("TaskFileDto", "", (Property("taskId", "int"), Property("fileIds", "array", element="int")))
_RIGHTS = Shape({"type": "object", "additionalProperties": {"type": "boolean"}})
_LISTED = (SELECT, optional("filter", "array"), optional("order", "object"), optional("pagination", "object"))

METHODS = (
    Method("tasks.task.get", _get, (ID, SELECT), item_of(TASK), title="Get Task"),
    Method("tasks.task.list", _list, _LISTED, items_of(TASK), title="Get Task List"),
    Method("tasks.task.add", _add, (_FIELDS,), item_of(TASK), writes=True, title="Add Task"),
    Method("tasks.task.update", _update, (ID, _FIELDS), TRUE, writes=True, title="Update Task"),
    Method("tasks.task.delete", _delete, (ID,), TRUE, writes=True, title="Delete Task"),
    Method("tasks.task.access.get", _access, (ID,), _RIGHTS, title="Check Access Permissions"),
    Method(
        "tasks.task.file.attach",
        _attach,
        (required("taskId", "int"), required("fileIds", "array", items={"type": "integer"})),
        TRUE,
        writes=True,
        title="Attach Files to Task",
    ),
    *described("tasks.task", TASK),
    *described("tasks.task.access", TASK, fields=("id",)),
    *described("tasks.task.file", _FILES),
)
"""Methods of tasks."""
