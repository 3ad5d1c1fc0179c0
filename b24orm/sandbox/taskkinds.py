"""What tells the comments, time records and checklists of tasks apart.

Facts: api-reference/tasks/comment-item, elapsed-item and checklist-item. Of time records that are not there the pages
name no error but "ACTION_NOT_ALLOWED".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import State

__all__ = ["CHECKLISTS", "COMMENTS", "HOURS", "Items"]

_GONE = Refusal(
    "ERROR_CORE",
    "TASKS_ERROR_EXCEPTION_#512; Check listitem not found or not accessible; "
    "512/TE/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE<br>",
)
_NOT_ALLOWED = Refusal("ERROR_CORE", "TASKS_ERROR_EXCEPTION_#4; Action is not allowed; 4/TE/ACTION_NOT_ALLOWED<br>")
_FAILED = Refusal("ERROR_CORE", "TASKS_ERROR_EXCEPTION_#8; Action failed; 8/TE/ACTION_FAILED_TO_BE_PROCESSED<br>")


@dataclass(frozen=True, slots=True)
class Items:
    """One kind of what tasks have.

    Attributes:
        key: of the schema and the table.
        method: what the names of the methods begin with.
        sorted_by: the names that an order may hold.
        filtered_by: the names that a filter may hold; none if there is no filter.
        hidden: the columns that rows do not show.
        fields: what the last parameter of a write is called.
        text: the column that a new record must fill, and what is said if it does not.
        defaults: what the portal puts into a new record, or changes in one that is written.
        no_task: what is said of a task that is not there.
        gone: what is said of a record that is not there, by a get and by writes.
        answers: what update and delete answer.
        paged: whether a list comes in pages, which are asked for in the fifth parameter.
    """

    key: str
    method: str
    sorted_by: frozenset[str]
    filtered_by: frozenset[str]
    hidden: frozenset[str]
    fields: str
    text: tuple[str, str]
    defaults: Callable[[State, dict[str, Any]], dict[str, Any]]
    no_task: Refusal
    gone: tuple[Refusal, Refusal]
    answers: tuple[Any, Any]
    paged: bool = False

    def title(self, verb: str) -> str:
        """What errors call a method."""
        return f"c{self.method.replace('.', '')}::{verb}()"


def _comment(state: State, given: dict[str, Any]) -> dict[str, Any]:
    author = given.get("author_id") or state.user_id
    row = state.store.row("user", author) or {}
    return {
        "author_id": author,
        "author_name": f"{row.get('name') or ''} {row.get('last_name') or ''}".strip(),
        "author_email": "",
        "post_date": given.get("post_date") or iso(state.clock.time()),
        "attached_objects": given.get("attached_objects") or "{}",
    }


def _time(state: State, given: dict[str, Any]) -> dict[str, Any]:
    now = iso(state.clock.time())
    return {
        "user_id": given.get("user_id") or state.user_id,
        "minutes": (given.get("seconds") or 0) // 60,
        "source": 2,
        **{name: given.get(name) or now for name in ("created_date", "date_start", "date_stop")},
    }


def _point(state: State, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "created_by": given.get("created_by") or state.user_id,
        "parent_id": given.get("parent_id") or 0,
        "sort_index": given.get("sort_index") or 0,
        "is_complete": given.get("is_complete") or "N",
        "is_important": given.get("is_important") or "N",
        "attachments": given.get("attachments") or "[]",
    }


COMMENTS = Items(
    key="task_comment",
    method="task.commentitem",
    sorted_by=frozenset({"ID", "AUTHOR_ID", "AUTHOR_NAME", "AUTHOR_EMAIL", "POST_DATE"}),
    filtered_by=frozenset({"ID", "AUTHOR_ID", "AUTHOR_NAME", "POST_DATE"}),
    hidden=frozenset({"TASK_ID", "UF_FORUM_MESSAGE_DOC"}),
    fields="arFields",
    text=("post_message", "Comment text is not specified<br>"),
    defaults=_comment,
    no_task=_FAILED,
    gone=(_GONE, _NOT_ALLOWED),
    answers=(True, True),
)
HOURS = Items(
    key="task_elapsed_time",
    method="task.elapseditem",
    sorted_by=frozenset({"ID", "USER_ID", "MINUTES", "SECONDS", "CREATED_DATE", "DATE_START", "DATE_STOP"}),
    filtered_by=frozenset({"ID", "USER_ID", "CREATED_DATE"}),
    hidden=frozenset(),
    fields="arFields",
    text=("seconds", "ACTION_NOT_ALLOWED"),
    defaults=_time,
    no_task=Refusal("ERROR_CORE", "Task not found"),
    gone=(Refusal("ERROR_CORE", "ACTION_NOT_ALLOWED"), Refusal("ERROR_CORE", "ACTION_NOT_ALLOWED")),
    answers=(None, None),
    paged=True,
)
CHECKLISTS = Items(
    key="task_checklist_item",
    method="task.checklistitem",
    sorted_by=frozenset(
        {
            *("ID", "PARENT_ID", "CREATED_BY", "TITLE", "SORT_INDEX", "IS_COMPLETE", "IS_IMPORTANT"),
            *("TOGGLED_BY", "TOGGLED_DATE"),
        }
    ),
    filtered_by=frozenset(),
    hidden=frozenset(),
    fields="arFields",
    text=("title", "TASKS_ERROR_EXCEPTION_#8; Action failed; 8/TE/ACTION_FAILED_TO_BE_PROCESSED<br>"),
    defaults=_point,
    no_task=_FAILED,
    gone=(_GONE, _GONE),
    answers=(None, True),
)
