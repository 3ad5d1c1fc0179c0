from __future__ import annotations

import pytest

from b24orm.errors import (
    AccessDenied,
    AuthError,
    B24OrmError,
    ConfigurationError,
    MethodNotFound,
    NotFound,
    OperatingLimit,
    PortalError,
    RateLimited,
    TransportError,
)
from b24orm.transport import portal_error, retryable


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("QUERY_LIMIT_EXCEEDED", 503, RateLimited),
        ("query_limit_exceeded", 200, RateLimited),
        ("OPERATION_TIME_LIMIT", 429, OperatingLimit),
        ("ERROR_METHOD_NOT_FOUND", 404, MethodNotFound),
        ("NO_AUTH_FOUND", 401, AuthError),
        ("INVALID_CREDENTIALS", 403, AuthError),
        ("expired_token", 401, AuthError),
        ("invalid_token", 401, AuthError),
        ("insufficient_scope", 403, AuthError),
        ("BITRIX_REST_V3_EXCEPTION_INSUFFICIENTSCOPEEXCEPTION", 403, AuthError),
        ("authorization_error", 401, AuthError),
        ("user_access_error", 403, AuthError),
        ("WRONG_AUTH_TYPE", 403, AuthError),
        ("APPLICATION_NOT_FOUND", 401, AuthError),
        ("something new", 401, AuthError),
        ("ACCESS_DENIED", 401, AccessDenied),
        ("allowed_only_intranet_user", 403, AccessDenied),
        ("BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION", 400, AccessDenied),
        ("something new", 403, AccessDenied),
        ("NOT_FOUND", 400, NotFound),
        ("ERROR_NOT_FOUND", 400, NotFound),
        ("ERROR_ELEMENT_NOT_FOUND", 400, NotFound),
        ("201240400001", 400, NotFound),
        ("BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION", 400, NotFound),
        ("OVERLOAD_LIMIT", 401, PortalError),
        ("PORTAL_DELETED", 403, PortalError),
        ("INVALID_REQUEST", 400, PortalError),
        ("ERROR_MANIFEST_IS_NOT_AVAILABLE", 404, PortalError),
        ("", 400, PortalError),
    ],
)
def test_each_code_becomes_its_error(code: str, status: int, expected: type[PortalError]) -> None:
    error = portal_error(code, "words", status=status, method="crm.item.get")
    assert type(error) is expected
    assert (error.code, error.description, error.status, error.method) == (code, "words", status, "crm.item.get")


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Not found", NotFound),
        ("Not found.", NotFound),
        ("Document not found", NotFound),
        ("product does not exist.", NotFound),
        ("Payment has not been found", NotFound),
        ("Смарт-процесс не найден", NotFound),
        ("Задача не найдена.", NotFound),
        ("Элемент не существует", NotFound),
        ("TASKS_ERROR_EXCEPTION_#512; x not found; 512/TE/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE<br>", NotFound),
        ("The 'USER_TYPE_ID' field is not found.", PortalError),
        ("Could not find value for parameter {id}", PortalError),
        ("ID is not defined or invalid.", PortalError),
        ("Access denied.", AccessDenied),
        ("Insufficient permissions to save the document", AccessDenied),
        ("access_denied", AccessDenied),
        ("You do not have permission to view user field settings", AccessDenied),
    ],
)
@pytest.mark.parametrize("code", ["", "-", "0", "100", "200640400001", "ERROR_CORE"])
def test_an_error_without_a_code_is_known_by_its_words(
    code: str, description: str, expected: type[PortalError]
) -> None:
    assert type(portal_error(code, description)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (portal_error("QUERY_LIMIT_EXCEEDED", status=503), "always"),
        (portal_error("OPERATION_TIME_LIMIT", status=429), "always"),
        (TransportError("refused", sent=False), "always"),
        (TransportError("reset"), "reads"),
        (TransportError("a page", status=502), "reads"),
        (TransportError("half", status=200), "reads"),
        (TransportError("too many", status=429), "reads"),
        (TransportError("a page", status=404), "never"),
        (TransportError("a redirect", status=302, sent=False), "never"),
        (portal_error("INTERNAL_SERVER_ERROR", status=500), "reads"),
        (portal_error("error_unexpected_answer", status=200), "reads"),
        (portal_error("", status=502), "reads"),
        (portal_error("WHO_KNOWS", status=504), "reads"),
        (portal_error("OVERLOAD_LIMIT", status=503), "never"),
        (portal_error("PORTAL_DELETED", status=500), "never"),
        (portal_error("NOT_FOUND", status=500), "never"),
        (portal_error("NO_AUTH_FOUND", status=401), "never"),
        (portal_error("ERROR_ARGUMENT", status=400), "never"),
        (ConfigurationError("x"), "never"),
    ],
)
def test_what_may_be_sent_again_follows_from_what_may_have_run(error: B24OrmError, expected: str) -> None:
    assert retryable(error) == expected
