"""``tasks.task.result.*`` and ``tasks.task.chat.message.send``: what came of a task, and what is said about it.

Facts: api-reference/tasks/result/* and tasks-task-chat-message-send.md. The page of ``result.delete`` has an `id` or a
`filter`, and tells to use the id only; the sandbox knows only that. A result that is not there is denied. The messages
of a task are kept for results only: `im.dialog.messages.get` makes up its own.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.php import entries, is_array
from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.v3.described import described
from b24orm.sandbox.v3.dto import Dto, Property, Row
from b24orm.sandbox.v3.filters import conditions, read_filter, sql_of
from b24orm.sandbox.v3.listing import item, items
from b24orm.sandbox.v3.method import NOTHING, SELECT, TRUE, Method, Parameter, item_of, items_of, optional, required
from b24orm.sandbox.v3.paging import read_order, read_window
from b24orm.sandbox.v3.people import user
from b24orm.sandbox.v3.refusals import Problem, Refused, access_denied, invalid_request, not_specified, requires_type
from b24orm.sandbox.v3.selecting import read_select
from b24orm.sandbox.v3.writing import accepted

__all__ = ["METHODS", "RESULT"]


def _rights(state: State, row: Row) -> dict[str, bool]:
    mine = row["author_id"] == state.user_id
    return {"edit": mine, "remove": mine}


RESULT = Dto(
    "ResultDto",
    "task_result",
    (
        Property("id", "int", "id", filterable=True, sortable=True),
        Property("taskId", "int", "task_id", filterable=True, creatable=True, groups=("add",), nullable=False),
        Property("text", "string", "text", editable=True, groups=("add", "update"), nullable=False),
        Property("authorId", "int", "author_id", filterable=True, sortable=True),
        Property("author", "object", relation=user("author_id"), needs=("author_id",)),
        Property("createdAt", "DateTime", "created_at", sortable=True),
        Property("updatedAt", "DateTime", "updated_at", sortable=True),
        Property("status", "string", "status", filterable=True, sortable=True, values=("open", "closed")),
        Property("fileIds", "array", "file_ids", element="int"),
        Property("rights", "object", show=_rights, needs=("author_id",)),
        Property("messageId", "int", "message_id", filterable=True, sortable=True),
    ),
)
"""A result of a task."""

MESSAGE = Dto(
    "MessageDto",
    "task_message",
    (
        Property("id", "int", "id", filterable=True, sortable=True),
        Property("taskId", "int", "task_id", creatable=True, groups=("add",), nullable=False),
        Property("text", "string", "text", creatable=True, groups=("add",), nullable=False),
    ),
)
_FROM_MESSAGE = Dto("ResultDto", "", (Property("messageId", "int", creatable=True, groups=("add",), nullable=False),))


def _wrong(field: str, message: str) -> Refused:
    problem: Problem = {"message": message, "field": field}
    return invalid_request(problem)


def _kept(state: State, values: Row) -> Answer:
    new = state.store.insert(
        "task_result",
        {
            "author_id": state.user_id,
            "created_at": iso(state.clock.time()),
            "status": "open",
            "file_ids": "[]",
            "message_id": None,
            **values,
        },
    )
    state.wrote("task_result", new, "add")
    return item(state, RESULT, read_select(RESULT, None), new)


def _add(state: State, params: dict[str, Any]) -> Answer:
    given = accepted(RESULT, params["fields"], "add", "mixed")
    if given["taskId"] <= 0:
        raise _wrong("taskId", "Task id must be positive")
    if state.store.row("task", given["taskId"]) is None:
        raise _wrong("taskId", "Task not found")
    return _kept(state, {"task_id": given["taskId"], "text": given["text"]})


def _add_from_message(state: State, params: dict[str, Any]) -> Answer:
    given = accepted(_FROM_MESSAGE, params["fields"], "add", "mixed")
    message = state.store.row("task_message", given["messageId"])
    if message is None:
        raise _wrong("messageId", "Message is not from task chat")
    return _kept(state, {"task_id": message["task_id"], "text": message["text"], "message_id": message["id"]})


def _list(state: State, params: dict[str, Any]) -> Answer:
    raw = params.get("filter")
    if raw is None or (is_array(raw) and not raw):
        raise _wrong("filter", "The field value cannot be empty")
    asked = read_filter(RESULT, raw)
    if not any(one.property.name == "taskId" for one in conditions(asked)):
        text = "A filter for the required field `taskId` must be specified"
        problem: Problem = {"message": text, "field": "filter.taskId"}
        raise Refused("VALIDATION_REQUESTFILTERVALIDATIONEXCEPTION", "Error validating filter", problems=(problem,))
    selection, order = read_select(RESULT, params.get("select")), read_order(RESULT, params.get("order"))
    return items(state, RESULT, selection, sql_of(asked), order, read_window(params.get("pagination")))


def _own(state: State, params: dict[str, Any]) -> Row:
    """The result that the caller may change: it is theirs, and there."""
    row = state.store.row("task_result", _id(params))
    if row is None or row["author_id"] != state.user_id:
        raise access_denied()
    return row


def _id(params: dict[str, Any]) -> int:
    row_id, also = params.get("id"), params.get("filter")
    if row_id is None and also is None:
        raise invalid_request({"message": "At least one required field must be filled: id, filter"})
    if row_id is not None and also is not None:
        raise invalid_request({"message": "Only one of the values must be provided: id, filter"})
    if row_id is None:
        raise invalid_request(not_specified("id"))
    if isinstance(row_id, bool) or not isinstance(row_id, int):
        raise invalid_request(requires_type("id", "int"))
    return row_id


def _update(state: State, params: dict[str, Any]) -> Answer:
    row_id = _id(params)
    given = accepted(RESULT, params["fields"], "update", "mixed")
    row = _own(state, params)
    changed = row["text"] != given["text"]
    values = {"text": given["text"], "updated_at": iso(state.clock.time())}
    state.store.update("task_result", row_id, values)
    state.wrote("task_result", row_id, "update", changed=changed)
    return item(state, RESULT, read_select(RESULT, None), row_id)


def _delete(state: State, params: dict[str, Any]) -> Answer:
    row = _own(state, params)
    state.store.delete("task_result", row["id"])
    state.wrote("task_result", row["id"], "delete")
    return Answer(NOTHING)


def _send(state: State, params: dict[str, Any]) -> Answer:
    given = accepted(MESSAGE, dict(entries(params["fields"])), "add", "mixed")
    if state.store.row("task", given["taskId"]) is None:
        raise access_denied()
    values = {"task_id": given["taskId"], "text": given["text"], "author_id": state.user_id}
    new = state.store.insert("task_message", {**values, "created_at": iso(state.clock.time())})
    state.wrote("task_message", new, "add")
    return Answer(NOTHING)


_FIELDS = required("fields", "object")
_BY_ID = Parameter("id", "int")
_LISTED = (SELECT, optional("filter", "array"), optional("order", "object"), optional("pagination", "object"))

METHODS = (
    Method("tasks.task.result.add", _add, (_FIELDS,), item_of(RESULT), writes=True, title="Add Task Result"),
    Method(
        "tasks.task.result.addfromchatmessage",
        _add_from_message,
        (_FIELDS,),
        item_of(RESULT),
        writes=True,
        title="Add Task Result from Chat Message",
    ),
    Method("tasks.task.result.list", _list, _LISTED, items_of(RESULT), title="Get Task Results"),
    Method(
        "tasks.task.result.update", _update, (_BY_ID, _FIELDS), item_of(RESULT), writes=True, title="Update Task Result"
    ),
    Method("tasks.task.result.delete", _delete, (_BY_ID,), TRUE, writes=True, title="Delete Task Result"),
    Method("tasks.task.chat.message.send", _send, (_FIELDS,), TRUE, writes=True, title="Send Message to Task Chat"),
    *described("tasks.task.result", RESULT),
    *described("tasks.task.chat.message", MESSAGE),
)
"""Methods of results and messages of tasks."""
