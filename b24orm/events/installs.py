"""`Installations`: which portals have the application, and by which token each of them proves itself.

Facts: api-reference/events/safe-event-handlers.md, settings/oauth/auto-renewal.md. The token comes with the
installation, in a request that anybody can send. What nobody can make up is a refresh token that the authorization
server takes, and that server says of which portal it is.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from b24orm.errors import AuthError
from b24orm.events.base import EventAuth
from b24orm.events.catalogue import OnAppInstall, OnAppUpdate
from b24orm.oauth import OAuthApp, OAuthTokens, TokenStore
from b24orm.transport.auth import Secret

__all__ = ["Installations"]

logger = logging.getLogger("b24orm.events")


class Installations:
    """The portals that installed an application, in a store of tokens, by ``member_id``.

    ::

        installs = Installations(app, store)
        handlers = EventHandlers(application_token=installs.application_token, confirm=installs.confirm)
        portal = Portal.oauth(domain, app, store, key=member_id)

    ``ONAPPUNINSTALL`` leaves the tokens in the store: they are worth nothing any more.

    Args:
        app: the application's keys.
        store: where its tokens are kept; see `b24orm.oauth.TokenStore`.
    """

    def __init__(self, app: OAuthApp, store: TokenStore) -> None:
        self._app = app
        self._store = store

    async def application_token(self, auth: EventAuth) -> Secret | None:
        """The token that the portal which *auth* names showed when it installed the application; None if it did not."""
        tokens: OAuthTokens | None = await _ask(self._store.load, auth.member_id) if auth.member_id else None
        return None if tokens is None else tokens.application_token

    async def confirm(self, event: OnAppInstall | OnAppUpdate) -> bool:
        """Whether the authorization server knows the event's tokens as those of its portal; if so, they are kept.

        The refresh token is exchanged for the next pair, which is the one that is kept: the event's own is spent then.

        Raises:
            TransportError: the server cannot be asked; the portal does not send the event again.
        """
        auth = event.auth
        if auth.access_token is None or auth.refresh_token is None or auth.application_token is None:
            return False
        brought = OAuthTokens(
            access_token=auth.access_token,
            refresh_token=auth.refresh_token,
            server_endpoint=auth.server_endpoint,  # the keys know which servers may be asked
        )
        try:
            fresh = await self._app.refresh(brought)
        except AuthError as error:
            logger.warning("the authorization server does not know the tokens of %s: %s", event.name, error.code)
            return False
        if not fresh.member_id or fresh.member_id != auth.member_id:
            return False
        kept = replace(fresh, application_token=auth.application_token)
        await _ask(self._store.save, auth.member_id, kept)
        return True


async def _ask(method: Callable[..., Any], *arguments: object) -> Any:
    """What a method of a store gives, be it plain, in a thread, or asynchronous."""
    if inspect.iscoroutinefunction(method):
        return await method(*arguments)
    given = await asyncio.to_thread(method, *arguments)
    return await given if inspect.isawaitable(given) else given
