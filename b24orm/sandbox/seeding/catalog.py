"""A trade catalog: products with variations, prices and stocks, and the directories around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pydantic_core

from b24orm.sandbox.seeding.words import AWKWARD, PRODUCTS

__all__ = ["CATALOG", "PRODUCT_IDS"]

Ids = Mapping[str, Sequence[int]]
Rows = list[dict[str, Any]]

_DAY = "2025-02-03T10:00:00+03:00"
_BLOCK, _OFFER_BLOCK = 14, 16
PRODUCT_IDS = range(40, 100)
"""The ids of the products; product rows name the first of them."""
_OFFER_IDS = range(201, 213)
_SECTIONS = ((3, None, "Услуги"), (5, 3, "Внедрение & обучение"), (7, None, "Hardware"))
_STORES = ((1, "Основной склад", "Москва, ул. Складская, 1", "Y"), (3, "Retail", "Berlin, Lagerstraße 5", "N"))
_PRICE_TYPES = ((1, "BASE", "Y"), (3, "Опт", "N"))
_MEASURES = ((1, 6, "Метр", "м", "m"), (5, 796, "Штука", "шт", "pc. 1"), (7, 356, "Час", "ч", "h"))
_VATS = ((1, "Без НДС", None), (3, "НДС 20%", 20), (5, "НДС 10%", 10))
_DOCUMENTS = ((11, "A", "Y"), (12, "A", "N"), (15, "M", "N"))


def _catalogs(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    common = {"iblock_type_id": '"CRM_PRODUCT_CATALOG"', "lid": "s1", "subscription": "N", "vat_id": 3}
    return [
        {"id": _BLOCK, "iblock_id": _BLOCK, "name": "Товарный каталог CRM", **common},
        {"id": _OFFER_BLOCK, "iblock_id": _OFFER_BLOCK, "name": "Вариации", "product_iblock_id": _BLOCK,
         "sku_property_id": 105, **common},
    ]  # fmt: skip


def _goods(row_id: int, name: str, rng: Random, block: int) -> dict[str, Any]:
    return {
        "id": row_id,
        "iblock_id": block,
        "name": name,
        "active": "Y" if rng.random() < 0.9 else "N",
        "available": "Y",
        "bundle": "N",
        "code": f"goods_{row_id}",
        "xml_id": str(row_id),
        "iblock_section_id": rng.choice((None, 3, 5, 7)),
        "sort": 500,
        "preview_text": rng.choice((None, *AWKWARD)),
        "preview_text_type": "text",
        "detail_text_type": "text",
        "created_by": 1,
        "date_create": _DAY,
        "modified_by": 1,
        "timestamp_x": _DAY,
        "measure": rng.choice((1, 5, 7)),
        "quantity": rng.randint(0, 40),
        "quantity_reserved": 0,
        "quantity_trace": rng.choice("YND"),
        "can_buy_zero": "Y",
        "subscribe": "Y",
        "barcode_multi": "N",
        "purchasing_price": rng.choice((None, 120.5, 990)),
        "purchasing_currency": "RUB",
        "vat_id": rng.choice((None, 3, 5)),
        "vat_included": rng.choice("YN"),
        "weight": rng.choice((None, 100, 1250.125)),
        "without_order": "N",
        "negative_amount_trace": "N",
    }


def _products(ids: Ids, rng: Random) -> Rows:
    del ids
    rows: Rows = []
    for place, row_id in enumerate(PRODUCT_IDS):
        name = PRODUCTS[place % len(PRODUCTS)] + (f" {place // len(PRODUCTS) + 1}" if place >= len(PRODUCTS) else "")
        tags = [{"value": word, "valueId": str(20_000 + 2 * row_id + at)} for at, word in enumerate(("хит", "b2b"))]
        made = {"property101": {"value": f"A-{row_id}", "valueId": str(9_000 + row_id)}, "property103": tags}
        properties = pydantic_core.to_json(made).decode()
        rows.append({**_goods(row_id, name, rng, _BLOCK), "type": 1, "properties": properties})
    return rows


def _offers(ids: Ids, rng: Random) -> Rows:
    del ids
    rows: Rows = []
    for place, row_id in enumerate(_OFFER_IDS):
        parent = PRODUCT_IDS[place // 2]
        held = pydantic_core.to_json({"value": parent, "valueId": str(30_000 + row_id)}).decode()
        name = f"{PRODUCTS[place // 2]}, вариант {place % 2 + 1}"
        rows.append({**_goods(row_id, name, rng, _OFFER_BLOCK), "type": 4, "parent_id": held, "properties": "{}"})
    return rows


def _sections(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    return [
        {"id": one, "iblock_id": _BLOCK, "iblock_section_id": parent, "name": name, "xml_id": f"s{one}",
         "code": f"section_{one}", "sort": 500, "active": "Y", "description": "", "description_type": "text"}
        for one, parent, name in _SECTIONS
    ]  # fmt: skip


def _prices(ids: Ids, rng: Random) -> Rows:
    del ids
    pairs = [(product, group) for product in (*PRODUCT_IDS, *_OFFER_IDS) for group, _, _ in _PRICE_TYPES]
    rows: Rows = []
    for place, (product, group) in enumerate(pairs):
        price = rng.choice((990, 1500.5, 12_000, 75_000))
        rows.append(
            {"id": 1001 + 2 * place, "product_id": product, "catalog_group_id": group, "price": price,
             "price_scale": price, "currency": "RUB", "timestamp_x": _DAY}
        )  # fmt: skip
    return rows


def _price_types(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    return [
        {"id": one, "name": name, "base": base, "sort": 100, "xml_id": name, "created_by": 1, "date_create": _DAY,
         "modified_by": 1, "timestamp_x": _DAY}
        for one, name, base in _PRICE_TYPES
    ]  # fmt: skip


def _stores(ids: Ids, rng: Random) -> Rows:
    del rng
    return [
        {"id": one, "title": title, "address": address, "active": "Y", "issuing_center": center, "date_create": _DAY,
         "date_modify": _DAY, "user_id": ids["user"][0], "modified_by": ids["user"][0], "sort": 100,
         "gps_n": 55.751244, "gps_s": 37.618423, "phone": "+7 495 000-00-00", "xml_id": f"store{one}"}
        for one, title, address, center in _STORES
    ]  # fmt: skip


def _stocks(ids: Ids, rng: Random) -> Rows:
    del ids
    pairs = [(product, store) for product in PRODUCT_IDS for store, *_ in _STORES]
    return [
        {"id": 301 + place, "product_id": product, "store_id": store, "amount": rng.choice((0, 5, 12.5)),
         "quantity_reserved": 0}
        for place, (product, store) in enumerate(pairs)
    ]  # fmt: skip


def _measures(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    return [
        {"id": one, "code": code, "is_default": "Y" if code == 796 else "N", "measure_title": title, "symbol": symbol,
         "symbol_intl": intl, "symbol_letter_intl": intl.upper()}
        for one, code, title, symbol, intl in _MEASURES
    ]  # fmt: skip


def _vats(ids: Ids, rng: Random) -> Rows:
    del ids, rng
    return [
        {"id": one, "name": name, "active": "Y", "rate": rate, "sort": 100, "timestamp_x": _DAY}
        for one, name, rate in _VATS
    ]


def _documents(ids: Ids, rng: Random) -> Rows:
    users = ids["user"]
    return [
        {"id": one, "doc_type": kind, "doc_number": f"№ {one}", "title": f"Документ {one}", "site_id": "s1",
         "responsible_id": rng.choice(users), "created_by": users[0], "modified_by": users[0], "status": status,
         "status_by": users[0] if status == "Y" else None, "date_status": _DAY, "date_create": _DAY,
         "date_modify": _DAY, "currency": "RUB", "total": 1000 * one}
        for one, kind, status in _DOCUMENTS
    ]  # fmt: skip


def _document_elements(ids: Ids, rng: Random) -> Rows:
    del ids
    return [
        {"id": 51 + 2 * place, "doc_id": document, "element_id": rng.choice(PRODUCT_IDS), "amount": 2,
         "store_from": 1 if kind == "M" else None, "store_to": 3 if kind == "M" else 1, "purchasing_price": 500.25}
        for place, (document, kind, _) in enumerate(2 * _DOCUMENTS)
    ]  # fmt: skip


CATALOG = {
    "catalog": _catalogs,
    "catalog_product": _products,
    "catalog_offer": _offers,
    "catalog_section": _sections,
    "catalog_price": _prices,
    "catalog_price_type": _price_types,
    "catalog_store": _stores,
    "catalog_store_product": _stocks,
    "catalog_measure": _measures,
    "catalog_vat": _vats,
    "catalog_document": _documents,
    "catalog_document_element": _document_elements,
}
"""What makes the rows of each table."""
