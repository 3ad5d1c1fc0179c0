"""``catalog.*`` and ``sale.*``: the generic controllers of the portal."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox

PRODUCTS: dict[str, Any] = {"filter": {"iblockId": 14}, "select": ["id", "iblockId"]}


async def _result(call: Any, portal: Sandbox, method: str, **params: Any) -> Any:
    answer = await call(portal, method, params)
    assert "result" in answer, answer
    return answer["result"]


async def _refused(call: Any, portal: Sandbox, method: str, **params: Any) -> tuple[Any, str]:
    answer = await call(portal, method, params)
    assert answer["status"] == 400, answer
    return answer["error"], answer["error_description"]


async def _ids(call: Any, portal: Sandbox, method: str, rows: str, **params: Any) -> list[int]:
    return [row["id"] for row in (await _result(call, portal, method, start=-1, **params))[rows]]


async def test_pages_come_by_id_and_are_counted_unless_start_is_minus_one(portal: Sandbox, call: Any) -> None:
    every = portal.ids("catalog_price")
    first = await call(portal, "catalog.price.list")
    assert [row["id"] for row in first["result"]["prices"]] == every[:50]
    assert (first["total"], first["next"]) == (len(every), 50)
    inside = await call(portal, "catalog.price.list", {"start": 75})
    assert [row["id"] for row in inside["result"]["prices"]] == every[50:100]  # an offset means the page around it
    last = await call(portal, "catalog.price.list", {"start": 100})
    assert "next" not in last
    behind = await call(portal, "catalog.price.list", {"start": 500})
    assert behind["result"]["prices"] == []
    uncounted = await call(portal, "catalog.price.list", {"start": -1, "filter": {">id": every[49]}})
    assert [row["id"] for row in uncounted["result"]["prices"]] == every[50:100]
    assert {"total", "next"}.isdisjoint(uncounted)


async def test_numbers_are_numbers_and_flags_are_letters(portal: Sandbox, call: Any) -> None:
    row = (await _result(call, portal, "catalog.product.get", id=41))["product"]
    assert (row["id"], row["iblockId"], row["type"], row["vatIncluded"] in "YN") == (41, 14, 1, True)
    assert row["property101"] == {"value": "A-41", "valueId": "9041"}
    assert [one["value"] for one in row["property103"]] == ["хит", "b2b"]
    price = (await _result(call, portal, "catalog.price.get", id=portal.ids("catalog_price")[0]))["price"]
    assert isinstance(price["price"], int | float)
    assert (price["currency"], price["quantityFrom"]) == ("RUB", None)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, [40, 41, 42]),
        ({"id": 41}, [41]),
        ({"@id": [41, 42, "x"]}, [41, 42]),
        ({"!@id": [40]}, [41, 42, 43]),
        ({">=id": 42}, [42, 43, 44]),
        ({"=name": "Внедрение CRM"}, [41]),
        ({"%name": "crm", "<id": 50}, [41]),
        ({"=%name": "Website%", "<id": 50}, [46]),
        ({"!%name": "а", "<id": 48}, [41, 44, 45]),
        # Dropped in silence: unknown names, names in the wrong case, groups, values of another type.
        ({"nonsense": 1}, [40, 41, 42]),
        ({"ID": 41}, [40, 41, 42]),
        ({"logic": "OR", "0": {"id": 41}}, [40, 41, 42]),
        ({"id": "x"}, [40, 41, 42]),
        ({"id": None}, [40, 41, 42]),
        ({"active": "y"}, [40, 41, 42]),
        ({"active": True}, [40, 41, 42]),
        ({">timestampX": "someday"}, [40, 41, 42]),
        ({"<weight": "light"}, [40, 41, 42]),
        ({"@id": []}, [40, 41, 42]),
        # A list of integers that holds none becomes 1, which is no product.
        ({"@id": ["x"]}, []),
        ({"property101": "A-43"}, [43]),
        ({"=property101": "A-43", "<id": 43}, []),
        ({">property101": "A"}, [40, 41, 42]),
    ],
)
async def test_a_filter_drops_what_it_cannot_read(
    portal: Sandbox, call: Any, condition: dict[str, Any], expected: list[int]
) -> None:
    params = {**PRODUCTS, "filter": {"iblockId": 14, **condition}}
    assert (await _ids(call, portal, "catalog.product.list", "products", **params))[:3] == expected


async def test_flags_are_filtered_by_exact_letters(portal: Sandbox, call: Any) -> None:
    off = await _ids(
        call, portal, "catalog.product.list", "products", **{**PRODUCTS, "filter": {"iblockId": 14, "active": "N"}}
    )
    assert off == [
        one for one in portal.ids("catalog_product") if (portal.row("catalog_product", one) or {})["active"] == "N"
    ]


async def test_orders_and_selects_ignore_what_they_do_not_know(portal: Sandbox, call: Any) -> None:
    rows = (
        await _result(call, portal, "catalog.measure.list", order={"code": "desc", "x": "asc"}, select=["code", "x"])
    )["measures"]
    assert rows == [{"code": 796}, {"code": 356}, {"code": 6}]
    star = (await _result(call, portal, "catalog.measure.list", select=["*"]))["measures"]
    assert {"id", "code", "isDefault", "symbolIntl"} <= set(star[0])


async def test_products_want_their_block_and_two_fields_by_name(portal: Sandbox, call: Any) -> None:
    for params, missing in (
        ({"select": ["id", "iblockId"]}, "Required fields: iblockId"),
        ({"filter": {">iblockId": 1}, "select": ["id", "iblockId"]}, "Required fields: iblockId"),
        ({"filter": {"iblockId": 14}}, "Required select fields: id, iblockId"),
        ({"filter": {"iblockId": 14}, "select": ["id", "*"]}, "Required select fields: id, iblockId"),
    ):
        assert await _refused(call, portal, "catalog.product.list", **params) == (0, missing)
    assert await _refused(call, portal, "catalog.section.list") == (0, "Required fields: iblockId")
    (row,) = (
        await _result(
            call,
            portal,
            "catalog.product.list",
            filter={"iblockId": 14, "id": 40},
            select=["id", "iblockId", "property103"],
        )
    )["products"]
    assert set(row) == {"id", "iblockId", "property103"}


@pytest.mark.parametrize(
    ("method", "code", "text"),
    [
        ("catalog.product.get", 0, "Product does not exist"),
        ("catalog.vat.get", 200800000000, "VAT rate does not exist"),
        ("catalog.section.get", 200700300030, "Section does not exist"),
        ("catalog.store.get", 201100000000, "Store does not exist"),
        ("catalog.measure.update", 200600000020, "Measurement unit does not exist"),
        ("catalog.priceType.delete", 201000000000, "Price type does not exist"),
        ("sale.order.get", 201240400001, "order does not exist"),
        ("sale.order.delete", 200540400001, "order does not exist"),
        ("sale.basketitem.get", 200140400001, "basket item does not exist"),
        ("sale.payment.get", 200640400001, "payment does not exist"),
        ("sale.status.get", 201340400001, "status does not exist"),
    ],
)
async def test_rows_that_are_not_there_have_a_code_by_family(
    portal: Sandbox, call: Any, method: str, code: int, text: str
) -> None:
    assert await _refused(call, portal, method, id=10**8, fields={"code": 1}) == (code, text)


async def test_parameters_and_required_fields_are_missed_by_name(portal: Sandbox, call: Any) -> None:
    for method, name in (("catalog.price.get", "id"), ("catalog.price.add", "fields"), ("catalog.price.delete", "id")):
        refusal = await _refused(call, portal, method)
        assert refusal == ("100", f"Could not find value for parameter {{{name}}}")
    assert (await _refused(call, portal, "catalog.price.add", fields={}))[0] == "100"
    refusal = await _refused(call, portal, "catalog.price.add", fields={"productId": 40, "currency": "RUB"})
    assert refusal == (0, "Required fields: catalogGroupId, price")
    first = portal.ids("catalog_price")[0]
    refusal = await _refused(call, portal, "catalog.price.update", id=first, fields={"price": 5})
    assert refusal == (0, "Required fields: currency")
    refusal = await _refused(
        call, portal, "sale.basketitem.add", fields={"orderId": 1, "productId": 40, "quantity": 1, "currency": "RUB"}
    )
    assert refusal == (200140400009, "Order not found")
    refusal = await _refused(call, portal, "catalog.product.add", fields={"iblockId": 15, "name": "x"})
    assert refusal == (200040300000, "Information block does not exist")


@pytest.mark.parametrize(
    ("family", "root", "fields", "changes"),
    [
        (
            "catalog.product",
            "element",
            {"iblockId": 14, "name": "Новый"},
            {"name": "b", "weight": 1.125, "active": "N"},
        ),
        ("catalog.product.offer", "offer", {"iblockId": 16, "name": "Новый"}, {"quantity": 2.5}),
        ("catalog.section", "section", {"iblockId": 14, "name": "Раздел"}, {"name": "b", "iblockId": 14}),
        (
            "catalog.price",
            "price",
            {"productId": 40, "catalogGroupId": 1, "price": 10.005, "currency": "RUB"},
            {"price": 11, "currency": "EUR"},
        ),
        ("catalog.priceType", "priceType", {"name": "VIP"}, {"name": "b"}),
        ("catalog.store", "store", {"address": "Омск"}, {"title": "b"}),
        ("catalog.measure", "measure", {"code": 112, "measureTitle": "Литр"}, {"symbol": "л"}),
        ("catalog.vat", "vat", {"name": "НДС 5%", "rate": 5}, {"name": "b", "rate": 7}),
        ("catalog.document", "document", {"docType": "A", "responsibleId": 1, "currency": "RUB"}, {"title": "b"}),
        ("catalog.document.element", "documentElement", {"docId": 12, "elementId": 40, "amount": 1.5}, {"amount": 2}),
        ("sale.order", "order", {"lid": "s1", "personTypeId": 1, "currency": "RUB"}, {"comments": "b & c"}),
        (
            "sale.basketitem",
            "basketItem",
            {"orderId": 231, "productId": 40, "quantity": 1, "currency": "RUB"},
            {"quantity": 3},
        ),
        ("sale.payment", "payment", {"orderId": 231, "paySystemId": 2}, {"paySystemId": 2, "sum": 10.5}),
        (
            "sale.shipment",
            "shipment",
            {"orderId": 231, "deliveryId": 1, "allowDelivery": "N", "deducted": "N"},
            {"deliveryId": 2, "allowDelivery": "Y", "deducted": "N"},
        ),
        ("sale.persontype", "personType", {"name": "ИП"}, {"name": "b"}),
        ("sale.status", "status", {"id": "X", "type": "O"}, {"type": "O", "sort": 5}),
    ],
)
async def test_rows_are_written_whole_and_answered_under_their_name(
    small: Sandbox, call: Any, family: str, root: str, fields: dict[str, Any], changes: dict[str, Any]
) -> None:
    made = await _result(call, small, f"{family}.add", fields={**fields, "nonsense": 1})
    assert list(made) == [root]
    assert {name: made[root][name] for name in fields} == fields
    changed = (await _result(call, small, f"{family}.update", id=made[root]["id"], fields=changes))[root]
    assert {name: changed[name] for name in changes} == changes
    await _result(call, small, f"{family}.update", id=made[root]["id"], fields=changes)
    described = await _result(
        call, small, f"{family}.{'getFieldsByFilter' if 'product' in family else 'getFields'}", filter={"iblockId": 14}
    )
    (described,) = described.values()
    assert {"isImmutable", "isReadOnly", "isRequired", "type"} <= set(described["id"])
    assert await _result(call, small, f"{family}.delete", id=made[root]["id"]) is True
    assert [(w.verb, w.changed) for w in small.books.writes] == [
        ("add", True), ("update", True), ("update", False), ("delete", True)
    ]  # fmt: skip
    assert (await call(small, f"{family}.delete", {"id": made[root]["id"]}))["status"] == 400


async def test_properties_have_ids_of_values_and_those_not_sent_stay(small: Sandbox, call: Any) -> None:
    fields = {"iblockId": 14, "name": "x", "property101": "a", "property103": ["b", {"value": "c"}]}
    made = (await _result(call, small, "catalog.product.add", fields=fields))["element"]
    assert made["property101"]["value"] == "a"
    assert [one["value"] for one in made["property103"]] == ["b", "c"]
    assert len({made["property101"]["valueId"], *(one["valueId"] for one in made["property103"])}) == 3
    changed = (
        await _result(call, small, "catalog.product.update", id=made["id"], fields={"property101": {"value": "z"}})
    )["element"]
    assert changed["property101"]["value"] == "z"
    assert changed["property103"] == made["property103"]


async def test_an_order_shows_what_hangs_on_it_and_takes_it_along(small: Sandbox, call: Any) -> None:
    order = (await _result(call, small, "sale.order.get", id=231))["order"]
    assert [item["orderId"] for item in order["basketItems"]] == [231, 231]
    assert (len(order["payments"]), len(order["shipments"]), order["clients"]) == (1, 1, [])
    (listed,) = (await _result(call, small, "sale.order.list", filter={"id": 231}))["orders"]
    assert {"basketItems", "payments", "shipments", "clients"}.isdisjoint(listed)
    await _result(call, small, "sale.order.delete", id=231)
    assert await _ids(call, small, "sale.payment.list", "payments", filter={"orderId": 231}) == []
    assert await _ids(call, small, "sale.basketitem.list", "basketItems", filter={"orderId": 231}) == []


async def test_statuses_have_codes_for_ids(small: Sandbox, call: Any) -> None:
    rows = (await _result(call, small, "sale.status.list"))["statuses"]
    assert [row["id"] for row in rows] == ["DF", "DN", "F", "N", "P"]
    assert (await _result(call, small, "sale.status.get", id="F"))["status"]["type"] == "O"
    refusal = await _refused(call, small, "sale.status.add", fields={"id": "F", "type": "O"})
    assert refusal == (201350000001, "Duplicate entry for key [id]")


async def test_what_belongs_to_a_product_goes_with_it(small: Sandbox, call: Any) -> None:
    await _result(call, small, "catalog.product.delete", id=40)
    assert await _ids(call, small, "catalog.price.list", "prices", filter={"productId": 40}) == []
    assert await _ids(call, small, "catalog.storeproduct.list", "storeProducts", filter={"productId": 40}) == []


async def test_fields_by_filter_want_a_filter(portal: Sandbox, call: Any) -> None:
    assert (await _refused(call, portal, "catalog.product.getFieldsByFilter"))[0] == "100"
    described = (await _result(call, portal, "catalog.product.getFieldsByFilter", filter={"iblockId": 14}))["product"]
    flags = {"isImmutable": False, "isReadOnly": False, "isRequired": False}
    assert described["active"] == {**flags, "name": described["active"]["name"], "type": "char"}
