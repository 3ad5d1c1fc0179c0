"""`Webhook`: where a portal is and by which code it lets us in; `Secret` keeps that code out of sight."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from yarl import URL

from b24orm.errors import ConfigurationError

__all__ = ["Secret", "Webhook", "is_loopback", "masked"]

_MASK: Final = "***"
_EXPECTED: Final = "https://<portal>/rest/<user id>/<code>/"


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

    def __repr__(self) -> str:
        return f"Webhook({self.redacted!r})"


def masked(text: str, secret: Secret) -> str:
    """*text* with ``***`` wherever *secret* stands in it, plain or percent-encoded (once or more), in any case."""
    # Compiled on each call on purpose: the pattern holds the secret, and this is the road of errors only.
    return re.sub("".join(map(_spellings, secret.reveal())), _MASK, text, flags=re.IGNORECASE)


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
