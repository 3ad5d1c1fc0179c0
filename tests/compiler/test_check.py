from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from b24orm.compiler import check_condition, check_order, check_select
from b24orm.errors import InvalidValue, QueryError, UnknownField, UnsupportedQuery
from b24orm.query import Condition, Lookup
from b24orm.schema import entity

DEAL, CONTACT, USER, STATUS = (entity(key) for key in ("deal", "contact", "user", "status"))


def check(field: str, lookup: Lookup, value: Any, of: Any = DEAL) -> Any:
    return check_condition(of, Condition(field, lookup, value)).value


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("titel", "did you mean 'title'"),
        ("stageId", "did you mean 'stage_id'"),
        ("assigned_by", "did you mean 'assigned_by_id'"),
        ("zzz", "Deal has no field 'zzz'$"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_right_name(field: str, hint: str) -> None:
    for attempt in (
        lambda: check(field, "exact", 1),
        lambda: check_select(DEAL, field),
        lambda: check_order(DEAL, field),
        lambda: check_order(DEAL, f"-{field}"),
    ):
        with pytest.raises(UnknownField, match=hint):
            attempt()


def test_an_unknown_order_key_says_where_it_stood() -> None:
    with pytest.raises(UnknownField, match=r"^order_by: Deal has no field 'titel'"):
        check_order(DEAL, "-titel")


def test_user_fields_need_no_declaration() -> None:
    assert check("uf_crm_17", "exact", "x") == "x"
    assert check_select(DEAL, "uf_crm_17") == "uf_crm_17"
    assert check_order(DEAL, "-uf_crm_17") == ("uf_crm_17", True)


@pytest.mark.parametrize("name", ["UF_CRM_17", "uf_crm_Имя", "uf_crm 17", "uf_"])
def test_user_fields_are_written_in_lower_case(name: str) -> None:
    with pytest.raises(UnknownField, match="lower case"):
        check_select(DEAL, name)


def test_entities_without_user_fields_have_none() -> None:
    with pytest.raises(UnknownField, match="Status has no field 'uf_x'"):
        check_select(STATUS, "uf_x")


@pytest.mark.parametrize(("key", "order"), [("id", ("id", False)), ("-created_time", ("created_time", True))])
def test_order_keys_turn_round_with_a_minus(key: str, order: tuple[str, bool]) -> None:
    assert check_order(DEAL, key) == order


def test_what_the_portal_cannot_sort_or_filter_by_is_refused() -> None:
    with pytest.raises(UnsupportedQuery, match="Deal cannot be ordered by 'observers'"):
        check_order(DEAL, "observers")
    with pytest.raises(UnsupportedQuery, match=r"Deal\.contact_bindings cannot be filtered"):
        check("contact_bindings", "exact", 1)


@pytest.mark.parametrize(
    ("of", "field", "lookup", "value"),
    [
        (DEAL, "id", "contains", "5"),
        (DEAL, "opportunity", "startswith", "5"),
        (DEAL, "opened", "gt", True),
        (DEAL, "opened", "in", [True]),
        (DEAL, "closedate", "contains", "2026"),
        (CONTACT, "phones", "gt", "5"),
        (CONTACT, "photo", "exact", True),
    ],
)
def test_a_lookup_that_does_not_fit_the_field_is_refused(of: Any, field: str, lookup: Lookup, value: Any) -> None:
    with pytest.raises(
        UnsupportedQuery, match=rf"{field}: lookup '{lookup}' does not fit a field of kind .*; it takes"
    ):
        check(field, lookup, value, of)


class Whole:
    """A number of another library, which says that it is whole."""

    def __index__(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("id", 5, 5),
        ("id", Whole(), 7),
        ("opportunity", 5, Decimal(5)),
        ("opportunity", 0.1, Decimal("0.1")),
        ("opportunity", Decimal("1.20"), Decimal("1.20")),
        ("title", "x", "x"),
        ("title", "", ""),
        ("opened", True, True),
        ("closedate", date(2026, 1, 2), date(2026, 1, 2)),
        ("closedate", "2026-01-02", date(2026, 1, 2)),
        ("created_time", datetime(2026, 1, 2, 3), datetime(2026, 1, 2, 3)),
        ("created_time", date(2026, 1, 2), date(2026, 1, 2)),
        ("created_time", "2026-01-02", datetime(2026, 1, 2)),
        ("uf_crm_17", 1.5, 1.5),
        ("uf_crm_17", True, True),
        ("uf_crm_17", date(2026, 1, 2), date(2026, 1, 2)),
        ("title", None, None),
    ],
)
def test_a_value_is_read_in_the_kind_of_its_field(field: str, value: Any, read: Any) -> None:
    assert check(field, "exact", value) == read
    assert type(check(field, "exact", value)) is type(read)


@pytest.mark.parametrize(
    ("field", "lookup", "value", "said"),
    [
        ("id", "exact", "5", r"Deal\.id takes an int, not '5' \(str\)"),
        ("id", "exact", True, r"takes an int, not True \(bool\)"),
        ("id", "gt", 5.0, r"Deal\.id__gt takes an int, not 5\.0 \(float\)"),
        ("opportunity", "exact", "5", "takes a Decimal or a number"),
        ("opportunity", "exact", float("nan"), "takes a Decimal or a number"),
        ("opportunity", "exact", Decimal("Infinity"), "takes a Decimal or a number"),
        ("opportunity", "exact", False, "takes a Decimal or a number"),
        ("title", "exact", 5, r"takes a str, not 5 \(int\)"),
        ("title", "contains", b"x", "takes a str"),
        ("opened", "exact", 1, "takes True or False, not 1"),
        ("opened", "exact", "Y", "takes True or False, not 'Y'"),
        ("closedate", "exact", datetime(2026, 1, 2), "takes a date, not"),
        ("closedate", "exact", "02.01.2026", "takes a date, not '02.01.2026'"),
        ("created_time", "exact", 5, "takes a datetime"),
        ("created_time", "exact", "yesterday", "takes a datetime"),
        ("created_time", "exact", datetime(2026, 1, 2, 3, 4, 5, 6), "whole seconds"),
        ("created_time", "in", [datetime(2026, 1, 2, 3, 4, 5, 6)], "whole seconds"),
        ("created_time", "ne", datetime(2026, 1, 2, 3, 4, 5, 6), "whole seconds"),
        ("uf_crm_17", "exact", b"x", "takes a str, a number, a bool or a date"),
        ("uf_crm_17", "exact", float("inf"), "takes a str, a number"),
        ("uf_crm_17", "exact", [1], "takes a str, a number"),
        ("uf_crm_17", "contains", 5, "takes"),
        ("id", "in", 5, r"Deal\.id__in takes a list of values, not 5"),
        ("title", "in", "abc", "takes a list of values, not 'abc'"),
        ("id", "in", {5: 1}, "takes a list of values"),
        ("id", "in", [1, "2"], r"id__in takes an int, not '2'"),
        ("id", "range", 5, r"takes a pair \(from, to\)"),
        ("id", "range", (1, 2, 3), r"takes a pair \(from, to\)"),
        ("id", "range", (1, None), "takes an int, not None"),
        ("id", "isnull", 1, "id__isnull takes True or False, not 1"),
        ("id", "gt", None, "id__gt cannot compare with None; use id__isnull=True"),
        ("title", "contains", "", "title__contains takes some text; for fields without a value, title__isnull=True"),
        ("title", "startswith", "", "takes some text"),
        ("title", "like", "", "takes some text"),
        ("title", "gte", "", "takes some text"),
        ("title", "exact", 5 * 10**200, r"…"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(field: str, lookup: Lookup, value: Any, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        check(field, lookup, value)


@pytest.mark.parametrize("text", ["50%", "a_b", "C:\\temp"])
@pytest.mark.parametrize("lookup", ["startswith", "endswith"])
def test_ends_of_text_cannot_hold_what_patterns_are_made_of(lookup: Lookup, text: str) -> None:
    with pytest.raises(UnsupportedQuery, match="__contains"):
        check("title", lookup, text)
    assert check("title", "contains", text) == text
    assert check("title", "like", text) == text


def test_lists_are_read_value_by_value_and_may_hold_none() -> None:
    assert check("opportunity", "in", [1, 0.5, None]) == (Decimal(1), Decimal("0.5"), None)
    assert check("id", "not_in", []) == ()
    assert check("id", "in", range(3)) == (0, 1, 2)


def test_a_range_moves_to_whole_seconds_outwards_from_nothing_that_matches() -> None:
    low, high = datetime(2026, 1, 1, 0, 0, 0, 1), datetime(2026, 1, 1, 0, 0, 9, 1)
    assert check("created_time", "range", (low, high)) == (datetime(2026, 1, 1, 0, 0, 1), datetime(2026, 1, 1, 0, 0, 9))


def test_every_refusal_is_a_value_error_and_a_query_error() -> None:
    with pytest.raises(QueryError) as refused:
        check("id", "exact", "5")
    assert isinstance(refused.value, ValueError)
    assert refused.value.__suppress_context__
