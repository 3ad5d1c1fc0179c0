"""Files on the wire, byte for byte."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import aiohttp
import pytest

from b24orm.errors import (
    AccessDenied,
    B24OrmError,
    ConfigurationError,
    InvalidValue,
    NotFound,
    PortalError,
    TransportError,
)
from b24orm.transport import Form, Incoming, Secret, Transport, Webhook
from tests.transport.conftest import CERTIFICATE, CODE, WirePortal, answer, raw, silence

TOKEN = "aWQ9OTAxMSZfPUFKQTNyWWVL"
ATTACHED = {"Content-Disposition": "attachment; filename*=UTF-8''%D0%90%D0%BA%D1%82.bin"}
FILE = "application/octet-stream"


@pytest.fixture(autouse=True)
def no_secret_in_the_log(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    yield
    assert CODE not in caplog.text
    assert TOKEN not in caplog.text


def link(portal: WirePortal) -> Secret:
    return Secret(
        f"{portal.scheme}://127.0.0.1:{portal.port}/rest/download.json?auth=929b78690000&token=disk%7C{TOKEN}"
    )


async def contents(incoming: Incoming) -> bytes:
    content = bytearray()
    try:
        while piece := await incoming.read():
            content += piece
    finally:
        incoming.close()
    return bytes(content)


async def fetched(transport: Transport, portal: WirePortal) -> bytes:
    return await contents(await transport.files.fetch(link(portal)))


def assert_no_secret(error: BaseException) -> None:
    chain: BaseException | None = error
    seen = [*traceback.TracebackException.from_exception(error, capture_locals=True).format()]
    while chain is not None:
        seen += [str(chain), repr(chain), repr(vars(chain))]
        chain = chain.__cause__ or chain.__context__
    shown = "".join(seen)
    assert CODE not in shown
    assert TOKEN not in shown
    assert "929b78690000" not in shown


async def fails(work: Callable[..., Any], *arguments: Any) -> B24OrmError:
    """The error of one transfer; every error of this module passes through here, and may not show a secret."""
    with pytest.raises(B24OrmError) as caught:
        await work(*arguments)
    assert_no_secret(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
    return caught.value


# ------------------------------------------------------------------------------------------------------------- there


async def test_a_file_comes_with_its_name_and_size(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"\x00\xff" * 10, content_type=FILE, headers=ATTACHED)]
    incoming = await transport.files.fetch(link(portal))
    assert (incoming.name, incoming.size) == ("Акт.bin", 20)
    assert TOKEN not in repr(incoming)
    assert await contents(incoming) == b"\x00\xff" * 10
    (request,) = portal.requests
    assert request.verb == "GET"
    assert request.target == f"/rest/download.json?auth=929b78690000&token=disk%7C{TOKEN}"  # not spelled anew
    assert request.headers["accept-encoding"] == "identity"
    assert "referer" not in request.headers


async def test_files_share_a_kept_alive_connection(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"x" * 100_000, content_type=FILE, headers=ATTACHED)]
    for _ in range(3):
        assert len(await fetched(transport, portal)) == 100_000
    assert portal.connections == 1


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("inline; filename=a.txt", "a.txt"),
        ("attachment; filename=\"x.txt\"; filename*=utf-8''%D0%90.txt", "А.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''..%5C..%5Cboot.ini", "boot.ini"),
        ("attachment; filename*=UTF-8''a%00%0Ab.txt", "ab.txt"),
        ('attachment; filename=".."', ""),
        ("attachment", ""),
        (";;;", ""),
    ],
)
async def test_a_name_is_a_name_and_no_path(portal: WirePortal, transport: Transport, header: str, name: str) -> None:
    portal.script = [answer(b"x", content_type=FILE, headers={"Content-Disposition": header})]
    incoming = await transport.files.fetch(link(portal))
    incoming.close()
    assert incoming.name == name


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
async def test_a_page_or_json_that_is_called_a_file_is_one(portal: WirePortal, transport: Transport, kind: str) -> None:
    body = b'{"error": "not one of the portal"}'
    portal.script = [answer(body, content_type=kind, headers=ATTACHED)]
    assert await fetched(transport, portal) == body


@pytest.mark.parametrize("body", [b'{"a": 1}', b"[1, 2]", b'{"result": 1}', b'{"a": "' + b"x" * 200_000 + b'"}'])
async def test_json_that_is_no_error_is_a_file_without_being_called_one(
    portal: WirePortal, transport: Transport, body: bytes
) -> None:
    portal.script = [answer(body)]
    assert await fetched(transport, portal) == body


async def test_a_file_may_be_empty(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"", content_type=FILE, headers=ATTACHED)]
    assert await fetched(transport, portal) == b""


@pytest.mark.parametrize("status", [200, 403])
async def test_an_error_instead_of_a_file_is_the_portals_and_its_tokens_are_hidden(
    portal: WirePortal, transport: Transport, status: int
) -> None:
    said = {"error": "ACCESS_DENIED", "error_description": f"No /rest/7/{CODE}/ for {TOKEN}"}
    portal.script = [answer(said, status)]
    error = await fails(fetched, transport, portal)
    assert isinstance(error, AccessDenied)
    assert (error.method, error.description) == ("download", "No /rest/7/***/ for ***")


async def test_an_error_that_is_called_a_file_is_an_error_by_its_status(
    portal: WirePortal, transport: Transport
) -> None:
    portal.script = [answer({"error": "ERROR_NOT_FOUND"}, 404, headers=ATTACHED)]
    assert isinstance(await fails(fetched, transport, portal), NotFound)


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (answer(f"<title>Авторизация {TOKEN}</title>".encode(), content_type="text/html"), "HTTP 200: an HTML page"),
        (
            answer(b"<title>502</title>" + b" " * 200_000, 502, "text/html"),
            "HTTP 502: an HTML page instead of the file",
        ),
        (answer(b"", 200), "HTTP 200: the answer is empty"),
        (answer(b"gone", 410, "text/plain"), "HTTP 410: the answer is not the file"),
        (answer(b"", 206, FILE, ATTACHED), "HTTP 206: the answer is empty"),
        (answer({"result": 1}, 202), "HTTP 202: no file"),
    ],
)
async def test_other_answers_that_are_no_file_are_named(
    portal: WirePortal, transport: Transport, handler: Any, text: str
) -> None:
    portal.script = [handler]
    error = await fails(fetched, transport, portal)
    assert type(error) is TransportError
    assert str(error).startswith(text)


async def test_half_a_file_is_no_file(portal: WirePortal, transport: Transport) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Disposition: attachment\r\n"
    for rest in (b"Content-Length: 500\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n20\r\nab"):
        portal.script = [raw(head + rest, hang_up=True)]
        error = await fails(fetched, transport, portal)
        assert isinstance(error, TransportError)
        assert "half an answer" in str(error)
        assert (error.sent, error.status) == (True, 200)


async def test_a_length_that_does_not_fit_is_noticed_by_ourselves_too() -> None:
    class Short:
        status = 200
        headers = {"Content-Length": "5", "Content-Type": FILE}  # noqa: RUF012

        def __init__(self) -> None:
            self.content = asyncio.StreamReader()
            self.content.feed_data(b"abc")
            self.content.feed_eof()

    response: Any = Short()
    incoming = Incoming(response, lambda error, status: TransportError("unused"))
    assert await incoming.read() == b"abc"
    with pytest.raises(TransportError, match="3 bytes of a file of 5"):
        await incoming.read()


async def test_a_file_that_is_compressed_on_the_way_has_no_size_beforehand(
    portal: WirePortal, transport: Transport
) -> None:
    import gzip

    portal.script = [answer(gzip.compress(b"a" * 1000), content_type=FILE, headers={"Content-Encoding": "gzip"})]
    incoming = await transport.files.fetch(link(portal))
    assert incoming.size is None
    assert await contents(incoming) == b"a" * 1000


@pytest.mark.parametrize("started", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"])
async def test_a_file_that_does_not_move_times_out(portal: WirePortal, started: bytes) -> None:
    portal.script = [raw(started) if started else silence()]
    transport = Transport(Webhook.parse(portal.url), timeout=0.1)
    await transport.open()
    error = await fails(fetched, transport, portal)
    assert isinstance(error, TransportError)
    assert error.timed_out
    await transport.close()


async def test_an_address_elsewhere_is_refused_before_anything_is_sent(
    portal: WirePortal, transport: Transport
) -> None:
    address = Secret(f"https://evil.example/?token={TOKEN}")
    assert isinstance(await fails(transport.files.fetch, address), InvalidValue)
    assert isinstance(await fails(transport.files.send, address, form()), InvalidValue)
    assert portal.requests == []


async def test_a_transport_that_is_not_open_transfers_nothing(portal: WirePortal) -> None:
    transport = Transport(Webhook.parse(portal.url))
    assert isinstance(await fails(fetched, transport, portal), ConfigurationError)
    assert isinstance(await fails(transport.files.send, link(portal), form()), ConfigurationError)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_where_files_lie_is_followed(portal: WirePortal, transport: Transport, status: int) -> None:
    there = answer(b"the file", content_type="image/png")
    portal.script = [answer(b"", status, headers={"Location": f"/upload/a.png?sign={TOKEN}%7C"}), there]
    assert await fetched(transport, portal) == b"the file"
    assert portal.requests[1].target == f"/upload/a.png?sign={TOKEN}%7C"


async def test_a_redirect_to_another_host_must_be_encrypted(
    portal: WirePortal, tls_portal: WirePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    monkeypatch.setattr(aiohttp, "TCPConnector", partial(aiohttp.TCPConnector, ssl=context))
    transport = Transport(Webhook.parse(portal.url), timeout=5.0)
    await transport.open()
    to = f"https://localhost:{tls_portal.port}/f?sign={TOKEN}"
    portal.script = [answer(b"", 302, headers={"Location": to})]
    tls_portal.script = [answer(b"from afar", content_type=FILE)]
    assert await fetched(transport, portal) == b"from afar"
    assert TOKEN in tls_portal.requests[0].target
    tls_portal.script = [answer(b"", 302, headers={"Location": f"http://my.bitrix24.ru/?sign={TOKEN}"})]
    error = await fails(fetched, transport, portal)
    assert "redirects to my.bitrix24.ru, from where no file may be fetched" in str(error)
    assert isinstance(error, TransportError)
    assert not error.sent
    await transport.close()


async def test_redirects_come_to_an_end(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"", 302, headers={"Location": "/again"})]
    assert "in circles" in str(await fails(fetched, transport, portal))
    assert len(portal.requests) == 6
    portal.script = [answer(b"", 302)]
    assert "redirects to nowhere" in str(await fails(fetched, transport, portal))


# ---------------------------------------------------------------------------------------------------------- and back


def form(content: bytes = b"content", size: int | None = None, name: str = 'Большой & "x".zip') -> Form:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 3):
            yield content[start : start + 3]

    return Form("file", name, len(content) if size is None else size, pieces)


async def test_a_file_is_sent_as_the_field_of_a_form_whose_length_is_known(
    portal: WirePortal, transport: Transport
) -> None:
    portal.script = [answer({"result": {"ID": 5}})]
    envelope = await transport.files.send(link(portal), form())
    assert envelope.result == {"ID": 5}
    (request,) = portal.requests
    assert request.verb == "POST"
    assert "transfer-encoding" not in request.headers
    kind, _, boundary = request.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    head, content, tail = request.body.partition(b"content")[0], b"content", request.body.rpartition(b"content")[2]
    assert request.body == head + content + tail
    assert head.decode() == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="Большой & %22x%22.zip"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    assert tail.decode() == f"\r\n--{boundary}--\r\n"


async def test_the_portal_may_refuse_a_file_and_its_tokens_are_hidden(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer({"error": "X", "error_description": f"not at {TOKEN}"}, 400)]
    error = await fails(transport.files.send, link(portal), form())
    assert isinstance(error, PortalError)
    assert error.description == "not at ***"


async def test_a_file_whose_answer_is_lost_may_have_arrived(portal: WirePortal, transport: Transport) -> None:
    portal.script = [raw(b"", hang_up=True)]
    error = await fails(transport.files.send, link(portal), form())
    assert isinstance(error, TransportError)
    assert error.sent


async def test_a_place_that_moved_away_gets_nothing(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"", 302, headers={"Location": f"https://evil.example/?{TOKEN}"})]
    error = await fails(transport.files.send, link(portal), form())
    assert isinstance(error, TransportError)
    assert (error.sent, error.status) == (False, 302)
    assert len(portal.requests) == 1


@pytest.mark.parametrize("size", [3, 500])
async def test_a_file_that_changes_while_it_is_sent_is_broken_off(
    portal: WirePortal, transport: Transport, size: int
) -> None:
    portal.script = [answer({"result": {}})]
    error = await fails(transport.files.send, link(portal), form(size=size))
    assert isinstance(error, InvalidValue)
    assert "changed while it was sent" in str(error)
    assert portal.requests == []


async def test_a_file_that_cannot_be_read_is_broken_off_with_its_own_error(
    portal: WirePortal, transport: Transport
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"
        raise PermissionError("no")

    portal.script = [answer({"result": {}})]
    with pytest.raises(PermissionError) as caught:
        await transport.files.send(link(portal), Form("file", "a", 10, pieces))
    assert_no_secret(caught.value)
    assert portal.requests == []


async def test_a_portal_that_takes_the_file_and_says_nothing_times_out(portal: WirePortal) -> None:
    portal.script = [silence()]
    transport = Transport(Webhook.parse(portal.url), timeout=0.1)
    await transport.open()
    error = await fails(transport.files.send, link(portal), form())
    assert isinstance(error, TransportError)
    assert (error.timed_out, error.sent) == (True, True)
    await transport.close()
