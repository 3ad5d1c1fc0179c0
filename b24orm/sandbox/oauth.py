"""Applications, and what lets them in: authorization codes, access tokens, refresh tokens, and who may have which.

Facts: settings/oauth/index.md, settings/oauth/auto-renewal.md, settings/oauth/error-codes.md. A code lives 30 s and
serves once, an access token one hour, a refresh token 180 days. Where the documentation is silent, the stricter reading
is taken: a refresh token dies when it is used, as those of other servers do; access tokens live on until their hour is
over. All moments are the portal's.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from b24orm.sandbox.clock import Clock
from b24orm.sandbox.refusal import Refusal

__all__ = ["ACCESS_SECONDS", "CODE_SECONDS", "REFRESH_SECONDS", "Application", "Grant", "OAuth", "Pair"]

CODE_SECONDS = 30
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 180 * 86_400


@dataclass(slots=True)
class Application:
    """An application of the portal, as its card says.

    Attributes:
        id: what ``app.info`` calls it.
        client_id: its code.
        client_secret: what it shows to the authorization server, and to nobody else.
        application_token: what the portal shows to its handlers.
        scope: what it may use.
        user_id: who installed it, and who is meant where nobody else is named.
        redirect_uri: where people are sent back to; None for those that show a code to be typed in.
        status: L (local), F, D, T, P.
        installed: whether its installation is finished.
        paid: False once its trial or paid period is over.
        removed: whether it was taken off the portal.
    """

    id: int
    client_id: str
    client_secret: str
    application_token: str
    scope: tuple[str, ...]
    user_id: int = 1
    redirect_uri: str | None = None
    status: str = "L"
    installed: bool = True
    paid: bool = True
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code or a token stands for: an application, on behalf of a user, until a moment (epoch seconds)."""

    application: Application
    user_id: int
    expires: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Tokens that were just issued, and for whom; ``expires`` is when the access token does."""

    access_token: str
    refresh_token: str
    grant: Grant


@dataclass(slots=True)
class OAuth:
    """The portal's applications and all that was issued to them. Safe to use from any thread.

    Attributes:
        clock: the portal's.
        member_id: the portal's identity, which outlives its address.
        portal: the portal's address without a slash at its end; known once it listens.
        server: that of the authorization server.
    """

    clock: Clock
    member_id: str
    portal: str = ""
    server: str = ""
    _applications: dict[str, Application] = field(default_factory=dict[str, Application])
    _codes: dict[str, Grant] = field(default_factory=dict[str, Grant])
    _access: dict[str, Grant] = field(default_factory=dict[str, Grant])
    _refresh: dict[str, Grant] = field(default_factory=dict[str, Grant])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def domain(self) -> str:
        """The portal, as payloads name it."""
        return self.portal.partition("://")[2]

    @property
    def server_domain(self) -> str:
        """The authorization server, as payloads name it."""
        return self.server.partition("://")[2]

    @property
    def applications(self) -> list[Application]:
        """All that were ever registered, removed ones too."""
        with self._lock:
            return list(self._applications.values())

    def add(self, application: Application) -> None:
        """Register an application."""
        with self._lock:
            self._applications[application.client_id] = application

    def application(self, client_id: str) -> Application | None:
        """The application with that code, removed or not; None if there never was one."""
        return self._applications.get(client_id)

    def code(self, application: Application, user_id: int) -> str:
        """A new authorization code."""
        code = secrets.token_hex(16)
        with self._lock:
            self._codes[code] = Grant(application, user_id, self.clock.time() + CODE_SECONDS)
        return code

    def issue(self, application: Application, user_id: int) -> Pair:
        """A new pair of tokens."""
        now = self.clock.time()
        grant = Grant(application, user_id, now + ACCESS_SECONDS)
        pair = Pair(secrets.token_hex(32), secrets.token_hex(32), grant)
        with self._lock:
            self._access[pair.access_token] = grant
            self._refresh[pair.refresh_token] = Grant(application, user_id, now + REFRESH_SECONDS)
        return pair

    def exchange(self, application: Application, code: str) -> Pair:
        """Tokens for an authorization code, which is spent with it, whoever shows it.

        Raises:
            Refusal: invalid_grant.
        """
        return self._spend(self._codes, application, code)

    def renew(self, application: Application, refresh_token: str) -> Pair:
        """Tokens for a refresh token, which is spent with it.

        Raises:
            Refusal: invalid_grant.
        """
        return self._spend(self._refresh, application, refresh_token)

    def grant(self, access_token: str) -> Grant | None:
        """What an access token stands for, expired or not; None if it was never issued."""
        return self._access.get(access_token)

    def forget(self, application: Application) -> None:
        """Take an application off the portal: its tokens mean nothing any more."""
        with self._lock:
            application.removed = True
            for held in (self._codes, self._refresh):
                for value in [value for value, grant in held.items() if grant.application is application]:
                    del held[value]

    def drop_refresh_tokens(self, application: Application) -> None:
        """From now on none of its refresh tokens is worth anything, as if 180 days had passed."""
        with self._lock:
            for value in [value for value, grant in self._refresh.items() if grant.application is application]:
                del self._refresh[value]

    def _spend(self, held: dict[str, Grant], application: Application, value: str) -> Pair:
        with self._lock:
            grant = held.pop(value, None)
        if grant is None or grant.application is not application or grant.expires <= self.clock.time():
            raise Refusal("invalid_grant", "Invalid grant", 400)
        return self.issue(application, grant.user_id)

    def answer(self, pair: Pair, *, renewed: bool) -> Mapping[str, str | int]:
        """What the authorization server says of a pair: the samples of the two pages, key by key.

        Only that of a renewal has ``expires`` and ``user_id``.
        """
        application = pair.grant.application
        told: dict[str, str | int] = {
            "access_token": pair.access_token,
            "client_endpoint": f"{self.portal}/rest/",
            "domain": self.server_domain,
            "expires_in": ACCESS_SECONDS,
            "member_id": self.member_id,
            "refresh_token": pair.refresh_token,
            "scope": ",".join(application.scope),
            "server_endpoint": f"{self.server}/rest/",
            "status": application.status,
        }
        if renewed:
            told |= {"expires": int(pair.grant.expires), "user_id": pair.grant.user_id}
        return dict(sorted(told.items()))

    def block(self, application: Application, user_id: int | None, *, refresh: bool = False) -> dict[str, str]:
        """The ``auth`` of an event's payload, as text, which is all that a form can hold.

        Args:
            user_id: on whose behalf; None for events in which nobody acts, which bring no tokens.
            refresh: whether the refresh token comes along, as with OnAppInstall and OnOfflineEvent.

        Facts: api-reference/events/index.md, api-reference/common/events/on-app-install.md.
        """
        told = {
            "domain": self.domain,
            "client_endpoint": f"{self.portal}/rest/",
            "server_endpoint": f"{self.server}/rest/",
            "member_id": self.member_id,
            "application_token": application.application_token,
        }
        if user_id is not None:
            pair = self.issue(application, user_id)
            told |= {
                "access_token": pair.access_token,
                "expires": str(int(pair.grant.expires)),
                "expires_in": str(ACCESS_SECONDS),
                "scope": ",".join(application.scope),
                "status": application.status,
                "user_id": str(user_id),
            }
            if refresh:
                told["refresh_token"] = pair.refresh_token
        return told
