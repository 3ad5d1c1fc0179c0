"""What lets us in: `Auth`, which the wire asks, and `Webhook`, the simplest of its kind; `Secret` hides it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote, urlsplit

from yarl import URL

from b24orm.errors import ConfigurationError

__all__ = ["Ask", "Auth", "Secret", "Webhook", "is_loopback", "masked", "origin_of"]

_MASK: Final = "***"
_EXPECTED: Final = "https://<portal>/rest/<user id>/<code>/"
_PORTAL: Final = "my.bitrix24.ru or https://my.bitrix24.ru"


class Secret:
    """A text that shows itself as ``***`` in repr, str, format strings and tracebacks that print locals."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Use it in place; do not keep it in a variable."""
        return self._value

    def __repr__(self) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))


Ask = Callable[[str, Mapping[str, "Secret | str"]], Awaitable[dict[str, Any]]]
"""Asks the authorization server at an address for tokens, with the fields of a form; see `b24orm.transport.grants`."""


class Auth(Protocol):
    """What lets requests in, and where they go. All but `renew` and `moved` answer at once, as each request asks."""

    @property
    def base(self) -> Secret:
        """The address to which a method's name is appended, with its closing slash."""
        ...

    @property
    def host(self) -> str:
        """The portal, ``my.bitrix24.ru``, with its port if it has one of its own."""
        ...

    @property
    def redacted(self) -> str:
        """The address without its secrets, fit for logs."""
        ...

    @property
    def user_id(self) -> int | None:
        """The user on whose behalf requests are made; None while nobody has said."""
        ...

    @property
    def token(self) -> Secret | None:
        """What travels as ``auth`` with each request; None where the address says it all."""
        ...

    @property
    def due(self) -> bool:
        """Whether `renew` is to be called before the next request leaves."""
        ...

    def redact(self, text: str) -> str:
        """*text* with ``***`` for each of its secrets, those of earlier times too."""
        ...

    def rejected(self, token: Secret) -> bool:
        """The portal says that *token* has expired. Whether another can be had."""
        ...

    async def renew(self, ask: Ask) -> None:
        """Get what the next request needs.

        Raises:
            B24OrmError: it cannot be had; of these, a `TransportError` is worth another try.
        """
        ...

    async def moved(self, base: Secret) -> Auth:
        """The portal is at another address now; what to use from now on."""
        ...

    def trusts(self, old: str, new: str) -> bool:
        """Whether requests for the host *old*, with all their secrets, may go on to *new*, to which it redirects."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """An inbound webhook: ``https://<portal>/rest/<user id>/<code>/``.

    The code is a password. It is in ``base`` and nowhere else.

    Attributes:
        base: the secret address, with the closing slash, to which a method's name is appended.
        host: the portal, ``my.bitrix24.ru``, with its port if the URL names one.
        user_id: the user on whose behalf the webhook acts.
        redacted: the address with ``***`` for the code, fit for logs.

    Source: ``settings/how-to-call-rest-api/general-principles.md``.
    """

    base: Secret
    host: str
    user_id: int
    redacted: str
    _code: Secret

    @classmethod
    def parse(cls, url: str) -> Webhook:
        """Read a webhook's URL as Bitrix24 shows it, with or without the slash at its end.

        Raises:
            ConfigurationError: the URL is not that of a webhook, or is plain http to another machine. The message
                says which part is wrong and never holds the code.
        """
        if not isinstance(url, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"the webhook URL must be a text, not {type(url).__name__}")
        given = Secret(url.strip())
        del url  # whatever is raised from here on, no frame of ours holds the code
        read = _read(given)
        if isinstance(read, str):
            raise ConfigurationError(f"this is not a webhook URL: {read}; expected {_EXPECTED}")
        origin = f"{read.scheme}://{read.host}/rest/{read.user_id}/"
        return cls(
            base=Secret(f"{origin}{quote(read.code.reveal(), safe='')}/"),
            host=read.host,
            user_id=read.user_id,
            redacted=f"{origin}{_MASK}/",
            _code=read.code,
        )

    def redact(self, text: str) -> str:
        """*text* with ``***`` wherever the code stands in it, plain or percent-encoded (once or more), in any case."""
        return masked(text, self._code)

    @property
    def token(self) -> Secret | None:
        """None: the address says it all."""
        return None

    @property
    def due(self) -> bool:
        """False: a code is good until somebody revokes it."""
        return False

    def rejected(self, token: Secret) -> bool:
        """False: there is no other."""
        del token
        return False

    async def renew(self, ask: Ask) -> None:
        """Does nothing."""

    async def moved(self, base: Secret) -> Webhook:
        """The same code at another address."""
        return replace(self, base=base)

    def trusts(self, old: str, new: str) -> bool:
        """True: a portal may send its webhooks wherever it has moved to."""
        del old, new
        return True

    def __repr__(self) -> str:
        return f"Webhook({self.redacted!r})"


def masked(text: str, secret: Secret) -> str:
    """*text* with ``***`` wherever *secret* stands in it, plain or percent-encoded (once or more), in any case."""
    # Compiled on each call on purpose: the pattern holds the secret, and this is the road of errors only.
    return re.sub("".join(map(_spellings, secret.reveal())), _MASK, text, flags=re.IGNORECASE)


def origin_of(portal: str) -> str:
    """``https://my.bitrix24.ru`` for the portal's name or address, as an application is given it.

    A bare name means https, and plain http if it is this machine.

    Raises:
        ConfigurationError: it is not the address of a portal, or is plain http to another machine.
    """
    if not isinstance(portal, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"the portal's address must be a text, not {type(portal).__name__}")
    text = portal.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        name, port = parts.hostname, parts.port
        if name:
            URL(f"https://{parts.netloc}")
    except ValueError:
        name, port, parts = None, None, urlsplit("")
    scheme = parts.scheme or ("http" if is_loopback(name) else "https")
    if not name or re.search(r"[\s\\@]", parts.netloc) or scheme not in ("http", "https"):
        raise ConfigurationError(f"this is no portal's address; expected {_PORTAL}")
    if parts.path.strip("/") not in ("", "rest") or parts.query or parts.fragment:
        # Not shown: what stands behind /rest/ may be a webhook's code.
        raise ConfigurationError(f"the address of {name} has more to it than a portal's name; expected {_PORTAL}")
    if scheme == "http" and not is_loopback(name):
        raise ConfigurationError(f"plain http would send the token to {name} unencrypted; expected {_PORTAL}")
    host = f"[{name}]" if ":" in name else name
    return f"{scheme}://{host}" if port is None else f"{scheme}://{host}:{port}"


def is_loopback(host: str | None) -> bool:
    """Whether *host* (no port) is this machine: ``localhost``, ``127.0.0.0/8`` or ``::1``."""
    if host is None:
        return False
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Parts:
    scheme: str
    host: str
    user_id: int
    code: Secret


def _read(given: Secret) -> _Parts | str:
    """The parts of a webhook's URL, or what is wrong with it. Raises nothing, so that no frame shows the code."""
    try:
        parts = urlsplit(given.reveal())
        name, port = parts.hostname, parts.port
        URL(given.reveal())  # stricter, and what the client will read it with
    except ValueError:
        return "its host or port cannot be read"
    if not given.reveal():
        return "it is empty"
    if not parts.scheme or "://" not in given.reveal():
        return "it does not begin with https://"
    if parts.scheme not in ("http", "https"):
        return "its scheme is not https"
    if not name or re.search(r"[\s\\]", name):
        return "it names no host"
    if parts.username is not None or parts.password is not None:
        return "it holds a user name or password before the host"
    if parts.scheme == "http" and not is_loopback(name):
        return f"plain http would send its code to {name} unencrypted, so the URL must begin with https"
    if parts.query or parts.fragment:
        return "it has a query ('?') or a fragment ('#') at its end; cut it off"
    read = _credentials(parts.path)
    if isinstance(read, str):
        return read
    host = f"[{name}]" if ":" in name else name
    return _Parts(parts.scheme, host if port is None else f"{host}:{port}", *read)


def _credentials(path: str) -> tuple[int, Secret] | str:
    """User id and code from the path ``/rest/<user id>/<code>/``, or what is wrong with it."""
    segments = path.removeprefix("/").removesuffix("/").split("/")
    if segments[0] != "rest":
        return "its path does not begin with /rest/"
    if segments[1:2] == ["api"]:
        return "it is the address of REST 3.0; leave /api out"
    if len(segments) < 3 or "" in segments:
        return "its path lacks the user id or the code"
    if re.fullmatch("[0-9]+", segments[1]) is None:
        # Not shown: in a path with its parts in the wrong order this is the code.
        return "the part after /rest/ is not the number of a user"
    if len(segments) > 3:
        return "something follows the code, such as the name of a method; cut it off"
    code = unquote(segments[2])
    if re.search(r"[\s/\x00-\x1f\ufffd]", code):
        return "its code holds white space or a slash"
    return int(segments[1]), Secret(code)


def _spellings(character: str) -> str:
    """A pattern for *character* as it is or percent-encoded, ``%`` itself encoded again any number of times."""
    encoded = "".join(f"%(?:25)*{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    return f"(?:{encoded}|{re.escape(character)})"
