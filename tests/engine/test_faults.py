"""Lists read through a portal that keeps failing: each row once, in order, or a loud error with a resume point."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, Iterator
from typing import Any

import pytest

from b24orm import Deal, Limits, Portal, errors
from b24orm.sandbox import Sandbox
from tests.conftest import HurriedClock

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def large() -> Iterator[Sandbox]:
    """20,000 deals with gaps, without limits. Tests set faults and clear them."""
    with Sandbox(deals=20_000, seed=2, limits=Limits.none(), contacts=1, companies=1) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(autouse=True)
def no_faults_left(large: Sandbox) -> Iterator[None]:
    large.books.reset()
    yield
    large.faults.clear()


@pytest.mark.parametrize(
    "fault",
    [
        "unavailable",
        "bad_gateway",
        "gateway_timeout",
        "too_many",
        "html",
        "reset",
        "reset_after",
        "half_answer",
        "broken_json",
        "empty",
        "query_limit",
        "server_error",
    ],
)
async def test_a_fault_at_every_third_request_loses_and_repeats_no_row(
    large: Sandbox, hurried: HurriedClock, fault: str
) -> None:
    large.faults.add(fault, every=3)
    async with Portal(large.url, limits=Limits.none()) as portal:
        read = [deal.id async for deal in Deal.objects.select("id", "title")]
        assert read == large.ids("deal")
        assert portal.stats.requests <= 40
        assert portal.stats.retries > 0
        assert sum(portal.stats.reasons.values()) > 0


@pytest.mark.parametrize("fault", ["command_error", "command_query_limit", "operation_time_limit"])
@pytest.mark.parametrize("order", [(), ("-id",)])
async def test_a_fault_at_every_37th_command_loses_and_repeats_no_row(
    large: Sandbox, hurried: HurriedClock, fault: str, order: tuple[Any, ...]
) -> None:
    large.faults.add(fault, every=37)
    async with Portal(large.url, limits=Limits.none()) as portal:
        read = [deal.id async for deal in Deal.objects.select("id").order_by(*order)]
        assert read == large.ids("deal")[:: -1 if order else 1]
        assert portal.stats.requests <= 60
        assert portal.stats.reasons.keys() <= {
            "INTERNAL_SERVER_ERROR",
            "QUERY_LIMIT_EXCEEDED",
            "OPERATION_TIME_LIMIT",
        }


async def test_reasons_of_retries_are_booked(large: Sandbox, hurried: HurriedClock) -> None:
    async with Portal(large.url, limits=Limits.none()) as portal:
        await portal.call("profile")
        for fault in ("bad_gateway", "reset", "empty", "query_limit"):
            large.faults.add(fault)
        await Deal.objects.first()
        assert portal.stats.reasons == {
            "HTTP 502": 1,
            "connection lost": 1,
            "broken answer": 1,
            "QUERY_LIMIT_EXCEEDED": 1,
        }
        assert portal.stats.retries == 4


async def test_a_batch_that_times_out_is_halved_until_it_fits(large: Sandbox, hurried: HurriedClock) -> None:
    large.faults.add("gateway_timeout", every=1, over=10)
    async with Portal(large.url, limits=Limits.none()) as portal:
        read = [deal.id async for deal in Deal.objects.select("id")]
        assert read == large.ids("deal")
    sizes = [len(record.commands) for record in large.books.log]
    assert max(sizes) <= 10  # of those that ran: the others have no commands in the log
    assert portal.stats.reasons["timeout"] <= 24


async def test_a_portal_that_stands_no_batch_at_all_is_read_call_by_call(large: Sandbox, hurried: HurriedClock) -> None:
    large.faults.add("gateway_timeout", every=1, over=0)
    async with Portal(large.url, limits=Limits.none()) as portal:
        rows = await Deal.objects.select("id")[:400]
        assert [deal.id for deal in rows] == large.ids("deal")[:400]
        outcomes = await portal.call_many("crm.deal.get", [{"id": i} for i in large.ids("deal")[:60]])
        assert {outcome.status for outcome in outcomes} == {"ok"}
    assert not any(record.commands for record in large.books.log)


async def test_a_write_in_a_batch_that_times_out_is_unknown_and_not_sent_again(
    large: Sandbox, hurried: HurriedClock
) -> None:
    large.faults.add("gateway_timeout", every=1, over=1)
    async with Portal(large.url, limits=Limits.none()) as portal:
        await portal.call("profile")
        large.books.reset()
        outcomes = await portal.call_many("crm.deal.add", [{"fields": {"TITLE": f"{i}"}} for i in range(8)])
    assert {outcome.status for outcome in outcomes} == {"unknown"}
    assert large.books.requests == 1


async def test_a_real_timeout_counts_as_one(hurried: HurriedClock) -> None:
    with Sandbox(deals=300, limits=Limits.none(), request_timeout=0.2) as sandbox:
        sandbox.delays["crm.item.list"] = 0.05
        async with Portal(sandbox.url, limits=Limits.none()) as portal:
            assert [deal.id async for deal in Deal.objects.select("id")] == sandbox.ids("deal")
            assert portal.stats.reasons["timeout"] > 0


async def test_an_outage_is_loud_and_the_rest_can_be_had_from_its_point(large: Sandbox, hurried: HurriedClock) -> None:
    ids = large.ids("deal")
    handed: list[int] = []

    async def keep(source: AsyncIterable[Deal]) -> None:
        async for deal in source:
            handed.append(deal.id)

    deals = Deal.objects.select("id").order_by("-id")[: len(ids) - 7]
    large.faults.add("server_error", every=1, after=4)
    async with Portal(large.url, limits=Limits.none()) as portal:
        with pytest.raises(errors.IncompleteResult) as caught:
            await keep(deals)
        requests = portal.stats.requests
        assert requests <= 60
        point = caught.value.resume_point
        assert point is not None
        assert (int(point), point.rows, point.by) == (handed[-1], len(handed), "id")
        large.faults.clear()
        await keep(deals.resume(point))
    assert handed == ids[::-1][:-7]


@pytest.mark.slow
async def test_forty_whole_lists_at_once_are_complete(large: Sandbox) -> None:
    wanted = large.ids("deal")[:3000]

    async def read(order: tuple[Any, ...]) -> list[int]:
        rows = Deal.objects.filter(id__lte=wanted[-1]).select("id").order_by(*order)
        return [deal.id async for deal in rows]

    async with Portal(large.url, limits=Limits.none()) as portal:
        lists = await asyncio.gather(*(read(("-id",) if number % 3 == 0 else ()) for number in range(40)))
        assert all(rows == wanted[:: -1 if number % 3 == 0 else 1] for number, rows in enumerate(lists))
        assert portal.stats.refusals == 0


async def test_forty_lists_under_way_do_not_make_a_storm_of_retries_when_the_portal_goes_down(
    large: Sandbox, hurried: HurriedClock
) -> None:
    async def read() -> int:
        return len(await Deal.objects.filter(title__ne="x").select("id"))

    async with Portal(large.url, limits=Limits.none()) as portal:
        await Deal.objects.first()
        large.faults.add("unavailable", every=1)
        large.books.reset()
        answers = await asyncio.gather(*(read() for _ in range(40)), return_exceptions=True)
        assert all(isinstance(answer, errors.B24OrmError) for answer in answers)
        assert portal.stats.requests <= 70


async def test_a_method_that_rests_is_told_to_the_log_and_to_the_progress_bar(
    hurried: HurriedClock, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = Limits(operating=2.0)
    with Sandbox(deals=600, limits=limits, contacts=1, companies=1) as sandbox:
        hurried.portal = sandbox
        sandbox.costs["crm.item.list"] = 0.11
        async with Portal(sandbox.url, limits=Limits(rate=100, burst=500, operating=2.0)) as portal:
            with caplog.at_level(logging.WARNING, logger="b24orm"):
                rows = [deal.id async for deal in Deal.objects.select("id").progress()]
                more = [deal.id async for deal in Deal.objects.select("id").progress()]
            assert rows == more == sandbox.ids("deal")
            assert portal.stats.reasons["OPERATION_TIME_LIMIT"] <= 1
    told = [record.getMessage() for record in caplog.records if "crm.item.list rests for" in record.getMessage()]
    assert told
    assert "crm.item.list rests for" in capsys.readouterr().err
    assert sandbox.code not in caplog.text


async def test_slow_sends_one_request_at_a_time_and_evenly(hurried: HurriedClock) -> None:
    with Sandbox(deals=300, limits=Limits.none()) as sandbox:
        async with Portal(sandbox.url) as portal:
            with portal.slow(rate=2.0):
                for _ in range(6):
                    await portal.call("server.time")
            slept = sum(hurried.slept)
            assert 2.0 < slept <= 3.0  # five pauses of half a second, less what the calls took
            for _ in range(6):
                await portal.call("server.time")
            assert sum(hurried.slept) == slept


async def test_slow_wants_numbers_above_zero_and_an_open_portal(large: Sandbox) -> None:
    portal = Portal(large.url)
    with pytest.raises(errors.ConfigurationError), portal.slow():
        pass
    async with portal:
        for wrong in ({"concurrency": 0}, {"concurrency": True}, {"rate": 0}, {"rate": "fast"}):
            with pytest.raises(errors.ConfigurationError), portal.slow(**wrong):
                pass
