"""Product rows of deals: about half of the deals have one to four, whose sum is the deal's amount.

They are made when somebody first asks for them, so that a portal whose products nobody looks at starts as fast as
before. Deals that are gone by then have none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

from b24orm.sandbox.products import priced
from b24orm.sandbox.seeding.words import PRODUCTS

__all__ = ["product_rows"]


def product_rows(
    amounts: Mapping[int, float], deal_ids: Sequence[int], owners: int | None, rng: Random
) -> dict[str, Iterable[Any]]:
    """The columns of the rows of *owners* of the deals, by default of about half of them, by their *amounts*."""
    chosen = (
        [deal_id for deal_id in deal_ids if rng.random() < 0.5]
        if owners is None
        else sorted(rng.sample(deal_ids, min(owners, len(deal_ids))))
    )
    rows = [row for deal_id in chosen for row in _of_deal(deal_id, amounts.get(deal_id), rng)]
    names = rows[0] if rows else priced({"owner_id": 0, "owner_type": "D", "product_name": "", "tax_rate": 0})
    made: dict[str, Iterable[Any]] = {name: [row[name] for row in rows] for name in names}
    return {"id": range(501, 501 + 2 * len(rows), 2), **made}


def _of_deal(deal_id: int, amount: float | None, rng: Random) -> Iterable[dict[str, Any]]:
    count, taxed = rng.choices((1, 2, 3, 4), (40, 30, 20, 10))[0], rng.random() < 0.5
    drawn = [(rng.randint(1, 5), rng.choice(PRODUCTS), rng.choice((0, 0, 10))) for _ in range(count)]
    if amount is None:
        return []
    rows: list[dict[str, Any]] = []
    left = amount
    for place, (quantity, name, discount) in enumerate(drawn, start=1):
        last = place == count
        # The last row takes what is left, which no other quantity than one may fail to divide.
        quantity = 1 if last else quantity
        price = round(left if last else left / (count - place + 1) / quantity, 2)
        left = round(left - price * quantity, 2)
        rows.append(
            priced(
                {
                    "owner_id": deal_id,
                    "owner_type": "D",
                    "product_id": 40 + PRODUCTS.index(name),
                    "product_name": name,
                    "price": price,
                    "quantity": quantity,
                    "discount_rate": discount,
                    "tax_rate": 20 if taxed else 0,
                    "tax_included": "Y" if taxed else "N",
                    "sort": 10 * place,
                }
            )
        )
    return rows
