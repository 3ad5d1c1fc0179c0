"""Terminals against a portal over HTTP: what they answer, and how little they ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from b24orm import Category, Contact, Deal, Limits, Portal, Q, Status, User, batch
from b24orm.errors import ConfigurationError, MultipleObjectsReturned, NotFound, QueryError
from b24orm.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture
def ids(sandbox: Sandbox) -> list[int]:
    return sandbox.ids("deal")


def asked(sandbox: Sandbox, before: tuple[int, int]) -> tuple[int, int]:
    """Requests and commands since *before*."""
    return sandbox.books.requests - before[0], sandbox.books.commands - before[1]


def now(sandbox: Sandbox) -> tuple[int, int]:
    return sandbox.books.requests, sandbox.books.commands


async def test_awaiting_and_iterating_give_all_rows_once_in_id_order(ids: list[int]) -> None:
    assert [deal.id for deal in await Deal.objects] == ids
    assert [deal.id async for deal in Deal.objects.select("id")] == ids
    assert [deal.id async for page in Deal.objects.pages() for deal in page] == ids
    assert [deal.id for deal in await Deal.objects.order_by("-id")] == ids[::-1]


@pytest.mark.parametrize(
    "window",
    [
        slice(10, 60),
        slice(0, 0),
        slice(None, 0),
        slice(5, None),
        slice(None, None),
        slice(None, 50),
        slice(None, 51),
        slice(None, 130),
        slice(200, 400),
        slice(255, None),
        slice(400, None),
        slice(60, 10),
        slice(None, 1000),
    ],
    ids=str,
)
async def test_a_slice_of_a_queryset_holds_what_the_slice_of_its_list_does(ids: list[int], window: slice) -> None:
    qs = Deal.objects.select("id")
    assert [deal.id for deal in await qs[window]] == ids[window]
    assert [deal.id for deal in await qs.order_by("-id")[window]] == ids[::-1][window]
    assert await qs[window].count() == len(ids[window])
    assert await qs[window].exists() is bool(ids[window])
    first = await qs[window].first()
    assert (first and first.id) == next(iter(ids[window]), None)


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        (slice(10, 60), slice(5, 10)),
        (slice(10, 60), slice(45, 100)),
        (slice(5, None), slice(None, 5)),
        (slice(0, 10), slice(10, 20)),
        (slice(10, 20), slice(None, None)),
        (slice(5, None), slice(5, None)),
    ],
    ids=str,
)
async def test_slices_of_slices_are_taken_inside_them(ids: list[int], outer: slice, inner: slice) -> None:
    assert [deal.id for deal in await Deal.objects.select("id")[outer][inner]] == ids[outer][inner]


async def test_an_order_by_another_field_holds_over_pages_and_slices(sandbox: Sandbox, ids: list[int]) -> None:
    rows = [row for id in ids if (row := sandbox.row("deal", id))]
    wanted = sorted(rows, key=lambda row: (Decimal(str(row["opportunity"] or 0)), row["id"]))
    qs = Deal.objects.select("opportunity").order_by("opportunity")
    assert [deal.id for deal in await qs] == [row["id"] for row in wanted]
    assert [deal.id for deal in await qs[10:130]] == [row["id"] for row in wanted[10:130]]
    first, last = await batch(qs.first(), qs.last())
    assert first is not None
    assert last is not None
    assert first.id == wanted[0]["id"]
    assert last.opportunity == Decimal(str(wanted[-1]["opportunity"]))


async def test_get_finds_one_row_by_id_by_lookups_by_expressions_and_with_a_selection(ids: list[int]) -> None:
    id = ids[7]
    whole = await Deal.objects.get(id)
    assert whole == await Deal.objects.get(id=id) == await Deal.objects.get(Deal.id == id)
    assert whole == await Deal.objects.filter(id__gt=1).get(id, title=whole.title)
    assert await Deal.objects.get_or_none(id) == whole
    some = await Deal.objects.select("title").get(id)
    assert some.loaded_fields == {"id", "title"}
    assert (await Deal.objects.order_by("-title").get(id)).id == id


async def test_get_of_no_row_is_the_model_s_own_does_not_exist(ids: list[int]) -> None:
    for missing in (
        Deal.objects.get(10**9),
        Deal.objects.get(2**70),
        Deal.objects.get(0),
        Deal.objects.get(-1),
        Deal.objects.get(title="no such title"),
        Deal.objects.filter(stage_id="no such stage").get(ids[0]),
    ):
        with pytest.raises(Deal.DoesNotExist) as caught:
            await missing
        assert isinstance(caught.value, LookupError)
        assert not isinstance(caught.value, Contact.DoesNotExist)
    with pytest.raises(Deal.DoesNotExist, match="no Deal has id 1000000000") as one:
        await Deal.objects.get(10**9)
    assert isinstance(one.value.__cause__, NotFound)
    assert await Deal.objects.get_or_none(10**9) is None
    assert await Deal.objects.get_or_none(title="no such title") is None


async def test_get_of_several_rows_is_an_error_that_shows_the_filter() -> None:
    for ask in (Deal.objects.get(closed=False), Deal.objects.get(), Deal.objects.get_or_none(closed=False)):
        with pytest.raises(MultipleObjectsReturned, match="more than one Deal matches"):
            await ask


async def test_first_and_last_of_nothing_are_none(ids: list[int]) -> None:
    nothing = Deal.objects.filter(title="no such title")
    assert await nothing.first() is None
    assert await nothing.last() is None
    assert await Deal.objects[:0].first() is None
    first, last = await Deal.objects.first(), await Deal.objects.last()
    assert first is not None
    assert last is not None
    assert (first.id, last.id) == (ids[0], ids[-1])
    turned = await Deal.objects.order_by("-id").last()
    assert turned is not None
    assert turned.id == ids[0]


@pytest.mark.parametrize("keys", [("stage_id",), ("-stage_id",), ("stage_id", "-opportunity")])
async def test_last_is_the_last_row_of_the_list_even_among_equals(keys: tuple[str, ...]) -> None:
    query = Deal.objects.order_by(*keys)  # type: ignore[arg-type]
    rows, first, last = await query, await query.first(), await query.last()
    assert first is not None
    assert last is not None
    assert (first.id, last.id) == (rows[0].id, rows[-1].id)


async def test_count_and_exists_cost_one_command_and_no_row(sandbox: Sandbox, ids: list[int]) -> None:
    before = now(sandbox)
    assert await Deal.objects.count() == len(ids)
    assert asked(sandbox, before) == (1, 1)
    before = now(sandbox)
    assert await Deal.objects.filter(id__in=[]).count() == 0
    assert await Deal.objects.filter(id__in=[]).exists() is False
    assert await Deal.objects[:0].count() == 0
    assert asked(sandbox, before) == (0, 0)


async def test_none_asks_for_rows_without_a_value(sandbox: Sandbox, ids: list[int]) -> None:
    empty = [id for id in ids if not (sandbox.row("deal", id) or {})["company_id"]]
    filled = [id for id in ids if id not in empty]
    assert empty
    assert filled
    qs = Deal.objects.select("id")
    for found in (
        qs.filter(company_id=None),
        qs.filter(company_id__isnull=True),
        qs.filter(Deal.company_id == None),  # noqa: E711
        qs.filter(Q(company_id=None)),
        qs.exclude(company_id__ne=None),
        qs.filter(Deal.company_id.is_null()),
    ):
        assert [deal.id for deal in await found] == empty
    for found in (
        qs.exclude(company_id=None),
        qs.filter(company_id__ne=None),
        qs.filter(Deal.company_id.is_null(False)),
        qs.filter(Deal.company_id != None),  # noqa: E711
    ):
        assert [deal.id for deal in await found] == filled


async def test_in_bulk_gives_rows_by_id_and_leaves_out_what_is_not_there(ids: list[int]) -> None:
    found = await Deal.objects.in_bulk([ids[3], ids[1], ids[1], 10**9])
    assert list(found) == [ids[1], ids[3]]
    assert all(deal.id == id for id, deal in found.items())
    assert await Deal.objects.in_bulk([]) == {}
    assert list(await Deal.objects.in_bulk({ids[0]})) == [ids[0]]
    assert list(await Deal.objects.in_bulk({ids[0]: 1}.keys())) == [ids[0]]
    some = await Deal.objects.select("title").in_bulk(ids[:2])
    assert some[ids[0]].loaded_fields == {"id", "title"}


async def test_in_bulk_of_2600_ids_takes_two_requests(sandbox: Sandbox, ids: list[int]) -> None:
    wanted = range(ids[0], ids[0] + 2600)
    before = now(sandbox)
    assert list(await Deal.objects.select("id").in_bulk(wanted)) == [id for id in ids if id in wanted]
    assert asked(sandbox, before)[0] == 2


async def test_values_and_values_lists_hold_typed_values_of_the_named_fields(sandbox: Sandbox, ids: list[int]) -> None:
    row = sandbox.row("deal", ids[0]) or {}
    qs = Deal.objects.filter(id=ids[0])
    assert await qs.values("title", "opportunity") == [
        {"title": row["title"], "opportunity": Decimal(str(row["opportunity"]))}
    ]
    (whole,) = await qs.values()
    assert whole.keys() == (await qs.get()).loaded_fields
    assert await qs.values_list("id", Deal.title) == [(ids[0], row["title"])]
    assert await qs.values_list(Deal.id, Deal.id) == [(ids[0], ids[0])]
    assert [id async for id in Deal.objects.values_list(Deal.id, flat=True)] == ids
    assert await qs.select("title").values("uf_crm_1700000002") == [  # type: ignore[arg-type]
        {"uf_crm_1700000002": row["uf_crm_1700000002"]}
    ]


async def test_pages_come_as_the_portal_sends_them(ids: list[int]) -> None:
    pages = [len(page) async for page in Deal.objects.pages()]
    assert sum(pages) == len(ids)
    assert 0 < min(pages) <= max(pages) <= 50
    assert [page async for page in Deal.objects.filter(title="no such title").pages()] == []


async def test_dictionaries_that_come_whole_are_filtered_ordered_and_cut_here(sandbox: Sandbox) -> None:
    stages = await Status.objects.filter(entity_id="DEAL_STAGE")
    assert stages
    assert {stage.entity_id for stage in stages} == {"DEAL_STAGE"}
    by_sort = await Status.objects.filter(entity_id="DEAL_STAGE").order_by("-sort")
    assert [s.sort for s in by_sort] == sorted((s.sort for s in stages), key=lambda sort: sort or 0, reverse=True)
    assert [s.id for s in await Status.objects.filter(entity_id="DEAL_STAGE").order_by("-sort")[1:3]] == [
        s.id for s in by_sort[1:3]
    ]
    assert await Status.objects.filter(entity_id="DEAL_STAGE").count() == len(stages)
    assert (await Status.objects.get(stages[0].id)) == stages[0]
    assert await Status.objects.filter(entity_id="DEAL_STAGE")[:0].exists() is False
    pipelines = await Category.objects.filter(entity_type_id=2)
    assert pipelines
    rows = await Status.objects.filter(entity_id="DEAL_STAGE").progress().values_list(Status.id, flat=True)
    assert rows == [s.id for s in sorted(stages, key=lambda s: s.id)]


async def test_users_are_read_too(sandbox: Sandbox) -> None:
    users = await User.objects
    assert [user.id for user in users] == sandbox.ids("user")
    assert (await User.objects.get(users[0].id)).email == users[0].email


async def test_a_batch_runs_operations_and_querysets_in_one_request(sandbox: Sandbox, ids: list[int]) -> None:
    before = now(sandbox)
    one, total, found, rows = await batch(
        Deal.objects.get(ids[0]),
        Deal.objects.count(),
        Contact.objects.filter(id=-1).exists(),
        Deal.objects.select("id")[:3],
    )
    assert (one.id, total, found, [deal.id for deal in rows]) == (ids[0], len(ids), False, ids[:3])
    assert asked(sandbox, before)[0] == 1
    assert await batch() == ()
    plan = batch(Deal.objects.count(), Deal.objects.get(5)).explain()
    assert (plan.strategy, len(plan.first)) == ("batch", 2)


async def test_a_batch_runs_to_its_end_and_then_raises_the_first_error(ids: list[int]) -> None:
    with pytest.raises(Deal.DoesNotExist):
        await batch(Deal.objects.get(ids[0]), Deal.objects.get(10**9), Contact.objects.get(10**9))
    with pytest.raises(QueryError, match="batch takes operations"):
        batch(5)  # type: ignore[call-overload]


async def test_a_crowd_of_gets_travels_in_batches(sandbox: Sandbox, ids: list[int]) -> None:
    async def one(id: int) -> int:
        return (await Deal.objects.get(id)).id

    before = now(sandbox)
    assert await asyncio.gather(*(one(id) for id in ids[:100])) == ids[:100]
    assert asked(sandbox, before) == (2, 100)


async def test_an_operation_can_be_run_again_and_asks_anew(sandbox: Sandbox, ids: list[int]) -> None:
    op = Deal.objects.count()
    before = now(sandbox)
    assert await op == await op == len(ids)
    assert asked(sandbox, before) == (2, 2)


async def test_wrong_queries_send_nothing(sandbox: Sandbox) -> None:
    before = now(sandbox)
    builds: list[Callable[[], Any]] = [
        lambda: Deal.objects.filter(titel="x"),  # type: ignore[call-arg]
        lambda: Deal.objects.filter(title__nope="x"),  # type: ignore[call-arg]
        lambda: Deal.objects.filter(id="x"),  # type: ignore[arg-type]
        lambda: Deal.objects.select("titel"),  # type: ignore[arg-type]
        lambda: Deal.objects.order_by("titel"),  # type: ignore[arg-type]
    ]
    for build in builds:
        with pytest.raises(QueryError):
            build()
    assert asked(sandbox, before) == (0, 0)


async def test_the_example_of_the_documentation_runs_as_it_stands(sandbox: Sandbox) -> None:
    seen = []
    async with Portal(sandbox.url):
        async for deal in Deal.objects.filter(Deal.opportunity >= 100_000, stage_id__in=["NEW", "WON"]).select(
            "id", "title"
        ):
            seen.append((deal.id, deal.title))
    wanted = [
        (row["id"], row["title"])
        for id in sandbox.ids("deal")
        if (row := sandbox.row("deal", id))
        and row["stage_id"] in ("NEW", "WON")
        and (row["opportunity"] or 0) >= 100_000
    ]
    assert wanted
    assert seen == wanted


async def test_a_portal_of_another_is_used_when_named(sandbox: Sandbox, ids: list[int], portal: Portal) -> None:
    with Sandbox(deals=10, seed=2, limits=Limits.none()) as other:
        async with Portal(other.url, limits=Limits.none()) as second:
            assert await Deal.objects.count() == 10
            assert await Deal.objects.using(portal).count() == len(ids)
            assert await batch(Deal.objects.using(portal).count(), Deal.objects.count()) == (len(ids), 10)
            assert len(await Deal.objects.using(second)) == 10
            assert [d.id async for d in Deal.objects.using(portal).select("id")] == ids
        assert await Deal.objects.count() == len(ids)


async def test_the_classic_dialect_answers_the_same(sandbox: Sandbox, ids: list[int]) -> None:
    usual = [id for id in ids if (sandbox.row("deal", id) or {})["is_recurring"] == "N"]
    modern = await Deal.objects.get(usual[0])
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic"):
        # Classic lists leave out the templates of recurring deals.
        assert [deal.id for deal in await Deal.objects.select("id")] == usual
        assert await Deal.objects.count() == len(usual)
        classic = await Deal.objects.get(usual[0])
        for name in ("id", "title", "opportunity", "created_time", "begindate", "company_id", "closed", "stage_id"):
            assert getattr(classic, name) == getattr(modern, name)
        assert await Deal.objects.get_or_none(10**9) is None
        assert await Deal.objects.get_or_none(0) is None
        assert await Deal.objects.order_by("-id")[:3].values_list(Deal.id, flat=True) == usual[:-4:-1]


async def test_a_field_that_a_dialect_lacks_is_refused_for_it(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic"):
        with pytest.raises(QueryError, match="does not exist in the 'classic' dialect"):
            await Deal.objects.filter(observers=1)


async def test_a_closed_portal_says_so(sandbox: Sandbox) -> None:
    closed = Portal(sandbox.url)
    for ask in (Deal.objects.using(closed).count(), Deal.objects.using(closed)):
        with pytest.raises(ConfigurationError, match="the portal is not open"):
            await ask
    with pytest.raises(ConfigurationError):
        Deal.objects.using(closed).run_sync()


async def test_a_window_of_many_ids_reads_no_more_chunks_than_it_needs(sandbox: Sandbox, ids: list[int]) -> None:
    before = sandbox.books.rows
    assert [deal.id for deal in await Deal.objects.filter(id__in=ids)[:10]] == ids[:10]
    assert await Deal.objects.filter(id__in=ids).exists()
    assert sandbox.books.rows - before <= 100


async def test_get_takes_an_id_once(ids: list[int]) -> None:
    with pytest.raises(QueryError, match="one id"):
        Deal.objects.get(ids[0], id=ids[1])
