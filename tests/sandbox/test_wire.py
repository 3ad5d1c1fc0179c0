"""The wire: transports, encodings, headers and bodies. Sections 1 to 3 of the behaviour notes."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.markup import to_xml

WRONG = b'{"error":"WRONG_ENCODING","error_description":"Wrong request encoding"}'


async def test_the_suffix_xml_asks_for_xml(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(portal.url + "crm.item.list.xml?entityTypeId=2&select[]=id&select[]=title") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
        root = ElementTree.fromstring(await response.text())
    assert root.tag == "response"
    items = root.findall("./result/items/item")
    assert len(items) == 50
    assert {child.tag for child in items[0]} == {"id", "title"}
    assert root.findtext("next") == "50"
    assert root.find("time/duration") is not None


async def test_errors_come_as_xml_too_and_batches(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.get(portal.url + "Crm.Deal.Get.XML?id=999999999") as response:
        assert (response.status, response.content_type) == (400, "text/xml")
        text = await response.text()
    assert text == "<response><error></error><error_description>Not found</error_description></response>"
    async with http.get(portal.url + "no.such.xml") as response:
        assert (response.status, response.content_type) == (404, "text/xml")
    portal.faults.add("server_error")
    async with http.get(portal.url + "scope.xml") as response:
        assert (response.status, response.content_type) == (500, "text/xml")
    async with http.post(portal.url + "batch.xml", json={"cmd": {"a": "profile", "b": "no.such"}}) as response:
        root = ElementTree.fromstring(await response.text())
    assert root.findtext("./result/result/a/ID") == "1"
    assert root.findtext("./result/result_error/b/error") == "ERROR_METHOD_NOT_FOUND"


def test_xml_has_1_for_true_nothing_for_false_and_null_and_item_for_numbers() -> None:
    answer = {"result": {"yes": True, "no": False, "none": None, "list": [1, "<&>\"'"], "7": {"a": 1.5}}}
    assert to_xml(answer) == (
        b"<response><result><yes>1</yes><no></no><none></none>"
        b"<list><item>1</item><item>&lt;&amp;&gt;&quot;&apos;</item></list><item><a>1.5</a></item></result></response>"
    )


async def test_an_answer_that_holds_no_utf8_is_lost_though_its_status_is_not(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    # The batch answers by the keys that it was given, and an error repeats the name that it does not know.
    async with http.get(portal.url + "batch?cmd[%ff%fe]=scope") as response:
        assert (response.status, await response.read()) == (200, WRONG)
    async with http.post(
        portal.url + "crm.item.list",
        data=b"entityTypeId=2&filter[\xff]=1",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ) as response:
        assert (response.status, await response.read()) == (400, WRONG)
    async with http.get(portal.url + "batch.xml?cmd[%ff]=scope") as response:
        assert b"<\xff>" in await response.read()


async def test_a_value_that_is_no_utf8_does_not_reach_the_database(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    async with http.get(portal.url + "crm.deal.list?filter[TITLE]=%ff") as response:
        body = await response.json()
        assert (response.status, body["error"]) == (500, "ERROR_CORE")
    assert portal.books.crashes == []


async def test_every_answer_of_the_api_may_be_read_by_pages_of_other_sites(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    for method in ("scope", "no.such", "crm.deal.get"):
        async with http.post(portal.url + method) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_seconds_of_the_method_are_in_headers_too(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.post(portal.url + "crm.deal.list") as response:
        time = (await response.json())["time"]
        assert float(response.headers["X-Bitrix-Rest-Time"]) == pytest.approx(time["processing"], abs=1e-6)
        assert float(response.headers["X-Bitrix-Rest-User-Time"]) >= 0
        assert float(response.headers["X-Bitrix-Rest-System-Time"]) >= 0
        assert "X-Bitrix-Rest-Application" not in response.headers  # a webhook is none
    async with http.post(portal.url + "no.such") as response:
        assert float(response.headers["X-Bitrix-Rest-Time"]) == 0


async def test_the_question_of_a_browser_runs_nothing(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    before = portal.books.commands
    async with http.options(portal.url + "crm.deal.list", headers={"Origin": "https://example.test"}) as response:
        assert (response.status, await response.read()) == (200, b"")
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert portal.books.commands == before


async def test_answers_say_json_in_utf8_be_they_successes_or_errors(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    for method in ("scope", "no.such"):
        async with http.get(portal.url + method) as response:
            assert response.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_an_address_that_is_too_long_gets_a_page(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    commands = urlencode({f"cmd[{n}]": "crm.item.list?entityTypeId=2&select[]=id&select[]=title" for n in range(100)})
    assert len(commands) > 8190
    async with http.get(f"{portal.url}batch?{commands}") as response:
        assert (response.status, response.content_type) == (414, "text/html")
    async with http.post(
        f"{portal.url}batch", data=commands, headers={"Content-Type": "application/x-www-form-urlencoded"}
    ) as response:
        assert response.status == 200


@pytest.mark.parametrize("kind", ["json", "form", "multipart"])
async def test_bodies_of_any_size_are_read(small: Sandbox, http: aiohttp.ClientSession, kind: str) -> None:
    text = "x" * 900_000
    fields = {"TITLE": "ж & =", "COMMENTS": text, "SOURCE_DESCRIPTION": text}
    form = {f"fields[{name}]": value for name, value in fields.items()}
    if kind == "multipart":
        body: Any = aiohttp.FormData(form, default_to_multipart=True)
        headers = {}
    else:
        body = BytesIO((json.dumps({"fields": fields}) if kind == "json" else urlencode(form)).encode())
        headers = {"Content-Type": "application/json" if kind == "json" else "application/x-www-form-urlencoded"}
    async with http.post(small.url + "crm.deal.add", data=body, headers=headers) as response:
        new = (await response.json())["result"]
    row = small.row("deal", new) or {}
    assert (row["title"], row["comments"], row["source_description"]) == tuple(fields.values())


async def test_a_multipart_body_without_a_boundary_is_ignored(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    async with http.post(portal.url + "scope", data=b"--x", headers=headers) as response:
        assert response.status == 200


async def test_json_is_read_whatever_charset_it_names_and_not_by_other_types(
    portal: Sandbox, http: aiohttp.ClientSession
) -> None:
    first = portal.ids("deal")[0]
    body = f'{{"entityTypeId": 2, "filter": {{"id": {first}}}}}'
    for kind, known in (
        ("application/json; charset=utf-8", True),
        ("application/vnd.api+json", False),
        ("text/json", False),
    ):
        async with http.post(portal.url + "crm.item.list", data=body, headers={"Content-Type": kind}) as response:
            answer = await response.json()
            assert ("result" in answer) is known, kind


async def test_a_list_as_a_json_body_has_its_places_as_names(portal: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.post(portal.url + "crm.item.list?entityTypeId=2", json=[1, 2]) as response:
        assert (await response.json())["total"] == 600


@pytest.mark.parametrize("name", ["scope.JSON", "SCOPE.Json"])
async def test_the_suffix_is_free_in_case(portal: Sandbox, http: aiohttp.ClientSession, name: str) -> None:
    async with http.get(portal.url + name) as response:
        assert (response.status, response.content_type) == (200, "application/json")


async def test_authorization_keys_of_another_case_are_parameters_like_others(portal: Sandbox, call: Any) -> None:
    # user.get takes what it does not know for conditions on fields that are not there.
    assert (await call(portal, "user.get", {"AUTH": "x", "Access_Token": "y", "ID": 1}))["result"][0]["ID"] == "1"
    assert (await call(portal, "user.get", {"auth": "x", "ID": 1}))["result"][0]["ID"] == "1"


async def test_a_refusal_of_the_bucket_comes_in_the_form_that_was_asked_for(http: aiohttp.ClientSession) -> None:
    async with (
        Sandbox(deals=3, users=2, limits=Limits(rate=0.001, burst=1)) as sandbox,
        http.get(sandbox.url + "scope") as first,
        http.get(sandbox.url + "scope.xml") as second,
    ):
        assert (first.status, second.status, second.content_type) == (200, 503, "text/xml")
