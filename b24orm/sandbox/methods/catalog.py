"""``catalog.*``: products and variations, prices, stores and what is in them, inventory documents, and directories.

Facts: api-reference/catalog/*/catalog-*.md. Products live in the catalog's information block, which a list must name;
their own properties are fields ``propertyN``, each a value with an id of its own.
"""

from __future__ import annotations

import re
from typing import Any

import pydantic_core

from b24orm.sandbox.methods.controller import Family, methods_of
from b24orm.sandbox.methods.parameters import names
from b24orm.sandbox.php import as_map, entries, is_array
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Handler, State
from b24orm.sandbox.store import Sql

__all__ = ["METHODS"]

_PROPERTY = re.compile(r"property[1-9][0-9]*")


def _with_properties(state: State, key: str, rows: Rows, select: Any) -> Rows:
    """The rows with their properties: all, or those that are selected."""
    wanted = names(select) or {"*"}
    shown: list[dict[str, Any]] = list(rows)
    numbers = [row["id"] for row in shown]
    where = f"id IN ({', '.join('?' * len(numbers))})", numbers
    held = dict(state.store.select(key, "id, properties", where))
    for row in shown:
        for name, value in as_map(pydantic_core.from_json(held[row["id"]] or "{}")).items():
            if "*" in wanted or name in wanted:
                row[name] = value
    return Rows.of(shown)


def _sent_properties(state: State, fields: Any, current: dict[str, Any] | None) -> dict[str, Any]:
    """The properties after a write: those that were not sent stay."""
    held: dict[str, Any] = pydantic_core.from_json((current or {}).get("properties") or "{}")
    sent = {name: value for name, value in entries(fields) if _PROPERTY.fullmatch(name)}
    for name, value in sent.items():
        held[name] = _property(state, value)
    return {"properties": pydantic_core.to_json(held).decode()} if sent or current is None else {}


def _property(state: State, value: Any) -> Any:
    if is_array(value) and "value" not in as_map(value):
        return [_property(state, item) for _, item in entries(value)]
    plain = as_map(value)["value"] if is_array(value) else value
    return {"value": plain, "valueId": str(state.next_id())}


def _of_properties(conditions: Any) -> Sql:
    """Conditions on properties; of those this portal reads equality alone, and drops the others."""
    texts: list[str] = []
    values: list[Any] = []
    for key, value in entries(conditions):
        name = key.removeprefix("=")
        if _PROPERTY.fullmatch(name) and not is_array(value):
            texts.append("json_extract(properties, ?) = ?")
            values += [f"$.{name}.value", value]
    return " AND ".join(texts), values


_NO_BLOCK = Refusal(200040300000, "Information block does not exist")
_STOCKED = (("catalog_price", "product_id"), ("catalog_store_product", "product_id"))
_PRODUCT = {"active": "Y", "available": "Y", "sort": 500, "quantity": 0, "quantity_trace": "N", "subscribe": "Y"}


def _goods(key: str, word: str, kind: int) -> Family:
    return Family(
        key,
        0,
        word,
        parts=_STOCKED,
        defaults=_PRODUCT | {"type": kind, "preview_text_type": "text", "detail_text_type": "text"},
        owner=("iblock_id", "catalog", _NO_BLOCK),
        rows=_with_properties,
        sent=_sent_properties,
        more=_of_properties,
    )


_FAMILIES = (
    Family("catalog", 0, "Trade catalog"),
    _goods("catalog_product", "Product", 1),
    _goods("catalog_offer", "Product variation", 4),
    Family(
        "catalog_section",
        200700300030,
        "Section",
        defaults={"active": "Y", "sort": 500, "description_type": "text"},
        owner=("iblock_id", "catalog", Refusal(200700300050, "Information block does not exist")),
    ),
    Family(
        "catalog_price",
        0,
        "Price",
        owner=(
            "catalog_group_id",
            "catalog_price_type",
            Refusal(0, "Validate price error. Catalog price group is wrong"),
        ),
    ),
    Family("catalog_price_type", 201000000000, "Price type", defaults={"sort": 100}),
    Family(
        "catalog_store",
        201100000000,
        "Store",
        parts=(("catalog_store_product", "store_id"),),
        defaults={"active": "Y", "sort": 100},
    ),
    Family("catalog_store_product", 0, "Store product"),
    Family("catalog_measure", 200600000020, "Measurement unit"),
    Family("catalog_vat", 200800000000, "VAT rate", defaults={"active": "Y", "sort": 100}),
    Family(
        "catalog_document",
        0,
        "Document",
        "not found",
        parts=(("catalog_document_element", "doc_id"),),
        defaults={"status": "N", "site_id": "s1"},
    ),
    Family(
        "catalog_document_element",
        "ERROR_DOCUMENT_STATUS",
        "Document",
        "not found",
        owner=("doc_id", "catalog_document", Refusal("ERROR_DOCUMENT_STATUS", "Document not found")),
    ),
)

METHODS: dict[str, Handler] = {name: handler for family in _FAMILIES for name, handler in methods_of(family).items()}
"""Handlers of this family."""
