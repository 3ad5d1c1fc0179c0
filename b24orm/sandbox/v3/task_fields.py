"""The task of REST 3.0: words where the classic API has numbers, and names of its own, over the same rows.

Facts: api-reference/tasks/fields-rest-v3.md, and the samples of tasks-task-get-rest-v3.md and -add-rest-v3.md. The
table of fields says that flags are Y and N; the samples, and so the sandbox, say true and false. It calls `rights` an
array, which samples show as an object, and has `mark` null where they have ``none``. Fields that the samples leave out
(`creatorId` and the like) have to be selected by name. Nothing here has checklists, reminders, templates, e-mails or
booked time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pydantic_core

from b24orm.sandbox.state import State
from b24orm.sandbox.v3.dto import Dto, Kind, Property, Relation, Row
from b24orm.sandbox.v3.people import CHAT, EMAIL, FLOW, GROUP, NOBODY, STAGE, group, user, users
from b24orm.sandbox.v3.task_rights import rights

__all__ = ["PRIORITIES", "SORTABLE", "STATUSES", "TASK", "scrum"]

PRIORITIES = {0: "low", 1: "average", 2: "high"}
"""The words for priorities, by what the classic API calls them."""

STATUSES = {
    2: "pending",
    3: "in_progress",
    4: "supposedly_completed",
    5: "completed",
    6: "deferred",
    7: "declined",
}
"""The words for statuses."""

SORTABLE = frozenset(
    {
        *("id", "title", "creatorId", "created", "responsibleId", "deadline", "startPlan", "endPlan", "groupId"),
        *("priority", "status", "started", "estimatedTime", "changed", "closed", "activity", "mark"),
        *("allowsChangeDeadline", "allowsTimeTracking"),
    }
)
"""What the page of the list says can be sorted by; tasks.task.field.list says so of ``id`` only."""

_BOTH = ("id", "status", "created_by", "responsible_id")


def scrum(state: State, task_id: int) -> Row:
    """What Scrum adds to a task."""
    held = state.store.row("task_scrum", task_id) if state.store.count("task_scrum", ("", [])) else None
    return held or {"epic_id": None, "story_points": None}


Show = Callable[[State, Row], Any]


def _field(name: str, kind: Kind, column: str = "", show: Show | None = None, **more: Any) -> Property:
    return Property(name, kind, column, show, **more)


def _reference(name: str, column: str, **more: Any) -> Property:
    """The id of another object, null if there is none; answered if selected."""
    return _field(name, "int", column, show=lambda state, row: row[column] or None, **{"usual": False, **more})


def _task() -> Dto:
    return TASK


def _parent(state: State, row: Row) -> Row | None:
    return state.store.row("task", row["parent_id"]) if row["parent_id"] else None


def _chat(state: State, row: Row) -> Row | None:
    del state
    chat = row["chat_id"]
    return {"id": chat, "entity_id": row["id"], "entity_type": "TASKS_TASK"} if chat else None


def _link(state: State, row: Row) -> str:
    return f"/company/personal/user/{state.user_id}/tasks/task/view/{row['id']}/"


def _related(name: str, column: str, to: Dto, load: Callable[[State, int], Row]) -> Property:
    def found(state: State, row: Row) -> Row | None:
        return load(state, row[column]) if row[column] else None

    return _field(name, "object", relation=Relation(lambda: to, found), needs=(column,))


def _nothing(name: str, to: Dto) -> Property:
    return _field(name, "object", relation=Relation(lambda: to, NOBODY))


def _constant(name: str, kind: Kind, value: Any, **more: Any) -> Property:
    return _field(name, kind, show=lambda state, row: value, **more)


def _number(name: str, column: str, **more: Any) -> Property:
    return _field(name, "int", column, show=lambda state, row: row[column] or 0, **more)


def _counted(name: str, table: str, column: str) -> Property:
    """Whether rows of another table belong to the task."""

    def show(state: State, row: Row) -> bool:
        if not state.store.count(table, (f'"{column}" > 0', [])):  # remembered, unlike what is selected
            return False
        return bool(state.store.select(table, "1", (f'"{column}" = ?', [row["id"]]), " LIMIT 1"))

    return _field(name, "bool", show=show, needs=("id",))


def _mine(name: str, column: str) -> Property:
    """The id of the caller in a list, if they switched something on for themselves."""
    return _field(name, "array", show=lambda state, row: [state.user_id] if row[column] == "Y" else [], needs=(column,))


def _files(state: State, row: Row) -> list[int] | None:
    del state
    held = pydantic_core.from_json(row["uf_task_webdav_files"] or "[]")
    return [int(str(one).lstrip("n")) for one in held] or None


def _archive(state: State, row: Row) -> str:
    signature = hashlib.sha256(f"{state.options.code}:{row['id']}".encode()).hexdigest()
    return (
        f"/bitrix/tools/disk/uf.php?entityId={row['id']}&entity=TASKS_TASK&fieldName=UF_TASK_WEBDAV_FILES"
        f"&signature={signature}&action=downloadArchiveByEntity&ncc=1"
    )


_TRUTHS = ("requireResult", "matchesSubTasksTime", "autocompleteSubTasks", "allowsChangeDatePlan")
_SOURCE = Dto("SourceDto", "", (Property("type", "string"), Property("data", "array")))
_TEMPLATE = Dto("TemplateDto", "", (Property("id", "int"), Property("title", "string")))
_ELAPSED = Dto(
    "ElapsedTimeDto",
    "",
    (
        *(Property(name, "int") for name in ("id", "userId", "taskId", "minutes", "seconds")),
        *(Property(name, "string") for name in ("source", "text")),
        *(Property(name, "int") for name in ("createdAtTs", "startTs", "stopTs")),
    ),
)
_NEEDED: dict[str, Any] = {"groups": ("add",), "nullable": False}

TASK: Dto = Dto(
    "TaskDto",
    "task",
    (
        _field("id", "int", "id", filterable=True, sortable=True),
        _field("title", "string", "title", editable=True, **_NEEDED),
        _field("description", "string", "description", editable=True),
        _field("creatorId", "int", "created_by", creatable=True, usual=False, **_NEEDED),
        _field("creator", "object", relation=user("created_by"), needs=("created_by",)),
        _field("created", "DateTime", "created_date", usual=False),
        _field("responsibleId", "int", "responsible_id", editable=True, usual=False, **_NEEDED),
        _field("responsible", "object", relation=user("responsible_id"), needs=("responsible_id",)),
        _field("deadline", "DateTime", "deadline", editable=True),
        _field("needsControl", "bool", "task_control", editable=True),
        _field("startPlan", "DateTime", "start_date_plan", editable=True),
        _field("endPlan", "DateTime", "end_date_plan", editable=True),
        _field("fileIds", "array", "uf_task_webdav_files", show=_files, editable=True, element="int"),
        _constant("checklist", "array", [], element="int"),
        _reference("groupId", "group_id", editable=True),
        _related("group", "group_id", GROUP, group),
        _reference("stageId", "stage_id", editable=True),
        _related("stage", "stage_id", STAGE, lambda state, one: {"id": one}),
        _field("epicId", "int", show=lambda state, row: scrum(state, row["id"])["epic_id"], editable=True),
        _field("storyPoints", "int", show=lambda state, row: scrum(state, row["id"])["story_points"], editable=True),
        _reference("flowId", "flow_id", editable=True),
        _related("flow", "flow_id", FLOW, lambda state, one: {"id": one, "name": f"Поток {one}"}),
        _field(
            "priority",
            "string",
            "priority",
            show=lambda state, row: PRIORITIES.get(row["priority"]),
            editable=True,
            values=tuple(PRIORITIES.values()),
        ),
        _field(
            "status",
            "string",
            "status",
            show=lambda state, row: STATUSES.get(row["status"]),
            editable=True,
            values=tuple(STATUSES.values()),
        ),
        _field("statusChanged", "DateTime", "status_changed_date"),
        _field(
            "accomplices", "array", relation=users("accomplices"), needs=("accomplices",), editable=True, element="int"
        ),
        _field("auditors", "array", relation=users("auditors"), needs=("auditors",), editable=True, element="int"),
        _reference("parentId", "parent_id", editable=True, usual=True),
        _field(
            "parent",
            "object",
            relation=Relation(_task, _parent),
            needs=("parent_id",),
        ),
        _constant("containsChecklist", "bool", False),
        _counted("containsSubTasks", "task", "parent_id"),
        *(_constant(name, "bool", False) for name in ("containsRelatedTasks", "containsGanttLinks")),
        _constant("containsPlacements", "bool", False),
        _counted("containsResults", "task_result", "task_id"),
        _constant("numberOfReminders", "int", 0),
        _reference("chatId", "chat_id", usual=True),
        _field(
            "chat",
            "object",
            relation=Relation(lambda: CHAT, _chat),
            needs=("id", "chat_id"),
        ),
        _number("plannedDuration", "duration_plan"),
        _number("actualDuration", "duration_fact"),
        _field("durationType", "string", "duration_type"),
        _field("started", "DateTime", "date_start"),
        _number("estimatedTime", "time_estimate", editable=True),
        _field("replicate", "bool", "replicate"),
        _field("changed", "DateTime", "changed_date"),
        _reference("changedById", "changed_by"),
        _field("changedBy", "object", relation=user("changed_by"), needs=("changed_by",)),
        _reference("statusChangedById", "status_changed_by"),
        _field("statusChangedBy", "object", relation=user("status_changed_by"), needs=("status_changed_by",)),
        _reference("closedById", "closed_by"),
        _field("closedBy", "object", relation=user("closed_by"), needs=("closed_by",)),
        _field("closed", "DateTime", "closed_date"),
        _field("activity", "DateTime", "activity_date"),
        _field("guid", "string", "guid"),
        _field("xmlId", "string", "xml_id"),
        _field("exchangeId", "string", "exchange_id"),
        _field("exchangeModified", "string", "exchange_modified"),
        _field("outlookVersion", "int", "outlook_version"),
        _field("mark", "string", "mark", show=lambda state, row: row["mark"] or "none"),
        _field("allowsChangeDeadline", "bool", "allow_change_deadline"),
        _field("allowsTimeTracking", "bool", "allow_time_tracking"),
        _field("matchesWorkTime", "bool", "match_work_time"),
        _constant("addInReport", "bool", None),
        _field("isMultitask", "bool", "multitask"),
        _field("siteId", "string", "site_id"),
        _reference("forkedByTemplateId", "forked_by_template_id"),
        _nothing("forkedByTemplate", _TEMPLATE),
        _constant("deadlineCount", "int", None),
        _constant("declineReason", "string", None),
        _reference("forumTopicId", "forum_topic_id", usual=True),
        _field("link", "string", show=_link, needs=("id",)),
        _field("rights", "object", show=lambda state, row: rights(row), needs=_BOTH),
        _field("archiveLink", "string", show=_archive, needs=("id",)),
        _field("crmItemIds", "array", "uf_crm_task", editable=True, element="string"),
        *(_constant(name, "bool", False) for name in _TRUTHS),
        _constant("maxDeadlineChangeDate", "DateTime", None),
        _constant("maxDeadlineChanges", "int", None),
        _constant("requireDeadlineChangeReason", "bool", False),
        _reference("emailId", "uf_mail_message"),
        _nothing("email", EMAIL),
        _nothing("elapsedTime", _ELAPSED),
        _mine("inFavorite", "favorite"),
        _mine("inPin", "is_pinned"),
        _mine("inGroupPin", "is_pinned_in_group"),
        _mine("inMute", "is_muted"),
        _nothing("source", _SOURCE),
        _constant("dependsOn", "array", [], element="int"),
        _constant("scenarios", "array", ["default"], element="string"),
    ),
    always=frozenset({"id"}),
)
"""The task. Its fields are in the order of the samples."""
