"""`OAuthTokens`: what lets an application in on behalf of a user, and how it is read from what others send."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from yarl import URL

from b24orm.errors import InvalidValue, TransportError
from b24orm.narrow import is_mapping
from b24orm.transport import Secret, is_loopback

__all__ = ["OAuthTokens", "issued", "text_of"]

_SEPARATORS: Final = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthTokens:
    """The tokens of one application on one portal, on behalf of one user.

    Attributes:
        access_token: goes along with each call, for an hour.
        refresh_token: is exchanged for the next pair, within 180 days, once. None for tokens that cannot be renewed:
            those of most events.
        expires: when the access token does, in epoch seconds of this machine's clock; None if nobody said.
        client_endpoint: the portal's REST address, ``https://my.bitrix24.ru/rest/``; empty if nobody said.
        server_endpoint: that of the authorization server.
        member_id: the portal's identity, which it keeps when its address changes.
        user_id: on whose behalf; None if nobody said.
        scope: what the application may use.
        status: L for a local application; F, D, T and P for those of the market.
        application_token: what the portal shows to the application's handlers; it comes with the installation.

    Source: ``settings/oauth/index.md``, ``settings/oauth/auto-renewal.md``.
    """

    access_token: Secret
    refresh_token: Secret | None = None
    expires: float | None = None
    client_endpoint: str = ""
    server_endpoint: str = ""
    member_id: str = ""
    user_id: int | None = None
    scope: frozenset[str] = frozenset()
    status: str = ""
    application_token: Secret | None = None

    @classmethod
    def parse(cls, told: Mapping[str, Any], *, now: float | None = None) -> OAuthTokens:
        """Read the JSON of the authorization server, the ``auth`` of an event, or what `as_dict` gave.

        Args:
            told: texts and numbers by name; what is missing is left out, what is unknown is ignored.
            now: when it was told, in epoch seconds; by default this moment. ``expires_in`` counts from then. It is
                preferred to ``expires``, which is by another machine's clock.

        Raises:
            InvalidValue: there is no access token, a number is none, or an address is not fit for secrets.
        """
        if not is_mapping(told):
            raise InvalidValue(f"tokens are read from a mapping, not from {type(told).__name__}")
        problem = next((name for name in ("access_token", "refresh_token") if not _is_text(told.get(name))), None)
        if problem is not None:
            raise InvalidValue(f"{problem}: a token is a text")
        access, refresh, shown = (
            text_of(told, name) for name in ("access_token", "refresh_token", "application_token")
        )
        if not access:
            raise InvalidValue("access_token: there is none")
        lasts, expires = _whole(told, "expires_in"), _whole(told, "expires")
        if lasts is not None:
            expires = (time.time() if now is None else now) + lasts
        return cls(
            access_token=Secret(access),
            refresh_token=Secret(refresh) if refresh else None,
            expires=expires,
            client_endpoint=_endpoint(told, "client_endpoint"),
            server_endpoint=_endpoint(told, "server_endpoint"),
            member_id=text_of(told, "member_id"),
            user_id=_user(told),
            scope=_scope(told.get("scope")),
            status=text_of(told, "status"),
            application_token=Secret(shown) if shown else None,
        )

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain texts and numbers, for a store of one's own. The secrets stand in it: do not log it."""
        plain: dict[str, Any] = {"access_token": self.access_token.reveal()}
        for name, secret in (("refresh_token", self.refresh_token), ("application_token", self.application_token)):
            if secret is not None:
                plain[name] = secret.reveal()
        for name in ("expires", "client_endpoint", "server_endpoint", "member_id", "user_id", "status"):
            if (value := getattr(self, name)) not in (None, ""):
                plain[name] = value
        if self.scope:
            plain["scope"] = ",".join(sorted(self.scope))
        return plain

    @property
    def domain(self) -> str:
        """The portal, ``my.bitrix24.ru``; empty if the tokens do not say it."""
        return urlsplit(self.client_endpoint).netloc

    def renewed(self, told: Mapping[str, Any]) -> OAuthTokens:
        """The next pair, as the authorization server told it; what it did not say is taken from this one.

        Raises:
            InvalidValue: as `parse` does.
        """
        new = OAuthTokens.parse(told)
        return replace(
            new,
            # A server that issues no other refresh token wants the old one to be kept (RFC 6749, section 6).
            refresh_token=new.refresh_token or self.refresh_token,
            client_endpoint=new.client_endpoint or self.client_endpoint,
            server_endpoint=new.server_endpoint or self.server_endpoint,
            member_id=new.member_id or self.member_id,
            user_id=self.user_id if new.user_id is None else new.user_id,
            scope=new.scope or self.scope,
            status=new.status or self.status,
            application_token=new.application_token or self.application_token,
        )

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All that must not be seen."""
        return tuple(
            secret for secret in (self.access_token, self.refresh_token, self.application_token) if secret is not None
        )


def issued(told: Mapping[str, Any], before: OAuthTokens | None = None) -> OAuthTokens:
    """The tokens that the authorization server has told, after those that were there *before*.

    Raises:
        TransportError: they cannot be read.
    """
    try:
        return OAuthTokens.parse(told) if before is None else before.renewed(told)
    except InvalidValue as error:
        reason = str(error)
    del told  # the frames of the error that is raised here hold no token
    raise TransportError(f"the answer of the authorization server cannot be used: {reason}")


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def text_of(told: Mapping[str, Any], name: str) -> str:
    """A text; an empty one if it is missing."""
    value = told.get(name)
    return "" if value is None else str(value).strip()


def _whole(told: Mapping[str, Any], name: str) -> float | None:
    """A number of seconds, which forms spell as text; None if it is missing or empty.

    Raises:
        InvalidValue: it is none.
    """
    value = told.get(name)
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    raise InvalidValue(f"{name}: a number of seconds, not {value!r}")


def _endpoint(told: Mapping[str, Any], name: str) -> str:
    """An address with its closing slash; empty if it is missing.

    Raises:
        InvalidValue: it is no address, or is plain http to another machine, which would show the token to all between.
    """
    text = text_of(told, name)
    if not text:
        return ""
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if not url.host or url.user is not None or url.scheme not in ("http", "https") or url.query_string or url.fragment:
        raise InvalidValue(f"{name}: an address such as https://my.bitrix24.ru/rest/, not {text!r}")
    if url.scheme == "http" and not is_loopback(url.host):
        raise InvalidValue(f"{name}: plain http would send the token to {url.host} unencrypted")
    return str(url).rstrip("/") + "/"


def _scope(value: Any) -> frozenset[str]:
    """Scopes with commas or blanks between them: the pages of the documentation differ in that."""
    return frozenset(filter(None, _SEPARATORS.split(str(value)))) if value else frozenset()


def _user(told: Mapping[str, Any]) -> int | None:
    text = text_of(told, "user_id")
    if not text:
        return None
    if not text.isdecimal():
        raise InvalidValue(f"user_id: the number of a user, not {text!r}")
    return int(text)
