"""Whatever is thrown at the sandbox, it answers with a proper envelope, does not crash and lives on."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.methods import METHODS

pytestmark = pytest.mark.slow

_STATUSES = {200, 400, 401, 403, 404, 405, 414, 422, 429, 500, 503}
_NAMES = [
    "id",
    "filter",
    "select",
    "order",
    "start",
    "fields",
    "params",
    "cmd",
    "halt",
    "entityTypeId",
    "ownerId",
    "ownerType",
    "taskId",
    "rows",
    "items",
    "data",
    "FILTER",
    "ID",
    "ENTITY_ID",
    "IBLOCK_ID",
    "IBLOCK_TYPE_ID",
    "values",
    "type",
    "auth",
    "entityId",
    "moduleId",
    "useOriginalUfNames",
    "0",
    "1",
    "2",
    "sort",
]
_FIELDS = [
    "id",
    "title",
    "ID",
    "TITLE",
    "opportunity",
    "stageId",
    "contactIds",
    "fm",
    "PHONE",
    "UF_CRM_1700000001",
    "createdTime",
    "CREATED_BY",
    "logic",
    "LOGIC",
    "0",
    "::SUBFILTER-1",
    "::LOGIC",
    "*",
    "UF_*",
    "iblockId",
    "propertyValues",
]
_OPERATORS = ["", "=", "!", "!=", ">", ">=", "<", "<=", "@", "!@", "%", "!%", "=%", "%=", "><", "!><", "?", "*"]

_texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "0",
            "1",
            "-1",
            "Y",
            "N",
            "2",
            "9" * 30,
            "1e999",
            "NaN",
            "2024-05-01",
            "2024-05-01T10:00:00+25:99",
            "yesterday",
            "$result[a][0][ID]",
            "$result[",
            "$total[a] $next[b]",
            "' OR 1=1 --",
            '"\\\x00',
            "\ud7ff",
            "%ff%fe",
            "a[b][c]=d",
            "\U0001f600" * 3,
        ]
    ),
)
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), _texts
)
_keys = st.one_of(
    st.sampled_from(_NAMES),
    st.builds(str.__add__, st.sampled_from(_OPERATORS), st.sampled_from(_FIELDS)),
    st.text(max_size=8),
)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4), max_leaves=12
)
_params = st.dictionaries(_keys, _values, max_size=6)
_methods = st.one_of(
    st.sampled_from(sorted(METHODS)),
    st.sampled_from(["batch", "profile", "Crm.Item.List", "crm.item.list.json", "crm.item.list.xml", "nothing.at.all"]),
    st.text(max_size=12),
)
_verbs = st.sampled_from(["GET", "POST", "POST", "POST", "PUT", "HEAD", "OPTIONS", "DELETE"])
_types = st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/plain",
        "",
        "nonsense",
    ]
)


def _pairs(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """*value* as PHP's http_build_query would name its parts."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _pairs(item, f"{prefix}[{key}]" if prefix else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _pairs(item, f"{prefix}[{index}]")
    else:
        yield prefix, "" if value is None else str(value)


@pytest.fixture(scope="module")
def target() -> Iterator[Sandbox]:
    with Sandbox(deals=12, tasks=5, limits=Limits.none()) as sandbox:
        yield sandbox


def _send(target: Sandbox, verb: str, path: str, body: bytes, kind: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    try:
        connection.request(verb, path, body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        return answer.status, answer.headers.get_content_type(), answer.read()
    finally:
        connection.close()


def _is_proper(verb: str, status: int, kind: str, body: bytes) -> None:
    assert status in _STATUSES, (status, body[:500])
    if verb in {"HEAD", "OPTIONS"} or kind in {"text/html", "text/xml"}:
        return
    assert kind == "application/json", (kind, body[:500])
    envelope = json.loads(body)
    assert isinstance(envelope, dict)
    if "error" in envelope:
        problem = envelope["error"]
        assert isinstance(problem, dict) or isinstance(envelope["error_description"], str), envelope
    elif "openapi" not in envelope:
        assert "result" in envelope
        assert status == 200


def _lives(target: Sandbox) -> None:
    assert target.books.crashes == []
    status, _, body = _send(target, "GET", f"{urlsplit(target.url).path}server.time", b"", "")
    assert status == 200
    assert "result" in json.loads(body)


_fuzzy = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@_fuzzy
@given(method=_methods, params=_params, verb=_verbs, kind=_types, in_query=st.booleans())
def test_any_method_with_any_parameters_gets_an_envelope(
    target: Sandbox, method: str, params: dict[str, Any], verb: str, kind: str, in_query: bool
) -> None:
    path = f"{urlsplit(target.url).path}{quote(method.encode('utf-8', 'replace'), safe='')}"
    form = urlencode(list(_pairs(params)), errors="replace")
    body = form.encode() if "form" in kind or in_query else json.dumps(params).encode()
    if in_query:
        path, body = f"{path}?{form}", b""
    _is_proper(verb, *_send(target, verb, path, body, kind))
    _lives(target)


@_fuzzy
@given(
    commands=st.dictionaries(
        st.one_of(st.sampled_from("abc"), st.text(max_size=4)),
        st.one_of(
            _scalars, st.builds(lambda m, p: f"{m}?{urlencode(list(_pairs(p)), errors='replace')}", _methods, _params)
        ),
        max_size=8,
    ),
    halt=_scalars,
    as_list=st.booleans(),
)
def test_any_batch_gets_an_envelope(target: Sandbox, commands: dict[str, Any], halt: Any, as_list: bool) -> None:
    body = {"cmd": list(commands.values()) if as_list else commands, "halt": halt}
    path = f"{urlsplit(target.url).path}batch"
    answer = _send(target, "POST", path, json.dumps(body).encode(), "application/json")
    _is_proper("POST", *answer)
    result = json.loads(answer[2])["result"]
    assert set(result) == {"result", "result_error", "result_total", "result_next", "result_time"}
    _lives(target)


@_fuzzy
@given(
    path=st.one_of(
        st.sampled_from(
            ["/", "/rest/", "/rest/1/", "/rest/api/", "/oauth/token/", "/oauth/authorize/", "/status.json"]
        ),
        st.text(max_size=20).map(lambda text: "/" + quote(text.encode("utf-8", "replace"))),
        st.text(max_size=20).map(lambda text: "/rest/" + quote(text.encode("utf-8", "replace"), safe="/")),
    ),
    verb=_verbs,
    body=st.binary(max_size=200),
    kind=_types,
)
@example(path="/rest/api/tasks.task.list", verb="POST", body=b"[]", kind="application/json")
@example(path="/rest//scope", verb="POST", body=b"\xff", kind="multipart/form-data; boundary=x")
def test_any_address_with_any_body_is_answered(target: Sandbox, path: str, verb: str, body: bytes, kind: str) -> None:
    status, _, _ = _send(target, verb, path, body, kind)
    assert status in _STATUSES | {302}
    _lives(target)


@_fuzzy
@given(method=_methods, body=_values, verb=_verbs)
def test_any_call_of_rest_3_gets_its_envelope(target: Sandbox, method: str, body: Any, verb: str) -> None:
    base = urlsplit(target.url).path.replace("/rest/", "/rest/api/")
    path = f"{base}{quote(method.encode('utf-8', 'replace'), safe='')}"
    _is_proper(verb, *_send(target, verb, path, json.dumps(body).encode(), "application/json"))
    _lives(target)


@_fuzzy
@given(noise=st.binary(min_size=1, max_size=300))
@example(noise=b"GET / HTTP/9.9\r\n\r\n")
@example(noise=b"POST /rest/1/x/batch HTTP/1.1\r\nContent-Length: -5\r\n\r\n")
def test_noise_that_is_no_http_does_no_harm(target: Sandbox, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", target.port), timeout=5) as connection:
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    _lives(target)
