"""The batch of REST 3.0: api-reference/rest-v3.md, "Batch call", and "How to Execute Batch Requests in REST 3.0"."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

LIST = {"method": "tasks.task.list", "query": {"select": ["id", "title"], "pagination": {"limit": 3}}, "as": "list"}
FIRST = {"method": "tasks.task.get", "query": {"id": 41, "select": ["id", "responsibleId"]}, "as": "first"}


def _get(number: Any) -> dict[str, Any]:
    return {"method": "tasks.task.get", "query": {"id": number, "select": ["id"]}}


async def test_results_come_in_the_order_of_the_calls(portal: Sandbox, ask: Any) -> None:
    assert await ask(portal, "batch", [_get(43), _get(41)]) == [{"item": {"id": 43}}, {"item": {"id": 41}}]


async def test_an_object_with_numbers_for_keys_is_a_list_too(portal: Sandbox, ask: Any) -> None:
    assert await ask(portal, "batch", {"0": _get(43)}) == [{"item": {"id": 43}}]


async def test_a_batch_counts_once_and_its_commands_are_booked(small: Sandbox, ask: Any) -> None:
    await ask(small, "batch", [_get(41), LIST])
    assert (small.books.requests, small.books.commands) == (1, 2)
    assert small.books.methods == {"tasks.task.get": 1, "tasks.task.list": 1}
    assert small.books.method_rows == {"tasks.task.list": 3}
    assert small.books.log[0].commands == (("0", "tasks.task.get"), ("list", "tasks.task.list"))


async def test_a_reference_is_a_value_of_an_earlier_item_in_its_own_type(portal: Sandbox, ask: Any) -> None:
    seen: list[Any] = []
    portal.before_command = lambda method, params, place: seen.append((params, place))
    try:
        await ask(portal, "batch", [FIRST, _get({"$ref": "first.id"}), LIST, _get({"$ref": "list.2.id"})])
    finally:
        portal.before_command = None
    assert seen[1] == ({"id": 41, "select": ["id"]}, 1)
    assert seen[3] == ({"id": 45, "select": ["id"]}, 3)


async def test_a_command_without_a_name_is_called_by_its_place(portal: Sandbox, ask: Any) -> None:
    assert (await ask(portal, "batch", [_get(43), _get({"$ref": "0.id"})]))[1] == {"item": {"id": 43}}


async def test_references_may_stand_in_lists_and_objects(portal: Sandbox, ask: Any) -> None:
    query = {"select": ["id"], "filter": [["id", ">", {"$ref": "list.0.id"}], ["id", "<", {"$ref": "list.2.id"}]]}
    answers = await ask(portal, "batch", [LIST, {"method": "tasks.task.list", "query": query}])
    assert answers[1] == {"items": [{"id": 43}]}


async def test_a_reference_to_a_column_is_a_list(portal: Sandbox, ask: Any) -> None:
    query = {"filter": [["id", "in", {"$refArray": "list.id"}]]}
    answers = await ask(portal, "batch", [LIST, {"method": "tasks.task.list", "query": query}])
    assert answers[1] == {"items": [{"id": 41}, {"id": 43}, {"id": 45}]}


async def test_a_reference_goes_into_related_objects(portal: Sandbox, ask: Any) -> None:
    first = {"method": "tasks.task.get", "query": {"id": 41, "select": ["id", "creator.id"]}, "as": "one"}
    query = {"filter": [["userId", {"$ref": "one.creator.id"}]]}
    await ask(portal, "batch", [first, {"method": "timeman.record.list", "query": query}])


@pytest.mark.parametrize(
    "path",
    ["first.item.id", "first.nope", "nobody.id", "first.id.x", "list.9.id", "list.items", "", "first.parentId"],
)
async def test_a_path_that_leads_nowhere_fails_the_batch(portal: Sandbox, refused: Any, path: str) -> None:
    answer = await refused(portal, "batch", [FIRST, LIST, _get({"$ref": path})])
    assert answer == (400, "INVALIDSELECTEXCEPTION", {})


@pytest.mark.parametrize("path", ["list", "first.id", "nobody.id", "list.0.id"])
async def test_a_column_needs_a_list_to_be_of(portal: Sandbox, refused: Any, path: str) -> None:
    query = {"filter": [["id", "in", {"$refArray": path}]]}
    answer = await refused(portal, "batch", [FIRST, LIST, {"method": "tasks.task.list", "query": query}])
    assert answer[:2] == (400, "INVALIDSELECTEXCEPTION")


async def test_a_column_of_fields_that_no_row_has_is_empty(portal: Sandbox, ask: Any) -> None:
    query = {"filter": [["id", "in", {"$refArray": "list.nope"}]]}
    assert (await ask(portal, "batch", [LIST, {"method": "tasks.task.list", "query": query}]))[1] == {"items": []}


async def test_an_empty_list_and_a_bare_true_cannot_be_referred_to(small: Sandbox, refused: Any) -> None:
    nothing = {"method": "tasks.task.list", "query": {"filter": [["id", 1]]}, "as": "none"}
    done = {"method": "tasks.task.update", "query": {"id": 41, "fields": {}}, "as": "done"}
    for first, path in ((nothing, "none.0.id"), (done, "done.result")):
        assert (await refused(small, "batch", [first, _get({"$ref": path})]))[1] == "INVALIDSELECTEXCEPTION"


async def test_the_first_failure_is_the_whole_answer_and_what_ran_has_run(small: Sandbox, refused: Any) -> None:
    change = {"method": "tasks.task.update", "query": {"id": 41, "fields": {"title": "ran"}}}
    later = {"method": "tasks.task.update", "query": {"id": 43, "fields": {"title": "did not"}}}
    answer = await refused(small, "batch", [change, _get(2), later])
    assert answer == (400, "ENTITYNOTFOUNDEXCEPTION", {})
    assert [write.id for write in small.books.writes] == [41]
    assert [method for _, method in small.books.log[0].commands] == ["tasks.task.update", "tasks.task.get"]


@pytest.mark.parametrize("name", ["no.such", "crm.item.list", "batch"])
async def test_an_unknown_method_stops_a_batch_before_anything_runs(small: Sandbox, refused: Any, name: str) -> None:
    change = {"method": "tasks.task.update", "query": {"id": 41, "fields": {"title": "ran"}}}
    answer = await refused(small, "batch", [change, {"method": name, "query": {}}])
    assert answer == (400, "METHODNOTFOUNDEXCEPTION", {})
    assert (small.books.commands, small.books.writes) == (0, [])


@pytest.mark.parametrize(
    "body",
    [
        {"cmd": {"a": "tasks.task.get?id=41"}, "halt": 0},
        [{"method": "scopes"}],
        [{"method": "scopes", "query": None}],
        [{"method": "scopes", "query": "x"}],
        [{"query": {}}],
        [{"method": 5, "query": {}}],
        ["scopes"],
        [[]],
        [],
        [{"method": "scopes", "query": {}, "as": "a"}, {"method": "scopes", "query": {}, "as": "a"}],
    ],
)
async def test_what_is_no_batch_is_refused_and_nothing_runs(small: Sandbox, refused: Any, body: Any) -> None:
    assert (await refused(small, "batch", body))[:2] == (400, "INVALIDSELECTEXCEPTION")
    assert small.books.commands == 0


async def test_a_command_without_parameters_has_an_empty_query(portal: Sandbox, ask: Any) -> None:
    answers = await ask(portal, "batch", [{"method": "scopes", "query": {}}, {"method": "scopes", "query": []}])
    assert answers[0] == answers[1]


async def test_a_token_for_a_batch_comes_in_the_header(small: Sandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {small.app().tokens()['access_token']}"}
    url = small.url.partition("/rest/")[0] + "/rest/api/batch"
    async with http.post(url, json=[_get(41)], headers=headers) as response:
        assert (await response.json())["result"] == [{"item": {"id": 41}}]


async def test_a_command_beyond_the_scope_fails_the_batch(small: Sandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Authorization": f"Bearer {small.app(scope=('task',)).tokens()['access_token']}"}
    url = small.url.partition("/rest/")[0] + "/rest/api/batch"
    body = [_get(41), {"method": "note.collection.list", "query": {}}]
    async with http.post(url, json=body, headers=headers) as response:
        said = await response.json()
    assert (response.status, said["error"]["code"][-26:]) == (403, "INSUFFICIENTSCOPEEXCEPTION")


async def test_what_a_batch_runs_is_operating_time_of_the_batch(http: aiohttp.ClientSession, ask: Any) -> None:
    limits = Limits(rate=1000, burst=1000, operating=10)
    async with Sandbox(deals=3, limits=limits) as sandbox:
        sandbox.costs["tasks.task.get"] = 6
        url = sandbox.url.replace("/rest/", "/rest/api/")
        async with http.post(url + "batch", json=[_get(41), _get(43)]) as response:
            body = await response.json()
        assert body["time"]["operating"] >= 12
        assert await ask(sandbox, "tasks.task.get", {"id": 41, "select": ["id"]}) == {"item": {"id": 41}}
        async with http.post(url + "batch", json=[_get(41)]) as response:
            body = await response.json()
        assert (response.status, body["error"]["code"]) == (429, "BITRIX_REST_V3_EXCEPTION_RATELIMITEXCEPTION")
        sandbox.advance(601)
        assert await ask(sandbox, "batch", [_get(41)])
