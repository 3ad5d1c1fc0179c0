"""Raw values as portals send them, odd ones too, and what becomes of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from b24orm import Col, Contact, Deal, OptionalDecimalCol, User, column
from b24orm.errors import InvalidRow
from b24orm.model import File, Multifield

MOSCOW = timezone(timedelta(hours=3))


class MyDeal(Deal):
    number: Col[int | None] = column("UF_CRM_1", default=None)
    share: Col[float] = column("UF_CRM_2", default=0.0)
    amount: OptionalDecimalCol = column("UF_CRM_3", default=None)
    flag: Col[bool | None] = column("UF_CRM_4", default=None)
    file: Col[File | None] = column("UF_CRM_5", default=None)
    files: Col[list[File]] = column("UF_CRM_6", default_factory=list)
    words: Col[list[str]] = column("UF_CRM_7", default_factory=list)
    days: Col[list[date]] = column("UF_CRM_8", default_factory=list)
    numbers: Col[list[int] | None] = column("UF_CRM_9", default=None)
    anything: Col[Any] = column("UF_CRM_10", default=None)
    union: Col[int | str | None] = column("UF_CRM_11", default=None)


def read(name: str, value: Any, model: type[Any] = MyDeal, dialect: str = "item") -> Any:
    wire = model.__schema__().by_name[name].wire[dialect]
    return model.__load__(dialect, [{wire: value}])[0].__dict__[name]


NOTHING: list[Any] = [None, "", False, [], {}]


@pytest.mark.parametrize("value", NOTHING, ids=repr)
@pytest.mark.parametrize(
    ("name", "empty"),
    [
        ("number", None),
        ("lead_id", None),
        ("category_id", None),
        ("amount", None),
        ("begindate", None),
        ("created_time", None),
        ("file", None),
        ("opportunity", Decimal(0)),
        ("share", 0.0),
        ("closed", False),
        ("title", ""),
        ("observers", []),
        ("files", []),
        ("words", []),
        ("days", []),
    ],
)
def test_every_spelling_of_no_value_is_one(name: str, empty: Any, value: Any) -> None:
    got = read(name, value)
    assert got == empty
    assert type(got) is type(empty)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("number", "5", 5),
        ("number", "5.0", 5),
        ("number", 5.0, 5),
        ("number", "-5", -5),
        ("number", 0, 0),
        ("number", "0", 0),
        ("lead_id", 0, None),
        ("lead_id", "0", None),
        ("lead_id", "7", 7),
        ("lead_id", -1, -1),
        ("category_id", 0, 0),
        ("category_id", "0", 0),
        ("observers", [1, "2", 0, "0", "", None, False], [1, 2]),
        ("observers", {"1": "5", "3": 7}, [5, 7]),
        ("observers", "5", [5]),
        ("numbers", None, None),
        ("numbers", ["", 0, "3"], [0, 3]),
        ("words", ["a", "", 5, None], ["a", "5"]),
        ("words", "a", ["a"]),
        ("title", 5, "5"),
        ("title", " x ", " x "),
        ("flag", "Y", True),
        ("flag", "N", False),
        ("flag", "1", True),
        ("flag", 0, False),
        ("flag", False, False),
        ("share", "0.5", 0.5),
        ("anything", {"a": [1]}, {"a": [1]}),
        ("union", "x", "x"),
        ("begindate", "2026-01-02", date(2026, 1, 2)),
        ("begindate", "2026-01-02T03:00:00+03:00", date(2026, 1, 2)),
        ("begindate", "2026-01-02T00:00:00", date(2026, 1, 2)),
        ("begindate", "2026-01-02T23:00:00-10:00", date(2026, 1, 2)),
        ("begindate", "0000-00-00", None),
        ("begindate", "-0001-11-30T00:00:00+02:30", None),
        ("created_time", "2026-01-02T03:04:05+03:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=MOSCOW)),
        ("created_time", "2026-01-02T03:04:05+0300", datetime(2026, 1, 2, 3, 4, 5, tzinfo=MOSCOW)),
        ("created_time", "2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        ("created_time", "0000-00-00 00:00:00", None),
        ("days", ["2026-01-02T03:00:00+03:00", "", "2026-01-03"], [date(2026, 1, 2), date(2026, 1, 3)]),
        ("file", {"id": 1, "url": "u", "urlMachine": "m"}, File(id=1, url="u", url_machine="m")),
        ("file", {"id": "1", "showUrl": "u", "downloadUrl": "m"}, File(id=1, url="u", url_machine="m")),
        ("file", "17", File(id=17)),
        ("file", 0, None),
        ("file", "0", None),
        ("files", {"id": 1, "url": "u"}, [File(id=1, url="u")]),
        ("files", {"0": {"id": 1}, "2": {"id": 3}}, [File(id=1), File(id=3)]),
    ],
    ids=repr,
)
def test_odd_spellings_have_the_value_that_they_stand_for(name: str, value: Any, expected: Any) -> None:
    got = read(name, value)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", "x"),
        ("id", False),
        ("number", True),
        ("number", "5.5"),
        ("number", 0.1),
        ("number", [1]),
        ("number", {"a": 1}),
        ("number", float("inf")),
        ("lead_id", "x"),
        ("title", True),
        ("title", {"a": 1}),
        ("closed", "perhaps"),
        ("opportunity", "1 000"),
        ("opportunity", "NaN"),
        ("opportunity", float("nan")),
        ("opportunity", True),
        ("opportunity", "300|RUB"),
        ("begindate", 0),
        ("begindate", "0"),
        ("begindate", "02.01.2026"),
        ("begindate", 1767312000),
        ("begindate", "2026-13-01"),
        ("begindate", "2026-01-02x"),
        ("created_time", "0"),
        ("created_time", 1767312000),
        ("created_time", "soon"),
        ("observers", ["x"]),
        ("files", [5.5]),
        ("file", True),
    ],
    ids=repr,
)
def test_a_value_that_does_not_fit_is_an_invalid_row_that_names_it(name: str, value: Any) -> None:
    wire = MyDeal.__schema__().by_name[name].wire["item"]
    with pytest.raises(InvalidRow) as caught:
        MyDeal.__load__("item", [{"id": 1}, {"id": 7, wire: value}])
    error = caught.value
    assert (error.entity, error.field) == ("Deal", name)
    assert error.id == (value if name == "id" else 7)
    assert error.value is value or error.value == value
    assert "expected" in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_the_message_of_an_invalid_row_is_readable() -> None:
    with pytest.raises(InvalidRow) as caught:
        Deal.__load__("item", [{"id": 7, "begindate": "soon"}])
    assert str(caught.value) == "Deal id=7: field 'begindate' cannot hold 'soon' (expected date | None)"
    with pytest.raises(InvalidRow, match="Contact id=7: field 'fm' cannot hold"):
        Contact.__load__("item", [{"id": 7, "fm": [{"id": "x"}]}])


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (0.1, "0.1"),
        (1e16, "10000000000000000"),
        (123456789012345.67, "123456789012345.67"),
        (100, "100"),
        ("100.00", "100.00"),
        ("0.10", "0.10"),
        ("12345678901234567890.12", "12345678901234567890.12"),
        (-0.01, "-0.01"),
    ],
)
def test_amounts_are_exact_whether_they_come_as_numbers_or_as_text(sent: Any, meant: str) -> None:
    got = read("opportunity", sent)
    assert isinstance(got, Decimal)
    assert got == Decimal(meant)


def test_multifields_are_read_in_both_dialects() -> None:
    item = {"id": 3, "typeId": "PHONE", "valueType": "WORK", "value": "+7 900"}
    classic = {"ID": "3", "VALUE_TYPE": "WORK", "VALUE": "+7 900", "TYPE_ID": "PHONE"}
    phone = Multifield(id=3, type_id="PHONE", value_type="WORK", value="+7 900")
    assert Contact.__load__("item", [{"id": 1, "fm": [item]}])[0].fm == [phone]
    names = {f.wire["classic"]: f.name for f in Contact.__schema__().fields if "classic" in f.wire}
    contact = Contact.__load__("classic", [{"ID": "1", "PHONE": [classic]}])[0]
    assert getattr(contact, names["PHONE"]) == [phone]


def test_users_come_with_their_own_oddities() -> None:
    row = {
        "ID": "1",
        "ACTIVE": True,
        "IS_ONLINE": "N",
        "TIMESTAMP_X": {},
        "PERSONAL_BIRTHDAY": "",
        "LAST_LOGIN": "2026-01-02T03:04:05+03:00",
        "UF_DEPARTMENT": False,
        "PERSONAL_PHOTO": "https://x.example/a.png",
        "UF_USR_1700000000": "own",
    }
    user = User.__load__("default", [row])[0]
    assert (user.id, user.active, user.is_online) == (1, True, False)
    assert user.timestamp_x is None
    assert user.personal_birthday is None
    assert user.last_login == datetime(2026, 1, 2, 3, 4, 5, tzinfo=MOSCOW)
    assert user.uf_department == []
    assert user.personal_photo == File(url="https://x.example/a.png")
    assert user.uf_usr_1700000000 == "own"  # type: ignore[attr-defined]


def test_rows_of_one_page_need_not_hold_the_same_keys() -> None:
    rows: list[dict[str, Any]] = [{"id": 1, "UF_A": 1}, {"id": 2, "title": "b"}, {"id": 3, "UF_B": 2, "UF_A": 3}]
    first, second, third = Deal.__load__("item", rows)
    assert first.model_dump() == {"id": 1, "uf_a": 1}
    assert second.model_dump() == {"id": 2, "title": "b"}
    assert third.model_dump() == {"id": 3, "uf_b": 2, "uf_a": 3}
