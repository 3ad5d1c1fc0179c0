"""The portal's error codes: which error each becomes, and what may be sent again after it.

Sources: ``_includes/system-errors.md``, ``settings/performance/limits.md``, ``settings/oauth/error-codes.md``,
``api-reference/rest-v3.md`` and the "error codes" sections of the methods' pages.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from b24orm.errors import (
    AccessDenied,
    AuthError,
    B24OrmError,
    MethodNotFound,
    NotFound,
    OperatingLimit,
    PortalError,
    RateLimited,
    TransportError,
)

__all__ = ["Retry", "expired", "portal_error", "retryable"]

Retry = Literal["always", "reads", "never"]
"""``always``: nothing ran. ``reads``: it may have run, so only what does no harm twice. ``never``: no use."""

# In lower case: portals, their versions and the vendor's pages differ in it. Those of REST 3.0, which are made of the
# names of classes, stand as the last word of that name, without EXCEPTION at its end.
_BY_CODE: Final[dict[str, type[PortalError]]] = {
    "query_limit_exceeded": RateLimited,
    "operation_time_limit": OperatingLimit,
    "error_method_not_found": MethodNotFound,
    "methodnotfound": MethodNotFound,
    "no_auth_found": AuthError,
    "invalid_credentials": AuthError,
    "expired_token": AuthError,
    "invalid_token": AuthError,
    "insufficient_scope": AuthError,
    "insufficientscope": AuthError,
    "authorization_error": AuthError,
    "user_access_error": AuthError,
    "wrong_auth_type": AuthError,
    "application_not_found": AuthError,
    "access_denied": AccessDenied,
    "accessdenied": AccessDenied,
    "allowed_only_intranet_user": AccessDenied,
    "method_confirm_denied": AccessDenied,
    "not_found": NotFound,
    "error_not_found": NotFound,
    "error_element_not_found": NotFound,
    "owner_not_found": NotFound,
    "entitynotfound": NotFound,
    "fieldnotfound": NotFound,
    "ratelimit": OperatingLimit,  # by the name of the limiter that throws it: a method's server time
    "201240400001": NotFound,
    # The portal itself is closed: its HTTP status varies, and says nothing about who asks.
    "overload_limit": PortalError,
    "portal_deleted": PortalError,
}
_BY_STATUS: Final[dict[int, type[PortalError]]] = {401: AuthError, 403: AccessDenied}

# Handlers send their plainest errors without a code of their own, or with ERROR_CORE, and modules number theirs:
# 201240400001.
_CODELESS: Final = re.compile(r"|-|0|100|\d{12}|error_core")
_NO_OBJECT: Final = re.compile(
    r"(?:(?:not|was not) (?:been )?found|does(?: not|n't) exist|не найден[аоы]?|не существует)\.?$"
    r"|/ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE\b",  # the old methods of tasks
    re.IGNORECASE,
)
_NO_RIGHT: Final = re.compile(
    r"^(?:access[ _]denied|insufficient permissions|you do not have permission)\b", re.IGNORECASE
)
_FIELD: Final = re.compile(r"\b(?:field|parameter)\b", re.IGNORECASE)

_NEVER_AGAIN: Final = frozenset({"overload_limit", "portal_deleted"})
_UNSURE_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNSURE_CODES: Final = frozenset({"internal_server_error", "error_unexpected_answer", "internal"})

# BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION; EXCEPTIONS in portals of 2025, and what a module
# realises has REALISATION in it.
_V3: Final = re.compile(r"bitrix_rest_v3_(?:[a-z0-9]+_)*([a-z0-9]+?)(?:exception)?")


def portal_error(
    code: str,
    description: str = "",
    *,
    status: int = 400,
    method: str | None = None,
    validation: tuple[tuple[str, str], ...] = (),
) -> PortalError:
    """The error for one answer of the portal, of the class that its code (first) or HTTP status calls for.

    Args:
        code: ``error`` as the portal sent it, in any case; may be empty.
        description: ``error_description``.
        status: the HTTP status; 200 for an error of one command of a batch.
        method: the REST method that failed, None for the whole request.
        validation: what REST 3.0 says is wrong with which parameter.
    """
    kind = _class_of(code, description, status)
    return kind(code, description, status=status, method=method, validation=validation)


def retryable(error: B24OrmError) -> Retry:
    """What may be sent again after *error*: ``always``, ``reads`` only (the request may have run), or ``never``."""
    if isinstance(error, RateLimited | OperatingLimit):
        return "always"
    if isinstance(error, TransportError):
        if error.status is not None and 300 <= error.status < 500 and error.status not in _UNSURE_STATUS:
            return "never"  # a redirect to nowhere, a page instead of a portal
        return "reads" if error.sent else "always"
    if isinstance(error, PortalError):
        code = _plain(error.code)
        if code in _UNSURE_CODES:
            return "reads"
        if code not in _NEVER_AGAIN and type(error) is PortalError and error.status in _UNSURE_STATUS:
            return "reads"
    return "never"


def expired(error: BaseException | None) -> bool:
    """Whether *error* says that the access token has expired: nothing ran, whatever it was.

    The portal looks at the token before the method runs; the documentation wants the call repeated with another token,
    writes like reads (``settings/oauth/auto-renewal.md``). REST 3.0 has one word for all tokens that do not let in.
    No other error is worth a new token.
    """
    if not isinstance(error, PortalError):
        return False
    return _plain(error.code) == "expired_token" or _not_let_in(error.code, error.status)


def _class_of(code: str, description: str, status: int) -> type[PortalError]:
    plain = _plain(code)
    known = _BY_CODE.get(plain)
    if _not_let_in(code, status):
        return AuthError
    if known is not None:
        return known
    if _CODELESS.fullmatch(plain):
        if _NO_OBJECT.search(description) and not _FIELD.search(description):
            return NotFound
        if _NO_RIGHT.search(description):
            return AccessDenied
    if " " in plain and _NO_OBJECT.search(plain):
        return NotFound  # crm.status.* send the sentence in the place of the code
    return _BY_STATUS.get(status, PortalError)


def _not_let_in(code: str, status: int) -> bool:
    """Whether REST 3.0 says of the token or code itself that it does not let in: the status tells it from a right."""
    return status == 401 and _plain(code) == "accessdenied" and code.strip().lower() != "accessdenied"


def _plain(code: str) -> str:
    lower = code.strip().lower()
    found = _V3.fullmatch(lower)
    return lower if found is None else found[1]
