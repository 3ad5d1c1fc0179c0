"""Queries and writes in the words of REST 3.0, as its pages write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from b24orm.compiler import (
    Listing,
    check_condition,
    check_order,
    check_select,
    compile_add,
    compile_delete,
    compile_get,
    compile_list,
    compile_raw_list_v3,
    compile_update,
    json_v3,
)
from b24orm.errors import InvalidValue, QueryError, UnknownField, UnsupportedQuery
from b24orm.plan import plan_count, plan_list
from b24orm.query import Condition, Order, Q, Query
from b24orm.schema import entity

MOMENT = datetime(2026, 1, 30, 0, 0, 0, 250, tzinfo=UTC)


def checked(key: str, where: Q) -> Q:
    of = entity(key)
    children = tuple(
        check_condition(of, c) if isinstance(c, Condition) else checked(key, c)
        for c in where.children
        if isinstance(c, Q | Condition)
    )
    return Q.join(children, where.connector, negated=where.negated)


def listing(
    key: str, where: Q | None = None, *, order: str = "", select: tuple[str, ...] | None = None, **window: Any
) -> Listing:
    of = entity(key)
    return compile_list(
        of,
        "v3",
        Query(
            where=() if where is None else (checked(key, where),),
            order=(Order(*check_order(of, order)),) if order else (),
            select=None if select is None else tuple(check_select(of, name) for name in select),
            **window,
        ),
    )


def first(of: Listing) -> Any:
    command = plan_list(of).first[0]
    assert command.version == 3
    return dict(command.params)


# -- filters -----------------------------------------------------------------------------------------------------------

FILTERS: list[tuple[Q, list[Any]]] = [
    (Q(user_id=7), [["userId", "=", 7]]),
    (Q(audit_type_id="A", user_id__gt=7), [["auditTypeId", "=", "A"], ["userId", ">", 7]]),
    (Q(audit_type_id__ne="A"), [["auditTypeId", "!=", "A"]]),
    (Q(audit_type_id__in=["A", "B"]), [["auditTypeId", "in", ["A", "B"]]]),
    (
        Q(audit_type_id__not_in=["A", "B"]),
        [
            {
                "type": "filter",
                "logic": "and",
                "negative": True,
                "conditions": [["auditTypeId", "in", ["A", "B"]]],
            }
        ],
    ),
    (
        Q(timestamp_x__range=(MOMENT, datetime(2026, 1, 31, tzinfo=UTC))),
        [["timestampX", ">=", "2026-01-30T00:00:01+00:00"], ["timestampX", "<=", "2026-01-31T00:00:00+00:00"]],
    ),
    (
        Q(user_id=7) | Q(guest_id=0),
        [{"type": "filter", "logic": "or", "conditions": [["userId", "=", 7], ["guestId", "=", 0]]}],
    ),
    (
        Q(audit_type_id="A") & (Q(user_id=7) | Q(Q(user_id=8), guest_id=1)),
        [
            ["auditTypeId", "=", "A"],
            {
                "type": "filter",
                "logic": "or",
                "conditions": [
                    ["userId", "=", 7],
                    {"type": "filter", "logic": "and", "conditions": [["userId", "=", 8], ["guestId", "=", 1]]},
                ],
            },
        ],
    ),
    (~Q(audit_type_id="A"), [["auditTypeId", "!=", "A"]]),
    (Q(id__gte=5, id__lt=9), [["id", ">", 4], ["id", "<", 9]]),
    (Q(id__ne=5), [["id", "!=", 5]]),
]


@pytest.mark.parametrize(("where", "said"), FILTERS)
def test_a_filter_is_a_list_of_conditions_and_groups(where: Q, said: list[Any]) -> None:
    assert first(listing("event_log", where))["filter"] == said


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        (Q(user_id__isnull=True), "no way to ask for rows without a value"),
        (Q(user_id=None), "no way to ask for rows without a value"),
        (Q(user_id__ne=7), "not documented"),
        (~Q(user_id__gt=7), "not documented"),
        (Q(audit_type_id__contains="A"), "lookup 'contains'"),
        (Q(audit_type_id__startswith="A"), "lookup 'like'"),
        (Q(timestamp_x__gt=datetime(2026, 1, 30)), "time zone"),
        (Q(timestamp_x__gt=date(2026, 1, 30)), "time zone"),
        (Q(severity="x"), "cannot be filtered"),
    ],
)
def test_what_is_not_documented_is_refused_before_any_request(where: Q, reason: str) -> None:
    with pytest.raises(UnsupportedQuery, match=reason):
        listing("event_log", where)


def test_nothing_in_a_list_of_values_needs_no_request() -> None:
    assert plan_list(listing("event_log", Q(audit_type_id__in=[]))).strategy == "nothing"


def test_tasks_are_filtered_and_ordered_by_id_alone() -> None:
    assert first(listing("task", Q(id__gt=5), order="-id", select=("id",))) == {
        "select": ["id"],
        "filter": [["id", ">", 5]],
        "order": {"id": "DESC"},
        "pagination": {"limit": 1000},
    }
    with pytest.raises(UnsupportedQuery, match="does not filter Task by 'status', but by 'id'"):
        listing("task", Q(status=5))
    with pytest.raises(UnsupportedQuery, match="does not order Task by 'title', but by 'id'"):
        listing("task", order="title")


def test_a_list_that_needs_one_value_takes_one(  # timeman.record.list refuses two users
) -> None:
    assert first(listing("timeman_record", Q(user_id=7)))["filter"] == [["userId", "=", 7]]
    for where in (Q(), Q(user_id__in=[1, 2])):
        with pytest.raises(UnsupportedQuery, match="user_id"):
            listing("timeman_record", where)


# -- selects -----------------------------------------------------------------------------------------------------------


def test_values_inside_of_related_objects_are_selected_by_name() -> None:
    assert first(listing("task", select=("title", "responsible.name", "stage")))["select"] == [
        "id",
        "title",
        "responsible.name",
        "stage.id",
        "stage.title",
        "stage.color",
    ]


def test_all_fields_are_named_without_related_objects_and_what_is_written_only() -> None:
    chosen = first(listing("task"))["select"]
    assert {"id", "title", "creatorId", "created", "crmItemIds"} <= set(chosen)
    assert not {"responsible", "creator", "accomplices", "auditors"} & set(chosen)
    assert not [name for name in chosen if "." in name]


def test_other_lists_answer_all_fields_unasked() -> None:
    assert first(listing("event_log")) == {"order": {"id": "ASC"}, "pagination": {"limit": 1000}}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("responsible.nam", r"Task\.responsible has no 'nam'; did you mean 'name'"),
        ("title.name", r"Task\.title is no related object"),
        ("nobody.name", "has no field 'nobody'"),
    ],
)
def test_a_wrong_path_names_the_right_one(name: str, reason: str) -> None:
    with pytest.raises(UnknownField, match=reason):
        check_select(entity("task"), name)


def test_the_classic_dialect_selects_no_value_inside_of_an_object() -> None:
    with pytest.raises(UnsupportedQuery, match=r"responsible\.name.*only REST 3\.0"):
        compile_list(entity("task"), "default", Query(select=("responsible.name",)))


def test_what_is_written_only_is_not_selected() -> None:
    with pytest.raises(UnsupportedQuery, match="does not answer it as it is written"):
        listing("task", select=("accomplices",))


# -- pages -------------------------------------------------------------------------------------------------------------


def test_ids_are_named_in_one_condition() -> None:
    plan = plan_list(listing("event_log", Q(id__in=[5, 3, 9])))
    assert (plan.strategy, plan.requests) == ("by ids", "1")
    assert plan.first[0].params["filter"] == [["id", "in", [3, 5, 9]]]


def test_a_window_is_asked_for_by_its_offset_and_its_length() -> None:
    plan = plan_list(listing("event_log", offset=20, limit=10))
    assert plan.first[0].params["pagination"] == {"limit": 10, "offset": 20}
    assert plan.strategy == "pages"
    assert "the first page is found by its offset" in plan.reason


def test_another_order_takes_pages_by_offset_and_the_id_at_its_end() -> None:
    plan = plan_list(listing("event_log", order="-timestamp_x"))
    assert plan.first[0].params["order"] == {"timestampX": "DESC", "id": "DESC"}
    assert "the order is not by id" in plan.reason
    assert plan.requests.startswith("2 x (")
    assert "no range of ids" in plan_list(listing("timeman_record", Q(user_id=7))).reason


def test_rows_are_counted_by_reading_them() -> None:
    plan = plan_count(listing("event_log"))
    assert plan.strategy == "pages"
    assert "tells no total" in plan.reason


def test_a_cursor_of_the_methods_own_is_said_in_its_words() -> None:
    plan = plan_list(listing("note_collection"))
    assert plan.strategy == "cursor"
    assert "page by page" not in plan.reason
    assert plan.first[0].params == {"pagination": {"limit": 200}}
    assert plan.first[0].version == 3


def test_plans_say_for_which_version_a_command_is() -> None:
    assert "1. REST 3.0 main.eventlog.list {" in str(plan_list(listing("event_log")))


# -- one row -----------------------------------------------------------------------------------------------------------


def test_one_row_is_got_by_its_id() -> None:
    get = compile_get(entity("event_log"), "v3", Query(where=(Q(id=5),)))
    assert get is not None
    assert (get.command.method, get.command.params, get.command.version) == ("main.eventlog.get", {"id": 5}, 3)


def test_a_task_is_created_in_the_words_of_rest_3() -> None:
    command = compile_add(
        entity("task"),
        "v3",
        {
            "title": "x",
            "responsible_id": 7,
            "priority": 2,
            "status": 3,
            "deadline": MOMENT,
            "task_control": True,
            "group_id": None,
            "accomplices": [1, 2],
        },
        caller=9,
    )
    assert (command.method, command.version, command.replay) == ("tasks.task.add", 3, "never")
    assert command.params == {
        "fields": {
            "title": "x",
            "responsibleId": 7,
            "priority": "high",
            "status": "in_progress",
            "deadline": "2026-01-30T00:00:00+00:00",
            "needsControl": True,
            "groupId": None,
            "accomplices": [1, 2],
            "creatorId": 9,
        }
    }


def test_a_creator_who_is_named_is_not_replaced() -> None:
    command = compile_add(entity("task"), "v3", {"title": "x", "created_by": 3}, caller=9)
    assert command.params["fields"]["creatorId"] == 3


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"title": "x"}, "without created_by"),
        ({"title": "x", "created_by": 1, "mark": "P"}, r"does not write Task\.mark"),
        ({"title": "x", "created_by": 1, "uf_auto_1": "P"}, "does not exist in the 'v3' dialect"),
        ({"title": "x", "created_by": 1, "priority": 9}, "no word for 9"),
        ({"title": "x", "created_by": 1, "deadline": datetime(2026, 1, 1)}, "time zone"),
        ({"title": object(), "created_by": 1}, "cannot be sent"),
    ],
)
def test_what_rest_3_cannot_write_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnsupportedQuery, match=reason):
        compile_add(entity("task"), "v3", values)


def test_a_task_is_changed_and_deleted_by_its_id() -> None:
    command = compile_update(entity("task"), "v3", 5, {"title": "x"}, {})
    assert (command.params, command.replay) == ({"id": 5, "fields": {"title": "x"}}, "safe")
    deletion = compile_delete(entity("task"), "v3", 5, {})
    # A task that is gone is answered like one that nobody may touch, so that a second deletion tells nothing.
    assert (deletion.params, deletion.replay, deletion.version) == ({"id": 5}, "never", 3)
    with pytest.raises(UnsupportedQuery, match="created_by on create only"):
        compile_update(entity("task"), "v3", 5, {"created_by": 3}, {})


# -- values ------------------------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = "red"


def test_values_are_spelled_as_json_has_them() -> None:
    given = {
        "a": True,
        "b": None,
        "c": Decimal("1.50"),
        "d": Decimal(3),
        "e": 2.5,
        "f": Colour.RED,
        "g": date(2026, 1, 2),
        "h": [MOMENT, {"i": "Ж"}],
        "j": Decimal("0.1234567890123456789"),
    }
    assert json_v3(given) == {
        "a": True,
        "b": None,
        "c": 1.5,
        "d": 3,
        "e": 2.5,
        "f": "red",
        "g": "2026-01-02",
        "h": ["2026-01-30T00:00:00+00:00", {"i": "Ж"}],
        "j": "0.1234567890123456789",
    }


@pytest.mark.parametrize("value", [float("nan"), Decimal("inf"), "\ud800", object(), datetime(2026, 1, 1)])
def test_a_value_that_cannot_be_sent_is_named_by_its_place(value: Any) -> None:
    with pytest.raises(InvalidValue, match=r"params\[filter\]\[0\]"):
        json_v3({"filter": [value]})


# -- raw lists ---------------------------------------------------------------------------------------------------------


def test_raw_lists_that_a_schema_describes_are_read_as_it_says() -> None:
    given = compile_raw_list_v3(
        "main.eventlog.list", {"filter": [["userId", 7]], "select": ["userId"], "order": {"id": "desc"}}
    )
    assert first(given) == {
        "filter": [["userId", 7]],
        "select": ["id", "userId"],
        "order": {"id": "DESC"},
        "pagination": {"limit": 1000},
    }
    assert given.by_id
    assert given.descending


def test_raw_lists_keep_an_order_of_the_users_own() -> None:
    given = compile_raw_list_v3("main.eventlog.list", {"order": {"userId": "ASC"}})
    assert first(given)["order"] == {"userId": "ASC", "id": "ASC"}
    assert not given.by_id


def test_tails_are_read_by_their_cursor() -> None:
    given = compile_raw_list_v3("main.eventlog.tail", {"select": ["userId"], "filter": [["userId", ">", 1]]})
    plan = plan_list(given)
    assert plan.strategy == "cursor"
    assert plan.first[0].params == {
        "select": ["id", "userId"],
        "filter": [["userId", ">", 1]],
        "cursor": {"field": "id", "order": "ASC", "value": -1, "limit": 1000},
    }
    assert given.command(above=55).params["cursor"]["value"] == 55


def test_raw_lists_of_unknown_methods_are_read_by_offset_as_they_come() -> None:
    given = compile_raw_list_v3("humanresources.node.list", {"type": "TEAM"})
    assert first(given) == {"type": "TEAM", "pagination": {"limit": 1000}}
    assert not given.by_id


@pytest.mark.parametrize(
    ("method", "params", "kind"),
    [
        ("main.eventlog.list", {"pagination": {"limit": 5}}, UnsupportedQuery),
        ("main.eventlog.tail", {"cursor": {"limit": 5}}, UnsupportedQuery),
        ("main.eventlog.tail", {"order": {"id": "ASC"}}, UnsupportedQuery),
        ("main.eventlog.list", {"filter": {"id": 5}}, InvalidValue),
        ("main.eventlog.list", {"select": "id"}, InvalidValue),
        ("main.eventlog.list", {"order": ["id"]}, InvalidValue),
        ("main.eventlog.list", {"order": {"id": "up"}}, InvalidValue),
        ("main.eventlog.list", ["id"], InvalidValue),
        ("main eventlog", {}, InvalidValue),
    ],
)
def test_raw_lists_refuse_what_they_cannot_do(method: str, params: Any, kind: type[QueryError]) -> None:
    with pytest.raises(kind):
        compile_raw_list_v3(method, params)
