"""`prefetch_related`: what rows lead to comes with them, in few requests, and nothing is asked afterwards."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any, ClassVar

import pytest

from b24orm import (
    Activity,
    Category,
    Company,
    Contact,
    Deal,
    Department,
    DiskStorage,
    Limits,
    Portal,
    ProductRow,
    Requisite,
    SmartProcess,
    SmartProcessItem,
    Status,
    Task,
    TimelineComment,
    User,
    batch,
)
from b24orm.errors import FieldNotLoaded, IncompleteResult, PortalError, UnknownField, UnsupportedQuery
from b24orm.model import ToOne
from b24orm.queryset import prefetch
from b24orm.queryset.execute import model_pages
from b24orm.sandbox import Sandbox

# As a program without type checkers would write it.
DEALS: Any = Deal.objects


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Nearly as many companies and contacts as deals; all deals have product rows."""
    with Sandbox(
        deals=2500, contacts=2400, companies=2300, product_rows=2500, leads=40, quotes=40, seed=11, limits=Limits.none()
    ) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(autouse=True)
async def portal(sandbox: Sandbox) -> AsyncIterator[Portal]:
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        sandbox.books.reset()
        yield portal


async def by_id(model: Any) -> dict[int, Any]:
    return {row.id: row async for row in model.objects}


async def test_2500_deals_with_contacts_companies_and_product_rows_take_few_requests(sandbox: Sandbox) -> None:
    await ProductRow.objects.filter(owner_type="D", owner_id=1)  # the sandbox makes them when it is first asked
    sandbox.books.reset()
    deals = await Deal.objects.prefetch_related("contacts", "company", "product_rows")
    asked = sandbox.books.requests
    contacts = {id for deal in deals for id in deal.contact_ids}
    companies = {deal.company_id for deal in deals if deal.company_id}
    assert len(deals) == 2500
    assert min(len(contacts), len(companies)) > 500
    assert asked <= 1 + math.ceil(len(contacts) / 2500) + math.ceil(len(companies) / 2500) + 50
    assert asked <= 12  # which is far less, since the rows of 50 deals are asked for at once


async def test_what_comes_is_what_the_portal_has_and_asks_nothing_afterwards(sandbox: Sandbox) -> None:
    companies, contacts = await by_id(Company), await by_id(Contact)
    rows = [
        row for id in sandbox.ids("deal")[:60] for row in await ProductRow.objects.filter(owner_type="D", owner_id=id)
    ]
    deals = await Deal.objects.prefetch_related("contacts", "company", "product_rows")[:60]
    sandbox.books.reset()
    for deal in deals:
        assert deal.company == companies.get(deal.company_id or 0)
        assert await deal.company == companies.get(deal.company_id or 0)
        assert [contact async for contact in deal.contacts] == [contacts[id] for id in sorted(deal.contact_ids)]
        assert list(deal.contacts) == await deal.contacts
        assert await deal.contacts.count() == len(deal.contacts) == len(deal.contact_ids)
    assert [row for deal in deals for row in deal.product_rows] == sorted(rows, key=lambda row: (row.owner_id, row.id))
    assert await deals[0].product_rows.exists()
    assert await deals[0].product_rows.first() == deals[0].product_rows.run_sync()[0]
    assert await deals[0].product_rows.last() == (await deals[0].product_rows.all())[-1]
    assert [len(page) async for page in deals[0].product_rows.pages()] == [len(deals[0].product_rows)]
    assert deals[0].product_rows.explain().requests == "0"
    assert sandbox.books.requests == 0


async def test_a_filter_an_order_and_a_slice_of_rows_at_hand_ask_the_portal(sandbox: Sandbox) -> None:
    deal = (await Deal.objects.prefetch_related("product_rows")[:1])[0]
    rows = deal.product_rows
    sandbox.books.reset()
    assert not rows.filter(price__gte=0).fetched
    assert await rows.filter(price__gte=0) == list(rows)
    assert await rows.order_by("-id") == list(rows)[::-1]
    assert await rows[:1] == list(rows)[:1]
    assert sandbox.books.commands >= 3


async def test_nested_relations_come_too_and_no_row_is_asked_for_twice(sandbox: Sandbox) -> None:
    deals = await Deal.objects.prefetch_related("company", "contact__company__assigned_by")
    companies = {deal.company_id for deal in deals if deal.company_id}
    contacts = {deal.contact_id for deal in deals if deal.contact_id}
    people = [deal.contact.value for deal in deals if deal.contact]
    companies |= {person.company_id for person in people if person and person.company_id}
    assert sandbox.books.method_rows["crm.item.list"] <= 2500 + 50 + len(companies) + len(contacts)
    sandbox.books.reset()
    met = 0
    for person in people:
        assert person is not None
        assert person.company.fetched
        if person.company:
            met += 1
            assert person.company.assigned_by.id == person.company.assigned_by_id
    assert met
    assert sandbox.books.requests == 0


async def test_a_row_that_many_lead_to_is_one_object() -> None:
    deals = await Deal.objects.filter(company_id__isnull=False).prefetch_related("company", "contact__company")
    by_key: dict[int, Company] = {}
    for deal in deals:
        company = deal.company.value
        assert company is not None
        assert by_key.setdefault(company.id, company) is company


@pytest.mark.parametrize("group", [30, 1000])
async def test_distinct_rows_are_fetched_once_however_many_groups_there_are(
    sandbox: Sandbox, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "GROUP", group)
    deals = Deal.objects.select("id").prefetch_related("assigned_by")
    found = {deal.assigned_by.value.id async for deal in deals if deal.assigned_by.value}
    assert sandbox.books.method_rows["user.get"] == len(found)


async def test_rows_that_do_not_fit_the_memory_are_fetched_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "GROUP", 100)
    monkeypatch.setattr(prefetch, "KEPT", 20)
    companies = await by_id(Company)
    async for deal in Deal.objects.prefetch_related("company", "stage"):
        assert deal.company == companies.get(deal.company_id or 0)
        assert deal.stage.status_id == deal.stage_id
    assert sandbox.books.methods["crm.status.list"] == 1


async def test_the_first_row_waits_for_a_page_and_its_relations_only(sandbox: Sandbox) -> None:
    async for deal in Deal.objects.prefetch_related("company", "contact"):
        assert deal.company.fetched
        break
    assert sandbox.books.rows < 1000


async def test_a_stream_that_is_left_early_leaves_nothing_running(sandbox: Sandbox) -> None:
    before = asyncio.all_tasks()
    async with aclosing(Deal.objects.prefetch_related("company", "product_rows").pages()) as pages:
        async for _ in pages:
            break
    assert {task for task in asyncio.all_tasks() - before if task.get_name() != "b24orm-dispatcher"} == set()
    sandbox.books.reset()
    assert await Deal.objects.count() == 2500
    assert sandbox.books.commands == 1


async def test_no_key_means_no_request(sandbox: Sandbox) -> None:
    deals = await Deal.objects.filter(company_id__isnull=True).select("id").prefetch_related("company")[:40]
    assert len(deals) == 40
    asked = sandbox.books.commands
    assert [await deal.company for deal in deals] == [None] * 40
    assert not any(deal.company for deal in deals)
    assert sandbox.books.commands == asked == 1


async def test_a_row_that_is_gone_is_none(sandbox: Sandbox) -> None:
    gone = max(sandbox.ids("company")) + 1000
    id = sandbox.insert("deal", title="of nobody", company_id=gone)
    try:
        deal = await Deal.objects.prefetch_related("company").get(id)
        sandbox.books.reset()
        assert await deal.company is None
        assert deal.company.value is None
        assert sandbox.books.requests == 0
        assert await (await Deal.objects.get(id)).company is None
    finally:
        await Deal.objects.bulk_delete([id])


async def test_select_loads_the_keys_that_are_needed(sandbox: Sandbox) -> None:
    deals = await Deal.objects.select("title").prefetch_related("company", "contacts", "product_rows")[:20]
    assert deals[0].loaded_fields == {"id", "title", "company_id", "contact_ids"}
    assert all(deal.company.fetched and deal.contacts.fetched for deal in deals)
    assert await DEALS.select("title").prefetch_related("company").values_list("title", flat=True)


async def test_get_first_last_and_in_bulk_fetch_them_as_well(sandbox: Sandbox) -> None:
    deals = Deal.objects.filter(company_id__isnull=False).prefetch_related("company")
    first, last = await deals.first(), await deals.last()
    assert first is not None
    assert last is not None
    found = [first, last, await deals.get(first.id), await deals.get_or_none(last.id)]
    found += (await deals.in_bulk([first.id, last.id])).values()
    found += [await Deal.objects.prefetch_related("company").get(first.id)]
    sandbox.books.reset()
    assert [deal.company.id for deal in found if deal] == [
        *(first.company_id, last.company_id) * 3,
        first.company_id,
    ]
    assert all(deal is not None and deal.company.fetched for deal in found)
    assert await Deal.objects.prefetch_related("company").get_or_none(10**8) is None


async def test_counts_values_and_windows_work_as_without_it(sandbox: Sandbox) -> None:
    deals = Deal.objects.prefetch_related("company")
    assert await deals.count() == 2500
    assert await deals.exists()
    window = await deals.order_by("-id")[5:8]
    assert [deal.id for deal in window] == sandbox.ids("deal")[::-1][5:8]
    assert all(deal.company.fetched for deal in window)
    sandbox.books.reset()
    assert len(await deals.values("company_id")) == 2500
    assert sandbox.books.rows < 2700  # no company among them


async def test_rows_that_point_here_are_found_for_many_at_once(sandbox: Sandbox) -> None:
    companies = await Company.objects.prefetch_related("deals", "requisites", "contacts")
    asked = sandbox.books.requests
    theirs: dict[int, list[int]] = {}
    async for deal in Deal.objects.filter(company_id__isnull=False):
        theirs.setdefault(deal.company_id or 0, []).append(deal.id)
    assert {c.id: [deal.id for deal in c.deals] for c in companies if c.deals} == theirs
    assert asked < 30
    requisites = [requisite for company in companies for requisite in company.requisites]
    assert len(requisites) == await Requisite.objects.filter(entity_type_id=4).count()


async def test_deals_of_a_contact_are_those_where_it_is_not_the_first_too(sandbox: Sandbox) -> None:
    contacts = await Contact.objects.prefetch_related("deals")
    theirs: dict[int, list[int]] = {}
    async for deal in Deal.objects:
        for id in deal.contact_ids:
            theirs.setdefault(id, []).append(deal.id)
    assert {c.id: [deal.id for deal in c.deals] for c in contacts if c.deals} == theirs


async def test_dictionaries_and_pipelines_come_in_one_answer(sandbox: Sandbox) -> None:
    deals = await Deal.objects.prefetch_related("stage", "category", "source", "type")
    assert sandbox.books.methods["crm.status.list"] == 3  # of stages, sources and types
    assert sandbox.books.methods["crm.category.list"] == 1
    stages = {status.status_id: status for status in await Status.objects if status.entity_id.startswith("DEAL_STAGE")}
    pipelines = {pipeline.id: pipeline for pipeline in await Category.objects.filter(entity_type_id=2)}
    for deal in deals:
        assert deal.stage == stages[deal.stage_id or ""]
        assert deal.category == pipelines[deal.category_id or 0]
        assert deal.source.value is None or deal.source.entity_id == "SOURCE"
    assert {deal.category_id for deal in deals} >= {0, 1}


async def test_the_timeline_comes_along(sandbox: Sandbox) -> None:
    deals = await Deal.objects.prefetch_related("activities", "timeline_comments")[:100]
    assert sandbox.books.methods["crm.timeline.comment.list"] == 100  # the method takes one owner at a time
    assert sandbox.books.methods["crm.activity.list"] <= 6
    assert any(deal.activities for deal in deals)
    assert any(deal.timeline_comments for deal in deals)
    for deal in deals[:20]:
        assert list(deal.activities) == await Activity.objects.filter(owner_type_id=2, owner_id=deal.id)
        comments = await TimelineComment.objects.filter(entity_type="deal", entity_id=deal.id)
        assert list(deal.timeline_comments) == comments


async def test_people_of_tasks_come_along(sandbox: Sandbox) -> None:
    tasks = await Task.objects.prefetch_related("responsible_user", "created_by_user", "accomplice_users")
    users = await by_id(User)
    assert tasks
    for task in tasks:
        assert task.responsible_user == users[task.responsible_id]
        assert [user.id for user in task.accomplice_users] == sorted(task.accomplices)


async def test_smart_processes_know_their_own_stages_rows_and_timelines(sandbox: Sandbox) -> None:
    names = ("stage", "category", "activities", "timeline_comments", "product_rows")
    repairs = await SmartProcess(entity_type_id=156).objects.prefetch_related(*names)
    devices = await SmartProcessItem.objects.filter(entity_type_id=1038).prefetch_related(*names[:4])
    assert repairs
    assert devices
    assert all(item.stage.entity_id.startswith("DYNAMIC_156_STAGE_") for item in repairs)
    assert all(item.category.entity_type_id == 1038 for item in devices)
    assert all(item.activities.fetched and item.timeline_comments.fetched for item in repairs)
    assert all(item.activities.fetched and item.timeline_comments.fetched for item in devices)


async def test_a_model_of_ones_own_can_be_named(sandbox: Sandbox) -> None:
    assert await Deal.objects.prefetch_related(Deal.company, "contact__company")[:3]
    deal = await MyDeal.objects.filter(company_id__isnull=False).prefetch_related("company", "contact").first()
    assert deal is not None
    company = deal.company.value
    assert isinstance(company, MyCompany)
    assert company.named_twice == f"{company.title} {company.title}"


class MyCompany(Company):
    @property
    def named_twice(self) -> str:
        return f"{self.title} {self.title}"


class MyDeal(Deal):
    company: ClassVar[ToOne[MyCompany]] = ToOne(MyCompany)  # pyright: ignore[reportIncompatibleVariableOverride]


async def test_using_binds_what_was_fetched_to_its_portal(sandbox: Sandbox) -> None:
    async with Sandbox(deals=3, limits=Limits.none()) as other, Portal(sandbox.url, limits=Limits.none()) as portal:
        async with Portal(other.url, limits=Limits.none()):  # the current one from here on
            deals = Deal.objects.using(portal).filter(company_id__isnull=False).prefetch_related("company", "contacts")
            deal = (await deals[:1])[0]
            other.books.reset()
            company = deal.company.value
            assert company is not None
            assert deal.id in [one.id for one in await company.deals]
            assert await company.assigned_by is not None
            assert await deal.stage is not None
            assert other.books.requests == 0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("compny",), "Deal has no relation 'compny'; did you mean 'company'?"),
        (("company", "contact__compny"), "Contact has no relation 'compny'; did you mean 'company'"),
        (("title",), "Deal has no relation 'title'; it is a field"),
        (("",), "Deal has no relation ''"),
        ((5,), "a relation is named by a string or by Deal.company, not by 5"),
        ((Deal.title,), "a relation is named by a string or by Deal.company, not by <column title>"),
    ],
)
def test_a_wrong_name_is_refused_at_once(names: tuple[Any, ...], message: str) -> None:
    with pytest.raises(UnknownField) as caught:
        Deal.objects.prefetch_related(*names)
    assert str(caught.value).startswith(message)


def test_a_relation_that_no_method_can_follow_is_refused_at_once() -> None:
    with pytest.raises(UnsupportedQuery, match="the portal has no way to ask for Category rows by id"):
        Status.objects.prefetch_related("category")


def test_explain_tells_what_is_fetched_besides() -> None:
    plan = Deal.objects.prefetch_related("company__deals", "stage", "timeline_comments").explain()
    assert [name for name, _ in plan.parts] == ["company", "company__deals", "stage", "timeline_comments"]
    text = str(plan)
    assert "- company: by ids, K distinct values of Deal.company_id, 50 a command" in text
    assert "- stage: whole, one answer holds what Deal.stage_id leads to" in text
    assert "- timeline_comments: counted, K distinct values of Deal.id, one a command" in text
    assert plan.requests.startswith("1 + N/2500 + K(company)/2500")
    assert Deal.objects.filter(id__in=[]).prefetch_related("company").explain().requests == "0"
    assert [name for name, _ in Deal.objects.prefetch_related("company").first().explain().parts] == ["company"]
    assert "prefetch_related('company', 'company__deals')" in repr(Deal.objects.prefetch_related("company__deals"))


async def test_what_one_queryset_fetches_does_not_change_the_one_it_came_from(sandbox: Sandbox) -> None:
    some = Deal.objects.prefetch_related("company")
    more = some.prefetch_related("company__assigned_by", "contact").filter(company_id__isnull=False)
    (first,), (second,) = await some.filter(company_id__isnull=False)[:1], await more[:1]
    assert not first.contact.fetched
    assert second.contact.fetched
    company = first.company.value
    assert company is not None
    assert not company.assigned_by.fetched
    assert second.company.assigned_by.fetched


async def test_an_error_before_the_first_row_is_itself(sandbox: Sandbox) -> None:
    sandbox.denied.add("crm.currency.list")
    try:
        with pytest.raises(PortalError):
            await Deal.objects.prefetch_related("currency")[:5]
    finally:
        sandbox.denied.clear()


async def note_whole_ones(deals: AsyncIterable[Deal], seen: list[int]) -> None:
    async for deal in deals:
        assert deal.company.fetched
        seen.append(deal.id)


async def test_a_list_that_breaks_off_hands_out_what_came_before_with_its_relations(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "GROUP", 300)
    load = prefetch.Prefetch.load
    groups = 0

    async def breaks(self: prefetch.Prefetch, objs: Any) -> None:
        nonlocal groups
        groups += 1
        if groups == 4:
            raise IncompleteResult("of Deal.company, the line went dead")
        await load(self, objs)

    monkeypatch.setattr(prefetch.Prefetch, "load", breaks)
    deals = Deal.objects.prefetch_related("company")
    seen: list[int] = []
    with pytest.raises(IncompleteResult, match="the line went dead") as caught:
        await note_whole_ones(deals, seen)
    assert caught.value.rows_so_far == len(seen) > 0
    assert caught.value.resume_point == seen[-1]
    monkeypatch.setattr(prefetch.Prefetch, "load", load)
    rest = [deal.id async for deal in deals.resume(caught.value.resume_point)]
    assert seen + rest == sandbox.ids("deal")


async def test_a_source_that_breaks_off_loses_none_of_the_rows_that_it_counted(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*args: Any) -> AsyncIterator[list[Any]]:
        came = 0
        async for page in model_pages(*args):
            yield page
            came += len(page)
            if came >= 500:
                raise IncompleteResult("the line went dead", rows_so_far=came, resume_point=page[-1].id)

    monkeypatch.setattr("b24orm.queryset.reading.model_pages", breaks)
    seen: list[int] = []
    with pytest.raises(IncompleteResult) as caught:
        await note_whole_ones(Deal.objects.prefetch_related("company"), seen)
    assert caught.value.rows_so_far == len(seen)
    assert caught.value.resume_point == seen[-1]


async def test_a_field_that_the_row_has_not_is_said(sandbox: Sandbox) -> None:
    with pytest.raises(FieldNotLoaded, match="company_id was not loaded"):
        await SmartProcessItem.objects.filter(entity_type_id=1038).prefetch_related("company")


def test_blocking_programs_fetch_them_too(sandbox: Sandbox) -> None:
    with Portal(sandbox.url, limits=Limits.none()):
        deals = list(Deal.objects.filter(company_id__isnull=False).prefetch_related("company", "product_rows")[:3])
        sandbox.books.reset()
        assert [deal.company.id for deal in deals] == [deal.company_id for deal in deals]
        assert [deal.company.run_sync() for deal in deals] == [deal.company.value for deal in deals]
        assert all([*deal.product_rows] == deal.product_rows.run_sync() for deal in deals)
        assert sandbox.books.requests == 0


async def test_departments_of_people_and_their_heads_come_along(sandbox: Sandbox) -> None:
    departments = await by_id(Department)
    users = await User.objects.prefetch_related("departments__head", "departments__users")
    assert users
    for user in users:
        assert list(user.departments) == [departments[id] for id in sorted(user.uf_department)]
        assert all(department.head.fetched for department in user.departments)
        assert all(user.id in [one.id for one in department.users] for department in user.departments)


async def test_rows_that_only_a_get_answers_are_fetched_by_it(sandbox: Sandbox) -> None:
    storage = (await DiskStorage.objects.prefetch_related("root_object"))[0]
    root = storage.root_object.value
    assert root is not None
    assert root.id == storage.root_object_id
    assert sandbox.books.methods["disk.folder.get"] >= 1


async def test_relations_behind_rows_that_are_remembered_are_not_fetched_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "GROUP", 200)
    deals = [deal async for deal in Deal.objects.select("id").prefetch_related("assigned_by__departments")]
    assert all(deal.assigned_by.departments.fetched for deal in deals)
    named = {id for deal in deals for id in deal.assigned_by.uf_department}
    assert sandbox.books.method_rows["department.get"] == len(named)


async def test_rows_at_hand_can_be_part_of_a_batch(sandbox: Sandbox) -> None:
    deal = (await Deal.objects.filter(company_id__isnull=False).prefetch_related("company", "product_rows")[:1])[0]
    sandbox.books.reset()
    company, rows, number, total = await batch(
        deal.company, deal.product_rows, deal.product_rows.count(), Deal.objects.count()
    )
    assert company is deal.company.value
    assert rows == list(deal.product_rows)
    assert (number, total) == (len(rows), 2500)
    assert deal.product_rows.count().run_sync() == number
    assert sandbox.books.commands == 1


async def test_what_is_missing_of_related_rows_is_said_with_their_name(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(reading: Any, portal: Any) -> AsyncIterator[list[Any]]:
        async for page in model_pages(reading, portal):
            yield page
            raise IncompleteResult("the line went dead", rows_so_far=len(page), resume_point=5)

    monkeypatch.setattr(prefetch, "model_pages", breaks)
    with pytest.raises(IncompleteResult, match=r"of Deal\.company, the line went dead \(0 rows so far\)"):
        await Deal.objects.prefetch_related("company")[:60]
