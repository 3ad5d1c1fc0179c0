from __future__ import annotations

from typing import Any

import pytest

from b24orm.sandbox.php import as_map, entries, floatval, intval, parse_str, shape, strval, truthy


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a", {"a": ""}),
        ("a=1&a=2", {"a": "2"}),
        ("a=x=y", {"a": "x=y"}),
        ("a=%D0%B6+%26%2B", {"a": "ж &+"}),
        ("filter[%3E%3DD]=1", {"filter": {">=D": "1"}}),
        ("filter[>=D]=1", {"filter_>": "D]=1"}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        ("a[5]=1&a[]=2", {"a": {"5": "1", "6": "2"}}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[][x]=1&a[][x]=2", {"a": {"0": {"x": "1"}, "1": {"x": "2"}}}),
        ("a.b=1&c d=2", {"a_b": "1", "c_d": "2"}),
        ("a.b[c.d]=1", {"a_b": {"c.d": "1"}}),
        ("a[b=1", {"a_b": "1"}),
        ("a[b]c=1", {"a": {"b": "1"}}),
        ("a[b][c=1", {"a": {"b": "1"}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=1&a=2", {"a": "2"}),
        ("[a]=1", {"_a]": "1"}),
        ("=1&&%00=2&b=3", {"b": "3"}),
        ("a[-3]=1&a[]=2", {"a": {"-3": "1", "0": "2"}}),
        ("a[01]=1&a[]=2", {"a": {"01": "1", "0": "2"}}),
    ],
)
def test_a_query_string_is_read_as_php_reads_it(query: str, expected: dict[str, Any]) -> None:
    assert parse_str(query) == expected


def test_variables_beyond_the_cap_are_dropped() -> None:
    assert len(parse_str("&".join(f"v{n}=1" for n in range(1500)))) == 1000
    assert len(as_map(parse_str("&".join(f"v[]={n}" for n in range(1500)))["v"])) == 1000


def test_a_name_nested_too_deep_is_dropped() -> None:
    assert parse_str("a" + "[b]" * 70 + "=1") == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12", 12), ("-3", -3), (" 7 apples", 7), ("1e3", 1000), ("3.9", 3), ("", 0), ("abc", 0), (None, 0), (True, 1),
        (2.7, 2), ([], 0), ([0], 1), ({}, 0), ({"a": 1}, 1), ("99999999999999999999", 2**63 - 1), (1e300, 0),
    ],
)  # fmt: skip
def test_integers_are_read_as_php_casts_them(value: Any, expected: int) -> None:
    assert intval(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("1.5x", 1.5), (".5", 0.5), ("x", 0.0), (3, 3.0), ([1], 1.0), (None, 0.0)]
)
def test_floats_are_read_as_php_casts_them(value: Any, expected: float) -> None:
    assert floatval(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), (None, ""), (False, ""), (True, "1"), (5, "5"), (2.0, "2"), (2.5, "2.5"), ([1], "Array")],
)
def test_strings_are_made_as_php_casts_them(value: Any, expected: str) -> None:
    assert strval(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0", False), ("", False), ("false", True), ("1", True), (0, False), (None, False), ([], False), ([0], True)],
)
def test_truth_is_what_php_thinks_it_is(value: Any, expected: bool) -> None:
    assert truthy(value) is expected


def test_only_the_keys_0_to_n_in_order_make_a_list() -> None:
    assert shape({}) == []
    assert shape({"0": "a", "1": "b"}) == ["a", "b"]
    assert shape({"1": "b", "0": "a"}) == {"1": "b", "0": "a"}
    assert shape({"0": "a", "2": "c"}) == {"0": "a", "2": "c"}


def test_lists_and_maps_are_both_arrays() -> None:
    assert list(entries(["a"])) == [("0", "a")]
    assert list(entries({"k": 1})) == [("k", 1)]
    assert list(entries("text")) == []
    assert as_map(["a"]) == {"0": "a"}
