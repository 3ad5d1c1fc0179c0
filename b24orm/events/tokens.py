"""Who sent an event: the application's token, compared in constant time.

Facts: api-reference/events/safe-event-handlers.md. A portal gives an application one token, sends it first with
``ONAPPINSTALL``, and shows it with every event.
"""

from __future__ import annotations

import hmac
import inspect
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from b24orm.errors import ConfigurationError
from b24orm.events.base import EventAuth
from b24orm.narrow import is_mapping
from b24orm.transport.auth import Secret

__all__ = ["KnownToken", "TokenCheck", "Tokens"]

KnownToken: TypeAlias = str | Secret | None

Tokens: TypeAlias = (
    str | Secret | Mapping[str, str] | Mapping[str, Secret] | Callable[[EventAuth], KnownToken | Awaitable[KnownToken]]
)
"""The token of the one portal; or tokens by ``member_id``, which may change at any time; or a function, plain or
asynchronous, that looks it up: ``event.auth.member_id`` tells the portal."""

_NOBODYS = secrets.token_hex(16)


class TokenCheck:
    """Tells events of a known portal from others.

    Raises:
        ConfigurationError: no token, or not in any of the forms of `Tokens`.
    """

    def __init__(self, tokens: Tokens) -> None:
        single = Secret(tokens) if isinstance(tokens, str) else tokens
        if isinstance(single, Secret) and not single.reveal().strip():
            raise ConfigurationError("application_token is empty; without it anybody could send events")
        if not isinstance(single, Secret) and not is_mapping(single) and not callable(single):
            raise ConfigurationError(
                "application_token is a text, a mapping of member_id to text, or a function that looks it up, "
                f"not {type(tokens).__name__}"
            )
        self._tokens = single

    async def passes(self, auth: EventAuth) -> bool:
        """Whether the event shows the token that is known of its portal."""
        known = await self._known(auth)
        given = auth.application_token
        # Compared in any case, so that the time tells nobody which portals are known.
        same = hmac.compare_digest(_bytes(given), _bytes(known or _NOBODYS))
        return same and given is not None and bool(known)

    async def _known(self, auth: EventAuth) -> KnownToken:
        tokens: Any = self._tokens
        if isinstance(tokens, Secret):
            return tokens
        found: Any = tokens.get(auth.member_id) if is_mapping(tokens) else tokens(auth)
        known: KnownToken = await found if inspect.isawaitable(found) else found
        return known


def _bytes(token: KnownToken) -> bytes:
    text = token.reveal() if isinstance(token, Secret) else token or ""
    return text.encode("utf-8", "surrogatepass")
