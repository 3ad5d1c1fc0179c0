from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from b24orm import Deal, Limits, Portal, User, errors
from b24orm.sandbox import Sandbox


@pytest.fixture(scope="module")
def gaps() -> Iterator[Sandbox]:
    """20,000 deals with holes in their ids, without limits, for tests that only read."""
    with Sandbox(deals=20_000, deal_ids="gaps", limits=Limits.none(), contacts=1, companies=1) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(scope="module")
def usual(gaps: Sandbox) -> list[int]:
    """The ids of the deals there which are no templates."""
    return [i for i in gaps.ids("deal") if (gaps.row("deal", i) or {})["is_recurring"] != "Y"]


@pytest.mark.slow
def test_twenty_thousand_deals_take_at_most_ten_requests_and_no_refusal(prompt: None) -> None:
    for seed in (1, 4):
        with Sandbox(deals=20_000, seed=seed) as sandbox, Portal(sandbox.url) as portal:
            ids = [deal.id for deal in Deal.objects.all()]
            assert ids == sandbox.ids("deal")
            assert sandbox.books.requests == portal.stats.requests <= 10
            assert sandbox.books.refusals == 0
            assert portal.stats.rows == 20_000


async def test_all_rows_come_once_in_id_order(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        assert [deal.id async for deal in Deal.objects.all()] == sandbox.ids("deal")
        assert portal.stats.requests == 2


async def test_all_rows_come_once_in_descending_id_order(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url):
        assert [deal.id async for deal in Deal.objects.order_by("-id")] == sandbox.ids("deal")[::-1]


@pytest.mark.parametrize("order", [(), ("-id",)])
@pytest.mark.parametrize("bounds", [(10, 600), (0, 1), (60, 61), (49, 51), (99, 300), (650, 700)])
async def test_bounds_on_the_id_are_kept(sandbox: Sandbox, order: tuple[Any, ...], bounds: tuple[int, int]) -> None:
    ids = sandbox.ids("deal")
    low, high = bounds
    expected = ids[low:high][:: -1 if order else 1]
    async with Portal(sandbox.url):
        query = Deal.objects.filter(id__gte=ids[low], id__lte=ids[high - 1]).order_by(*order)
        assert [deal.id async for deal in query] == expected


@pytest.mark.parametrize("order", [(), ("-id",)])
@pytest.mark.parametrize("limit", [1, 49, 50, 51, 99, 100, 101, 149, 699, 700, 701, 5000])
async def test_a_limit_gives_the_first_rows(sandbox: Sandbox, order: tuple[Any, ...], limit: int) -> None:
    expected = sandbox.ids("deal")[:: -1 if order else 1][:limit]
    async with Portal(sandbox.url) as portal:
        assert [deal.id for deal in await Deal.objects.order_by(*order)[:limit]] == expected
        assert portal.stats.requests <= 2


@pytest.mark.parametrize(("start", "stop"), [(10, 60), (50, 100), (0, 0), (695, None), (700, None), (800, 900), (3, 5)])
async def test_a_window_gives_its_rows(sandbox: Sandbox, start: int, stop: int | None) -> None:
    async with Portal(sandbox.url):
        rows = await Deal.objects.all()[start:stop]
        assert [deal.id for deal in rows] == sandbox.ids("deal")[start:stop]


async def test_a_limit_of_more_than_a_chain_stops_there(prompt: None) -> None:
    with Sandbox(deals=6000, seed=2, limits=Limits.none(), contacts=1, companies=1) as sandbox:
        async with Portal(sandbox.url) as portal:
            assert [d.id async for d in Deal.objects.select("id")[:3000]] == sandbox.ids("deal")[:3000]
            assert portal.stats.requests <= 8  # the last few may be of a page each
            assert portal.stats.commands <= 70  # pages: 60 of the limit, and some beside them


async def test_the_classic_dialect_reads_by_keyset_too(sandbox: Sandbox) -> None:
    ids = [i for i in sandbox.ids("deal") if (sandbox.row("deal", i) or {})["is_recurring"] != "Y"]
    async with Portal(sandbox.url, crm_api="classic") as portal:
        assert [deal.id async for deal in Deal.objects.all()] == ids
        assert [deal.id async for deal in Deal.objects.order_by("-id")] == ids[::-1]
        assert portal.stats.requests <= 8


async def test_users_are_read_by_keyset() -> None:
    with Sandbox(deals=10, users=260, limits=Limits.none()) as sandbox:
        async with Portal(sandbox.url):
            assert [user.id async for user in User.objects.all()] == sandbox.ids("user")


async def test_another_order_is_read_by_counted_pages_twice(sandbox: Sandbox) -> None:
    rows = [sandbox.row("deal", i) or {} for i in sandbox.ids("deal")]
    expected = [r["id"] for r in sorted(rows, key=lambda r: (-float(r["opportunity"]), -r["id"]))]
    async with Portal(sandbox.url) as portal:
        assert [deal.id async for deal in Deal.objects.order_by("-opportunity")] == expected
        assert (portal.stats.requests, portal.stats.commands) == (3, 28)


async def test_an_empty_answer_is_an_empty_list(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        assert await Deal.objects.filter(title="no deal is called so") == []
        assert portal.stats.requests == 1
        assert await Deal.objects.filter(id__in=[]) == []
        assert portal.stats.requests == 1


async def test_named_ids_cost_one_command_per_fifty(sandbox: Sandbox) -> None:
    ids = sandbox.ids("deal")
    async with Portal(sandbox.url) as portal:
        rows = await Deal.objects.filter(id__in=[*ids[::2], 10**9]).order_by("-id").select("id")
        assert [deal.id for deal in rows] == ids[::2][::-1]
        assert (portal.stats.requests, portal.stats.commands) == (1, 8)
        assert [d.id for d in await Deal.objects.filter(id__in=ids).select("id")[60:70]] == ids[60:70]


async def test_the_first_row_comes_after_the_first_response(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url):
        stream = aiter(Deal.objects.all())
        first = await anext(stream)
        assert first.id == sandbox.ids("deal")[0]
        assert sandbox.books.requests == 1
        await stream.aclose()


@pytest.mark.slow
async def test_a_slow_consumer_slows_the_fetching() -> None:
    with Sandbox(deals=30_000, seed=3, limits=Limits.none(), contacts=1, companies=1) as sandbox:
        async with Portal(sandbox.url):
            seen = 0
            async for _ in Deal.objects.select("id"):
                seen += 1
                if seen % 1000 == 0:
                    await asyncio.sleep(0.02)
                    # What is ahead of the consumer is bounded, however many rows there are.
                    assert sandbox.books.rows - seen <= 2500 * 9 + 100
            assert seen == 30_000


async def test_leaving_a_loop_early_leaves_nothing_running() -> None:
    with Sandbox(deals=6000, seed=2, limits=Limits.none(), contacts=1, companies=1, latency=0.05) as sandbox:
        async with Portal(sandbox.url):
            before = asyncio.all_tasks()
            async for deal in Deal.objects.select("id"):
                if deal.id > sandbox.ids("deal")[120]:
                    break
            for _ in range(20):
                await asyncio.sleep(0.01)
            assert asyncio.all_tasks() <= before
            requests = sandbox.books.requests
            await asyncio.sleep(0.2)
            assert sandbox.books.requests == requests


async def test_cancelling_a_list_ends_at_once_and_leaves_nothing() -> None:
    with Sandbox(deals=3000, seed=2, limits=Limits.none(), contacts=1, companies=1, latency=30.0) as sandbox:
        async with Portal(sandbox.url):
            before = asyncio.all_tasks()

            async def read() -> list[Deal]:
                return await Deal.objects.all()

            task = asyncio.create_task(read())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0.05)
            assert asyncio.all_tasks() <= before


async def test_raw_lists_read_like_querysets(sandbox: Sandbox) -> None:
    ids = sandbox.ids("deal")
    async with Portal(sandbox.url) as portal:
        rows = [row async for row in portal.list("crm.item.list", {"entityTypeId": 2, "select": ["title"]})]
        assert [row["id"] for row in rows] == ids
        assert portal.stats.requests == 2
        bounded = portal.list("crm.deal.list", {"filter": {">=ID": ids[100], "<ID": ids[300]}, "order": {"ID": "DESC"}})
        assert [int(row["ID"]) for row in await bounded] == [
            i for i in ids[100:300][::-1] if (sandbox.row("deal", i) or {})["is_recurring"] != "Y"
        ]
        assert len(await portal.list("crm.status.list")) == len(sandbox.ids("status"))
        assert len(await portal.list("crm.category.list", {"entityTypeId": 2})) == 3
        assert portal.list("user.get").explain().strategy == "keyset"
        assert [int(r["ID"]) for r in await portal.list("user.get", {"sort": "ID", "order": "desc"})] == sandbox.ids(
            "user"
        )[::-1]


async def test_a_method_that_nobody_described_is_read_by_counted_pages(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url) as portal:
        plan = portal.list("some.thing.list").explain()
        assert plan.strategy == "counted"
        assert [c.params for c in plan.first] == [{"start": 0}]


@pytest.mark.slow
@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize("order", [(), ("-id",)])
async def test_holes_in_the_ids_cost_hardly_a_request_and_hardly_a_row(
    gaps: Sandbox, usual: list[int], prompt: None, classic: bool, order: tuple[Any, ...]
) -> None:
    ids = usual if classic else gaps.ids("deal")
    gaps.books.reset()
    async with Portal(gaps.url, limits=Limits.none(), crm_api="classic" if classic else "item") as portal:
        read = [deal.id async for deal in Deal.objects.select("id").order_by(*order)]
        assert read == ids[:: -1 if order else 1]
        assert portal.stats.requests <= (13 if classic else 11)
    assert gaps.books.rows <= (1.06 if classic else 1.03) * len(ids)


@pytest.mark.slow
async def test_a_slow_portal_is_read_with_many_batches_at_once(prompt: None) -> None:
    with Sandbox(deals=20_000, deal_ids="dense", limits=Limits.none(), contacts=1, companies=1) as sandbox:
        sandbox.delays["crm.item.list"] = 0.011
        most = 0
        async with Portal(sandbox.url) as portal:
            async for _ in Deal.objects.select("id"):
                dispatcher = portal._dispatcher
                most = max(most, 0 if dispatcher is None else len(dispatcher._flying))
            assert portal.stats.rows == 20_000
            assert portal.stats.requests <= 14
        assert most >= 4


async def test_300_gets_at_once_take_six_requests() -> None:
    with Sandbox(deals=400, seed=3) as sandbox:
        wanted = sandbox.ids("deal")[:300]
        async with Portal(sandbox.url) as portal:
            deals = await asyncio.gather(*(Deal.objects.get(id=i) for i in wanted))
            assert [deal.id for deal in deals] == wanted
            assert portal.stats.requests == 6
        assert sandbox.books.refusals == 0


async def test_a_list_is_resumed_behind_any_id_and_in_any_direction(sandbox: Sandbox) -> None:
    ids = sandbox.ids("deal")
    async with Portal(sandbox.url):
        assert [d.id for d in await Deal.objects.select("id").resume(ids[100])] == ids[101:]
        assert [d.id for d in await Deal.objects.order_by("-id").select("id").resume(ids[100])] == ids[:100][::-1]
        assert [d.id for d in await Deal.objects.filter(id__in=ids[90:110]).resume(ids[100])] == ids[101:110]
        assert [d.id for d in await Deal.objects.all()[10:60].resume(errors.ResumePoint(ids[29], rows=20))] == ids[
            30:60
        ]
        by_title = await Deal.objects.order_by("title").select("id")
        rest = await Deal.objects.order_by("title").select("id").resume(errors.ResumePoint(650, by="offset"))
        assert [d.id for d in rest] == [d.id for d in by_title[650:]]
        assert await Deal.objects.all()[:5].resume(None) == await Deal.objects.all()[:5]


def test_a_point_that_does_not_fit_is_refused() -> None:
    with pytest.raises(errors.QueryError, match="is an id"):
        Deal.objects.order_by("title").resume(errors.ResumePoint(5))
    with pytest.raises(errors.QueryError, match="knows the rows so far"):
        Deal.objects.all()[:50].resume(17)
    with pytest.raises(errors.QueryError, match="resume_point"):
        Deal.objects.resume("17")  # type: ignore[arg-type]
    with pytest.raises(errors.QueryError, match="resume last"):
        Deal.objects.resume(17).filter(title="x")
