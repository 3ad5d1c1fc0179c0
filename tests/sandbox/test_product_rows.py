"""Product rows of CRM objects, in their modern and their older methods."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox


async def _rows(call: Any, portal: Sandbox, owner_id: Any, code: str = "D", **more: Any) -> list[dict[str, Any]]:
    condition = {"=ownerType": code, "=ownerId": owner_id, **more}
    answer = await call(portal, "crm.item.productrow.list", {"filter": condition, "order": {"id": "ASC"}})
    rows: list[dict[str, Any]] = answer["result"]["productRows"]
    return rows


async def _amount(call: Any, portal: Sandbox, deal: int) -> Any:
    return (await call(portal, "crm.item.get", {"entityTypeId": 2, "id": deal}))["result"]["item"]["opportunity"]


async def test_about_half_of_the_deals_have_rows_whose_sum_is_their_amount(portal: Sandbox, call: Any) -> None:
    deals = portal.ids("deal")
    by_deal: dict[int, list[Any]] = {}
    for row_id in portal.ids("product_row"):
        row = portal.row("product_row", row_id) or {}
        by_deal.setdefault(row["owner_id"], []).append(row)
    assert 0.4 < len(by_deal) / len(deals) < 0.6
    assert {len(rows) for rows in by_deal.values()} == {1, 2, 3, 4}
    for deal, rows in by_deal.items():
        held = portal.row("deal", deal) or {}
        assert round(sum(row["price"] * row["quantity"] for row in rows), 2) == held["opportunity"]


async def test_a_list_may_name_many_owners_of_one_kind(portal: Sandbox, call: Any) -> None:
    owners = sorted({(portal.row("product_row", i) or {})["owner_id"] for i in portal.ids("product_row")[:40]})
    rows = await _rows(call, portal, owners)
    assert {row["ownerId"] for row in rows} == set(owners)
    expected = [row for owner in owners for row in await _rows(call, portal, owner)]
    assert rows == sorted(expected, key=lambda row: row["id"])[:50]
    narrower: dict[str, Any] = {"@ownerId": owners[:1], ">id": 0}
    few = await _rows(call, portal, owners, **narrower)
    assert {row["ownerId"] for row in few} == {owners[0]}
    assert await _rows(call, portal, []) == []


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({}, "REQUIRED_ARG_MISSING"),
        ({"=ownerType": "D"}, "REQUIRED_ARG_MISSING"),
        ({"=ownerType": "D", "@ownerId": [5]}, "REQUIRED_ARG_MISSING"),
        ({"=ownerType": "D", "=ownerId": 0}, "REQUIRED_ARG_MISSING"),
        ({"=ownerType": ["D", "L"], "=ownerId": 5}, "REQUIRED_ARG_MISSING"),
        ({"=ownerType": "D", "=ownerId": 5, "nope": 1}, "100"),
        ({"=ownerType": "D", "=ownerId": 5, ">id": [1]}, "INVALID_ARG_VALUE"),
    ],
)
async def test_a_list_must_name_its_owner_and_known_fields(
    portal: Sandbox, call: Any, condition: Any, code: str
) -> None:
    assert (await call(portal, "crm.item.productrow.list", {"filter": condition}))["error"] == code


async def test_prices_follow_from_the_price_with_discount_and_tax(small: Sandbox, call: Any) -> None:
    deal = small.insert("deal", title="x")
    fields = {"ownerId": deal, "ownerType": "D", "productName": "Стол", "price": 80000, "quantity": 2,
              "discountRate": 20, "taxRate": 20, "taxIncluded": "Y", "id": 5, "priceNetto": 1}  # fmt: skip
    row = (await call(small, "crm.item.productrow.add", {"fields": fields}))["result"]["productRow"]
    assert (row["priceExclusive"], row["priceNetto"], row["priceBrutto"]) == (66666.67, 83333.34, 100000.01)
    assert (row["discountSum"], row["discountTypeId"], row["sort"], row["taxIncluded"]) == (16666.67, 2, 10, "Y")
    assert "storeId" not in row
    assert row["id"] != 5
    got = (await call(small, "crm.item.productrow.get", {"id": row["id"]}))["result"]["productRow"]
    assert got == row | {"storeId": None}
    assert await _amount(call, small, deal) == 160000
    assert (small.row("deal", deal) or {})["tax_value"] == 26666.66


async def test_rows_are_changed_replaced_and_removed_and_the_amount_follows(small: Sandbox, call: Any) -> None:
    deal = small.insert("deal", title="x")
    owner = {"ownerId": deal, "ownerType": "D"}
    sent = [{"productName": "a", "price": 10, "quantity": 2}, {"productName": "b", "price": 5}, {}]
    answer = await call(small, "crm.item.productrow.set", {**owner, "productRows": sent})
    first, second, third = answer["result"]["productRows"]
    assert [(row["price"], row["quantity"]) for row in (first, second, third)] == [(10, 2), (5, 1), (0, 1)]
    assert third["productName"] == f"[{third['id']}]"
    assert await _amount(call, small, deal) == 25
    params = {"id": first["id"], "fields": {"price": 20, "ownerId": 1}}
    assert (await call(small, "crm.item.productrow.update", params))["result"]["productRow"]["price"] == 20
    await call(small, "crm.item.productrow.update", params)
    assert (await call(small, "crm.item.productrow.delete", {"id": second["id"]}))["result"] is None
    assert await _amount(call, small, deal) == 40
    kept = [{"id": first["id"], "price": 7}]
    answer = await call(small, "crm.item.productrow.set", {**owner, "productRows": kept})
    assert [row["id"] for row in answer["result"]["productRows"]] == [first["id"]]
    assert await _amount(call, small, deal) == 14
    assert [(w.method.rpartition(".")[2], w.id, w.verb, w.changed) for w in small.books.writes] == [
        ("set", deal, "set", True),
        ("update", first["id"], "update", True),
        ("update", first["id"], "update", False),
        ("delete", second["id"], "delete", True),
        ("set", deal, "set", True),
    ]
    assert small.books.applied["product_row", "set"] == 2
    await call(small, "crm.item.update", {"entityTypeId": 2, "id": deal, "fields": {"isManualOpportunity": "Y"}})
    await call(small, "crm.item.productrow.delete", {"id": first["id"]})
    assert await _amount(call, small, deal) == 14  # set by hand


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("add", {}, "100"),
    ("add", {"fields": {"price": 1}}, "ENTITY_TYPE_NOT_SUPPORTED"),
    ("add", {"fields": {"ownerType": "C", "ownerId": 1}}, "ENTITY_TYPE_NOT_SUPPORTED"),
    ("add", {"fields": {"ownerType": "T40e", "ownerId": 1}}, "ENTITY_TYPE_NOT_SUPPORTED"),
    ("add", {"fields": {"ownerType": "D"}}, "OWNER_NOT_FOUND"),
    ("get", {"id": 1}, "NOT_FOUND"),
    ("update", {"id": 1, "fields": {"price": 1}}, "NOT_FOUND"),
    ("update", {"id": 501}, "100"),
    ("update", {"id": 501, "fields": {"priceNetto": 1, "nope": 1}}, "INVALID_ARG_VALUE"),
    ("delete", {"id": 1}, "NOT_FOUND"),
    ("set", {"ownerType": "D", "ownerId": 1, "productRows": [{}]}, "OWNER_NOT_FOUND"),
    ("set", {"ownerType": "D", "ownerId": 1}, "100"),
]


@pytest.mark.parametrize(("verb", "params", "code"), REFUSED)
async def test_rows_are_refused_as_the_documentation_says(
    small: Sandbox, call: Any, verb: str, params: dict[str, Any], code: str
) -> None:
    assert (await call(small, f"crm.item.productrow.{verb}", params))["error"] == code
    assert small.books.writes == []


@pytest.mark.parametrize(("key", "code"), [("smart_process_156", "T9c"), ("smart_invoice", "SI"), ("quote", "Q")])
async def test_other_objects_have_rows_too_and_take_them_with_them(
    small: Sandbox, call: Any, key: str, code: str
) -> None:
    owner = small.ids(key)[0]
    for price in (1.5, 2):
        fields = {"ownerType": code, "ownerId": owner, "price": price}
        await call(small, "crm.item.productrow.add", {"fields": fields})
    assert [row["sort"] for row in await _rows(call, small, owner, code)] == [10, 20]
    before = len(small.ids("product_row"))
    assert small.remove(key, owner)
    assert len(small.ids("product_row")) == before - 2
    described = (await call(small, "crm.item.productrow.fields"))["result"]["fields"]
    assert described["priceNetto"]["isReadOnly"]
    assert described["ownerId"]["isImmutable"]


@pytest.mark.parametrize("key", ["deal", "lead", "quote"])
async def test_the_older_methods_read_and_replace_all_rows_of_an_object(small: Sandbox, call: Any, key: str) -> None:
    owner = small.insert(key, title="x")
    rows = [{"PRODUCT_NAME": "a", "PRICE": 10, "QUANTITY": 2}, {"PRICE": 5, "DISCOUNT_TYPE_ID": 1, "DISCOUNT_SUM": 5}]
    assert (await call(small, f"crm.{key}.productrows.set", {"id": owner, "rows": rows}))["result"] is True
    first, second = (await call(small, f"crm.{key}.productrows.get", {"ID": owner}))["result"]
    assert (first["OWNER_ID"], first["PRICE"], first["PRICE_ACCOUNT"]) == (str(owner), 10, "10.00000000")
    assert (second["DISCOUNT_RATE"], second["PRICE_NETTO"], second["PRODUCT_NAME"]) == (50, 10, f"[{second['ID']}]")
    kept = {"ID": second["ID"], "PRICE": 6}
    await call(small, f"crm.{key}.productrows.set", {"id": owner, "rows": [kept]})
    rows = (await call(small, f"crm.{key}.productrows.get", {"id": owner}))["result"]
    assert [(row["ID"], row["PRICE"]) for row in rows] == [(second["ID"], 6)]
    assert small.books.applied == {("product_row", "set"): 2}
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "The parameter id is invalid or not defined."),
        ({"id": 1, "rows": []}, "Not found."),
        ({"id": owner, "rows": "x"}, "The parameter rows must be array."),
        ({"id": owner, "rows": [{"DISCOUNT_TYPE_ID": 2}]}, "Discount Rate (DISCOUNT_RATE) is required if"),
        ({"id": owner, "rows": [{"DISCOUNT_TYPE_ID": 1}]}, "Discount Sum (DISCOUNT_SUM) is required if"),
    ]
    for params, text in refused:
        answer = await call(small, f"crm.{key}.productrows.set", params)
        assert text in answer["error_description"]


def test_how_many_deals_have_rows_can_be_said_and_the_same_seed_gives_the_same_rows() -> None:
    def rows() -> list[Any]:
        with Sandbox(deals=30, product_rows=4, limits=Limits.none()) as sandbox:
            return [sandbox.row("product_row", i) for i in sandbox.ids("product_row")]

    first = rows()
    assert len({row["owner_id"] for row in first}) == 4
    assert first == rows()
    with Sandbox(deals=30, product_rows=4, limits=Limits.none()) as sandbox:
        gone = first[0]["owner_id"]
        sandbox.remove("deal", gone)
        left = [sandbox.row("product_row", i) or {} for i in sandbox.ids("product_row")]
        assert [row["price"] for row in left] == [row["price"] for row in first if row["owner_id"] != gone]
    with Sandbox(deals=3, product_rows=0) as sandbox:
        assert sandbox.ids("product_row") == []
        assert sandbox.insert("product_row", owner_type="D", owner_id=sandbox.ids("deal")[0], price=5)
