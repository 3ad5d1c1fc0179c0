"""What a portal sends to an application's own pages: when it is installed, and when one of them is shown in a frame.

Nothing of it is proven: anybody can send such a form. `InstallPayload` is the first contact, so there is nothing yet to
compare it with: ask the portal that you know, or the authorization server, with the tokens that came (``app.info``).
Afterwards compare the application token with the one of the installation (`PlacementPayload.shows`).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

from b24orm.errors import InvalidValue, nearest
from b24orm.narrow import is_mapping
from b24orm.oauth.tokens import OAuthTokens, text_of
from b24orm.transport import Secret

__all__ = ["Form", "InstallPayload", "PlacementPayload"]

Form = Mapping[str, Any] | str | bytes
"""The fields of a form: as a mapping, nested or with brackets in its names, or the body of the request as it came."""

# The two spellings of the same: frames, and the `auth` of events.
_FRAME = {
    "AUTH_ID": "access_token",
    "REFRESH_ID": "refresh_token",
    "AUTH_EXPIRES": "expires_in",
    "SERVER_ENDPOINT": "server_endpoint",
    "APPLICATION_TOKEN": "application_token",
    "APPLICATION_SCOPE": "scope",
    "member_id": "member_id",
    "status": "status",
}


@dataclass(frozen=True, slots=True)
class InstallPayload:
    """What an application gets when it is installed, in either of two ways.

    Attributes:
        tokens: for the user who installs it; they hold the application token, which is to be kept as well.
        domain: the portal.
        version: of the application; empty if it came in a frame.
        installed: whether the installation is finished. A local application with a page of its own still has to call
            ``BX24.installFinish()`` in the browser.
        language: of the portal, or of the user in a frame.

    Source: ``api-reference/common/events/on-app-install.md``, ``settings/app-installation/local-apps/index.md``.
    """

    tokens: OAuthTokens
    domain: str
    version: str = ""
    installed: bool = False
    language: str = ""

    @classmethod
    def parse(cls, form: Form, query: Form | None = None) -> InstallPayload:
        """Read the event ``ONAPPINSTALL``, or what the page under "initial installation path" gets.

        Args:
            form: the body of the request.
            query: the query of the address, where frames have ``DOMAIN``, ``LANG`` and the like.

        Raises:
            InvalidValue: it is neither, or a value is not what it should be; the message names the field.
        """
        given = _fields(form, query)
        auth = given.get("auth")
        if not is_mapping(auth):
            if "AUTH_ID" not in given:
                raise InvalidValue(f"this is no installation: neither auth nor AUTH_ID is there{_near(given)}")
            shown = PlacementPayload.parse(form, query)
            return cls(shown.tokens, shown.domain, language=shown.language)
        event = text_of(given, "event").upper()
        if event not in ("", "ONAPPINSTALL"):
            raise InvalidValue(f"event: ONAPPINSTALL, not {event!r}")
        said: Any = given.get("data")
        data: Mapping[Any, Any] = said if is_mapping(said) else {}
        tokens = OAuthTokens.parse(_with_endpoint(auth, text_of(auth, "domain"), secure=True))
        return cls(
            tokens,
            domain=text_of(auth, "domain") or tokens.domain,
            version=text_of(data, "VERSION"),
            installed=text_of(data, "INSTALLED") == "Y",
            language=text_of(data, "LANGUAGE_ID"),
        )


@dataclass(frozen=True, slots=True)
class PlacementPayload:
    """What a page of the application gets that is shown in a frame of the portal.

    Attributes:
        tokens: for the user who looks at it.
        domain: the portal.
        placement: where it is shown: ``CRM_DEAL_DETAIL_TAB``; ``DEFAULT`` is the application's own page.
        options: what the place says of itself: ``{"ID": "8061"}``.
        language: of the user.
        app_sid: of this very frame.

    Source: ``settings/oauth/simple-way.md``, ``api-reference/widgets/index.md``.
    """

    tokens: OAuthTokens
    domain: str
    placement: str = "DEFAULT"
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    language: str = ""
    app_sid: str = ""

    @classmethod
    def parse(cls, form: Form, query: Form | None = None) -> PlacementPayload:
        """Read what the page gets.

        Args:
            form: the body of the request.
            query: the query of its address, where ``DOMAIN``, ``PROTOCOL``, ``LANG`` and ``APP_SID`` are.

        Raises:
            InvalidValue: it is no such thing, or a value is not what it should be; the message names the field.
        """
        given = _fields(form, query)
        for name in ("AUTH_ID", "DOMAIN"):
            if not text_of(given, name):
                raise InvalidValue(f"{name}: a page in a frame gets it, and it is not there{_near(given, name)}")
        domain = text_of(given, "DOMAIN")
        told = {ours: given[theirs] for theirs, ours in _FRAME.items() if theirs in given}
        # PROTOCOL is 0 for http; whether that is safe depends on where the portal is.
        secure = text_of(given, "PROTOCOL") != "0"
        return cls(
            OAuthTokens.parse(_with_endpoint(told, domain, secure=secure)),
            domain,
            placement=text_of(given, "PLACEMENT") or "DEFAULT",
            options=_options(given.get("PLACEMENT_OPTIONS")),
            language=text_of(given, "LANG"),
            app_sid=text_of(given, "APP_SID"),
        )

    def shows(self, application_token: Secret | str) -> bool:
        """Whether it shows the application token that came with the installation; compared in constant time."""
        known = application_token.reveal() if isinstance(application_token, Secret) else application_token
        shown = self.tokens.application_token
        if not known or shown is None:
            return False
        return hmac.compare_digest(shown.reveal().encode(), known.encode())


def _fields(form: Form, query: Form | None) -> dict[str, Any]:
    """All fields, nested as their brackets say; those of the body count for more."""
    nested: dict[str, Any] = {}
    for source in (query, form):
        for name, value in _pairs(source):
            _put(nested, name, value)
    return nested


def _pairs(source: Form | None) -> list[tuple[str, Any]]:
    if source is None:
        return []
    if isinstance(source, bytes):
        source = source.decode("utf-8", "replace")
    if isinstance(source, str):
        return list(parse_qsl(source.removeprefix("?"), keep_blank_values=True))
    if is_mapping(source):
        return [(str(name), value) for name, value in source.items()]
    raise InvalidValue(f"a form is a mapping of names to values, or the body of a request, not {type(source).__name__}")


def _put(nested: dict[str, Any], name: str, value: Any) -> None:
    """``auth[access_token]`` -> ``nested["auth"]["access_token"]``."""
    head, *rest = name.replace("]", "").split("[")
    node: dict[Any, Any] = nested
    for key in rest:
        inner: Any = node.get(head)
        if not isinstance(inner, dict):
            inner = node[head] = dict[Any, Any]()
        node, head = cast("dict[Any, Any]", inner), key
    node[head] = value


def _with_endpoint(told: Mapping[str, Any], domain: str, *, secure: bool) -> dict[str, Any]:
    """With the portal's address, where only its name was told."""
    if text_of(told, "client_endpoint") or not domain:
        return dict(told)
    return {**told, "client_endpoint": f"{'https' if secure else 'http'}://{domain}/rest/"}


def _options(value: Any) -> Mapping[str, Any]:
    """They travel as JSON; what is none (``undefined``, or nothing) says nothing."""
    if is_mapping(value):
        return value
    try:
        read: Any = json.loads(value) if isinstance(value, str) and value else None
    except ValueError:
        return {}
    return read if is_mapping(read) else {}


def _near(given: Mapping[str, Any], name: str = "AUTH_ID") -> str:
    return nearest(name, given)
