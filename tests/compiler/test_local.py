from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24orm.compiler import matches, ordered
from b24orm.query import Always, Condition, Never, Q, normalize

TEXTS = ["", "a", "A", "ab", "b%", "Жук", "жУК"]
NUMBERS = [-1, 0, 1, Decimal("1.0"), 2]

numbers = st.sampled_from(NUMBERS)
texts = st.sampled_from(TEXTS)
lists = st.lists(st.one_of(numbers, st.none()), max_size=3)


def on(field: str, lookup: str, value: Any) -> Q:
    return Q(**{f"{field}__{lookup}": value})


conditions = st.one_of(
    st.builds(on, st.just("n"), st.sampled_from(["exact", "ne"]), st.one_of(numbers, st.none())),
    st.builds(on, st.just("n"), st.sampled_from(["gt", "gte", "lt", "lte"]), numbers),
    st.builds(on, st.just("n"), st.sampled_from(["in", "not_in"]), lists),
    st.builds(on, st.just("n"), st.just("range"), st.tuples(numbers, numbers)),
    st.builds(on, st.sampled_from(["n", "t"]), st.just("isnull"), st.booleans()),
    st.builds(on, st.just("t"), st.sampled_from(["exact", "ne"]), st.one_of(texts, st.none())),
    st.builds(
        on,
        st.just("t"),
        st.sampled_from(["contains", "not_contains", "like", "not_like", "startswith", "endswith", "gt", "lte"]),
        st.sampled_from(TEXTS[1:]),
    ),
    st.builds(on, st.just("t"), st.sampled_from(["in", "not_in"]), st.lists(texts, max_size=2)),
)
filters = st.recursive(
    st.one_of(conditions, st.just(Q())),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=6,
)
rows = st.fixed_dictionaries({}, optional={"n": st.one_of(numbers, st.none()), "t": st.one_of(texts, st.none())})


@settings(deadline=None)
@given(filters, rows)
def test_a_row_matches_either_a_filter_or_its_negation(where: Q, row: dict[str, Any]) -> None:
    if not where.silent:
        assert matches(normalize(where), row) is not matches(normalize(~where), row)


@settings(deadline=None)
@given(filters, filters, rows)
def test_and_or_and_not_mean_what_they_mean_in_python(a: Q, b: Q, row: dict[str, Any]) -> None:
    left, right = matches(normalize(a), row), matches(normalize(b), row)
    if not a.silent and not b.silent:
        assert matches(normalize(a & b), row) is (left and right)
        assert matches(normalize(a | b), row) is (left or right)
        assert matches(normalize(~(a | b)), row) is not (left or right)


def holds(field: str, lookup: str, value: Any, row: dict[str, Any]) -> bool:
    """The meaning of one lookup, said plainly: an empty field has no value to compare."""
    have: Any = row.get(field)
    have = have.lower() if isinstance(have, str) else have
    value = value.lower() if isinstance(value, str) else value
    empty = have in (None, "")
    match lookup:
        case "ne" | "not_in" | "not_contains" | "not_like":
            positive = {"ne": "exact"}.get(lookup, lookup.removeprefix("not_"))
            return not holds(field, positive, value, row)
        case "isnull":
            return empty is value
        case "exact":
            return empty if value in (None, "") else have == value
        case "in":
            return any(holds(field, "exact", item, row) for item in value)
        case _ if empty:
            return False
        case "range":
            return bool(value[0] <= have <= value[1])
        case "gt":
            return bool(have > value)
        case "gte":
            return bool(have >= value)
        case "lt":
            return bool(have < value)
        case "lte":
            return bool(have <= value)
        case "contains":
            return value in have
        case "startswith":
            return bool(have.startswith(value[:-1] if value.endswith("%") else value))
        case "endswith":
            return bool(have.endswith(value)) or (value.endswith("%") and value[:-1] in have)
        case _:  # like; the patterns above have a wildcard at their end only
            return bool(have.startswith(value[:-1])) if value.endswith("%") else have == value


@settings(deadline=None)
@given(conditions, rows)
def test_each_lookup_means_what_it_says(where: Q, row: dict[str, Any]) -> None:
    (child,) = where.children
    assert isinstance(child, Condition)
    assert matches(normalize(where), row) is holds(child.field, child.lookup, child.value, row)


@pytest.mark.parametrize(
    ("where", "value", "matching"),
    [
        (Q(x__like="a_c%"), "ABCd", True),
        (Q(x__like="a_c"), "abcd", False),
        (Q(x__like="a%"), "a\nb", True),
        (Q(x__like="a.c"), "abc", False),
        (Q(x__contains="5"), 150, True),
        (Q(x__startswith="ж"), "Жук", True),
        (Q(x=5), Decimal("5.0"), True),
        (Q(x=True), True, True),
        (Q(x=True), False, False),
        (Q(x=5), [4, 5], True),
        (Q(x=5), [], False),
        (~Q(x=5), [4, 5], False),
        (~Q(x=5), [4], True),
        (~Q(x=5), [], True),
        (Q(x=None), [], True),
        (Q(x__in=[5, 6]), [1, 6], True),
        (Q(x__gt=date(2026, 1, 1)), date(2026, 1, 2), True),
        (Q(x__gt=date(2026, 1, 1)), datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC), True),
        (Q(x__lt=datetime(2026, 1, 1, 5)), datetime(2026, 1, 1, 4, tzinfo=UTC), True),
        (Q(x=datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=3)))), datetime(2026, 1, 1, tzinfo=UTC), True),
    ],
)
def test_values_of_all_kinds_compare(where: Q, value: Any, matching: bool) -> None:
    assert matches(normalize(where), {"x": value}) is matching


def test_the_constants_match_all_and_none() -> None:
    assert matches(Always(), {})
    assert not matches(Never(), {})


ROWS: list[dict[str, Any]] = [
    {"id": 1, "sort": 20, "name": "б"},
    {"id": 2, "sort": None, "name": "А"},
    {"id": 3, "sort": 10, "name": "а"},
    {"id": 4, "sort": 20, "name": "Б"},
]


@pytest.mark.parametrize(
    ("keys", "ids"),
    [
        ([], [1, 2, 3, 4]),
        ([("id", True)], [4, 3, 2, 1]),
        ([("sort", False)], [2, 3, 1, 4]),  # rows without a value come first, as in MySQL
        ([("sort", True)], [1, 4, 3, 2]),
        ([("sort", True), ("id", True)], [4, 1, 3, 2]),
        ([("name", False), ("id", True)], [3, 2, 4, 1]),  # whatever the letter case
        ([("absent", False), ("id", True)], [4, 3, 2, 1]),
    ],
)
def test_rows_are_ordered_as_the_portal_would(keys: list[tuple[str, bool]], ids: list[int]) -> None:
    assert [row["id"] for row in ordered(ROWS, keys)] == ids


@settings(deadline=None)
@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.integers(0, 3))), st.booleans(), st.booleans())
def test_ordering_by_two_keys_is_ordering_by_pairs(
    pairs: list[tuple[int | None, int]], first: bool, second: bool
) -> None:
    table = [{"a": a, "b": b} for a, b in pairs]

    def rank(row: dict[str, int | None]) -> tuple[int, int]:
        a, b = -1 if row["a"] is None else row["a"], row["b"] or 0
        return (-a if first else a, -b if second else b)

    assert ordered(table, [("a", first), ("b", second)]) == sorted(table, key=rank)
