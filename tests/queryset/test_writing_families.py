"""Rows of every family that the sandbox can write: created, changed, found, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import b24orm
from b24orm import (
    Address,
    Company,
    CompanyContact,
    Contact,
    Deal,
    DealContact,
    Limits,
    Portal,
    ProductRow,
    SmartProcess,
)
from b24orm.errors import InvalidValue
from b24orm.sandbox import Sandbox

DEADLINE = datetime(2027, 1, 2, 3, 4, tzinfo=UTC)
FAMILIES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("Lead", {"title": "x"}, {"comments": "y"}),
    ("Quote", {"title": "x"}, {"comments": "y"}),
    ("SmartInvoice", {"title": "x"}, {"comments": "y"}),
    ("Task", {"title": "x", "responsible_id": 1}, {"description": "y", "deadline": DEADLINE}),
    ("TimelineComment", {"entity_type": "deal", "entity_id": 0, "comment": "x"}, {"comment": "y"}),
    ("Requisite", {"entity_type_id": 4, "entity_id": 0, "preset_id": 1, "name": "x"}, {"rq_inn": "7700"}),
    ("Department", {"name": "x", "parent": 1}, {"sort": 7}),
    ("Category", {"entity_type_id": 2, "name": "x"}, {"sort": 7}),
    ("Status", {"entity_id": "SOURCE", "status_id": "NEWS", "name": "x"}, {"name": "y"}),
    ("RequisitePreset", {"entity_type_id": 8, "country_id": 1, "name": "x"}, {"name": "y", "sort": 7}),
    ("BankDetail", {"entity_id": 0, "name": "x"}, {"rq_bik": "044525000"}),
    ("DealCategory", {"name": "x"}, {"sort": 7}),
    ("CatalogProduct", {"iblock_id": 14, "name": "x & y"}, {"weight": Decimal("1.125"), "active": False}),
    ("CatalogOffer", {"iblock_id": 16, "name": "x"}, {"quantity": Decimal("2.5")}),
    ("CatalogSection", {"iblock_id": 14, "name": "x"}, {"sort": 7}),
    (
        "CatalogPrice",
        {"product_id": 40, "catalog_group_id": 1, "price": Decimal("10.5"), "currency": "RUB"},
        {"price": Decimal(11)},
    ),
    ("CatalogPriceType", {"name": "x"}, {"sort": 7}),
    ("CatalogStore", {"address": "x"}, {"title": "y"}),
    ("CatalogMeasure", {"code": 112, "measure_title": "x"}, {"symbol": "y"}),
    ("CatalogVat", {"name": "x", "rate": Decimal(5)}, {"sort": 7}),
    ("CatalogDocument", {"doc_type": "A", "responsible_id": 1, "currency": "RUB"}, {"title": "y"}),
    ("CatalogDocumentElement", {"doc_id": 12, "element_id": 40}, {"amount": Decimal("1.5")}),
    ("SaleOrder", {"lid": "s1", "person_type_id": 1, "currency": "RUB"}, {"comments": "y"}),
    (
        "SaleBasketItem",
        {"order_id": 231, "product_id": 40, "quantity": Decimal(1), "currency": "RUB"},
        {"quantity": Decimal(3)},
    ),
    ("SalePayment", {"order_id": 231, "pay_system_id": 2}, {"sum": Decimal("10.5")}),
    (
        "SaleShipment",
        {"order_id": 231, "delivery_id": 1, "allow_delivery": False, "deducted": False},
        {"comments": "y"},
    ),
    ("SalePersonType", {"name": "x"}, {"sort": 7}),
    ("TaskComment", {"task_id": 41, "post_message": "x"}, {"post_message": "y"}),
    ("TaskChecklistItem", {"task_id": 41, "title": "x"}, {"title": "y"}),
    ("TaskElapsedTime", {"task_id": 41, "seconds": 60, "comment_text": "x"}, {"seconds": 120}),
    ("SonetGroup", {"name": "x"}, {"keywords": "y"}),
    ("UniversalList", {"iblock_type_id": "lists", "code": "new", "name": "x"}, {"name": "y"}),
    ("ProductRow", {"owner_type": "D", "owner_id": 0, "product_name": "x", "price": 5, "quantity": 2}, {"quantity": 3}),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=30, seed=6, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(autouse=True)
async def portal(sandbox: Sandbox) -> AsyncIterator[Portal]:
    sandbox.books.reset()
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        yield portal


@pytest.mark.parametrize(("name", "fields", "changes"), FAMILIES, ids=[name for name, _, _ in FAMILIES])
async def test_rows_are_created_changed_found_and_deleted(
    sandbox: Sandbox, portal: Portal, name: str, fields: dict[str, Any], changes: dict[str, Any]
) -> None:
    model: Any = getattr(b24orm, name)
    owner = sandbox.ids({"Requisite": "company", "BankDetail": "requisite"}.get(name, "deal"))[0]
    fields = {key: owner if value == 0 and value is not False else value for key, value in fields.items()}
    row = await model.objects.create(**fields)
    assert row.id
    assert row.changed_fields == frozenset()
    assert {key: getattr(row, key) for key in fields} == fields
    for key, value in changes.items():
        setattr(row, key, value)
    await row.save()
    await row.refresh()
    assert {key: getattr(row, key) for key in changes} == changes
    verbs = [(write.verb, write.id) for write in sandbox.books.writes]
    assert verbs == [("add", row.id), ("update", row.id)]
    await row.delete()
    assert sandbox.books.writes[-1].verb == "delete"
    with pytest.raises(model.DoesNotExist):
        await row.refresh()


async def test_users_are_added_and_changed_but_never_deleted(sandbox: Sandbox) -> None:
    user = await b24orm.User.objects.create(email="new@example.com", name="Анна", uf_department=[1])
    user.last_name = "Попова"
    await user.save()
    assert (await b24orm.User.objects.filter(id=user.id).get()).last_name == "Попова"


async def test_smart_processes_know_which_type_they_are(sandbox: Sandbox) -> None:
    Repair = SmartProcess(156)
    item = await Repair.objects.create(title="x", uf_crm_7_1760000001="y")
    assert (item.entity_type_id, item.stage_id) == (156, "DT156_11:NEW")
    item.title = "z"
    await item.save()
    assert (await Repair.objects.get(item.id)).title == "z"
    result = await Repair.objects.filter(id=item.id).delete()
    assert result.ids == [item.id]


async def test_bindings_are_told_apart_by_their_owner(sandbox: Sandbox) -> None:
    deal = await Deal.objects.create(title="x")
    first, second = sandbox.ids("contact")[:2]
    result = await DealContact.objects.bulk_create(
        [DealContact(deal_id=deal.id, contact_id=first), {"deal_id": deal.id, "contact_id": second}]
    )
    assert result.all_ok
    bound = await DealContact.objects.filter(deal_id=deal.id)
    assert [binding.contact_id for binding in bound] == [first, second]
    await bound[0].delete()
    assert (await DealContact.objects.filter(deal_id=deal.id).delete()).all_ok
    assert await DealContact.objects.filter(deal_id=deal.id) == []
    with pytest.raises(InvalidValue, match="a new DealContact needs deal_id"):
        await DealContact.objects.create(contact_id=first)
    company = await Company.objects.create(title="x")
    await CompanyContact.objects.create(company_id=company.id, contact_id=first)
    assert (await Company.objects.get(company.id)).contact_ids == [first]


async def test_rows_without_an_id_of_their_own_are_changed_by_what_tells_them_apart(sandbox: Sandbox) -> None:
    contact = await Contact.objects.create(name="x")
    key: dict[str, Any] = {"type_id": 1, "entity_type_id": 3, "entity_id": contact.id}
    await Address.objects.create(**key, city="Казань")
    address = await Address.objects.filter(**key).get()
    assert address.city == "Казань"
    address.city = "Омск"
    await address.save()
    assert (await Address.objects.filter(**key).get()).city == "Омск"
    await address.delete()
    assert await Address.objects.filter(**key).count() == 0


async def test_what_is_fixed_at_creation_is_not_changed(sandbox: Sandbox) -> None:
    row = await ProductRow.objects.create(owner_type="D", owner_id=sandbox.ids("deal")[1], product_name="x", price=5)
    row.owner_id = 7
    with pytest.raises(InvalidValue, match=r"ProductRow\.owner_id can be set on create only"):
        await row.save()


async def test_rows_whose_id_is_a_code_are_known_by_it(sandbox: Sandbox) -> None:
    currency = await b24orm.Currency.objects.create(currency="KZT", amount_cnt=100, amount=Decimal("17.1234"))
    currency.amount = Decimal("18.5")
    await currency.save()
    assert (await b24orm.Currency.objects.get(currency="KZT")).amount == Decimal("18.5")
    await currency.delete()
    assert await b24orm.Currency.objects.filter(currency="KZT").count() == 0
    status = await b24orm.SaleStatus.objects.create(id="X", type="O")
    status.sort = 7
    await status.save()
    assert (await b24orm.SaleStatus.objects.get(id="X")).sort == 7
    await status.delete()
    workflow = await b24orm.WorkflowInstance.objects.first()
    assert workflow is not None
    await workflow.delete()
    with pytest.raises(b24orm.WorkflowInstance.DoesNotExist):
        await b24orm.WorkflowInstance.objects.get(id=workflow.id)


async def test_links_of_requisites_are_told_apart_by_their_object(sandbox: Sandbox) -> None:
    key: dict[str, Any] = {"entity_type_id": 2, "entity_id": sandbox.ids("deal")[-1]}
    names = ("requisite_id", "bank_detail_id", "mc_requisite_id", "mc_bank_detail_id")
    none: dict[str, Any] = dict.fromkeys(names, 0)
    await b24orm.RequisiteLink.objects.create(**key, **none)
    link = await b24orm.RequisiteLink.objects.filter(**key).get()
    await link.delete()
    assert await b24orm.RequisiteLink.objects.filter(**key).count() == 0


async def test_messages_are_sent_and_changed(sandbox: Sandbox) -> None:
    message = await b24orm.ChatMessage.objects.create(dialog_id="chat60", text="x & y")
    message.text = "z"
    await message.save()
    newest = await b24orm.ChatMessage.objects.filter(dialog_id="chat60").first()
    assert newest is not None
    await message.delete()


async def test_an_element_of_a_list_is_changed_as_a_whole(sandbox: Sandbox) -> None:
    which: dict[str, Any] = {"iblock_type_id": "lists", "iblock_id": 31}
    made = await b24orm.ListElement.objects.create(**which, code="new", name="x")
    element = await b24orm.ListElement.objects.filter(**which).get(id=made.id)
    element.preview_text = "y & z"
    await element.save()
    again = await b24orm.ListElement.objects.filter(**which).get(id=made.id)
    assert (again.name, again.preview_text, again.code) == ("x", "y & z", "new")
    await again.delete()
    assert await b24orm.ListElement.objects.filter(**which, id=made.id).count() == 0
