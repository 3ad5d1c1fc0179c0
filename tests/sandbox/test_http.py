from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from b24orm.sandbox import Sandbox


async def _get(http: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, Any]]:
    async with http.get(url) as response:
        return response.status, await response.json()


async def test_a_success_has_a_result_and_a_time(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "server.time")
    assert answer["status"] == 200
    assert answer["result"].endswith("+03:00")
    assert set(answer["time"]) == {"start", "finish", "duration", "processing", "date_start", "date_finish"}


@pytest.mark.parametrize("name", ["scope", "SCOPE", "Scope.json", "scope/", "scope.json/"])
async def test_method_names_are_free_in_case_suffix_and_trailing_slash(
    portal: Sandbox, http: aiohttp.ClientSession, name: str
) -> None:
    status, body = await _get(http, portal.url + name)
    assert status == 200
    assert "crm" in body["result"]


async def test_slashes_are_merged_as_front_servers_do(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    status, body = await _get(http, portal.url.replace("/rest/", "//rest//") + "/scope")
    assert status == 200
    assert "crm" in body["result"]


async def test_an_unknown_method_is_reported_before_the_code_is_checked(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    url = portal.url.replace(portal.code, "wrong")
    status, body = await _get(http, url + "no.such.method")
    assert (status, body) == (404, {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"})
    status, body = await _get(http, url + "scope")
    assert (status, body["error"]) == (401, "INVALID_CREDENTIALS")
    assert body["error_description"] == "Invalid request credentials"


async def test_a_call_without_any_code_is_not_authorized(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    root = portal.url.partition("/rest/")[0]
    status, body = await _get(http, root + "/rest/scope")
    assert (status, body["error"]) == (401, "NO_AUTH_FOUND")


async def test_other_urls_get_a_page_not_json(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    root = portal.url.partition("/rest/")[0]
    for path in ("/rest/", "/other/1/2/3"):
        async with http.get(root + path) as response:
            assert response.status == 404
            assert response.content_type == "text/html"


async def test_parameters_come_from_query_form_json_and_multipart(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    ids = portal.ids("deal")[:2]
    url = portal.url + "crm.item.list"

    async def read(**request: Any) -> list[int]:
        async with http.post(url, **request) as response:
            body = await response.json()
            return [row["id"] for row in body["result"]["items"]]

    query = f"?entityTypeId=2&filter[id]={ids[0]}"
    _, body = await _get(http, url + query)
    assert [row["id"] for row in body["result"]["items"]] == [ids[0]]
    form = aiohttp.FormData({"entityTypeId": "2", "filter[id]": str(ids[1])})
    assert await read(data=form) == [ids[1]]
    assert await read(json={"entityTypeId": 2, "filter": {"id": ids[1]}}) == [ids[1]]
    multipart = aiohttp.FormData(default_to_multipart=True)
    multipart.add_field("entityTypeId", "2")
    multipart.add_field("filter[id]", str(ids[1]))
    assert await read(data=multipart) == [ids[1]]


async def test_the_body_overrides_the_query_by_top_level_key(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    ids = portal.ids("deal")[:2]
    url = f"{portal.url}crm.item.list?entityTypeId=2&filter[id]={ids[0]}"
    async with http.post(url, json={"filter": {"id": ids[1]}}) as response:
        assert [row["id"] for row in (await response.json())["result"]["items"]] == [ids[1]]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b'{"filter": '), ("application/json", b"5"), ("text/plain", b'{"filter":{"id":1}}')],
)
async def test_a_body_that_is_no_json_or_does_not_say_so_is_ignored(
    portal: Sandbox, http: aiohttp.ClientSession, content_type: str, body: bytes
) -> None:
    first = portal.ids("deal")[0]
    url = f"{portal.url}crm.item.list?entityTypeId=2&filter[id]={first}"
    async with http.post(url, data=body, headers={"Content-Type": content_type}) as response:
        assert [row["id"] for row in (await response.json())["result"]["items"]] == [first]


async def test_authorization_parameters_do_not_reach_the_method(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "user.get", {"auth": "x", "access_token": "y", "ID": 1})
    assert [row["ID"] for row in answer["result"]] == ["1"]


async def test_the_books_tell_what_was_asked(portal: Sandbox, call: Any) -> None:
    portal.books.reset()
    await call(portal, "crm.item.list", {"entityTypeId": 2})
    await call(portal, "batch", {"cmd": {"a": "scope", "b": "crm.status.list"}})
    await call(portal, "nothing.here")
    books = portal.books
    assert (books.requests, books.commands, books.refusals) == (3, 3, 0)
    assert books.methods == {"crm.item.list": 1, "scope": 1, "crm.status.list": 1}
    assert books.rows > 50
    assert books.bytes_out > 50_000
    assert [record.status for record in books.log] == [200, 200, 404]
    assert books.log[1].commands == (("a", "scope"), ("b", "crm.status.list"))
    assert "requests=3" in repr(books)


async def test_service_methods_answer(portal: Sandbox, call: Any) -> None:
    assert (await call(portal, "profile"))["result"]["ID"] == "1"
    methods = (await call(portal, "methods"))["result"]
    assert {"batch", "crm.item.list", "user.get"} <= set(methods)
    assert (await call(portal, "method.get", {"name": "crm.deal.list"}))["result"]["isExisting"] is True
    assert (await call(portal, "method.get", {"NAME": "x.y"}))["result"]["isExisting"] is False
    assert (await call(portal, "app.info"))["error"] == "ACCESS_DENIED"  # a webhook is no application (app-info.md)
    assert json.dumps(await call(portal, "user.current"))
