"""Deterministic data that looks like a Russian-English CRM.

Called by the sandbox when it starts; calls the store only. Everything is made column by column from one seeded
generator, which is what keeps 20,000 deals under two seconds. No request handling and no clock may live here.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from b24orm.sandbox.seeding.clients import companies, contacts, leads
from b24orm.sandbox.seeding.dictionaries import categories, statuses
from b24orm.sandbox.seeding.frame import Frame, holed_ids
from b24orm.sandbox.seeding.sales import deals, invoices, quotes
from b24orm.sandbox.seeding.staff import users
from b24orm.sandbox.store import Store

__all__ = ["Sizes", "seed_store"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows of each entity to make."""

    deals: int
    leads: int
    contacts: int
    companies: int
    quotes: int
    invoices: int
    users: int


def seed_store(store: Store, sizes: Sizes, seed: int) -> None:
    """Fill *store*; the same sizes and seed give the same portal."""

    def rng(part: str) -> Random:
        return Random(f"{seed}:{part}")

    ids = {
        "user": [1, *holed_ids(rng("user ids"), sizes.users - 1, first=2, wild=False)],
        "company": holed_ids(rng("company ids"), sizes.companies, first=11),
        "contact": holed_ids(rng("contact ids"), sizes.contacts, first=17),
        "lead": holed_ids(rng("lead ids"), sizes.leads, first=21),
        "deal": holed_ids(rng("deal ids"), sizes.deals, first=101),
        "quote": holed_ids(rng("quote ids"), sizes.quotes, first=5),
        "smart_invoice": holed_ids(rng("invoice ids"), sizes.invoices, first=3),
    }
    store.load("status", statuses())
    store.load("category", categories())
    store.load("user", users(Frame("user", ids, rng("user"))))
    store.load("company", companies(Frame("company", ids, rng("company"))))
    store.load("contact", contacts(Frame("contact", ids, rng("contact"))))
    store.load("lead", leads(Frame("lead", ids, rng("lead"))))
    store.load("deal", deals(Frame("deal", ids, rng("deal"))))
    store.load("quote", quotes(Frame("quote", ids, rng("quote"))))
    store.load("smart_invoice", invoices(Frame("smart_invoice", ids, rng("smart_invoice"))))
