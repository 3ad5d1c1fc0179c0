"""Forms as PHP writes them, against the sandbox's own reading of PHP, and against nonsense."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24orm.errors import InvalidEvent
from b24orm.events.forms import MAX_DEPTH, MAX_FIELDS, read_form
from b24orm.sandbox.courier import form_of
from b24orm.sandbox.php import parse_str, shape

KEYS = st.text(st.characters(categories=["L", "N"], include_characters="_ -"), min_size=1, max_size=8).map(str.strip)
HEADS = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,6}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    TEXTS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS.filter(bool), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def as_php_holds_it(value: Any) -> Any:
    if isinstance(value, dict):
        return shape({key: as_php_holds_it(one) for key, one in value.items()})
    return [as_php_holds_it(one) for one in value] if isinstance(value, list) else value


@given(st.dictionaries(HEADS, VALUES, min_size=1, max_size=4))
def test_what_php_writes_is_read_as_it_was(said: dict[str, Any]) -> None:
    assert read_form(form_of(said).encode()) == {key: as_php_holds_it(value) for key, value in said.items()}


@given(st.dictionaries(HEADS, VALUES, min_size=1, max_size=4))
def test_client_and_sandbox_read_the_same_form_alike_though_they_share_no_line(said: dict[str, Any]) -> None:
    form = form_of(said)
    assert read_form(form.encode()) == {key: as_php_holds_it(value) for key, value in parse_str(form).items()}


@given(st.binary(max_size=200))
def test_no_bytes_whatever_make_the_reader_fail_otherwise_than_by_its_own_error(body: bytes) -> None:
    with contextlib.suppress(InvalidEvent):
        assert isinstance(read_form(body), dict)


@given(st.text("ab[]=&%0 +.", max_size=60))
def test_brackets_out_of_place_are_refused_or_read_and_never_crash(text: str) -> None:
    with contextlib.suppress(InvalidEvent):
        assert isinstance(read_form(text.encode()), dict)


@pytest.mark.parametrize(
    ("form", "read"),
    [
        (b"", {}),
        (b"&&a=1&", {"a": "1"}),
        (b"a", {"a": ""}),
        (b"a=1=2", {"a": "1=2"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a[]=x&a[]=y", {"a": ["x", "y"]}),
        (b"a[0][b]=x&a[1][b]=y", {"a": [{"b": "x"}, {"b": "y"}]}),
        (b"a[1]=x&a[2]=y", {"a": {"1": "x", "2": "y"}}),
        (b"a[571][token]=x", {"a": {"571": {"token": "x"}}}),
        (b"a%5Bb+c%5D=d+e%2Bf", {"a": {"b c": "d e+f"}}),
        (b"a=%D0%AF", {"a": "Я"}),
    ],
)
def test_names_nest_by_their_brackets(form: bytes, read: dict[str, Any]) -> None:
    assert read_form(form) == read


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (b"[a]=1", "no head"),
        (b"=1", "no head"),
        (b"a[b=1", "do not match"),
        (b"a]b=1", "do not match"),
        (b"a[b]c=1", "do not match"),
        (b"a[[b]]=1", "do not match"),
        (b"a=1&a[b]=2", "both a text and a map"),
        (b"a[b]=1&a=2", "both a text and a map"),
        (b"a[b]=1&a[b][c]=2", "both a text and a map"),
        (b"a=%FF", "not in UTF-8"),
        (b"%FF=1", "not in UTF-8"),
        ("a=Я".encode(), "not percent-encoded"),
        (b"a" + b"[x]" * MAX_DEPTH + b"=1", "levels deep"),
        (b"&".join(b"a=1" for _ in range(MAX_FIELDS + 1)), "more than"),
    ],
)
def test_what_no_portal_writes_is_refused_with_the_reason(form: bytes, why: str) -> None:
    with pytest.raises(InvalidEvent, match=why):
        read_form(form)
