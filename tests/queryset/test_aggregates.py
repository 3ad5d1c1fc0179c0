"""Aggregates: what Python makes of all rows, with as little read as possible."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from b24orm import Category, Col, Company, Deal, Lead, Limits, Portal, Q, Status, Task, User, batch, column
from b24orm.errors import IncompleteResult, PortalError, QueryError, UnknownField
from b24orm.queryset import aggregates, groupcounts
from b24orm.sandbox import Sandbox

# The same queries as a program without type checkers would write them.
DEALS: Any = Deal.objects


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=700, seed=5, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(scope="module")
def deals(sandbox: Sandbox) -> list[Deal]:
    async def read() -> list[Deal]:
        async with Portal(sandbox.url, limits=Limits.none()):
            return await Deal.objects

    return asyncio.run(read())


@pytest.fixture(autouse=True)
async def portal(sandbox: Sandbox) -> AsyncIterator[Portal]:
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        sandbox.books.reset()
        yield portal
    sandbox.faults.clear()


def _values(rows: list[Any], name: str) -> list[Any]:
    return [value for row in rows if (value := getattr(row, name)) not in (None, "")]


# -- one value ---------------------------------------------------------------------------------------------------------


async def test_sums_and_averages_are_those_of_all_rows_to_the_last_digit(sandbox: Sandbox, deals: list[Deal]) -> None:
    amounts = _values(deals, "opportunity")
    total = await Deal.objects.sum(Deal.opportunity)
    assert total == sum(amounts)
    assert isinstance(total, Decimal)
    assert sandbox.books.method_rows == {"crm.item.list": sandbox.books.rows}
    assert sandbox.books.rows <= 700 + 50
    assert await Deal.objects.avg("opportunity") == sum(amounts) / len(amounts)
    chances = _values(deals, "probability")
    whole = await Deal.objects.sum("probability")
    assert whole == sum(chances)
    assert isinstance(whole, int)
    assert await Deal.objects.avg(Deal.probability) == Decimal(sum(chances)) / len(chances)
    won = [deal for deal in deals if deal.stage_id == "WON"]
    assert await Deal.objects.filter(stage_id="WON").sum("opportunity") == sum(_values(won, "opportunity"))


def test_no_digit_of_a_sum_is_lost() -> None:
    collected = aggregates._Sum()
    for value in (Decimal("1e30"), 3, Decimal("0.0000001"), None, True, "5", Decimal("-1e30")):
        collected.take(value)
    assert collected.result == Decimal("3.0000001")
    assert collected.count == 4


@pytest.mark.parametrize(
    "name", ["opportunity", "id", "probability", "begindate", "closedate", "created_time", "title"]
)
@pytest.mark.parametrize("function", ["min", "max"])
async def test_extremes_are_those_of_all_rows(deals: list[Deal], name: str, function: str) -> None:
    wanted = (min if function == "min" else max)(_values(deals, name))
    for qs, rows in (
        (DEALS, deals),
        (DEALS.filter(stage_id="WON"), [deal for deal in deals if deal.stage_id == "WON"]),
        (DEALS.order_by("-id")[:100], deals[-100:]),
        (DEALS[200:300], deals[200:300]),
        (DEALS.resume(deals[350].id), deals[351:]),
    ):
        wanted = (min if function == "min" else max)(_values(rows, name))
        assert await getattr(qs, function)(name) == wanted


async def test_an_extreme_of_numbers_or_dates_is_one_row_and_one_of_text_is_read(sandbox: Sandbox) -> None:
    for op in (
        DEALS.max("opportunity"),
        DEALS.min("opportunity"),
        DEALS.max("id"),
        DEALS.min("closedate"),
        DEALS.max("created_time"),
        DEALS.max("probability"),
    ):
        sandbox.books.reset()
        assert op.explain().strategy == "one page"
        await op
        assert (sandbox.books.requests, sandbox.books.commands) == (1, 1)
    assert "all rows are read only if it has no value" in DEALS.max("probability").explain().reason
    assert DEALS.max("opportunity").explain().reason.startswith("the first row in the order of opportunity; ")
    text = DEALS.max("title").explain()
    assert text.strategy == "keyset"
    assert text.reason.startswith("max is made here of title, row by row; keyset by id")
    assert text.first[0].params["select"] == ["id", "title"]
    assert DEALS[:100].max("opportunity").explain().strategy == "chain"
    assert DEALS[:0].max("opportunity").explain().strategy == "nothing"


async def test_where_the_first_row_has_no_value_all_rows_decide(sandbox: Sandbox, deals: list[Deal]) -> None:
    assert any(deal.probability is None for deal in deals)  # which come first
    assert await Deal.objects.min("probability") == min(_values(deals, "probability"))
    assert sandbox.books.commands > 10
    empty = await Deal.objects.filter(probability__isnull=True, opportunity__gt=10**9).max("probability")
    assert empty is None


async def test_of_no_rows_and_of_no_values_the_answer_is_none(sandbox: Sandbox) -> None:
    for qs in (Deal.objects.filter(title="no such title"), Deal.objects[:0], Deal.objects.filter(id__in=[])):
        assert await qs.sum("opportunity") is None
        assert await qs.avg("opportunity") is None
        assert await qs.min("opportunity") is None
        assert await qs.max("title") is None
        assert await qs.distinct("stage_id") == []
        assert await qs.group_by("stage_id").count() == {}
        assert await qs.group_by("stage_id").sum("opportunity") == {}
    unfilled = Deal.objects.filter(closedate__isnull=True)
    assert await unfilled.max("closedate") is None
    groups = await unfilled.group_by("closed").min("closedate")
    assert set(groups.values()) == {None}


async def test_a_slice_and_its_order_are_respected(deals: list[Deal]) -> None:
    for qs, rows in (
        (Deal.objects[100:230], deals[100:230]),
        (Deal.objects.order_by("-id")[:77], deals[::-1][:77]),
        (Deal.objects.order_by("-opportunity")[:20], await Deal.objects.order_by("-opportunity")[:20]),
    ):
        assert await qs.sum("opportunity") == sum(_values(rows, "opportunity"))
        assert await qs.avg("id") == Decimal(sum(row.id for row in rows)) / len(rows)
        assert await qs.distinct("stage_id") == sorted(set(_values(rows, "stage_id")))
        assert await qs.group_by("closed").count() == Counter(row.closed for row in rows)
        assert await qs.group_by("stage_id").max("id") == {
            stage: max(row.id for row in rows if row.stage_id == stage) for stage in {row.stage_id for row in rows}
        }
    # An order that no window depends on costs nothing.
    assert Deal.objects.order_by("title").sum("opportunity").explain().strategy == "keyset"


async def test_distinct_values_are_sorted_and_none_comes_first(deals: list[Deal]) -> None:
    assert await Deal.objects.distinct(Deal.stage_id) == sorted(set(_values(deals, "stage_id")))
    assert await Deal.objects.distinct("type_id") == [None, *sorted(set(_values(deals, "type_id")))]
    assert await Deal.objects.distinct("closed") == [False, True]
    assert await Deal.objects.distinct("begindate") == sorted(set(_values(deals, "begindate")))
    assert await Status.objects.filter(entity_id="SOURCE").distinct("sort") == sorted(
        {row.sort for row in await Status.objects.filter(entity_id="SOURCE") if row.sort is not None}
    )


def test_values_that_cannot_be_compared_stay_in_the_order_in_which_they_came() -> None:
    assert aggregates._in_order(["b", 1, "a"]) == ["b", 1, "a"]
    assert aggregates._in_order([(2, None), (1, "b"), (1, None)]) == [(1, None), (1, "b"), (2, None)]


def test_fields_of_the_wrong_kind_are_refused_at_once() -> None:
    for wrong, match in (
        (lambda: DEALS.sum("title"), r"sum of Deal\.title: it takes numbers, not a field of kind 'str'"),
        (lambda: DEALS.avg(Deal.closedate), r"avg of Deal\.closedate: it takes numbers"),
        (lambda: DEALS.min("closed"), r"min of Deal\.closed: it takes numbers, dates and text"),
        (lambda: DEALS.sum("contact_ids"), r"sum of Deal\.contact_ids: it holds several values"),
        (lambda: DEALS.distinct("observers"), r"distinct of Deal\.observers: it holds several values"),
        (lambda: DEALS.group_by("contact_ids"), "it holds several values"),
        (lambda: DEALS.sum("uf_crm_1"), r"declare it with column\(\)"),
        (lambda: DEALS.group_by("stage_id").sum("title"), r"sum of Deal\.title: it takes numbers"),
        (lambda: DEALS.group_by(), "group_by needs the fields"),
        (lambda: Status.objects.distinct("extra"), "it takes values that can be compared"),
    ):
        with pytest.raises(QueryError, match=match):
            wrong()
    with pytest.raises(UnknownField, match="did you mean 'opportunity'"):
        DEALS.sum("oportunity")
    with pytest.raises(UnknownField, match="did you mean 'stage_id'"):
        DEALS.group_by("stage_idd").count()


async def test_user_fields_that_a_class_declares_are_summed_and_undeclared_ones_make_groups(sandbox: Sandbox) -> None:
    class MyDeal(Deal):
        area: Col[float | None] = column("UF_CRM_1700000005", default=None)
        segment: Col[str | None] = column("UF_CRM_1700000001", default=None)

    rows = await MyDeal.objects
    assert await MyDeal.objects.sum("area") == sum((Decimal(str(row.area)) for row in rows if row.area is not None), 0)
    wanted = Counter(row.segment for row in rows)
    assert await MyDeal.objects.group_by("segment").count() == wanted
    assert len(await Deal.objects.distinct("uf_crm_1700000001")) == len(wanted)


async def test_undeclared_user_fields_of_several_values_make_no_groups() -> None:
    for op in (DEALS.distinct("uf_crm_1700000020"), DEALS.group_by("uf_crm_1700000020").count()):
        with pytest.raises(QueryError, match=r"Deal\.uf_crm_1700000020: the portal sent several values or a structure"):
            await op


# -- groups ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "requests"),
    [
        ("closed", 1),
        ("is_recurring", 1),
        ("stage_semantic_id", 1),
        ("stage_id", 2),
        ("type_id", 2),
        ("source_id", 2),
        ("category_id", 2),
    ],
)
async def test_values_that_are_known_are_counted_in_one_request(
    sandbox: Sandbox, deals: list[Deal], name: str, requests: int
) -> None:
    op = DEALS.group_by(name).count()
    wanted = Counter(getattr(deal, name) for deal in deals)
    counted = await op
    assert counted == wanted
    assert list(counted) == aggregates._in_order(wanted)
    assert sandbox.books.requests == requests
    assert sandbox.books.method_rows.keys() <= {"crm.item.list", "crm.status.list", "crm.category.list"}
    assert op.explain().strategy == "counts"
    some = DEALS.filter(opportunity__gte=100_000).exclude(stage_id="WON").order_by("title")
    assert await some.group_by(name).count() == Counter(
        getattr(deal, name) for deal in deals if deal.opportunity >= 100_000 and deal.stage_id != "WON"
    )


async def test_a_condition_on_the_field_itself_goes_with_its_counts(sandbox: Sandbox, deals: list[Deal]) -> None:
    counted = await Deal.objects.filter(stage_id__in=["WON", "LOSE"]).group_by("stage_id").count()
    assert counted == {s: sum(deal.stage_id == s for deal in deals) for s in ("LOSE", "WON")}
    assert sandbox.books.requests == 2


@pytest.mark.parametrize("name", ["assigned_by_id", "currency_id", "company_id", "begindate", "title"])
async def test_values_that_nobody_knows_are_counted_as_the_rows_are_read(deals: list[Deal], name: str) -> None:
    op = DEALS.group_by(name).count()
    assert await op == Counter(getattr(deal, name) for deal in deals)
    plan = op.explain()
    assert plan.strategy == "keyset"
    assert plan.reason.startswith(f"a count is made here of {name}, row by row; ")
    assert len(plan.first[0].params["select"]) == 2


async def test_several_fields_make_tuples(sandbox: Sandbox, deals: list[Deal]) -> None:
    counted = await Deal.objects.group_by(Deal.stage_id, Deal.assigned_by_id).count()
    assert counted == Counter((deal.stage_id, deal.assigned_by_id) for deal in deals)
    assert list(counted) == sorted(counted)
    summed = await Deal.objects.group_by("stage_id", "closed").sum("opportunity")
    assert summed == {
        (stage, closed): sum(d.opportunity for d in deals if (d.stage_id, d.closed) == (stage, closed))
        for stage, closed in {(deal.stage_id, deal.closed) for deal in deals}
    }


async def test_groups_have_sums_averages_and_extremes(sandbox: Sandbox, deals: list[Deal]) -> None:
    by_stage: dict[Any, list[Deal]] = {}
    for deal in deals:
        by_stage.setdefault(deal.stage_id, []).append(deal)
    groups = Deal.objects.group_by(Deal.stage_id)
    assert repr(groups) == "<groups of Deal by stage_id>"
    amounts = {stage: _values(rows, "opportunity") for stage, rows in by_stage.items()}
    sandbox.books.reset()
    assert await groups.sum(Deal.opportunity) == {stage: sum(values) for stage, values in amounts.items()}
    assert sandbox.books.rows <= 700 + 50
    assert await groups.avg("opportunity") == {stage: sum(v) / len(v) for stage, v in amounts.items()}
    assert await groups.min("opportunity") == {stage: min(values) for stage, values in amounts.items()}
    assert await groups.max("title") == {stage: max(_values(rows, "title")) for stage, rows in by_stage.items()}
    dates = {stage: _values(rows, "closedate") for stage, rows in by_stage.items()}
    assert await groups.max("closedate") == {stage: max(values, default=None) for stage, values in dates.items()}
    assert groups.sum("opportunity").explain().reason.startswith("sum is made here of stage_id and opportunity, ")


async def test_counts_that_do_not_add_up_are_not_believed(deals: list[Deal], monkeypatch: pytest.MonkeyPatch) -> None:
    async def part(*_: Any) -> tuple[Any, ...]:
        return ("WON", "LOSE")

    monkeypatch.setattr(groupcounts, "_listed", part)
    assert await Deal.objects.group_by("stage_id").count() == Counter(deal.stage_id for deal in deals)


async def test_a_dictionary_out_of_reach_or_out_of_size_does_not_matter(
    sandbox: Sandbox, deals: list[Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Counter(deal.stage_id for deal in deals)
    sandbox.faults.add("access_denied", times=1, method="crm.status.list")
    assert await Deal.objects.group_by("stage_id").count() == wanted
    monkeypatch.setattr(groupcounts, "_MOST_VALUES", 3)
    assert await Deal.objects.group_by("stage_id").count() == wanted


async def test_an_error_of_the_rows_themselves_is_raised(sandbox: Sandbox) -> None:
    sandbox.faults.add("access_denied", times=1000, method="crm.item.list")
    for op in (DEALS.sum("opportunity"), DEALS.group_by("closed").count(), DEALS.max("id"), DEALS.distinct("closed")):
        with pytest.raises(PortalError):
            await op


async def test_a_list_that_breaks_off_makes_no_aggregate(sandbox: Sandbox) -> None:
    sandbox.faults.add("access_denied", times=1000, method="crm.item.list", after=3)
    with pytest.raises(IncompleteResult):
        await Deal.objects.sum("opportunity")


def test_explain_says_how_groups_are_counted() -> None:
    stages = Deal.objects.group_by("stage_id").count().explain()
    assert stages.reason.startswith("the values from Status first, then a count of each value of stage_id, and of all ")
    assert "should they not add up, all rows are read, with stage_id alone" in stages.reason
    assert (stages.requests, stages.commands) == ("1 + N(Status)/50", "3 + N(Status)")
    assert [command.method for command in stages.first] == ["crm.status.list"]
    flags = Deal.objects.group_by("closed").count().explain()
    assert (flags.strategy, flags.requests, flags.commands) == ("counts", "1", "3")
    assert [c.params.get("filter") for c in flags.first] == [None, {"=closed": "Y"}, {"=closed": "N"}]
    assert Deal.objects[:500].group_by("stage_id").count().explain().strategy == "chain"
    assert Deal.objects.group_by("stage_id", "closed").count().explain().strategy == "keyset"
    assert Task.objects.group_by("id").count().explain().strategy == "keyset"


async def test_other_entities_are_counted_as_their_methods_allow(sandbox: Sandbox) -> None:
    leads = await Lead.objects
    assert await Lead.objects.group_by("stage_id").count() == Counter(lead.stage_id for lead in leads)
    users = await User.objects
    assert await User.objects.group_by("active").count() == Counter(user.active for user in users)
    rows = await Status.objects
    sandbox.books.reset()
    assert await Status.objects.group_by("entity_id").count() == Counter(row.entity_id for row in rows)
    assert await Status.objects.max("sort") == max(_values(rows, "sort"))
    assert await Category.objects.filter(entity_type_id=2).max("id") == 4
    assert sandbox.books.requests == 3


async def test_the_classic_dialect_counts_the_same(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic"):
        rows = await Deal.objects
        for name in ("stage_id", "closed", "category_id", "type_id", "assigned_by_id"):
            assert await DEALS.group_by(name).count() == Counter(getattr(row, name) for row in rows)
        assert await Deal.objects.sum("opportunity") == sum(_values(rows, "opportunity"))
        assert await Deal.objects.max("closedate") == max(_values(rows, "closedate"))
        assert await DEALS.filter(stage_id="WON").group_by("stage_id").count() == {
            "WON": sum(row.stage_id == "WON" for row in rows)
        }


async def test_aggregates_take_conditions_across_relations(sandbox: Sandbox, deals: list[Deal]) -> None:
    firms = {company.id async for company in Company.objects.filter(industry="IT")}
    rows = [deal for deal in deals if deal.company_id in firms]
    qs = DEALS.filter(company__industry="IT")
    sandbox.books.reset()
    assert await qs.group_by("stage_id").count() == Counter(deal.stage_id for deal in rows)
    assert sandbox.books.requests <= 4
    assert qs.group_by("stage_id").count().explain().strategy == "counts"
    assert await qs.sum("opportunity") == sum(_values(rows, "opportunity"))
    assert await qs.max("opportunity") == max(_values(rows, "opportunity"))
    assert await qs.distinct("stage_id") == sorted({deal.stage_id for deal in rows if deal.stage_id})
    none = DEALS.filter(company__title="no such title")
    assert await none.group_by("closed").count() == {}
    either = DEALS.filter(Q(company__industry="IT") | Q(stage_id="WON"))
    both = [deal for deal in deals if deal.company_id in firms or deal.stage_id == "WON"]
    assert await either.group_by("closed").count() == Counter(deal.closed for deal in both)


async def test_aggregates_run_together_in_a_batch_and_in_scripts(sandbox: Sandbox, deals: list[Deal]) -> None:
    sandbox.books.reset()
    newest, counted, rows = await batch(
        Deal.objects.max(Deal.closedate), Deal.objects.group_by("closed").count(), Deal.objects.count()
    )
    assert sandbox.books.requests == 1
    assert newest == max(_values(deals, "closedate"))
    assert isinstance(newest, date)
    assert sum(counted.values()) == rows == 700


def test_a_script_gets_aggregates_without_a_loop(sandbox: Sandbox, deals: list[Deal]) -> None:
    with Portal(sandbox.url, limits=Limits.none()):
        assert Deal.objects.sum("opportunity").run_sync() == sum(_values(deals, "opportunity"))
        assert Deal.objects.group_by("closed").count().run_sync() == Counter(deal.closed for deal in deals)
