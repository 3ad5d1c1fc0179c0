"""User fields that a program declares: names, types, subclasses of subclasses, and what may not be declared."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from b24orm import Col, Deal, DecimalCol, Limits, Model, OptionalDecimalCol, Portal, column
from b24orm.errors import ConfigurationError, UnknownField
from b24orm.model import File
from b24orm.model.names import attribute_name
from b24orm.sandbox import Sandbox


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("ufCrm_1700000000", "uf_crm_1700000000"),
        ("UF_CRM_1700000000", "uf_crm_1700000000"),
        ("ufCrm5_1700000000", "uf_crm_5_1700000000"),
        ("UF_CRM_5_1700000000", "uf_crm_5_1700000000"),
        ("ufCrmMyStr", "uf_crm_my_str"),
        ("UF_CRM_MY_STR", "uf_crm_my_str"),
        ("ufCrm_566EB0AC9B7FC", "uf_crm_566eb0ac9b7fc"),
        ("UF_CRM_566EB0AC9B7FC", "uf_crm_566eb0ac9b7fc"),
        ("ufCrmSmartInvoice_1750000001", "uf_crm_smart_invoice_1750000001"),
        ("parentId128", "parent_id_128"),
        ("PARENT_ID_128", "parent_id_128"),
        ("ufDepartment", "uf_department"),
        ("webformId", "webform_id"),
        ("someURLField", "some_url_field"),
        ("fm", "fm"),
    ],
)
def test_both_spellings_of_a_wire_name_give_one_attribute_name(wire: str, name: str) -> None:
    assert attribute_name(wire) == name


class Segmented(Model):
    """A mixin: it belongs to no entity."""

    segment: Col[str | None] = column("UF_CRM_1700000001", default=None)


class MyDeal(Segmented, Deal):
    seats: Col[int | None] = column("ufCrm_1700000002", default=None)
    discount: OptionalDecimalCol = column("UF_CRM_1700000003", default=None)
    signed: Col[bool] = column("UF_CRM_1700000004", default=False)
    products: Col[list[int]] = column("UF_CRM_1700000006", default_factory=list)
    contract: Col[File | None] = column("UF_CRM_1700000012", default=None)


class DeepDeal(MyDeal):
    number: Col[str | None] = column("ufCrmContractNumber", default=None)
    delivery: Col[str | None] = column("ufCrm_566EB0AC9B7FC", default=None)
    code: Col[str | None] = column("ufCrm5_1700000022", default=None)
    shipped: Col[date | None] = column("UF_CRM_1700000007", default=None)
    payments: Col[list[date]] = column("UF_CRM_1700000020", default_factory=list)
    uf_crm_1700000018: Col[list[str]] = column(default_factory=list)


async def test_declared_fields_are_read_in_their_types_at_every_level(sandbox: Sandbox, portal: Portal) -> None:
    deals = await DeepDeal.objects
    rows = {deal.id: sandbox.row("deal", deal.id) for deal in deals}
    for deal in deals:
        row = rows[deal.id]
        assert row is not None
        assert deal.segment == row["uf_crm_1700000001"]
        assert deal.seats == row["uf_crm_1700000002"]
        assert deal.signed is bool(row["uf_crm_1700000004"])
        assert deal.number == row["uf_crm_contract_number"]
        assert deal.delivery == row["uf_crm_566eb0ac9b7fc"]
        assert deal.code == row["uf_crm_5_1700000022"]
        assert deal.shipped is None or deal.shipped.isoformat() == row["uf_crm_1700000007"][:10]
        assert all(type(day) is date for day in deal.payments)
        assert all(isinstance(tag, str) for tag in deal.uf_crm_1700000018)
        assert deal.discount is None or isinstance(deal.discount, Decimal)
    assert any(deal.payments for deal in deals)
    assert any(deal.contract for deal in deals)
    assert any(deal.products for deal in deals)


@pytest.mark.parametrize("api", ["item", "classic"])
async def test_declared_fields_filter_order_and_select_like_documented_ones(sandbox: Sandbox, api: str) -> None:
    rows = [row for id in sandbox.ids("deal") if (row := sandbox.row("deal", id)) and row["is_recurring"] == "N"]
    wanted = [row["id"] for row in rows if row["uf_crm_1700000001"] == "A"]
    signed = [row["id"] for row in rows if row["uf_crm_1700000004"]]
    assert wanted
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="item" if api == "item" else "classic"):
        qs = MyDeal.objects.filter(is_recurring=False)
        for found in (
            qs.filter(MyDeal.segment == "A"),
            qs.filter(segment="A"),  # type: ignore[call-arg]
            Deal.objects.filter(is_recurring=False, uf_crm_1700000001="A"),  # type: ignore[call-arg]
        ):
            assert [row.id async for row in found] == wanted
        assert [row.id for row in await qs.filter(MyDeal.signed == True)] == signed  # noqa: E712
        assert [row.id for row in await qs.filter(uf_crm_1700000004=True)] == signed  # type: ignore[call-arg]
        best = await qs.select(MyDeal.segment, MyDeal.discount).order_by("-discount").first()  # type: ignore[arg-type]
        assert best is not None
        assert best.loaded_fields == {"id", "segment", "discount"}
        assert best.discount == max(Decimal(str(row["uf_crm_1700000003"] or 0)) for row in rows)
        names = await qs.filter(MyDeal.segment == "A").values_list(MyDeal.segment, flat=True)
        assert names == ["A"] * len(wanted)


def test_a_flag_of_a_user_field_is_compared_by_one_and_zero() -> None:
    command = MyDeal.objects.filter(MyDeal.signed == False).explain().first[0]  # noqa: E712
    assert command.params["filter"]["=UF_CRM_1700000004"] == 0


def test_a_parent_is_spelt_as_its_dialect_spells_it() -> None:
    class Child(Deal):
        project: Col[int | None] = column("parentId128", default=None)
        parent_id_130: Col[int | None] = column(default=None)

    field = Child.__schema__().by_name["project"]
    assert field.wire == {"item": "parentId128", "classic": "PARENT_ID_128"}
    assert Child.__load__("item", [{"id": 1, "parentId128": 4, "parentId130": ""}])[0].project == 4


def test_fields_that_are_no_user_fields_cannot_be_declared() -> None:
    class Nameless(Deal):
        segment: Col[str | None] = column(default=None)

    class Foreign(Deal):
        segment: Col[str | None] = column("SEGMENT", default=None)

    class Taken(Deal):
        comments: Col[str | None] = column("UF_CRM_1", default=None)

    with pytest.raises(ConfigurationError, match=r"say which user field it is, e\.g\. column"):
        Nameless.objects.filter(id=1)
    with pytest.raises(ConfigurationError, match="say which user field"):
        Foreign.objects.filter(id=1)
    with pytest.raises(ConfigurationError, match=r"Deal\.comments is a documented field"):
        Taken.objects.filter(id=1)
    with pytest.raises(UnknownField, match="not a model of an entity"):
        Segmented.__schema__()


def test_a_documented_field_may_be_declared_again_with_another_default() -> None:
    class Titled(Deal):
        title: Col[str] = column("TITLE", default="no name")
        opportunity: DecimalCol = column(default=Decimal(1))

    assert Titled().title == "no name"
    assert Titled.__load__("item", [{"id": 1, "title": "a"}])[0].title == "a"


def test_a_class_does_not_learn_the_fields_of_its_subclasses() -> None:
    assert "segment" in MyDeal.__schema__().by_name
    assert "segment" not in Deal.__schema__().by_name
    with pytest.raises(UnknownField):
        Deal.objects.filter(segment="A")  # type: ignore[call-arg]
