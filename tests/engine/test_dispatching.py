"""One road: every command waits in one queue and shares requests with whatever waits beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from b24orm import Deal, Limits, Portal, batch, errors
from b24orm.errors import InvalidValue
from b24orm.sandbox import Sandbox
from tests.conftest import HurriedClock


def sent(sandbox: Sandbox) -> list[tuple[str, int]]:
    """The HTTP requests so far: method and how many commands it carried."""
    return [(record.method, len(record.commands)) for record in sandbox.books.log]


async def test_a_lone_command_travels_as_a_plain_call(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        response = await portal.call("crm.deal.fields")
        assert response.result["TITLE"]["type"] == "string"
    assert sent(sandbox) == [("crm.deal.fields", 0)]


async def test_a_hundred_gets_become_two_batches(sandbox: Sandbox) -> None:
    ids = sandbox.ids("deal")[:100]
    async with Portal(sandbox.url):
        deals = await asyncio.gather(*(Deal.objects.get(id=i) for i in ids))
    assert [deal.id for deal in deals] == ids
    assert sent(sandbox) == [("batch", 50), ("batch", 50)]


async def test_different_operations_share_a_request(sandbox: Sandbox) -> None:
    first = sandbox.ids("deal")[0]
    async with Portal(sandbox.url):
        deal, count, exists, rows = await batch(
            Deal.objects.get(first),
            Deal.objects.count(),
            Deal.objects.filter(id=1).exists(),
            Deal.objects.all()[:3].values("id"),
        )
    assert (deal.id, count, exists, len(rows)) == (first, 700, False, 3)
    assert sent(sandbox) == [("batch", 4)]


async def test_one_failing_operation_of_a_batch_lets_the_others_finish(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url):
        with pytest.raises(Deal.DoesNotExist):
            await batch(Deal.objects.get(10**9), Deal.objects.count())
    assert sent(sandbox) == [("batch", 2)]


async def test_outcomes_of_call_many_come_in_input_order(sandbox: Sandbox) -> None:
    ids = [*sandbox.ids("deal")[:70], 10**9, *sandbox.ids("deal")[70:120]]
    params = [{"id": i} for i in ids]
    async with Portal(sandbox.url) as portal:
        outcomes = await portal.call_many("crm.deal.get", params)
        assert await portal.call_many("crm.deal.get", []) == []
    assert [o.input for o in outcomes] == params
    assert [o.status for o in outcomes] == ["ok"] * 70 + ["failed"] + ["ok"] * 50
    assert [o.id for o in outcomes if o.status == "ok"] == [str(i) for i in ids if i != 10**9]
    assert isinstance(outcomes[70].error, errors.NotFound)
    with pytest.raises(errors.NotFound):
        outcomes[70].unwrap()
    assert sorted(sent(sandbox)) == [("batch", 21), ("batch", 50), ("batch", 50)]  # side by side, in whatever order


async def test_calls_of_a_batch_may_refer_to_each_other(sandbox: Sandbox) -> None:
    with_company = next(i for i in sandbox.ids("deal") if (sandbox.row("deal", i) or {})["company_id"])
    async with Portal(sandbox.url) as portal:
        outcomes = await portal.batch(
            {
                "deal": ("crm.deal.get", {"id": with_company}),
                "company": ("crm.company.get", {"id": "$result[deal][COMPANY_ID]"}),
                "time": "server.time",
            }
        )
    assert outcomes["company"].result["ID"] == outcomes["deal"].result["COMPANY_ID"]
    assert outcomes["time"].status == "ok"
    assert sent(sandbox) == [("batch", 3)]


@pytest.mark.parametrize(("halt", "last"), [(True, "not_executed"), (False, "ok")])
async def test_a_batch_stops_at_a_failure_if_told_to(sandbox: Sandbox, halt: bool, last: str) -> None:
    async with Portal(sandbox.url) as portal:
        outcomes = await portal.batch(
            {"a": "server.time", "b": ("crm.deal.get", {"id": 10**9}), "c": "server.time"}, halt=halt
        )
    assert [outcome.status for outcome in outcomes.values()] == ["ok", "failed", last]
    with pytest.raises(errors.B24OrmError):
        outcomes["b"].unwrap()


@pytest.mark.parametrize(
    "commands", [{}, {str(i): "profile" for i in range(51)}, {"0": "profile"}, {"a b": "profile"}, {"": "profile"}]
)
async def test_a_batch_that_the_portal_would_garble_is_refused(sandbox: Sandbox, commands: dict[str, Any]) -> None:
    async with Portal(sandbox.url) as portal:
        with pytest.raises(errors.InvalidValue):
            portal.batch(commands)
    assert sandbox.books.requests == 0


async def test_wrong_raw_calls_are_refused_before_a_request(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        with pytest.raises(errors.UnsupportedQuery):
            portal.call("batch", {"cmd": {}})
        with pytest.raises(errors.InvalidValue):
            portal.call("")
        with pytest.raises(errors.InvalidValue, match=r"params\[fields\]\[X\]"):
            portal.call("crm.deal.add", {"fields": {"X": object()}})
        with pytest.raises(errors.UnsupportedQuery):
            portal.list("crm.deal.list", {"start": 50})
    assert sandbox.books.requests == 0


async def test_text_that_looks_like_a_reference_travels_alone(sandbox: Sandbox) -> None:
    title = "costs $result[q0][TITLE] & more"
    async with Portal(sandbox.url) as portal:
        added, *_ = await asyncio.gather(
            portal.call("crm.deal.add", {"fields": {"TITLE": title}}), *(portal.call("server.time") for _ in range(3))
        )
        assert (await Deal.objects.get(added.result)).title == title
    assert ("crm.deal.add", 0) in sent(sandbox)
    assert ("batch", 3) in sent(sandbox)


AWKWARD = [
    "a&b=c",
    "100 %",
    "a+b",
    "#1",
    "[x]",
    "line\nend\r\n",
    "Привет, мир",
    "🙂",
    "'\"\\",
    "  blank  ",
    "%D0%B0",
    "a;b",
    "x" * 5000,
]


async def test_values_are_the_same_in_a_plain_call_and_in_a_batch(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        for text in AWKWARD:
            plain = (await portal.call("crm.deal.add", {"fields": {"TITLE": text}})).result
            assert (sandbox.row("deal", plain) or {})["title"] == text
        many = await portal.call_many("crm.deal.add", [{"fields": {"TITLE": text}} for text in AWKWARD])
        for text, outcome in zip(AWKWARD, many, strict=True):
            assert isinstance(outcome.id, int)
            assert (sandbox.row("deal", outcome.id) or {})["title"] == text
            assert (await Deal.objects.get(outcome.id)).title == text


@pytest.mark.parametrize("fault", ["reset_after", "reset", "half_answer", "bad_gateway", "server_error"])
async def test_a_write_whose_answer_is_lost_is_not_sent_again(
    sandbox: Sandbox, hurried: HurriedClock, fault: str
) -> None:
    async with Portal(sandbox.url) as portal:
        await portal.call("server.time")
        before = len(sandbox.ids("deal"))
        sandbox.faults.add(fault, times=1)
        with pytest.raises(errors.OutcomeUnknown, match=r"crm\.deal\.add"):
            await portal.call("crm.deal.add", {"fields": {"TITLE": "once"}})
        assert sandbox.books.methods["crm.deal.add"] <= 1
        assert len(sandbox.ids("deal")) - before <= 1
        sandbox.faults.add(fault, times=1)
        outcomes = await portal.call_many("crm.deal.add", [{"fields": {"TITLE": f"n{i}"}} for i in range(20)])
        assert {outcome.status for outcome in outcomes} == {"unknown"}
        assert len(sandbox.ids("deal")) - before <= 21


@pytest.mark.parametrize("fault", ["query_limit", "operation_time_limit"])
async def test_a_refusal_proves_that_nothing_ran_so_that_a_write_is_sent_again(
    sandbox: Sandbox, hurried: HurriedClock, fault: str
) -> None:
    async with Portal(sandbox.url) as portal:
        before = len(sandbox.ids("deal"))
        sandbox.faults.add(fault, times=2)
        await portal.call("crm.deal.add", {"fields": {"TITLE": "once"}})
        assert len(sandbox.ids("deal")) - before == 1
        assert portal.stats.retries == 2
        sandbox.faults.add(fault, times=2, method="crm.deal.add" if fault == "operation_time_limit" else None)
        outcomes = await portal.call_many("crm.deal.add", [{"fields": {"TITLE": f"n{i}"}} for i in range(20)])
        assert {outcome.status for outcome in outcomes} == {"ok"}
        assert len(sandbox.ids("deal")) - before == 21
        assert portal.stats.refusals == (4 if fault == "query_limit" else 0)


async def test_reads_and_writes_that_share_a_lost_request_part_ways(sandbox: Sandbox, hurried: HurriedClock) -> None:
    async with Portal(sandbox.url) as portal:
        sandbox.faults.add("reset_after", times=1)
        read, write = await asyncio.gather(
            portal.call("crm.deal.fields"),
            portal.call("crm.deal.add", {"fields": {"TITLE": "once"}}),
            return_exceptions=True,
        )
    assert not isinstance(read, BaseException)
    assert isinstance(write, errors.OutcomeUnknown)


async def test_a_chain_that_writes_is_not_repeated_after_its_first_call_failed(
    sandbox: Sandbox, hurried: HurriedClock
) -> None:
    before = len(sandbox.ids("deal"))
    async with Portal(sandbox.url) as portal:
        sandbox.faults.add("command_error", times=1, method="crm.deal.fields")
        outcomes = await portal.batch({"a": "crm.deal.fields", "b": ("crm.deal.add", {"fields": {"TITLE": "once"}})})
    assert [outcome.status for outcome in outcomes.values()] == ["failed", "ok"]
    assert len(sandbox.ids("deal")) - before == 1


async def test_only_the_method_that_used_up_its_time_waits(sandbox: Sandbox, hurried: HurriedClock) -> None:
    async with Portal(sandbox.url) as portal:
        sandbox.faults.add("operation_time_limit", times=1, method="crm.deal.fields")
        order: list[str] = []

        async def call(method: str) -> None:
            await portal.call(method)
            order.append(method)

        slow = asyncio.create_task(call("crm.deal.fields"))
        await asyncio.sleep(0.05)
        await call("server.time")
        await slow
        assert set(order) == {"server.time", "crm.deal.fields"}
        assert max(hurried.slept) >= 1
        assert portal.stats.retries == 1


async def test_operating_time_is_known_per_method() -> None:
    with Sandbox(deals=20) as sandbox:
        sandbox.costs["crm.deal.list"] = 2.5
        async with Portal(sandbox.url) as portal:
            await portal.call("crm.deal.list")
            await portal.call_many("crm.deal.list", [{}, {}])
            assert portal.stats.operating["crm.deal.list"] == pytest.approx(7.5, abs=0.5)


async def test_a_method_rests_before_its_time_is_used_up(hurried: HurriedClock) -> None:
    limits = Limits(operating=10.0)
    with Sandbox(deals=20, limits=limits) as sandbox:
        sandbox.costs["crm.deal.fields"] = 4.0
        hurried.portal = sandbox
        async with Portal(sandbox.url, limits=limits) as portal:
            await portal.call("crm.deal.fields")
            assert not hurried.slept
            waiting = [asyncio.create_task(_call(portal, "crm.deal.fields")) for _ in range(3)]
            await portal.call("server.time")  # another method does not wait
            await asyncio.gather(*waiting)
            assert 60 < sum(hurried.slept) <= 1300  # two calls in each window of ten minutes
            assert portal.stats.reasons["OPERATION_TIME_LIMIT"] <= 1  # the portal names the reset in whole seconds


async def test_slow_methods_get_shorter_batches() -> None:
    with Sandbox(deals=20, limits=Limits.none()) as sandbox:
        async with Portal(sandbox.url) as portal:
            assert portal._dispatcher is not None
            portal._dispatcher._sizes.observe("crm.deal.get", 2.0)
            assert portal._dispatcher.fits("crm.deal.get") == 10
            await portal.call_many("crm.deal.get", [{"id": i} for i in sandbox.ids("deal")])
    assert max(count for _, count in sent(sandbox)) == 10


async def test_the_bucket_is_never_overfilled() -> None:
    limits = Limits(rate=20.0, burst=62)  # large enough for its whole margin: a busy machine delays requests unevenly
    with Sandbox(deals=10, limits=limits) as sandbox:
        async with Portal(sandbox.url, limits=limits) as portal:
            for _ in range(80):
                await portal.call("server.time")
            assert portal.stats.waited > 0
    assert sandbox.books.refusals == 0
    assert sandbox.books.requests == 80


async def test_closing_tells_whoever_waits() -> None:
    with Sandbox(deals=10, limits=Limits.none(), latency=30.0) as sandbox:
        portal = Portal(sandbox.url)
        async with portal:
            waiting = [asyncio.create_task(_call(portal)) for _ in range(3)]
            await asyncio.sleep(0.05)
        for result in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(result, errors.ConfigurationError)
        with pytest.raises(errors.ConfigurationError, match="not open"):
            await portal.call("server.time")


async def _call(portal: Portal, method: str = "server.time") -> Any:
    return await portal.call(method)


async def test_a_cancelled_call_does_not_harm_its_neighbours(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        tasks = [asyncio.create_task(_call(portal)) for _ in range(5)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(r, asyncio.CancelledError) for r in results] == [False, False, True, False, False]


async def test_a_request_that_nobody_waits_for_is_cancelled() -> None:
    with Sandbox(deals=10, limits=Limits.none(), latency=30.0) as sandbox:
        async with Portal(sandbox.url) as portal:
            before = asyncio.all_tasks()
            tasks = [asyncio.create_task(_call(portal)) for _ in range(3)]
            await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.05)
            assert asyncio.all_tasks() <= before


async def test_a_bug_in_the_engine_leaves_nobody_waiting(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Portal(sandbox.url) as portal:

        def broken(*_: Any, **__: Any) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr("b24orm.engine.exchange.BatchAnswer", broken)
        with pytest.raises(ZeroDivisionError):
            await portal.call_many("server.time", [{}, {}])
        monkeypatch.setattr(portal._dispatcher, "_pick", broken)
        with pytest.raises(ZeroDivisionError):
            await portal.call("server.time")
        with pytest.raises(errors.ConfigurationError):
            await portal.call("server.time")


async def test_call_many_streams_an_iterator_of_any_length(sandbox: Sandbox) -> None:
    taken = 0

    def inputs() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for number in range(2000):
            taken += 1
            yield {"id": number} if number != 7 else {"id": object()}

    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        seen: list[Any] = []
        async for outcome in portal.call_many("crm.deal.get", inputs()):
            seen.append(outcome.input["id"])
            if len(seen) == 8:
                assert outcome.status == "failed"
                assert isinstance(outcome.error, InvalidValue)
            if len(seen) == 10:
                assert taken <= 50 * 20
        assert [one for one in seen if isinstance(one, int)] == [n for n in range(2000) if n != 7]
