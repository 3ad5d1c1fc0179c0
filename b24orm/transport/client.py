"""`Transport`: one request to the portal and its answer, over a pool of kept-alive connections."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import aiohttp
from yarl import URL

from b24orm.errors import ConfigurationError, PortalError, QueryError, TransportError
from b24orm.transport.auth import Secret, Webhook, is_loopback
from b24orm.transport.envelope import Envelope, Parse, decode
from b24orm.transport.failures import CONNECT, explained, user_agent
from b24orm.transport.files import FileWire

__all__ = ["Transport"]

logger = logging.getLogger("b24orm.transport")

_METHOD: Final = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_POOL: Final = 100  # connections; how many are used is decided above
_BUFFER: Final = 2**20  # bytes; an answer of megabytes need not stop and go every 64 KiB
_LARGE: Final = 2**20  # bytes; larger bodies are sent little by little, so that the event loop can do other things
_GRACE: Final = 0.25  # seconds that TLS connections get to say goodbye


@dataclass(slots=True)
class _Answer:
    status: int
    content_type: str
    location: Secret | None
    body: bytes = field(repr=False)


@dataclass(slots=True)
class _Progress:
    """How far a request came before it failed."""

    status: int | None = None


class Transport:
    """Sends single requests to one portal. Belongs to the event loop in which it was opened.

    Args:
        auth: the portal's webhook.
        timeout: seconds for one whole request, from connecting to the last byte. The portal itself gives up after 60
            (``settings/performance/limits.md``). Of a file, seconds in which nothing moves.
        session: an aiohttp session of your own, for a proxy or a private certificate authority; it is never closed
            here. Its cookies should be off (``aiohttp.DummyCookieJar``): a PHP session makes requests wait in line.

    Attributes:
        files: fetches and sends files.

    Raises:
        ConfigurationError: the timeout is not above zero.
    """

    def __init__(self, auth: Webhook, *, timeout: float = 60.0, session: aiohttp.ClientSession | None = None) -> None:
        if not timeout > 0:
            raise ConfigurationError(f"the timeout must be a number of seconds above zero, not {timeout!r}")
        self._auth = auth
        self._base = auth.base  # another one once the portal has been renamed
        self._timeout = timeout
        self._patience = aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT, timeout / 2))
        self._headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": user_agent()}
        self._given = session
        self._session = session
        self.files = FileWire(auth, timeout, lambda: self._base, self._ready)

    def __repr__(self) -> str:
        return f"Transport({self._auth.redacted!r})"

    async def open(self) -> None:
        """Get ready to send; opening twice is harmless. Connections are made when they are needed."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_POOL),
                read_bufsize=_BUFFER,
                # A cookie would bind us to one PHP session, in which the portal handles requests one by one.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            # aiohttp sends a GET again by itself when the connection breaks; the limits would not know of it.
            setattr(self._session, "_retry_connection", False)  # noqa: B010 - there is no public way

    async def close(self) -> None:
        """Close all connections, unless the session was given by the user. Closing twice is harmless."""
        session, self._session = self._session, None
        if session is None or session is self._given:
            return
        encrypted = self._base.reveal().startswith("https:")
        await session.close()
        # Up to aiohttp 3.11 the transports close some turns of the loop later than the session says.
        await asyncio.sleep(_GRACE if encrypted and _closes_late() else 0)

    async def post(self, method: str, body: Mapping[str, Any], *, parse: Parse | None = None) -> Envelope:
        """Call *method* with *body* as its JSON and return what the portal answered.

        Args:
            method: the REST method, ``crm.item.list``.
            body: its parameters, ready for the wire: str, int, float, bool, None, lists and mappings of these.
            parse: reads bodies of the shape that is expected; see `decode`.

        Raises:
            PortalError: the portal said no; the subclass says why.
            TransportError: there was no usable answer; ``sent`` says whether the request may have reached the portal.
            QueryError: *method* is not the name of a method, or *body* cannot be written as JSON.
            ConfigurationError: the transport is not open.
        """
        if _METHOD.fullmatch(method) is None:
            raise QueryError(f"{self._auth.redact(repr(method))} is not the name of a REST method")
        payload = _encode(method, body)
        started = time.perf_counter()
        try:
            answer = await self._deliver(method, payload)
            envelope = decode(
                answer.status, answer.content_type, answer.body, self._auth.redact, method=method, parse=parse
            )
        except (PortalError, TransportError) as error:
            # Without the frames below: their locals hold the body of the answer, in which a portal may quote the URL.
            failure = error.with_traceback(None)
        else:
            logger.debug("%s took %.3f s, %d bytes", method, time.perf_counter() - started, envelope.size)
            return envelope
        logger.debug("%s failed after %.3f s: %s", method, time.perf_counter() - started, failure)
        raise failure

    async def _deliver(self, method: str, payload: bytes) -> _Answer:
        """Send, and send again to where a renamed portal now is (``settings/how-to-call-rest-api/change-domen.md``).

        aiohttp's own following of redirects turns a POST into a GET without a body.
        """
        answer = await self._exchange(Secret(f"{self._base.reveal()}{method}.json"), payload)
        if not 300 <= answer.status < 400:
            return answer
        target = self._new_address(answer)
        answer = await self._exchange(target, payload)
        if 300 <= answer.status < 400:
            raise TransportError(
                f"HTTP {answer.status}: {self._auth.host} redirects in circles", sent=False, status=answer.status
            )
        if target.reveal().endswith(f"/{method}.json"):
            self._base = Secret(target.reveal().removesuffix(f"{method}.json"))
            logger.info("%s has moved to %s", self._auth.host, URL(target.reveal()).host)
        return answer

    def _new_address(self, answer: _Answer) -> Secret:
        """Where a redirect leads, if it is a REST address that may be trusted with the body."""
        status = answer.status
        if status not in _REDIRECTS or answer.location is None:
            raise TransportError(f"HTTP {status}: a redirect that leads nowhere", sent=False, status=status)
        try:
            target = URL(self._base.reveal()).join(URL(answer.location.reveal()))
        except ValueError:
            target = URL()
        safe = target.scheme == "https" or (
            # Never from the encrypted world into a plain one, nor from outside into this machine.
            target.scheme == "http" and is_loopback(target.host) and is_loopback(URL(self._base.reveal()).host)
        )
        if not safe or not target.path.startswith("/rest/") or target.user is not None:
            where = self._auth.redact(target.host or "nowhere")
            del target
            raise TransportError(
                f"HTTP {status}: {self._auth.host} redirects to {where}, which is not the address of a REST method; "
                "is the portal renamed, closed or deleted?",
                sent=False,
                status=status,
            )
        return Secret(str(target))

    def _ready(self) -> aiohttp.ClientSession:
        session = self._session
        if session is None or session.closed:
            raise ConfigurationError(f"the connection to {self._auth.host} is not open: use 'async with Portal(...)'")
        return session

    async def _exchange(self, url: Secret, payload: bytes) -> _Answer:
        """One request and its whole answer. Foreign errors become ours, without a trace of the URL they hold."""
        session = self._ready()
        progress = _Progress()
        try:
            async with session.post(
                URL(url.reveal()),
                data=payload if len(payload) < _LARGE else io.BytesIO(payload),
                headers=self._headers,
                allow_redirects=False,
                timeout=self._patience,
            ) as response:
                progress.status = response.status
                location = response.headers.get("Location")
                return _Answer(
                    status=response.status,
                    content_type=response.headers.get("Content-Type", ""),
                    location=None if location is None else Secret(location),
                    body=await response.read(),
                )
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            failure = explained(error, self._auth.host, self._timeout, progress.status)
        # Raised out here: the original error holds the URL, and must not travel along as __context__.
        raise failure


@cache
def _closes_late() -> bool:
    return tuple(int(part) for part in aiohttp.__version__.split(".")[:2]) < (3, 12)


def _encode(method: str, body: Mapping[str, Any]) -> bytes:
    """The body as JSON, strictly: PHP silently drops a whole body that holds a NaN or half a surrogate pair."""
    try:
        return json.dumps(dict(body), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        reason = "half a surrogate pair in a text" if isinstance(error, UnicodeError) else str(error)
    raise QueryError(f"{method}: the parameters cannot be written as JSON: {reason}")
