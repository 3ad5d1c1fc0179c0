"""Events of a portal on any ASGI server: an application of its own, or one to mount. It needs no framework.

::

    app = EventApp(handlers)  # uvicorn module:app
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from b24orm.events.handlers import EventHandlers
from b24orm.events.reading import MAX_BODY

__all__ = ["EventApp"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class EventApp:
    """An ASGI application that hands what is posted to it to *handlers*, wherever it is mounted.

    As the server's only application it waits for events in the background before the server ends. Where it is mounted
    inside another one, that one has to: ``await handlers.drain()``.
    """

    def __init__(self, handlers: EventHandlers) -> None:
        self._handlers = handlers

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """What ASGI servers call."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            raise ValueError(f"events come by HTTP, not by {scope['type']}")

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._handlers.drain()
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": "lifespan.startup.complete"})

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"0")]
        if scope["method"] != "POST":
            status, headers = 405, [*headers, (b"allow", b"POST")]
        else:
            body = await _body(receive)
            if body is None:  # the client has gone
                return
            kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
            status = await self._handlers.handle(body, kind.decode("latin-1"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes | None:
    body = bytearray()
    while len(body) <= MAX_BODY:  # what is longer is refused, whatever follows
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)
