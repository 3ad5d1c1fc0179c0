"""The errors that the portal gives for reasons of its own, whatever the method: for faults that stand for them.

Facts: ``_includes/system-errors.md`` of the vendor's documentation, settings/performance/limits.md, and section 3 of
the behaviour notes. Where documentation and server differ about the status, the documentation's comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["COMMAND_VERDICTS", "VERDICTS", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An error of the portal.

    Attributes:
        statuses: the HTTP statuses that it is known to have, the likeliest first.
    """

    code: str
    description: str
    statuses: tuple[int, ...]


VERDICTS: Mapping[str, Verdict] = {
    "error": Verdict("INTERNAL_SERVER_ERROR", "Internal server error", (500,)),
    "server_error": Verdict("INTERNAL_SERVER_ERROR", "Internal server error", (500,)),
    "unexpected_answer": Verdict("ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response", (500,)),
    "sql_error": Verdict("ERROR_CORE", "Internal error!", (500, 400)),
    "query_limit": Verdict("QUERY_LIMIT_EXCEEDED", "Too many requests", (503,)),
    "overload_limit": Verdict("OVERLOAD_LIMIT", "REST API is blocked due to overload", (503, 401)),
    "portal_deleted": Verdict("PORTAL_DELETED", "Portal was deleted", (500, 403, 410)),
    "https_required": Verdict("INVALID_REQUEST", "Https required", (400,)),
    "no_auth_found": Verdict("NO_AUTH_FOUND", "Wrong authorization data", (401,)),
    "expired_token": Verdict("expired_token", "The access token provided has expired.", (401,)),
    "invalid_token": Verdict("invalid_token", "Unable to get application by token", (401,)),
    "invalid_credentials": Verdict("INVALID_CREDENTIALS", "Invalid request credentials", (403, 401)),
    "insufficient_scope": Verdict(
        "insufficient_scope", "The request requires higher privileges than provided by the webhook token", (403, 401)
    ),
    "user_access_error": Verdict("user_access_error", "The user does not have access to the application.", (403, 401)),
    "authorization_error": Verdict("authorization_error", "Unable to authorize user", (401,)),
    "application_not_found": Verdict("APPLICATION_NOT_FOUND", "Application not found", (401,)),
    "no_commercial_plan": Verdict("ACCESS_DENIED", "REST API is available only on commercial plans", (403, 401)),
    "only_intranet_user": Verdict(
        "allowed_only_intranet_user", "This action is allowed only for intranet users", (403,)
    ),
    "wrong_auth_type": Verdict("WRONG_AUTH_TYPE", "Current authorization type is denied for this method", (403,)),
    "confirm_waiting": Verdict("METHOD_CONFIRM_WAITING", "Waiting for confirmation", (401,)),
    "confirm_denied": Verdict("METHOD_CONFIRM_DENIED", "Method call denied", (403,)),
    "wrong_encoding": Verdict("WRONG_ENCODING", "Wrong request encoding", (200,)),
}
"""Of whole requests, by the kind of the fault."""

COMMAND_VERDICTS: Mapping[str, Verdict] = {
    "command_error": VERDICTS["server_error"],
    "command_query_limit": VERDICTS["query_limit"],
    "command_expired_token": VERDICTS["expired_token"],
    "operation_time_limit": Verdict("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", (429,)),
    # What a handler that hands back an error itself answers: the status is that of a success.
    "soft_error": Verdict("ERROR_CORE", "Internal error!", (200,)),
}
"""Of one REST call, alone or in a batch, by the kind of the fault."""
