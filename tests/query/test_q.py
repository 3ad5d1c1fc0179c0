from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24orm.errors import UnknownField
from b24orm.query import LOOKUPS, Across, Condition, Order, Q, Query, normalize, split_lookup, split_path

A, B, C = Q(a=1), Q(b=2), Q(c=3)


@pytest.mark.parametrize(
    ("where", "written"),
    [
        (Q(), "Q()"),
        (A, "Q(a=1)"),
        (Q(a=1, b__gt=2), "Q(a=1, b__gt=2)"),
        (Q(A), "Q(a=1)"),
        (Q(Q(A)), "Q(a=1)"),
        (Q(A, b=2), "Q(a=1) & Q(b=2)"),
        (A & B, "Q(a=1, b=2)"),
        (A & Q(a=2), "Q(a=1) & Q(a=2)"),
        (A | B, "Q(a=1) | Q(b=2)"),
        (Q(A | B), "Q(a=1) | Q(b=2)"),
        (A | B | C, "Q(a=1) | Q(b=2) | Q(c=3)"),
        ((A & B) | C, "Q(a=1, b=2) | Q(c=3)"),
        ((A | B) & C, "(Q(a=1) | Q(b=2)) & Q(c=3)"),
        (Q(A | B, c=3), "(Q(a=1) | Q(b=2)) & Q(c=3)"),
        ((A & ~B) | C, "(Q(a=1) & ~Q(b=2)) | Q(c=3)"),
        (~A, "~Q(a=1)"),
        (~~A, "Q(a=1)"),
        (~Q(a=1, b=2), "~Q(a=1, b=2)"),
        (~(A | ~B), "~(Q(a=1) | ~Q(b=2))"),
        (~Q(A | B) & C, "~(Q(a=1) | Q(b=2)) & Q(c=3)"),
        (Q(x__in=[1, None]), "Q(x__in=(1, None))"),
        (Q(title="Ж'"), 'Q(title="Ж\'")'),
    ],
)
def test_a_filter_is_written_as_one_would_type_it(where: Q, written: str) -> None:
    assert repr(where) == written


leaves = st.builds(lambda k, v: Q(**{k: v}), st.sampled_from(["a", "b__gt", "c__isnull"]), st.sampled_from([True]))
filters = st.recursive(
    st.one_of(leaves, st.just(Q())),
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
        st.builds(Q, inner, inner),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(filters)
def test_what_is_written_means_the_same_when_it_is_read_again(where: Q) -> None:
    assert normalize(eval(repr(where), {"Q": Q})) == normalize(where)


@settings(deadline=None)
@given(filters)
def test_a_filter_survives_copying_and_pickling(where: Q) -> None:
    for twin in (pickle.loads(pickle.dumps(where)), copy.copy(where), copy.deepcopy(where)):
        assert twin == where
        assert hash(twin) == hash(where)


def test_equal_filters_have_equal_hashes_whatever_the_type_of_their_values() -> None:
    assert Q(a=1) == Q(a=True)
    assert hash(Q(a=1)) == hash(Q(a=True))
    assert hash(Q(a=[{}])) == hash(Q(a=[{}]))
    assert Q(a=1) != Q(a=2)
    assert Q(a=1) != Q(a__gt=1)
    assert Q(a=1) != ~Q(a=1)
    assert (Q(a=1) == 1) is False


@pytest.mark.parametrize(
    "joined",
    [Q() | A, A | Q(), Q() & A, A & Q(), ~Q() | A, Q(Q(), Q()) | A, Q() | Q() | A],
    ids=repr,
)
def test_an_empty_filter_adds_nothing_so_that_loops_may_begin_with_one(joined: Q) -> None:
    assert normalize(joined) == normalize(A)


def test_a_loop_of_alternatives_keeps_all_of_them_and_nothing_else() -> None:
    where = Q()
    for number in (1, 2, 3):
        where |= Q(a=number)
    assert repr(where) == "Q(a=1) | Q(a=2) | Q(a=3)"


def test_a_list_that_changes_later_does_not_change_the_filter() -> None:
    values = [1, 2]
    where = Q(a__in=values)
    values.append(3)
    assert where == Q(a__in=(1, 2))


def test_an_iterator_is_read_once_and_kept() -> None:
    where = Q(a__in=(n for n in (1, 2)), b__range=iter((3, 4)), c__not_in={5: "five"}.keys())
    assert [child.value for child in where.children if isinstance(child, Condition)] == [(1, 2), (3, 4), (5,)]


def test_what_might_ask_the_portal_when_iterated_over_is_left_alone() -> None:
    class Lazy:
        def __iter__(self) -> Any:
            raise AssertionError("iterated over")

    lazy = Lazy()
    (condition,) = Q(a__in=lazy).children
    assert isinstance(condition, Condition)
    assert condition.value is lazy


@pytest.mark.parametrize("text", ["ab", b"ab", {"a": 1}])
def test_text_and_mappings_are_no_lists_of_values(text: Any) -> None:
    (condition,) = Q(a__in=text).children
    assert isinstance(condition, Condition)
    assert condition.value == text


def test_a_filter_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        A.negated = True


def test_a_filter_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="no truth value"):
        bool(A)
    with pytest.raises(TypeError, match="no truth value"):
        _ = A and B


def test_only_conditions_join() -> None:
    with pytest.raises(TypeError, match="takes conditions"):
        Q(True)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        _ = A & 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        _ = A | "x"  # type: ignore[operator]


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_each_lookup_stands_behind_a_double_underscore(lookup: str) -> None:
    assert split_lookup(f"stage_id__{lookup}") == ("stage_id", lookup)


def test_without_a_lookup_it_is_equality() -> None:
    assert split_lookup("stage_id") == ("stage_id", "exact")


def test_an_unknown_lookup_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownField, match=r"unknown lookup 'contain'; did you mean 'contains'"):
        split_lookup("title__contain")


def test_a_name_may_lead_across_relations_which_a_queryset_checks_and_a_filter_does_not() -> None:
    assert split_path("company__industry") == ("company__industry", "exact")
    assert split_path("contact__company__industry__in") == ("contact__company__industry", "in")
    assert split_path("in") == ("in", "exact")
    assert repr(Q(company__industry="IT")) == "Q(company__industry='IT')"


def test_a_condition_across_a_relation_is_written_and_turned_round_as_a_whole() -> None:
    across = Across("contact", Across("company", Condition("industry", "in", ["IT"])))
    assert (across.field, across.lookup) == ("contact__company__industry", "in")
    assert repr(Q(across)) == "Q(contact__company__industry__in=('IT',))"
    assert repr(Across("deals")) == "deals__isnull=False"
    assert repr(Across("deals", Condition("id", "exact", 5), negated=True)) == "deals__id=5 nowhere"
    assert normalize(~Q(across)) == Across("contact", across.where, negated=True)
    assert normalize(~~Q(across)) == across
    assert Query(where=(Q(Q(across) | Q(a=1)),)).crosses
    assert not Query(where=(Q(a=1),)).crosses
    assert hash(Q(across)) == hash(Q(across))


def test_a_condition_is_written_as_it_was_typed() -> None:
    assert repr(Condition("a", "exact", 1)) == "a=1"
    assert repr(Condition("a", "lte", 1, or_empty=True)) == "a__lte=1 or empty"


@pytest.mark.parametrize(
    ("windows", "offset", "limit"),
    [
        ([(None, None)], 0, None),
        ([(5, None)], 5, None),
        ([(None, 7)], 0, 7),
        ([(10, 60)], 10, 50),
        ([(10, 5)], 10, 0),
        ([(10, 60), (5, 10)], 15, 5),
        ([(10, 60), (45, 90)], 55, 5),
        ([(10, 60), (70, 90)], 80, 0),
        ([(10, None), (5, None)], 15, None),
        ([(None, 10), (3, None)], 3, 7),
    ],
)
def test_windows_nest_as_slices_of_a_list_do(
    windows: list[tuple[int | None, int | None]], offset: int, limit: int | None
) -> None:
    query = Query()
    for start, stop in windows:
        query = query.window(start, stop)
    assert (query.offset, query.limit) == (offset, limit)
    assert query.sliced is (offset > 0 or limit is not None)


bounds = st.one_of(st.none(), st.integers(0, 30))


@settings(deadline=None)
@given(st.lists(st.tuples(bounds, bounds), max_size=4))
def test_nested_windows_cut_what_nested_slices_cut(windows: list[tuple[int | None, int | None]]) -> None:
    rows, query = list(range(25)), Query()
    sliced = rows
    for start, stop in windows:
        sliced = sliced[start:stop]
        query = query.window(start, stop)
    end = None if query.limit is None else query.offset + query.limit
    assert rows[query.offset : end] == sliced


@pytest.mark.parametrize("window", [(-1, None), (None, -1)])
def test_windows_cannot_count_from_the_end(window: tuple[int | None, int | None]) -> None:
    with pytest.raises(ValueError, match="negative slice bounds"):
        Query().window(*window)


def test_the_filters_of_a_query_hold_together() -> None:
    assert Query(where=(A, B), order=(Order("a"),)).node == normalize(A & B)
