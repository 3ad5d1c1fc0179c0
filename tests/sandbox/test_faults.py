from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from b24orm.errors import ConfigurationError
from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.faults import FaultSpec, read_fault
from b24orm.sandbox.verdicts import VERDICTS, Verdict


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("html", 200, "text/html"),
        ("bad_gateway", 502, "text/html"),
        ("unavailable", 503, "text/html"),
        ("gateway_timeout", 504, "text/html"),
        ("too_many", 429, "text/html"),
        ("not_found_html", 404, "text/html"),
        ("forbidden_html", 403, "text/html"),
        ("empty", 200, "application/json"),
        ("query_limit", 503, "application/json"),
        ("server_error", 500, "application/json"),
        ("expired_token", 401, "application/json"),
    ],
)
async def test_a_fault_answers_instead_of_the_method(
    small: Sandbox, http: aiohttp.ClientSession, kind: str, status: int, content_type: str
) -> None:
    small.faults.add(kind)
    async with http.post(small.url + "scope") as response:
        assert (response.status, response.content_type) == (status, content_type)
        await response.read()
    assert small.books.commands == 0
    assert small.faults.pending == 0
    async with http.post(small.url + "scope") as response:
        assert response.status == 200


async def test_a_reset_runs_nothing_and_a_late_reset_runs_everything(
    small: Sandbox, http: aiohttp.ClientSession
) -> None:
    for kind, run in (("reset", 0), ("reset_after", 1)):
        small.books.reset()
        small.faults.add(kind)
        with pytest.raises(aiohttp.ClientError):
            await http.post(small.url + "scope")
        assert small.books.commands == run
        assert small.books.log[-1].status == 0


async def test_half_an_answer_breaks_off_under_a_right_length(small: Sandbox, http: aiohttp.ClientSession) -> None:
    small.faults.add("half_answer")
    async with http.post(small.url + "methods") as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert small.books.commands == 1
    small.faults.add("reset_after")
    with pytest.raises(aiohttp.ClientError):
        await http.post(small.url + "crm.deal.list")
    assert small.books.method_rows == {"crm.deal.list": small.books.rows}
    assert small.books.rows > 10  # handed out, though the answer never came


async def test_broken_json_is_whole_for_http(small: Sandbox, http: aiohttp.ClientSession) -> None:
    small.faults.add("broken_json")
    async with http.post(small.url + "methods") as response:
        text = await response.text()
    assert text.startswith('{"result"')
    assert not text.endswith("}")


async def test_a_hanging_request_ends_when_its_client_goes(small: Sandbox, http: aiohttp.ClientSession) -> None:
    small.faults.add("hang")
    with pytest.raises(asyncio.TimeoutError):
        await http.post(small.url + "scope", timeout=aiohttp.ClientTimeout(total=0.1))
    async with http.post(small.url + "scope") as response:
        assert response.status == 200


def _until_taken(sandbox: Sandbox) -> None:
    while sandbox.faults.pending:
        time.sleep(0.01)


async def test_a_hanging_request_does_not_keep_the_portal_from_stopping(http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=5, faults=["hang"]) as sandbox:
        task = asyncio.create_task(http.post(sandbox.url + "scope"))
        await asyncio.to_thread(_until_taken, sandbox)
    with pytest.raises(aiohttp.ClientError):
        await task


async def test_faults_wait_for_their_method_and_their_turn(call: Any) -> None:
    faults: list[FaultSpec] = [("server_error", {"method": "Batch", "after": 1, "times": 2}), "query_limit"]
    async with Sandbox(deals=5, limits=Limits.none(), faults=faults) as sandbox:
        assert sandbox.faults.pending == 3
        assert (await call(sandbox, "scope"))["error"] == "QUERY_LIMIT_EXCEEDED"
        assert sandbox.books.refusals == 1
        assert (await call(sandbox, "scope"))["status"] == 200
        statuses = [(await call(sandbox, "batch", {"cmd": ["scope"]}))["status"] for _ in range(4)]
        assert statuses == [200, 500, 500, 200]


async def test_one_command_of_a_batch_may_fail_alone(small: Sandbox, call: Any) -> None:
    small.faults.add("command_error", method="scope", after=1)
    small.faults.add("operation_time_limit", method="methods")
    small.faults.add("access_denied", method="profile")
    answer = await call(small, "batch", {"cmd": {"a": "scope", "b": "scope", "c": "methods", "d": "profile"}})
    errors = {key: error["error"] for key, error in answer["result"]["result_error"].items()}
    assert errors == {"b": "INTERNAL_SERVER_ERROR", "c": "OPERATION_TIME_LIMIT", "d": "ACCESS_DENIED"}
    assert small.books.commands == 1
    small.faults.add("command_query_limit")
    refused = await call(small, "batch", {"cmd": {"a": "scope"}})
    assert refused["result"]["result_error"]["a"]["error"] == "QUERY_LIMIT_EXCEEDED"
    assert (small.books.commands, small.books.refusals) == (1, 1)
    small.faults.add("command_query_limit")
    refused = await call(small, "scope")
    assert (refused["status"], refused["error"]) == (503, "QUERY_LIMIT_EXCEEDED")
    small.faults.add("operation_time_limit")
    assert (await call(small, "scope"))["status"] == 429


def test_an_unknown_fault_is_refused_with_a_hint() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'bad_gateway'"):
        Sandbox(deals=1, faults=["bad_gatewy"])


async def test_faults_can_be_called_off(small: Sandbox, call: Any) -> None:
    small.faults.add("html", times=5)
    small.faults.clear()
    assert (await call(small, "scope"))["status"] == 200


async def _statuses(call: Any, sandbox: Sandbox, calls: int) -> list[int]:
    return [(await call(sandbox, "scope"))["status"] for _ in range(calls)]


async def test_a_fault_of_every_third_request_has_no_end_unless_it_is_given_one(small: Sandbox, call: Any) -> None:
    small.faults.add("server_error", every=3)
    assert small.faults.pending == 0
    assert await _statuses(call, small, 9) == [200, 200, 500] * 3
    small.faults.clear()
    small.faults.add("server_error", every=2, after=1, times=2)
    assert small.faults.pending == 2
    assert await _statuses(call, small, 7) == [200, 200, 500, 200, 500, 200, 200]
    assert small.faults.pending == 0


async def test_a_fault_of_every_fifth_command_counts_the_commands_of_all_requests(small: Sandbox, call: Any) -> None:
    small.faults.add("command_error", every=5)
    failed: list[int] = []
    for _ in range(3):
        result = (await call(small, "batch", {"cmd": {f"c{n}": "scope" for n in range(7)}}))["result"]
        failed.append(len(result["result_error"]))
    assert failed == [1, 1, 2]
    assert small.books.commands == 17


async def test_a_fault_of_long_batches_spares_short_ones_and_plain_calls(small: Sandbox, call: Any) -> None:
    small.faults.add("server_error", every=1, over=10)
    lengths = (11, 10, 50, 1)
    statuses = [(await call(small, "batch", {"cmd": ["scope"] * length}))["status"] for length in lengths]
    assert statuses == [500, 200, 500, 200]
    assert await _statuses(call, small, 1) == [200]
    small.faults.clear()
    small.faults.add("server_error", over=0)
    assert await _statuses(call, small, 1) == [200]
    assert (await call(small, "batch", {"cmd": ["scope"]}))["status"] == 500


def test_a_fault_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="every=0"):
        Sandbox(deals=1, faults=[("reset", {"every": 0})])
    with pytest.raises(ConfigurationError, match="'access_denied' is a fault of one command"):
        Sandbox(deals=1, faults=[("access_denied", {"over": 3})])


@pytest.mark.parametrize(("kind", "verdict"), VERDICTS.items(), ids=VERDICTS)
async def test_every_error_of_the_portal_can_be_asked_for_with_each_of_its_statuses(
    small: Sandbox, call: Any, kind: str, verdict: Verdict
) -> None:
    for status in verdict.statuses:
        small.faults.add(kind, status=status)
        answer = await call(small, "crm.deal.list")
        assert answer == {"status": status, "error": verdict.code, "error_description": verdict.description}
    small.faults.add(kind)
    assert (await call(small, "batch", {"cmd": ["scope"]}))["status"] == verdict.statuses[0]
    assert small.books.commands == 0


async def test_an_error_of_ones_own_words_can_be_asked_for(small: Sandbox, call: Any) -> None:
    small.faults.add("error", code="MODULE_17", text="No module", status=418)
    assert await call(small, "scope") == {"status": 418, "error": "MODULE_17", "error_description": "No module"}
    small.faults.add("command_error", code="201240400001", text="", status=404, method="scope")
    result = (await call(small, "batch", {"cmd": {"a": "scope"}}))["result"]
    assert result["result_error"] == {"a": {"error": "201240400001", "error_description": ""}}


async def test_an_error_that_a_method_hands_back_itself_goes_out_with_status_200_and_no_time(
    small: Sandbox, call: Any
) -> None:
    small.faults.add("soft_error", code="ERROR_HANDLER", text="It went wrong")
    assert await call(small, "scope") == {
        "status": 200,
        "error": "ERROR_HANDLER",
        "error_description": "It went wrong",
    }
    small.faults.add("soft_error")
    result = (await call(small, "batch", {"cmd": {"a": "scope", "b": "methods"}}))["result"]
    assert result["result_error"] == {"a": {"error": "ERROR_CORE", "error_description": "Internal error!"}}
    assert list(result["result"]) == list(result["result_time"]) == ["b"]


async def test_a_fault_of_commands_strikes_a_batch_as_such_only_by_its_name(small: Sandbox, call: Any) -> None:
    small.faults.add("command_error", method="batch")
    assert (await call(small, "scope"))["status"] == 200
    assert (await call(small, "batch", {"cmd": ["scope"]}))["status"] == 500
    small.faults.add("command_error")
    assert "result_error" in (await call(small, "batch", {"cmd": {"a": "scope"}}))["result"]
    assert small.faults.pending == 0


def test_only_errors_of_the_portal_have_codes_texts_and_statuses() -> None:
    with pytest.raises(ConfigurationError, match="'html' is none"):
        Sandbox(deals=1, faults=[("html", {"status": 500})])


def test_the_command_line_can_ask_for_an_error_in_its_own_words() -> None:
    options = {"code": "MODULE_17", "text": "No module", "status": 418}
    assert read_fault("error:code=MODULE_17,text=No module,status=418") == ("error", options)
