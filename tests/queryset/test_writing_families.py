"""Rows of every family that the sandbox can write: created, changed, found, deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
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
    owner = sandbox.ids("company" if name == "Requisite" else "deal")[0]
    fields = {key: owner if value == 0 else value for key, value in fields.items()}
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
