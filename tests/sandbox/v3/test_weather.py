"""Limits, faults, denials and the helpers of tests: for REST 3.0 as for the classic API."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

GET = "tasks.task.get"
PREFIX = "BITRIX_REST_V3_EXCEPTION_"


def _at(sandbox: Sandbox, method: str) -> str:
    return sandbox.url.replace("/rest/", "/rest/api/") + method


async def _send(http: aiohttp.ClientSession, sandbox: Sandbox, method: str, body: Any) -> tuple[int, Any]:
    async with http.post(_at(sandbox, method), json=body) as response:
        return response.status, await response.json()


async def test_a_full_bucket_refuses_in_the_words_of_the_classic_api(http: aiohttp.ClientSession, call: Any) -> None:
    async with Sandbox(deals=3, limits=Limits(rate=0.001, burst=2)) as sandbox:
        await _send(http, sandbox, GET, {"id": 41})
        await call(sandbox, "scope")  # both draw from one bucket
        status, body = await _send(http, sandbox, GET, {"id": 41})
        assert (status, body["error"]) == (503, "QUERY_LIMIT_EXCEEDED")
        assert sandbox.books.refusals == 1
        sandbox.advance(1000)
        assert (await _send(http, sandbox, GET, {"id": 41}))[0] == 200


async def test_used_up_operating_time_is_429(http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=3, limits=Limits(rate=1000, burst=1000, operating=10)) as sandbox:
        sandbox.costs[GET] = 11
        _, body = await _send(http, sandbox, GET, {"id": 41})
        assert body["time"]["operating"] >= 11
        assert body["time"]["operating_reset_at"] > body["time"]["start"]
        status, body = await _send(http, sandbox, GET, {"id": 41})
        assert (status, body["error"]["code"]) == (429, PREFIX + "RATELIMITEXCEPTION")
        assert (await _send(http, sandbox, "tasks.task.list", {}))[0] == 200
        sandbox.advance(601)
        assert (await _send(http, sandbox, GET, {"id": 41}))[0] == 200


async def test_a_denied_method_does_not_run(small: Sandbox, refused: Any) -> None:
    small.denied.add("tasks.task.add")
    answer = await refused(small, "tasks.task.add", {"fields": {"title": "x", "creatorId": 1, "responsibleId": 1}})
    assert answer == (403, "ACCESSDENIEDEXCEPTION", {})
    assert small.books.writes == []


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("command_error", 500, PREFIX + "INTERNAL_INTERNALEXCEPTION"),
        ("operation_time_limit", 429, PREFIX + "RATELIMITEXCEPTION"),
        ("access_denied", 403, PREFIX + "ACCESSDENIEDEXCEPTION"),
        ("server_error", 500, PREFIX + "INTERNAL_INTERNALEXCEPTION"),
        ("expired_token", 401, PREFIX + "ACCESSDENIEDEXCEPTION"),
    ],
)
async def test_faults_have_the_envelope_of_rest_3(
    small: Sandbox, http: aiohttp.ClientSession, fault: str, status: int, code: str
) -> None:
    small.faults.add(fault, method=GET)
    answer = await _send(http, small, GET, {"id": 41})
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    assert small.books.commands == 0
    assert (await _send(http, small, GET, {"id": 41}))[0] == 200


async def test_a_fault_may_have_any_code_of_rest_3(small: Sandbox, http: aiohttp.ClientSession) -> None:
    small.faults.add("command_error", code=PREFIX + "LICENSEEXCEPTION", text="No", status=403)
    assert await _send(http, small, GET, {"id": 41}) == (
        403,
        {"error": {"code": PREFIX + "LICENSEEXCEPTION", "message": "No"}},
    )


@pytest.mark.parametrize("fault", ["query_limit", "command_query_limit"])
async def test_a_fault_of_the_bucket_stays_classic(small: Sandbox, http: aiohttp.ClientSession, fault: str) -> None:
    small.faults.add(fault)
    status, body = await _send(http, small, GET, {"id": 41})
    assert (status, body["error"]) == (503, "QUERY_LIMIT_EXCEEDED")
    assert small.books.refusals == 1


async def test_a_fault_of_a_command_fails_its_batch(small: Sandbox, http: aiohttp.ClientSession) -> None:
    small.faults.add("access_denied", method=GET, after=1)
    command = {"method": GET, "query": {"id": 41}}
    status, body = await _send(http, small, "batch", [command, command, command])
    assert (status, body["error"]["code"]) == (403, PREFIX + "ACCESSDENIEDEXCEPTION")
    assert small.books.commands == 1


async def test_faults_of_requests_know_the_length_of_a_batch(small: Sandbox, http: aiohttp.ClientSession) -> None:
    small.faults.add("server_error", over=1)
    command = {"method": GET, "query": {"id": 41}}
    assert (await _send(http, small, "batch", [command]))[0] == 200
    assert (await _send(http, small, "batch", [command, command]))[0] == 500


async def test_delays_are_part_of_the_time_of_a_call_and_of_its_batch(
    small: Sandbox, http: aiohttp.ClientSession
) -> None:
    small.delays.update({GET: 0.01, "batch": 0.01})
    _, body = await _send(http, small, GET, {"id": 41})
    assert body["time"]["duration"] >= 0.01
    command = {"method": GET, "query": {"id": 41}}
    _, body = await _send(http, small, "batch", [command, command])
    assert body["time"]["duration"] >= 0.03


async def test_a_batch_that_takes_too_long_is_given_up(http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=3, limits=Limits.none(), request_timeout=0.015) as sandbox:
        sandbox.delays["tasks.task.update"] = 0.01
        body = [{"method": "tasks.task.update", "query": {"id": 41, "fields": {"title": f"{n}"}}} for n in range(4)]
        async with http.post(_at(sandbox, "batch"), json=body) as response:
            assert (response.status, response.content_type) == (504, "text/html")
        assert len(sandbox.books.writes) == 2


async def test_before_command_may_change_what_is_read(small: Sandbox, ask: Any) -> None:
    small.before_command = lambda method, params, place: small.insert("task", title="late", responsible_id=1)
    before = small.ids("task")
    seen = [row["id"] for row in (await ask(small, "tasks.task.list", {"order": {"id": "DESC"}}))["items"]]
    assert seen[0] > before[-1]


async def test_a_crash_of_a_method_is_an_error_of_the_portal(http: aiohttp.ClientSession, monkeypatch: Any) -> None:
    async with Sandbox(deals=3, limits=Limits.none()) as sandbox:
        monkeypatch.setattr("b24orm.sandbox.v3.listing.not_found", None)
        status, body = await _send(http, sandbox, GET, {"id": 2})
        assert (status, body["error"]["code"]) == (500, PREFIX + "INTERNAL_INTERNALEXCEPTION")
        assert "TypeError" in sandbox.books.crashes[0]


async def test_the_books_tell_what_was_asked(small: Sandbox, ask: Any) -> None:
    await ask(small, "tasks.task.list")
    assert small.books.methods == {"tasks.task.list": 1}
    assert small.books.method_rows == {"tasks.task.list": 50}
    assert [record.status for record in small.books.log] == [200]
