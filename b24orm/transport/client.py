"""`Transport`: one request to the portal and its answer, over a pool of kept-alive connections."""

from __future__ import annotations

import logging
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from yarl import URL

from b24orm.command import Version
from b24orm.errors import ConfigurationError, PortalError, QueryError, TransportError
from b24orm.transport import grants
from b24orm.transport.auth import Auth, Secret, is_loopback
from b24orm.transport.envelope import Envelope, Parse, decode
from b24orm.transport.failures import CONNECT, explained, user_agent
from b24orm.transport.files import FileWire
from b24orm.transport.parcel import Parcel
from b24orm.transport.sessions import close_session, new_session

__all__ = ["Transport"]

logger = logging.getLogger("b24orm.transport")

_METHOD: Final = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_KEY: Final = "Idempotency-Key"
_REPLAYED: Final = "Idempotent-Replayed"


@dataclass(slots=True)
class _Answer:
    status: int
    content_type: str
    location: Secret | None
    body: bytes = field(repr=False)
    key: str | None = None
    replayed: bool = False


@dataclass(slots=True)
class _Progress:
    """How far a request came before it failed."""

    status: int | None = None


class Transport:
    """Sends single requests to one portal. Belongs to the event loop in which it was opened.

    Args:
        auth: what lets requests in.
        timeout: seconds for one whole request, from connecting to the last byte. The portal itself gives up after 60
            (``settings/performance/limits.md``). Of a file, seconds in which nothing moves.
        session: an aiohttp session of your own, for a proxy or a private certificate authority; it is never closed
            here. Its cookies should be off (``aiohttp.DummyCookieJar``): a PHP session makes requests wait in line.
        context: whose certificates are trusted; None for the system's authorities. A session of your own has its own.

    Attributes:
        files: fetches and sends files.

    Raises:
        ConfigurationError: the timeout is not above zero.
    """

    def __init__(
        self,
        auth: Auth,
        *,
        timeout: float = 60.0,
        session: aiohttp.ClientSession | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        if not timeout > 0:
            raise ConfigurationError(f"the timeout must be a number of seconds above zero, not {timeout!r}")
        self._auth = auth  # another one once the portal has been renamed
        self._context = context
        self._timeout = timeout
        self._patience = aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT, timeout / 2))
        self._headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": user_agent()}
        self._given = session
        self._session = session
        self.files = FileWire(auth, timeout, lambda: self._auth.base, self._ready)

    def __repr__(self) -> str:
        return f"Transport({self._auth.redacted!r})"

    async def open(self) -> None:
        """Get ready to send; opening twice is harmless. Connections are made when they are needed."""
        if self._session is None:
            self._session = new_session(self._context)

    async def close(self) -> None:
        """Close all connections, unless the session was given by the user. Closing twice is harmless."""
        session, self._session = self._session, None
        if session is None or session is self._given:
            return
        await close_session(session, encrypted=self._auth.base.reveal().startswith("https:"))

    # -- what lets requests in -----------------------------------------------------------------------------------

    def redact(self, text: str) -> str:
        """*text* with ``***`` for each of the secrets."""
        return self._auth.redact(text)

    @property
    def token(self) -> Secret | None:
        """What the next request shows beside its address; None where that says it all."""
        return self._auth.token

    @property
    def due(self) -> bool:
        """Whether `renew` is to be called before the next request leaves."""
        return self._auth.due

    def rejected(self, token: Secret) -> bool:
        """The portal says that *token*, which a request showed, has expired. Whether another can be had."""
        return self._auth.rejected(token)

    async def renew(self) -> None:
        """Get what the next request needs, from the authorization server if need be.

        Raises:
            B24OrmError: it cannot be had; of these, a `TransportError` is worth another try.
            ConfigurationError: the transport is not open.
        """
        await self._auth.renew(lambda address, form: grants.ask(self._ready(), address, form))

    # -- requests ------------------------------------------------------------------------------------------------

    async def post(
        self,
        method: str,
        body: Mapping[str, Any],
        *,
        parse: Parse | None = None,
        version: Version = 2,
        key: str | None = None,
    ) -> Envelope:
        """Call *method* with *body* as its JSON and return what the portal answered.

        Args:
            method: the REST method, ``crm.item.list``.
            body: its parameters, ready for the wire: str, int, float, bool, None, lists and mappings of these.
            parse: reads bodies of the shape that is expected; see `decode`.
            version: which REST of the portal is meant: 3 calls ``/rest/api/…`` (``api-reference/rest-v3.md``).
            key: the ``Idempotency-Key`` of a write of REST 3.0; the same body goes with it each time.

        Raises:
            PortalError: the portal said no; the subclass says why.
            TransportError: there was no usable answer; ``sent`` says whether the request may have reached the portal.
            QueryError: *method* is not the name of a method, or *body* cannot be written as JSON.
            ConfigurationError: the transport is not open.
        """
        if _METHOD.fullmatch(method) is None:
            raise QueryError(f"{self._auth.redact(repr(method))} is not the name of a REST method")
        # The body of REST 3.0 stays the same when the token does not: another body under the same key is refused.
        bearer = self._auth.token if version == 3 else None
        payload = Parcel.packed(method, body, None if version == 3 else self._auth.token)
        started = time.perf_counter()
        try:
            answer = await self._deliver(method, payload, version, key, bearer)
            envelope = decode(
                answer.status, answer.content_type, answer.body, self._auth.redact, method=method, parse=parse
            )
            envelope.keyed, envelope.replayed = key is not None and answer.key == key, answer.replayed
        except (PortalError, TransportError) as error:
            # Without the frames below: their locals hold the body of the answer, in which a portal may quote the URL.
            failure = error.with_traceback(None)
        else:
            logger.debug("%s took %.3f s, %d bytes", method, time.perf_counter() - started, envelope.size)
            return envelope
        logger.debug("%s failed after %.3f s: %s", method, time.perf_counter() - started, failure)
        raise failure

    async def _deliver(
        self, method: str, payload: Parcel, version: Version, key: str | None, bearer: Secret | None
    ) -> _Answer:
        """Send, and send again to where a renamed portal now is (``settings/how-to-call-rest-api/change-domen.md``).

        aiohttp's own following of redirects turns a POST into a GET without a body.
        """
        answer = await self._exchange(_address(self._auth.base, method, version), payload, key, bearer)
        if not 300 <= answer.status < 400:
            return answer
        target = self._new_address(answer)
        answer = await self._exchange(target, payload, key, bearer)
        if 300 <= answer.status < 400:
            raise TransportError(
                f"HTTP {answer.status}: {self._auth.host} redirects in circles", sent=False, status=answer.status
            )
        moved = _base_of(target, method, version)
        if moved is not None:
            self._auth = await self._auth.moved(moved)
            logger.info("%s has moved to %s", self._auth.host, URL(target.reveal()).host)
        return answer

    def _new_address(self, answer: _Answer) -> Secret:
        """Where a redirect leads, if it is a REST address that may be trusted with the body."""
        status = answer.status
        if status not in _REDIRECTS or answer.location is None:
            raise TransportError(f"HTTP {status}: a redirect that leads nowhere", sent=False, status=status)
        before = URL(self._auth.base.reveal())
        try:
            target = before.join(URL(answer.location.reveal()))
        except ValueError:
            target = URL()
        safe = target.scheme == "https" or (
            # Never from the encrypted world into a plain one, nor from outside into this machine.
            target.scheme == "http" and is_loopback(target.host) and is_loopback(before.host)
        )
        safe = safe and self._auth.trusts(before.host or "", target.host or "")
        if not safe or not target.path.startswith("/rest/") or target.user is not None:
            where = self._auth.redact(target.host or "nowhere")
            del target, before
            raise TransportError(
                f"HTTP {status}: {self._auth.host} redirects to {where}, which is not the address of a REST method "
                "that could be trusted; is the portal renamed, closed or deleted?",
                sent=False,
                status=status,
            )
        return Secret(str(target))

    def _ready(self) -> aiohttp.ClientSession:
        session = self._session
        if session is None or session.closed:
            raise ConfigurationError(f"the connection to {self._auth.host} is not open: use 'async with Portal(...)'")
        return session

    async def _exchange(self, url: Secret, payload: Parcel, key: str | None, bearer: Secret | None) -> _Answer:
        """One request and its whole answer. Foreign errors become ours, without a trace of the URL they hold."""
        session = self._ready()
        progress = _Progress()
        try:
            async with session.post(
                URL(url.reveal()),
                data=payload.data,
                headers={
                    **self._headers,
                    **({} if key is None else {_KEY: key}),
                    **({} if bearer is None else {"Authorization": f"Bearer {bearer.reveal()}"}),
                },
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
                    key=response.headers.get(_KEY),
                    replayed=response.headers.get(_REPLAYED, "").lower() == "true",
                )
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            failure = explained(error, self._auth.host, self._timeout, progress.status)
        # Raised out here: the original error holds the URL, and must not travel along as __context__.
        raise failure


def _address(base: Secret, method: str, version: Version) -> Secret:
    """Where *method* is called. The address of REST 3.0 has no suffix for its format, as it knows but one."""
    if version == 3:
        return Secret(f"{base.reveal().replace('/rest/', '/rest/api/', 1)}{method}")
    return Secret(f"{base.reveal()}{method}.json")


def _base_of(address: Secret, method: str, version: Version) -> Secret | None:
    """The base in the *address* of *method*; None if it is not made as ours are."""
    name = f"/{method}" if version == 3 else f"/{method}.json"
    if not address.reveal().endswith(name):
        return None
    base = address.reveal().removesuffix(name) + "/"
    return Secret(base.replace("/rest/api/", "/rest/", 1) if version == 3 else base)
