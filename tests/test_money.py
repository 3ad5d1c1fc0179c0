"""`Money`: what it is made of, how the portal writes it, and what a filter says of it."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from b24orm import Col, Deal, Limits, Money, Portal, SmartProcess, column
from b24orm.errors import InvalidRow, InvalidValue, UnsupportedQuery
from b24orm.sandbox import Sandbox

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
CURRENCIES = st.sampled_from(["RUB", "USD", "KZT", ""])


class MyDeal(Deal):
    prepayment: Col[Money | None] = column("UF_CRM_1700000009", default=None)
    payments: Col[list[Money]] = column("UF_CRM_1700009999", default_factory=list)


def condition(**lookups: Any) -> Any:
    """The filter as it is sent."""
    return MyDeal.objects.filter(**lookups).explain().first[0].params["filter"]


# ----------------------------------------------------------------------------------------------- text and back


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("300|RUB", "300", "RUB"),
        ("300.50|RUB", "300.50", "RUB"),
        ("-12.5|USD", "-12.5", "USD"),
        ("0|EUR", "0", "EUR"),
        ("0.10|RUB", "0.10", "RUB"),
        ("12345678901234567.89|KZT", "12345678901234567.89", "KZT"),
        ("300|", "300", ""),
        ("300", "300", ""),
        (" 300 | RUB ", "300", "RUB"),
        ("1E+3|RUB", "1E+3", "RUB"),
    ],
)
def test_an_amount_is_read_digit_for_digit(text: str, amount: str, currency: str) -> None:
    money = Money.parse(text)
    assert (str(money.amount), money.currency) == (amount, currency)
    assert type(money.amount) is Decimal


@pytest.mark.parametrize(
    "text", ["", "|", "|RUB", "RUB", "1 000|RUB", "1,5|RUB", "NaN|RUB", "Infinity|RUB", "0x10|RUB"]
)
def test_what_is_no_amount_is_refused_and_shown(text: str) -> None:
    with pytest.raises(ValueError, match="no amount of money") as caught:
        Money.parse(text)
    assert repr(text) in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(Decimal("300.50"), "RUB"), "300.50|RUB"),
        (Money(Decimal("1E+3"), "RUB"), "1000|RUB"),
        (Money(Decimal("1E-7"), "USD"), "0.0000001|USD"),
        (Money(Decimal("-0.5"), ""), "-0.5|"),
    ],
)
def test_it_is_written_as_the_portal_writes_it_without_an_exponent(money: Money, text: str) -> None:
    assert str(money) == text
    assert Money.parse(text) == money


@given(amount=AMOUNTS, currency=CURRENCIES)
def test_writing_and_reading_keeps_every_digit(amount: Decimal, currency: str) -> None:
    money = Money(amount, currency)
    again = Money.parse(str(money))
    assert again == money
    assert again.amount == amount
    assert "E" not in str(money).partition("|")[0]


# ------------------------------------------------------------------------------------------------------- a value


def test_equal_amounts_of_one_currency_are_equal_and_have_one_hash() -> None:
    money = Money(Decimal("300"), "RUB")
    same = Money(Decimal("300.00"), "RUB")
    assert money == same
    assert hash(money) == hash(same)
    assert {money, same} == {money}
    assert money != Money(Decimal("300"), "USD")
    assert money != Money(Decimal("300.01"), "RUB")
    others: list[Any] = ["300|RUB", Decimal("300"), None]
    assert all(money != other for other in others)


def test_it_cannot_be_changed() -> None:
    money = Money(Decimal("300"), "RUB")
    for name in ("amount", "currency", "rate"):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(money, name, 1)
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
        delattr(money, "currency")
    assert str(money) == "300|RUB"


def test_it_is_copied_and_pickled_whole() -> None:
    money = Money(Decimal("300.50"), "RUB")
    for again in (copy.copy(money), copy.deepcopy(money), pickle.loads(pickle.dumps(money))):
        assert again == money
        assert str(again) == "300.50|RUB"


@pytest.mark.parametrize("amount", [1.5, 0.1 + 0.2, "300", None, True, Decimal("NaN"), Decimal("Infinity")])
def test_an_amount_that_is_no_exact_number_is_refused(amount: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Money(amount, "RUB")


# ------------------------------------------------------------------------------------------------------ in a model


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("300.50|RUB", Money(Decimal("300.50"), "RUB")),
        (Money(Decimal("1.10"), "USD"), Money(Decimal("1.10"), "USD")),
        (5, Money(Decimal(5), "")),
        (Decimal("5.50"), Money(Decimal("5.50"), "")),
        (None, None),
    ],
)
def test_a_field_takes_money_and_what_is_exact(value: Any, expected: Money | None) -> None:
    deal = MyDeal(title="x", prepayment=value)
    assert deal.prepayment == expected
    assert deal.prepayment is None or type(deal.prepayment.amount) is Decimal
    deal.prepayment = None
    deal.prepayment = value
    assert deal.prepayment == expected


@pytest.mark.parametrize("value", [1.5, True, "x|RUB", "", [], {"amount": 1}])
def test_a_field_refuses_what_is_no_money(value: Any) -> None:
    with pytest.raises(ValidationError, match="prepayment"):
        MyDeal(title="x", prepayment=value)
    deal = MyDeal(title="x")
    with pytest.raises(InvalidValue, match=r"MyDeal\.prepayment cannot hold"):
        deal.prepayment = value


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("300|RUB", Money(Decimal(300), "RUB")),
        ("", None),
        (None, None),
        (False, None),
        ("0|RUB", Money(Decimal(0), "RUB")),
        (300, Money(Decimal(300), "")),
    ],
)
def test_what_the_portal_sends_is_read(sent: Any, expected: Money | None) -> None:
    (deal,) = MyDeal.__load__("item", [{"id": 1, "UF_CRM_1700000009": sent}])
    assert deal.prepayment == expected


def test_several_amounts_are_a_list() -> None:
    (deal,) = MyDeal.__load__("item", [{"id": 1, "UF_CRM_1700009999": ["1|RUB", "", "2.50|USD"]}])
    assert deal.payments == [Money(Decimal(1), "RUB"), Money(Decimal("2.50"), "USD")]


def test_a_value_that_is_no_money_is_an_invalid_row() -> None:
    with pytest.raises(InvalidRow, match=r"Deal id=1: field 'prepayment' cannot hold 'much'"):
        MyDeal.__load__("item", [{"id": 1, "UF_CRM_1700000009": "much"}])


def test_json_of_a_model_holds_the_portals_text() -> None:
    deal = MyDeal(title="x", prepayment=Money(Decimal("1.50"), "RUB"))
    assert json.loads(deal.model_dump_json(include={"prepayment"})) == {"prepayment": "1.50|RUB"}


# ------------------------------------------------------------------------------------------------------- in a filter


def test_a_filter_sends_the_exact_text() -> None:
    money = Money(Decimal("300.50"), "RUB")
    assert condition(prepayment=money) == {"=UF_CRM_1700000009": "300.50|RUB"}
    assert condition(prepayment=Money(Decimal("1E+3"), "USD")) == {"=UF_CRM_1700000009": "1000|USD"}
    assert condition(prepayment__in=[money, Money(Decimal(1), "USD")]) == {
        "@UF_CRM_1700000009": ["300.50|RUB", "1|USD"],
    }
    assert MyDeal.objects.filter(MyDeal.prepayment == money).explain().first[0].params["filter"] == {
        "=UF_CRM_1700000009": "300.50|RUB",
    }


@pytest.mark.parametrize("value", ["300|RUB", 5, 1.5, Decimal(5), True])
def test_a_filter_takes_nothing_but_money(value: Any) -> None:
    with pytest.raises(InvalidValue, match=r"prepayment takes a Money, not"):
        condition(prepayment=value)


@pytest.mark.parametrize("lookup", ["gt", "gte", "lt", "lte", "contains", "startswith"])
def test_amounts_with_currencies_have_no_order(lookup: str) -> None:
    with pytest.raises(UnsupportedQuery, match="kind 'money'"):
        condition(**{f"prepayment__{lookup}": Money(Decimal(1), "RUB")})


def test_a_user_field_that_no_class_declares_is_compared_with_the_portals_text() -> None:
    query = SmartProcess(156).objects.filter(uf_crm_7_1760000004=str(Money(Decimal("12000.50"), "RUB")))
    assert query.explain().first[0].params["filter"] == {"=UF_CRM_7_1760000004": "12000.50|RUB"}


@pytest.mark.parametrize("api", ["item", "classic"])
async def test_the_portal_finds_what_holds_just_that_amount(sandbox: Sandbox, api: str) -> None:
    rows = [row for id in sandbox.ids("deal") if (row := sandbox.row("deal", id)) and row["is_recurring"] == "N"]
    text = next(row["uf_crm_1700000009"] for row in rows if row["uf_crm_1700000009"])
    wanted = [row["id"] for row in rows if row["uf_crm_1700000009"] == text]
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="item" if api == "item" else "classic"):
        found = await MyDeal.objects.filter(MyDeal.prepayment == Money.parse(text), is_recurring=False)
        assert [deal.id for deal in found] == wanted
        assert {str(deal.prepayment) for deal in found} == {text}
        assert {type(deal.prepayment.amount) for deal in found if deal.prepayment} == {Decimal}
        empty = await MyDeal.objects.filter(MyDeal.prepayment.is_null(), is_recurring=False).count()
        assert empty == sum(not row["uf_crm_1700000009"] for row in rows)
