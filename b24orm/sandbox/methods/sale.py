"""``sale.*``: orders with their baskets, payments and shipments, kinds of payers and statuses.

Facts: api-reference/sale/*/sale-*.md. A get of an order shows what hangs on it; a list does not. Statuses have codes
for ids, which the client chooses.
"""

from __future__ import annotations

from b24orm.sandbox.methods.controller import Family, methods_of
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Handler

__all__ = ["METHODS"]

_PARTS = (("sale_basket_item", "order_id"), ("sale_payment", "order_id"), ("sale_shipment", "order_id"))

_FAMILIES = (
    Family(
        "sale_order",
        200540400001,
        "order",
        get_code=201240400001,
        nested={
            "basketItems": _PARTS[0],
            "payments": _PARTS[1],
            "shipments": _PARTS[2],
            "clients": None,
            "propertyValues": None,
            "requisiteLink": None,
            "tradeBindings": None,
        },
        parts=_PARTS,
        defaults={"status_id": "N", "recount_flag": "Y", "price": 0, "discount_value": 0, "version": 0},
        owner=("person_type_id", "sale_person_type", Refusal(0, "person type does not exist")),
    ),
    Family(
        "sale_basket_item",
        200140400001,
        "basket item",
        defaults={"can_buy": "Y", "sort": 100},
        owner=("order_id", "sale_order", Refusal(200140400009, "Order not found")),
    ),
    Family(
        "sale_payment", 200640400001, "payment", owner=("order_id", "sale_order", Refusal(0, "Unable to load order"))
    ),
    Family(
        "sale_shipment",
        201140400001,
        "shipment",
        defaults={"status_id": "DN"},
        owner=("order_id", "sale_order", Refusal(0, "Unable to load order")),
    ),
    Family("sale_person_type", 200740400001, "person type", defaults={"active": "Y", "sort": 150}),
    Family(
        "sale_status",
        201340400001,
        "status",
        twice=Refusal(201350000001, "Duplicate entry for key [id]"),
        defaults={"notify": "Y", "sort": 100},
    ),
)

METHODS: dict[str, Handler] = {name: handler for family in _FAMILIES for name, handler in methods_of(family).items()}
"""Handlers of this family."""
