"""Errors of aiohttp as errors of our tree, and what all requests have in common."""

from __future__ import annotations

import os
import socket
import ssl
from functools import cache
from typing import Final

import aiohttp

from b24orm.errors import TransportError

__all__ = ["CONNECT", "explained", "user_agent"]

CONNECT: Final = 15.0
"""Seconds; a portal that has not even answered the handshake by then is down."""


def explained(error: Exception, host: str, timeout: float, status: int | None) -> TransportError:
    """Our error for one of aiohttp's: who, what, and whether the portal may have got the request.

    Args:
        error: what aiohttp raised; it may hold the URL, so ours keeps nothing of it.
        host: whom we talked to.
        timeout: seconds that it had.
        status: the HTTP status of the answer, if one came.
    """
    match error:
        case aiohttp.ConnectionTimeoutError():
            return TransportError(f"{host} does not answer: connecting timed out", sent=False)
        case TimeoutError():
            return TransportError(
                f"{host} did not finish its answer within {timeout:g} s", status=status, timed_out=True
            )
        case aiohttp.ClientConnectorCertificateError():
            reason = error.certificate_error
            text = reason.verify_message if isinstance(reason, ssl.SSLCertVerificationError) else "see the host's name"
            return TransportError(f"{host} shows a certificate that cannot be trusted: {text}", sent=False)
        case aiohttp.ClientSSLError():
            return TransportError(f"{host} does not speak TLS as it should: the handshake failed", sent=False)
        case aiohttp.ClientConnectorError(os_error=socket.gaierror()):
            return TransportError(f"there is no host {host}: its name does not resolve", sent=False)
        case aiohttp.ClientConnectorError():
            return TransportError(f"{host} cannot be reached: {_reason(error.os_error)}", sent=False)
        case aiohttp.ClientPayloadError():
            return TransportError(f"HTTP {status}: {host} sent half an answer and hung up", status=status)
        case aiohttp.ClientResponseError():
            return TransportError(f"{host} answered something that is not HTTP")
        case aiohttp.InvalidURL():
            return TransportError(f"{host} has an address that cannot be called", sent=False)
        case _:
            return TransportError(f"{host} hung up before it answered", status=status)


@cache
def user_agent() -> str:
    """``b24orm/<version>``: tells the portal's administrator who calls."""
    from importlib.metadata import PackageNotFoundError, version  # it drags the e-mail package along

    try:
        return f"b24orm/{version('b24orm')}"
    except PackageNotFoundError:  # run from a checkout that nobody installed
        return "b24orm"


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
