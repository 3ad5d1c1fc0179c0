"""`StoredAuth` and `FunctionAuth`: what lets an application's requests in: tokens from a store, or from a function."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from typing_extensions import override

from b24orm.errors import AuthError, B24OrmError, ConfigurationError
from b24orm.oauth.app import OAuthApp
from b24orm.oauth.stores import LockingStore, MemoryStore, TokenStore
from b24orm.oauth.tokens import OAuthTokens, issued
from b24orm.oauth.turns import asked, turn
from b24orm.transport import Ask, Secret, is_loopback, masked

__all__ = ["FunctionAuth", "StoredAuth", "TokenFunction"]

logger = logging.getLogger("b24orm.oauth")

TokenFunction = Callable[[], str | Awaitable[str]]
"""Gives the access token that is good now; plain or ``async``."""

_LEEWAY: Final = 60.0  # seconds before its end from which on a token is not used any more
_REMEMBERED: Final = 64  # secrets: those of the last day and more; older ones open nothing any more
_FORGIVEN: Final = 60.0  # seconds after which a refusal that may pass (a bill was paid) is put to the test again
_FINAL: Final = frozenset({"invalid_grant", "invalid_request"})
_MOMENTS: Final = (0.0, 0.2, 0.5)  # seconds in which another process saves the tokens that it has just got
_SAVED_AGAIN: Final = 5.0  # seconds between two attempts to save tokens that the store did not take


class _Bearer:
    """What the two have in common: a portal, a token, and all secrets that were ever seen."""

    def __init__(self, origin: str) -> None:
        self._base = Secret(f"{origin}/rest/")
        self._token: Secret | None = None
        self._stale: Secret | None = None
        self._secrets: deque[Secret] = deque(maxlen=_REMEMBERED)

    @property
    def base(self) -> Secret:
        """The address to which a method's name is appended."""
        return self._base

    @property
    def host(self) -> str:
        """The portal."""
        return urlsplit(self._base.reveal()).netloc

    @property
    def redacted(self) -> str:
        """The address, which holds no secret."""
        return self._base.reveal()

    @property
    def user_id(self) -> int | None:
        """The user who has let the application in; None while nobody has said."""
        return None

    @property
    def token(self) -> Secret | None:
        """The access token in use."""
        return self._token

    @property
    def due(self) -> bool:
        """Whether there is no token that is good."""
        return self._token is None or self._token == self._stale

    def redact(self, text: str) -> str:
        """*text* with ``***`` for each secret that was ever seen."""
        lower = text.lower()
        for secret in self._secrets:
            # Looked for first, as there may be many, and a pattern for each takes its time.
            if "%" in lower or secret.reveal().lower() in lower:
                text = masked(text, secret)
        return text

    def rejected(self, token: Secret) -> bool:
        """The portal says that *token* has expired; another can be asked for."""
        self._stale = token
        return True

    def trusts(self, old: str, new: str) -> bool:
        """Whether *new* is the same portal by another name: a token must not be sent to anybody else.

        Portals are renamed within the domain that they are in (``settings/how-to-call-rest-api/change-domen.md``).
        """
        parent = old.partition(".")[2]
        return old == new or (is_loopback(old) and is_loopback(new)) or ("." in parent and new.endswith(f".{parent}"))

    def _saw(self, *secrets: Secret) -> None:
        for secret in secrets:
            if secret not in self._secrets:
                self._secrets.append(secret)

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.redacted!r})"


class FunctionAuth(_Bearer):
    """The access token that a function gives: at the beginning, and when the portal says that the last one has expired.

    Args:
        function: gives the access token that is good now.
        origin: the portal, ``https://my.bitrix24.ru``.
    """

    def __init__(self, function: TokenFunction, origin: str) -> None:
        super().__init__(origin)
        self._function = function

    async def renew(self, ask: Ask) -> None:
        """Ask the function.

        Raises:
            AuthError: it gives the token again that has expired.
            ConfigurationError: it fails, or gives no text.
        """
        del ask
        cause: Exception | None = None
        token, problem = Secret(""), "must give the access token, a text that is not empty"
        try:
            given = await asked(self._function)
        except B24OrmError:
            raise
        except Exception as error:
            cause, problem = error, f"failed: {type(error).__name__}"
        else:
            token = Secret(given.strip() if isinstance(given, str) else "")
            del given
        if not token.reveal():
            raise ConfigurationError(f"token_func {problem}") from cause
        self._saw(token)
        if token == self._stale:
            raise AuthError(
                "expired_token", "the portal refuses the token, and token_func gives the same one again", status=401
            )
        self._token = token

    async def moved(self, base: Secret) -> FunctionAuth:
        """The portal is at another address now."""
        self._base = base
        return self


class StoredAuth(_Bearer):
    """Tokens from a store, renewed when they are needed and have expired.

    Args:
        app: whose tokens they are.
        store: where they are kept.
        key: what they are called there.
        origin: the portal, ``https://my.bitrix24.ru``, as long as the tokens do not know better.
    """

    def __init__(self, app: OAuthApp, store: TokenStore, key: str, origin: str) -> None:
        super().__init__(origin)
        self._app = app
        self._store = store
        self._key = key
        self._tokens: OAuthTokens | None = None
        self._good_until = 0.0
        self._refusal: tuple[Secret, AuthError, float] | None = None
        self._save_at: float | None = None  # when to try again to save what the store did not take
        self._saw(app.client_secret)

    @property
    @override
    def user_id(self) -> int | None:
        """The user of the tokens, once they were looked up."""
        return None if self._tokens is None else self._tokens.user_id

    @property
    @override
    def due(self) -> bool:
        """Whether there is no token, or it has expired or will within a minute, or the store lags behind."""
        if super().due or time.time() >= self._good_until:
            return True
        return self._save_at is not None and time.monotonic() >= self._save_at

    async def renew(self, ask: Ask) -> None:
        """Get tokens that are good: from the store, if it has newer ones than we, else from the authorization server.

        Raises:
            AuthError: no tokens are issued. Remembered until the store holds others; refusals that may pass, such as an
                unpaid bill, for a minute.
            TransportError: the authorization server cannot be reached.
            ConfigurationError: the store holds no tokens, or fails.
        """
        async with turn(self._store, self._key):
            if self._save_at is not None:
                await self._save()
            else:
                await self._look()
            if super().due or time.time() >= self._good_until:
                await self._exchange(ask)

    async def moved(self, base: Secret) -> StoredAuth:
        """The portal is at another address now: the store learns it."""
        if base == self._base:
            return self  # another request was sent on before
        self._base = base
        async with turn(self._store, self._key):
            if self._save_at is None:
                await self._look()  # somebody else may have renewed the tokens meanwhile
            if self._tokens is not None:
                self._adopt(replace(self._tokens, client_endpoint=base.reveal()))
                await self._save()
        return self

    async def _exchange(self, ask: Ask) -> None:
        """The next pair for the refresh token that we have."""
        tokens = self._tokens
        if tokens is None:
            raise ConfigurationError(f"the store holds no tokens of {self._key}: the application is to be let in first")
        spent = tokens.refresh_token
        if spent is None:
            raise AuthError(
                "expired_token",
                "the access token has expired, and came without a refresh token, so it cannot be renewed",
                status=401,
            )
        self._recall(spent)
        address = self._app.token_address(tokens.server_endpoint)
        form = self._app.form({"grant_type": "refresh_token", "refresh_token": spent})
        try:
            new = issued(await ask(address, form), tokens)
        except AuthError as error:
            failure = error.with_traceback(None)
        else:
            self._adopt(new)
            logger.info("%s: the access token was renewed", self.host)
            await self._save()
            return
        if await self._overtaken(spent):
            return
        final = failure.code.lower() in _FINAL
        self._refusal = (spent, failure, float("inf") if final else time.monotonic() + _FORGIVEN)
        raise failure

    async def _overtaken(self, spent: Secret) -> bool:
        """Whether somebody else has spent the refresh token, and its successor is in the store by now, or soon."""
        alone = isinstance(self._store, MemoryStore | LockingStore)  # then only who does not take turns can be the one
        for wait in (0.0,) if alone else _MOMENTS:
            await asyncio.sleep(wait)
            await self._look()
            if self._tokens is not None and self._tokens.refresh_token != spent and not super().due:
                return True
        return False

    def _recall(self, spent: Secret) -> None:
        """Raise the refusal that this refresh token has met already."""
        if self._refusal is None or self._refusal[0] != spent or time.monotonic() >= self._refusal[2]:
            return
        known = self._refusal[1]
        raise AuthError(known.code, known.description, status=known.status, method=known.method)

    def _adopt(self, tokens: OAuthTokens) -> None:
        """Use *tokens* from now on."""
        self._tokens, self._token = tokens, tokens.access_token
        self._saw(*tokens.secrets)
        if tokens.client_endpoint:
            self._base = Secret(tokens.client_endpoint)
        now = time.time()
        left = float("inf") if tokens.expires is None else tokens.expires - now
        # Of tokens that live but a moment, half of it: or each request would ask for another one.
        self._good_until = now + max(left - _LEEWAY, left / 2)

    async def _look(self) -> None:
        """Take over what the store holds, unless it is what we had when it expired."""
        failed: Exception | None = None
        held: Any = None
        try:
            held = await asked(self._store.load, self._key)
        except B24OrmError:
            raise
        except Exception as error:
            failed = error
        if failed is not None:
            raise ConfigurationError(f"the token store failed: {type(failed).__name__}") from failed
        if held is not None and not isinstance(held, OAuthTokens):
            raise ConfigurationError(f"the token store gave {type(held).__name__} instead of OAuthTokens")
        if held is not None and held != self._tokens:
            self._adopt(held)

    async def _save(self) -> None:
        """Hand the tokens to the store. If it does not take them they are good all the same, and are offered again."""
        tokens = self._tokens
        assert tokens is not None
        try:
            await asked(self._store.save, self._key, tokens)
        except Exception as error:
            self._save_at = time.monotonic() + _SAVED_AGAIN
            why = self.redact(str(error)) if isinstance(error, B24OrmError) else type(error).__name__
            logger.error("%s: the store did not take the new tokens; they are lost if this goes on: %s", self.host, why)
        else:
            self._save_at = None
