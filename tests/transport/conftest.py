"""A server on a real socket that answers byte for byte what a test tells it to."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from b24orm.transport import Transport, Webhook

CODE = "s3cr3tC0de~Zz9"
CERTIFICATE = Path(__file__).with_name("localhost.pem")

Handler = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


class Request:
    """One HTTP request as it came over the wire."""

    def __init__(self, head: bytes, body: bytes, connection: asyncio.StreamReader) -> None:
        first, *rest = head.decode().split("\r\n")
        self.verb, self.target, _ = first.split(" ")
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in rest if line)}
        self.body = body
        self.connection = connection

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class WirePortal:
    """Answers every request with what is in ``script``, in order; the last one is repeated."""

    def __init__(self) -> None:
        self.script: list[Handler] = []
        self.requests: list[Request] = []
        self.connections = 0
        self.hung_up = asyncio.Event()
        self.scheme = "http"
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/rest/7/{CODE}/"

    async def start(self, tls: bool = False) -> None:
        context = None
        if tls:
            self.scheme = "https"
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(CERTIFICATE)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:  # from Python 3.12 on, the server waits for them
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while not reader.at_eof():
                head = await reader.readuntil(b"\r\n\r\n")
                request = Request(head[:-4], b"", reader)
                request.body = await reader.readexactly(int(request.headers.get("content-length", 0)))
                self.requests.append(request)
                handler = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                await handler(request, writer)
                if writer.is_closing():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.hung_up.set()
            writer.close()


def raw(data: bytes, *, hang_up: bool = False, reset: bool = False) -> Handler:
    """Write *data* as it is, and then perhaps close the connection (politely or not)."""

    async def handler(request: Request, writer: asyncio.StreamWriter) -> None:
        if data:
            writer.write(data)
            await writer.drain()
        if reset:
            writer.transport.abort()
        elif hang_up:
            writer.close()

    return handler


def answer(
    body: bytes | dict[str, Any] | list[Any] | str,
    status: int = 200,
    content_type: str = "application/json; charset=utf-8",
    headers: Mapping[str, str] | None = None,
) -> Handler:
    """A well-formed HTTP answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


def silence(started: asyncio.Event | None = None) -> Handler:
    """Never answer."""

    async def handler(request: Request, writer: asyncio.StreamWriter) -> None:
        if started is not None:
            started.set()
        await request.connection.read()  # until the client hangs up
        writer.close()

    return handler


@pytest.fixture
async def portal() -> AsyncIterator[WirePortal]:
    portal = WirePortal()
    await portal.start()
    yield portal
    await portal.stop()


@pytest.fixture
async def tls_portal() -> AsyncIterator[WirePortal]:
    portal = WirePortal()
    await portal.start(tls=True)
    yield portal
    await portal.stop()


@pytest.fixture
async def transport(portal: WirePortal) -> AsyncIterator[Transport]:
    transport = Transport(Webhook.parse(portal.url), timeout=5.0)
    await transport.open()
    yield transport
    await transport.close()
