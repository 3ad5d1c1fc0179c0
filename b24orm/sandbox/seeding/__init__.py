"""Deterministic data that looks like a Russian-English CRM.

Called by the sandbox when it starts; calls the store only. Everything is made column by column from one seeded
generator, which is what keeps 20,000 deals under two seconds; of more than 30,000 deals most are copies that the
database makes. No request handling and no clock may live here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from b24orm.sandbox.seeding.belongings import activities, addresses, comments, requisites
from b24orm.sandbox.seeding.clients import companies, contacts, leads
from b24orm.sandbox.seeding.dictionaries import categories, statuses
from b24orm.sandbox.seeding.frame import Frame, as_columns
from b24orm.sandbox.seeding.ids import DealIds, deal_ids_of, holed_ids
from b24orm.sandbox.seeding.office import departments, disk_objects, disk_storages, tasks
from b24orm.sandbox.seeding.products import product_rows
from b24orm.sandbox.seeding.sales import deals, invoices, quotes
from b24orm.sandbox.seeding.smart import ITEMS, types
from b24orm.sandbox.seeding.staff import users
from b24orm.sandbox.store import Store

__all__ = ["MOST_DRAWN", "DealIds", "Sizes", "deal_ids_of", "seed_store"]

MOST_DRAWN = 30_000
"""The most deals that are drawn one by one. What follows from the number of deals follows from at most this many."""
_MODELS = 10_000  # deals that the deals of a larger portal are copied from

_FEW = 500


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows of each entity to make; *smart_items* of each smart process."""

    deals: int
    leads: int
    contacts: int
    companies: int
    quotes: int
    invoices: int
    users: int
    smart_items: int
    product_rows: int | None = None
    """How many deals have product rows; None: about half of them."""
    tasks: int = 0


def seed_store(store: Store, sizes: Sizes, seed: int, deal_ids: Sequence[int] | None = None) -> None:
    """Fill *store*; the same sizes and seed give the same portal. *deal_ids*, if given, are as many as its deals."""

    def rng(part: str) -> Random:
        return Random(f"{seed}:{part}")

    ids = {
        "user": [1, *holed_ids(rng("user ids"), sizes.users - 1, first=2, wild=False)],
        "company": holed_ids(rng("company ids"), sizes.companies, first=11),
        "contact": holed_ids(rng("contact ids"), sizes.contacts, first=17),
        "lead": holed_ids(rng("lead ids"), sizes.leads, first=21),
        "deal": holed_ids(rng("deal ids"), sizes.deals, first=101) if deal_ids is None else deal_ids,
        "quote": holed_ids(rng("quote ids"), sizes.quotes, first=5),
        "smart_invoice": holed_ids(rng("invoice ids"), sizes.invoices, first=3),
        **{key: holed_ids(rng(f"{key} ids"), sizes.smart_items, first=1, wild=False) for key in ITEMS},
    }
    store.load("status", statuses())
    store.load("category", categories())
    store.load("user", users(Frame("user", ids, rng("user"))))
    store.load("company", companies(Frame("company", ids, rng("company"))))
    store.load("contact", contacts(Frame("contact", ids, rng("contact"))))
    store.load("lead", leads(Frame("lead", ids, rng("lead"))))
    _load_deals(store, ids, rng("deal"))
    store.load("quote", quotes(Frame("quote", ids, rng("quote"))))
    store.load("smart_invoice", invoices(Frame("smart_invoice", ids, rng("smart_invoice"))))
    store.load("crm_type", types(), index=False)
    for key, items in ITEMS.items():
        # Some tens of rows are read as fast without indexes, and building those would cost more than the rows.
        store.load(key, items(Frame(key, ids, rng(key), hours=50)), index=sizes.smart_items > _FEW)
    _seed_later(store, sizes, ids, rng)


def _seed_later(store: Store, sizes: Sizes, ids: Mapping[str, Sequence[int]], rng: Callable[[str], Random]) -> None:
    """What is made when it is first asked for, since few tests do so."""

    def fill_product_rows() -> None:
        amounts = dict(store.select("deal", "id, opportunity"))
        columns = product_rows(amounts, ids["deal"][:MOST_DRAWN], sizes.product_rows, rng("product rows"))
        store.load("product_row", columns)

    def fill(key: str, make: Callable[[Mapping[str, Sequence[int]], Random], list[dict[str, Any]]]) -> None:
        store.later(key, lambda: store.load(key, as_columns(key, make(ids, rng(key))), index=False))

    store.later("product_row", fill_product_rows)
    fill("timeline_comment", comments)
    fill("activity", activities)
    fill("requisite", requisites)
    fill("address", addresses)
    fill("department", departments)
    fill("disk_storage", disk_storages)
    fill("disk_object", disk_objects)
    fill("task", lambda ids, rng: tasks(ids, rng, sizes.tasks))


def _load_deals(store: Store, ids: Mapping[str, Sequence[int]], rng: Random) -> None:
    """Drawing values and binding them to a statement is what takes the time, so beyond a size the database copies."""
    wanted = ids["deal"]
    if len(wanted) <= MOST_DRAWN:
        store.load("deal", deals(Frame("deal", ids, rng)))
        return
    # Each model stands for the same share of the ids, so that the copies grow younger with their ids as it does.
    models = [wanted[place * len(wanted) // _MODELS] for place in range(_MODELS)]
    store.load("deal", deals(Frame("deal", {**ids, "deal": models}, rng)), index=False)
    store.multiply("deal", models, wanted)
