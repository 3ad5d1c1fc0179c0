"""The answer of a batch, cut into the bytes of its results: whatever texts stand in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24orm.transport.parts import cut

NAMES = ["c1p0", "c1p1", "c1p2", "q3"]

# Texts that look like the structure around them, among others.
texts = st.one_of(
    st.text(max_size=10),
    st.sampled_from(
        [*NAMES, '"c1p1":', ',"c1p1":{', '},"result_error":', '\\","c1p2":[', '{"result":{"result":{"c1p0":1'],
    ),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=12,
)


def answer(results: Any, **others: Any) -> bytes:
    """The answer of a batch, as PHP writes it."""
    body = {"result": {"result": results, "result_error": [], "result_total": [], **others}, "time": {"duration": 0.5}}
    return json.dumps(body, separators=(",", ":")).encode()


def test_each_result_is_cut_out_and_the_rest_is_decoded() -> None:
    body = answer({"c1p0": {"items": [1]}, "c1p1": {"items": []}}, result_time={"c1p0": {"duration": 0.1}})
    envelope, parts = cut(body, NAMES)
    assert parts == {"c1p0": b'{"items":[1]}', "c1p1": b'{"items":[]}'}
    assert envelope["result"]["result"] == {}
    assert envelope["result"]["result_time"] == {"c1p0": {"duration": 0.1}}
    assert envelope["time"] == {"duration": 0.5}


def test_commands_that_failed_have_no_part_though_their_names_stand_elsewhere() -> None:
    body = answer({"c1p0": [1], "q3": [2]}, result_error={"c1p1": {"error": "X"}}, result_next={"q3": 50})
    _, parts = cut(body, NAMES)
    assert parts == {"c1p0": b"[1]", "q3": b"[2]"}


def test_an_empty_map_may_be_a_list() -> None:
    envelope, parts = cut(answer([]), NAMES)
    assert (parts, envelope["result"]["result"]) == ({}, [])


def test_results_in_another_order_or_under_other_names_stay_where_they_are() -> None:
    body = answer({"c1p1": [1], "c1p0": [2]})
    try:
        envelope, parts = cut(body, NAMES)
    except ValueError:
        return
    found = envelope["result"]["result"] | {name: json.loads(part) for name, part in parts.items()}
    assert found == {"c1p1": [1], "c1p0": [2]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"error":"QUERY_LIMIT_EXCEEDED"}',
        b'{"result":[]}',
        b'{"result":{"result":{"c1p0":{"items":[',
        # A result cut off, and what looks like its end in a text of it.
        b'{"result":{"result":{"c1p0":[1],"result_error":[]}}',
        b'{"result":{"c1p0":[1]},"result_error":[]}',
        b'{"result":{"result":{"x":{"c1p0":[1]}},"result_error":[]}}',
    ],
)
def test_what_is_no_answer_of_a_batch_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|EOF|expected|written|value"):
        cut(body, NAMES)


@given(st.dictionaries(st.sampled_from(NAMES), values), values, values)
def test_parts_are_the_results_or_nothing_is_said(results: dict[str, Any], error: Any, total: Any) -> None:
    ordered = {name: results[name] for name in NAMES if name in results}
    body = answer(ordered, result_error=error, result_total=total)
    try:
        envelope, parts = cut(body, NAMES)
        decoded = {name: json.loads(part) for name, part in parts.items()}
    except ValueError:
        return  # the general decoder takes it
    left = envelope["result"].pop("result")
    assert decoded | (left if isinstance(left, dict) else {}) == ordered
    assert envelope == {"result": {"result_error": error, "result_total": total}, "time": {"duration": 0.5}}


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.integers())))
def test_results_without_such_texts_are_always_cut_out(results: dict[str, Any]) -> None:
    ordered = {name: results[name] for name in NAMES if name in results}
    envelope, parts = cut(answer(ordered or []), NAMES)
    assert {name: json.loads(part) for name, part in parts.items()} == ordered
    assert not envelope["result"]["result"]
