"""Deterministic data that looks like a Russian-English CRM.

Called by the sandbox when it starts; calls the store only. Everything is made column by column from one seeded
generator, which is what keeps 20,000 deals under two seconds; of more than 30,000 deals most are copies that the
database makes. No request handling and no clock may live here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from b24orm.sandbox.history import KEY as HISTORY
from b24orm.sandbox.history import past
from b24orm.sandbox.seeding.agenda import events
from b24orm.sandbox.seeding.belongings import activities, addresses, comments, requisites
from b24orm.sandbox.seeding.catalog import CATALOG
from b24orm.sandbox.seeding.clients import companies, contacts, leads
from b24orm.sandbox.seeding.dictionaries import categories, statuses
from b24orm.sandbox.seeding.frame import Frame, as_columns
from b24orm.sandbox.seeding.ids import DealIds, deal_ids_of, holed_ids
from b24orm.sandbox.seeding.office import TASK_IDS, departments, disk_objects, disk_storages, tasks
from b24orm.sandbox.seeding.own import own_rows
from b24orm.sandbox.seeding.products import product_rows
from b24orm.sandbox.seeding.sales import deals, invoices, quotes
from b24orm.sandbox.seeding.settings import SETTINGS
from b24orm.sandbox.seeding.shop import SHOP
from b24orm.sandbox.seeding.smart import items_of, types
from b24orm.sandbox.seeding.staff import users
from b24orm.sandbox.seeding.taskitems import TASK_ITEMS
from b24orm.sandbox.seeding.teamwork import TEAMWORK
from b24orm.sandbox.store import Store
from b24orm.sandbox.v3.seeding import SEEDS

__all__ = ["MOST_DRAWN", "DealIds", "Sizes", "deal_ids_of", "seed_store"]

MOST_DRAWN = 30_000
"""The most deals that are drawn one by one. What follows from the number of deals follows from at most this many."""
_MODELS = 10_000  # deals that the deals of a larger portal are copied from

_FEW = 500

Ids = Mapping[str, Sequence[int]]


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


def seed_store(store: Store, sizes: Sizes, seed: int, own_ids: Mapping[str, Sequence[int]]) -> None:
    """Fill *store*; the same sizes and seed give the same portal.

    *own_ids* are ids by the key of the table, as many as *sizes* says that it has rows.
    """

    def rng(part: str) -> Random:
        return Random(f"{seed}:{part}")

    def frame(key: str, **more: Any) -> Frame:
        return Frame(key, ids, rng(key), layout=layout, **more)

    layout = store.layout
    items = items_of(layout)
    ids = {
        "user": [1, *holed_ids(rng("user ids"), sizes.users - 1, first=2, wild=False)],
        "company": holed_ids(rng("company ids"), sizes.companies, first=11),
        "contact": holed_ids(rng("contact ids"), sizes.contacts, first=17),
        "lead": holed_ids(rng("lead ids"), sizes.leads, first=21),
        "deal": holed_ids(rng("deal ids"), sizes.deals, first=101),
        "quote": holed_ids(rng("quote ids"), sizes.quotes, first=5),
        "smart_invoice": holed_ids(rng("invoice ids"), sizes.invoices, first=3),
        **{key: holed_ids(rng(f"{key} ids"), sizes.smart_items, first=1, wild=False) for key in items},
        **own_ids,
    }
    store.load("status", own_rows(layout, "status") or statuses())
    store.load("category", own_rows(layout, "category") or categories())
    store.load("user", users(frame("user")))
    store.load("company", companies(frame("company")))
    store.load("contact", contacts(frame("contact")))
    store.load("lead", leads(frame("lead")))
    _load_deals(store, ids, rng("deal"))
    store.load("quote", quotes(frame("quote")))
    store.load("smart_invoice", invoices(frame("smart_invoice")))
    if layout.processes:
        store.load("crm_type", own_rows(layout, "crm_type") or types(), index=False)
    for key, make in items.items():
        # Some tens of rows are read as fast without indexes, and building those would cost more than the rows.
        store.load(key, make(frame(key, hours=50)), index=sizes.smart_items > _FEW)
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
    store.later(HISTORY, lambda: store.load(HISTORY, past(store)))
    fill("timeline_comment", comments)
    fill("activity", activities)
    fill("requisite", requisites)
    fill("address", addresses)
    fill("department", departments)
    fill("disk_storage", disk_storages)
    fill("disk_object", disk_objects)
    fill("task", lambda ids, rng: tasks(ids, rng, sizes.tasks))
    for key, make in SEEDS.items():
        fill(key, make)
    # The ids of tasks follow from their number.
    known = {**ids, "task": TASK_IDS[: sizes.tasks]}
    for key, make in (SETTINGS | CATALOG | SHOP | TASK_ITEMS | TEAMWORK | {"calendar_event": events}).items():
        fill(key, partial(_with, known, make))
    if currencies := own_rows(store.layout, "currency"):
        store.later("currency", lambda: store.load("currency", currencies, index=False))


def _with(
    known: Ids, make: Callable[[Ids, Random], list[dict[str, Any]]], ids: Ids, rng: Random
) -> list[dict[str, Any]]:
    """Rows that need to know more than the ids of what was made at once."""
    del ids
    return make(known, rng)


def _load_deals(store: Store, ids: Mapping[str, Sequence[int]], rng: Random) -> None:
    """Drawing values and binding them to a statement is what takes the time, so beyond a size the database copies."""
    wanted = ids["deal"]
    if len(wanted) <= MOST_DRAWN:
        store.load("deal", deals(Frame("deal", ids, rng, layout=store.layout)))
        return
    # Each model stands for the same share of the ids, so that the copies grow younger with their ids as it does.
    models = [wanted[place * len(wanted) // _MODELS] for place in range(_MODELS)]
    store.load("deal", deals(Frame("deal", {**ids, "deal": models}, rng, layout=store.layout)), index=False)
    store.multiply("deal", models, wanted)
