from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.limits import Bucket, Hit, OperatingTime
from b24orm.sandbox.refusal import Refusal


def tiny(limits: Limits) -> Sandbox:
    return Sandbox(deals=5, users=2, limits=limits)


async def test_the_bucket_refuses_what_would_rise_above_it_and_leaks_with_time(call: Any) -> None:
    async with tiny(Limits(rate=0.001, burst=3)) as sandbox:
        statuses = [(await call(sandbox, "scope"))["status"] for _ in range(5)]
        assert statuses == [200, 200, 200, 503, 503]
        refused = await call(sandbox, "scope")
        assert (refused["error"], refused["error_description"]) == ("QUERY_LIMIT_EXCEEDED", "Too many requests")
        assert sandbox.books.refusals == 3
        assert 2.9 < sandbox.bucket_level <= 3
        before = sandbox.portal_time
        sandbox.advance(2000)
        assert (sandbox.portal_time - before).total_seconds() >= 2000
        assert [(await call(sandbox, "scope"))["status"] for _ in range(3)] == [200, 200, 503]


async def test_a_batch_counts_once(call: Any) -> None:
    async with tiny(Limits(rate=0.001, burst=2)) as sandbox:
        assert (await call(sandbox, "batch", {"cmd": ["scope"] * 50}))["status"] == 200
        assert (await call(sandbox, "scope"))["status"] == 200
        assert (await call(sandbox, "scope"))["status"] == 503


async def test_without_limits_nothing_is_metered(call: Any) -> None:
    async with tiny(Limits.none()) as sandbox:
        sandbox.costs["scope"] = 1000
        for _ in range(60):
            answer = await call(sandbox, "scope")
            assert answer["status"] == 200
            assert "operating" not in answer["time"]
        assert sandbox.bucket_level == 0


async def test_a_method_that_used_up_its_time_is_refused_until_it_expires(call: Any) -> None:
    async with tiny(Limits(rate=1000, operating=10)) as sandbox:
        sandbox.costs["scope"] = 6
        first = await call(sandbox, "scope")
        assert 6 <= first["time"]["operating"] < 6.5
        assert first["time"]["operating_reset_at"] > first["time"]["start"] + 590
        assert 6 <= (await call(sandbox, "methods"))["time"]["operating"] + 6 < 6.5
        sandbox.advance(61)  # the next basket
        assert (await call(sandbox, "scope"))["time"]["operating"] >= 12
        refused = await call(sandbox, "scope")
        assert (refused["status"], refused["error"]) == (429, "OPERATION_TIME_LIMIT")
        assert (await call(sandbox, "methods"))["status"] == 200  # only that method waits
        batch = await call(sandbox, "batch", {"cmd": {"a": "scope", "b": "methods"}})
        assert batch["result"]["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
        assert "b" in batch["result"]["result"]
        sandbox.advance(540)  # the first basket expires, the second does not
        answer = await call(sandbox, "scope")
        assert answer["status"] == 200


async def test_a_hit_of_a_tenth_of_a_second_adds_nothing(call: Any) -> None:
    async with tiny(Limits(rate=1000, operating=10)) as sandbox:
        assert (await call(sandbox, "scope"))["time"]["operating"] == 0
        sandbox.costs["scope"] = 0.04
        answer = await call(sandbox, "batch", {"cmd": ["scope"] * 3})
        # Until the request ends, each of its calls counts by itself; then they do together.
        assert [took["operating"] for took in answer["result"]["result_time"]] == [0, 0, 0]
        assert answer["time"]["operating"] == 0  # the batch itself is exempt
        sandbox.costs.clear()
        assert 0.12 <= (await call(sandbox, "scope"))["time"]["operating"] < 0.2


async def test_the_window_of_operating_time_can_be_short(call: Any) -> None:
    async with Sandbox(deals=5, users=2, limits=Limits(rate=1000, operating=10), operating_window=20) as sandbox:
        sandbox.costs["scope"] = 6
        first = (await call(sandbox, "scope"))["time"]
        assert 19 <= first["operating_reset_at"] - first["start"] + 1 <= 21
        sandbox.advance(1)  # the same basket, a tenth of the window
        assert (await call(sandbox, "scope"))["time"]["operating"] >= 12
        assert (await call(sandbox, "scope"))["status"] == 429
        sandbox.advance(20)
        assert (await call(sandbox, "scope"))["status"] == 200


async def test_a_call_that_ends_in_an_error_uses_no_operating_time(call: Any) -> None:
    async with tiny(Limits(rate=1000, operating=10)) as sandbox:
        sandbox.costs["crm.deal.get"] = 11
        assert (await call(sandbox, "crm.deal.get", {"id": 999_999}))["error_description"] == "Not found"
        answer = await call(sandbox, "crm.deal.get", {"id": sandbox.ids("deal")[0]})
        assert 11 <= answer["time"]["operating"] < 11.5


async def test_each_address_has_a_bucket_of_its_own() -> None:
    async with tiny(Limits(rate=0.001, burst=2)) as sandbox:

        async def statuses(address: str) -> list[int]:
            connector = aiohttp.TCPConnector(local_addr=(address, 0))
            async with aiohttp.ClientSession(connector=connector) as http:
                found = list[int]()
                for _ in range(3):
                    async with http.post(sandbox.url + "scope") as response:
                        found.append(response.status)
                return found

        assert await statuses("127.0.0.1") == [200, 200, 503]
        assert await statuses("127.0.0.2") == [200, 200, 503]
        assert sandbox.bucket_level == pytest.approx(2, abs=0.1)


async def test_each_webhook_has_operating_time_of_its_own(http: aiohttp.ClientSession, call: Any) -> None:
    async with tiny(Limits(rate=1000, operating=10)) as sandbox:
        other = sandbox.webhook()
        sandbox.costs["scope"] = 11
        await call(sandbox, "scope")
        assert (await call(sandbox, "scope"))["status"] == 429
        async with http.post(other + "scope") as response:
            assert response.status == 200


async def test_the_bucket_of_an_enterprise_plan_holds_250_and_leaks_5_a_second() -> None:
    now = 0.0
    bucket = Bucket(Limits.enterprise(), lambda: now)
    assert [bucket.admit() for _ in range(251)] == [True] * 250 + [False]
    assert bucket.level == 250  # what is refused adds nothing
    now = 1.0
    assert [bucket.admit() for _ in range(6)] == [True] * 5 + [False]


def _meter(limit: float = 480) -> tuple[OperatingTime, list[float]]:
    now = [60_000.0]
    return OperatingTime(Limits(operating=limit), lambda: now[0]), now


def test_the_last_ten_minutes_of_the_clock_count_one_by_one() -> None:
    meter, now = _meter()
    for minute in range(12):
        now[0] = 60_000 + 60 * minute + 30
        meter.add("me", "scope", 2**minute, now[0])
    assert meter.used("me", "scope") == sum(2**minute for minute in range(2, 12))
    assert meter.reset_at("me", "scope") == 60_000 + 120 + 30 + 600
    now[0] = 60_000 + 60 * 12 - 1
    assert meter.used("me", "scope") == sum(2**minute for minute in range(2, 12))
    for left in range(10):
        now[0] = 60_000 + 60 * (12 + left)
        assert meter.used("me", "scope") == sum(2**minute for minute in range(3 + left, 12))


def test_exactly_the_limit_still_passes() -> None:
    meter, now = _meter(10)
    meter.add("me", "scope", 10, now[0])
    hit = Hit(meter, Caller(1, "me"))
    hit.check("scope")
    meter.add("me", "scope", 0.001, now[0])
    with pytest.raises(Refusal, match="OPERATION_TIME_LIMIT"):
        hit.check("scope")


def test_exactly_a_tenth_of_a_second_adds_nothing() -> None:
    meter, now = _meter()
    hit = Hit(meter, Caller(1, "me"))
    assert hit.spend("scope", 0.1, now[0])["operating"] == 0
    hit.close()
    assert meter.used("me", "scope") == 0
    assert hit.spend("scope", 0.11, now[0])["operating"] == 0.11
    hit.close()
    assert meter.by_method() == {"scope": 0.11}
