"""`Model.to_wire`: the row as the portal writes it, of which reading makes an equal object."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import b24orm
from b24orm import Activity, Col, Contact, Deal, Limits, Model, Money, Portal, SmartProcess, User, column
from b24orm.errors import ConfigurationError
from b24orm.model import File, Multifield
from b24orm.model.reader import RowShape
from b24orm.narrow import is_list
from b24orm.sandbox import Sandbox
from b24orm.schema import Field, entity, entity_keys

MODELS: list[Any] = [getattr(b24orm, entity(key).name) for key in entity_keys()]
SERVED = [(model, dialect) for model in MODELS for dialect in model.__schema__().dialects]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
AMOUNTS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["0", "-0", "0.1", "100.50", "12345678901234567.89", "1E+30", "1E-30", "0.1000000000000000055511151231257827"]
    ).map(Decimal),
)
ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=3)), timezone(-timedelta(hours=3, minutes=30))])
MORE = st.dictionaries(st.sampled_from(["name", "size", "NAME", "extraKey", "X_Y", "ид"]), JSON, max_size=2)


def multifield(id: int | None, kind: str, place: str, value: str, more: dict[str, Any]) -> Multifield:
    return Multifield(id=id, type_id=kind, value_type=place, value=value, **more)


def file(id: int | None, url: str, machine: str | None, more: dict[str, Any]) -> File:
    return File(id=id, url=url, url_machine=machine, **more)


PLACES = st.sampled_from(["WORK", "MOBILE", ""])
MULTIFIELDS = st.builds(
    multifield, st.none() | st.integers(0), st.sampled_from(["PHONE", "EMAIL", "WEB"]), PLACES, TEXT, MORE
)
FILES = st.builds(file, st.none() | st.integers(1), TEXT, st.none() | TEXT, MORE)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(),
    "decimal": AMOUNTS,
    "str": TEXT,
    "bool": st.booleans(),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=ZONES),
    "money": st.builds(Money, AMOUNTS, st.sampled_from(["RUB", "USD", ""])),
    "multifield": MULTIFIELDS,
    "file": FILES,
    "object": JSON,
    "any": JSON,
}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Typed values that the field may hold."""
    one = st.integers(1) if field.refers else VALUES[field.kind]
    if field.values:
        one = st.sampled_from([int(value) for value in field.values] if field.kind == "int" else list(field.values))
    if field.multiple:  # elements without a value are left out
        return st.lists(one.filter(lambda value: value not in (None, "", False, [], {})), max_size=3)
    return one | st.none() if field.nullable and field.kind not in ("object", "any") else one


def built(model: Any, values: dict[str, Any]) -> Any:
    """An instance as if it had been read."""
    return model.__build__([(dict(values), None, RowShape(list(values), []))])[0]


def exact(value: Any) -> Any:
    """Equal only to what has the same type and the same digits."""
    if is_list(value):
        return [exact(item) for item in value]
    if isinstance(value, Money):
        return Money, exact(value.amount), value.currency
    if isinstance(value, datetime):
        return datetime, value, value.utcoffset()
    return type(value), value


def again(model: Any, dialect: str, wire: dict[str, Any]) -> Any:
    return model.__load__(dialect, [json.loads(json.dumps(wire))])[0]


# ------------------------------------------------------------------------------------------------ every entity


@pytest.mark.parametrize(("model", "dialect"), SERVED, ids=str)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_row_that_was_written_is_read_as_an_equal_object(model: Any, dialect: str, data: st.DataObject) -> None:
    fields = [field for field in model.__schema__().fields if dialect in field.wire]
    chosen = data.draw(st.lists(st.sampled_from(fields), min_size=1, max_size=6, unique_by=lambda field: field.name))
    values = {field.name: data.draw(values_of(field), label=field.name) for field in chosen}
    row = built(model, values)
    wire = row.to_wire(dialect)
    read = again(model, dialect, wire)
    assert read == row
    assert {name: exact(value) for name, value in read.__dict__.items()} == {
        name: exact(value) for name, value in values.items()
    }
    assert read.loaded_fields == row.loaded_fields
    assert read.to_wire(dialect) == wire
    assert row.__dict__ == values  # untouched


@pytest.mark.parametrize(("model", "dialect"), SERVED, ids=str)
def test_a_row_is_written_under_the_names_that_the_portal_answers(model: Any, dialect: str) -> None:
    schema = model.__schema__()
    spec = schema.dialects[dialect]
    named = {field.name: spec.answered(field.wire[dialect]) for field in schema.fields if dialect in field.wire}
    row = built(model, dict.fromkeys(named))
    assert row.to_wire(dialect) == dict.fromkeys(named.values())
    assert len(set(named.values())) == len(named)


def test_the_usual_dialect_is_the_entitys_own() -> None:
    deal = built(Deal, {"id": 5, "stage_id": "NEW"})
    assert deal.to_wire() == deal.to_wire("item") == {"id": 5, "stageId": "NEW"}
    assert deal.to_wire("classic") == {"ID": "5", "STAGE_ID": "NEW"}
    for model in MODELS:
        assert built(model, {}).to_wire() == {}


@pytest.mark.parametrize("dialect", ["default", "", "ITEM"])
def test_a_dialect_that_the_entity_does_not_have_is_refused(dialect: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Deal has no dialect '{dialect}'; it has item, classic"):
        built(Deal, {"id": 5}).to_wire(dialect)


# ------------------------------------------------------------------------------------------------------- spellings


class MyDeal(Deal):
    prepayment: Col[Money | None] = column("UF_CRM_1700000009", default=None)
    contract: Col[File | None] = column("UF_CRM_1700000012", default=None)
    payments: Col[list[date]] = column("UF_CRM_1700000020", default_factory=list)
    tags: Col[list[str]] = column("UF_CRM_1700000018", default_factory=list)
    parent_id_156: Col[int | None] = column(default=None)


SPELLED: dict[str, tuple[Any, Any, Any]] = {
    "id": (5, 5, "5"),
    "opportunity": (Decimal("100.50"), 100.5, "100.50"),
    "closed": (True, "Y", "Y"),
    "is_manual_opportunity": (False, "N", "N"),
    "company_id": (None, None, None),
    "contact_ids": ([3, 4], [3, 4], ["3", "4"]),
    "begindate": (date(2026, 1, 2), "2026-01-02", "2026-01-02"),
    "created_time": (
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=3))),
        "2026-01-02T03:04:05+03:00",
        "2026-01-02T03:04:05+03:00",
    ),
    "prepayment": (Money(Decimal("300.50"), "RUB"), "300.50|RUB", "300.50|RUB"),
    "payments": ([date(2026, 1, 2)], ["2026-01-02"], ["2026-01-02"]),
    "tags": (["a", "b"], ["a", "b"], ["a", "b"]),
    "parent_id_156": (7, 7, "7"),
}


@pytest.mark.parametrize("name", SPELLED)
def test_values_are_spelled_as_the_dialect_spells_them(name: str) -> None:
    value, item, classic = SPELLED[name]
    deal = built(MyDeal, {name: value})
    field = MyDeal.__schema__().by_name[name]
    for dialect, spelled in (("item", item), ("classic", classic)):
        if dialect in field.wire:
            wire = deal.to_wire(dialect)
            assert wire == {field.wire[dialect]: spelled}
            assert type(wire[field.wire[dialect]]) is type(spelled)


@pytest.mark.parametrize(
    "digits",
    ["0.1", "0.30", "100", "1E+3", "-7.25", "12345678901234567.89", "0.1000000000000000055511151231257827", "1E-30"],
)
@pytest.mark.parametrize("dialect", ["item", "classic"])
def test_an_amount_never_loses_a_digit(digits: str, dialect: str) -> None:
    deal = built(Deal, {"opportunity": Decimal(digits)})
    text = json.dumps(deal.to_wire(dialect))
    assert Decimal(str(json.loads(text, parse_float=Decimal).popitem()[1])) == Decimal(digits)
    assert again(Deal, dialect, json.loads(text)).opportunity == Decimal(digits)


def test_multifields_are_called_as_their_dialect_calls_them() -> None:
    phone = Multifield(id=3, type_id="PHONE", value_type="WORK", value="+7 900", note="x")  # type: ignore[call-arg]
    new = Multifield(type_id="EMAIL", value_type="HOME", value="a@example.test")
    contact = built(Contact, {"fm": [phone, new]})
    assert contact.to_wire("item") == {
        "fm": [
            {"id": 3, "typeId": "PHONE", "valueType": "WORK", "value": "+7 900", "note": "x"},
            {"typeId": "EMAIL", "valueType": "HOME", "value": "a@example.test"},
        ]
    }
    classic = built(Contact, {"phones": [phone], "emails": [new]})
    assert classic.to_wire("classic") == {
        "PHONE": [{"ID": "3", "TYPE_ID": "PHONE", "VALUE_TYPE": "WORK", "VALUE": "+7 900", "note": "x"}],
        "EMAIL": [{"TYPE_ID": "EMAIL", "VALUE_TYPE": "HOME", "VALUE": "a@example.test"}],
    }
    for row, dialect in ((contact, "item"), (classic, "classic")):
        assert again(Contact, dialect, row.to_wire(dialect)) == row


def test_files_keep_their_addresses_and_what_else_is_said_of_them() -> None:
    file = File(id=7, url="https://p/show", url_machine="https://p/get?token=t", name="a.pdf", size=5)  # type: ignore[call-arg]
    deal = built(MyDeal, {"contract": file})
    shared = {"name": "a.pdf", "size": 5}
    assert deal.to_wire("item") == {
        "UF_CRM_1700000012": {"id": 7, "url": "https://p/show", "urlMachine": "https://p/get?token=t", **shared}
    }
    assert deal.to_wire("classic") == {
        "UF_CRM_1700000012": {"id": 7, "showUrl": "https://p/show", "downloadUrl": "https://p/get?token=t", **shared}
    }
    for dialect in ("item", "classic"):
        assert again(MyDeal, dialect, deal.to_wire(dialect)) == deal
    (photo,) = User.__load__("default", [{"ID": "1", "PERSONAL_PHOTO": "https://p/photo.png"}])
    assert again(User, "default", photo.to_wire()) == photo
    (activity,) = Activity.__load__("default", [{"ID": "1", "FILES": [{"id": 5, "url": "https://p/5"}]}])
    assert again(Activity, "default", activity.to_wire()) == activity


# -------------------------------------------------------------------------------------------------- unknown fields


def fresh() -> Any:
    """A class whose readers have met no fields yet."""

    class FreshDeal(Deal):
        pass

    return FreshDeal


UNKNOWN: dict[str, Any] = {
    "UF_CRM_1": "a",
    "ufCrm_566EB0AC9B7FC": [1, None],
    "ufCrm5_1700000022": {"id": 5, "urlMachine": "x"},
    "ufCrmMyStr": "",
    "parentId128": 7,
    "someURLField": None,
    "newDocField": False,
    "ЮФ": 1.5,
}


@pytest.mark.parametrize("dialect", ["item", "classic"])
def test_fields_that_no_class_declares_keep_their_names_and_values(dialect: str) -> None:
    model = fresh()
    row = {("id" if dialect == "item" else "ID"): 5, **UNKNOWN}
    for _ in range(2):  # they are part of the schema the second time
        (deal,) = model.__load__(dialect, [row])
        wire = deal.to_wire(dialect)
        assert wire == ({"id": 5, **UNKNOWN} if dialect == "item" else {"ID": "5", **UNKNOWN})
        assert again(model, dialect, wire) == deal


def test_they_keep_their_names_when_wrong_values_are_kept_too() -> None:
    model = fresh()
    reader = model.__reader__("item", keep=True)
    rows = reader.from_python([{"id": 5, "begindate": "soon", **UNKNOWN}])
    reader.release(rows)
    (deal,) = model.__build__(rows)
    assert deal.to_wire() == {"id": 5, "begindate": "soon", **UNKNOWN}


def test_a_user_field_that_the_program_sets_goes_by_its_code() -> None:
    deal = built(fresh(), {"id": 5})
    deal.uf_crm_1700000001 = "x"
    assert deal.to_wire() == {"id": 5, "UF_CRM_1700000001": "x"}
    assert deal.to_wire("classic") == {"ID": "5", "UF_CRM_1700000001": "x"}


@pytest.mark.parametrize(("read", "written"), [("item", "classic"), ("classic", "item")])
def test_parents_are_spelled_as_the_other_dialect_spells_them(read: str, written: str) -> None:
    names = {"item": "parentId128", "classic": "PARENT_ID_128"}
    (deal,) = fresh().__load__(read, [{names[read]: 7}])
    assert deal.to_wire(written) == {names[written]: 7}


def test_what_was_changed_is_written_changed() -> None:
    (deal,) = MyDeal.__load__("item", [{"id": 5, "title": "a", "opportunity": 1, "UF_CRM_1": 2}])
    deal.title = "b"
    deal.opportunity = Decimal("2.50")
    deal.prepayment = Money(Decimal(3), "RUB")
    assert deal.to_wire() == {"id": 5, "title": "b", "opportunity": 2.5, "UF_CRM_1700000009": "3|RUB", "UF_CRM_1": 2}


# ------------------------------------------------------------------------------------------- rows of the sandbox


CLASSES: list[tuple[Any, str]] = [
    *((getattr(b24orm, name), "item") for name in ("Deal", "Lead", "Contact", "Company", "Quote", "SmartInvoice")),
    *((getattr(b24orm, name), "classic") for name in ("Deal", "Lead", "Contact", "Company", "Quote")),
    (MyDeal, "item"),
    (MyDeal, "classic"),
    (SmartProcess(156), "item"),
    (SmartProcess(1038), "item"),
    *((getattr(b24orm, name), "default") for name in ("Status", "User")),
]


@pytest.mark.parametrize(("model", "dialect"), CLASSES, ids=str)
async def test_rows_of_a_portal_go_there_and_back(sandbox: Sandbox, model: Any, dialect: str) -> None:
    api: Any = "classic" if dialect == "classic" else "item"
    async with Portal(sandbox.url, limits=Limits.none(), crm_api=api) as portal:
        rows: list[Any] = await model.objects
        assert rows
        command = model.objects.explain().first[0]
        path = model.__schema__().dialects[dialect].paths.rows
        raw = (await portal.call(command.method, command.params)).result
        for name in filter(None, path.split(".")):
            raw = raw[name]
    for row in rows:
        wire = row.to_wire(dialect)
        read = again(model, dialect, wire)
        assert read == row
        assert read.to_wire(dialect) == wire
    by_id = {row.id: row for row in rows}
    for one in raw[:20]:  # and back are the portal's own names
        row = by_id[int(one.get("id", one.get("ID")))]
        assert row.to_wire(dialect).keys() == one.keys()


@pytest.mark.parametrize("model", [MyDeal, Contact], ids=str)
async def test_a_row_of_one_dialect_is_written_in_the_other(sandbox: Sandbox, model: Any) -> None:
    schema = model.__schema__()
    async with Portal(sandbox.url, limits=Limits.none()):
        items = {row.id: row for row in await model.objects}
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic"):
        rows = await model.objects
    shared = [f.name for f in schema.fields if {"item", "classic"} <= f.wire.keys()]
    assert rows
    for row in rows:
        item = items[row.id]
        crossed = again(model, "classic", item.to_wire("classic"))
        back = again(model, "item", row.to_wire("item"))
        for name in shared:
            if name in row.__dict__ and name in item.__dict__:
                assert crossed.__dict__[name] == item.__dict__[name]
                assert back.__dict__[name] == row.__dict__[name]


async def test_selected_rows_hold_what_was_selected(portal: Portal) -> None:
    deal = await MyDeal.objects.select("title", MyDeal.prepayment).first()
    assert deal is not None
    assert deal.to_wire().keys() == {"id", "title", "UF_CRM_1700000009"}
    assert again(MyDeal, "item", deal.to_wire()) == deal


def test_a_model_of_no_entity_has_no_row() -> None:
    class Loose(Model):
        pass

    with pytest.raises(b24orm.errors.UnknownField, match="not a model of an entity"):
        Loose().to_wire()
