"""What a filter says and what a portal answers: random filters, compiled, sent, and compared row by row.

The sandbox reads filters by the portal's rules and shares no code with the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24orm import Deal, Limits, Portal, Q, errors
from b24orm.query import Condition
from b24orm.sandbox import Sandbox

ROWS: list[dict[str, Any]] = [
    {"title": title, "comments": comments, "probability": probability, "closedate": closedate, "opened": opened}
    for title, comments, probability, closedate, opened in [
        ("Альфа", None, None, None, True),
        ("альфа", "", 10, date(2026, 1, 1), False),
        ("Бета 100%", "звонок", 20, date(2026, 1, 2), True),
        ("a_b", "Звонок & встреча", 70, None, False),
        ("aXb", None, 20, date(2026, 1, 3), True),
        ("+7 [495] #1", "a=b", None, date(2026, 1, 1), False),
        ("'\"\\", "звонок", 10, None, True),
        ("Ω🟡", None, 70, date(2026, 1, 2), False),
    ]
]


@pytest.fixture(scope="module")
def ids() -> list[int]:
    return []


@pytest.fixture(scope="module")
def sandbox(ids: list[int]) -> Iterator[Sandbox]:
    with Sandbox(deals=5, leads=0, contacts=0, companies=0, quotes=0, invoices=0, limits=Limits.none()) as running:
        for row in ROWS:
            ids.append(
                running.insert(
                    "deal",
                    **{
                        **row,
                        "opened": "Y" if row["opened"] else "N",
                        "closedate": row["closedate"] and f"{row['closedate']}T03:00:00+03:00",
                    },
                )
            )
        yield running


@pytest.fixture(scope="module", params=["item", "classic"])
def portal(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Portal]:
    with Portal(sandbox.url, limits=Limits.none(), crm_api=request.param) as opened:
        yield opened


def holds(field: str, lookup: str, value: Any, row: dict[str, Any]) -> bool:
    have = row[field]
    if have in (None, ""):
        empties = value if lookup == "in" else (value,)
        return value is True if lookup == "isnull" else lookup in ("exact", "in") and (None in empties or "" in empties)
    have, want = _folded(have), _folded(value)
    match lookup:
        case "isnull":
            return not value
        case "exact":
            return bool(have == want)
        case "gt":
            return bool(have > want)
        case "lte":
            return bool(have <= want)
        case "in":
            return have in want
        case "range":
            return bool(want[0] <= have <= want[1])
        case "contains":
            return want in have
        case "startswith":
            return bool(have.startswith(want))
        case _:
            return bool(have.endswith(want))


def _folded(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_folded(item) for item in value]
    return value.casefold() if isinstance(value, str) else value


OPPOSITES = {"ne": "exact", "not_in": "in", "not_contains": "contains"}


def expected(where: Q, row: dict[str, Any]) -> bool:
    results = []
    for child in where.children:
        if isinstance(child, Q):
            results.append(expected(child, row))
        elif isinstance(child, Condition):
            positive = OPPOSITES.get(child.lookup, child.lookup)
            results.append(holds(child.field, positive, child.value, row) is (positive == child.lookup))
    return (all(results) if where.connector == "AND" else any(results)) is not where.negated


def on(field: str, lookups: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Q]:
    return st.builds(lambda lookup, value: Q(**{f"{field}__{lookup}": value}), st.sampled_from(lookups), values)


titles = st.sampled_from([row["title"] for row in ROWS])
comments = st.sampled_from(["звонок", "Звонок & встреча", "a=b", "нет такого"])
days = st.sampled_from([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)])
chances = st.sampled_from([10, 20, 70, 99])
conditions = st.one_of(
    on("title", ["exact", "ne"], titles),
    on("title", ["in", "not_in"], st.lists(titles, max_size=3)),
    on("title", ["contains", "not_contains"], st.sampled_from(["альфа", "_", "%", "[495]", "#", "\\", "'", "🟡"])),
    on("title", ["startswith", "endswith"], st.sampled_from(["А", "а", "b", "+7", "#1", "🟡"])),
    on("comments", ["exact", "ne"], st.one_of(comments, st.sampled_from([None, ""]))),
    on("comments", ["in", "not_in"], st.lists(st.one_of(comments, st.none()), max_size=3)),
    on("comments", ["contains", "not_contains"], st.sampled_from(["звон", "&", "="])),
    on("comments", ["isnull"], st.booleans()),
    on("probability", ["exact", "ne", "gt"], chances),
    on("probability", ["in", "not_in"], st.lists(st.one_of(chances, st.none()), max_size=3)),
    on("probability", ["isnull"], st.booleans()),
    on("closedate", ["exact", "ne", "gt", "lte"], days),
    on("closedate", ["exact", "ne"], st.none()),
    on("closedate", ["in", "not_in"], st.lists(st.one_of(days, st.none()), max_size=2)),
    on("closedate", ["range"], st.tuples(days, days)),
    on("opened", ["exact", "ne"], st.booleans()),
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=5,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=filters)
def test_the_portal_answers_what_the_filter_says_or_is_never_asked(portal: Portal, ids: list[int], where: Q) -> None:
    try:
        found = Deal.objects.using(portal).filter(where, id__in=ids).select("id").run_sync()
    except errors.UnsupportedQuery:
        return
    assert [deal.id for deal in found] == [id for id, row in zip(ids, ROWS, strict=True) if expected(where, row)]
