"""What a program may write about relations: no type checker may object to a line of it. Checked, never run."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, assert_type

from b24orm import (
    Col,
    Company,
    Contact,
    Deal,
    Plan,
    Portal,
    ProductRow,
    SmartProcess,
    Status,
    Task,
    User,
    batch,
    column,
)
from b24orm.entities.contact import ContactQuerySet
from b24orm.entities.deal import DealQuerySet
from b24orm.entities.product_row import ProductRowQuerySet
from b24orm.model import Related, ToMany, ToOne


class MyCompany(Company):
    inn: Col[str | None] = column("UF_CRM_1730000001", default=None)


class MyDeal(Deal):
    company: ClassVar[ToOne[MyCompany]] = ToOne(MyCompany)  # pyright: ignore[reportIncompatibleVariableOverride]


async def one(deal: Deal) -> None:
    assert_type(deal.company, Related[Company])
    assert_type(await deal.company, Company | None)
    assert_type(deal.company.run_sync(), Company | None)
    assert_type(deal.company.value, Company | None)
    assert_type(deal.company.fetched, bool)
    assert_type(deal.company.explain(), Plan)
    assert_type(deal.company.title, Any)  # of the row at hand
    assert_type(await deal.stage, Status | None)
    assert_type(await deal.assigned_by, User | None)
    await asyncio.gather(deal.company, deal.contact)
    company, contact = await batch(deal.company, deal.contact)
    assert_type(company, Company | None)
    assert_type(contact, Contact | None)
    first, rows = await batch(deal.company, deal.product_rows)
    assert_type(first, Company | None)
    assert_type(rows, list[ProductRow])
    if deal.company:
        print(deal.company == company, deal.company != contact)
    if company is not None:
        assert_type(await company.assigned_by, User | None)


async def many(deal: Deal, company: Company, task: Task) -> None:
    assert_type(deal.contacts, ContactQuerySet[Contact])
    assert_type(company.deals, DealQuerySet[Deal])
    assert_type(deal.product_rows, ProductRowQuerySet[ProductRow])
    assert_type(await company.deals.filter(stage_id="WON", opportunity__gt=5).order_by("-id"), list[Deal])
    assert_type(await company.deals.count(), int)
    assert_type(await company.deals.first(), Deal | None)
    assert_type(len(company.deals), int)
    assert_type(company.deals.fetched, bool)
    async for one in company.deals:
        assert_type(one, Deal)
    assert_type([row.product_name for row in deal.product_rows], list[str | None])
    assert_type(await task.subtasks, list[Task])


async def prefetched(portal: Portal) -> None:
    deals = Deal.objects.prefetch_related("company", Deal.contacts, "contact__company").filter(stage_id="NEW")
    assert_type(deals, DealQuerySet[Deal])
    assert_type(await deals.using(portal), list[Deal])
    assert_type(Deal.company, ToOne[Company])
    assert_type(Company.deals, ToMany[DealQuerySet[Deal]])
    assert_type(await SmartProcess(entity_type_id=156).objects.prefetch_related("stage").count(), int)


async def own(deal: MyDeal) -> None:
    company = await deal.company
    assert_type(company, MyCompany | None)
    if company is not None:
        assert_type(company.inn, str | None)
