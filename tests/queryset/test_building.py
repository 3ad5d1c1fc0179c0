"""Building a query: nothing is sent, nothing is changed in place, and what cannot be right is refused at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from b24orm import Deal, Limits, Portal, Q, Status, errors
from b24orm.errors import ConfigurationError, InvalidValue, QueryError, UnknownField, UnsupportedQuery
from b24orm.queryset import QuerySet

# The same queries as a program without type checkers would write them.
DEALS: Any = Deal.objects


def test_every_method_gives_a_new_queryset_and_leaves_the_old_one_as_it_was() -> None:
    portal = Portal("http://127.0.0.1:9/rest/1/abcdefabcdef/", limits=Limits.none())
    qs = Deal.objects.filter(id__gt=5)
    before = repr(qs)
    made = [
        qs.filter(title="x"),
        qs.exclude(title="x"),
        qs.select("id"),
        qs.order_by("-id"),
        qs[5:10],
        qs.all(),
        qs.using(portal),
        qs.progress(),
    ]
    assert repr(qs) == before
    assert all(type(new) is type(qs) and new is not qs for new in made)
    assert len({repr(new) for new in made}) == 6  # all(), using() and progress() ask for the same rows


def test_a_queryset_shows_what_it_asks_for() -> None:
    qs = Deal.objects.filter(Deal.title == "x").exclude(id__in=[1, 2]).select("id").order_by("-id", "title")[5:10]
    assert repr(qs) == (
        "<Deal.objects.filter(Q(title='x')).filter(~Q(id__in=(1, 2))).select('id').order_by('-id', 'title')[5:10]>"
    )
    assert repr(Deal.objects) == "<Deal.objects>"
    assert repr(Deal.objects[5:]) == "<Deal.objects[5:]>"
    assert repr(Deal.objects[:5]) == "<Deal.objects[:5]>"
    assert repr(Deal.objects.get(1)) == "<Op: not run yet; await it or call .run_sync()>"
    assert repr(Deal.objects.values()) == "<Rows: not run yet; await it or call .run_sync()>"


def test_a_filter_that_says_nothing_changes_nothing() -> None:
    assert repr(Deal.objects.filter().exclude()) == "<Deal.objects>"
    assert Deal.objects.filter(Q()).explain().first == Deal.objects.explain().first


@pytest.mark.parametrize(
    "key", [-1, 5, "a", slice(None, None, 2), slice("a", None), slice(1.5, None), slice(None, "b")]
)
def test_what_is_no_slice_is_a_type_error(key: Any) -> None:
    if key == -1 or key == 5:
        match = "slices only"
    elif isinstance(key, slice) and key.step:
        match = "no step"
    else:
        match = "slices only|integer"
    with pytest.raises(TypeError, match=match):
        DEALS[key]


@pytest.mark.parametrize("bounds", [slice(-5, None), slice(None, -1), slice(1, -1)])
def test_slices_do_not_count_from_the_end(bounds: slice) -> None:
    with pytest.raises(ValueError, match="reverse the order"):
        DEALS[bounds]


def test_a_sliced_queryset_can_be_sliced_again_and_projected_but_not_filtered_or_ordered() -> None:
    qs = Deal.objects[10:60]
    assert repr(qs[5:10].select("id")) == "<Deal.objects.select('id')[15:20]>"
    for change in (
        lambda: qs.filter(id=1),
        lambda: qs.exclude(id=1),
        lambda: qs.get(1),
        lambda: qs.get_or_none(id=1),
        lambda: qs.in_bulk([1]),
    ):
        with pytest.raises(QueryError, match="cannot be filtered: slice last"):
            change()
    with pytest.raises(QueryError, match="cannot be reordered: slice last"):
        qs.order_by("id")
    with pytest.raises(QueryError, match="use first"):
        qs.last()


@pytest.mark.parametrize("expression", [5, "title", True, None, Deal.id, {"id": 5}])
def test_what_is_no_condition_is_refused(expression: Any) -> None:
    with pytest.raises(QueryError, match="filter takes conditions such as"):
        DEALS.filter(expression)


def test_unknown_fields_lookups_and_order_keys_are_refused_with_a_hint() -> None:
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        DEALS.filter(titel="x")
    with pytest.raises(UnknownField, match="did you mean 'contains'"):
        DEALS.filter(title__contians="x")
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        DEALS.exclude(titel="x")
    with pytest.raises(UnknownField, match=r"order_by: .*did you mean 'title'"):
        DEALS.order_by("-titel")
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        DEALS.select("titel")
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        DEALS.values("titel")
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        DEALS.values_list("titel")
    for method in (DEALS.select, DEALS.order_by, DEALS.values, DEALS.values_list):
        with pytest.raises(UnknownField, match="named by a string or a column"):
            method(5)
    with pytest.raises(UnknownField):
        DEALS.order_by("-")


def test_values_of_the_wrong_kind_are_refused_before_any_request() -> None:
    asks: list[Callable[[], Any]] = [
        lambda: DEALS.filter(id="5"),
        lambda: DEALS.filter(id=[1, 2]),
        lambda: DEALS.filter(Deal.title == 5),
        lambda: DEALS.filter(opportunity__gte="1000"),
        lambda: DEALS.get("5"),
        lambda: DEALS.get(True),
        lambda: DEALS.get(5.0),
        lambda: DEALS.in_bulk(5),
        lambda: DEALS.in_bulk(["1"]),
        lambda: DEALS.in_bulk("12"),
        lambda: DEALS.filter(id__in=5),
        lambda: DEALS.filter(title__contains=None),
    ]
    for ask in asks:
        with pytest.raises(InvalidValue) as caught:
            ask()
        assert isinstance(caught.value, ValueError)
    with pytest.raises(UnsupportedQuery):
        DEALS.filter(closed__gt=True)


def test_get_takes_one_id_and_values_list_some_fields() -> None:
    with pytest.raises(QueryError, match="get takes one id"):
        Deal.objects.get(1, 2)
    with pytest.raises(QueryError, match="needs the fields"):
        Deal.objects.values_list()
    with pytest.raises(QueryError, match="takes one field"):
        DEALS.values_list("id", "title", flat=True)


def test_a_queryset_has_no_truth_value_and_no_length() -> None:
    with pytest.raises(TypeError, match=r"use `await qs\.exists"):
        bool(Deal.objects)
    with pytest.raises(TypeError):
        len(DEALS)


def test_using_takes_a_portal() -> None:
    with pytest.raises(ConfigurationError, match=r"using\(\) takes a Portal, not 5"):
        DEALS.using(5)


def test_order_by_takes_columns_too() -> None:
    assert repr(DEALS.order_by(Deal.title, "-id")) == "<Deal.objects.order_by('title', '-id')>"


def test_models_that_are_met_at_run_time_have_a_queryset_without_typed_names() -> None:
    qs = QuerySet(Deal)
    assert repr(qs.filter(title="x").exclude(Deal.id == 5).select("id").order_by("id")) == (
        "<Deal.objects.filter(Q(title='x')).filter(~Q(id=5)).select('id').order_by('id')>"
    )
    assert qs.get(1).explain().strategy == "get"
    assert qs.get_or_none(title="x").explain().strategy == "one page"
    assert qs.values("id").explain().strategy == "keyset"
    with pytest.raises(errors.UnknownField):
        qs.filter(titel="x")


def test_plans_can_be_had_of_every_operation_without_a_portal() -> None:
    qs = Deal.objects.filter(id__gt=5)
    strategies: dict[str, list[Any]] = {
        "keyset": [qs, qs.values("id"), qs.values_list("id"), qs.order_by("-id"), Deal.objects],
        "one page": [qs[:10], qs.first(), qs.last(), qs.exists(), qs.get(title="x"), qs.get_or_none(title="x")],
        "chain": [qs[:120]],
        "offset": [qs[10:60]],
        "counted": [qs.order_by("title")],
        "count": [qs.count()],
        "get": [Deal.objects.get(5), Deal.objects.get(id=5), Deal.objects.get_or_none(Deal.id == 5)],
        "by ids": [Deal.objects.in_bulk([1, 2])],
        "nothing": [qs[:0], qs.filter(id__in=[]), Deal.objects.in_bulk([])],
        "whole": [Status.objects.filter(entity_id="DEAL_STAGE"), Status.objects.count()],
    }
    for strategy, asked in strategies.items():
        for one in asked:
            plan = one.explain()
            assert plan.strategy == strategy
            assert plan.reason
            assert str(plan).startswith(f"strategy: {strategy}")
