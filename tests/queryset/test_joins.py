"""Conditions across relations: the same rows as a program finds that reads everything, and few requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest

from b24orm import (
    Category,
    Company,
    Contact,
    Deal,
    Limits,
    Portal,
    Q,
    SmartProcess,
    SmartProcessItem,
    Status,
    User,
    errors,
)
from b24orm.errors import IncompleteResult, InvalidValue, TransportError, UnknownField, UnsupportedQuery
from b24orm.queryset import joins, merging
from b24orm.sandbox import Sandbox

# The same queries as a program without type checkers would write them.
DEALS: Any = Deal.objects
FIRMS: Any = Company.objects


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """So many companies and contacts that their ids do not fit one command."""
    with Sandbox(deals=1500, contacts=600, companies=800, leads=0, seed=3, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


class Rows:
    """Everything the portal has, to compare with."""

    deals: list[Deal]
    companies: dict[int, Company]
    contacts: dict[int, Contact]


@pytest.fixture(scope="module")
def rows(sandbox: Sandbox) -> Rows:
    async def read() -> Rows:
        found = Rows()
        async with Portal(sandbox.url, limits=Limits.none()):
            found.deals = await Deal.objects
            found.companies = await _by_id(Company)
            found.contacts = await _by_id(Contact)
        return found

    async def _by_id(model: Any) -> dict[int, Any]:
        return {row.id: row async for row in model.objects}

    return asyncio.run(read())


@pytest.fixture(autouse=True)
async def portal(sandbox: Sandbox) -> AsyncIterator[Portal]:
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        sandbox.books.reset()
        yield portal


def _company(rows: Rows, deal: Deal) -> Company | None:
    return rows.companies.get(deal.company_id or 0)


def _is(rows: Rows, deal: Deal, *industries: str) -> bool:
    company = _company(rows, deal)
    return company is not None and company.industry in industries


def _titled(rows: Rows, deal: Deal, text: str) -> bool:
    company = _company(rows, deal)
    return company is not None and text in company.title.lower()


def _named(rows: Rows, deal: Deal, text: str) -> bool:
    contact = rows.contacts.get(deal.contact_id or 0)
    return contact is not None and text in (contact.name or "").lower()


Check = Callable[[Rows, Deal], bool]

CASES: dict[str, tuple[Any, Check]] = {
    "few ids": (DEALS.filter(company__industry="IT"), lambda rows, d: _is(rows, d, "IT")),
    "ids of several chunks": (
        DEALS.filter(company__industry__ne="IT"),
        lambda rows, d: _company(rows, d) is not None and not _is(rows, d, "IT"),
    ),
    "two conditions on one row": (
        DEALS.filter(company__industry="IT").filter(Q(company__title__contains="а")),
        lambda rows, d: _is(rows, d, "IT") and _titled(rows, d, "а"),
    ),
    "two relations": (
        DEALS.filter(company__industry="IT", contact__name__contains="а", opportunity__gt=1000),
        lambda rows, d: _is(rows, d, "IT") and _named(rows, d, "а") and d.opportunity > 1000,
    ),
    "two relations of several chunks": (
        DEALS.filter(company__industry__ne="IT", contact__id__gt=0),
        lambda rows, d: (
            _company(rows, d) is not None and not _is(rows, d, "IT") and (d.contact_id or 0) in rows.contacts
        ),
    ),
    "a relation of a relation": (
        DEALS.filter(contact__company__industry="IT"),
        lambda rows, d: (
            d.contact_id is not None
            and (company := rows.companies.get(rows.contacts[d.contact_id].company_id or 0)) is not None
            and company.industry == "IT"
        ),
    ),
    "several values": (
        DEALS.filter(contacts__name__contains="а"),
        lambda rows, d: any("а" in (rows.contacts[id].name or "").lower() for id in d.contact_ids),
    ),
    "several values of several chunks": (
        DEALS.filter(contacts__id__gt=0),
        lambda rows, d: any(id in rows.contacts for id in d.contact_ids),
    ),
    "or, of one relation": (
        DEALS.filter(Q(company__industry="IT") | Q(company__industry="TELECOM")),
        lambda rows, d: _is(rows, d, "IT", "TELECOM"),
    ),
    "or, of other conditions": (
        DEALS.filter(Q(company__industry="IT") | Q(stage_id="WON"), opportunity__gt=1000),
        lambda rows, d: (_is(rows, d, "IT") or d.stage_id == "WON") and d.opportunity > 1000,
    ),
    "or, of two relations": (
        DEALS.filter(Q(company__industry="IT", stage_id="WON") | Q(contact__name__contains="анна")),
        lambda rows, d: (_is(rows, d, "IT") and d.stage_id == "WON") or _named(rows, d, "анна"),
    ),
    "exclude": (
        DEALS.exclude(company__industry="IT", company__title__contains="а"),
        lambda rows, d: not (_is(rows, d, "IT") and _titled(rows, d, "а")),
    ),
    "not, of an or": (
        DEALS.filter(~(Q(company__industry="IT") | Q(stage_id="WON"))),
        lambda rows, d: not (_is(rows, d, "IT") or d.stage_id == "WON"),
    ),
    "a stage": (DEALS.filter(stage__semantics="S"), lambda rows, d: d.stage_semantic_id == "S"),
    "a pipeline": (DEALS.filter(category__is_default=True), lambda rows, d: d.category_id == 0),
    "nothing": (DEALS.filter(company__title="no such title"), lambda rows, d: False),
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] if "chunks" in case else []) for case in CASES]
)
async def test_rows_are_those_whose_related_rows_match_in_order_and_each_once(rows: Rows, case: str) -> None:
    qs, matches = CASES[case]
    wanted = [deal.id for deal in rows.deals if matches(rows, deal)]
    assert bool(wanted) is (case != "nothing")
    assert [deal.id for deal in await qs] == wanted
    assert [row["id"] async for row in qs.order_by("-id").values("id", "title")] == wanted[::-1]
    assert await qs.count() == len(wanted)
    assert await qs.exists() is bool(wanted)
    first, last = await qs.first(), await qs.last()
    assert (first and first.id, last and last.id) == ((wanted[0], wanted[-1]) if wanted else (None, None))
    for window in (slice(3, 77), slice(None, 60), slice(100, None), slice(5000, None)):
        assert [deal.id for deal in await qs.select("id")[window]] == wanted[window]
        assert await qs[window].count() == len(wanted[window])
    if wanted:
        middle = wanted[len(wanted) // 2]
        assert [deal.id for deal in await qs.select("id").resume(middle)] == [id for id in wanted if id > middle]
        assert (await qs.get(middle)).id == middle


@pytest.mark.parametrize("key", ["opportunity", "-opportunity", "closedate", "-begindate", "opened"])
async def test_lists_of_several_chunks_are_merged_in_an_order_of_numbers_dates_or_flags(rows: Rows, key: str) -> None:
    everything = await DEALS.select("company_id").order_by(key)
    wanted = [deal.id for deal in everything if deal.company_id in rows.companies]
    qs = DEALS.filter(company__created_time__isnull=False).select("title").order_by(key)
    assert [deal.id for deal in await qs] == wanted
    assert [deal.id for deal in await qs[10:130]] == wanted[10:130]
    many = DEALS.filter(contacts__id__gt=0).select("id").order_by(key)
    assert [deal.id for deal in await many] == [
        deal.id for deal in await DEALS.select("contact_ids").order_by(key) if deal.contact_ids
    ]


async def test_an_order_by_text_cannot_be_put_together_of_several_lists(rows: Rows) -> None:
    with pytest.raises(UnsupportedQuery, match=r"Deal\.title: the ids of related rows do not fit one list"):
        await DEALS.filter(company__industry__ne="IT").order_by("title")
    one = await DEALS.filter(company__industry="IT").order_by("title").values_list("id", flat=True)
    assert sorted(one) == [deal.id for deal in rows.deals if _is(rows, deal, "IT")]


async def test_the_ids_come_first_and_then_the_rows_in_few_requests(sandbox: Sandbox, rows: Rows) -> None:
    found = await DEALS.filter(company__industry="IT").select("id")
    assert sandbox.books.requests <= 4
    ids = sum(company.industry == "IT" for company in rows.companies.values())
    assert sandbox.books.rows <= ids + len(found) + 200
    sandbox.books.reset()
    # The ids of the companies in one request, and then a count of all that have one of them.
    assert await DEALS.filter(company__title__contains="альфа").count() > 0
    assert sandbox.books.requests == 2
    sandbox.books.reset()
    several = await DEALS.filter(company__industry__ne="IT").select("id")
    assert len(several) > 500
    assert sandbox.books.requests <= 5


async def test_no_related_row_means_that_nothing_is_asked_of_the_rows_themselves(sandbox: Sandbox) -> None:
    for ask in (DEALS.filter(stage__name="no such"), DEALS.filter(stage__name="no such").count()):
        sandbox.books.reset()
        assert not await ask
        assert dict(sandbox.books.methods) == {"crm.status.list": 1}


async def test_a_slice_of_nothing_and_an_id_list_of_nothing_ask_nothing_at_all(sandbox: Sandbox) -> None:
    assert await DEALS.filter(company__industry="IT")[:0] == []
    assert await DEALS.filter(company__industry="IT", id__in=[]).count() == 0
    assert await DEALS.filter(company__id__in=[]) == []
    assert sandbox.books.requests == 0


async def test_several_relations_are_read_side_by_side_and_conditions_on_one_in_one_query(sandbox: Sandbox) -> None:
    qs = DEALS.filter(company__industry="IT", company__title__contains="а").filter(contact__name="Анна")
    assert [name for name, _ in qs.explain().parts] == ["Company.id", "Contact.id", "Deal"]
    await qs.first()
    assert sandbox.books.requests <= 3


def test_explain_shows_the_sub_queries_formulas_and_the_first_commands() -> None:
    plan = DEALS.filter(company__industry="IT").explain()
    assert plan.strategy == "semi-join"
    assert plan.requests == "1 + N(Company)/2500 + 1 + N/2500"
    assert plan.commands == "2 + N(Company)/50 + 2 + N/50"
    assert [(name, part.strategy) for name, part in plan.parts] == [("Company.id", "keyset"), ("Deal", "keyset")]
    assert plan.first[0].params["filter"] == {"=industry": "IT"}
    assert plan.first[0].params["select"] == ["id"]
    assert "- Company.id: keyset, " in str(plan)
    nested = DEALS.filter(contact__company__industry="IT").explain()
    assert [part.strategy for _, part in nested.parts] == ["semi-join", "keyset"]
    assert DEALS.filter(company__industry="IT").count().explain().parts[-1][1].strategy == "count"
    assert DEALS.filter(company__industry="IT").first().explain().parts[-1][1].strategy == "one page"
    assert DEALS.filter(company__industry="IT").update(title="x").explain().strategy == "bulk"
    assert FIRMS.filter(deals__stage_id="WON").explain().requests == "1 + N(Deal)/2500 + ids/2500"


def test_a_condition_on_the_relation_itself_is_one_on_its_key(rows: Rows) -> None:
    company = next(iter(rows.companies.values()))
    for written, meant in (
        ({"company": 5}, {"company_id": 5}),
        ({"company": company}, {"company_id": company.id}),
        ({"company__ne": company}, {"company_id__ne": company.id}),
        ({"company__in": [company, 7]}, {"company_id__in": [company.id, 7]}),
        ({"company__not_in": (7,)}, {"company_id__not_in": (7,)}),
        ({"company__isnull": True}, {"company_id__isnull": True}),
        ({"company": None}, {"company_id": None}),
        ({"company__id": 5}, {"company_id": 5}),
        ({"company__id__in": [5, 6]}, {"company_id__in": [5, 6]}),
        ({"contacts": 5}, {"contact_ids": 5}),
        ({"contacts__isnull": False}, {"contact_ids__isnull": False}),
        ({"stage": "WON"}, {"stage_id": "WON"}),
        ({"assigned_by": User(id=3, email="a@b.c")}, {"assigned_by_id": 3}),
    ):
        assert repr(DEALS.filter(**written)) == repr(DEALS.filter(**meant))


def test_names_are_checked_at_once_and_the_right_entity_says_what_is_wrong() -> None:
    with pytest.raises(UnknownField, match=r"^Company has no field 'industri'; did you mean 'industry'"):
        DEALS.filter(company__industri="IT")
    with pytest.raises(UnknownField, match=r"^Deal has no field or relation 'compani'; did you mean 'company'"):
        DEALS.exclude(Q(compani__industry="IT"))
    with pytest.raises(UnknownField, match=r"^Company has no field or relation 'dealz'"):
        DEALS.filter(contact__company__dealz__id=5)
    with pytest.raises(UnknownField, match="unknown lookup 'contians'; did you mean 'contains'"):
        DEALS.filter(company__title__contians="x")
    with pytest.raises(UnknownField, match="'title__x': unknown lookup 'x'"):
        DEALS.filter(title__x="x")
    with pytest.raises(UnknownField, match="unknown lookup 'foo'"):
        DEALS.filter(uf_crm_1700000001__foo="x")
    with pytest.raises(UnsupportedQuery, match=r"Deal\.company is a relation: it takes exact, ne, in, not_in, isnull"):
        DEALS.filter(company__gt=5)
    with pytest.raises(InvalidValue, match=r"^Company\.title takes a str"):
        DEALS.filter(company__title=5)
    with pytest.raises(InvalidValue, match=r"Deal\.company takes a Company, not a Contact"):
        DEALS.filter(company=Contact(name="x"))
    with pytest.raises(InvalidValue, match="this Company is not at the portal yet"):
        DEALS.filter(company=Company(title="x"))
    with pytest.raises(InvalidValue, match="takes True or False"):
        DEALS.filter(company__isnull=5)
    with pytest.raises(InvalidValue, match="takes True or False"):
        FIRMS.filter(deals__isnull=5)
    assert repr(DEALS.filter(uf_crm__twice__in=["x"])) == "<Deal.objects.filter(Q(uf_crm__twice__in=('x',)))>"


def test_a_queryset_across_relations_is_written_as_one_would_type_it() -> None:
    qs = DEALS.filter(Q(company__industry="IT") | Q(stage_id="NEW")).exclude(contact__company__title__contains="x")
    assert repr(qs) == (
        "<Deal.objects.filter(Q(company__industry='IT') | Q(stage_id='NEW'))"
        ".filter(~Q(contact__company__title__contains='x'))>"
    )
    assert repr(FIRMS.filter(deals__isnull=True)) == "<Company.objects.filter(Q(deals__isnull=True))>"
    assert Q(company__industry="IT") == Q(company__industry="IT") != Q(company__industry="OTHER")
    assert hash(DEALS.filter(company__industry="IT")._query.where[0])


def _firms(deals: Iterable[Deal]) -> set[int]:
    return {deal.company_id for deal in deals if deal.company_id}


async def test_a_reverse_relation_finds_the_rows_that_others_refer_to(sandbox: Sandbox, rows: Rows) -> None:
    some = rows.deals[:20]
    won = _firms(deal for deal in rows.deals if deal.stage_id == "WON")
    lost = _firms(deal for deal in rows.deals if deal.stage_id == "LOSE")
    big = _firms(deal for deal in rows.deals if deal.stage_id == "WON" and deal.opportunity > 50_000)
    for qs, wanted in (
        (FIRMS.filter(deals__stage_id="WON"), won),
        (FIRMS.filter(deals__stage_id="WON", deals__opportunity__gt=50_000), big),
        (FIRMS.filter(deals__stage_id="WON").filter(deals__stage_id="LOSE"), won & lost),
        (FIRMS.filter(deals__isnull=False), _firms(rows.deals)),
        (FIRMS.filter(deals=some[0].id), _firms(some[:1])),
        (FIRMS.filter(deals__in=some), _firms(some)),
        (FIRMS.exclude(deals__stage_id="LOSE"), set(rows.companies) - lost),
        (FIRMS.filter(deals__not_in=some), set(rows.companies) - _firms(some)),
        (
            FIRMS.filter(deals__stage_id="WON", industry="IT"),
            {id for id in won if rows.companies[id].industry == "IT"},
        ),
    ):
        assert await qs.values_list("id", flat=True) == sorted(wanted)
        assert await qs.count() == len(wanted)
        assert await qs[5:20].values_list("id", flat=True) == sorted(wanted)[5:20]
    by_date = [c.id for c in await Company.objects.select("id").order_by("-created_time")]
    found = await FIRMS.filter(deals__isnull=False).order_by("-created_time").values_list("id", flat=True)
    referred = {deal.company_id for deal in rows.deals}
    assert found == [id for id in by_date if id in referred]


async def test_what_does_not_fit_one_condition_is_refused_with_what_to_do(rows: Rows) -> None:
    for qs in (
        DEALS.exclude(company__industry__ne="IT"),
        DEALS.filter(Q(company__industry__ne="IT") | Q(stage_id="WON")),
        FIRMS.filter(deals__isnull=True),
    ):
        with pytest.raises(UnsupportedQuery, match=r"stands for \d+ ids; inside of OR, exclude\(\) and ~ .* Narrow it"):
            await qs


async def test_what_a_dialect_cannot_say_is_refused_before_anything_is_asked(sandbox: Sandbox) -> None:
    with pytest.raises(UnsupportedQuery, match="holds several values"):
        await DEALS.exclude(contacts__name="Анна")
    with pytest.raises(UnsupportedQuery, match="cannot be filtered"):
        DEALS.filter(company__contact_bindings=5)
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic") as classic:
        with pytest.raises(UnsupportedQuery, match="OR"):
            await DEALS.filter(Q(company__industry="IT") | Q(stage_id="WON")).using(classic)
        with pytest.raises(UnsupportedQuery, match="not_contains"):
            await DEALS.filter(company__title__not_contains="x").using(classic)
        assert sandbox.books.requests == 0


async def test_rows_that_lead_to_rows_of_types_of_their_own_cannot_be_filtered_across(sandbox: Sandbox) -> None:
    items: Any = SmartProcessItem.objects
    with pytest.raises(UnsupportedQuery, match="depend on entity_type_id of each row: it cannot be filtered across"):
        items.filter(entity_type_id=156, activities__completed=True)
    one: Any = SmartProcess(156).objects
    rows = await one.filter(category__name__contains="а").values_list("id", flat=True)
    assert rows
    assert sandbox.books.methods["crm.category.list"] == 1


async def test_the_classic_dialect_finds_the_same_rows(sandbox: Sandbox, rows: Rows) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic") as classic:
        shown = set(await Deal.objects.using(classic).values_list("id", flat=True))  # without the recurring ones
        for case in ("few ids", "ids of several chunks", "or, of one relation"):
            qs, matches = CASES[case]
            found = await qs.using(classic).values_list("id", flat=True)
            assert found == [deal.id for deal in rows.deals if deal.id in shown and matches(rows, deal)]
            assert await qs.using(classic).count() == len(found)


async def test_entities_of_other_families_can_stand_on_either_side(rows: Rows) -> None:
    users: Any = User.objects
    active = set(await users.filter(active=True).values_list("id", flat=True))
    found = await DEALS.filter(assigned_by__active=True).values_list("id", flat=True)
    assert found == [deal.id for deal in rows.deals if deal.assigned_by_id in active]
    stages: Any = Status.objects
    assert await stages.filter(category__entity_type_id=2, category__is_default=False).count() > 0
    pipelines = await Category.objects.filter(entity_type_id=2).values_list("id", flat=True)
    assert len(pipelines) > 1


async def _keep(qs: Any, got: list[int], at_first: Callable[[], None]) -> None:
    async for deal in qs:
        if not got:
            at_first()
        got.append(deal.id)


async def test_a_list_that_breaks_off_says_how_far_it_came_and_can_be_resumed(
    sandbox: Sandbox, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "_PAGES_AT_ONCE", 3)
    qs = DEALS.filter(company__industry__ne="IT").select("id")
    wanted = [deal.id for deal in rows.deals if _company(rows, deal) and not _is(rows, deal, "IT")]
    got: list[int] = []
    try:
        with pytest.raises(IncompleteResult) as caught:
            await _keep(qs, got, lambda: sandbox.faults.add("access_denied", times=10_000, method="crm.item.list"))
    finally:
        sandbox.faults.clear()
    assert caught.value.rows_so_far == len(got)
    assert caught.value.resume_point == got[-1]
    assert got == wanted[: len(got)] != wanted
    assert [deal.id for deal in await qs.resume(caught.value.resume_point)] == wanted[len(got) :]


async def test_an_error_of_the_sub_query_is_raised_as_it_is(sandbox: Sandbox) -> None:
    sandbox.faults.add("access_denied", times=10_000, method="crm.item.list")
    try:
        with pytest.raises(errors.PortalError):
            await DEALS.filter(company__industry="IT")
    finally:
        sandbox.faults.clear()


async def test_a_sub_query_that_breaks_off_offers_no_point_to_resume_at(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> AsyncIterator[list[Any]]:
        yield []
        raise IncompleteResult("it broke off", rows_so_far=50, resume_point=77)

    monkeypatch.setattr(joins, "row_pages", broken)
    with pytest.raises(IncompleteResult, match="of Company, it broke off") as caught:
        await DEALS.filter(company__industry="IT")
    assert (caught.value.rows_so_far, caught.value.resume_point) == (0, None)


async def test_leaving_a_merged_stream_early_leaves_nothing_running(sandbox: Sandbox) -> None:
    left = 10
    async for _ in DEALS.filter(company__industry__ne="IT").select("id"):
        left -= 1
        if not left:
            break
    before = {task for task in asyncio.all_tasks() if not task.done()}
    await asyncio.sleep(0.05)
    assert len(before) <= 3
    assert sandbox.books.rows < 2500


async def test_a_merged_list_draws_a_progress_bar_too(capfd: pytest.CaptureFixture[str], rows: Rows) -> None:
    found = await DEALS.filter(company__industry__ne="IT").select("id").progress()
    assert f"Deal: {len(found)}row" in capfd.readouterr().err


async def test_update_and_delete_take_conditions_across_relations(rows: Rows) -> None:
    with Sandbox(deals=300, companies=40, contacts=20, seed=5, limits=Limits.none()) as own:
        async with Portal(own.url, limits=Limits.none()):
            qs = DEALS.filter(company__industry="IT")
            ids = await qs.values_list("id", flat=True)
            assert ids
            assert (await qs.update(title="new")).ok
            changed = await Deal.objects.filter(title="new").values_list("id", flat=True)
            assert changed == ids
            everything = await Deal.objects.count()
            assert (await qs.delete()).ok
            assert await Deal.objects.count() == everything - len(ids)
            assert not await qs.exists()
        assert own.books.crashes == []


async def test_in_bulk_and_get_or_none_keep_the_condition(rows: Rows) -> None:
    ids = [deal.id for deal in rows.deals[:120]]
    found = await DEALS.filter(company__industry="IT").in_bulk(ids)
    assert list(found) == [deal.id for deal in rows.deals[:120] if _is(rows, deal, "IT")]
    other = next(deal.id for deal in rows.deals if not _is(rows, deal, "IT"))
    assert await DEALS.filter(company__industry="IT").get_or_none(other) is None


def test_a_script_may_ask_across_relations_without_a_loop(sandbox: Sandbox, rows: Rows) -> None:
    with Portal(sandbox.url, limits=Limits.none()):
        found = [deal.id for deal in DEALS.filter(company__industry__ne="IT").select("id")]
    assert found == [deal.id for deal in rows.deals if _company(rows, deal) and not _is(rows, deal, "IT")]


async def test_transport_errors_before_the_first_row_are_raised_as_they_are() -> None:
    async with Portal("http://127.0.0.1:9/rest/1/abcdefabcdef/", limits=Limits.none()) as nowhere:
        with pytest.raises(TransportError):
            await DEALS.filter(company__industry="IT").using(nowhere)
