"""What a program may write: no type checker may object to a line of it. Checked, never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from typing_extensions import assert_type

from b24orm import (
    Category,
    Col,
    Column,
    Company,
    Contact,
    Deal,
    DecimalCol,
    Lead,
    Limits,
    Op,
    OptionalDecimalCol,
    Outcome,
    Plan,
    Portal,
    Q,
    Quote,
    Response,
    SmartInvoice,
    Status,
    User,
    batch,
    column,
    connect,
    errors,
)
from b24orm.entities.deal import DealQuerySet
from b24orm.model import DecimalColumn, File, Multifield
from b24orm.queryset import Rows


class MyDeal(Deal):
    segment: Col[str | None] = column("UF_CRM_1700000001", default=None)
    signed: Col[bool] = column("UF_CRM_1700000004", default=False)
    discount: OptionalDecimalCol = column("UF_CRM_1700000003", default=None)
    budget: DecimalCol = column("UF_CRM_1700000030", default=Decimal(0))
    products: Col[list[int]] = column("UF_CRM_1700000006", default_factory=list)


class BigDeal(MyDeal):
    """A second level: all of the first, and one more field."""

    shipped: Col[date | None] = column("UF_CRM_1700000007", default=None)


async def the_sketch() -> None:
    # (a) lookups
    qs = Deal.objects.filter(opportunity__gte=1000, stage_id__in=["NEW"])
    assert_type(qs, DealQuerySet[Deal])
    # (b) columns on the class, values on the instance
    e = Deal.opportunity >= 1000
    assert_type(e, Q)
    assert_type(Deal.opportunity, DecimalColumn[Decimal])
    assert_type(Deal.title, Column[str])
    assert_type(Deal.stage_id, Column[str | None])
    d = Deal(title="x", opportunity=5.0)
    assert_type(d.opportunity, Decimal)
    d.opportunity = 3
    d.opportunity = 3.5
    d.opportunity = Decimal("3.50")
    assert_type(d.stage_id, str | None)
    if d.stage_id is not None:
        assert_type(d.stage_id, str)
        d.stage_id.upper()
    qs2 = qs.filter(
        (Deal.opportunity >= 1000) | ~(Deal.title == "x"), Deal.title.contains("a"), Deal.stage_id.in_(["NEW"])
    )
    # (c) select and order
    assert_type(qs2.select("id", "title").order_by("-id"), DealQuerySet[Deal])
    assert_type(qs2.select(Deal.id, Deal.title), DealQuerySet[Deal])
    # (d) a class of one's own
    my = MyDeal.objects.filter(MyDeal.segment == "gold", opportunity__gte=1)
    assert_type(my, DealQuerySet[MyDeal])
    async for m in my:
        assert_type(m, MyDeal)
        assert_type(m.segment, str | None)
    assert_type(await my, list[MyDeal])
    assert_type(await my.first(), MyDeal | None)
    assert_type(await my[:10], list[MyDeal])
    rows = await Deal.objects.values_list(Deal.id, Deal.title, Deal.stage_id)
    assert_type(rows, list[tuple[int, str, str | None]])
    one, n = await batch(Deal.objects.get(1), my.count())
    assert_type(one, Deal)
    assert_type(n, int)
    assert_type(batch(Deal.objects.get(1), my.count()).run_sync(), tuple[Deal, int])


async def amounts_and_dates() -> None:
    assert_type((await Deal.objects.get(1)).opportunity, Decimal)
    assert_type((await Deal.objects.get(1)).created_time, datetime | None)
    assert_type((await Deal.objects.get(1)).begindate, date | None)
    assert_type((await Deal.objects.get(1)).observers, list[int])
    assert_type((await Deal.objects.get(1)).opened, bool)
    Deal.objects.filter(opportunity=1)
    Deal.objects.filter(opportunity=0.5, stage_id__ne=None)
    Deal.objects.filter(opportunity__range=(1, Decimal("2.5")))
    Deal.objects.filter(opportunity__in=[1, 2.5, Decimal(3)], opportunity__lt=Decimal(10))
    Deal.objects.filter(Deal.opportunity.between(1, 2.5), Deal.opportunity.in_([1, Decimal(2)]), Deal.opportunity != 5)
    Deal.objects.filter(Deal.created_time >= datetime(2026, 1, 1), created_time__lt=date(2026, 2, 1))
    Deal.objects.filter(Deal.begindate == date(2026, 1, 1), Deal.begindate.is_null(False), begindate__isnull=False)
    Deal.objects.filter(Deal.opened == True, closed=False)  # noqa: E712
    Deal.objects.filter(Deal.observers.has(1), Deal.company_id == None, company_id=None)  # noqa: E711
    Deal(title="x", opportunity=Decimal("0.10"), begindate=date(2026, 1, 1), observers=[1, 2])


def what_checkers_cannot_see() -> None:
    # `int` has an `==` of its own that takes anything, so a bare comparison becomes a bool in their eyes. They object
    # as soon as it is passed to filter (see use_bad.py); at run time the query refuses it either way.
    assert_type(Deal.title == 5, bool)


async def other_entities() -> None:
    assert_type(await Lead.objects.first(), Lead | None)
    assert_type(await Company.objects.filter(title__contains="x").last(), Company | None)
    assert_type(await Quote.objects.get_or_none(1), Quote | None)
    assert_type(await SmartInvoice.objects.filter(title="x"), list[SmartInvoice])
    assert_type(await Status.objects.filter(entity_id="DEAL_STAGE"), list[Status])
    assert_type(await Category.objects.filter(entity_type_id=2), list[Category])
    assert_type(await User.objects.filter(active=True).order_by("last_name"), list[User])
    contact = await Contact.objects.get(1)
    assert_type(contact.fm, list[Multifield])
    assert_type(contact.photo, File | None)


async def terminals() -> None:
    qs = Deal.objects.filter(id__gt=1)
    assert_type(qs.get(1), Op[Deal])
    assert_type(await qs.get(Deal.title == "x", stage_id="NEW"), Deal)
    assert_type(await qs.get_or_none(title="x"), Deal | None)
    assert_type(await qs.count(), int)
    assert_type(await qs.exists(), bool)
    assert_type(await qs.in_bulk([1, 2]), dict[int, Deal])
    assert_type(qs.values("id", Deal.title), Rows[dict[str, Any]])
    assert_type(await qs.values(), list[dict[str, Any]])
    async for row in qs.values("id"):
        assert_type(row, dict[str, Any])
    assert_type(qs.pages(), AsyncGenerator[list[Deal]])
    async for page in qs.pages():
        assert_type(page, list[Deal])
    assert_type(qs.explain(), Plan)
    assert_type(qs.get(1).explain(), Plan)
    assert_type(qs.progress(), DealQuerySet[Deal])
    assert_type(qs.all()[5:].using(Portal("https://x.example/rest/1/code/")), DealQuerySet[Deal])
    assert_type(qs.exclude(stage_id="LOSE"), DealQuerySet[Deal])
    assert_type(qs.exclude(Q(title="x") | Q(title="y") & ~Q(id=5)), DealQuerySet[Deal])


async def values_lists() -> None:
    qs = Deal.objects
    assert_type(await qs.values_list(Deal.id), list[tuple[int]])
    assert_type(await qs.values_list(Deal.id, Deal.opportunity), list[tuple[int, Decimal]])
    assert_type(
        await qs.values_list(Deal.id, Deal.title, Deal.opportunity, Deal.closed),
        list[tuple[int, str, Decimal, bool]],
    )
    assert_type(
        await qs.values_list(Deal.id, Deal.title, Deal.opportunity, Deal.closed, Deal.created_time),
        list[tuple[int, str, Decimal, bool, datetime | None]],
    )
    assert_type(
        await qs.values_list(Deal.id, Deal.id, Deal.id, Deal.id, Deal.id, Deal.title),
        list[tuple[int, int, int, int, int, str]],
    )
    assert_type(await qs.values_list(Deal.opportunity, flat=True), list[Decimal])
    assert_type(await qs.values_list("title", flat=True), list[Any])
    assert_type(await qs.values_list("id", "title"), list[tuple[Any, ...]])
    async for id, title in qs.values_list(Deal.id, Deal.title):
        assert_type(id, int)
        assert_type(title, str)
    for amount in MyDeal.objects.values_list(MyDeal.discount, flat=True):
        assert_type(amount, Decimal | None)


async def own_fields() -> None:
    deal = await MyDeal.objects.get(1)
    assert_type(deal.segment, str | None)
    assert_type(deal.signed, bool)
    assert_type(deal.discount, Decimal | None)
    assert_type(deal.budget, Decimal)
    assert_type(deal.products, list[int])
    deal.discount = None
    deal.discount = 5
    deal.budget = 0.5
    MyDeal(title="x", segment="gold", discount=5, budget=1.5, products=[71])
    MyDeal.objects.filter(MyDeal.signed == True, MyDeal.discount >= 5, MyDeal.products.has(71))  # noqa: E712
    MyDeal.objects.select(MyDeal.segment, "title")
    big = await BigDeal.objects.filter(BigDeal.shipped >= date(2026, 1, 1)).first()
    assert_type(big, BigDeal | None)
    if big is not None:
        assert_type(big.shipped, date | None)
        assert_type(big.segment, str | None)
    try:
        await BigDeal.objects.get(1)
    except BigDeal.DoesNotExist:
        pass
    except errors.MultipleObjectsReturned:
        pass


async def together() -> None:
    a, b, c = await batch(Deal.objects.get(1), Contact.objects.first(), Lead.objects.filter(id=5).exists())
    assert_type(a, Deal)
    assert_type(b, Contact | None)
    assert_type(c, bool)
    models, pairs = await batch(Deal.objects.values_list(Deal.id, flat=True), Deal.objects.in_bulk([1]))
    assert_type(models, list[int])
    assert_type(pairs, dict[int, Deal])
    assert_type(await batch(*[Deal.objects.get(n) for n in range(5)]), tuple[Deal, ...])
    assert_type(batch(Deal.objects.count()).explain(), Plan)
    # A queryset stands for its rows.
    deals, total = await batch(MyDeal.objects.filter(id__gt=5), Contact.objects.count())
    assert_type(deals, list[MyDeal])
    assert_type(total, int)


async def raw() -> None:
    async with Portal("https://x.example/rest/1/code/", limits=Limits.enterprise(), timeout=10) as portal:
        assert_type(portal, Portal)
        assert_type(await portal.call("crm.deal.fields"), Response)
        assert_type((await portal.call("crm.deal.get", {"id": 1})).result, Any)
        assert_type(await portal.call_many("crm.deal.get", [{"id": 1}]), list[Outcome])
        outcomes = await portal.batch({"a": ("crm.deal.get", {"id": 1}), "b": "profile"}, halt=True)
        assert_type(outcomes, dict[str, Outcome])
        async for row in portal.list("crm.deal.list", {"filter": {">ID": 5}}):
            assert_type(row, dict[str, Any])
        assert_type(await portal.list("crm.deal.list"), list[dict[str, Any]])
        assert_type(portal.call("profile").explain(), Plan)
        assert_type(await portal.call("tasks.task.add", {}, version=3, idempotency_key="x"), Response)
        assert_type(await portal.list("main.eventlog.tail", version=3), list[dict[str, Any]])
        assert_type(portal.stats.requests, int)
        assert_type(await Deal.objects.using(portal), list[Deal])
        await portal.aclose()


def blocking() -> None:
    assert_type(connect("https://x.example/rest/1/code/", progress=True), Portal)
    with Portal("https://x.example/rest/1/code/") as portal:
        for deal in Deal.objects.filter(Deal.opportunity > 5):
            assert_type(deal, Deal)
        for row in portal.list("crm.deal.list"):
            assert_type(row, dict[str, Any])
        assert_type(Deal.objects.get(1).run_sync(), Deal)
        assert_type(Deal.objects.filter(id=1).run_sync(), list[Deal])
        assert_type(list(Deal.objects), list[Deal])
        assert_type(portal.call("profile").run_sync(), Response)


def no_typing_beyond_the_row(deal: Deal) -> None:
    assert_type(deal.changed_fields, frozenset[str])
    assert_type(deal.loaded_fields, frozenset[str])
    assert_type(deal.model_dump(), dict[str, Any])
