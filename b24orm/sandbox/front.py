"""The HTTP face of the portal: which part of it answers, statuses, and what faults do to a connection.

Facts: sections 1 to 4 of the behaviour notes.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from aiohttp import web

from b24orm.sandbox.books import Record
from b24orm.sandbox.call import Call, read_call
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import as_map
from b24orm.sandbox.refusal import Refusal, internal_error, over_limit
from b24orm.sandbox.reply import PAGES, Reply, page, refused
from b24orm.sandbox.rest import serve, transfer
from b24orm.sandbox.state import State
from b24orm.sandbox.transfers import TRANSFERS

__all__ = ["Front"]

_REFUSALS = {
    "server_error": internal_error(),
    "expired_token": Refusal("expired_token", "The access token provided has expired.", 401),
}


class Front:
    """Handles HTTP requests on behalf of a portal."""

    def __init__(self, state: State, closing: asyncio.Event) -> None:
        self._state = state
        self._closing = closing

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        state = self._state
        state.books.request()
        call = await read_call(request)
        if call is None:
            # Links for people lead to a login page, whoever is not logged in.
            people = request.path.startswith("/bitrix/")
            reply = page(*PAGES["html"]) if people else page(404, "404 Not Found")
            return await self._send(request, request.path, reply, None)
        fault = state.faults.for_request(call.method.lower(), _batch_length(call))
        if state.options.latency:
            await asyncio.sleep(state.options.latency)
        if fault == "hang":
            await self._closing.wait()
        if fault in {"hang", "reset"}:
            return self._drop(request, call.method, ())
        reply = self._faulty(fault) or await self._in_time(self._answer(call))
        if fault == "reset_after":
            return self._drop(request, call.method, reply.commands)
        return await self._send(request, call.method, reply, fault)

    def _answer(self, call: Call) -> Reply:
        """What the part of the portal that the call is for answers, once the bucket lets it in."""
        if not self._state.bucket.admit():
            return self._over_limit()
        return (transfer if call.method in TRANSFERS else serve)(self._state, call)

    def _faulty(self, fault: str | None) -> Reply | None:
        """The reply of a fault that keeps the call from running; None if it runs."""
        if fault is None:
            return None
        if fault in PAGES:
            return page(*PAGES[fault])
        if fault in _REFUSALS:
            return refused(_REFUSALS[fault])
        if fault == "empty":
            return Reply(200, b"")
        return self._over_limit() if fault == "query_limit" else None

    def _over_limit(self) -> Reply:
        self._state.books.refusal()
        return refused(over_limit())

    async def _in_time(self, reply: Reply) -> Reply:
        """*reply* when its time has come, or what the front server answers once a request has lasted too long."""
        limit = self._state.options.request_timeout
        if reply.after:
            await asyncio.sleep(min(reply.after, limit))
        if reply.after <= limit:
            return reply
        status, title = PAGES["gateway_timeout"]
        return page(status, title, reply.commands)

    async def _send(self, request: web.BaseRequest, method: str, reply: Reply, fault: str | None) -> web.StreamResponse:
        body = reply.body
        half = body[: len(body) // 2]
        state = self._state
        if fault == "half_answer":
            state.books.answered(Record(method, reply.commands, reply.status), len(half))
            stream = web.StreamResponse(status=reply.status)
            stream.content_type = reply.content_type
            stream.content_length = len(body)
            await stream.prepare(request)
            await stream.write(half)
            if request.transport is not None:
                request.transport.close()
            return stream
        if fault == "broken_json":
            body = half
        state.books.answered(Record(method, reply.commands, reply.status), len(body))
        if reply.filename:
            named = f"attachment; filename*=UTF-8''{quote(reply.filename)}"
            headers = {**reply.headers, "Content-Disposition": named, "Content-Type": reply.content_type}
            return web.Response(status=reply.status, body=body, headers=headers)
        kind = reply.content_type
        return web.Response(status=reply.status, body=body, content_type=kind, charset="utf-8", headers=reply.headers)

    def _drop(self, request: web.BaseRequest, method: str, commands: tuple[tuple[str, str], ...]) -> web.StreamResponse:
        """Reset the connection: the client gets no byte of an answer."""
        self._state.books.answered(Record(method, commands, 0), 0)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


def _batch_length(call: Call) -> int:
    """How many commands the batch holds; 0 for a plain call."""
    return len(as_map(classic(call.params, "cmd"))) if call.method == "batch" else 0
