from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24orm.errors import NotFound, PortalError, TransportError
from b24orm.transport import Envelope, as_map, decode, portal_error

JSON = "application/json; charset=utf-8"


def redact(text: str) -> str:
    return text.replace("secret", "***")


def read(body: Any, status: int = 200, content_type: str = JSON) -> Envelope:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode(status, content_type, data, redact, method="crm.item.list")


def test_a_whole_envelope_is_read() -> None:
    body = {"result": [{"id": 1}], "total": 120, "next": 50, "time": {"start": 1.5, "operating": 0.3}}
    envelope = read(body)
    assert envelope == Envelope([{"id": 1}], 120, 50, {"start": 1.5, "operating": 0.3}, len(json.dumps(body)))


@pytest.mark.parametrize("result", [None, False, 0, "", [], {}, "text", 1.5])
def test_a_result_may_be_anything_and_the_rest_may_be_missing(result: Any) -> None:
    assert read({"result": result}).result == result
    assert read({"result": result}).total is None
    assert read({"result": result}).time == {}


def test_a_result_beside_an_empty_error_is_a_result() -> None:
    assert read({"result": 5, "error": ""}).result == 5


@pytest.mark.parametrize(
    ("value", "expected"), [("50", 50), (50.0, 50), (None, None), ("x", None), ([], None), (True, None)]
)
def test_numbers_of_any_kind_are_read_as_numbers(value: Any, expected: int | None) -> None:
    envelope = read({"result": 1, "total": value, "next": value, "time": []})
    assert (envelope.total, envelope.next, envelope.time) == (expected, expected, {})


def test_a_byte_order_mark_and_cyrillic_do_no_harm() -> None:
    assert read(b"\xef\xbb\xbf" + '{"result": "Сделка №1 🚀"}'.encode()).result == "Сделка №1 🚀"


@pytest.mark.parametrize("status", [200, 400, 404, 503])
def test_an_error_is_an_error_under_any_status(status: int) -> None:
    with pytest.raises(NotFound) as caught:
        read({"error": "NOT_FOUND", "error_description": "no secret here"}, status)
    error = caught.value
    assert (error.code, error.description, error.status) == ("NOT_FOUND", "no *** here", status)
    assert error.method == "crm.item.list"


@pytest.mark.parametrize(
    ("body", "code", "description"),
    [
        ({"error": "", "error_description": "Not found"}, "", "Not found"),
        ({"error": 0, "error_description": "x"}, "0", "x"),
        ({"error": 201240400001}, "201240400001", ""),
        ({"error": None, "error_description": None}, "", ""),
        ({"error": {"code": "V3", "message": "x", "validation": []}}, "V3", "x"),
        ({"error": {"code": 5}, "error_description": "x"}, "5", "x"),
        ({"error": {}}, "", ""),
        ({"error": "E", "result": []}, "E", ""),
    ],
)
def test_errors_come_in_many_shapes(body: dict[str, Any], code: str, description: str) -> None:
    with pytest.raises(PortalError) as caught:
        read(body, 400)
    assert (caught.value.code, caught.value.description) == (code, description)
    assert type(caught.value) is type(portal_error(code, description))


@pytest.mark.parametrize(
    ("body", "status", "content_type", "text"),
    [
        (b"", 200, JSON, "HTTP 200: the answer is empty"),
        (b" \r\n", 502, JSON, "HTTP 502: the answer is empty"),
        (b'{"result": [1, 2', 200, JSON, "HTTP 200: the JSON of the answer is broken or cut off"),
        (b"[", 200, JSON, "HTTP 200: the JSON of the answer is broken or cut off"),
        (b"Bad Gateway", 502, "text/plain", "HTTP 502: the answer is not JSON"),
        (b'{"result": "\xff"}', 200, JSON, "HTTP 200: the JSON of the answer is broken or cut off"),
        (b"[1]", 200, JSON, "HTTP 200: the answer is JSON, but no REST envelope (a list)"),
        (b"null", 200, JSON, "HTTP 200: the answer is JSON, but no REST envelope (NoneType)"),
        (b'{"ok": 1}', 200, JSON, "HTTP 200: the answer is JSON, but no REST envelope (neither 'result' nor 'error')"),
        (b'{"result": 1}', 500, JSON, "HTTP 500: the answer has a result under the status of an error"),
        (b"oops", 500, "text/html", "HTTP 500: an HTML page instead of JSON"),
        (b"\n<html><title></title>", 200, "", "HTTP 200: an HTML page instead of JSON"),
        (
            b"<!doctype html><TITLE lang=ru>502 &amp; \n  <b>secret</b> gateway</TITLE>",
            502,
            "text/html",
            "HTTP 502: an HTML page instead of JSON ('502 & *** gateway')",
        ),
        (
            b"<title>" + b"a" * 200 + b"</title>",
            200,
            "",
            f"HTTP 200: an HTML page instead of JSON ('{'a' * 100}…')",
        ),
    ],
)
def test_what_is_no_rest_answer_is_named_for_what_it_is(body: bytes, status: int, content_type: str, text: str) -> None:
    with pytest.raises(TransportError) as caught:
        read(body, status, content_type)
    assert str(caught.value) == text
    assert caught.value.sent
    assert caught.value.status == status
    assert caught.value.__cause__ is caught.value.__context__ is None


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(100, 599))
def test_no_bytes_whatever_escape_as_a_foreign_exception(body: bytes, status: int) -> None:
    with contextlib.suppress(PortalError, TransportError):
        decode(status, "", body, redact)


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"a": 1}, {"a": 1}), ([], {}), (["x", "y"], {"0": "x", "1": "y"}), (None, {}), ("", {}), (5, {})],
)
def test_maps_that_went_through_php_are_maps_again(value: Any, expected: dict[str, Any]) -> None:
    assert as_map(value) == expected
