"""Idempotency-Key: api-reference/rest-v3.md, "Repeated calls without duplicates"."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

ADD = {"fields": {"title": "Prepare a report", "responsibleId": 1, "creatorId": 1}}


@pytest.fixture
def once(http: aiohttp.ClientSession) -> Any:
    """``await once(sandbox, method, params, key)``: status, body and the two headers."""

    async def send(
        sandbox: Sandbox, method: str, params: Any, key: str, token: str = ""
    ) -> tuple[int, Any, str | None, str | None]:
        url = sandbox.url.replace("/rest/", "/rest/api/") + method
        headers = {"Idempotency-Key": key}
        if token:
            url = sandbox.url.partition("/rest/")[0] + "/rest/api/" + method
            headers["Authorization"] = f"Bearer {token}"
        async with http.post(url, json=params, headers=headers) as response:
            said = response.headers
            return response.status, await response.json(), said.get("Idempotency-Key"), said.get("Idempotent-Replayed")

    return send


async def test_a_repeated_call_is_answered_what_the_first_one_was(small: Sandbox, once: Any) -> None:
    status, body, key, replayed = await once(small, "tasks.task.add", ADD, "9f1c")
    assert (status, key, replayed) == (200, "9f1c", None)
    assert await once(small, "tasks.task.add", ADD, "9f1c") == (200, body, "9f1c", "true")
    assert small.books.applied["task", "add"] == 1
    assert small.books.commands == 1


async def test_another_key_and_no_key_are_other_calls(small: Sandbox, once: Any, ask: Any) -> None:
    first, second = [await once(small, "tasks.task.add", ADD, key) for key in ("a", "b")]
    assert first[1]["result"]["item"]["id"] != second[1]["result"]["item"]["id"]
    await ask(small, "tasks.task.add", ADD)
    assert small.books.applied["task", "add"] == 3


async def test_a_key_is_of_one_method(small: Sandbox, once: Any) -> None:
    await once(small, "tasks.task.update", {"id": 41, "fields": {"title": "x"}}, "k")
    answer = await once(small, "tasks.task.delete", {"id": 41}, "k")
    assert (answer[0], answer[3]) == (200, None)
    assert 41 not in small.ids("task")


async def test_a_key_is_of_one_application_or_webhook_and_user(small: Sandbox, once: Any) -> None:
    app, other = small.app(), small.app()
    callers = ["", app.tokens()["access_token"], other.tokens()["access_token"], app.tokens(user_id=2)["access_token"]]
    assert [(await once(small, "tasks.task.add", ADD, "k", token))[3] for token in callers] == [None] * 4
    # a new token of the same application and user is the same caller
    assert (await once(small, "tasks.task.add", ADD, "k", app.tokens()["access_token"]))[3] == "true"


async def test_an_answer_is_kept_for_a_day(small: Sandbox, once: Any) -> None:
    await once(small, "tasks.task.add", ADD, "k")
    small.advance(24 * 3600 - 60)
    assert (await once(small, "tasks.task.add", ADD, "k"))[3] == "true"
    small.advance(120)
    assert (await once(small, "tasks.task.add", ADD, "k"))[3] is None
    assert small.books.applied["task", "add"] == 2


async def test_another_body_under_the_same_key_is_refused(small: Sandbox, once: Any) -> None:
    await once(small, "tasks.task.add", ADD, "k")
    other = {"fields": {**ADD["fields"], "title": "Other"}}
    status, body, key, replayed = await once(small, "tasks.task.add", other, "k")
    assert (status, key, replayed) == (422, None, None)
    assert body["error"]["code"] == "BITRIX_REST_V3_EXCEPTION_IDEMPOTENCYKEYREUSEDEXCEPTION"
    assert small.books.applied["task", "add"] == 1


async def test_errors_are_not_kept(small: Sandbox, once: Any) -> None:
    change = {"id": 40, "fields": {"title": "x"}}
    assert (await once(small, "tasks.task.update", change, "k"))[0] == 403
    small.insert("task", id=40, title="now it is there", responsible_id=1)
    assert (await once(small, "tasks.task.update", change, "k"))[0::3] == (200, None)
    assert (await once(small, "tasks.task.update", change, "k"))[0::3] == (200, "true")


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ", "a\tb", "é"])
async def test_a_key_is_1_to_255_printable_ascii_characters(small: Sandbox, once: Any, key: str) -> None:
    status, body, echo, _ = await once(small, "tasks.task.add", ADD, key)
    assert (status, echo) == (400, None)
    assert body["error"]["code"] == "BITRIX_REST_V3_EXCEPTION_INVALIDIDEMPOTENCYKEYEXCEPTION"
    assert small.books.writes == []


@pytest.mark.parametrize("key", ["x", "x" * 255, "9f1c1a7e-5f1b-4a1e-9a2c-2f5f2b6c7d80", "~!@ #$"])
async def test_such_keys_are_taken(small: Sandbox, once: Any, key: str) -> None:
    assert (await once(small, "tasks.task.add", ADD, key))[0::2] == (200, key)


async def test_reads_and_batches_do_not_heed_it(small: Sandbox, once: Any) -> None:
    for method, params in (
        ("tasks.task.get", {"id": 41}),
        ("batch", [{"method": "tasks.task.add", "query": ADD}]),
    ):
        for _ in range(2):
            assert (await once(small, method, params, "k"))[0::2] == (200, None)
    assert small.books.applied["task", "add"] == 2


async def test_the_classic_api_does_not_heed_it(small: Sandbox, http: aiohttp.ClientSession) -> None:
    params = {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 1}}
    for _ in range(2):
        async with http.post(small.url + "tasks.task.add", json=params, headers={"Idempotency-Key": "k"}) as response:
            assert "Idempotency-Key" not in response.headers
    assert small.books.applied["task", "add"] == 2


@pytest.mark.parametrize("fault", ["reset_after", "half_answer", "broken_json"])
async def test_the_answer_to_a_call_that_was_lost_is_had_by_repeating_it(small: Sandbox, once: Any, fault: str) -> None:
    small.faults.add(fault)
    with pytest.raises((aiohttp.ClientError, ValueError)):
        await once(small, "tasks.task.add", ADD, "k")
    assert (await once(small, "tasks.task.add", ADD, "k"))[3] == "true"
    assert small.books.applied["task", "add"] == 1


async def test_the_answer_to_a_call_that_took_too_long_is_had_by_repeating_it(
    http: aiohttp.ClientSession, once: Any
) -> None:
    async with Sandbox(deals=3, limits=Limits.none(), request_timeout=0.01) as sandbox:
        sandbox.delays["tasks.task.add"] = 0.02
        url = sandbox.url.replace("/rest/", "/rest/api/") + "tasks.task.add"
        async with http.post(url, json=ADD, headers={"Idempotency-Key": "k"}) as response:
            assert (response.status, response.content_type) == (504, "text/html")
        assert (await once(sandbox, "tasks.task.add", ADD, "k"))[3] == "true"
        assert sandbox.books.applied["task", "add"] == 1


async def test_answers_whose_day_is_over_do_not_pile_up(small: Sandbox, once: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("b24orm.sandbox.v3.replays._MANY", 2)
    for key in ("a", "b", "c"):
        await once(small, "tasks.task.add", ADD, key)
    small.advance(24 * 3600 + 60)
    await once(small, "tasks.task.add", ADD, "d")
    small.advance(-24 * 3600 - 60)  # back to when the first three were good
    replayed = [(await once(small, "tasks.task.add", ADD, key))[3] for key in "abcd"]
    assert replayed == [None, None, None, "true"]
