"""A list that ends normally is whole; one that cannot be shown to be whole says so."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from typing import Any

import pytest

from b24orm import Deal, Limits, Portal, errors
from b24orm.sandbox import Sandbox
from tests.conftest import HurriedClock


async def keep(source: AsyncIterable[Deal], handed: list[int], at_first: Callable[[], object] = lambda: None) -> None:
    """Reads *source* to its end and notes the ids in *handed*."""
    async for deal in source:
        if not handed:
            at_first()
        handed.append(deal.id)


async def test_rows_deleted_while_reading_cost_no_other_row(sandbox: Sandbox) -> None:
    ids = sandbox.ids("deal")
    gone = {ids[49], ids[99], ids[100], ids[360], ids[699]}
    calls = 0

    def hook(method: str, params: dict[str, Any], index: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:  # behind both ends, before the lanes
            for i in gone:
                sandbox.remove("deal", i)

    sandbox.before_command = hook
    async with Portal(sandbox.url):
        read = [deal.id async for deal in Deal.objects.all()]
    assert len(read) == len(set(read))
    assert read == sorted(read)
    assert set(ids) - gone <= set(read)


async def test_rows_inserted_while_reading_harm_nothing(sandbox: Sandbox) -> None:
    ids = sandbox.ids("deal")

    def hook(method: str, params: dict[str, Any], index: int) -> None:
        sandbox.insert("deal", title="new")

    sandbox.before_command = hook
    async with Portal(sandbox.url):
        read = [deal.id async for deal in Deal.objects.all()]
    assert read == sorted(set(read))
    assert set(ids) <= set(read)


async def test_a_smaller_page_than_documented_loses_no_row() -> None:
    with Sandbox(deals=330, limits=Limits.none(), page_size=20) as sandbox:
        async with Portal(sandbox.url):
            assert [deal.id async for deal in Deal.objects.all()] == sandbox.ids("deal")
            assert [deal.id async for deal in Deal.objects.order_by("-id")] == sandbox.ids("deal")[::-1]


async def test_a_larger_page_than_documented_repeats_no_row() -> None:
    with Sandbox(deals=330, limits=Limits.none(), page_size=120) as sandbox:
        async with Portal(sandbox.url):
            assert [deal.id async for deal in Deal.objects.all()] == sandbox.ids("deal")


async def test_a_portal_that_ignores_the_id_filter_is_found_out(hurried: HurriedClock) -> None:
    with Sandbox(deals=700, limits=Limits.none(), ignore_id_filter=True) as sandbox:
        async with Portal(sandbox.url):
            handed: list[int] = []
            with pytest.raises(errors.IncompleteResult, match="ignores the id filter") as caught:
                await keep(Deal.objects.all(), handed)
            assert handed == sandbox.ids("deal")[: len(handed)]
            assert caught.value.rows_so_far == len(handed)
            assert caught.value.resume_point == handed[-1]
            with pytest.raises(errors.IncompleteResult):
                await Deal.objects.filter(id__in=[5, 6, 7])
        assert sandbox.books.requests < 10


async def test_rows_deleted_while_pages_are_counted_are_noticed(sandbox: Sandbox) -> None:
    sandbox.before_command = lambda method, params, index: sandbox.remove("deal", sandbox.ids("deal")[0])
    async with Portal(sandbox.url):
        with pytest.raises(errors.IncompleteResult, match="came or went"):
            await Deal.objects.order_by("title")


def swap(sandbox: Sandbox, gone: int, moment: int = 2) -> None:
    """Lets one row leave and another come just before the second command: totals stay, and so do lengths of pages."""
    count = 0

    def hook(method: str, params: dict[str, Any], index: int) -> None:
        nonlocal count
        count += 1
        if count == moment:
            sandbox.remove("deal", gone)
            sandbox.insert("deal", title="new", opportunity=0, stage_semantic_id="P")

    sandbox.before_command = hook


@pytest.mark.parametrize("window", [slice(None), slice(0, 200), slice(60, 260)])
async def test_a_row_that_leaves_while_another_comes_is_noticed_in_counted_pages(
    sandbox: Sandbox, window: slice
) -> None:
    async with Portal(sandbox.url):
        first = (await Deal.objects.order_by("-opportunity")[:1])[0].id
        swap(sandbox, first)
        with pytest.raises(errors.IncompleteResult, match=r"rows came, went or moved|came twice"):
            await Deal.objects.order_by("-opportunity")[window]


async def test_a_window_by_id_loses_no_row_to_one_that_leaves(sandbox: Sandbox) -> None:
    ids = sandbox.ids("deal")
    swap(sandbox, ids[0])
    async with Portal(sandbox.url) as portal:
        assert [deal.id for deal in await Deal.objects.all()[60:]][:640] == ids[60:]
        assert portal.stats.requests <= 4
        assert [d.id for d in await Deal.objects.order_by("-id")[10:120]] == sandbox.ids("deal")[::-1][10:120]


async def test_foreign_rows_under_a_foreign_order_are_found_out(hurried: HurriedClock) -> None:
    with Sandbox(deals=300, limits=Limits.none(), ignore_id_filter=True) as sandbox:
        async with Portal(sandbox.url):
            named = Deal.objects.filter(id__in=[104, 105]).order_by("title")
            for query in (named, named[:5], Deal.objects.filter(id__gt=10**6).order_by("title")[:10]):
                with pytest.raises(errors.IncompleteResult, match="ignores the id filter"):
                    await query
            with pytest.raises(errors.IncompleteResult):
                await named.first()


async def test_counted_pages_without_a_total_follow_the_next_page() -> None:
    with Sandbox(deals=330, limits=Limits.none(), omit_total=True) as sandbox:
        async with Portal(sandbox.url):
            rows = await Deal.objects.order_by("title")
            assert sorted(deal.id for deal in rows) == sandbox.ids("deal")
            window = await Deal.objects.order_by("title")[60:220]
            assert [d.id for d in window] == [d.id for d in rows[60:220]]
            assert await Deal.objects.count() == 330


@pytest.mark.parametrize(
    "fault",
    [
        "html",
        "bad_gateway",
        "unavailable",
        "half_answer",
        "empty",
        "reset",
        "reset_after",
        "server_error",
        "query_limit",
    ],
)
async def test_one_fault_on_the_way_loses_no_row(sandbox: Sandbox, hurried: HurriedClock, fault: str) -> None:
    for after in (0, 1):
        sandbox.faults.add(fault, times=2, after=after)
    async with Portal(sandbox.url) as portal:
        assert [deal.id async for deal in Deal.objects.all()] == sandbox.ids("deal")
        assert portal.stats.retries > 0


@pytest.mark.parametrize("after", [0, 1, 2, 3, 7])
async def test_one_failed_command_of_a_chain_loses_no_row(sandbox: Sandbox, hurried: HurriedClock, after: int) -> None:
    sandbox.faults.add("command_error", times=1, method="crm.item.list", after=after)
    async with Portal(sandbox.url):
        assert [deal.id async for deal in Deal.objects.all()] == sandbox.ids("deal")
        sandbox.faults.add("command_error", times=1, method="crm.item.list", after=after)
        assert [d.id for d in await Deal.objects.all()[:333]] == sandbox.ids("deal")[:333]
        sandbox.faults.add("command_error", times=1, method="crm.item.list", after=after)
        assert len(await Deal.objects.order_by("title")) == 700


async def test_a_fault_that_stays_is_an_incomplete_result_once_rows_were_handed_out(
    sandbox: Sandbox, hurried: HurriedClock
) -> None:
    handed: list[int] = []
    async with Portal(sandbox.url) as portal:
        with pytest.raises(errors.IncompleteResult) as caught:
            await keep(Deal.objects.all(), handed, at_first=lambda: sandbox.faults.add("server_error", times=1000))
        assert portal.stats.retries > 0
    assert handed == sandbox.ids("deal")[:50]
    assert (caught.value.rows_so_far, caught.value.resume_point) == (50, handed[-1])
    assert isinstance(caught.value.__cause__, errors.PortalError)


async def test_a_fault_that_stays_from_the_start_is_raised_as_itself(sandbox: Sandbox, hurried: HurriedClock) -> None:
    sandbox.faults.add("server_error", times=1000)
    async with Portal(sandbox.url):
        with pytest.raises(errors.PortalError, match="INTERNAL_SERVER_ERROR"):
            await Deal.objects.all()
    assert sandbox.books.requests < 10


@pytest.mark.parametrize("query", ["chain", "counted", "by ids", "sequential", "one page", "count", "get"])
async def test_every_way_of_reading_reports_a_fault_that_stays(
    sandbox: Sandbox, hurried: HurriedClock, query: str
) -> None:
    many = [f"title {i}" for i in range(1000)]
    asked = {
        "chain": Deal.objects.all()[:120].pages,
        "counted": Deal.objects.order_by("title").pages,
        "by ids": Deal.objects.filter(id__in=[1, 2, 3]).pages,
        "sequential": Deal.objects.filter(title__in=many).pages,
        "one page": Deal.objects.all()[:5].pages,
    }
    sandbox.faults.add("server_error", times=1000)
    async with Portal(sandbox.url):
        if query in asked:
            with pytest.raises(errors.PortalError):
                await anext(asked[query]())
        else:
            with pytest.raises(errors.PortalError):
                await (Deal.objects.count() if query == "count" else Deal.objects.get(5))


async def test_a_filter_too_large_for_a_batch_is_read_page_by_page(sandbox: Sandbox) -> None:
    titles = [str((sandbox.row("deal", i) or {})["title"]) for i in sandbox.ids("deal")]
    wanted = [*titles[:120], *(f"no such title {i}" for i in range(1000))]
    expected = [i for i, title in zip(sandbox.ids("deal"), titles, strict=True) if title in titles[:120]]
    query = Deal.objects.filter(title__in=wanted).select("id")
    assert query.explain().strategy == "sequential"
    async with Portal(sandbox.url):
        assert [deal.id async for deal in query] == expected
        assert [deal.id for deal in await query[:70]] == expected[:70]
        assert await query.count() == len(expected)
    assert not any(record.commands for record in sandbox.books.log)
