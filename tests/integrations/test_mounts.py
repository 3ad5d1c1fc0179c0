"""The same events behind each of the frameworks, over real sockets."""

from __future__ import annotations

import asyncio
import io
import logging
import socket
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import aiohttp
import django
import pytest
import uvicorn
from aiohttp import web
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.urls import path
from fastapi import FastAPI
from starlette.applications import Starlette

from b24orm.events import EventHandlers, OnCrmDealAdd
from b24orm.events.reading import MAX_BODY
from b24orm.integrations.aiohttp import event_view, setup_events
from b24orm.integrations.asgi import EventApp
from b24orm.integrations.django import event_view as django_view
from b24orm.integrations.django import event_view_sync as django_view_sync
from b24orm.integrations.starlette import event_route
from tests.integrations.bodies import HEADERS, TOKEN, body

PATH = "/bitrix/events"
urlpatterns: list[Any] = []

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of a test",
    USE_TZ=True,
    LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
)
django.setup()

Serve = Callable[[EventHandlers], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def behind_aiohttp(handlers: EventHandlers) -> AsyncGenerator[str]:
    app = web.Application()
    setup_events(app, handlers, PATH)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    await runner.cleanup()


class Announced(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def uvicorn_runs(app: Any) -> AsyncGenerator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, ws="none", lifespan="auto", http="h11", loop="asyncio")
    server = Announced(config)
    serving = asyncio.create_task(server._serve([listener]))  # serve() would take over the signals
    try:
        await server.up.wait()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


@asynccontextmanager
async def behind_asgi(handlers: EventHandlers) -> AsyncGenerator[str]:
    async with uvicorn_runs(EventApp(handlers)) as url:
        yield url + PATH


@asynccontextmanager
async def behind_starlette(handlers: EventHandlers) -> AsyncGenerator[str]:
    async with uvicorn_runs(Starlette(routes=[event_route(handlers, PATH)])) as url:
        yield url + PATH
    await handlers.drain()


@asynccontextmanager
async def behind_fastapi(handlers: EventHandlers) -> AsyncGenerator[str]:
    app = FastAPI()
    app.router.routes.append(event_route(handlers, PATH))
    async with uvicorn_runs(app) as url:
        yield url + PATH
    await handlers.drain()


@asynccontextmanager
async def behind_django(handlers: EventHandlers) -> AsyncGenerator[str]:
    urlpatterns[:] = [path(PATH[1:], django_view(handlers))]
    django.urls.clear_url_caches()
    async with uvicorn_runs(get_asgi_application()) as url:
        yield url + PATH
    await handlers.drain()


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@asynccontextmanager
async def behind_django_without_a_loop(handlers: EventHandlers) -> AsyncGenerator[str]:
    urlpatterns[:] = [path(PATH[1:], django_view_sync(handlers))]
    django.urls.clear_url_caches()
    server: WSGIServer = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PATH}"
    finally:
        await asyncio.to_thread(server.shutdown)
        thread.join()
        server.server_close()
    await asyncio.to_thread(handlers.drain_sync)


MOUNTS: dict[str, Serve] = {
    "aiohttp": behind_aiohttp,
    "asgi": behind_asgi,
    "starlette": behind_starlette,
    "fastapi": behind_fastapi,
    "django": behind_django,
    "django without a loop": behind_django_without_a_loop,
}


@pytest.fixture(params=list(MOUNTS.values()), ids=list(MOUNTS))
def serve(request: pytest.FixtureRequest) -> Serve:
    chosen: Serve = request.param
    return chosen


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def post(http: aiohttp.ClientSession, url: str, data: bytes, headers: Any = HEADERS) -> int:
    async with http.post(url, data=io.BytesIO(data), headers=headers) as answer:
        await answer.read()
        return answer.status


async def test_events_come_through_and_forged_and_broken_ones_do_not(
    serve: Serve, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    handlers = EventHandlers(application_token=TOKEN)
    seen: list[int] = []

    @handlers.on(OnCrmDealAdd)
    async def take(event: OnCrmDealAdd) -> None:
        if event.id == 13:
            raise RuntimeError("no thirteen")
        seen.append(event.id)

    async with serve(handlers) as url:
        assert await post(http, url, body(7)) == 200
        assert await post(http, url, body(8, token="forged")) == 403
        assert await post(http, url, b"event=ONCRMDEALADD") == 400
        assert await post(http, url, b"{", {"Content-Type": "application/json"}) == 400
        assert await post(http, url, body(13)) == 500
        assert await post(http, url, body(9)) == 200
        async with http.get(url) as answer:
            assert answer.status == 405
    assert seen == [7, 9]
    refused = [record for record in caplog.records if record.name == "b24orm.events"]
    assert [record.levelno for record in refused] == [logging.WARNING] * 3 + [logging.ERROR]
    assert TOKEN not in caplog.text


async def test_a_body_that_is_far_too_long_is_refused(serve: Serve, http: aiohttp.ClientSession) -> None:
    handlers = EventHandlers(application_token=TOKEN)
    async with serve(handlers) as url:
        assert await post(http, url, body() + b"&x=" + b"x" * (MAX_BODY + 70_000)) == 400
        assert await post(http, url, body()) == 200


async def test_what_waits_in_the_background_is_handled_before_the_server_has_ended(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    handlers = EventHandlers(application_token=TOKEN, background=True, concurrency=1)
    seen: list[int] = []

    @handlers.on(OnCrmDealAdd)
    def take(event: OnCrmDealAdd) -> None:
        seen.append(event.id)

    async with serve(handlers) as url:
        for number in range(10):
            assert await post(http, url, body(number)) == 200
    assert seen == list(range(10))


async def test_the_view_can_be_routed_by_hand(http: aiohttp.ClientSession) -> None:
    handlers = EventHandlers(application_token=TOKEN)
    app = web.Application()
    app.add_routes([web.post("/mine", event_view(handlers))])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert await post(http, f"http://127.0.0.1:{runner.addresses[0][1]}/mine", body()) == 200
    await runner.cleanup()


async def test_an_asgi_client_that_goes_away_gets_no_answer_and_other_protocols_are_refused() -> None:
    app = EventApp(EventHandlers(application_token=TOKEN))
    sent: list[Any] = []

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "headers": []}, gone, send)
    assert sent == []
    with pytest.raises(ValueError, match="not by websocket"):
        await app({"type": "websocket"}, gone, send)
