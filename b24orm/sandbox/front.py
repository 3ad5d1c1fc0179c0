"""The HTTP face of the portal: URLs, bodies, statuses, and what faults do to a connection.

Facts: sections 1 to 4 of the behaviour notes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pydantic_core
from aiohttp import web

from b24orm.sandbox.batch import run_batch
from b24orm.sandbox.books import Record
from b24orm.sandbox.desk import Stopwatch, known, run
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import as_map, is_array, parse_str, strval
from b24orm.sandbox.refusal import Refusal, internal_error, over_limit
from b24orm.sandbox.rows import encode
from b24orm.sandbox.state import State
from b24orm.sandbox.transfers import TRANSFERS, Upload, content_type, fetched, read_upload, stored

__all__ = ["Front"]

_HTML = """<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"""
_PAGES = {
    "html": (200, "Авторизация"),
    "bad_gateway": (502, "502 Bad Gateway"),
    "unavailable": (503, "503 Service Temporarily Unavailable"),
    "gateway_timeout": (504, "504 Gateway Time-out"),
    "too_many": (429, "429 Too Many Requests"),
    "not_found_html": (404, "404 Not Found"),
    "forbidden_html": (403, "403 Forbidden"),
}
_REFUSALS = {
    "server_error": internal_error(),
    "expired_token": Refusal("expired_token", "The access token provided has expired.", 401),
}
_AUTH_KEYS = ("auth", "access_token")


@dataclass(slots=True)
class _Reply:
    """An answer on its way out."""

    status: int
    body: bytes
    commands: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    filename: str = ""  # of a file that is fetched
    after: float = 0.0  # seconds that it took in the model, beyond the processor time it took here


class Front:
    """Handles HTTP requests on behalf of a portal."""

    def __init__(self, state: State, closing: asyncio.Event) -> None:
        self._state = state
        self._closing = closing

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        state = self._state
        state.books.request()
        method, code = _target(request.path)
        reply: _Reply | None = None
        fault: str | None = None
        if method is not None:
            upload = await read_upload(request) if method == "upload" else None
            params = await _parameters(request)
            fault = state.faults.for_request(method, _batch_length(method, params))
            if state.options.latency:
                await asyncio.sleep(state.options.latency)
            if fault == "hang":
                await self._closing.wait()
            if fault in {"hang", "reset"}:
                return self._drop(request, method, ())
            reply = self._faulty(fault)
            if reply is None and method in TRANSFERS:
                reply = await self._in_time(self._transfer(method, params, upload))
            if reply is None:
                reply = await self._in_time(self._serve(method, code, params))
        if reply is None:
            # Links for people lead to a login page, whoever is not logged in.
            reply = _page(*_PAGES["html"]) if request.path.startswith("/bitrix/") else _page(404, "404 Not Found")
        name = method or request.path
        if fault == "reset_after":
            return self._drop(request, name, reply.commands)
        return await self._send(request, name, reply, fault)

    def _faulty(self, fault: str | None) -> _Reply | None:
        """The reply of a fault that keeps the call from running; None if it runs."""
        if fault in _PAGES:
            return _page(*_PAGES[fault])
        if fault in _REFUSALS:
            return _refused(_REFUSALS[fault])
        if fault == "empty":
            return _Reply(200, b"")
        return self._over_limit() if fault == "query_limit" else None

    def _over_limit(self) -> _Reply:
        self._state.books.refusal()
        return _refused(over_limit())

    async def _in_time(self, reply: _Reply) -> _Reply:
        """*reply* when its time has come, or what the front server answers once a request has lasted too long."""
        limit = self._state.options.request_timeout
        if reply.after:
            await asyncio.sleep(min(reply.after, limit))
        if reply.after <= limit:
            return reply
        status, title = _PAGES["gateway_timeout"]
        return _page(status, title, reply.commands)

    def _transfer(self, method: str, params: dict[str, Any], upload: Upload | None) -> _Reply:
        """Serve a link to a file, whose token is all that it needs."""
        state = self._state
        if not state.bucket.admit():
            return self._over_limit()
        token, delay = strval(params.get("token")), state.delays.get(method, 0.0)
        try:
            file = fetched(state, method, token)
            if file is not None:
                kind = content_type(file)
                return _Reply(200, file.content, content_type=kind, filename=file.name, after=delay)
            watch = Stopwatch.start(state, Hit(state.operating))
            body = {"result": stored(state, token, upload), "time": watch.report({}, delay)}
            return _Reply(200, encode(body), after=delay)
        except Refusal as refusal:
            return _refused(refusal)

    def _serve(self, method: str, code: str | None, params: dict[str, Any]) -> _Reply:
        state = self._state
        if not state.bucket.admit():
            return self._over_limit()
        commands: tuple[tuple[str, str], ...] = ()
        hit = Hit(state.operating)
        try:
            if not known(method):  # reported before authorization is checked
                raise Refusal("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
            self._authorize(code, params)
            watch = Stopwatch.start(state, hit)
            if method == "batch":
                done = run_batch(state, hit, params)
                commands = tuple(done.commands)
                body: dict[str, Any] = {
                    "result": done.answer(),
                    "time": watch.report(hit.report("batch"), hit.modelled),
                }
            else:
                answer, took = run(state, hit, method, params, 0)
                body = {"result": answer.result}
                if answer.next is not None:
                    body["next"] = answer.next
                if answer.total is not None:
                    body["total"] = answer.total
                body["time"] = took
        except Refusal as refusal:
            return _refused(refusal)
        return _Reply(200, encode(body), commands, after=hit.modelled)

    def _authorize(self, code: str | None, params: dict[str, Any]) -> None:
        for key in _AUTH_KEYS:  # removed before the handler runs
            params.pop(key, None)
        if code is None:
            raise Refusal("NO_AUTH_FOUND", "Wrong authorization data", 401)
        if code != f"{self._state.options.user_id}/{self._state.options.code}":
            raise Refusal("INVALID_CREDENTIALS", "Invalid request credentials", 401)

    async def _send(
        self, request: web.BaseRequest, method: str, reply: _Reply, fault: str | None
    ) -> web.StreamResponse:
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
            headers = {"Content-Disposition": named, "Content-Type": reply.content_type}
            return web.Response(status=reply.status, body=body, headers=headers)
        return web.Response(status=reply.status, body=body, content_type=reply.content_type, charset="utf-8")

    def _drop(self, request: web.BaseRequest, method: str, commands: tuple[tuple[str, str], ...]) -> web.StreamResponse:
        """Reset the connection: the client gets no byte of an answer."""
        self._state.books.answered(Record(method, commands, 0), 0)
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


def _refused(refusal: Refusal) -> _Reply:
    return _Reply(refusal.status, pydantic_core.to_json(refusal.body))


def _page(status: int, title: str, commands: tuple[tuple[str, str], ...] = ()) -> _Reply:
    return _Reply(status, _HTML.format(title).encode(), commands, content_type="text/html")


def _batch_length(method: str, params: dict[str, Any]) -> int:
    """How many commands the batch holds; 0 for a plain call."""
    return len(as_map(classic(params, "cmd"))) if method == "batch" else 0


def _target(path: str) -> tuple[str | None, str | None]:
    """``/rest/<user>/<code>/<method>[.json]`` -> method in lower case and ``user/code``; no method: not a REST URL."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if len(parts) not in {2, 4} or parts[0] != "rest" or not parts[-1]:
        return None, None
    method = parts[-1].lower().removesuffix(".json")
    return method, f"{parts[1]}/{parts[2]}" if len(parts) == 4 else None


async def _parameters(request: web.BaseRequest) -> dict[str, Any]:
    """The query string, then the body, which overrides it key by key. A body that cannot be read is ignored."""
    params: dict[str, Any] = dict(parse_str(request.rel_url.raw_query_string))
    if request.method != "POST" or request.path.endswith("/upload.json"):
        return params  # an upload says all that matters in its address
    kind = request.content_type
    if kind == "multipart/form-data":
        form = await request.post()
        text = urlencode([(name, value) for name, value in form.items() if isinstance(value, str)])
        return params | parse_str(text)
    raw = await request.content.read()
    if kind == "application/json":
        try:
            body = pydantic_core.from_json(raw)
        except ValueError:
            return params
        return params | as_map(body) if is_array(body) else params
    if kind == "application/x-www-form-urlencoded":
        return params | parse_str(raw.decode("utf-8", "replace"))
    return params
