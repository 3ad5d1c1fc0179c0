from __future__ import annotations

import asyncio
import gc
import logging
import socket
import ssl
import traceback
import warnings
from collections.abc import AsyncIterator
from functools import partial
from importlib.metadata import PackageNotFoundError
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from b24orm import errors
from b24orm.errors import AuthError, B24OrmError, ConfigurationError, NotFound, QueryError, RateLimited, TransportError
from b24orm.transport import Secret, Transport, Webhook, failures, sessions
from b24orm.transport import client as client_module
from tests.transport.conftest import CERTIFICATE, CODE, WirePortal, answer, raw, silence

OK = {"result": {"item": {"id": 1}}, "time": {"operating": 0.1}}
METHOD = "crm.item.get"


def assert_no_secret(*errors: BaseException) -> None:
    """Neither the texts nor the reprs nor the tracebacks with their locals hold the code, in any spelling."""
    seen: list[str] = []
    for error in errors:
        chain: BaseException | None = error
        while chain is not None:
            seen += [str(chain), repr(chain), repr(chain.args), repr(vars(chain))]
            chain = chain.__cause__ or chain.__context__
        seen += traceback.format_exception(error)
        seen += traceback.TracebackException.from_exception(error, capture_locals=True).format(chain=True)
    shown = "".join(seen)
    assert CODE not in shown
    assert quote(CODE, safe="") not in shown


async def fails(transport: Transport, method: str = METHOD) -> B24OrmError:
    """The error of one call; every error of this module passes through here, and may not show the code."""
    with pytest.raises(B24OrmError) as caught:
        await transport.post(method, {"id": 1})
    error = caught.value
    assert_no_secret(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    return error


async def fails_to_arrive(transport: Transport, method: str = METHOD) -> TransportError:
    error = await fails(transport, method)
    assert type(error) is TransportError
    return error


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture(autouse=True)
def no_secret_in_the_log(log: pytest.LogCaptureFixture) -> Any:
    yield
    assert CODE not in log.text


# -------------------------------------------------------------------------------- the good road


async def test_a_call_is_a_post_of_json_to_the_method_below_the_base(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(OK)]
    envelope = await transport.post("crm.item.add", {"entityTypeId": 2, "fields": {"title": "Сделка & 1"}})
    assert envelope.result == {"item": {"id": 1}}
    assert envelope.time == {"operating": 0.1}
    (request,) = portal.requests
    assert request.verb == "POST"
    assert request.target == f"/rest/7/{CODE}/crm.item.add.json"
    assert request.json == {"entityTypeId": 2, "fields": {"title": "Сделка & 1"}}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("b24orm")


async def test_calls_share_a_kept_alive_connection_and_no_cookies(portal: WirePortal, transport: Transport) -> None:
    cookie = {"Set-Cookie": "PHPSESSID=1; path=/"}
    portal.script = [answer(OK, headers=cookie)]
    for _ in range(3):
        await transport.post(METHOD, {})
    assert portal.connections == 1
    assert not any("cookie" in request.headers for request in portal.requests)


async def test_many_calls_at_once_each_get_their_own_answer(portal: WirePortal, transport: Transport) -> None:
    async def echo(request: Any, writer: asyncio.StreamWriter) -> None:
        await answer({"result": request.json["n"]})(request, writer)

    portal.script = [echo]
    envelopes = await asyncio.gather(*(transport.post(METHOD, {"n": n}) for n in range(30)))
    assert [envelope.result for envelope in envelopes] == list(range(30))


async def test_the_log_says_what_was_called_and_how_it_went(
    portal: WirePortal, transport: Transport, log: pytest.LogCaptureFixture
) -> None:
    portal.script = [answer(OK), answer({"error": "NOT_FOUND"}, 400)]
    await transport.post(METHOD, {})
    await fails(transport)
    lines = [record.getMessage() for record in log.records if record.name == "b24orm.transport"]
    assert lines[0].startswith("crm.item.get took")
    assert "crm.item.get: NOT_FOUND" in lines[1]


def test_a_transport_shows_where_it_leads_and_not_its_code() -> None:
    assert repr(Transport(Webhook.parse(f"https://a.ru/rest/1/{CODE}/"))) == "Transport('https://a.ru/rest/1/***/')"


# -------------------------------------------------------------------------------- the portal says no


async def test_a_wrong_code_is_an_authorization_error(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer({"error": "INVALID_CREDENTIALS", "error_description": f"Wrong code {CODE}"}, 401)]
    error = await fails(transport)
    assert isinstance(error, AuthError)
    assert error.description == "Wrong code ***"


async def test_an_error_with_status_200_is_an_error(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer({"error": "", "error_description": "Not found"})]
    assert isinstance(await fails(transport), NotFound)


async def test_a_refusal_is_told_from_other_503s_by_its_body(portal: WirePortal, transport: Transport) -> None:
    portal.script = [
        answer({"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}, 503),
        answer(b"<html><title>503</title>", 503, "text/html"),
    ]
    assert isinstance(await fails(transport), RateLimited)
    assert (await fails_to_arrive(transport)).status == 503


# -------------------------------------------------------------------------------- broken answers


async def test_an_html_page_is_named_with_its_title_but_without_the_code(
    portal: WirePortal, transport: Transport
) -> None:
    portal.script = [answer(f"<html><title>No {CODE} here</title>".encode(), 404, "text/html")]
    error = await fails_to_arrive(transport)
    assert str(error) == "HTTP 404: an HTML page instead of JSON ('No *** here')"
    assert (error.sent, error.status) == (True, 404)


async def test_an_empty_answer_is_named(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"", 200)]
    assert str(await fails_to_arrive(transport)) == "HTTP 200: the answer is empty"


async def test_half_an_answer_is_named(portal: WirePortal, transport: Transport) -> None:
    half = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"result": ['
    portal.script = [raw(half, hang_up=True)]
    error = await fails_to_arrive(transport)
    assert "half an answer" in str(error)
    assert (error.sent, error.status) == (True, 200)


async def test_half_a_chunked_answer_is_named(portal: WirePortal, transport: Transport) -> None:
    portal.script = [raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{", hang_up=True)]
    error = await fails_to_arrive(transport)
    assert "half an answer" in str(error)
    assert error.sent


@pytest.mark.parametrize("reset", [True, False])
async def test_a_connection_that_breaks_before_the_answer_may_have_delivered(
    portal: WirePortal, transport: Transport, reset: bool
) -> None:
    portal.script = [raw(b"", reset=reset, hang_up=True)]
    error = await fails_to_arrive(transport)
    assert str(error) == f"127.0.0.1:{portal.port} hung up before it answered"
    assert (error.sent, error.status) == (True, None)


async def test_an_answer_in_another_protocol_is_named(portal: WirePortal, transport: Transport) -> None:
    portal.script = [raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", hang_up=True)]
    error = await fails_to_arrive(transport)
    assert "not HTTP" in str(error)
    assert error.sent


# -------------------------------------------------------------------------------- nobody there


opened: list[Transport] = []


async def open_to(url: str, **options: Any) -> Transport:
    transport = Transport(Webhook.parse(url), **options)
    await transport.open()
    opened.append(transport)
    return transport


@pytest.fixture(autouse=True)
async def closing() -> AsyncIterator[None]:
    yield
    while opened:
        await opened.pop().close()


async def test_a_portal_that_is_down_was_not_sent_anything() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    transport = await open_to(f"http://127.0.0.1:{port}/rest/7/{CODE}/")
    error = await fails_to_arrive(transport)
    assert str(error) == f"127.0.0.1:{port} cannot be reached: Connection refused"
    assert (error.sent, error.status) == (False, None)


async def test_a_name_that_does_not_resolve_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_such_name(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", no_such_name)
    transport = await open_to(f"https://nowhere.invalid/rest/7/{CODE}/")
    error = await fails_to_arrive(transport)
    assert str(error) == "there is no host nowhere.invalid: its name does not resolve"
    assert not error.sent


async def test_a_portal_that_speaks_no_tls_was_not_sent_anything() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 The plain HTTP request was sent to HTTPS port\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await fails_to_arrive(await open_to(f"https://127.0.0.1:{port}/rest/7/{CODE}/"))
    assert str(error) == f"127.0.0.1:{port} does not speak TLS as it should: the handshake failed"
    assert not error.sent


async def test_an_untrusted_certificate_is_refused_before_the_code_is_sent(tls_portal: WirePortal) -> None:
    transport = await open_to(tls_portal.url)
    error = await fails_to_arrive(transport)
    assert "certificate that cannot be trusted: self" in str(error)
    assert not error.sent
    assert tls_portal.requests == []


async def test_a_silent_portal_may_have_got_the_request(portal: WirePortal) -> None:
    portal.script = [silence()]
    transport = await open_to(portal.url, timeout=0.05)
    error = await fails_to_arrive(transport)
    assert "did not finish its answer within 0.05 s" in str(error)
    assert (error.sent, error.status) == (True, None)


async def test_a_portal_that_stalls_in_its_answer_is_told_by_its_status(portal: WirePortal) -> None:
    portal.script = [raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")]
    transport = await open_to(portal.url, timeout=0.2)
    error = await fails_to_arrive(transport)
    assert (error.sent, error.status) == (True, 200)


async def test_a_portal_that_cannot_be_connected_in_time_was_not_sent_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", never)
    transport = await open_to(f"http://127.0.0.1:9/rest/7/{CODE}/", timeout=0.1)
    error = await fails_to_arrive(transport)
    assert str(error) == "127.0.0.1:9 does not answer: connecting timed out"
    assert not error.sent


# -------------------------------------------------------------------------------- redirects


@pytest.fixture
async def renamed() -> AsyncIterator[WirePortal]:
    portal = WirePortal()
    await portal.start()
    portal.script = [answer({"result": "from the new address"})]
    yield portal
    await portal.stop()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_renamed_portal_gets_the_same_post_again_and_is_remembered(
    portal: WirePortal, transport: Transport, renamed: WirePortal, status: int
) -> None:
    portal.script = [answer(b"", status, headers={"Location": f"{renamed.url}{METHOD}.json"})]
    for _ in range(2):
        assert (await transport.post(METHOD, {"id": 5})).result == "from the new address"
    assert len(portal.requests) == 1
    assert [(request.verb, request.json) for request in renamed.requests] == [("POST", {"id": 5})] * 2


async def test_a_redirect_within_the_portal_is_followed_and_not_remembered(
    portal: WirePortal, transport: Transport
) -> None:
    portal.script = [answer(b"", 302, headers={"Location": f"/rest/7/{CODE}/other"}), answer(OK)]
    await transport.post(METHOD, {})
    await transport.post(METHOD, {})
    assert [request.target.rsplit("/", 1)[1] for request in portal.requests] == [
        f"{METHOD}.json",
        "other",
        f"{METHOD}.json",
    ]


@pytest.mark.parametrize(
    "location",
    [
        f"http://evil.example/rest/7/{CODE}/crm.item.get.json",
        f"https://www.bitrix24.ru/login/?back=/rest/7/{CODE}/",
        f"https://{CODE}:x@evil.example/rest/7/x/crm.item.get.json",
        f"https://{CODE}.example/",
        f"ftp://127.0.0.1/rest/7/{CODE}/",
        f"https://[bad/rest/{CODE}/",
    ],
)
async def test_a_redirect_to_no_rest_address_is_refused(
    portal: WirePortal, transport: Transport, location: str
) -> None:
    portal.script = [answer(b"", 302, headers={"Location": location})]
    error = await fails_to_arrive(transport)
    assert "which is not the address of a REST method" in str(error)
    assert (error.sent, error.status) == (False, 302)
    assert len(portal.requests) == 1


async def test_a_redirect_that_leads_nowhere_is_refused(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"", 302), answer(b"", 304)]
    assert "leads nowhere" in str(await fails_to_arrive(transport))
    assert "leads nowhere" in str(await fails_to_arrive(transport))


async def test_a_second_redirect_is_refused(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"", 302, headers={"Location": f"{portal.url}{METHOD}.json"})]
    assert "redirects in circles" in str(await fails_to_arrive(transport))
    assert len(portal.requests) == 2


async def test_a_redirect_from_outside_into_this_machine_is_refused(tls_portal: WirePortal, trusted: None) -> None:
    tls_portal.script = [answer(b"", 302, headers={"Location": f"http://127.0.0.1:1/rest/7/{CODE}/x.json"})]
    transport = await open_to(tls_portal.url)
    transport_host_outside = Webhook.parse(f"https://my.bitrix24.ru/rest/7/{CODE}/")
    error = await fails_to_arrive(transport)  # a loopback portal may point to another one …
    assert "cannot be reached" in str(error)
    transport._auth = transport_host_outside  # … a portal outside may not
    with pytest.raises(TransportError, match="not the address of a REST method"):
        transport._new_address(client_module._Answer(302, "", Secret("http://127.0.0.1:1/rest/7/x/x.json"), b""))
    await transport.close()


# -------------------------------------------------------------------------------- wrong use


@pytest.mark.parametrize("method", ["", "crm.deal.list?x=1", "../1/x", "a b", "a..b", ".a", "crm.item.list\n"])
async def test_what_is_not_the_name_of_a_method_is_refused(
    transport: Transport, portal: WirePortal, method: str
) -> None:
    assert isinstance(await fails(transport, method), QueryError)
    assert portal.requests == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object(), {1, 2}])
async def test_what_is_not_json_is_refused(transport: Transport, portal: WirePortal, value: Any) -> None:
    with pytest.raises(QueryError, match="the parameters cannot be written as JSON"):
        await transport.post(METHOD, {"x": value})
    assert portal.requests == []


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_not_above_zero_is_refused(timeout: float) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        Transport(Webhook.parse("https://a.ru/rest/1/x/"), timeout=timeout)


async def test_a_transport_that_is_not_open_says_so(portal: WirePortal) -> None:
    transport = Transport(Webhook.parse(portal.url))
    assert isinstance(await fails(transport), ConfigurationError)
    await transport.close()
    await transport.open()
    await transport.open()
    portal.script = [answer(OK)]
    await transport.post(METHOD, {})
    await transport.close()
    await transport.close()
    assert isinstance(await fails(transport), ConfigurationError)


# -------------------------------------------------------------------------------- life and death


async def test_a_session_of_the_users_own_is_used_and_left_open(portal: WirePortal) -> None:
    portal.script = [answer(OK)]
    async with aiohttp.ClientSession(headers={"X-Mine": "yes"}) as session:
        transport = await open_to(portal.url, session=session)
        await transport.post(METHOD, {})
        await transport.close()
        assert not session.closed
    assert portal.requests[0].headers["x-mine"] == "yes"
    closed = await open_to(portal.url, session=session)
    assert isinstance(await fails(closed), ConfigurationError)


async def test_cancelling_a_call_ends_it_and_hangs_up(portal: WirePortal, transport: Transport) -> None:
    started = asyncio.Event()
    portal.script = [silence(started)]
    call = asyncio.create_task(transport.post(METHOD, {}))
    await started.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await call
    assert not isinstance(caught.value, errors.B24OrmError)
    await asyncio.wait_for(portal.hung_up.wait(), 5)


async def test_closing_while_a_call_is_under_way_ends_the_call(portal: WirePortal) -> None:
    started = asyncio.Event()
    portal.script = [silence(started)]
    transport = await open_to(portal.url)
    call = asyncio.create_task(fails_to_arrive(transport))
    await started.wait()
    await transport.close()
    assert (await call).sent


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test portal's certificate counts as that of an authority."""
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    monkeypatch.setattr(aiohttp, "TCPConnector", partial(aiohttp.TCPConnector, ssl=context))


@pytest.mark.parametrize("late", [False, True])
async def test_closing_leaves_no_socket_no_task_and_no_warning_behind_even_with_tls(
    tls_portal: WirePortal, trusted: None, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    if late:
        monkeypatch.setattr(sessions, "_closes_late", lambda: True)
    tls_portal.script = [answer(OK)]
    before = asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        transport = await open_to(tls_portal.url)
        await asyncio.gather(*(transport.post(METHOD, {}) for _ in range(3)))
        await transport.close()
        del transport
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []
    assert {task for task in asyncio.all_tasks() - before if "_serve" not in repr(task)} == set()
    await asyncio.wait_for(tls_portal.hung_up.wait(), 5)


def test_the_user_agent_is_honest_even_where_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", not_installed)
    assert failures.user_agent.__wrapped__() == "b24orm"
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.2.3")
    assert failures.user_agent.__wrapped__() == "b24orm/1.2.3"


def test_old_versions_of_aiohttp_are_known_to_close_late(monkeypatch: pytest.MonkeyPatch) -> None:
    for version, late in (("3.10.11", True), ("3.11.18", True), ("3.12.0", False), ("4.0.0a1", False)):
        monkeypatch.setattr(aiohttp, "__version__", version)
        assert sessions._closes_late.__wrapped__() is late
