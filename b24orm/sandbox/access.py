"""Who is let in: a webhook by its code, an application by its access token.

Facts: section 1 of the behaviour notes.
"""

from __future__ import annotations

from b24orm.sandbox.call import Call
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import State

__all__ = ["admit"]


def admit(state: State, call: Call) -> Caller:
    """Who calls. Raises Refusal if nobody may in that way."""
    if call.hook is not None:
        if call.hook != f"{state.options.user_id}/{state.options.code}":
            raise Refusal("INVALID_CREDENTIALS", "Invalid request credentials", 401)
        return state.owner
    if call.token is None:
        raise Refusal("NO_AUTH_FOUND", "Wrong authorization data", 401)
    raise Refusal("invalid_token", "Unable to get application by token", 401)
