"""The HTTP face of the portal: which part of it answers, statuses, and what faults do to a connection.

Facts: sections 1 to 4 of the behaviour notes.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from aiohttp import web

from b24orm.sandbox.authserver import authorize_page
from b24orm.sandbox.books import Record
from b24orm.sandbox.call import Call, read_call
from b24orm.sandbox.faults import Fault
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import as_map
from b24orm.sandbox.refusal import over_limit
from b24orm.sandbox.reply import PAGES, Reply, page, preflight, refused
from b24orm.sandbox.rest import serve, transfer
from b24orm.sandbox.state import State
from b24orm.sandbox.status import StatusPage
from b24orm.sandbox.transfers import TRANSFERS
from b24orm.sandbox.v3.refusals import translated
from b24orm.sandbox.v3.rest import serve as modern

__all__ = ["Front"]

_LONGEST = 8190
"""Bytes of an address that the front server takes. The vendor names no limit; this is nginx' own."""


class Front:
    """Handles HTTP requests on behalf of a portal."""

    def __init__(self, state: State, closing: asyncio.Event, status: StatusPage) -> None:
        self._state = state
        self._status = status
        self._closing = closing
        self.left: set[int] = set()
        """Ports of addresses that the portal no longer has: whoever asks there is sent on."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        state = self._state
        shown = self._status.answer(request)
        if shown is not None:
            return shown
        state.books.request()
        if self.left and request.transport is not None and request.transport.get_extra_info("sockname")[1] in self.left:
            # settings/how-to-call-rest-api/change-domen.md
            onward = {"Location": f"{state.oauth.portal}{request.raw_path}"}
            await request.read()
            return await self._send(request, request.path, page(302, "302 Found", headers=onward), None)
        if request.path.rstrip("/") == "/oauth/authorize":
            reply = authorize_page(state.oauth, request.rel_url.raw_query_string)
            return await self._send(request, request.path, reply, None)
        if len(request.raw_path) > _LONGEST:
            return await self._send(request, request.path, page(*PAGES["too_long"]), None)
        if request.method == "OPTIONS" and request.path.startswith("/rest/"):
            return await self._send(request, request.path, preflight(), None)
        call = await read_call(request)
        if call is None or (call.version == 3 and not state.options.rest_v3):
            # Links for people lead to a login page, whoever is not logged in.
            people = request.path.startswith("/bitrix/")
            reply = page(*PAGES["html"]) if people else page(404, "404 Not Found")
            return await self._send(request, request.path, reply, None)
        struck = state.faults.for_request(call.method.lower(), _batch_length(call))
        fault = struck.kind if struck else None
        if state.options.latency:
            await asyncio.sleep(state.options.latency)
        if fault == "hang":
            await self._closing.wait()
        if fault in {"hang", "reset"}:
            return self._drop(request, call.method, ())
        reply = self._faulty(struck, call) or await self._in_time(self._answer(call, request.remote or ""))
        if fault == "reset_after":
            return self._drop(request, call.method, reply.commands)
        return await self._send(request, call.method, reply, fault)

    def _answer(self, call: Call, address: str) -> Reply:
        """What the part of the portal that the call is for answers, once the bucket lets it in."""
        if not self._state.buckets.admit(address):
            self._state.books.refusal()
            return refused(over_limit(), call.form)
        if call.version == 3:
            return modern(self._state, call)
        return (transfer if call.method in TRANSFERS else serve)(self._state, call)

    def _faulty(self, fault: Fault | None, call: Call) -> Reply | None:
        """The reply of a fault that keeps the call from running; None if it runs."""
        if fault is None:
            return None
        if fault.kind in PAGES:
            return page(*PAGES[fault.kind])
        if fault.kind == "query_limit":
            self._state.books.refusal()
        if fault.refusal is not None:
            return refused(translated(fault.refusal) if call.version == 3 else fault.refusal, call.form)
        return Reply(200, b"") if fault.kind == "empty" else None

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
    if call.version == 3:
        return len(as_map(call.body)) if call.method == "batch" else 0
    return len(as_map(classic(call.params, "cmd"))) if call.method == "batch" else 0
