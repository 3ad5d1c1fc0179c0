"""The filter grammar: api-reference/rest-v3.md, "Filtering"."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox import Sandbox

INVALID = (400, "INVALIDFILTEREXCEPTION")
REQUEST = (400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")


@pytest.fixture
def found(ask: Any) -> Any:
    async def read(sandbox: Sandbox, condition: Any, method: str = "tasks.task.list") -> list[int]:
        params = {"select": ["id"], "filter": condition, "pagination": {"limit": 1000}}
        return [row["id"] for row in (await ask(sandbox, method, params))["items"]]

    return read


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ([["id", 45]], [45]),
        ([["id", "=", 45]], [45]),
        ([["id", [45, 47, 46]]], [45, 47]),
        ([["id", "in", [47, 45]]], [45, 47]),
        ([["id", "<", 45]], [41, 43]),
        ([["id", "<=", 45]], [41, 43, 45]),
        ([["id", ">", 41], ["id", "<", 49]], [43, 45, 47]),
        ([["id", ">=", 155]], [155, 157, 159]),
        ([["id", "between", [43, 47]]], [43, 45, 47]),
        ([["id", "in", []]], []),
        ([["id", "=", None]], []),
        ([["id", "<=", 45], ["id", "!=", 43]], [41, 45]),
        ([["id", "<=", 45], {"logic": "or", "conditions": [["id", [41, 42]], ["id", "in", [45, 99]]]}], [41, 45]),
        ([{"logic": "and", "conditions": [["id", ">", 41], ["id", "<", 45]]}], [43]),
        ([["id", "<", 47], {"logic": "and", "negative": True, "conditions": [["id", "in", [41, 45]]]}], [43]),
        ([{"type": "filter", "logic": "or", "conditions": [["id", 41], ["id", 43]]}], [41, 43]),
        ([{"type": "condition", "leftOperand": "id", "operator": "<", "rightOperand": 43}], [41]),
        ([{"type": "condition", "leftOperand": "id", "rightOperand": 43}], [43]),
        (
            [
                {
                    "logic": "or",
                    "conditions": [
                        ["id", 159],
                        {"type": "filter", "logic": "and", "conditions": [["id", ">", 41], ["id", "<", 47]]},
                    ],
                }
            ],
            [43, 45, 159],
        ),
        ([{"conditions": [["id", 41]]}], [41]),
    ],
)
async def test_conditions_are_anded_and_groups_say_or_and_and_not(
    portal: Sandbox, found: Any, condition: Any, expected: list[int]
) -> None:
    assert await found(portal, condition) == expected


async def test_no_filter_and_an_empty_one_let_everything_pass(portal: Sandbox, found: Any) -> None:
    everything = portal.ids("task")[:50]
    assert (
        await found(portal, []) == await found(portal, None) == await found(portal, [["id", "!=", None]]) == everything
    )


async def test_text_is_compared_whatever_its_case(portal: Sandbox, found: Any) -> None:
    log = "main.eventlog.list"
    logins = await found(portal, [["auditTypeId", "user_authorize"]], log)
    assert logins
    assert logins == await found(portal, [["auditTypeId", "in", ["USER_AUTHORIZE"]]], log)
    others = await found(portal, [["auditTypeId", "!=", "USER_AUTHORIZE"]], log)
    assert sorted(logins + others) == portal.ids("event_log")


async def test_moments_are_compared_as_moments(portal: Sandbox, found: Any) -> None:
    log = "main.eventlog.list"
    rows = {one: portal.row("event_log", one)["timestamp_x"] for one in portal.ids("event_log")}  # type: ignore[index]
    edge = "2026-01-21T12:00:00+03:00"
    late = [one for one, moment in rows.items() if moment >= edge]
    assert late
    assert len(late) < len(rows)
    assert await found(portal, [["timestampX", ">=", "2026-01-21T09:00:00+00:00"]], log) == late
    assert await found(portal, [["timestampX", ">=", "2026-01-21T09:00:00Z"]], log) == late
    between = ["2026-01-21T11:00:00+05:00", "2026-01-21T14:00:00+05:00"]
    inside = [one for one, moment in rows.items() if "2026-01-21T09:00:00+03:00" <= moment <= edge]
    assert await found(portal, [["timestampX", "between", between]], log) == inside


async def test_a_filter_of_thousands_of_conditions_is_read(portal: Sandbox, found: Any) -> None:
    many = [["id", number] for number in range(41, 3000)]
    assert await found(portal, [{"logic": "or", "conditions": many}]) == portal.ids("task")[:50]
    assert await found(portal, [["id", "in", list(range(41, 60_000))]]) == portal.ids("task")[:50]


@pytest.mark.parametrize(
    "condition",
    [
        {"id": 1},
        {">id": 1},
        "id",
        7,
        [[]],
        [["id"]],
        [["id", "=", 1, 2]],
        [[5, "=", 1]],
        ["id"],
        [None],
        [["id", "=", [1]]],
        [["id", ">", [1]]],
        [["id", "in", 5]],
        [["id", "in", [[1]]]],
        [["id", "between", [1, 2, 3]]],
        [["id", "between", [1]]],
        [["id", "between", [0, 50]]],
        [["id", "between", [1, ""]]],
        [["id", "between", 5]],
        [{"logic": "xor", "conditions": [["id", 1]]}],
        [{"logic": "OR", "conditions": [["id", 1]]}],
        [{"logic": "or"}],
        [{"logic": "or", "conditions": []}],
        [{"logic": "or", "conditions": {"id": 1}}],
        [{"logic": "and", "negative": "Y", "conditions": [["id", 1]]}],
        [{"logic": "or", "conditions": [{"logic": "and", "conditions": [["id", 1]]}]}],
        [{"type": "other", "conditions": [["id", 1]]}],
        [{"type": "condition", "operator": "=", "rightOperand": 1}],
        [{"type": "condition", "leftOperand": {"expression": "length", "parameters": "id"}, "rightOperand": 1}],
    ],
)
async def test_what_is_no_filter_is_refused(portal: Sandbox, refused: Any, condition: Any) -> None:
    assert (await refused(portal, "tasks.task.list", {"filter": condition}))[:2] == INVALID


async def test_between_is_for_numbers_and_moments_only(portal: Sandbox, refused: Any) -> None:
    words = {"filter": [["auditTypeId", "between", ["A", "B"]]]}
    assert (await refused(portal, "main.eventlog.list", words))[:2] == INVALID


@pytest.mark.parametrize("operator", ["like", "%", "not in", "IN", "<>", "==", "", None, 5])
async def test_any_other_operator_is_unknown(portal: Sandbox, refused: Any, operator: Any) -> None:
    answer = await refused(portal, "tasks.task.list", {"filter": [["id", operator, 5]]})
    assert answer[:2] == (400, "UNKNOWNFILTEROPERATOREXCEPTION")


async def test_an_unknown_field_is_refused(portal: Sandbox, refused: Any) -> None:
    for name in ("ID", "stage", "responsible.id", ""):
        answer = await refused(portal, "tasks.task.list", {"filter": [[name, "=", 5]]})
        assert answer[:2] == (400, "UNKNOWNDTOPROPERTYEXCEPTION") or name == "stage"


async def test_only_filterable_fields_can_be_asked_about(portal: Sandbox, refused: Any) -> None:
    answer = await refused(portal, "tasks.task.list", {"filter": [["title", "=", "x"]]})
    assert answer[:2] == REQUEST
    assert "`Filterable`" in answer[2]["title"]
    assert "`TaskDto`" in answer[2]["title"]


@pytest.mark.parametrize(
    ("method", "condition", "kind"),
    [
        ("tasks.task.list", ["id", "=", "5"], "int"),
        ("tasks.task.list", ["id", "in", [5, "6"]], "int"),
        ("tasks.task.list", ["id", ">", 5.5], "int"),
        ("tasks.task.list", ["id", "=", True], "int"),
        ("tasks.task.list", ["id", ">", None], "int"),
        ("tasks.task.list", ["id", "=", 10**30], "int"),
        ("main.eventlog.list", ["timestampX", ">", "2026-01-30"], "DateTime"),
        ("main.eventlog.list", ["timestampX", ">", "2026-01-30T00:00:00.000+03:00"], "DateTime"),
        ("main.eventlog.list", ["timestampX", ">", "2026-01-30T00:00:00"], "DateTime"),
        ("main.eventlog.list", ["timestampX", ">", "2026-13-30T00:00:00+03:00"], "DateTime"),
        ("main.eventlog.list", ["timestampX", ">", 5], "DateTime"),
        ("main.eventlog.list", ["auditTypeId", "=", 5], "string"),
    ],
)
async def test_a_value_has_to_be_of_the_type_of_its_field(
    portal: Sandbox, refused: Any, method: str, condition: list[Any], kind: str
) -> None:
    answer = await refused(portal, method, {"filter": [condition]})
    assert answer[:2] == REQUEST
    assert f"`{kind}`" in answer[2][condition[0]]
