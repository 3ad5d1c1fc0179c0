"""The portal's incoming webhooks: that of its owner, which may do everything, and those that were made beside it.

Facts: local-integrations/local-webhooks.md. A webhook acts as its user, within the scopes that it was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from b24orm.errors import ConfigurationError, nearest
from b24orm.sandbox.caller import Caller
from b24orm.sandbox.methods.service import SCOPES
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import State

__all__ = ["add_webhook", "webhook_caller"]

_KEPT = "webhooks"


def add_webhook(state: State, user_id: int, scope: Iterable[str] | None) -> str:
    """Make a webhook of a user; returns ``user/code``, which is a secret. A *scope* of None is everything.

    Raises:
        ConfigurationError: the portal has no such user, or no such scope.
    """
    if isinstance(scope, str):
        raise ConfigurationError(f"scope={scope!r}: a list of names is needed")
    granted = None if scope is None else sorted(scope)
    unknown = [name for name in granted or () if name not in SCOPES]
    if unknown:
        raise ConfigurationError(f"the sandbox has no scope {unknown[0]!r}{nearest(unknown[0], SCOPES)}")
    if state.store.row("user", user_id) is None:
        raise ConfigurationError(f"user={user_id}: the sandbox has no such user")
    with state.store.lock:
        kept = state.kept.get(_KEPT, {})
        code = hashlib.sha256(f"{state.options.code}:{user_id}:{len(kept)}".encode()).hexdigest()[:16]
        hook = f"{user_id}/{code}"
        state.kept[_KEPT] = {**kept, hook: granted}
    return hook


def webhook_caller(state: State, hook: str) -> Caller:
    """Who calls by the path ``user/code``. Raises Refusal if there is no such webhook, or its user is gone."""
    own = hook == f"{state.options.user_id}/{state.options.code}"
    webhooks: dict[str, list[str] | None] = {} if own else state.kept.get(_KEPT, {})
    if not own and hook not in webhooks:
        raise Refusal("INVALID_CREDENTIALS", "Invalid request credentials", 401)
    user, _, code = hook.partition("/")
    active = state.store.select("user", "active", ("id = ?", [int(user)]))
    if not active or active[0][0] != "Y":
        raise Refusal("authorization_error", "Unable to authorize user", 401)
    if own:
        return state.owner
    scope = webhooks[hook]
    # The portal has one administrator.
    admin = int(user) == state.options.user_id
    return Caller(int(user), f"webhook:{code}", scope=None if scope is None else frozenset(scope), admin=admin)
