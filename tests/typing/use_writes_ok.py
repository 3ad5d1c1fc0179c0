"""What a program may write about writing. Checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal

from typing_extensions import assert_type

from b24orm import (
    Activity,
    BulkResult,
    Col,
    Company,
    Contact,
    Deal,
    File,
    Lead,
    Multifield,
    Outcome,
    ProductRow,
    Task,
    TimelineComment,
    batch,
    column,
)


class MyDeal(Deal):
    contract: Col[File | None] = column("UF_CRM_1700000012", default=None)


async def rows() -> AsyncIterator[Deal]:
    yield Deal(title="x")


async def single() -> None:
    deal = await Deal.objects.create(title="x", opportunity=5, stage_id=None, contact_ids=[1, 2])
    assert_type(deal, Deal)
    assert_type(await deal.save(), Deal)
    assert_type(await deal.save(update_fields=["title", Deal.opportunity]), Deal)
    assert_type(await deal.refresh(), Deal)
    assert_type(await deal.delete(), None)
    assert_type(deal.changed_fields, frozenset[str])
    assert_type(await MyDeal(title="x", contract=File.from_bytes("a", b"")).save(), MyDeal)
    assert_type(await MyDeal.objects.create(title="x", dedupe_key="origin_id", origin_id="5"), MyDeal)
    assert_type(await Deal.objects.get_or_create({"title": "x"}, origin_id="5"), tuple[Deal, bool])
    assert_type(await Deal.objects.update_or_create({"title": "x"}, origin_id="5"), tuple[Deal, bool])
    assert_type(await batch(Deal.objects.create(title="x"), deal.save()), tuple[Deal, Deal])
    task = await Task.objects.create(title="x", responsible_id=1)
    assert_type(task, Task)
    contact = await Contact.objects.create(name="x", fm=[Multifield(type_id="PHONE", value="+7")])
    assert_type(contact.fm, list[Multifield])


async def bulk() -> None:
    result = await Deal.objects.bulk_create([Deal(title="x"), MyDeal(title="y")])
    assert_type(result, BulkResult)
    assert_type(result[0], Outcome)
    assert_type(result[1:], list[Outcome])
    assert_type(await Deal.objects.bulk_create(rows(), dedupe_key=Deal.origin_id), BulkResult)
    await Deal.objects.bulk_create([{"title": "x", "opportunity": Decimal(5)}])
    await Deal.objects.bulk_create(Deal(title=f"{number}") for number in range(5))
    await Deal.objects.bulk_create({"title": f"{number}"} for number in range(5))
    assert_type(await Deal.objects.bulk_update([Deal(id=5, title="x")], ["title", Deal.comments]), BulkResult)
    assert_type(await Deal.objects.bulk_delete([1, 2, Deal(id=5, title="x")]), BulkResult)
    assert_type(await Deal.objects.filter(id=5).update(title="x", comments=None), BulkResult)
    assert_type(await Deal.objects.delete(force=True), BulkResult)
    assert_type(await result.retry_failed(), BulkResult)
    async for outcome in Deal.objects.bulk_create(rows()):
        assert_type(outcome, Outcome)


async def crm(deal: Deal, lead: Lead) -> None:
    assert_type(await deal.move_to("WON", category_id=0), Deal)
    assert_type(await deal.set_product_rows([{"product_name": "x"}]), list[ProductRow])
    assert_type(await deal.add_contact(5, primary=True), Deal)
    assert_type(await deal.comment("x"), TimelineComment)
    assert_type(await deal.add_todo("x", datetime(2027, 1, 2)), Activity)
    assert_type(lead.as_contact(), Contact)
    assert_type(lead.as_company(), Company)
    assert_type(lead.as_deal(title="x"), Deal)
