"""Product rows: what follows from the price of a row, and the amount of its owner from its rows.

Facts: api-reference/crm/universal/product-rows/*.md. ``price`` is what the client pays for one, discount and tax
included; the other prices follow from it. The amount of an object is the sum of its rows unless somebody has set it by
hand (``isManualOpportunity``).
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.owners import Owner
from b24orm.sandbox.state import State

__all__ = ["follow_amount", "priced", "rows_of"]

_KEY = "product_row"
_DEFAULTS: dict[str, Any] = {
    "product_id": 0,
    "price": 0,
    "quantity": 1,
    "discount_type_id": 2,
    "discount_rate": 0,
    "discount_sum": 0,
    "tax_included": "N",
    "customized": "Y",
    "measure_code": 796,
    "measure_name": "шт",
    "sort": 10,
    "xml_id": "",
    "type": 1,
}


def priced(given: dict[str, Any]) -> dict[str, Any]:
    """A whole row: *given* with the portal's defaults and with all that follows from the price."""
    row = _DEFAULTS | {name: value for name, value in given.items() if value is not None}
    price, tax = float(row["price"]), float(row.get("tax_rate") or 0)
    exclusive = _rounded(price / (1 + tax / 100))
    rate, amount = float(row["discount_rate"]), float(row["discount_sum"])
    if row["discount_type_id"] == 1:
        netto = _rounded(exclusive + amount)
        rate = _rounded(amount / netto * 100) if netto else 0
    elif rate < 100:
        netto = _rounded(exclusive / (1 - rate / 100))
        amount = _rounded(netto - exclusive)
    else:  # what is free says nothing about its price, so the discount has to
        netto = amount
    return row | {
        "discount_rate": rate,
        "discount_sum": amount,
        "price_exclusive": exclusive,
        "price_netto": netto,
        "price_brutto": _rounded(netto * (1 + tax / 100)),
        "price_account": price,
    }


def _rounded(amount: float) -> float:
    # A hair more than half a kopeck is lost in the binary form of half a kopeck.
    return round(amount + 1e-9, 2)


def rows_of(state: State, owner: Owner, owner_id: int) -> list[int]:
    """The ids of the rows of an object, in their order."""
    found = state.store.select(_KEY, "id", _of(owner, owner_id), " ORDER BY sort, id")
    return [row[0] for row in found]


def _of(owner: Owner, owner_id: int) -> tuple[str, list[Any]]:
    return "owner_id = ? AND owner_type = ?", [owner_id, owner.code]


def follow_amount(state: State, owner: Owner, owner_id: int) -> None:
    """Let the amount of an object follow its rows, unless it was set by hand."""
    current = state.store.row(owner.key, owner_id)
    if current is None or current.get("is_manual_opportunity") == "Y":
        return
    what = "ifnull(sum(price * quantity), 0), ifnull(sum((price - price_exclusive) * quantity), 0)"
    ((amount, tax),) = state.store.select(_KEY, what, _of(owner, owner_id))
    values = {
        "opportunity": round(amount, 2),
        "tax_value": round(tax, 2),
        "updated_time": iso(state.clock.time()),
        "updated_by": state.user_id,
    }
    known = state.table(owner.key).by_name
    state.store.update(owner.key, owner_id, {name: value for name, value in values.items() if name in known})
