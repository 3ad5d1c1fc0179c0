"""Who calls: the user, what the call came with, and what it may do.

Facts: sections 1 and 3 of the behaviour notes; scopes by method: each page's "Scope" line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from b24orm.sandbox.oauth import Application

__all__ = ["Caller", "scope_of"]


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request runs.

    Attributes:
        user_id: the user whose rights count.
        client: the application's id, or ``webhook:<code>``: operating time is kept for each of them and method.
        application: the application that calls; some methods are for these only. None for a webhook.
        scope: what was granted; None for everything.
        admin: whether the user administers the portal; some methods, and some parameters, are for these only.
    """

    user_id: int
    client: str = field(repr=False)
    application: Application | None = None
    scope: frozenset[str] | None = None
    admin: bool = True

    def may(self, method: str) -> bool:
        """Whether the scope holds what *method* (in lower case) needs."""
        needed = scope_of(method)
        return self.scope is None or not needed or not needed.isdisjoint(self.scope)


# Methods that need no scope, and those whose first word does not name it.
_FREE = frozenset(
    {
        "access.name",
        "app.info",
        "batch",
        "feature.get",
        "method.get",
        "methods",
        "profile",
        "scope",
        "server.time",
        "user.access",
        "user.admin",
    }
)
_FREE_FAMILIES = frozenset({"event", "events", "app"})
_FULL_USER = frozenset({"user.add", "user.update"})
_SCOPES = {
    "tasks": frozenset({"task"}),
    "task": frozenset({"task"}),
    "user": frozenset({"user", "user_brief", "user_basic"}),
    "department": frozenset({"department"}),
    "sonet_group": frozenset({"sonet_group", "socialnetwork"}),
    "socialnetwork": frozenset({"sonet_group", "socialnetwork"}),
    "voximplant": frozenset({"telephony"}),
    "imopenlines": frozenset({"imopenlines"}),
}


def scope_of(method: str) -> frozenset[str]:
    """The scopes any of which allows *method* (in lower case); empty if it needs none."""
    family = method.partition(".")[0]
    if method in _FREE or family in _FREE_FAMILIES:
        return frozenset()
    if method in _FULL_USER:
        return frozenset({"user"})
    return _SCOPES.get(family, frozenset({family}))
