"""Who is let in: a webhook by its code, an application by its access token.

Facts: section 1 of the behaviour notes.
"""

from __future__ import annotations

from b24orm.sandbox.call import Call
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.oauth import Application
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import State
from b24orm.sandbox.webhooks import webhook_caller

__all__ = ["admit", "for_administrators", "for_applications"]


def admit(state: State, call: Call) -> Caller:
    """Who calls. Raises Refusal if nobody may in that way."""
    if state.options.tls and not call.secure:
        raise Refusal("INVALID_REQUEST", "Https required", 400)
    if call.hook is not None:
        return webhook_caller(state, call.hook)
    if call.token is None:
        raise Refusal("NO_AUTH_FOUND", "Wrong authorization data", 401)
    return _bearer(state, call.token)


def _bearer(state: State, token: str) -> Caller:
    """Who calls with an access token.

    Texts and statuses are those of ``_includes/system-errors.md`` and, where it has none, of b24pysdk.
    """
    grant = state.oauth.grant(token)
    if grant is None:
        raise Refusal("invalid_token", "Unable to get application by token", 401)
    if grant.expires <= state.clock.time():
        raise Refusal("expired_token", "The access token provided has expired.", 401)
    application = grant.application
    if application.removed:
        raise Refusal("ERROR_OAUTH", "Application not installed", 401)
    if not application.paid:
        raise Refusal("PAYMENT_REQUIRED", "Subscription has been ended", 401)
    user = state.store.row("user", grant.user_id)
    if user is None or user["active"] != "Y":
        raise Refusal("authorization_error", "Unable to authorize user", 401)
    return Caller(
        grant.user_id,
        application.client_id,
        application=application,
        scope=frozenset(application.scope),
        admin=grant.user_id == state.options.user_id,  # the portal has one administrator
    )


def for_applications(state: State) -> Application:
    """The application that calls, for methods that are for applications only.

    Raises:
        Refusal: a webhook calls (``_includes/system-errors.md``).
    """
    application = state.caller.application
    if application is None:
        reason = "Current authorization type is denied for this method Application context required"
        raise Refusal("WRONG_AUTH_TYPE", reason, 403)
    return application


def for_administrators(state: State, reason: str = "Access denied!") -> None:
    """Methods, or parameters, that are for the portal's administrators only.

    Raises:
        Refusal: the user is none, and is told the *reason*.
    """
    if not state.caller.admin:
        raise Refusal("ACCESS_DENIED", reason, 403)
