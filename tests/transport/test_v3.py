"""The wire of REST 3.0: addresses, headers, answers and errors."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.errors import (
    AccessDenied,
    AuthError,
    MethodNotFound,
    NotFound,
    OperatingLimit,
    PortalError,
    RateLimited,
    TransportError,
)
from b24orm.transport import Transport, decode, portal_error, retryable
from tests.transport.conftest import CODE, WirePortal, answer

PREFIX = "BITRIX_REST_V3_EXCEPTION_"


def same(text: str) -> str:
    return text


async def test_calls_go_to_the_address_of_rest_3_without_a_suffix(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer({"result": {"item": {"id": 5}}})]
    envelope = await transport.post("tasks.task.get", {"id": 5}, version=3)
    assert envelope.result == {"item": {"id": 5}}
    (request,) = portal.requests
    assert (request.verb, request.target) == ("POST", f"/rest/api/7/{CODE}/tasks.task.get")
    assert request.json == {"id": 5}
    assert request.headers["content-type"] == "application/json"
    assert "idempotency-key" not in request.headers
    assert (envelope.keyed, envelope.replayed) == (False, False)


async def test_classic_calls_go_where_they_went(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer({"result": 1})]
    await transport.post("profile", {})
    assert portal.requests[0].target == f"/rest/7/{CODE}/profile.json"


@pytest.mark.parametrize(
    ("headers", "keyed", "replayed"),
    [
        ({}, False, False),
        ({"Idempotency-Key": "k1"}, True, False),
        ({"idempotency-key": "k1", "idempotent-replayed": "true"}, True, True),
        ({"Idempotency-Key": "another"}, False, False),
    ],
)
async def test_a_key_travels_and_its_echo_is_noticed(
    portal: WirePortal, transport: Transport, headers: dict[str, str], keyed: bool, replayed: bool
) -> None:
    portal.script = [answer({"result": {"item": {"id": 5}}}, headers=headers)]
    envelope = await transport.post("tasks.task.add", {"fields": {}}, version=3, key="k1")
    assert portal.requests[0].headers["idempotency-key"] == "k1"
    assert (envelope.keyed, envelope.replayed) == (keyed, replayed)


async def test_a_renamed_portal_is_followed_and_known_to_both_versions(
    portal: WirePortal, transport: Transport
) -> None:
    moved = portal.url.replace("127.0.0.1", "localhost")
    target = moved.replace("/rest/", "/rest/api/") + "tasks.task.add"
    portal.script = [answer({}, 308, headers={"Location": target}), answer({"result": {"item": {"id": 5}}})]
    await transport.post("tasks.task.add", {"fields": {"title": "Ж"}}, version=3, key="k1")
    first, second = portal.requests
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "k1"
    await transport.post("profile", {})
    await transport.post("tasks.task.get", {}, version=3)
    assert [request.target for request in portal.requests[2:]] == [
        f"/rest/7/{CODE}/profile.json",
        f"/rest/api/7/{CODE}/tasks.task.get",
    ]
    assert portal.requests[2].headers["host"].startswith("localhost")


async def test_no_secret_is_in_an_error_that_quotes_it(portal: WirePortal, transport: Transport) -> None:
    said = f"see {portal.url} and {CODE}"
    error = {"code": said, "message": said, "validation": [{"field": said, "message": said}]}
    portal.script = [answer({"error": error}, 400)]
    with pytest.raises(PortalError) as caught:
        await transport.post("tasks.task.get", {}, version=3)
    assert CODE not in str(caught.value)
    assert CODE not in repr(caught.value.validation)
    assert CODE not in caught.value.code + caught.value.description


def refused(body: dict[str, Any], status: int = 400) -> PortalError:
    with pytest.raises(PortalError) as caught:
        answered(body, status)
    return caught.value


def answered(body: Any, status: int = 200) -> Any:
    import json

    return decode(status, "application/json", json.dumps(body).encode(), same, method="tasks.task.add")


def test_what_is_wrong_with_which_parameter_stands_in_the_error() -> None:
    error = refused(
        {
            "error": {
                "code": PREFIX + "VALIDATION_REQUESTVALIDATIONEXCEPTION",
                "message": "Error validating request object",
                "validation": [{"field": "filter.userId", "message": "is not specified"}, {"message": "no field"}],
            }
        }
    )
    assert error.validation == (("filter.userId", "is not specified"), ("", "no field"))
    assert "filter.userId: is not specified; no field" in str(error)
    assert (error.status, error.method) == (400, "tasks.task.add")
    assert retryable(error) == "never"


@pytest.mark.parametrize("validation", [None, [], {}, "x", [None, "x"], [{"field": None, "message": None}]])
def test_odd_details_do_no_harm(validation: Any) -> None:
    error = refused({"error": {"code": "X", "message": "m", "validation": validation}})
    assert all(problem == ("", "") for problem in error.validation)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ENTITYNOTFOUNDEXCEPTION", 400, NotFound),
        ("METHODNOTFOUNDEXCEPTION", 404, MethodNotFound),
        ("METHODNOTFOUNDEXCEPTION", 400, MethodNotFound),
        ("ACCESSDENIEDEXCEPTION", 403, AccessDenied),
        ("ACCESSDENIEDEXCEPTION", 400, AccessDenied),
        ("ACCESSDENIEDEXCEPTION", 401, AuthError),
        ("INSUFFICIENTSCOPEEXCEPTION", 403, AuthError),
        ("RATELIMITEXCEPTION", 429, OperatingLimit),
        ("LICENSEEXCEPTION", 403, AccessDenied),
        ("VALIDATION_DTOVALIDATIONEXCEPTION", 400, PortalError),
        ("IDEMPOTENCYKEYREUSEDEXCEPTION", 422, PortalError),
        ("UNKNOWNDTOPROPERTYEXCEPTION", 400, PortalError),
    ],
)
@pytest.mark.parametrize("prefix", [PREFIX, "BITRIX_REST_V3_EXCEPTIONS_", "bitrix_rest_v3_realisation_exception_"])
def test_codes_are_known_by_their_last_word(prefix: str, code: str, status: int, kind: type[PortalError]) -> None:
    assert type(portal_error(prefix + code, status=status)) is kind


def test_a_field_that_is_not_described_is_not_found() -> None:
    error = portal_error("BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION", status=404)
    assert type(error) is NotFound


def test_codes_of_modules_and_of_the_classic_rest_keep_their_meaning() -> None:
    assert type(portal_error("NOTE_EMPTY_UPDATE", status=400)) is PortalError
    error = refused({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}, 503)
    assert type(error) is RateLimited


@pytest.mark.parametrize(
    ("code", "status", "verdict"),
    [
        ("INTERNAL_INTERNALEXCEPTION", 400, "reads"),
        ("INTERNAL_INTERNALEXCEPTION", 500, "reads"),
        ("INTERNAL_ORMSAVEEXCEPTION", 500, "reads"),
        ("RATELIMITEXCEPTION", 429, "always"),
        ("INVALIDFILTEREXCEPTION", 400, "never"),
    ],
)
def test_what_may_be_sent_again_after_an_error(code: str, status: int, verdict: str) -> None:
    assert retryable(portal_error(PREFIX + code, status=status)) == verdict


def test_the_list_of_methods_comes_without_an_envelope() -> None:
    document = {"openapi": "3.0.0", "paths": {"/tasks.task.get": {}}}
    assert answered(document).result == document
    with pytest.raises(TransportError, match="no REST envelope"):
        answered(document, 500)
