"""`FileWire`: one file on its way from the portal or to it, never whole in memory."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from b24orm.errors import InvalidValue, PortalError, TransportError
from b24orm.transport.addresses import file_address, method_of, redirected, without_tokens
from b24orm.transport.auth import Auth, Secret
from b24orm.transport.envelope import Envelope, decode
from b24orm.transport.failures import CONNECT, explained, user_agent
from b24orm.transport.incoming import Incoming, refusal
from b24orm.transport.outgoing import Form

__all__ = ["FileWire"]

logger = logging.getLogger("b24orm.transport")

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HOPS: Final = 5  # redirects from the address of a file to where it lies


@dataclass(slots=True)
class _Seen:
    """How far an upload came before it failed.

    Attributes:
        status: the HTTP status of the answer.
        broken: what went wrong with the file itself.
    """

    status: int | None = None
    broken: Exception | None = None


class FileWire:
    """Fetches and sends files; part of a `Transport`, whose connections it uses.

    Args:
        auth: what lets requests in.
        timeout: seconds in which nothing moves; a file may take as long as it needs.
        base: gives the address of the methods that is in use.
        session: gives the open session, or raises `ConfigurationError`.
    """

    def __init__(
        self,
        auth: Auth,
        timeout: float,
        base: Callable[[], Secret],
        session: Callable[[], aiohttp.ClientSession],
    ) -> None:
        self._auth = auth
        self._timeout = timeout
        self._patience = aiohttp.ClientTimeout(total=None, sock_connect=min(CONNECT, timeout / 2), sock_read=timeout)
        self._base = base
        self._session = session

    def check(self, address: Secret) -> None:
        """Judges an address before anything is sent.

        Raises:
            InvalidValue: it is not one of this portal.
        """
        file_address(address, self._base(), self._auth)

    async def fetch(self, address: Secret) -> Incoming:
        """Ask for the file at *address*; whoever gets the answer reads and closes it.

        Redirects are followed, to wherever the portal keeps its files, as long as they are encrypted.

        Raises:
            InvalidValue: the address is not one of this portal; before anything is sent.
            PortalError: the portal said no instead of sending a file.
            TransportError: there was no usable answer.
            ConfigurationError: the transport is not open.
        """
        target = file_address(address, self._base(), self._auth)
        method = method_of(target)
        started = time.perf_counter()
        try:
            incoming = await self._follow(target, method)
        except (PortalError, TransportError) as error:
            failure = error.with_traceback(None)
        else:
            logger.debug("%s took %.3f s to begin", method, time.perf_counter() - started)
            return incoming
        logger.debug("%s failed after %.3f s: %s", method, time.perf_counter() - started, failure)
        raise failure

    async def send(self, address: Secret, form: Form) -> Envelope:
        """Send a file to the *address* that the portal gave for it.

        Raises:
            InvalidValue: the address is not one of this portal, or the file changed meanwhile.
            OSError: the file could not be read.
            PortalError: the portal said no.
            TransportError: there was no usable answer; ``sent`` says whether the file may have reached the portal.
            ConfigurationError: the transport is not open.
        """
        target = file_address(address, self._base(), self._auth)
        method = method_of(target)
        started = time.perf_counter()
        try:
            envelope = await self._send(target, form, method)
        except (InvalidValue, OSError, PortalError, TransportError) as error:
            failure = error.with_traceback(None)
        else:
            logger.debug("%s took %.3f s, %d bytes", method, time.perf_counter() - started, form.length)
            return envelope
        logger.debug("%s failed after %.3f s: %s", method, time.perf_counter() - started, failure)
        raise failure

    # -- there ---------------------------------------------------------------------------------------------------

    async def _follow(self, target: Secret, method: str) -> Incoming:
        """The answer at *target*, or at where it redirects to, if that is a file."""
        seen = [target]
        while len(seen) <= _HOPS + 1:
            incoming = await self._get(seen[-1])
            if incoming.status in _REDIRECTS:
                incoming.close()
                seen.append(self._next(seen, incoming))
                continue
            failure: Exception | None = None
            try:
                failure = await refusal(incoming, method, lambda text: self._shown(text, seen))
            except BaseException:
                incoming.close()
                raise
            if failure is None:
                return incoming
            incoming.close()
            raise failure
        raise TransportError(f"{self._auth.host} redirects in circles", sent=False, status=302)

    def _next(self, seen: list[Secret], incoming: Incoming) -> Secret:
        to = redirected(seen[-1], incoming.location)
        if isinstance(to, Secret):
            return to
        raise TransportError(
            f"HTTP {incoming.status}: {self._auth.host} redirects to {self._shown(to, seen)}, "
            "from where no file may be fetched",
            sent=False,
            status=incoming.status,
        )

    async def _get(self, url: Secret) -> Incoming:
        """The beginning of an answer. Foreign errors become ours, without a trace of the URL they hold."""
        session = self._session()
        # Not compressed, so that its length is known.
        headers = {"User-Agent": user_agent(), "Accept-Encoding": "identity"}
        try:
            response = await session.get(
                URL(url.reveal(), encoded=True), headers=headers, allow_redirects=False, timeout=self._patience
            )
        except (aiohttp.ClientError, AttributeError, OSError, ValueError) as error:
            # An AttributeError is what aiohttp 3.10 makes of a session that was closed meanwhile.
            failure = self._explained(error, None)
        else:
            return Incoming(response, self._explained)
        raise failure

    # -- and back ------------------------------------------------------------------------------------------------

    async def _send(self, target: Secret, form: Form, method: str) -> Envelope:
        status, content_type, body = await self._post(target, form)
        if 300 <= status < 400:
            raise TransportError(f"HTTP {status}: a redirect and no place for the file", sent=False, status=status)
        return decode(status, content_type, body, lambda text: self._shown(text, [target]), method=method)

    async def _post(self, url: Secret, form: Form) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer to a form."""
        session = self._session()
        loop = asyncio.get_running_loop()
        headers = {
            "Accept": "application/json",
            "Content-Length": str(form.length),
            "Content-Type": form.content_type,
            "User-Agent": user_agent(),
        }
        seen = _Seen()
        try:
            # aiohttp counts the seconds of the answer only.
            async with asyncio.timeout(self._timeout) as watch:
                async with session.post(
                    URL(url.reveal(), encoded=True),
                    data=_noted(form.body(lambda: watch.reschedule(loop.time() + self._timeout)), seen),
                    headers=headers,
                    allow_redirects=False,
                    timeout=self._patience,
                ) as response:
                    seen.status = response.status
                    return response.status, response.headers.get("Content-Type", ""), await response.read()
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            failure = seen.broken or self._explained(error, seen.status)
        # Raised out here: the original error holds the URL, and must not travel along as __context__.
        raise failure

    def _explained(self, error: Exception, status: int | None) -> TransportError:
        return explained(error, self._auth.host, self._timeout, status)

    def _shown(self, text: str, addresses: list[Secret]) -> str:
        return without_tokens(self._auth.redact(text), *addresses)


async def _noted(body: AsyncGenerator[bytes], seen: _Seen) -> AsyncGenerator[bytes]:
    """The *body*; what goes wrong with it is noted, since aiohttp would tell of a connection that broke."""
    try:
        async for piece in body:
            yield piece
    except Exception as error:
        seen.broken = error
        raise
