"""What the caller may do with a task: everything that its state allows, since the sandbox has no roles.

Facts: the samples of api-reference/tasks/tasks-task-access-get.md and tasks-task-get-rest-v3.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["NO_RIGHTS", "rights"]

_DONE, _WAITS, _RUNS, _DEFERRED = 5, 2, 3, 6
_ALWAYS = (
    *("read", "watch", "mute", "createResult", "edit", "remove", "complete", "approve", "disapprove", "start", "take"),
    *("delegate", "defer", "renew", "deadline", "datePlan", "changeDirector", "changeResponsible"),
    *("changeAccomplices", "pause", "timeTracking", "mark", "changeStatus", "reminder", "addAuditors", "elapsedTime"),
    *("favorite", "checklistAdd", "checklistEdit", "checklistSave", "checklistToggle", "automate", "resultEdit"),
    *("completeResult", "removeResult", "resultRead", "admin", "createSubtask", "copy", "saveAsTemplate"),
    *("attachFile", "detachFile", "detachParent", "createGanttDependence", "sort"),
)
_NEVER = frozenset({"take", "changeDirector", "timeTracking", "resultEdit", "removeResult", "resultRead", "sort"})

NO_RIGHTS: Mapping[str, bool] = dict.fromkeys(_ALWAYS, False)
"""What may be done with a task that is not there. How a portal answers that is not documented."""


def rights(row: Mapping[str, Any]) -> dict[str, bool]:
    """The rights on a task, by name, from its ``status``."""
    status = row["status"]
    by_state = {
        "complete": status not in {_DONE, 4},
        "approve": status == 4,
        "disapprove": status == 4,
        "start": status == _WAITS,
        "pause": status == _RUNS,
        "defer": status not in {_DONE, _DEFERRED},
        "renew": status in {_DONE, _DEFERRED},
    }
    return {name: name not in _NEVER for name in _ALWAYS} | by_state
