"""Who calls: the user, what the call came with, and what it may do.

Facts: sections 1 and 3 of the behaviour notes; scopes by method: each page's "Scope" line.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Caller", "scope_of"]


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request runs.

    Attributes:
        user_id: the user whose rights count.
        client: the application's id, or ``webhook:<code>``: operating time is kept for each of them and method.
        application: whether an application calls; some methods are for these only.
        scope: what was granted; None for everything.
    """

    user_id: int
    client: str
    application: bool = False
    scope: frozenset[str] | None = None

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
_SCOPES = {
    "tasks": frozenset({"task"}),
    "task": frozenset({"task"}),
    "user": frozenset({"user", "user_brief", "user_basic"}),
    "department": frozenset({"department"}),
    "socialnetwork": frozenset({"sonet_group"}),
    "imopenlines": frozenset({"imopenlines"}),
}


def scope_of(method: str) -> frozenset[str]:
    """The scopes any of which allows *method* (in lower case); empty if it needs none."""
    family = method.partition(".")[0]
    if method in _FREE or family in _FREE_FAMILIES:
        return frozenset()
    return _SCOPES.get(family, frozenset({family}))
