from __future__ import annotations

from typing import Any

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox


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
        operating = [took["operating"] for took in answer["result"]["result_time"]]
        assert operating[:2] == [0, 0]
        assert operating[2] > 0.1
        assert answer["time"]["operating"] == 0  # the batch itself is exempt


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
