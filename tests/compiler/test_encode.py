from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, cast
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24orm.compiler import batchable, json_ready, query_string
from b24orm.errors import InvalidValue
from b24orm.sandbox import php

MSK = timezone(timedelta(hours=3))


class Stage(Enum):
    NEW = "NEW"


class Code(str, Enum):  # noqa: UP042 - not what str() makes of it, unlike a StrEnum
    A = "a&b"


class Plain(StrEnum):
    B = "b"


class Number(IntEnum):
    FIVE = 5


class Odd(int, Enum):
    SIX = 6


@pytest.mark.parametrize(
    ("value", "wire", "text"),
    [
        (None, "", ""),
        (True, "Y", "Y"),
        (False, "N", "N"),
        (0, 0, "0"),
        (-17, -17, "-17"),
        (10**20, 10**20, "1" + "0" * 20),
        ("", "", ""),
        ("Жёлтый 🟡", "Жёлтый 🟡", "%D0%96%D1%91%D0%BB%D1%82%D1%8B%D0%B9%20%F0%9F%9F%A1"),
        ("a&b=c+d#e[f]%g", "a&b=c+d#e[f]%g", "a%26b%3Dc%2Bd%23e%5Bf%5D%25g"),
        ("line\r\nend\t'\"\\", "line\r\nend\t'\"\\", "line%0D%0Aend%09%27%22%5C"),
        ("\0", "\0", "%00"),
        ("a b/c?d", "a b/c?d", "a%20b%2Fc%3Fd"),
        (1.5, "1.5", "1.5"),
        (1e21, "1" + "0" * 21, "1" + "0" * 21),
        (1e-7, "0.0000001", "0.0000001"),
        (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"),
        (Decimal("1E+3"), "1000", "1000"),
        (Decimal("10.50"), "10.50", "10.50"),
        (date(2026, 1, 2), "2026-01-02", "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05", "2026-01-02T03%3A04%3A05"),
        (
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=MSK),
            "2026-01-02T03:04:05+03:00",
            "2026-01-02T03%3A04%3A05%2B03%3A00",
        ),
        (Stage.NEW, "NEW", "NEW"),
        (Code.A, "a&b", "a%26b"),
        (Plain.B, "b", "b"),
        (Number.FIVE, 5, "5"),
        (Odd.SIX, 6, "6"),
    ],
    ids=repr,
)
def test_a_value_has_one_spelling_on_the_wire(value: Any, wire: Any, text: str) -> None:
    ready = json_ready({"v": value})
    assert ready == {"v": wire}
    assert json.loads(json.dumps(ready)) == {"v": wire}
    assert query_string("m", ready) == f"m?v={text}"


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({}, "m"),
        ({"a": []}, "m?a[]="),
        ({"a": {}}, "m?a[]="),
        ({"a": [1, 2]}, "m?a[0]=1&a[1]=2"),
        ({"a": (1, [2, "x"])}, "m?a[0]=1&a[1][0]=2&a[1][1]=x"),
        ({"a": {"b": {"c": 1}}}, "m?a[b][c]=1"),
        ({"filter": {">=id": 5, "!@x": ["a"]}}, "m?filter[%3E%3Did]=5&filter[%21%40x][0]=a"),
        ({"a": {0: "x", 2: "y"}}, "m?a[0]=x&a[2]=y"),
        ({"имя": "я"}, "m?%D0%B8%D0%BC%D1%8F=%D1%8F"),
        ({"a": [{"VALUE": "+7 (495)", "TYPE": "WORK"}]}, "m?a[0][VALUE]=%2B7%20%28495%29&a[0][TYPE]=WORK"),
    ],
    ids=repr,
)
def test_nesting_travels_in_brackets(params: dict[str, Any], query: str) -> None:
    assert query_string("m", json_ready(params)) == query


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": {"b": [1, b"x"]}}, r"params\[a\]\[b\]\[1\]: bytes"),
        ({"a": object()}, r"params\[a\]: object"),
        ({"a": iter([1])}, r"params\[a\]: list_iterator"),
        ({"a": float("nan")}, r"params\[a\]: nan"),
        ({"a": float("inf")}, r"params\[a\]: inf"),
        ({"a": Decimal("NaN")}, r"params\[a\]: NaN"),
        ({"a": "\ud83d"}, r"params\[a\]: half of a surrogate pair"),
        ({"a\udc00": 1}, r"half of a surrogate pair"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(InvalidValue, match=place):
        json_ready(value)


# -- PHP's reading of a query string, written from the PHP manual for these tests ---------------------------------


def parse_str(query: str) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for pair in query.split("&") if query else []:
        name, _, value = pair.partition("=")
        name = _decoded(name)
        first, *rest = name.replace("]", "").split("[") if name.endswith("]") else [name]
        node, key = root, first.replace(".", "_").replace(" ", "_")
        for following in rest:
            node = cast("dict[str, Any]", node.setdefault(key, {}))
            key = following or str(len(node))
        node[key] = _decoded(value)
    return root


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode()


def as_php(value: Any) -> Any:
    """What PHP holds after reading the JSON form, with plain values as strings, as a query string has them."""
    entries: dict[str, Any]
    if isinstance(value, dict):
        entries = value
    elif isinstance(value, list):
        entries = {str(index): item for index, item in enumerate(value)}
    else:
        return str(value)
    # The one difference between the forms: an empty list arrives as a list that holds an empty text.
    return {key: as_php(item) for key, item in entries.items()} or {"0": ""}


awkward = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="&=+#[]%?;/\\'\"<>! \r\n\t\0$.Ж🟡", max_size=12),
)
scalars = st.one_of(
    awkward,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.datetimes(timezones=st.sampled_from([MSK, None])),
    st.dates(),
)
names = st.text(alphabet="abzAZ019_>=<!@%-Жя", min_size=1, max_size=6)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(names, inner, max_size=3),
        st.dictionaries(st.integers(0, 5), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=4))
def test_a_batch_string_means_what_the_json_body_means(params: dict[str, Any]) -> None:
    ready = json_ready(params)
    method, _, query = query_string("crm.item.list", ready).partition("?")
    assert method == "crm.item.list"
    expected = {key: as_php(value) for key, value in ready.items()}
    assert parse_str(query) == expected
    assert php.parse_str(query) == expected
    assert query.isascii()
    assert not set(query) & set(" #?;<>\"'\n\r\0")


@settings(deadline=None)
@given(st.dictionaries(awkward, st.one_of(awkward, st.dictionaries(awkward, awkward, max_size=3)), max_size=3))
def test_whatever_names_are_batchable_arrive_unharmed(params: dict[str, Any]) -> None:
    ready = json_ready(params)
    if batchable(ready):
        query = query_string("m", ready).partition("?")[2]
        assert php.parse_str(query) == {key: as_php(value) for key, value in ready.items()}


@pytest.mark.parametrize(
    "params",
    [
        {"a b": 1},
        {"a.b": 1},
        {"a[b": 1},
        {"": 1},
        {"a\0": 1},
        {"$a": 1},
        {"a": {"x]y": 1}},
        {"a": {"": 1}},
        {"a": {" x": 1}},
        {"a": {"x\0": 1}},
        {"a": [{"b": {"]": 1}}]},
    ],
    ids=repr,
)
def test_names_that_php_would_mangle_keep_a_command_out_of_batches(params: dict[str, Any]) -> None:
    assert not batchable(params)
    assert not batchable(params, chained=True)


@pytest.mark.parametrize("params", [{"a": {"x[y": 1}}, {"a]": 1}, {"a": {"x y.z": 1}}, {"filter": {">=id": 1}}])
def test_other_odd_names_may_travel_in_a_batch(params: dict[str, Any]) -> None:
    assert batchable(params)
    query = query_string("m", params).partition("?")[2]
    assert php.parse_str(query) == {key: as_php(value) for key, value in params.items()}


@pytest.mark.parametrize(
    "text",
    [
        "$result[a][0]",
        "x $total[a]",
        "$Result[a]",
        "$next[a]",
        "$time[a]",
        "$error[a]",
        "$result.x[a]",
        "$resultant[1]",
    ],
)
def test_text_that_the_portal_would_replace_keeps_a_command_out_of_batches(text: str) -> None:
    for params in ({"a": text}, {"a": {"b": ["x", text]}}):
        assert not batchable(params)
        assert batchable(params, chained=True)


@pytest.mark.parametrize("text", ["$500", "[$]", "result[a]", "$result", "$result a[b]", "the $ result[a]"])
def test_other_text_with_dollars_and_brackets_may_travel_in_a_batch(text: str) -> None:
    assert batchable({"a": text})


@pytest.mark.parametrize(
    ("params", "fits"),
    [
        ({"a": [1] * 900}, True),
        ({"a": [1] * 901}, False),
        ({"a": {str(n): 1 for n in range(900)}}, True),
        ({"a": {str(n): 1 for n in range(901)}}, False),
        ({str(n): [] for n in range(901)}, False),
        ({"a": [[1] * 450, [1] * 450]}, True),
        ({"a": [[1] * 450, [1] * 451]}, False),
        ({}, True),
    ],
    ids=["900", "901", "900 keys", "901 keys", "901 empty lists", "450 twice", "450 and 451", "none"],
)
def test_a_batch_string_keeps_away_from_the_1000_variables_that_php_reads(params: dict[str, Any], fits: bool) -> None:
    assert batchable(params) is fits
    assert batchable(params, chained=True) is fits


def test_a_nesting_that_php_would_cut_keeps_a_command_out_of_batches() -> None:
    deep: Any = 1
    for _ in range(49):
        deep = [deep]
    assert batchable({"a": deep})
    assert not batchable({"a": [[deep]]})
