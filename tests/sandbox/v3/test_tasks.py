"""``tasks.task.*``: api-reference/tasks/tasks-task-*-rest-v3.md and fields-rest-v3.md."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox, Write

REQUEST = (400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")
NEEDED = {"title": "Task Title", "creatorId": 1, "responsibleId": 1}


@pytest.fixture
def add(ask: Any) -> Any:
    async def send(sandbox: Sandbox, **fields: Any) -> dict[str, Any]:
        item = (await ask(sandbox, "tasks.task.add", {"fields": {**NEEDED, **fields}}))["item"]
        assert isinstance(item, dict)
        return item

    return send


async def test_a_new_task_is_answered_as_in_the_sample(small: Sandbox, add: Any) -> None:
    deal = small.ids("deal")[0]
    item = await add(small, deadline="2025-12-31T23:59:59+02:00", crmItemIds=[f"D_{deal}"])
    assert item["id"] == small.ids("task")[-1]
    assert item["deadline"] == "2026-01-01T00:59:59+03:00"
    assert item["crmItemIds"] == [f"D_{deal}"]
    plain = {
        "title": "Task Title",
        "description": "",
        "needsControl": False,
        "fileIds": None,
        "checklist": [],
        "priority": "average",
        "status": "pending",
        "statusChanged": None,
        "parentId": None,
        "durationType": "days",
        "estimatedTime": 0,
        "outlookVersion": 1,
        "mark": "none",
        "addInReport": None,
        "siteId": "s1",
        "closed": None,
        "inFavorite": [],
        "scenarios": ["default"],
        "link": f"/company/personal/user/1/tasks/task/view/{item['id']}/",
    }
    assert {name: item[name] for name in plain} == plain
    assert item["rights"]["start"] is True
    assert item["guid"].startswith("{")
    assert small.books.writes == [Write("tasks.task.add", "task", item["id"], "add")]


async def test_a_task_added_in_rest_3_is_a_task_of_the_classic_api(small: Sandbox, add: Any, call: Any) -> None:
    item = await add(small, title="Новая", status="in_progress", priority="high", needsControl=True, accomplices=[1])
    listed = (await call(small, "tasks.task.list", {"filter": {"ID": item["id"]}}))["result"]["tasks"]
    assert [(one["title"], one["status"], one["priority"], one["taskControl"]) for one in listed] == [
        ("Новая", "3", "2", "Y")
    ]
    assert listed[0]["accomplices"] == ["1"]


async def test_a_task_changed_in_the_classic_api_has_changed_in_rest_3(small: Sandbox, call: Any, ask: Any) -> None:
    fields = {"TITLE": "classic", "STATUS": 5, "PRIORITY": 2, "UF_TASK_WEBDAV_FILES": ["n7"]}
    await call(small, "tasks.task.update", {"taskId": 41, "fields": fields})
    item = (await ask(small, "tasks.task.get", {"id": 41}))["item"]
    assert (item["title"], item["status"], item["priority"], item["fileIds"]) == ("classic", "completed", "high", [7])
    assert item["closed"] == item["statusChanged"]
    assert item["rights"]["renew"] is True


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (2, "pending"),
        (3, "in_progress"),
        (4, "supposedly_completed"),
        (5, "completed"),
        (6, "deferred"),
        (7, "declined"),
    ],
)
async def test_statuses_are_words(small: Sandbox, ask: Any, number: int, word: str) -> None:
    assert (await ask(small, "tasks.task.update", {"id": 41, "fields": {"status": word}})) == {"result": True}
    row = small.row("task", 41)
    assert row is not None
    assert row["status"] == number
    assert (await ask(small, "tasks.task.get", {"id": 41}))["item"]["status"] == word


async def test_an_update_answers_true_and_books_whether_it_changed_anything(small: Sandbox, ask: Any) -> None:
    change = {"id": 41, "fields": {"title": "новое", "description": "d", "deadline": None, "groupId": 4, "epicId": 3}}
    assert await ask(small, "tasks.task.update", change) == {"result": True}
    assert await ask(small, "tasks.task.update", change) == {"result": True}
    assert [write.changed for write in small.books.writes] == [True, False]
    item = (await ask(small, "tasks.task.get", {"id": 41, "select": ["title", "groupId", "epicId", "storyPoints"]}))[
        "item"
    ]
    assert item == {"id": 41, "title": "новое", "groupId": 4, "epicId": 3, "storyPoints": None}
    await ask(small, "tasks.task.update", {"id": 41, "fields": {"storyPoints": 8}})
    await ask(small, "tasks.task.update", {"id": 41, "fields": {"storyPoints": 8}})
    assert [write.changed for write in small.books.writes[2:]] == [True, False]


async def test_an_update_without_fields_changes_nothing(small: Sandbox, ask: Any) -> None:
    assert await ask(small, "tasks.task.update", {"id": 41, "fields": {}}) == {"result": True}
    assert [write.changed for write in small.books.writes] == [False]


async def test_a_task_that_is_done_is_closed_and_one_that_is_not_is_not(small: Sandbox, ask: Any) -> None:
    await ask(small, "tasks.task.update", {"id": 41, "fields": {"status": "completed"}})
    select = ["closed", "closedById", "statusChangedById"]
    item = (await ask(small, "tasks.task.get", {"id": 41, "select": select}))["item"]
    assert item["closed"]
    assert (item["closedById"], item["statusChangedById"]) == (1, 1)
    await ask(small, "tasks.task.update", {"id": 41, "fields": {"status": "pending"}})
    item = (await ask(small, "tasks.task.get", {"id": 41, "select": select}))["item"]
    assert (item["closed"], item["closedById"]) == (None, None)


async def test_a_deleted_task_is_gone_from_both(small: Sandbox, ask: Any, call: Any) -> None:
    assert await ask(small, "tasks.task.delete", {"id": 41}) == {"result": True}
    assert 41 not in small.ids("task")
    assert (await call(small, "tasks.task.get", {"taskId": 41}))["result"] == []
    assert small.books.writes == [Write("tasks.task.delete", "task", 41, "delete")]


async def test_a_task_that_is_not_there_is_not_found_or_denied(small: Sandbox, refused: Any) -> None:
    assert (await refused(small, "tasks.task.get", {"id": 2})) == (400, "ENTITYNOTFOUNDEXCEPTION", {})
    for method in ("tasks.task.update", "tasks.task.delete"):
        answer = await refused(small, method, {"id": 2, "fields": {"title": "x"}})
        assert answer == (403, "ACCESSDENIEDEXCEPTION", {})
    assert small.books.writes == []


@pytest.mark.parametrize("method", ["get", "update", "delete", "access.get"])
async def test_an_id_has_to_be_given_and_to_be_a_number(small: Sandbox, refused: Any, method: str) -> None:
    more = {"fields": {"title": "x"}}
    assert (await refused(small, f"tasks.task.{method}", more))[0::2] == (
        400,
        {"id": "Required field `id` is not specified"},
    )
    for wrong in ("41", 41.5, True, [41], {"a": 1}, 10**20):
        answer = await refused(small, f"tasks.task.{method}", {"id": wrong, **more})
        assert answer == (*REQUEST, {"id": "Field `id` requires data type `int` for this request"})


async def test_required_fields_of_a_new_task(small: Sandbox, refused: Any) -> None:
    assert (await refused(small, "tasks.task.add"))[2].keys() == {"fields"}
    assert (await refused(small, "tasks.task.add", {"fields": "x"}))[2].keys() == {"fields"}
    answer = await refused(small, "tasks.task.add", {"fields": {"description": "x"}})
    assert answer[:2] == REQUEST
    assert answer[2] == {
        name: f"Required field `{name}` is not specified" for name in ("title", "creatorId", "responsibleId")
    }
    assert (await refused(small, "tasks.task.add", {"fields": {**NEEDED, "title": None}}))[2].keys() == {"title"}
    assert (await refused(small, "tasks.task.add", {"fields": {**NEEDED, "title": " "}}))[2].keys() == {"title"}


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("deadline", "31.12.2025", "DateTime"),
        ("deadline", "2025-12-31", "DateTime"),
        ("deadline", 5, "DateTime"),
        ("title", 5, "string"),
        ("responsibleId", "1", "int"),
        ("needsControl", "Y", "bool"),
        ("accomplices", 1, "array"),
        ("accomplices", ["1"], "array"),
        ("crmItemIds", "D_1", "array"),
        ("status", "2", "string"),
        ("priority", "urgent", "string"),
        ("estimatedTime", 1.5, "int"),
    ],
)
async def test_a_field_has_to_be_of_its_type(small: Sandbox, refused: Any, name: str, value: Any, kind: str) -> None:
    said = {name: f"Field `{name}` requires data type `{kind}` for this request"}
    assert await refused(small, "tasks.task.add", {"fields": {**NEEDED, name: value}}) == (*REQUEST, said)
    assert await refused(small, "tasks.task.update", {"id": 41, "fields": {name: value}}) == (*REQUEST, said)


async def test_the_creator_cannot_be_changed(small: Sandbox, refused: Any) -> None:
    answer = await refused(small, "tasks.task.update", {"id": 41, "fields": {"creatorId": 1}})
    assert answer[:2] == REQUEST
    assert "`Editable`" in answer[2]["creatorId"]


@pytest.mark.parametrize("name", ["id", "created", "creator", "chatId", "link", "rights", "containsResults"])
async def test_what_is_not_for_writing_is_refused(small: Sandbox, refused: Any, name: str) -> None:
    answer = await refused(small, "tasks.task.add", {"fields": {**NEEDED, name: 1}})
    assert (answer[:2], list(answer[2])) == (REQUEST, [name])


async def test_unknown_fields_are_refused(small: Sandbox, refused: Any) -> None:
    for name in ("TITLE", "RESPONSIBLE_ID", "createdBy"):
        answer = await refused(small, "tasks.task.add", {"fields": {**NEEDED, name: 1}})
        assert answer == (400, "UNKNOWNDTOPROPERTYEXCEPTION", {})


@pytest.mark.parametrize(
    ("fields", "blamed", "text"),
    [
        ({"responsibleId": 999_999}, "responsibleId", 'The user specified in the "Responsible" field was not found'),
        ({"parentId": 999_999}, "parentId", 'The task specified in the "Parent Task" field was not found'),
        ({"parentId": 41}, "parentId", "Cannot bind a node to itself"),
        (
            {"startPlan": "2026-02-02T00:00:00+03:00", "endPlan": "2026-02-01T00:00:00+03:00"},
            "endPlan",
            "The end date specified in the planning is earlier than the start date",
        ),
    ],
)
async def test_people_parents_and_plans_are_checked(
    small: Sandbox, refused: Any, fields: dict[str, Any], blamed: str, text: str
) -> None:
    answer = await refused(small, "tasks.task.update", {"id": 41, "fields": fields})
    assert answer == (*REQUEST, {blamed: text})
    assert small.books.writes == []


async def test_an_unknown_creator_is_blamed_without_words(small: Sandbox, refused: Any) -> None:
    answer = await refused(small, "tasks.task.add", {"fields": {**NEEDED, "creatorId": 999_999}})
    assert answer == (*REQUEST, {"creatorId": ""})


async def test_a_parent_knows_that_it_has_children(small: Sandbox, add: Any, ask: Any) -> None:
    item = await add(small, parentId=41)
    assert item["parentId"] == 41
    assert (await ask(small, "tasks.task.get", {"id": 41}))["item"]["containsSubTasks"] is True
    assert (await ask(small, "tasks.task.get", {"id": 43}))["item"]["containsSubTasks"] is False


async def test_what_the_caller_has_switched_on_lists_the_caller(small: Sandbox, ask: Any) -> None:
    small.update("task", 41, favorite=True, is_pinned=True, is_muted=True)
    item = (await ask(small, "tasks.task.get", {"id": 41}))["item"]
    assert [item[name] for name in ("inFavorite", "inPin", "inGroupPin", "inMute")] == [[1], [1], [], [1]]


async def test_rights_follow_the_state_of_the_task(small: Sandbox, ask: Any) -> None:
    rights = await ask(small, "tasks.task.access.get", {"id": 41})
    assert len(rights) == 45
    assert (rights["read"], rights["start"], rights["renew"], rights["sort"]) == (True, True, False, False)
    small.update("task", 41, status=3)
    assert (await ask(small, "tasks.task.access.get", {"id": 41}))["pause"] is True
    assert not any((await ask(small, "tasks.task.access.get", {"id": 999_999})).values())


async def test_files_are_attached_beside_those_that_are_there(small: Sandbox, ask: Any, refused: Any) -> None:
    await ask(small, "tasks.task.file.attach", {"taskId": 41, "fileIds": [1065, 1077]})
    assert await ask(small, "tasks.task.file.attach", {"taskId": 41, "fileIds": [1077, 1078]}) == {"result": True}
    assert (await ask(small, "tasks.task.get", {"id": 41}))["item"]["fileIds"] == [1065, 1077, 1078]
    answer = await refused(small, "tasks.task.file.attach", {"taskId": 999_999, "fileIds": [1]})
    assert answer[:2] == (403, "ACCESSDENIEDEXCEPTION")
    assert (await refused(small, "tasks.task.file.attach", {"taskId": 41}))[2].keys() == {"fileIds"}
    assert (await refused(small, "tasks.task.file.attach", {"taskId": 41, "fileIds": ["1"]}))[2].keys() == {"fileIds"}
    await ask(small, "tasks.task.update", {"id": 41, "fields": {"fileIds": [5]}})
    assert (await ask(small, "tasks.task.get", {"id": 41}))["item"]["fileIds"] == [5]
    await ask(small, "tasks.task.update", {"id": 41, "fields": {"fileIds": None, "auditors": None}})
    assert (await ask(small, "tasks.task.get", {"id": 41}))["item"]["fileIds"] is None
