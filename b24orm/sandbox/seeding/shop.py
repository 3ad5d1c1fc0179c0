"""Orders with their baskets, payments and shipments, and the directories around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from b24orm.sandbox.seeding.catalog import PRODUCT_IDS
from b24orm.sandbox.seeding.words import AWKWARD, PRODUCTS

__all__ = ["SHOP"]

Ids = Mapping[str, Sequence[int]]
Rows = list[dict[str, Any]]

_ORDERS = range(231, 255, 2)
_TYPES = ((1, "Физическое лицо", "CRM_CONTACT"), (3, "Юридическое лицо", "CRM_COMPANY"))
_STATUSES = (
    ("N", "O", "Принят, ожидается оплата", "#49adec"),
    ("P", "O", "Оплачен, формируется к отправке", "#ffa900"),
    ("F", "O", "Выполнен", "#72b513"),
    ("DN", "D", "Ожидает обработки", "#49adec"),
    ("DF", "D", "Отгружен", "#72b513"),
)


def _day(place: int) -> str:
    return f"2025-03-{place % 28 + 1:02}T12:30:00+03:00"


def _orders(ids: Ids, rng: Random) -> Rows:
    users = ids["user"]
    return [
        {
            "id": one,
            "account_number": str(one),
            "lid": "s1",
            "person_type_id": rng.choice(_TYPES)[0],
            "person_type_xml_id": "",
            "user_id": rng.choice(users),
            "status_id": rng.choice(("N", "P", "F")),
            "status_xml_id": "",
            "date_status": _day(place),
            "emp_status_id": users[0],
            "date_insert": _day(place),
            "date_update": _day(place),
            "responsible_id": rng.choice(users),
            "company_id": rng.choice((None, *ids["company"][:3])),
            "price": 1000.5 * (place + 1),
            "discount_value": 0,
            "tax_value": 166.75,
            "currency": "RUB",
            "payed": "N",
            "deducted": "N",
            "canceled": "N",
            "marked": "N",
            "user_description": rng.choice(("", *AWKWARD)),
            "comments": "",
            "recount_flag": "Y",
            "external_order": "N",
            "xml_id": f"bx_order{one}",
            "updated1c": "N",
            "version": 0,
        }
        for place, one in enumerate(_ORDERS)
    ]


def _basket(ids: Ids, rng: Random) -> Rows:
    del ids
    rows: Rows = []
    for place, order in enumerate(order for order in _ORDERS for _ in range(2)):
        product = rng.choice(range(len(PRODUCTS)))
        rows.append(
            {
                "id": 501 + place,
                "order_id": order,
                "sort": 100,
                "product_id": PRODUCT_IDS[product],
                "name": PRODUCTS[product],
                "quantity": rng.choice((1, 2, 1.5)),
                "price": 500.25,
                "base_price": 600,
                "discount_price": 99.75,
                "custom_price": "N",
                "currency": "RUB",
                "vat_rate": 0.2,
                "vat_included": "Y",
                "measure_code": "796",
                "measure_name": "шт",
                "weight": 0,
                "can_buy": "Y",
                "barcode_multi": "N",
                "xml_id": f"bx_item{place}",
                "date_insert": _day(place),
                "date_update": _day(place),
            }
        )
    return rows


def _payments(ids: Ids, rng: Random) -> Rows:
    del ids
    return [
        {
            "id": 121 + place,
            "account_number": f"{order}/1",
            "order_id": order,
            "sum": 1000.5 * (place + 1),
            "currency": "RUB",
            "paid": "Y" if rng.random() < 0.4 else "N",
            "date_bill": _day(place),
            "pay_system_id": 2,
            "pay_system_name": "Наличные",
            "pay_system_xml_id": "bx_cash",
            "pay_system_is_cash": "Y",
            "is_return": "N",
            "marked": "N",
            "external_payment": "N",
            "updated1c": "N",
            "xml_id": f"bx_payment{place}",
        }
        for place, order in enumerate(_ORDERS)
    ]


def _shipments(ids: Ids, rng: Random) -> Rows:
    return [
        {
            "id": 331 + place,
            "account_number": f"{order}/2",
            "order_id": order,
            "status_id": rng.choice(("DN", "DF")),
            "status_xml_id": "",
            "delivery_id": 1,
            "delivery_name": "Курьер",
            "delivery_xml_id": "",
            "allow_delivery": "N",
            "deducted": "N",
            "price_delivery": 300,
            "base_price_delivery": 300,
            "discount_price": 0,
            "custom_price_delivery": "N",
            "currency": "RUB",
            "responsible_id": ids["user"][0],
            "canceled": "N",
            "marked": "N",
            "system": "N",
            "date_insert": _day(place),
            "external_delivery": "N",
            "updated1c": "N",
            "xml_id": f"bx_shipment{place}",
        }
        for place, order in enumerate(_ORDERS)
    ]


def _person_types(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    return [
        {"id": one, "name": name, "code": code, "active": "Y", "sort": 150, "xml_id": f"bx_type{one}"}
        for one, name, code in _TYPES
    ]


def _statuses(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    return [
        {"id": place, "status_code": code, "type": kind, "notify": "Y", "sort": 100 * place, "color": color,
         "xml_id": f"bx_status{place}"}
        for place, (code, kind, _, color) in enumerate(_STATUSES, start=1)
    ]  # fmt: skip


SHOP = {
    "sale_order": _orders,
    "sale_basket_item": _basket,
    "sale_payment": _payments,
    "sale_shipment": _shipments,
    "sale_person_type": _person_types,
    "sale_status": _statuses,
}
"""What makes the rows of each table."""
