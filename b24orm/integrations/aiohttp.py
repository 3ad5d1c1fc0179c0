"""Events of a portal on an aiohttp server.

::

    app = web.Application()
    setup_events(app, handlers, "/bitrix/events")
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from b24orm.events.handlers import EventHandlers
from b24orm.events.reading import MAX_BODY

__all__ = ["event_view", "setup_events"]


def setup_events(app: web.Application, handlers: EventHandlers, path: str) -> None:
    """Has *app* hand what is posted to *path* to *handlers*, and wait for those in the background before it ends."""

    async def drain(_: web.Application) -> None:
        await handlers.drain()

    app.router.add_post(path, event_view(handlers))
    app.on_cleanup.append(drain)


def event_view(handlers: EventHandlers) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The view that hands its requests to *handlers*, for ``web.post(path, event_view(handlers))``."""

    async def view(request: web.Request) -> web.Response:
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            if len(body) > MAX_BODY:  # which is refused, whatever follows
                break
        return web.Response(status=await handlers.handle(bytes(body), request.headers.get("Content-Type", "")))

    return view
