from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24orm.query import All, Always, Any_, Condition, Lookup, Never, Node, Q, normalize


def cond(field: str, lookup: Lookup, value: object, or_empty: bool = False) -> Condition:
    return Condition(field, lookup, value, or_empty=or_empty)


NULL, FILLED = cond("x", "isnull", True), cond("x", "isnull", False)


@pytest.mark.parametrize(
    ("where", "node"),
    [
        (Q(), Always()),
        (~Q(), Always()),
        (Q(Q(), ~Q()), Always()),
        (Q(x=1), cond("x", "exact", 1)),
        (~Q(x=1), cond("x", "ne", 1, True)),
        (Q(x__ne=1), cond("x", "ne", 1, True)),
        (~Q(x__ne=1), cond("x", "exact", 1)),
        (Q(x=None), NULL),
        (~Q(x=None), FILLED),
        (Q(x__ne=None), FILLED),
        (~Q(x__ne=None), NULL),
        (Q(x=""), NULL),
        (~Q(x=""), FILLED),
        (Q(x__ne=""), FILLED),
        (Q(x__isnull=True), NULL),
        (Q(x__isnull=False), FILLED),
        (~Q(x__isnull=True), FILLED),
        (~Q(x__isnull=False), NULL),
        (Q(x__gt=1), cond("x", "gt", 1)),
        (~Q(x__gt=1), cond("x", "lte", 1, True)),
        (~Q(x__gte=1), cond("x", "lt", 1, True)),
        (~Q(x__lt=1), cond("x", "gte", 1, True)),
        (~Q(x__lte=1), cond("x", "gt", 1, True)),
        (Q(x__range=(1, 2)), All((cond("x", "gte", 1), cond("x", "lte", 2)))),
        (~Q(x__range=(1, 2)), Any_((cond("x", "lt", 1, True), cond("x", "gt", 2)))),
        (Q(x__contains="a"), cond("x", "contains", "a")),
        (~Q(x__contains="a"), cond("x", "not_contains", "a", True)),
        (Q(x__not_contains="a"), cond("x", "not_contains", "a", True)),
        (~Q(x__not_contains="a"), cond("x", "contains", "a")),
        (Q(x__startswith="a"), cond("x", "like", "a%")),
        (Q(x__endswith="a"), cond("x", "like", "%a")),
        (~Q(x__startswith="a"), cond("x", "not_like", "a%", True)),
        (~Q(x__not_like="a_"), cond("x", "like", "a_")),
        (Q(x__in=[1, 2]), cond("x", "in", (1, 2))),
        (Q(x__in=[]), Never()),
        (~Q(x__in=[]), Always()),
        (Q(x__not_in=[]), Always()),
        (~Q(x__not_in=[]), Never()),
        (Q(x__in=[None]), NULL),
        (Q(x__in=["", None]), NULL),
        (Q(x__in=[1, None]), Any_((cond("x", "in", (1,)), NULL))),
        (~Q(x__in=[1, None]), All((FILLED, cond("x", "not_in", (1,))))),
        (~Q(x__in=[None]), FILLED),
        (Q(x__not_in=[1]), cond("x", "not_in", (1,), True)),
        (~Q(x__not_in=[1]), cond("x", "in", (1,))),
        (~Q(x__not_in=[1, None]), Any_((cond("x", "in", (1,)), NULL))),
        (Q(x__in=[]) | Q(x=1), cond("x", "exact", 1)),
        (Q(x__in=[]) & Q(x=1), Never()),
        (Q(x__not_in=[]) | Q(x=1), Always()),
        (Q(x__not_in=[]) & Q(x=1), cond("x", "exact", 1)),
        (~(Q(x=1) | Q(y=2)), All((cond("x", "ne", 1, True), cond("y", "ne", 2, True)))),
        (~(Q(x=1) & Q(y=2)), Any_((cond("x", "ne", 1, True), cond("y", "ne", 2, True)))),
        (Q(Q(x=1) & Q(y=2), z=3), All((cond("x", "exact", 1), cond("y", "exact", 2), cond("z", "exact", 3)))),
        (Q(x=1) | Q(Q(y=2) | Q(z=3)), Any_((cond("x", "exact", 1), cond("y", "exact", 2), cond("z", "exact", 3)))),
    ],
    ids=repr,
)
def test_a_filter_becomes_a_tree_without_negations(where: Q, node: Node) -> None:
    assert normalize(where) == node


def test_a_bare_condition_is_a_filter_too() -> None:
    assert normalize(cond("x", "gt", 1), negated=True) == cond("x", "lte", 1, True)


def test_trees_are_written_with_signs() -> None:
    assert repr(normalize(Q(a=1) & (Q(b=2) | Q(c=3)))) == "(a=1 & (b=2 | c=3))"


conditions = st.builds(
    lambda lookup, value: Q(**{f"x__{lookup}": value}),
    st.sampled_from(["exact", "ne", "gt", "lte"]),
    st.integers(0, 3),
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(filters)
def test_two_negations_are_none(where: Q) -> None:
    assert normalize(~~where) == normalize(where)
    assert normalize(Q.join((~where,), "AND", negated=True)) == normalize(where)
