from __future__ import annotations

import json
import re
from typing import Any

import pytest

from b24orm.command import Command
from b24orm.compiler import Listing, compile_list, compile_raw_list
from b24orm.plan import PAGES_PER_BATCH, Plan, chain, plan_count, plan_get, plan_list
from b24orm.query import Order, Q, Query
from b24orm.schema import entity

FIXED = {"entityTypeId": 2, "useOriginalUfNames": "Y"}


def listing(key: str = "deal", api: str = "item", **query: Any) -> Listing:
    where = query.pop("where", None)
    order = tuple(Order(name.lstrip("-"), name.startswith("-")) for name in query.pop("order", ()))
    return compile_list(entity(key), api, Query(where=() if where is None else (where,), order=order, **query))


IDS_120 = Q(id__in=range(1, 121))
TOO_LARGE = Q(source_id__in=[str(n) for n in range(1000)])

PLANS: list[tuple[str, Listing, tuple[str, str, str, int]]] = [
    ("all", listing(), ("keyset", "1 + N/2500", "2 + N/50", 2)),
    ("all, downwards", listing(order=["-id"]), ("keyset", "1 + N/2500", "2 + N/50", 2)),
    ("a filter", listing(where=Q(stage_id="NEW")), ("keyset", "1 + N/2500", "2 + N/50", 2)),
    ("an open id range", listing(where=Q(id__gt=5)), ("keyset", "1 + N/2500", "2 + N/50", 2)),
    ("many", listing(limit=2501), ("keyset", "1 + min(N, 2501)/2500", "2 + min(N, 2501)/50", 2)),
    ("one", listing(limit=1), ("one page", "1", "1", 1)),
    ("a page", listing(limit=50), ("one page", "1", "1", 1)),
    ("a page in a foreign order", listing(limit=50, order=["title"]), ("one page", "1", "1", 1)),
    ("a page of ids in a foreign order", listing(limit=5, order=["title"], where=IDS_120), ("one page", "1", "1", 1)),
    ("a page and a row", listing(limit=51), ("chain", "1", "2", 2)),
    ("a batch", listing(limit=2500), ("chain", "1", "50", 50)),
    ("nothing by limit", listing(limit=0), ("nothing", "0", "0", 0)),
    ("nothing by filter", listing(where=Q(stage_id__in=[])), ("nothing", "0", "0", 0)),
    ("nothing by id range", listing(where=Q(id__gt=5, id__lt=6)), ("nothing", "0", "0", 0)),
    ("nothing by ids and range", listing(where=Q(id__in=[1, 2], id__gt=2)), ("nothing", "0", "0", 0)),
    ("nothing without an id", listing(where=Q(id=None)), ("nothing", "0", "0", 0)),
    ("one id", listing(where=Q(id=7)), ("by ids", "1", "1", 1)),
    ("120 ids", listing(where=IDS_120), ("by ids", "1", "3", 3)),
    ("2600 ids", listing(where=Q(id__in=range(1, 2601))), ("by ids", "2", "52", 50)),
    (
        "ids in a foreign order",
        listing(where=IDS_120, order=["title"]),
        ("counted", "1 + 2 x N/2500", "2 x N/50", 1),
    ),
    ("a foreign order", listing(order=["title"]), ("counted", "1 + 2 x N/2500", "2 x N/50", 1)),
    ("an offset", listing(offset=10), ("offset", "2 + (N - offset)/2500", "2 + (N - offset)/50", 1)),
    ("a window on one page", listing(offset=10, limit=40), ("offset", "1", "1", 1)),
    (
        "a window on two pages",
        listing(offset=10, limit=41),
        ("offset", "2 + min(N - offset, 41)/2500", "2 + min(N - offset, 41)/50", 1),
    ),
    ("a huge filter", listing(where=TOO_LARGE), ("sequential", "1 + N/50", "1 + N/50", 1)),
    (
        "a huge filter, limited",
        listing(where=TOO_LARGE, limit=90),
        ("sequential", "1 + min(N, 90)/50", "1 + min(N, 90)/50", 1),
    ),
    ("a huge filter, one page", listing(where=TOO_LARGE, limit=9), ("one page", "1", "1", 1)),
    ("text like a reference", listing(where=Q(title="$result[a][0]")), ("sequential", "1 + N/50", "1 + N/50", 1)),
    ("a dictionary", listing("status"), ("whole", "1", "1", 1)),
    ("classic", listing(api="classic"), ("keyset", "1 + N/2500", "2 + N/50", 2)),
    ("users", listing("user"), ("keyset", "1 + N/2500", "2 + N/50", 2)),
    (
        "users by name",
        listing("user", order=["last_name"]),
        ("counted", "1 + 2 x N/2500", "2 x N/50", 1),
    ),
    (
        "an unknown raw method",
        compile_raw_list("tasks.task.list", None),
        ("counted", "1 + N/2500", "1 + N/50", 1),
    ),
    ("a raw method that tells all", compile_raw_list("crm.currency.list", None), ("whole", "1", "1", 1)),
]


@pytest.mark.parametrize(("listing", "expected"), [case[1:] for case in PLANS], ids=[case[0] for case in PLANS])
def test_each_listing_has_its_strategy_and_its_price(listing: Listing, expected: tuple[str, str, str, int]) -> None:
    plan = plan_list(listing)
    assert (plan.strategy, plan.requests, plan.commands, len(plan.first)) == expected
    assert plan.reason
    assert plan.listing == listing


def unnumbered(command: Command) -> Any:
    """The command with the running number of its chain replaced by 1."""
    text = json.dumps([command.method, command.params, command.key], ensure_ascii=False)
    return tuple(json.loads(re.sub(r"\bc\d+p", "c1p", text)))


def test_a_keyset_plan_begins_at_both_ends() -> None:
    plan = plan_list(listing(where=Q(stage_id="NEW", id__gt=5)))
    where = {"=stageId": "NEW", ">id": 5}
    base = {**FIXED, "select": ["*"], "filter": where, "start": -1}
    assert [c.params for c in plan.first] == [{**base, "order": {"id": "ASC"}}, {**base, "order": {"id": "DESC"}}]
    down = plan_list(listing(order=["-id"]))
    assert [c.params["order"] for c in down.first] == [{"id": "DESC"}, {"id": "ASC"}]


def test_a_chain_leans_on_the_last_row_of_the_page_before() -> None:
    plan = plan_list(listing(limit=120, where=Q(id__gt=5, id__lt=900), select=("id",)))
    base = {**FIXED, "select": ["id"], "order": {"id": "ASC"}, "start": -1}
    assert [unnumbered(c) for c in plan.first] == [
        ("crm.item.list", {**base, "filter": {">id": 5, "<id": 900}}, "c1p0"),
        ("crm.item.list", {**base, "filter": {">id": "$result[c1p0][items][49][id]", "<id": 900}}, "c1p1"),
        ("crm.item.list", {**base, "filter": {">id": "$result[c1p1][items][49][id]", "<id": 900}}, "c1p2"),
    ]


def test_a_chain_downwards_moves_the_upper_bound() -> None:
    commands = chain(listing(order=["-id"], where=Q(id__gt=5)), above=None, below=100, pages=2, page_size=50)
    assert [unnumbered(c)[1]["filter"] for c in commands] == [
        {">id": 5, "<id": 100},
        {">id": 5, "<id": "$result[c1p0][items][49][id]"},
    ]


def test_a_classic_chain_has_its_rows_at_the_top_of_the_result() -> None:
    commands = chain(listing(api="classic"), above=3, below=None, pages=2, page_size=50)
    assert [unnumbered(c)[1]["filter"] for c in commands] == [{">ID": 3}, {">ID": "$result[c1p0][49][ID]"}]


def test_chains_never_share_their_names() -> None:
    keys = [c.key for _ in range(3) for c in chain(listing(), above=None, below=None, pages=3, page_size=50)]
    assert len(set(keys)) == 9
    assert not any(key is None or key.isdigit() for key in keys)


def test_ids_go_50_a_command_in_reading_order() -> None:
    up, down = plan_list(listing(where=IDS_120)), plan_list(listing(where=IDS_120, order=["-id"]))
    assert [c.params["filter"]["@id"] for c in up.first] == [
        list(range(1, 51)),
        list(range(51, 101)),
        list(range(101, 121)),
    ]
    assert down.first[0].params["filter"]["@id"] == list(range(120, 70, -1))
    assert {c.params["start"] for c in up.first} == {-1}


def test_counted_pages_begin_at_the_page_of_the_offset() -> None:
    assert plan_list(listing(offset=120)).first[0].params["start"] == 100
    assert plan_list(listing(order=["title"])).first[0].params["start"] == 0


@pytest.mark.parametrize(
    ("listing", "strategy", "params"),
    [
        (
            listing(where=Q(stage_id="NEW")),
            "count",
            {**FIXED, "select": ["id"], "filter": {"=stageId": "NEW"}, "order": {"id": "ASC"}, "start": 0},
        ),
        (
            listing(where=Q(id__in=[3, 2])),
            "count",
            {**FIXED, "select": ["id"], "filter": {"@id": [2, 3]}, "order": {"id": "ASC"}, "start": 0},
        ),
        (
            listing("user"),
            "count",
            {"sort": "ID", "order": "ASC", "start": 0},
        ),
        (listing("status", where=Q(entity_id="SOURCE")), "whole", {"filter": {"ENTITY_ID": "SOURCE"}}),
    ],
)
def test_counting_takes_one_command(listing: Listing, strategy: str, params: dict[str, Any]) -> None:
    plan = plan_count(listing)
    assert (plan.strategy, plan.requests, plan.commands) == (strategy, "1", "1")
    assert [c.params for c in plan.first] == [params]


def test_counting_nothing_takes_none() -> None:
    assert plan_count(listing(where=Q(id__in=[]))).strategy == "nothing"


def test_a_get_is_one_command_that_shares_a_request() -> None:
    plan = plan_get(Command("crm.item.get", {**FIXED, "id": 5}))
    assert (plan.strategy, plan.commands) == ("get", "1")
    assert plan.listing is None


def test_a_plan_reads_like_an_explanation() -> None:
    assert str(plan_list(listing(where=Q(title="Ж"), limit=5, select=("title",)))) == (
        "strategy: one page - 5 rows fit on one page of 50; no counting\n"
        "requests: 1\n"
        "commands: 1\n"
        '1. crm.item.list {"entityTypeId": 2, "useOriginalUfNames": "Y", "select": ["id", "title"], '
        '"filter": {"=title": "Ж"}, "start": -1, "order": {"id": "ASC"}}'
    )


def test_a_plan_without_commands_says_why() -> None:
    assert str(plan_list(listing(limit=0))) == "strategy: nothing - no row can match\nrequests: 0\ncommands: 0"


def test_a_batch_is_never_planned_longer_than_the_portal_takes() -> None:
    assert PAGES_PER_BATCH == 50
    assert all(len(plan_list(case[1]).first) <= PAGES_PER_BATCH for case in PLANS)


def test_plans_are_values() -> None:
    assert Plan("nothing", "x", "0", "0") == Plan("nothing", "x", "0", "0")


def test_a_classic_list_with_a_limit_is_not_one_long_chain() -> None:
    query = Query(limit=1000)
    assert plan_list(compile_list(entity("deal"), "item", query)).strategy == "chain"
    assert plan_list(compile_list(entity("deal"), "classic", query)).strategy == "keyset"
