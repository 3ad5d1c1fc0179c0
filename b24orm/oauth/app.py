"""`OAuthApp`: an application's keys, where it may show them, and what it can ask for with them."""

from __future__ import annotations

import ssl
from typing import Any, Final
from urllib.parse import urlencode

from typing_extensions import override
from yarl import URL

from b24orm.errors import ConfigurationError, InvalidValue
from b24orm.oauth.later import Later
from b24orm.oauth.tokens import OAuthTokens, issued
from b24orm.transport import TOKEN_TIMEOUT, Secret, Trust, ask_alone, origin_of, trusted

__all__ = ["AUTH_SERVERS", "OAuthApp"]

AUTH_SERVERS: Final = ("https://oauth.bitrix.info", "https://oauth.bitrix24.tech")
"""The vendor's authorization servers: the documented one, and the one that its SDKs name besides."""


class OAuthApp:
    """An application that is registered on a portal (a local one) or in the market.

    Its secret key is shown to authorization servers only: to those of the vendor, or to the one that is named here.
    What portals, events and frames say about where their server is (``server_endpoint``) may choose among these, and
    cannot name another: anybody can send such a form.

    Args:
        client_id: ``local.573ad8a0346747.09223434`` or ``app.…``.
        client_secret: the secret key.
        auth_server: the authorization server if it is none of the vendor's, as for a sandbox (``sandbox.auth_server``):
            its address, https, or plain http on this machine.

    Raises:
        ConfigurationError: a key is empty, or the address cannot be used.

    Source: ``settings/oauth/index.md``.
    """

    __slots__ = ("_secret", "_servers", "client_id")

    def __init__(self, client_id: str, client_secret: str, *, auth_server: str | None = None) -> None:
        given = Secret(client_secret) if isinstance(client_secret, str) else None
        del client_secret  # whatever is raised from here on, no frame of ours holds it
        if not isinstance(client_id, str) or not client_id.strip():
            raise ConfigurationError("client_id is the code of the application, such as local.573ad8a0346747.09223434")
        if given is None or not given.reveal().strip():
            raise ConfigurationError("client_secret is the secret key of the application, a text that is not empty")
        self.client_id = client_id.strip()
        self._secret = given
        self._servers = AUTH_SERVERS if auth_server is None else (origin_of(auth_server),)

    @override
    def __repr__(self) -> str:
        return f"OAuthApp({getattr(self, 'client_id', None)!r})"  # error reporters show what there is

    @property
    def client_secret(self) -> Secret:
        """The secret key, out of sight."""
        return self._secret

    def authorization_url(self, domain: str, *, state: str = "") -> str:
        """Where to send a person who shall let the application in. The portal sends them on to the application's own
        address, with a ``code``, which is good for 30 seconds, and with *state*.

        Args:
            domain: the person's portal, ``my.bitrix24.ru``.
            state: comes back unchanged; put something in that nobody can guess, and compare.

        Raises:
            ConfigurationError: *domain* is no portal.
        """
        query = {"client_id": self.client_id} | ({"state": state} if state else {})
        return f"{origin_of(domain)}/oauth/authorize/?{urlencode(query)}"

    def exchange(
        self, code: str, *, server_domain: str = "", timeout: float = TOKEN_TIMEOUT, ssl: Trust | None = None
    ) -> Later[OAuthTokens]:
        """The first tokens, for the *code* that a person came back with: ``await app.exchange(code)``.

        Args:
            code: serves once, within 30 seconds.
            server_domain: came along with it, and says which authorization server is meant.
            timeout: seconds for the request.
            ssl: as for `Portal`.

        Raises:
            InvalidValue: *code* is empty.
            AuthError: when run: no tokens are issued.
            TransportError: when run: there was no usable answer.
        """
        given = Secret(code.strip()) if isinstance(code, str) else Secret("")
        del code
        if not given.reveal():
            raise InvalidValue("code: the text that the person came back with")
        form = {"grant_type": "authorization_code", "code": given}
        address = self.token_address(f"https://{server_domain}/" if server_domain else "")
        context = trusted(ssl)

        async def run() -> OAuthTokens:
            return issued(await self._ask(address, form, timeout, context))

        return Later(run, "the exchange of a code for tokens")

    def refresh(
        self, tokens: OAuthTokens, *, timeout: float = TOKEN_TIMEOUT, ssl: Trust | None = None
    ) -> Later[OAuthTokens]:
        """The next pair of tokens. A portal does that by itself when it is needed, and never on a schedule: the vendor
        may block applications that do (``settings/oauth/auto-renewal.md``). Keep what comes back: *tokens* are spent.

        Args:
            tokens: with a refresh token.
            timeout: seconds for the request.
            ssl: as for `Portal`.

        Raises:
            InvalidValue: there is no refresh token.
            AuthError: when run: no tokens are issued.
            TransportError: when run: there was no usable answer; the tokens may be spent nevertheless.
        """
        if tokens.refresh_token is None:
            raise InvalidValue("refresh_token: there is none, so these tokens cannot be renewed")
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        address, context = self.token_address(tokens.server_endpoint), trusted(ssl)

        async def run() -> OAuthTokens:
            return issued(await self._ask(address, form, timeout, context), tokens)

        return Later(run, "the renewal of tokens")

    def token_address(self, server_endpoint: str) -> str:
        """Where tokens are asked for: at the server that *server_endpoint* names if the secret may be shown there, else
        at the first of those where it may.
        """
        try:
            named = str(URL(server_endpoint).origin()) if server_endpoint else ""
        except ValueError:
            named = ""
        return f"{named if named in self._servers else self._servers[0]}/oauth/token/"

    def form(self, form: dict[str, Secret | str]) -> dict[str, Secret | str]:
        """The fields of a request for tokens."""
        return {**form, "client_id": self.client_id, "client_secret": self._secret}

    async def _ask(
        self, address: str, form: dict[str, Any], timeout: float, context: ssl.SSLContext | None
    ) -> dict[str, Any]:
        return await ask_alone(address, self.form(form), timeout=timeout, context=context)
