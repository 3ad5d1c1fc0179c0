"""Whatever is thrown at REST 3.0, it answers with a proper envelope, does not crash and lives on."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.v3.methods import METHODS

pytestmark = pytest.mark.slow

_NAMES = [
    *("id", "select", "filter", "order", "pagination", "cursor", "fields", "name", "query", "collectionId", "auth"),
    *("documentId", "fileName", "fileContent", "taskId", "fileIds", "filterModule", "overwrite", "state"),
]
_INNER = [
    *("id", "title", "text", "taskId", "userId", "startTime", "status", "deadline", "accomplices", "fileIds", "name"),
    *("creatorId", "responsibleId", "parentId", "responsible", "responsible.name", "limit", "page", "offset", "value"),
    *("field", "logic", "conditions", "negative", "type", "leftOperand", "operator", "rightOperand", "afterCursor"),
    *("position", "collectionId", "markdown", "messageId", "$ref", "$refArray", "method", "query", "as"),
]
_WORDS = ["=", "in", "between", "<", "!=", "or", "filter", "condition", "ASC", "a.id", "pending", "aGk=", "a.png"]
_MOMENT = "2026-01-30T00:00:00+03:00"
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 2, 41, 11, 21, -1, 2**63, -(10**30)]),
    st.floats(allow_nan=False),
    st.sampled_from([*_WORDS, *_INNER, _MOMENT]),
    st.text(max_size=5),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(_INNER), st.text(max_size=3)), inner, max_size=4),
    ),
    max_leaves=12,
)
_bodies = st.dictionaries(st.one_of(st.sampled_from(_NAMES), st.text(max_size=3)), _values, max_size=5)
_methods = st.one_of(st.sampled_from(sorted(METHODS)), st.text(min_size=1, max_size=8))
_commands = st.one_of(
    _values,
    st.fixed_dictionaries(
        {"method": st.sampled_from(sorted(METHODS)), "query": st.one_of(_bodies, _values)},
        optional={"as": st.sampled_from("ab")},
    ),
)
_fuzzy = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def target() -> Iterator[Sandbox]:
    with Sandbox(deals=12, tasks=5, limits=Limits.none()) as sandbox:
        yield sandbox


def _proper(target: Sandbox, method: str, body: bytes, kind: str, key: str | None = None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    path = urlsplit(target.url).path.replace("/rest/", "/rest/api/") + quote(method.encode("utf-8", "replace"), safe="")
    headers = {"Content-Type": kind} | ({} if key is None else {"Idempotency-Key": key})
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    assert target.books.crashes == []
    if answer.headers.get_content_type() == "text/html":  # an address that is none of a method
        assert answer.status == 404
        return
    said = json.loads(text)
    if answer.status == 200:
        assert "openapi" in said or set(said) == {"result", "time"}
    else:
        assert answer.status in {400, 403, 404, 422}, said
        assert set(said) == {"error"}
        assert isinstance(said["error"]["code"], str)
        assert isinstance(said["error"]["message"], str)


@_fuzzy
@given(method=_methods, body=st.one_of(_bodies, _values), key=st.sampled_from([None, "k", "", "é"]))
def test_any_method_with_any_body_gets_an_envelope(target: Sandbox, method: str, body: Any, key: str | None) -> None:
    _proper(target, method, json.dumps(body).encode(), "application/json", key)


@_fuzzy
@given(
    method=st.sampled_from(sorted(METHODS)),
    body=st.binary(max_size=40),
    kind=st.sampled_from(["", "text/x", "application/json"]),
)
def test_any_bytes_get_an_envelope(target: Sandbox, method: str, body: bytes, kind: str) -> None:
    _proper(target, method, body, kind)


@_fuzzy
@given(commands=st.lists(_commands, max_size=5))
def test_any_batch_gets_an_envelope(target: Sandbox, commands: list[Any]) -> None:
    _proper(target, "batch", json.dumps(commands).encode(), "application/json")


@_fuzzy
@given(
    method=st.sampled_from(["tasks.task.list", "main.eventlog.tail", "main.eventlog.list", "timeman.record.list"]),
    name=st.sampled_from(["filter", "order", "select", "pagination", "cursor"]),
    value=_values,
)
def test_any_question_gets_an_envelope(target: Sandbox, method: str, name: str, value: Any) -> None:
    _proper(target, method, json.dumps({name: value}).encode(), "application/json")
