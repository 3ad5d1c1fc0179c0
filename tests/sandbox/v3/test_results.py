"""Results and messages of tasks: api-reference/tasks/result/* and tasks-task-chat-message-send.md."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from b24orm.sandbox import Sandbox, Write

DTO = (400, "VALIDATION_DTOVALIDATIONEXCEPTION")
REQUEST = (400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")
DENIED: tuple[int, str, dict[str, str]] = (403, "ACCESSDENIEDEXCEPTION", {})
ADD = "tasks.task.result.add"
LIST = "tasks.task.result.list"


@pytest.fixture
def add(ask: Any) -> Any:
    async def send(sandbox: Sandbox, text: str = "Task completed", task: int = 41) -> dict[str, Any]:
        item = (await ask(sandbox, ADD, {"fields": {"taskId": task, "text": text}}))["item"]
        assert isinstance(item, dict)
        return item

    return send


async def test_a_new_result_is_answered_as_in_the_sample(small: Sandbox, add: Any, ask: Any) -> None:
    item = await add(small)
    assert item.pop("createdAt").endswith("+03:00")
    assert item == {
        "id": 1,
        "taskId": 41,
        "text": "Task completed",
        "authorId": 1,
        "updatedAt": None,
        "status": "open",
        "fileIds": [],
        "rights": {"edit": True, "remove": True},
        "messageId": None,
    }
    assert small.books.writes == [Write(ADD, "task_result", 1, "add")]
    assert (await ask(small, "tasks.task.get", {"id": 41}))["item"]["containsResults"] is True


@pytest.mark.parametrize(
    ("fields", "answer", "blamed"),
    [
        ({"taskId": 41}, DTO, {"text": 'The required field "text" is not filled'}),
        ({"text": "x"}, DTO, {"taskId": 'The required field "taskId" is not filled'}),
        ({"taskId": 41, "text": "x", "fileIds": [1]}, DTO, {"fileIds": "Field `fileIds` is not available for filling"}),
        (
            {"taskId": "41", "text": "x"},
            REQUEST,
            {"taskId": "Field `taskId` requires data type `int` for this request"},
        ),
        ({"taskId": -1, "text": "x"}, REQUEST, {"taskId": "Task id must be positive"}),
        ({"taskId": 999_999, "text": "x"}, REQUEST, {"taskId": "Task not found"}),
        (None, REQUEST, {"fields": "Required field `fields` is not specified"}),
    ],
)
async def test_what_is_wrong_with_a_new_result(
    small: Sandbox, refused: Any, fields: Any, answer: tuple[int, str], blamed: dict[str, str]
) -> None:
    assert await refused(small, ADD, {"fields": fields}) == (*answer, blamed)


async def test_a_list_needs_a_task(small: Sandbox, add: Any, refused: Any) -> None:
    empties: list[dict[str, Any]] = [{}, {"filter": []}, {"filter": None}]
    for empty in empties:
        assert await refused(small, LIST, empty) == (*REQUEST, {"filter": "The field value cannot be empty"})
    answer = await refused(small, LIST, {"filter": [["id", ">", 0]]})
    assert answer == (
        400,
        "VALIDATION_REQUESTFILTERVALIDATIONEXCEPTION",
        {"filter.taskId": "A filter for the required field `taskId` must be specified"},
    )


async def test_results_are_listed_sorted_and_paged(small: Sandbox, add: Any, ask: Any) -> None:
    for text in ("a", "b", "c"):
        await add(small, text)
    await add(small, "other", 43)
    params: dict[str, Any] = {
        "filter": [["taskId", 41]],
        "select": ["id", "text", "author.id"],
        "order": {"id": "DESC"},
    }
    found = (await ask(small, LIST, {**params, "pagination": {"limit": 2}}))["items"]
    assert found == [{"id": 3, "text": "c", "author": {"id": 1}}, {"id": 2, "text": "b", "author": {"id": 1}}]
    open_ones = [["taskId", 41], ["status", "open"], ["id", "in", [1, 4]]]
    assert [row["id"] for row in (await ask(small, LIST, {"filter": open_ones}))["items"]] == [1]


async def test_a_result_may_be_changed_and_deleted_by_its_author(small: Sandbox, add: Any, ask: Any) -> None:
    new = (await add(small))["id"]
    item = (await ask(small, "tasks.task.result.update", {"id": new, "fields": {"text": "verified"}}))["item"]
    assert (item["text"], item["updatedAt"][-6:]) == ("verified", "+03:00")
    assert await ask(small, "tasks.task.result.delete", {"id": new}) == {"result": True}
    assert small.ids("task_result") == []
    assert [write.verb for write in small.books.writes] == ["add", "update", "delete"]


async def test_results_of_others_and_none_at_all_are_denied(small: Sandbox, refused: Any, ask: Any) -> None:
    other = small.insert("task_result", task_id=41, text="x", author_id=2, created_at="2026-01-01T00:00:00+03:00")
    assert (await ask(small, LIST, {"filter": [["taskId", 41]]}))["items"][0]["rights"] == {
        "edit": False,
        "remove": False,
    }
    for row_id in (other, 999):
        assert await refused(small, "tasks.task.result.delete", {"id": row_id}) == DENIED
        assert await refused(small, "tasks.task.result.update", {"id": row_id, "fields": {"text": "y"}}) == DENIED


async def test_an_id_or_a_filter_but_not_both(small: Sandbox, refused: Any) -> None:
    delete = "tasks.task.result.delete"
    assert (await refused(small, delete))[2] == {"": "At least one required field must be filled: id, filter"}
    both = {"id": 1, "filter": [["id", 1]]}
    assert (await refused(small, delete, both))[2] == {"": "Only one of the values must be provided: id, filter"}
    assert (await refused(small, delete, {"filter": [["id", 1]]}))[2] == {"id": "Required field `id` is not specified"}
    assert (await refused(small, delete, {"id": "1"}))[:2] == REQUEST


async def test_an_update_takes_the_text_only(small: Sandbox, add: Any, refused: Any) -> None:
    new = (await add(small))["id"]
    update = "tasks.task.result.update"
    assert (await refused(small, update, {"id": new}))[2].keys() == {"fields"}
    assert (await refused(small, update, {"id": new, "fields": {}}))[:2] == DTO
    assert (await refused(small, update, {"id": new, "fields": {"text": "x", "taskId": 43}}))[:2] == DTO
    answer = await refused(small, update, {"id": new, "fields": {"text": "x", "nope": 1}})
    assert answer[:2] == (400, "UNKNOWNDTOPROPERTYEXCEPTION")


async def test_a_message_may_become_a_result(small: Sandbox, ask: Any, refused: Any) -> None:
    sent = {"fields": {"taskId": 41, "text": "Message from external system"}}
    assert await ask(small, "tasks.task.chat.message.send", sent) == {"result": True}
    message = small.ids("task_message")[-1]
    method = "tasks.task.result.addfromchatmessage"
    item = (await ask(small, method, {"fields": {"messageId": message}}))["item"]
    assert (item["taskId"], item["text"], item["messageId"]) == (41, "Message from external system", message)
    answer = await refused(small, method, {"fields": {"messageId": 999}})
    assert answer == (*REQUEST, {"messageId": "Message is not from task chat"})
    assert (await refused(small, method, {"fields": {}}))[:2] == DTO
    answer = await refused(small, method, {"fields": {"messageId": message, "text": "x"}})
    assert answer[:2] == (400, "UNKNOWNDTOPROPERTYEXCEPTION")


async def test_a_message_needs_a_task_and_a_text(small: Sandbox, refused: Any) -> None:
    send = "tasks.task.chat.message.send"
    answer = await refused(small, send, {"fields": {"text": "x"}})
    assert answer == (*DTO, {"taskId": 'The required field "taskId" is not filled'})
    assert (await refused(small, send, {"fields": {"taskId": "41", "text": "x"}}))[:2] == REQUEST
    assert await refused(small, send, {"fields": {"taskId": 999_999, "text": "x"}}) == DENIED


async def test_a_deleted_task_takes_its_results_along(small: Sandbox, add: Any, ask: Any) -> None:
    await add(small)
    await ask(small, "tasks.task.chat.message.send", {"fields": {"taskId": 41, "text": "x"}})
    await ask(small, "tasks.task.delete", {"id": 41})
    assert (small.ids("task_result"), small.ids("task_message")) == ([], [])


async def test_only_the_author_may_change_a_result(small: Sandbox, add: Any, http: aiohttp.ClientSession) -> None:
    new = (await add(small))["id"]
    headers = {"Authorization": f"Bearer {small.app().tokens(user_id=2)['access_token']}"}
    url = small.url.partition("/rest/")[0] + "/rest/api/tasks.task.result.delete"
    async with http.post(url, json={"id": new}, headers=headers) as response:
        assert response.status == 403
