"""What is answered of an object and its relations: api-reference/rest-v3.md, "Connections between objects"."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox

# What tasks-task-get-rest-v3.md shows beside related objects.
_SAMPLE = """
id title description deadline needsControl startPlan endPlan fileIds checklist epicId storyPoints priority status
statusChanged parentId containsChecklist containsSubTasks containsRelatedTasks containsGanttLinks containsPlacements
containsResults numberOfReminders chatId plannedDuration actualDuration durationType started estimatedTime replicate
changed closed activity guid xmlId exchangeId exchangeModified outlookVersion mark allowsChangeDeadline
allowsTimeTracking matchesWorkTime addInReport isMultitask siteId deadlineCount declineReason forumTopicId link rights
archiveLink crmItemIds requireResult matchesSubTasksTime autocompleteSubTasks allowsChangeDatePlan
maxDeadlineChangeDate maxDeadlineChanges requireDeadlineChangeReason inFavorite inPin inGroupPin inMute dependsOn
scenarios
"""
SAMPLE = _SAMPLE.split()


@pytest.fixture
def task(ask: Any) -> Any:
    async def read(sandbox: Sandbox, *select: str, row: int = 41) -> dict[str, Any]:
        item = (await ask(sandbox, "tasks.task.get", {"id": row, "select": list(select)}))["item"]
        assert isinstance(item, dict)
        return item

    return read


async def test_without_a_select_a_task_has_the_fields_of_the_sample(portal: Sandbox, ask: Any) -> None:
    item = (await ask(portal, "tasks.task.get", {"id": 41}))["item"]
    assert sorted(item) == sorted(SAMPLE)


async def test_without_a_select_a_listed_task_has_its_id_only(portal: Sandbox, ask: Any) -> None:
    assert (await ask(portal, "tasks.task.list", {"pagination": {"limit": 2}}))["items"] == [{"id": 41}, {"id": 43}]


async def test_other_lists_show_all_fields_without_a_select(portal: Sandbox, ask: Any) -> None:
    row = (await ask(portal, "main.eventlog.list"))["items"][0]
    assert list(row) == [
        *("id", "timestampX", "severity", "auditTypeId", "moduleId", "itemId", "remoteAddr", "userAgent"),
        *("requestUri", "siteId", "userId", "guestId", "description"),
    ]


async def test_selected_fields_come_with_the_id(portal: Sandbox, task: Any) -> None:
    assert set(await task(portal, "title", "creatorId")) == {"id", "title", "creatorId"}
    assert set(await task(portal, "id")) == {"id"}


async def test_what_the_sample_leaves_out_can_be_selected(portal: Sandbox, task: Any) -> None:
    row = portal.row("task", 41)
    assert row is not None
    item = await task(portal, "creatorId", "responsibleId", "created", "changedById", "groupId", "stageId", "flowId")
    assert item == {
        "id": 41,
        "creatorId": row["created_by"],
        "responsibleId": row["responsible_id"],
        "created": row["created_date"],
        "changedById": row["changed_by"],
        "groupId": row["group_id"] or None,
        "stageId": None,
        "flowId": None,
    }


async def test_fields_of_related_objects_are_selected_with_a_dot(portal: Sandbox, task: Any) -> None:
    row = portal.row("task", 41)
    assert row is not None
    user = portal.row("user", row["responsible_id"])
    assert user is not None
    item = await task(portal, "id", "responsible.name", "responsible.email")
    expected = {"name": f"{user['name']} {user['last_name']}", "email": user["email"]}
    assert item == {"id": 41, "responsible": expected}


async def test_related_objects_alone_leave_the_object_its_usual_fields(portal: Sandbox, task: Any) -> None:
    item = await task(portal, "responsible.name", "responsible.email")
    assert sorted(item) == sorted([*SAMPLE, "responsible"])
    assert list(item["responsible"]) == ["name", "email"]


async def test_related_objects_of_a_list(portal: Sandbox, ask: Any) -> None:
    params = {"select": ["id", "creator.id", "group.name"], "pagination": {"limit": 50}}
    for item in (await ask(portal, "tasks.task.list", params))["items"]:
        row = portal.row("task", item["id"])
        assert row is not None
        assert item["creator"] == {"id": row["created_by"]}
        assert (item["group"] is None) == (not row["group_id"])


async def test_a_bare_relation_is_all_its_plain_fields(portal: Sandbox, task: Any) -> None:
    item = await task(portal, "id", "creator")
    assert list(item["creator"]) == ["id", "name", "role", "gender", "email", "externalAuthId", "rights"]


async def test_relations_go_deep_and_to_many(small: Sandbox, task: Any) -> None:
    small.update("task", 43, parent_id=41, accomplices=[1], created_by=1)
    small.update("user", 1, personal_photo=7)
    item = await task(small, "id", "parent.title", "parent.creator.id", "accomplices.id", row=43)
    parent = small.row("task", 41)
    assert parent is not None
    assert item == {
        "id": 43,
        "parent": {"title": parent["title"], "creator": {"id": parent["created_by"]}},
        "accomplices": [{"id": 1}],
    }
    image = (await task(small, "creator.image.id", "creator.image.src", row=43))["creator"]["image"]
    assert image["id"] == 7
    assert image["src"].startswith("http://")
    small.update("user", 1, personal_photo=None)
    assert (await task(small, "creator.image.id", row=43))["creator"] == {"image": None}


async def test_the_chat_of_a_task_is_found_through_either_api(portal: Sandbox, task: Any, call: Any) -> None:
    # api-reference/tasks/tasks-new.md
    item = await task(portal, "id", "chatId", "chat.id", "chat.entityId", "chat.entityType")
    chat = item["chatId"]
    assert item == {
        "id": 41,
        "chatId": chat,
        "chat": {"id": chat, "entityId": 41, "entityType": "TASKS_TASK"},
    }
    classic = await call(portal, "tasks.task.get", {"taskId": 41, "select": ["CHAT_ID"]})
    assert classic["result"]["task"]["chatId"] == str(chat)


async def test_relations_that_nothing_has_are_null(portal: Sandbox, task: Any) -> None:
    names = ("stage", "flow", "email", "elapsedTime", "source", "forkedByTemplate", "parent")
    assert await task(portal, "id", *names) == {"id": 41, **dict.fromkeys(names)}


async def test_unknown_fields_are_refused_by_the_name_of_their_object(portal: Sandbox, refused: Any) -> None:
    for select in (["nope"], ["responsible.stageId"], ["id.name"], ["title.x"], ["ID"], ["*"], ["responsible.image.x"]):
        answer = await refused(portal, "tasks.task.get", {"id": 41, "select": select})
        assert answer == (400, "UNKNOWNDTOPROPERTYEXCEPTION", {})


@pytest.mark.parametrize("select", ["id", 5, [5], [None], [["id"]], {"a": {"b": 1}}])
async def test_what_is_no_list_of_names_is_refused(portal: Sandbox, refused: Any, select: Any) -> None:
    answer = await refused(portal, "tasks.task.get", {"id": 41, "select": select})
    assert answer == (400, "INVALIDSELECTEXCEPTION", {})


async def test_an_empty_select_is_none(portal: Sandbox, task: Any) -> None:
    assert sorted(await task(portal)) == sorted(SAMPLE)
