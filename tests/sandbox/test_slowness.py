"""What a slow portal does. Its seconds pass asleep, so here they are counted and not waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

_COST = 0.25
_DEALS = 80


@pytest.fixture
async def dear() -> AsyncIterator[Sandbox]:
    """80 deals, a quarter of a second for each that is counted."""
    async with Sandbox(
        deals=_DEALS,
        contacts=60,
        users=2,
        limits=Limits(rate=1000, burst=1000, operating=480),
        count_cost=_COST,
    ) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that answers waited; they do not wait."""
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", nap)
    return naps


def _took(time: dict[str, Any]) -> float:
    """The seconds of a ``time``, which agrees with itself."""
    assert time["processing"] == time["duration"] == pytest.approx(time["finish"] - time["start"], abs=1e-4)
    duration: float = time["duration"]
    return duration


@pytest.mark.parametrize(
    ("method", "params", "counted"),
    [
        ("crm.item.list", {"entityTypeId": 2}, _DEALS),
        ("crm.item.list", {"entityTypeId": 2, "start": 50, "select": ["id"]}, _DEALS),
        ("crm.item.list", {"entityTypeId": 2, "start": -1}, 0),
        ("crm.contact.list", {"start": 0}, 60),
        ("crm.contact.list", {"start": -1}, 0),
        ("user.get", {}, 2),
        ("crm.status.list", {}, 0),
    ],
)
async def test_a_list_that_counts_pays_for_every_row_counted(
    dear: Sandbox, call: Any, slept: list[float], method: str, params: dict[str, Any], counted: int
) -> None:
    answers = [await call(dear, method, params) for _ in range(2)]
    cost = counted * _COST
    assert slept == ([cost, cost] if counted else [])  # a total that the sandbox remembers costs as much
    for number, answer in enumerate(answers, start=1):
        assert _took(answer["time"]) >= cost
        assert answer["time"]["operating"] >= number * cost


async def test_the_commands_of_a_batch_count_one_after_the_other(dear: Sandbox, call: Any, slept: list[float]) -> None:
    answer = await call(dear, "batch", {"cmd": {"a": "crm.item.list?entityTypeId=2", "b": "crm.contact.list"}})
    assert slept == [(_DEALS + 60) * _COST]
    times = answer["result"]["result_time"]
    assert _took(times["a"]) >= _DEALS * _COST
    assert _took(times["b"]) >= 60 * _COST
    assert times["b"]["start"] >= times["a"]["start"] + _DEALS * _COST
    assert _took(answer["time"]) >= (_DEALS + 60) * _COST


async def test_a_slow_method_is_slow_and_the_others_are_not(dear: Sandbox, call: Any, slept: list[float]) -> None:
    dear.delays.update(scope=20, batch=3)
    slow = await call(dear, "scope")
    await call(dear, "methods")
    assert slept == [20]
    assert _took(slow["time"]) >= 20
    batch = await call(dear, "batch", {"cmd": {"a": "methods", "b": "scope", "c": "methods"}})
    assert slept == [20, 23]
    times = batch["result"]["result_time"]
    assert _took(batch["time"]) >= 23
    assert _took(times["b"]) >= 20
    assert times["c"]["start"] >= times["a"]["start"] + 20
    assert times["b"]["operating"] >= 40
    assert dear.books.method_rows == {}


async def test_what_is_refused_is_refused_at_once(dear: Sandbox, call: Any, slept: list[float]) -> None:
    dear.delays["crm.item.list"] = 30
    assert (await call(dear, "crm.item.list", {"entityTypeId": 2, "filter": {"nope": 1}}))["status"] == 400
    assert slept == []


async def test_a_request_that_lasts_too_long_gets_a_page_and_no_answer(
    dear: Sandbox, call: Any, http: aiohttp.ClientSession, slept: list[float]
) -> None:
    dear.delays["crm.status.list"] = 25
    async with http.post(dear.url + "batch", json={"cmd": ["crm.status.list"] * 5}) as response:
        assert (response.status, response.content_type) == (504, "text/html")
        assert "504" in await response.text()
    assert slept == [60]
    assert dear.books.commands == 3  # the third carried it over the limit, and there the portal gave up
    assert dear.books.method_rows == {"crm.status.list": dear.books.rows}
    assert dear.books.rows > 0
    assert (dear.books.log[-1].status, len(dear.books.log[-1].commands)) == (504, 3)
    assert (await call(dear, "batch", {"cmd": ["crm.status.list"] * 2}))["status"] == 200
    dear.delays["scope"] = 600
    async with http.post(dear.url + "scope") as response:
        assert response.status == 504
    assert slept == [60, 50, 60]


async def test_the_patience_of_the_portal_can_be_short(call: Any, http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=5, request_timeout=0.02) as sandbox:
        sandbox.delays["scope"] = 0.01
        assert (await call(sandbox, "scope"))["status"] == 200
        sandbox.delays["scope"] = 0.03
        async with http.post(sandbox.url + "scope") as response:
            assert response.status == 504


async def test_other_requests_are_served_while_one_is_slow(dear: Sandbox, call: Any) -> None:
    dear.delays["scope"] = 30
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.post(dear.url + "scope", timeout=aiohttp.ClientTimeout(total=0.05))
        assert (await call(dear, "methods"))["status"] == 200
