"""Rows read from JSON and from Python: the same values both ways, and those that the oddities' own rules give."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, core_schema

import b24orm
from b24orm import Contact, Deal, User
from b24orm.errors import InvalidRow
from b24orm.model import Multifield
from b24orm.model.oddities import Lenient, opened
from b24orm.model.reader import Kept
from b24orm.schema import entity, entity_keys

MODELS: list[Any] = [getattr(b24orm, entity(key).name) for key in entity_keys()]
SERVED = [(model, dialect) for model in MODELS for dialect in model.__schema__().dialects]

WORDS = ["", "0", "1", "Y", "N", "5", "5.0", "-3", "1.5", "x", "true", "2026-01-02", "2026-01-02T03:00:00+03:00"]
WORDS += ["2026-01-02 03:04:05", "0000-00-00", "-0001-11-30T00:00:00+02:30", "02.01.2026", "1767312000", "NaN", "1e3"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 1.0, 5.0, 0.5]),
    st.sampled_from(WORDS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
FILE = st.fixed_dictionaries({}, optional={"id": SCALARS, "url": SCALARS, "VALUE": SCALARS, "VALUE_TYPE": SCALARS})
VALUES = st.one_of(
    SCALARS,
    st.lists(st.one_of(SCALARS, FILE), max_size=3),
    st.dictionaries(st.sampled_from(["0", "1", "7", "a"]), SCALARS, max_size=2),
    FILE,
)


def validator(model: Any, dialect: str) -> SchemaValidator:
    return SchemaValidator(model.__reader__(dialect).row_schema)


def old_value(model: Any, name: str, value: Any) -> Any:
    """What the rules for oddities make of a value, without anything in front of them."""
    field = model.__schema__().by_name[name]
    annotation = opened(model.model_fields[name].annotation)
    kind: Any = Annotated[annotation, Lenient(annotation, reference=field.refers)]
    return TypeAdapter(list[kind], config=ConfigDict(coerce_numbers_to_str=True)).validate_python([value])[0]


def exact(value: Any) -> Any:
    """Equal only to what has equal types too: 0 is not False here, and text is not a number."""
    return [exact(item) for item in value] if isinstance(value, list) else (type(value), value)


def wires(model: Any, dialect: str) -> dict[str, str]:
    schema = model.__schema__()
    return {f.name: schema.dialects[dialect].answered(f.wire[dialect]) for f in schema.fields if dialect in f.wire}


def kinds(model: Any, dialect: str) -> list[str]:
    """One field of each type that the entity has."""
    seen: dict[Any, str] = {}
    for name in wires(model, dialect):
        field = model.__schema__().by_name[name]
        seen.setdefault((str(model.model_fields[name].annotation), field.refers), name)
    return list(seen.values())


@pytest.mark.slow  # computes much
@pytest.mark.parametrize(("model", "dialect"), SERVED, ids=str)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_json_and_python_give_what_the_rules_for_oddities_give(model: Any, dialect: str, data: st.DataObject) -> None:
    names = wires(model, dialect)
    name = data.draw(st.sampled_from(kinds(model, dialect)))
    value = json.loads(json.dumps(data.draw(VALUES)))
    row = {names[name]: value, "UF_NEW": value}
    reader = model.__reader__(dialect)
    try:
        expected = old_value(model, name, value)
    except ValidationError:
        with pytest.raises(ValidationError):
            validator(model, dialect).validate_json(json.dumps(row))
        with pytest.raises(InvalidRow) as caught:
            reader.from_python([row])
        assert caught.value.field == name
        return
    for read in (validator(model, dialect).validate_json(json.dumps(row)), reader.from_python([row])[0]):
        (mapping,) = reader.mappings([read])
        assert list(mapping) == [name, "uf_new"]
        assert exact(mapping[name]) == exact(expected)
        assert exact(mapping["uf_new"]) == exact(value)


def quick_or_general(rows: Any, before: str, text: str) -> Any:
    """Rows as the quick way reads them that has read others; None where it leaves them to the general way."""
    quick = rows.quick("")
    with contextlib.suppress(ValidationError):
        quick.read(before.encode())
    try:
        return quick.read(text.encode())
    except ValidationError:
        with pytest.raises(InvalidRow):
            rows.from_python(json.loads(text))
        return None


@pytest.mark.slow  # computes much
@pytest.mark.parametrize(("model", "dialect"), SERVED, ids=str)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_quick_way_reads_what_the_general_way_reads(model: Any, dialect: str, data: st.DataObject) -> None:
    names = list(wires(model, dialect).values())
    chosen = data.draw(st.lists(st.sampled_from(names), max_size=6, unique=True))
    extra = data.draw(st.sampled_from([[], ["ufCrm_7"], ["ufCrm_7", "parentId128"]]))
    keep = data.draw(st.booleans())
    pages = [[{name: data.draw(VALUES) for name in [*extra, *chosen]} for _ in range(count)] for count in (1, 2)]
    before, text = map(json.dumps, pages)
    reader, rows = model.__reader__(dialect, keep=keep), model.__rows__(dialect, keep=keep)
    reader.from_python([dict.fromkeys(extra)])  # the fields are known from now on
    if (read := quick_or_general(reader, before, text)) is not None:
        general = reader.from_python(json.loads(text))
        assert [shown(row[0]) for row in read] == [shown(row[0]) for row in general]
        assert [(row[1], row[2].names, row[2].others) for row in read] == [
            (row[1], row[2].names, row[2].others) for row in general
        ]
        made, expected = quick_or_general(rows, before, text), rows.from_python(json.loads(text))
        assert [shown(obj.__dict__) for obj in made] == [shown(obj.__dict__) for obj in expected]
        assert [shown(obj.__pydantic_extra__) for obj in made] == [shown(obj.__pydantic_extra__) for obj in expected]
        assert [obj.loaded_fields for obj in made] == [obj.loaded_fields for obj in expected]
        assert made[0].__pydantic_fields_set__ is made[1].__pydantic_fields_set__


def shown(values: dict[str, Any]) -> Any:
    """Values in their order, equal only where types are; what does not fit by what it holds."""
    return [(name, exact(value.value if type(value) is Kept else value)) for name, value in values.items()]


def page(*rows: dict[str, Any]) -> bytes:
    return json.dumps({"items": rows}).encode()


def test_the_quick_way_leaves_rows_that_are_not_alike_to_the_general_way() -> None:
    quick: Any = Deal.__rows__("item").quick("items")
    wanted = [quick.worthwhile]
    quick.saw(1000)
    wanted.append(quick.worthwhile)
    assert quick.read(page()) is None
    assert quick.read(page({})) is None
    assert quick.read(page({"id": 1, "title": "a"}, {"id": 2})) is None
    assert quick.read(page({"id": 1, "title": "a", "neverSeen": 5})) is None
    with pytest.raises(ValueError, match="valid integer"):
        quick.read(page({"id": "x", "title": "a"}))
    with pytest.raises(ValueError, match="EOF"):
        quick.read(page({"id": 1})[:-1])
    deals = quick.read(page({"id": 1, "title": "a"}, {"title": "b", "id": 2}))
    assert [(deal.id, deal.title) for deal in deals] == [(1, "a"), (2, "b")]
    assert quick.read(page()) == []
    wanted.append(quick.worthwhile)
    for _ in range(5):
        assert quick.read(page({"id": 1, "neverSeen": 5})) is None
    wanted.append(quick.worthwhile)
    assert wanted == [False, True, True, False]


def test_the_quick_way_goes_on_where_values_turn_out_to_be_others_than_before() -> None:
    """What has not fitted once is read by another way from then on; pages that come later find it so."""
    quick: Any = Deal.__rows__("item").quick("items")
    values: list[dict[str, Any]] = [
        {"id": 1, "companyId": 5, "opened": "Y", "opportunity": 12.5, "contactIds": [7], "begindate": None},
        {
            "id": 2,
            "companyId": 0,
            "opened": True,
            "opportunity": "12.50",
            "contactIds": ["7"],
            "begindate": "2026-01-02",
        },
        {"id": "3", "companyId": "6", "opened": "N", "opportunity": "", "contactIds": False, "begindate": ""},
        {"id": 4, "companyId": None, "opened": False, "opportunity": None, "contactIds": None, "begindate": None},
    ]
    general = Deal.__reader__("item").from_python(values)
    for row, (expected, *_) in [*zip(values, general, strict=True), *zip(values, general, strict=True)]:
        (deal,) = quick.read(page(row))
        assert shown(deal.__dict__) == shown(expected)


def test_numbers_that_money_cannot_be_are_refused_the_quick_way_too() -> None:
    quick: Any = Deal.__rows__("item").quick("items")
    assert quick.read(page({"id": 1, "opportunity": 0.1}))[0].opportunity == Decimal("0.1")
    for odd in ("NaN", "-Infinity"):
        with pytest.raises(ValueError, match=r"finite|does not fit"):
            quick.read(page({"id": 1, "opportunity": odd}))


def test_moments_have_the_zones_of_the_standard_library_however_they_are_read() -> None:
    moments = ["2026-01-02T03:04:05+03:00", "2026-01-02T03:04:05Z", "2026-01-02_03:04:05-05:30"]
    rows = [{"id": n, "createdTime": text} for n, text in enumerate(moments)]
    reader: Any = Deal.__reader__("item")
    quick = reader.quick("items")
    found = [reader.from_python(rows), quick.read(page(rows[0])) + quick.read(page(*rows[1:]))]
    for read in found:
        zones = [values["created_time"].tzinfo for values, *_ in read]
        assert zones == [timezone(timedelta(hours=3)), UTC, timezone(timedelta(hours=-5, minutes=-30))]
        assert {type(zone) for zone in zones} == {timezone}


@pytest.mark.parametrize(("model", "dialect"), SERVED, ids=str)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_whole_rows_give_equal_objects_from_json_and_from_python(model: Any, dialect: str, data: st.DataObject) -> None:
    names = list(wires(model, dialect).values())
    row = data.draw(st.dictionaries(st.sampled_from([*names, "UF_A", "ufCrm_7", "parentId128"]), SCALARS, max_size=8))
    text = json.dumps(row)
    rows = model.__rows__(dialect)
    try:
        expected = model.__load__(dialect, [json.loads(text)])[0]
    except InvalidRow:
        with pytest.raises(ValidationError):
            SchemaValidator(rows.row_schema).validate_json(text)
        return
    read = SchemaValidator(rows.row_schema).validate_json(text)
    assert type(read) is model
    assert read == expected
    assert read.loaded_fields == expected.loaded_fields
    assert read.changed_fields == frozenset()
    assert model.__build__([validator(model, dialect).validate_json(text)]) == [expected]


def test_a_field_that_came_once_becomes_part_of_the_schema_and_stays_unknown_to_the_class() -> None:
    class OwnDeal(Deal):
        pass

    reader = OwnDeal.__reader__("item")
    first = reader.row_schema
    text = '{"id": 1, "UF_CRM_1": "a", "STAGE_ID": "odd"}'
    before = SchemaValidator(first).validate_json(text)
    assert before[1] == {"UF_CRM_1": "a", "STAGE_ID": "odd"}
    second = reader.row_schema
    assert second is not first
    after = SchemaValidator(second).validate_json(text)
    assert after[1] == {"STAGE_ID": "odd"}  # it would be taken for the documented field
    assert reader.row_schema is second
    old, new = OwnDeal.__build__([before, after])
    assert old == new
    assert new.__pydantic_extra__ == {"uf_crm_1": "a", "stage_id": "odd"}
    assert new.uf_crm_1 == "a"  # type: ignore[attr-defined]


def test_a_schema_of_some_fields_keeps_the_others_as_unknown_ones() -> None:
    reader = Deal.__reader__("item")
    schema = reader.row_schema_for(["title", "id"])
    row = SchemaValidator(schema).validate_json('{"id": "5", "title": "a", "UF_CRM_7": 1}')
    assert reader.key(row) == 5
    assert reader.mappings([row], ("title", "uf_crm_7", "stage_id")) == [
        {"title": "a", "uf_crm_7": 1, "stage_id": None}
    ]
    assert reader.tuples([row], ("title", "id")) == [("a", 5)]


def test_rows_of_one_page_need_not_hold_the_same_fields_in_json_either() -> None:
    rows = User.__rows__("default")
    page = SchemaValidator(core_schema.list_schema(rows.row_schema))
    text = '[{"ID":"1","NAME":"a"},{"ID":"2"},{"ID":"3","UF_X":[]},{"ID":"4","NAME":"b"}]'
    for _ in range(2):  # the second time, the unknown field is one of the schema
        users = page.validate_json(text)
        assert [user.model_dump() for user in users] == [
            {"id": 1, "name": "a"},
            {"id": 2},
            {"id": 3, "uf_x": []},
            {"id": 4, "name": "b"},
        ]
        assert users[0].__pydantic_fields_set__ is users[3].__pydantic_fields_set__
        assert [rows.key(user) for user in users] == [1, 2, 3, 4]
        page = SchemaValidator(core_schema.list_schema(rows.row_schema))
    assert rows.from_python(json.loads(text)) == users


def test_multifields_are_read_from_json_too() -> None:
    text = '{"id": 1, "fm": [{"id": 3, "typeId": "PHONE", "valueType": "WORK", "value": "+7 900"}], "hasPhone": "Y"}'
    contact = SchemaValidator(Contact.__rows__("item").row_schema).validate_json(text)
    assert contact.fm == [Multifield(id=3, type_id="PHONE", value_type="WORK", value="+7 900")]
    assert contact == Contact.__load__("item", [json.loads(text)])[0]
