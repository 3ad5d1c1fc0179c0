"""How REST 3.0 is called and how it answers: api-reference/rest-v3.md."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

CODE = "BITRIX_REST_V3_EXCEPTION_"


def _at(sandbox: Sandbox, method: str) -> str:
    return sandbox.url.replace("/rest/", "/rest/api/") + method


async def test_a_success_has_a_result_and_a_time_and_neither_total_nor_next(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    async with http.post(_at(portal, "tasks.task.list"), json={"pagination": {"limit": 1}}) as response:
        body = await response.json()
    assert response.status == 200
    assert set(body) == {"result", "time"}
    assert set(body["time"]) == {"start", "finish", "duration", "processing", "date_start", "date_finish"}
    assert body["result"] == {"items": [{"id": portal.ids("task")[0]}]}


async def test_a_failure_has_an_error_with_a_code_a_message_and_what_is_wrong(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    async with http.post(_at(portal, "tasks.task.get"), json={}) as response:
        body = await response.json()
    assert response.status == 400
    assert body == {
        "error": {
            "code": CODE + "VALIDATION_REQUESTVALIDATIONEXCEPTION",
            "message": "Error validating request object",
            "validation": [{"message": "Required field `id` is not specified", "field": "id"}],
        }
    }


async def test_the_query_string_is_not_read(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(_at(portal, "tasks.task.get?id=51")) as response:
        body = await response.json()
    assert (response.status, body["error"]["code"]) == (400, CODE + "VALIDATION_REQUESTVALIDATIONEXCEPTION")
    assert body["error"]["validation"][0]["field"] == "id"


async def test_methods_without_parameters_may_be_called_by_get(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(_at(portal, "rest.scope.list")) as response:
        assert response.status == 200
    async with http.post(_at(portal, "rest.scope.list")) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"id=41"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="id"\r\n\r\n41\r\n--x--\r\n'),
        ("application/json", b'{"id": '),
        ("application/json", b"41"),
        ("application/json", b"null"),
        ("application/json", b'{"id": NaN}'),
        ("application/json", b"\xff\xfe"),
        ("text/plain", b'{"id": 41}'),
    ],
)
async def test_a_body_that_is_no_json_is_refused(
    portal: Sandbox, http: aiohttp.ClientSession, kind: str, body: bytes
) -> None:
    async with http.post(_at(portal, "tasks.task.get"), data=body, headers={"Content-Type": kind}) as response:
        said = await response.json()
    assert (response.status, said["error"]["code"]) == (400, CODE + "INVALIDJSONEXCEPTION")


async def test_the_charset_of_the_content_type_does_not_matter(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    async with http.post(_at(portal, "tasks.task.get"), data=b'{"id": 41}', headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("name", ["no.such.method", "crm.item.list", "user.get", "Tasks.Task.Get", "server.time"])
async def test_what_is_no_method_of_rest_3_is_not_found_there(portal: Sandbox, refused: Any, name: str) -> None:
    assert (await refused(portal, name))[:2] == (404, "METHODNOTFOUNDEXCEPTION")


async def test_what_is_only_of_rest_3_is_not_found_in_the_classic_api(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "rest.scope.list")
    assert (answer["status"], answer["error"]) == (404, "ERROR_METHOD_NOT_FOUND")


async def test_what_both_have_is_answered_by_each_in_its_own_way(portal: Sandbox, call: Any, ask: Any) -> None:
    classic = (await call(portal, "tasks.task.get", {"taskId": 41}))["result"]["task"]
    modern = (await ask(portal, "tasks.task.get", {"id": 41}))["item"]
    assert (classic["id"], modern["id"]) == ("41", 41)
    assert classic["title"] == modern["title"]


async def test_a_wrong_code_is_refused_in_the_envelope_of_rest_3(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    url = _at(portal, "tasks.task.list").replace(portal.code, "wrong")
    async with http.post(url, json={}) as response:
        body = await response.json()
    assert (response.status, body["error"]["code"]) == (401, CODE + "ACCESSDENIEDEXCEPTION")


@pytest.mark.parametrize("where", ["header", "body", "query", "nowhere", "wrong"])
async def test_a_token_may_come_in_the_header_in_the_body_or_in_the_query(
    small: Sandbox, http: aiohttp.ClientSession, where: str
) -> None:
    token = small.app().tokens()["access_token"]
    url = small.url.partition("/rest/")[0] + "/rest/api/tasks.task.list"
    headers = {"Authorization": f"Bearer {'x' if where == 'wrong' else token}"} if where in {"header", "wrong"} else {}
    params = {"auth": token} if where == "query" else {}
    body = {"auth": token, "pagination": {"limit": 1}} if where == "body" else {"pagination": {"limit": 1}}
    async with http.post(url, json=body, headers=headers, params=params) as response:
        said = await response.json()
    if where in {"nowhere", "wrong"}:
        assert (response.status, said["error"]["code"]) == (401, CODE + "ACCESSDENIEDEXCEPTION")
    else:
        assert (response.status, len(said["result"]["items"])) == (200, 1)


async def test_an_expired_token_is_refused_with_401(small: Sandbox, http: aiohttp.ClientSession) -> None:
    token = small.app().tokens()["access_token"]
    small.advance(3601)
    url = small.url.partition("/rest/")[0] + "/rest/api/tasks.task.list"
    async with http.post(url, json={"auth": token}) as response:
        said = await response.json()
    assert (response.status, said["error"]["code"]) == (401, CODE + "ACCESSDENIEDEXCEPTION")


@pytest.mark.parametrize(
    ("method", "scope", "allowed"),
    [
        ("tasks.task.list", ("tasks",), True),
        ("tasks.task.list", ("task",), True),
        ("tasks.task.list", ("crm",), False),
        ("note.collection.list", ("note",), True),
        ("note.collection.list", ("task",), False),
        ("rest.documentation.openapi", (), True),
        ("scopes", (), True),
    ],
)
async def test_a_method_needs_its_scope_or_answers_403(
    small: Sandbox, http: aiohttp.ClientSession, method: str, scope: tuple[str, ...], allowed: bool
) -> None:
    token = small.app(scope=scope).tokens()["access_token"]
    url = small.url.partition("/rest/")[0] + "/rest/api/" + method
    async with http.post(url, json={}, headers={"Authorization": f"Bearer {token}"}) as response:
        said = await response.json()
    if allowed:
        assert response.status == 200
    else:
        assert (response.status, said["error"]["code"]) == (403, CODE + "INSUFFICIENTSCOPEEXCEPTION")


async def test_auth_and_state_in_the_body_do_not_reach_the_method(small: Sandbox, ask: Any) -> None:
    seen: list[dict[str, Any]] = []
    small.before_command = lambda method, params, place: seen.append(dict(params))
    await ask(small, "tasks.task.get", {"id": 41, "auth": "x", "state": "y"})
    assert seen == [{"id": 41}]


async def test_a_portal_without_rest_3_knows_no_such_address(http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=3, limits=Limits.none(), rest_v3=False) as old:
        async with http.post(_at(old, "tasks.task.list"), json={}) as response:
            assert (response.status, response.content_type) == (404, "text/html")
        async with http.post(old.url + "tasks.task.list", json={}) as response:
            assert response.status == 200
