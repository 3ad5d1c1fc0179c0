from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from b24orm.command import Command
from b24orm.compiler import Bounds, Grammar, Listing, compile_list, compile_raw_list
from b24orm.errors import UnsupportedQuery
from b24orm.plan import PAGES_PER_BATCH, Plan, chain, plan_count, plan_get, plan_list
from b24orm.query import Order, Q, Query
from b24orm.schema import Cursor, Dialect, Entity, Paging, entity

FIXED = {"entityTypeId": 2, "useOriginalUfNames": "Y"}


def listing(key: str = "deal", api: str = "item", **query: Any) -> Listing:
    where = query.pop("where", None)
    order = tuple(Order(name.lstrip("-"), name.startswith("-")) for name in query.pop("order", ()))
    return compile_list(entity(key), api, Query(where=() if where is None else (where,), order=order, **query))


def journal(*, cheap: bool = False, **more: Any) -> Listing:
    """A list of a method that takes no order."""
    grammar = Grammar("journal", refuses_broken_bounds=cheap)
    return Listing("test.journal", grammar, Paging(mode="keyset", order="desc"), "ID", descending=True, **more)


NOTHING = ("nothing", "0", "0", 0)
CHAT = compile_raw_list("im.dialog.messages.get", {"DIALOG_ID": "chat5"})
NOTES = Listing(
    "note.collection.list",
    Grammar("notes"),
    Paging(
        mode="cursor",
        size=200,
        cursor=Cursor(after="pagination.afterCursor", next="nextCursor", size="pagination.limit"),
    ),
    "id",
    rows_path="items",
)
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
        compile_raw_list("some.thing.list", None),
        ("counted", "1 + N/2500", "1 + N/50", 1),
    ),
    ("a known raw method", compile_raw_list("tasks.task.list", None), ("keyset", "1 + N/2500", "2 + N/50", 2)),
    (
        "a known raw method without an id filter",
        compile_raw_list("department.get", None),
        ("counted", "1 + 2 x N/2500", "2 x N/50", 1),
    ),
    ("a chat", CHAT, ("cursor", "1 + N/2500", "1 + N/50", 1)),
    ("a page of a chat", CHAT.windowed(0, 50), ("cursor", "1", "1", 1)),
    ("a few pages of a chat", CHAT.windowed(0, 51), ("cursor", "1 + min(N, 51)/2500", "1 + min(N, 51)/50", 1)),
    ("a window of a chat", CHAT.windowed(40, 20), ("cursor", "1 + min(N, 60)/2500", "1 + min(N, 60)/50", 1)),
    (
        "a chat in words no batch can carry",
        compile_raw_list("im.dialog.messages.get", {"DIALOG_ID": "$result[a]"}),
        ("cursor", "1 + N/50", "1 + N/50", 1),
    ),
    ("nothing of a chat", compile_raw_list("im.dialog.messages.get", {"FIRST_ID": 5, "LAST_ID": 6}), NOTHING),
    ("positions in answers", NOTES, ("cursor", "1 + N/200", "1 + N/200", 1)),
    ("a page of positions in answers", NOTES.windowed(0, 200), ("cursor", "1", "1", 1)),
    ("one order only", journal(), ("cursor", "12 + N/2500", "5 + 1.25 x N/50", 1)),
    ("one order only, cheap ends", journal(cheap=True), ("cursor", "1 + N/2500", "1 + N/50", 1)),
    ("one order only, a chain", journal(cheap=True, limit=120), ("chain", "1", "3", 3)),
    ("one order only, a page", journal(limit=50), ("one page", "1", "1", 1)),
    ("one order only, ids", journal(ids=(1, 2)), ("by ids", "1", "1", 1)),
    (
        "one order only, an offset",
        journal(offset=10),
        ("offset", "2 + (N - offset)/2500", "2 + (N - offset)/50", 1),
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
    assert {c.params["start"] for c in up.first} == {0}


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


REASONS = [
    (
        compile_raw_list("some.thing.list", None),
        "counted pages: nothing is known of some.thing.list but that lists tell a total",
    ),
    (
        compile_raw_list("lists.element.get", None),
        "counted pages: lists.element.get has no range of ids in its filter; "
        "all pages are read again at the end, ids only, to show that no row moved",
    ),
    (
        listing(order=["title"]),
        "counted pages: the order is not by id, so that ids cannot lead from page to page; "
        "all pages are read again at the end, ids only, to show that no row moved",
    ),
    (
        listing(order=["-id"]),
        "keyset by id, downwards, without counting: both ends first, then lanes of up to 50 chained pages a batch",
    ),
    (
        CHAT.windowed(10, None),
        "cursor: im.dialog.messages.get has no filter and no offsets, but reads on behind an id (LAST_ID), the newest "
        "first; after the first page, a chain of pages a batch; the rows before the window are read and dropped",
    ),
    (NOTES, "cursor: each answer of note.collection.list names the place of the next page (nextCursor)"),
    (
        journal(),
        "keyset by id without counting, from one end, a chain of pages a batch; "
        "test.journal takes no order and sends the newest first",
    ),
    (
        journal(cheap=True, limit=120),
        "120 rows in one chain of 3 pages by id; test.journal takes no order and sends the newest first",
    ),
]


@pytest.mark.parametrize(("listing", "reason"), REASONS)
def test_a_reason_names_the_limitation_that_decides(listing: Listing, reason: str) -> None:
    assert plan_list(listing).reason == reason


@pytest.mark.parametrize(
    ("listing", "commands"),
    [
        (CHAT, [{"DIALOG_ID": "chat5", "LIMIT": 50}]),
        (CHAT.windowed(0, 7), [{"DIALOG_ID": "chat5", "LIMIT": 7}]),
        (
            compile_raw_list("im.dialog.messages.get", {"DIALOG_ID": "chat5", "LAST_ID": 900, "FIRST_ID": 3}),
            [{"DIALOG_ID": "chat5", "LAST_ID": 900, "LIMIT": 50}],
        ),
        (NOTES, [{"pagination": {"limit": 200}}]),
        (journal(), [{"start": -1}]),
        (
            compile_raw_list("tasks.task.list", {"filter": {"REAL_STATUS": 2, ">ID": 5}, "select": ["TITLE"]}),
            [
                {
                    "select": ["ID", "TITLE"],
                    "filter": {"REAL_STATUS": 2, ">ID": 5},
                    "start": -1,
                    "order": {"ID": direction},
                }
                for direction in ("ASC", "DESC")
            ],
        ),
        (compile_raw_list("department.get", {"PARENT": 1}), [{"PARENT": 1, "start": 0, "sort": "ID", "order": "ASC"}]),
    ],
)
def test_the_first_commands_are_said_in_the_words_of_the_method(
    listing: Listing, commands: list[dict[str, Any]]
) -> None:
    assert [c.params for c in plan_list(listing).first] == commands


def test_a_chain_of_a_cursor_leans_on_the_last_row_in_the_parameter_of_the_position() -> None:
    commands = chain(CHAT, above=None, below=900, pages=2, page_size=50)
    assert [unnumbered(c)[1] for c in commands] == [
        {"DIALOG_ID": "chat5", "LAST_ID": 900, "LIMIT": 50},
        {"DIALOG_ID": "chat5", "LAST_ID": "$result[c1p0][messages][49][id]", "LIMIT": 50},
    ]


def test_a_reference_names_the_id_as_rows_do_and_the_filter_as_filters_do() -> None:
    commands = chain(compile_raw_list("tasks.task.list", None), above=3, below=None, pages=2, page_size=50)
    assert [unnumbered(c)[1]["filter"] for c in commands] == [{">ID": 3}, {">ID": "$result[c1p0][tasks][49][id]"}]


def test_counting_a_list_that_tells_no_total_reads_it() -> None:
    plan = plan_count(CHAT)
    assert (plan.strategy, plan.requests) == ("cursor", "1 + N/2500")
    assert plan.reason == "im.dialog.messages.get tells no total: all rows are read and counted here"


# -- entities whose method can do less ---------------------------------------------------------------------------------


def limited(**paging: Any) -> Entity:
    """Users, as if their method could do no more than *paging* says."""
    users = entity("user")
    spec = users.dialects["default"]
    changed = Dialect.model_validate({**spec.model_dump(), "paging": paging})
    return users.model_copy(update={"dialects": {"default": changed}})


def compiled(users: Entity, *, order: tuple[Order, ...] = (), **query: Any) -> Listing:
    return compile_list(users, "item", Query(order=order, **query))


def test_without_an_order_of_its_own_a_query_takes_the_only_one_the_method_has() -> None:
    users = limited(mode="keyset", order="desc")
    for order in ((), (Order("id", True),)):
        plan = plan_list(compiled(users, order=order))
        assert plan.strategy == "cursor"
        assert [c.params for c in plan.first] == [{"start": -1}]
        assert plan.listing is not None
        assert plan.listing.descending


@pytest.mark.parametrize(
    ("direction", "order", "possible"),
    [
        ("desc", Order("id", False), "the newest first"),
        ("desc", Order("last_name", False), '"-id"'),
        ("asc", Order("id", True), "the oldest first"),
        ("asc", Order("last_name", True), '"id"'),
    ],
)
def test_another_order_than_the_only_one_is_refused_and_the_message_says_what_is_possible(
    direction: str, order: Order, possible: str
) -> None:
    with pytest.raises(UnsupportedQuery, match="takes no order") as caught:
        compiled(limited(mode="keyset", order=direction), order=(order,))
    assert possible in str(caught.value)


def test_to_go_on_goes_on_in_the_only_direction_there_is() -> None:
    for direction, bounds in (("asc", Bounds(above=40)), ("desc", Bounds(below=40))):
        assert compiled(limited(mode="keyset", order=direction), after=40).bounds == bounds


def test_a_range_of_ids_cannot_be_said_to_a_method_that_has_none_in_its_filter() -> None:
    with pytest.raises(UnsupportedQuery, match="no range of ids"):
        compiled(limited(mode="counted"), where=(Q(id__gt=5),))


def test_named_rows_cannot_be_asked_of_a_cursor() -> None:
    users = limited(mode="cursor", order="asc", cursor={"after": "AFTER"})
    assert [c.params for c in plan_list(compiled(users, where=(Q(id__gt=5),))).first] == [{"AFTER": 5}]
    with pytest.raises(UnsupportedQuery, match="named rows"):
        compiled(users, where=(Q(id__in=[5, 6]),))


@pytest.mark.parametrize(
    "words",
    [
        {"mode": "cursor"},
        {"mode": "keyset", "cursor": {"after": "AFTER"}},
        {"mode": "cursor", "cursor": {"after": "AFTER"}},
        {"mode": "cursor", "cursor": {"after": ""}, "order": "asc"},
    ],
)
def test_a_schema_says_of_a_cursor_all_that_is_needed(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Paging.model_validate(words)
