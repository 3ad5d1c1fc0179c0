"""What objects of the CRM can do: stages, product rows, contacts, the timeline, lead conversion."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from b24orm import Activity, Contact, Deal, Lead, Limits, Multifield, Portal, ProductRow, SmartInvoice, SmartProcess
from b24orm.errors import InvalidValue
from b24orm.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=30, seed=4, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture(autouse=True)
async def portal(sandbox: Sandbox) -> AsyncIterator[Portal]:
    sandbox.books.reset()
    sandbox.before_command = None
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        yield portal


async def test_an_object_moves_to_another_stage_and_nothing_else_is_sent(sandbox: Sandbox) -> None:
    deal = await Deal.objects.create(title="x", category_id=0)
    deal.title = "not sent"
    seen: list[Any] = []
    sandbox.before_command = lambda method, params, index: seen.append(params["fields"])
    assert await deal.move_to("WON") is deal
    assert seen == [{"stageId": "WON"}]
    assert (deal.stage_id, deal.closed, deal.stage_semantic_id) == ("WON", True, "S")
    assert deal.changed_fields == {"title"}
    assert deal.move_to("LOSE").explain().first[0].params["fields"] == {"stageId": "LOSE"}
    assert deal.stage_id == "WON"


async def test_a_stage_of_another_pipeline_is_no_silent_failure() -> None:
    deal = await Deal.objects.create(title="x", category_id=0)
    with pytest.raises(InvalidValue, match=r"stays in stage NEW: 'C1:WON' is no stage of its pipeline"):
        await deal.move_to("C1:WON")
    assert deal.stage_id == "NEW"
    await deal.move_to("C1:WON", category_id=1)
    assert (deal.category_id, deal.stage_id) == (1, "C1:WON")


@pytest.mark.parametrize("kind", ["deal", "lead", "invoice", "process"])
async def test_product_rows_are_replaced_and_make_the_amount(kind: str) -> None:
    models: dict[str, Any] = {"deal": Deal, "lead": Lead, "invoice": SmartInvoice, "process": SmartProcess(156)}
    owner = await models[kind].objects.create(title="x")
    rows = await owner.set_product_rows(
        [
            {"product_name": "Стол", "price": 100, "quantity": 2},
            ProductRow(
                owner_id=owner.id, owner_type="D", product_name="Стул", price=Decimal("12.50"), quantity=Decimal(4)
            ),
        ]
    )
    assert [(row.product_name, row.quantity) for row in rows] == [("Стол", 2), ("Стул", 4)]
    assert (await owner.refresh()).opportunity == 250
    kept = await owner.set_product_rows(rows[:1])
    assert [row.id for row in kept] == [rows[0].id]
    assert await owner.set_product_rows([]) == []


async def test_contacts_are_bound_one_by_one_and_as_a_list(sandbox: Sandbox) -> None:
    first, second, third = sandbox.ids("contact")[:3]
    deal = await Deal.objects.create(title="x", contact_ids=[first])
    await deal.add_contact(second)
    assert deal.contact_ids == [first, second]
    await deal.add_contact(await Contact.objects.get(third), primary=True)
    found = await Deal.objects.get(deal.id)
    assert deal.contact_id == third == found.contact_id
    assert sorted(deal.contact_ids) == sorted(found.contact_ids) == sorted([first, second, third])
    await deal.add_contact(third)
    await deal.remove_contact(first)
    await deal.remove_contact(first)
    assert sorted((await Deal.objects.get(deal.id)).contact_ids) == sorted([second, third]) == sorted(deal.contact_ids)
    await deal.set_contacts([first, second, first])
    assert (await Deal.objects.get(deal.id)).contact_ids == [first, second] == deal.contact_ids
    with pytest.raises(InvalidValue, match="one that the portal has"):
        deal.add_contact(Contact(name="new"))


async def test_contacts_of_a_smart_process_are_written_as_a_list(sandbox: Sandbox) -> None:
    first, second = sandbox.ids("contact")[:2]
    item = await SmartProcess(156).objects.create(title="x", contact_ids=[first])
    await item.add_contact(second)
    await item.remove_contact(first)
    assert (await SmartProcess(156).objects.get(item.id)).contact_ids == [second]


@pytest.mark.parametrize("kind", ["deal", "contact", "process"])
async def test_comments_and_activities_go_into_the_timeline(kind: str) -> None:
    models: dict[str, Any] = {"deal": Deal, "contact": Contact, "process": SmartProcess(156)}
    name = "name" if kind == "contact" else "title"
    owner = await models[kind].objects.create(**{name: "x"})
    comment = await owner.comment("Позвонили & договорились")
    assert (comment.comment, comment.entity_id) == ("Позвонили & договорились", owner.id)
    todo = await owner.add_todo("Перезвонить", datetime(2027, 1, 2, 3, 4, tzinfo=UTC), responsible_id=1)
    assert isinstance(todo, Activity)
    assert (todo.owner_id, todo.responsible_id) == (owner.id, 1)


async def test_a_lead_tells_what_it_becomes() -> None:
    lead = await Lead.objects.create(
        title="Заявка", name="Анна", last_name="Попова", company_title="ООО Ромашка", opportunity=500, utm_source="ya",
        fm=[Multifield(type_id="PHONE", value="+7 1")],
    )  # fmt: skip
    contact = await lead.as_contact(post="Директор").save()
    company = await lead.as_company().save()
    deal = await lead.as_deal(contact_id=contact.id, company_id=company.id).save()
    await lead.move_to("CONVERTED")
    assert (contact.name, contact.last_name, contact.post, contact.utm_source) == ("Анна", "Попова", "Директор", "ya")
    assert [phone.value for phone in contact.fm] == ["+7 1"]
    assert company.title == "ООО Ромашка"
    assert (deal.title, deal.opportunity, deal.contact_id, deal.company_id) == (
        "Заявка",
        Decimal(500),
        contact.id,
        company.id,
    )
    assert {contact.lead_id, company.lead_id, deal.lead_id} == {lead.id}
    assert lead.stage_id == "CONVERTED"


async def test_objects_that_are_not_stored_own_nothing(portal: Portal) -> None:
    deal = Deal(title="new")
    for attempt in (
        lambda: deal.comment("x"),
        lambda: deal.set_product_rows([]),
        lambda: deal.add_contact(5).run_at(portal),
        lambda: deal.move_to("WON").run_at(portal),
    ):
        with pytest.raises(InvalidValue, match="not at the portal yet"):
            await attempt()
    assert portal.stats.requests == 0
