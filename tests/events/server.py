"""An HTTP server of its own for handlers, in the thread of the test."""

from __future__ import annotations

from typing import Self

from aiohttp import web

from b24orm.events import EventHandlers
from b24orm.integrations.aiohttp import setup_events


class Server:
    """``async with Server(handlers) as server:``; events go to ``server.url``."""

    def __init__(self, handlers: EventHandlers) -> None:
        app = web.Application()
        setup_events(app, handlers, "/events")
        self._runner = web.AppRunner(app)
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/events"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()
