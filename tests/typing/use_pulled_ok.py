"""What a program may write with the models that `b24orm pull` made of a portal. Checked, never run."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, assert_type

# The portal of the tests, pulled just before the check.
from crm_models import Contact, Deal, DealQuerySet, Lead, Oborudovanie, SmartInvoice, ZayavkiNaRemont

from b24orm import Column, Money, Op, Q
from b24orm.queryset import Rows


async def user_fields() -> None:
    qs = Deal.objects.filter(segment="A", region=61, title__contains="x", data_otgruzki__gte=date(2026, 1, 1))
    assert_type(qs, DealQuerySet[Deal])
    assert_type(qs.get(5), Op[Deal])
    assert_type(Deal.segment, Column[str | None])
    assert_type(Deal.predoplata == Money.parse("300|RUB"), Q)
    assert_type(qs.select("segment", "title", Deal.region).order_by("-segment", "id"), DealQuerySet[Deal])
    assert_type(qs.values("segment"), Rows[dict[str, Any]])
    async for deal in qs:
        assert_type(deal.segment, str | None)
        assert_type(deal.region, Literal[61, 62, 63] | None)
        assert_type(deal.produkty, list[Literal[71, 72, 73]])
        assert_type(deal.predoplata, Money | None)
        assert_type(deal.dogovor_podpisan, bool)
        assert_type(deal.vstrecha, datetime | None)
        deal.region = 62
        deal.stage_id = "C1:WON"
        deal.title = "y"
    assert_type(await Deal.objects.in_bulk([1, 2]), dict[int, Deal])
    Deal(title="x", stage_id="NEW", region=61, produkty=[71])


async def stages() -> None:
    Deal.objects.filter(stage_id="C1:NEW", stage_id__in=["NEW", "WON"], stage_id__ne="LOSE")
    Lead.objects.filter(stage_id="NEW").exclude(stage_id="JUNK")
    Deal.objects.filter(Deal.stage_id.in_(["NEW", "WON"]), stage_id__isnull=False)
    assert_type(await Contact.objects.filter(nik_v_telegram="x").first(), Contact | None)
    assert_type(await SmartInvoice.objects.filter(osnovanie__startswith="x"), list[SmartInvoice])


async def smart_processes() -> None:
    repair = await ZayavkiNaRemont.objects.filter(stage_id="DT156_11:NEW", seriynyy_nomer__startswith="SN").first()
    if repair is not None:
        assert_type(repair.stoimost_remonta, Money | None)
        assert_type(repair.entity_type_id, int)
        assert_type(repair.neispravnosti, list[str])
    ZayavkiNaRemont(title="x", po_garantii=True, parent_id_2=5)
    assert_type(await Oborudovanie.objects.get_or_none(5), Oborudovanie | None)
    Oborudovanie.objects.filter(inventarnyy_nomer="x").order_by("-inventarnyy_nomer", "title")
