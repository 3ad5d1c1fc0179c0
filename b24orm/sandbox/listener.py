"""Where the portal listens: one port, and with TLS a second one for those who come without it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web

from b24orm.errors import ConfigurationError
from b24orm.sandbox.authserver import AuthServer
from b24orm.sandbox.front import Front
from b24orm.sandbox.tls import Certificate

__all__ = ["Ports", "listening"]


class Ports(NamedTuple):
    """The ports that were had; *plain* takes no TLS, and is the same where there is none."""

    main: int
    plain: int


@asynccontextmanager
async def listening(
    front: Front | AuthServer, host: str, port: int, certificate: Certificate | None
) -> AsyncGenerator[Ports]:
    """Listen until the block ends, and close all connections then.

    Raises:
        ConfigurationError: the port cannot be had.
    """
    # handler_cancellation: a handler that hangs on purpose ends when its client goes.
    # max_line_size: the front says itself what it thinks of an address that is too long.
    server = web.Server(front.handle, access_log=None, handler_cancellation=True, max_line_size=1 << 20)
    runner = web.ServerRunner(server, shutdown_timeout=0.5)
    await runner.setup()
    try:
        context = None if certificate is None else certificate.server_context()
        try:
            await web.TCPSite(runner, host, port, ssl_context=context).start()
            if certificate is not None:
                await web.TCPSite(runner, host, 0).start()
        except OSError as error:
            raise ConfigurationError(f"cannot listen at {host}:{port}: {error.strerror}") from error
        had = [int(address[1]) for address in runner.addresses]
        yield Ports(had[0], had[-1])
    finally:
        await runner.cleanup()
