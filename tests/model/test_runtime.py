"""Models made at run time: `Model.from_portal` and `SmartProcess`."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from b24orm import Col, Company, Contact, Deal, Limits, Model, Money, Portal, SmartProcess, SmartProcessItem, column
from b24orm.codegen.pull import render_portal
from b24orm.discovery import read_layout
from b24orm.errors import (
    AccessDenied,
    ConfigurationError,
    InvalidValue,
    NotFound,
    QueryError,
    UnknownField,
    UnsupportedQuery,
)
from b24orm.model import File
from b24orm.sandbox import Sandbox
from b24orm.sandbox.userfields import USER_FIELDS

KINDS: dict[str, type[Any]] = {
    "integer": int,
    "double": Decimal,
    "boolean": bool,
    "enumeration": int,
    "date": date,
    "datetime": datetime,
    "money": Money,
    "file": File,
    "employee": int,
    "iblock_element": int,
    "iblock_section": int,
}


class TypedDeal(Deal):
    segment: Col[str | None] = column("UF_CRM_1700000001", default=None)


def rows_of(sandbox: Sandbox, key: str) -> list[dict[str, Any]]:
    return [dict(row) for id in sandbox.ids(key) if (row := sandbox.row(key, id)) is not None]


# ------------------------------------------------------------------------------------------------- Model.from_portal


@pytest.mark.parametrize("name", ["crm.deal", "deal", "crm.deal.list"])
async def test_a_model_knows_the_user_fields_of_the_portal_by_their_titles(portal: Portal, name: str) -> None:
    model = await Model.from_portal(name)
    assert model.__name__ == "Deal"
    assert model.__entity__ == "deal"
    schema = model.__schema__()
    own = {wire: field for field in schema.fields for wire in field.wire.values()}
    for field in USER_FIELDS["deal"]:
        declared = own[field.name]
        assert declared.multiple == field.multiple
        kind = str(model.model_fields[declared.name].annotation)
        assert KINDS.get(field.type, str).__name__ in kind
    assert {"segment", "region", "predoplata", "nomer_dogovora"} <= set(model.model_fields)
    assert set(Deal.model_fields) <= set(model.model_fields)


async def test_names_are_those_that_pull_gives(portal: Portal) -> None:
    layout = await read_layout(portal)
    pulled = {wire: name for name, wire in re.findall(r'(?m)^    (\w+): .*column\("(UF_\w+)"', render_portal(layout))}
    made: dict[str, str] = {}
    for own in layout.entities:
        process = own.base == "smart_process_item"
        name, number = ("crm.item", own.entity_type_id) if process else (f"crm.{own.base}", None)
        model = await Model.from_portal(name, entity_type_id=number)
        made |= {wire: field.name for field in model.__schema__().fields for wire in field.wire.values()}
    # Those of requisites, which are no items of the CRM, are not pulled.
    assert len(pulled) == sum(len(fields) for key, fields in USER_FIELDS.items() if key != "requisite")
    assert {wire: made[wire] for wire in pulled} == pulled


async def test_rows_are_read_in_types(sandbox: Sandbox, portal: Portal) -> None:
    model = await Model.from_portal("crm.deal")
    rows = {row["id"]: row for row in rows_of(sandbox, "deal")}
    deals = await model.objects
    assert [deal.id for deal in deals] == list(rows)
    for deal in deals:
        row = rows[deal.id]
        assert deal.segment == row["uf_crm_1700000001"]
        assert deal.kolichestvo_mest == row["uf_crm_1700000002"]
        assert deal.predoplata is None or deal.predoplata == Money.parse(row["uf_crm_1700000009"])
        assert deal.dogovor_podpisan is bool(row["uf_crm_1700000004"])
        assert deal.data_otgruzki is None or type(deal.data_otgruzki) is date
        assert isinstance(deal.platezhi, list)
        assert deal.skidka is None or type(deal.skidka) is Decimal


async def test_queries_know_the_names_and_check_values(sandbox: Sandbox, portal: Portal) -> None:
    model = await Model.from_portal("crm.deal")
    rows = [row for row in rows_of(sandbox, "deal") if row["is_recurring"] == "N"]
    wanted = [row["id"] for row in rows if row["uf_crm_1700000005"] == 61]
    for query in (
        model.objects.filter(region=61, is_recurring=False),
        model.objects.filter(model.region == 61, is_recurring=False),
    ):
        assert [deal.id async for deal in query] == wanted
        assert await query.count() == len(wanted)
    best = await model.objects.select("segment", model.skidka).order_by("-skidka").first()
    assert best is not None
    assert best.loaded_fields == {"id", "segment", "skidka"}
    assert await model.objects.filter(id=wanted[0]).values("id", "region") == [{"id": wanted[0], "region": 61}]
    with pytest.raises(InvalidValue, match="region takes an int"):
        model.objects.filter(region="Moscow")
    with pytest.raises(UnknownField, match="did you mean 'region'"):
        model.objects.filter(regio=61)


async def test_a_subclass_of_an_entity_stays_one(portal: Portal) -> None:
    model = await Deal.from_portal()
    assert issubclass(model, Deal)
    assert model is not Deal
    deal = await model.objects.first()
    assert isinstance(deal, Deal)
    assert type(deal) is model
    assert "region" not in Deal.model_fields
    assert await Deal.objects.count() == await model.objects.count()
    with pytest.raises(model.DoesNotExist):
        await model.objects.get(10**6)
    with pytest.raises(Deal.DoesNotExist):
        await model.objects.get(10**6)


async def test_what_a_class_declares_by_hand_is_not_declared_once_more(portal: Portal) -> None:
    model = await TypedDeal.from_portal()
    wires = [wire for field in model.__schema__().fields for wire in set(field.wire.values())]
    assert wires.count("UF_CRM_1700000001") == 1
    assert "region" in model.model_fields


async def test_each_class_asks_for_its_own_entity(portal: Portal) -> None:
    for cls, name in ((Company, "filialov"), (Contact, "soglasie_na_rassylku")):
        assert name in (await cls.from_portal()).model_fields
    invoices = await Model.from_portal("crm.item", entity_type_id=31)
    assert (invoices.__entity__, "osnovanie" in invoices.model_fields) == ("smart_invoice", True)


async def test_the_items_of_a_process_are_known_by_their_titles(sandbox: Sandbox, portal: Portal) -> None:
    model = await Model.from_portal("crm.item", entity_type_id=156)
    rows = rows_of(sandbox, "smart_process_156")
    assert [item.id for item in await model.objects] == [row["id"] for row in rows]
    wanted = [row["id"] for row in rows if row["uf_crm_7_1760000002"] == 113]
    assert [item.id for item in await model.objects.filter(prioritet=113)] == wanted
    item = await model.objects.get(wanted[0])
    assert (item.prioritet, item.entity_type_id) == (113, 156)
    assert item.primechanie_1760000010 == sandbox.row("smart_process_156", item.id)["uf_crm_7_1760000010"]  # type: ignore[index]
    assert model(title="x").entity_type_id == 156


async def test_the_portal_may_be_named(sandbox: Sandbox) -> None:
    portal = Portal(sandbox.url, limits=Limits.none())
    async with portal:
        pass
    async with Portal(sandbox.url, limits=Limits.none()) as other:
        assert "region" in (await Model.from_portal("crm.deal", portal=other)).model_fields
        with pytest.raises(ConfigurationError, match="not open"):
            await Model.from_portal("crm.deal", portal=portal)


async def test_the_classic_dialect_gives_the_same_fields(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none()):
        modern = await Model.from_portal("crm.deal")
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic"):
        classic = await Model.from_portal("crm.deal")
        deal = await classic.objects.filter(region=61).first()
    assert set(classic.model_fields) == set(modern.model_fields)
    assert deal is not None
    assert deal.region == 61


async def test_it_is_explained_before_it_asks(sandbox: Sandbox, portal: Portal) -> None:
    op = Model.from_portal("crm.deal")
    plan = op.explain()
    assert plan.strategy == "call"
    assert "crm.item.fields" in plan.reason
    sandbox.books.reset()
    await op
    assert (str(sandbox.books.requests), str(sum(sandbox.books.methods.values()))) == (plan.requests, plan.commands)


def test_blocking_code_makes_models_too(sandbox: Sandbox) -> None:
    with Portal(sandbox.url, limits=Limits.none()):
        model = Model.from_portal("crm.contact").run_sync()
        assert len(model.objects.run_sync()) == len(sandbox.ids("contact"))
        repair = SmartProcess(156)
        assert repair.objects.count().run_sync() == len(sandbox.ids("smart_process_156"))
        assert [item.id for item in repair.objects] == sandbox.ids("smart_process_156")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("crm.dael", "did you mean 'deal'"),
        ("crm.contacts", "did you mean 'contact'"),
        ("quotes", "did you mean 'quote'"),
        ("crm.task", "crm.deal, crm.lead, … or crm.item"),
        ("", "not ''"),
    ],
)
def test_a_wrong_name_is_answered_by_the_nearest_right_one(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match="from_portal takes") as caught:
        Model.from_portal(name)
    assert hint in str(caught.value)


def test_wrong_combinations_are_found_before_anything_is_asked() -> None:
    with pytest.raises(ConfigurationError, match="needs to know whose"):
        Model.from_portal("crm.item")
    with pytest.raises(ConfigurationError, match="needs the name of an entity"):
        Model.from_portal()
    with pytest.raises(ConfigurationError, match=r"crm\.deal has the entity_type_id 2, not 156"):
        Model.from_portal("crm.deal", entity_type_id=156)
    with pytest.raises(ConfigurationError, match="has the entity_type_id 2, not 156"):
        Deal.from_portal(entity_type_id=156)
    with pytest.raises(ConfigurationError, match=r"Deal is a model of 'deal', not of 'crm\.lead'"):
        Deal.from_portal("crm.lead")
    with pytest.raises(ConfigurationError, match="Deal is a model of"):
        Deal.from_portal("crm.item", entity_type_id=156)


def test_the_class_of_one_process_takes_the_fields_of_no_other() -> None:
    with pytest.raises(ConfigurationError):
        SmartProcess(156).from_portal(entity_type_id=1038)
    with pytest.raises(ConfigurationError):
        SmartProcess(156).from_portal("crm.item", entity_type_id=1038)


async def test_the_class_of_all_processes_can_be_narrowed_to_one(sandbox: Sandbox, portal: Portal) -> None:
    model = await SmartProcessItem.from_portal(entity_type_id=156)
    assert issubclass(model, SmartProcessItem)
    assert [item.id for item in await model.objects] == sandbox.ids("smart_process_156")
    own = await SmartProcess(156).from_portal()
    assert issubclass(own, SmartProcess(156))
    assert "prioritet" in own.model_fields


async def test_a_process_that_does_not_exist_is_not_found(portal: Portal) -> None:
    with pytest.raises(NotFound):
        await Model.from_portal("crm.item", entity_type_id=9999)
    with pytest.raises(NotFound):
        await SmartProcess(9999).objects.count()
    with pytest.raises(NotFound):
        await SmartProcess(9999).objects


async def test_a_portal_that_does_not_let_us_read_is_an_error() -> None:
    with Sandbox(deals=3, limits=Limits.none(), faults=[("access_denied", {"method": "crm.item.fields"})]) as sandbox:
        async with Portal(sandbox.url, limits=Limits.none()):
            with pytest.raises(AccessDenied):
                await Model.from_portal("crm.deal")


def test_without_a_portal_it_says_so() -> None:
    with pytest.raises(ConfigurationError, match="no portal"):
        Model.from_portal("crm.deal").run_sync()


# ------------------------------------------------------------------------------------------------------ SmartProcess


@pytest.mark.parametrize("number", [156, 1038])
async def test_the_items_of_a_process_are_listed_counted_and_got(sandbox: Sandbox, portal: Portal, number: int) -> None:
    model: Any = SmartProcess(number)
    rows = rows_of(sandbox, f"smart_process_{number}")
    items = await model.objects
    assert [(item.id, item.title, item.stage_id) for item in items] == [
        (row["id"], row["title"], row["stage_id"]) for row in rows
    ]
    assert {type(item) for item in items} == {model}
    assert {item.entity_type_id for item in items} == {number}
    assert await model.objects.count() == len(rows)
    assert await model.objects.exists()
    assert (await model.objects.get(rows[5]["id"])).title == rows[5]["title"]
    assert await model.objects.get_or_none(10**6) is None
    with pytest.raises(model.DoesNotExist):
        await model.objects.get(10**6)
    assert sorted(await model.objects.in_bulk([rows[0]["id"], 10**6])) == [rows[0]["id"]]
    last = await model.objects.last()
    assert last is not None
    assert last.id == rows[-1]["id"]


async def test_user_fields_of_a_process_go_by_their_codes(sandbox: Sandbox, portal: Portal) -> None:
    repair = SmartProcess(156)
    rows = rows_of(sandbox, "smart_process_156")
    wanted = [row["id"] for row in rows if row["uf_crm_7_1760000002"] == 113]
    items = await repair.objects.filter(uf_crm_7_1760000002=113)
    assert [item.id for item in items] == wanted
    assert {item.uf_crm_7_1760000002 for item in items} == {113}
    chosen = await repair.objects.select("uf_crm_7_1760000001").order_by("-uf_crm_7_1760000013", "id").first()
    assert chosen is not None
    assert chosen.loaded_fields == {"id", "uf_crm_7_1760000001"}
    assert chosen.id == max(rows, key=lambda row: (row["uf_crm_7_1760000013"] or 0, -row["id"]))["id"]
    named = await repair.objects.filter(id=wanted[0]).values("id", "uf_crm_7_1760000002")
    assert named == [{"id": wanted[0], "uf_crm_7_1760000002": 113}]


async def test_documented_fields_of_a_process_are_typed(portal: Portal) -> None:
    item = await SmartProcess(156).objects.filter(begindate__isnull=False).first()
    assert item is not None
    assert type(item.opportunity) is Decimal
    assert type(item.begindate) is date
    assert type(item.created_time) is datetime
    assert isinstance(item.observers, list)
    assert item.opened in (True, False)


async def test_queries_of_a_process_are_checked_like_any_other() -> None:
    repair: Any = SmartProcess(156)
    with pytest.raises(UnknownField, match="did you mean 'stage_id'"):
        repair.objects.filter(stage_idd="x")
    with pytest.raises(InvalidValue, match="opportunity takes"):
        repair.objects.filter(opportunity="much")
    with pytest.raises(UnknownField, match="no field 'titel'"):
        repair(titel="x")
    with pytest.raises(AttributeError, match="no column 'titel'"):
        repair.titel  # noqa: B018


async def test_each_request_names_the_process_and_no_condition_need(sandbox: Sandbox, portal: Portal) -> None:
    for command in (
        *SmartProcess(156).objects.explain().first,
        *SmartProcess(156).objects.get(5).explain().first,
        *SmartProcess(156).objects.count().explain().first,
    ):
        assert command.params["entityTypeId"] == 156
        assert "entityTypeId" not in command.params.get("filter", {})


async def test_another_number_than_that_of_the_process_is_no_condition(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.books.reset()
    with pytest.raises(QueryError):  # the portal would refuse it
        await SmartProcess(156).objects.filter(entity_type_id=2).count()
    assert sandbox.books.requests == 0


@pytest.mark.parametrize(
    ("number", "name"), [(1, "Lead"), (2, "Deal"), (3, "Contact"), (7, "Quote"), (31, "SmartInvoice")]
)
def test_an_entity_of_the_portals_own_is_no_process(number: int, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"entity_type_id={number} is no smart process: use {name}"):
        SmartProcess(number)


@pytest.mark.parametrize("number", [0, -156, True, None, "156", 156.0])
def test_the_number_of_a_process_is_a_positive_one(number: Any) -> None:
    with pytest.raises(ConfigurationError, match="entity_type_id is a positive number"):
        SmartProcess(number)


def test_the_same_number_gives_the_same_class() -> None:
    assert SmartProcess(156) is SmartProcess(156)
    assert SmartProcess(156) is SmartProcess(entity_type_id=156)
    assert SmartProcess(156) is not SmartProcess(1038)
    assert SmartProcess(156).__name__ == "SmartProcess156"


def test_new_items_know_their_process_and_take_what_is_documented() -> None:
    repair: Any = SmartProcess(156)
    item = repair(title="Принтер", opportunity=100, uf_crm_7_1760000001="SN")
    assert item.entity_type_id == 156
    assert item.opportunity == Decimal(100)
    assert item.uf_crm_7_1760000001 == "SN"
    with pytest.raises(ValueError, match="opportunity"):
        item.opportunity = "much"


async def test_items_are_equal_by_value_and_hash_by_id(portal: Portal) -> None:
    repair = SmartProcess(156)
    first, again = await repair.objects.first(), await repair.objects.first()
    assert first == again
    assert first is not again
    assert hash(first) == hash(again)
    assert first != await SmartProcess(1038).objects.first()


async def test_the_class_of_all_processes_still_asks_which(portal: Portal) -> None:
    with pytest.raises(UnsupportedQuery, match="needs to know entity_type_id"):
        await SmartProcessItem.objects.count()
    assert await SmartProcessItem.objects.filter(entity_type_id=156).count() == await SmartProcess(156).objects.count()


def test_the_token_of_a_file_is_not_shown() -> None:
    item = SmartProcess(156).__load__(
        "item", [{"id": 1, "ufCrm7_1": {"id": 5, "urlMachine": "https://x/?token=s3cr3t"}}]
    )
    assert "s3cr3t" not in repr(item[0])
