"""Connections: how they are opened and closed, and whose certificates they trust."""

from __future__ import annotations

import asyncio
import os
import ssl
from functools import cache
from pathlib import Path
from typing import Final

import aiohttp

from b24orm.errors import ConfigurationError

__all__ = ["Trust", "close_session", "new_session", "trusted"]

Trust = ssl.SSLContext | str | os.PathLike[str]
"""Whose certificates are trusted: a context of one's own, or a file with more authorities than the system's."""

_POOL: Final = 100  # connections; how many are used is decided above
_BUFFER: Final = 2**20  # bytes; an answer of megabytes need not stop and go every 64 KiB
_GRACE: Final = 0.25  # seconds that TLS connections get to say goodbye


def trusted(given: Trust | None) -> ssl.SSLContext | None:
    """The context that *given* means; None for the system's authorities.

    Raises:
        ConfigurationError: it is neither a context nor a file with certificates. Not to check certificates at all is
            not offered: whoever wants that passes a context that says so.
    """
    if given is None or isinstance(given, ssl.SSLContext):
        return given
    if not isinstance(given, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"ssl is an ssl.SSLContext or the path of a file with certificates (PEM), not {given!r}"
        )
    path = Path(given)
    try:
        context = ssl.create_default_context()
        context.load_verify_locations(path)
    except OSError as error:  # an SSLError is one, too
        reason = "no certificate can be read from it" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigurationError(f"ssl={str(path)!r}: {reason}") from None
    return context


def new_session(context: ssl.SSLContext | None) -> aiohttp.ClientSession:
    """A session of our own."""
    connector = aiohttp.TCPConnector(limit=_POOL) if context is None else aiohttp.TCPConnector(limit=_POOL, ssl=context)
    session = aiohttp.ClientSession(
        connector=connector,
        read_bufsize=_BUFFER,
        # A cookie would bind us to one PHP session, in which the portal handles requests one by one.
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    # aiohttp sends a GET again by itself when the connection breaks; the limits would not know of it.
    setattr(session, "_retry_connection", False)  # noqa: B010 - there is no public way
    return session


async def close_session(session: aiohttp.ClientSession, *, encrypted: bool) -> None:
    """Close all connections of a session of our own; *encrypted* if some of them may be."""
    await session.close()
    # Up to aiohttp 3.11 the transports close some turns of the loop later than the session says.
    await asyncio.sleep(_GRACE if encrypted and _closes_late() else 0)


@cache
def _closes_late() -> bool:
    return tuple(int(part) for part in aiohttp.__version__.split(".")[:2]) < (3, 12)
