"""Relations as attributes: awaitables and querysets that ask nothing by themselves, and rows at hand."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from b24orm import (
    Col,
    Company,
    Contact,
    Deal,
    Limits,
    Model,
    Portal,
    ProductRow,
    SmartProcess,
    SmartProcessItem,
    batch,
    column,
)
from b24orm.errors import ConfigurationError, FieldNotLoaded, UnknownField
from b24orm.model import Related
from b24orm.model.base import reserved_names
from b24orm.queryset.related import link_of
from b24orm.sandbox import Sandbox
from b24orm.schema import Entity, Relation, entity, entity_keys, relations_of


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=120, contacts=60, companies=50, leads=10, seed=4, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
async def portal(sandbox: Sandbox) -> AsyncIterator[Portal]:
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        sandbox.books.reset()
        yield portal


@pytest.fixture
async def deal(portal: Portal, sandbox: Sandbox) -> Deal:
    """A deal with a company and a contact, of which nothing has been fetched."""
    found = await Deal.objects.filter(company_id__isnull=False, contact_id__isnull=False).first()
    assert found is not None
    sandbox.books.reset()
    return found


# -- one row -----------------------------------------------------------------------------------------------------------


async def test_awaiting_a_relation_asks_once_and_keeps_the_row(deal: Deal, sandbox: Sandbox) -> None:
    assert [deal.company.fetched] == [False]
    company = await deal.company
    assert isinstance(company, Company)
    assert company.id == deal.company_id
    assert sandbox.books.commands == 1
    assert await deal.company is company
    assert deal.company.fetched
    assert deal.company.value is company
    assert deal.company.title == company.title
    assert deal.company
    assert deal.company == company
    assert company == deal.company
    assert deal.company != await Company.objects.exclude(id=company.id).first()
    assert repr(deal.company).startswith(f"<Deal.company: Company(id={company.id}, ")
    assert deal.company.explain().requests == "0"
    assert sandbox.books.commands == 2


async def test_what_was_not_fetched_never_asks_by_itself(deal: Deal, sandbox: Sandbox) -> None:
    for use in (
        lambda: deal.company.title,
        lambda: deal.company.value,
        lambda: bool(deal.company),
        lambda: deal.company == 5,
        lambda: deal.company.value_of_something_else,
    ):
        with pytest.raises(FieldNotLoaded) as caught:
            use()
        wanted = 'Deal.company was not fetched: `await` it, or ask for it with prefetch_related("company")'
        assert str(caught.value) == wanted
    assert repr(deal.company) == "<Deal.company: not fetched; await it, or use prefetch_related('company')>"
    assert deal.company == deal.company
    assert deal.company != deal.contact
    assert not hasattr(deal.company, "_private")
    assert deal.company.explain().strategy == "get"
    assert sandbox.books.requests == 0


async def test_relations_that_are_awaited_side_by_side_share_requests(portal: Portal, sandbox: Sandbox) -> None:
    deals = await Deal.objects.filter(company_id__isnull=False)[:40]
    sandbox.books.reset()
    companies = await asyncio.gather(*(deal.company for deal in deals))
    assert [company.id for company in companies if company] == [deal.company_id for deal in deals]
    assert sandbox.books.requests == 1
    first, second = await batch(deals[0].contact, deals[1].company)
    assert first is None or isinstance(first, Contact)
    assert second is companies[1]
    assert sandbox.books.commands <= 41


async def test_no_key_leads_nowhere_and_asks_nothing(sandbox: Sandbox) -> None:
    for deal in (Deal(title="new"), Deal(title="new", company_id=None), Deal(title="new", company_id=0)):
        assert await deal.company is None  # without a portal, too
        assert deal.company.run_sync() is None
        assert deal.company.fetched
        assert not deal.company
        assert deal.company == None  # noqa: E711 - the handle is not None, what it leads to is
        assert repr(deal.company) == "<Deal.company: None>"
        with pytest.raises(AttributeError, match=r"Deal\.company leads to no row, so that it has no 'title'"):
            _ = deal.company.title


async def test_a_key_that_was_not_loaded_is_said(portal: Portal, sandbox: Sandbox) -> None:
    deal = await Deal.objects.select("title").first()
    assert deal is not None
    message = "company_id was not loaded: add it to select"
    with pytest.raises(FieldNotLoaded, match=message):
        await deal.company
    with pytest.raises(FieldNotLoaded, match=message):
        _ = deal.company.value
    assert not deal.company.fetched
    with pytest.raises(FieldNotLoaded, match="contact_ids was not loaded: add it to select"):
        _ = deal.contacts
    assert await deal.product_rows.count() >= 0  # the id is always there


async def test_another_key_leads_to_another_row(deal: Deal, sandbox: Sandbox) -> None:
    before = await deal.company
    assert before is not None
    other = next(id for id in sandbox.ids("company") if id != before.id)
    deal.company_id = other
    assert not deal.company.fetched
    after = await deal.company
    assert after is not None
    assert after.id == other
    deal.company_id = None
    assert await deal.company is None


async def test_refreshing_an_object_forgets_what_it_led_to(deal: Deal) -> None:
    await deal.company
    await deal.refresh()
    assert not deal.company.fetched


async def test_stages_people_and_pipelines_are_relations_like_others(deal: Deal, sandbox: Sandbox) -> None:
    stage, category, boss = await asyncio.gather(deal.stage, deal.category, deal.assigned_by)
    assert stage is not None
    assert stage.status_id == deal.stage_id
    assert category is not None
    assert (category.id, category.entity_type_id) == (deal.category_id, 2)
    assert boss is not None
    assert boss.id == deal.assigned_by_id
    assert sandbox.books.requests == 1


async def test_relations_lead_on_from_row_to_row(deal: Deal) -> None:
    company = await deal.company
    assert company is not None
    assert deal.id in [one.id for one in await company.deals]
    assert (await company.assigned_by) is not None


def test_blocking_programs_follow_relations_too(sandbox: Sandbox) -> None:
    with Portal(sandbox.url, limits=Limits.none()):
        (deal,) = list(Deal.objects.filter(company_id__isnull=False)[:1])
        company = deal.company.run_sync()
        assert company is not None
        assert deal.id in [one.id for one in company.deals]
        assert company.deals.count().run_sync() == len(list(company.deals))


# -- many rows ---------------------------------------------------------------------------------------------------------


async def test_a_relation_to_many_is_a_queryset_of_them(deal: Deal, sandbox: Sandbox) -> None:
    assert not deal.product_rows.fetched
    rows = await ProductRow.objects.filter(owner_type="D", owner_id=deal.id)
    assert await deal.product_rows == rows
    assert await deal.product_rows.count() == len(rows)
    assert [row async for row in deal.product_rows.order_by("-id")] == rows[::-1]
    contacts = await deal.contacts
    assert [contact.id for contact in contacts] == sorted(deal.contact_ids)
    assert await deal.contacts.filter(id=deal.contact_ids[0]).exists()
    with pytest.raises(TypeError, match="a queryset has no length before it is asked for"):
        len(deal.contacts)
    with pytest.raises(TypeError, match="a queryset has no truth value"):
        bool(deal.contacts)


async def test_a_new_object_leads_to_no_rows(sandbox: Sandbox) -> None:
    deal = Deal(title="new")
    for rows in (deal.product_rows, deal.contacts, deal.activities, Company(title="new").deals):
        assert await rows == []
        assert await rows.count() == 0
    async with Portal(sandbox.url, limits=Limits.none()):
        sandbox.books.reset()
        assert await Company(title="new").deals.filter(title="x") == []  # not those of no company
        assert await deal.product_rows.filter(price__gt=0).count() == 0
    assert sandbox.books.requests == 0


async def test_a_portal_is_needed_for_what_is_not_at_hand(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none()):
        deal = (await Deal.objects.filter(company_id__isnull=False).prefetch_related("company")[:1])[0]
    assert await deal.company == deal.company.value
    with pytest.raises(ConfigurationError, match="no portal"):
        await deal.product_rows


async def test_objects_of_a_named_portal_follow_relations_there(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        pass
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        deal = await Deal.objects.using(portal).filter(company_id__isnull=False).first()
        assert deal is not None
        async with Sandbox(deals=1, limits=Limits.none()) as other, Portal(other.url, limits=Limits.none()):
            other.books.reset()
            company = await deal.company
            assert company is not None
            assert deal.id in [one.id for one in await company.deals]
            (one,) = (await company.deals)[:1]
            assert one.__home__ is portal
            assert other.books.requests == 0


# -- the class ---------------------------------------------------------------------------------------------------------


async def test_relations_are_no_part_of_the_values(deal: Deal) -> None:
    plain = await Deal.objects.get(deal.id)
    await deal.company
    assert deal == plain
    assert deal.model_dump() == plain.model_dump()
    assert deal.to_wire() == plain.to_wire()
    assert "company" not in deal.loaded_fields
    for twin in (copy.copy(deal), copy.deepcopy(deal), deal.model_copy(), pickle.loads(pickle.dumps(deal))):
        assert twin == deal
        assert not twin.company.fetched
    assert deal.changed_fields == frozenset()


async def test_an_object_and_what_it_leads_to_are_freed(deal: Deal) -> None:
    company = await deal.company
    assert company is not None
    assert [one for one in gc.get_referrers(company) if isinstance(one, Model)] == []


def test_relations_cannot_be_assigned_nor_given_to_a_constructor() -> None:
    deal: Any = Deal(title="x")
    with pytest.raises(AttributeError, match=r"Deal\.company is a relation, which follows from company_id: assign"):
        deal.company = Company(title="y")
    make: Any = Deal
    with pytest.raises(UnknownField, match="Deal has no field 'company'; did you mean 'company_id'"):
        make(title="x", company=5)
    with pytest.raises(AttributeError, match="Deal has no attribute 'compny'"):
        _ = deal.compny


def test_the_class_gives_the_relation_itself() -> None:
    assert repr(Deal.company) == "<relation company>"
    assert Deal.company.name == "company"
    assert Deal.company is Deal.company
    assert "company" in dir(Deal)
    assert "company" not in Deal.model_fields


class MyDeal(Deal):
    source: Col[str | None] = column(  # type: ignore[misc, assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
        "UF_CRM_1700000001", default=None
    )


async def test_a_field_wins_over_a_relation_of_its_name(portal: Portal) -> None:
    shadowed: Any = MyDeal
    assert repr(shadowed.source) == "<column source>"
    deal = await MyDeal.objects.filter(company_id__isnull=False).first()
    assert deal is not None
    assert deal.source is None or isinstance(deal.source, str)
    assert await deal.company == await Company.objects.get(deal.company_id or 0)
    with pytest.raises(UnknownField, match="it is a field"):
        MyDeal.objects.prefetch_related("source")
    few = await MyDeal.objects.select("title").first()
    with pytest.raises(FieldNotLoaded, match="source was not loaded"):
        _ = few.source if few else None


async def test_models_made_at_run_time_have_relations(portal: Portal) -> None:
    for model in (await Deal.from_portal(), await Model.from_portal("crm.deal")):
        deal: Any = await model.objects.filter(company_id__isnull=False).first()
        assert (await deal.company).id == deal.company_id
        assert await deal.product_rows.count() >= 0
    repair: Any = await SmartProcess(entity_type_id=156).objects.first()
    assert (await repair.stage).status_id == repair.stage_id
    assert (await repair.category).entity_type_id == 156
    device = await SmartProcessItem.objects.filter(entity_type_id=1038).first()
    assert device is not None
    assert (await device.activities) == []
    own: Any = await Model.from_portal("crm.item", entity_type_id=156)
    first = await own.objects.first()
    assert (await first.stage).status_id == first.stage_id


# -- the schemas -------------------------------------------------------------------------------------------------------

_RELATIONS = [(entity(key), relation) for key in entity_keys() for relation in relations_of(entity(key)).values()]


def _named(case: tuple[Entity, Relation]) -> str:
    return f"{case[0].key}.{case[1].name}"


@pytest.mark.parametrize("case", _RELATIONS, ids=_named)
def test_a_relation_names_fields_of_both_entities_and_hides_nothing(case: tuple[Entity, Relation]) -> None:
    schema, relation = case
    other = entity(relation.to)
    assert relation.field in schema.by_name
    assert relation.target in other.by_name
    assert relation.name not in reserved_names()
    assert {name.partition("__")[0] for name in relation.where} <= other.by_name.keys()


@pytest.mark.parametrize("case", _RELATIONS, ids=_named)
def test_every_relation_of_a_class_can_be_followed_and_explained(case: tuple[Entity, Relation]) -> None:
    import b24orm

    schema, relation = case
    model: Any = getattr(b24orm, schema.name)
    if not hasattr(model, relation.name):  # what no method answers is no attribute
        return
    link = link_of(model, relation.name)
    assert link.model.__schema__() is entity(relation.to)
    assert set(link.needs) <= schema.by_name.keys()
    assert link.plan_many().commands
    assert relation.name in repr(model.objects.prefetch_related(relation.name))


def test_the_relations_that_people_use_are_there() -> None:
    wanted = {
        "deal": "company contact contacts product_rows stage category assigned_by activities timeline_comments",
        "company": "deals leads contacts requisites activities timeline_comments quotes smart_invoices assigned_by",
        "contact": "company companies deals leads requisites activities timeline_comments",
        "lead": "company contact contacts deals product_rows stage activities timeline_comments",
        "smart_process_item": "stage category company contacts product_rows activities timeline_comments",
        "task": "responsible_user created_by_user workgroup subtasks comments checklist_items",
        "requisite": "bank_details addresses",
    }
    for key, names in wanted.items():
        assert set(names.split()) <= relations_of(entity(key)).keys()


def test_the_handle_is_typed_by_its_row() -> None:
    handle: Related[Company] = Deal(title="x").company
    assert handle.value is None
