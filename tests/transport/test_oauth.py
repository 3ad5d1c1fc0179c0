"""The wire with an access token: where it stands, where it must not go, and what is shown of it."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from b24orm.errors import AuthError, ConfigurationError, QueryError, TransportError
from b24orm.oauth import FunctionAuth, MemoryStore, OAuthApp, OAuthTokens, StoredAuth
from b24orm.transport import Secret, Transport, Webhook, ask_alone, trusted
from tests.transport.conftest import CERTIFICATE, CODE, WirePortal, answer

TOKEN = "t0ken-0123456789abcdef"
REFRESH = "refr3sh-0123456789abcdef"
SECRET = "cl1ent-s3cret-0123456789"
OK = {"result": {"x": 1}, "time": {}}


def origin(portal: WirePortal) -> str:
    return f"{portal.scheme}://127.0.0.1:{portal.port}"


@pytest.fixture
async def transport(portal: WirePortal) -> AsyncIterator[Transport]:
    transport = Transport(FunctionAuth(lambda: TOKEN, origin(portal)), timeout=5.0)
    await transport.open()
    await transport.renew()
    yield transport
    await transport.close()


def shown(error: BaseException) -> str:
    traced = traceback.TracebackException.from_exception(error, capture_locals=True)
    traced.stack[:] = [frame for frame in traced.stack if "test_oauth" not in frame.filename]
    return "".join(traced.format(chain=True))


# ----------------------------------------------------------------------------------------------- where it stands


@pytest.mark.parametrize("body", [{}, {"id": 1, "fields": {"TITLE": "Сделка"}}])
async def test_the_token_stands_beside_the_parameters_and_not_in_the_address(
    portal: WirePortal, transport: Transport, body: dict[str, Any]
) -> None:
    portal.script = [answer(OK)]
    assert (await transport.post("crm.deal.update", body)).result == {"x": 1}
    request = portal.requests[0]
    assert request.target == "/rest/crm.deal.update.json"
    assert request.json == {"auth": TOKEN, **body}
    assert TOKEN not in str(request.headers)


async def test_large_bodies_and_rest_3_have_the_token_as_well(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(OK)]
    large = "ё" * 2**20
    await transport.post("crm.deal.update", {"x": large})
    await transport.post("tasks.task.get", {"id": 1}, version=3)
    assert portal.requests[0].json == {"auth": TOKEN, "x": large}
    assert portal.requests[1].target == "/rest/api/tasks.task.get"
    # In a header, so that a write is the same under another token: its body belongs to its Idempotency-Key.
    assert portal.requests[1].headers["authorization"] == f"Bearer {TOKEN}"
    assert portal.requests[1].json == {"id": 1}


async def test_a_webhook_sends_no_token(portal: WirePortal) -> None:
    portal.script = [answer(OK)]
    transport = Transport(Webhook.parse(portal.url))
    await transport.open()
    assert not transport.due
    await transport.renew()  # which is nothing
    await transport.post("profile", {})
    assert portal.requests[0].json == {}
    assert transport.token is None
    assert not transport.rejected(Secret("x"))
    await transport.close()


async def test_links_to_files_are_called_with_the_token_that_is_in_use(
    portal: WirePortal, transport: Transport
) -> None:
    portal.script = [answer(b"data", content_type="application/octet-stream")]
    base = origin(portal)
    for link, target in (
        ("/rest/catalog.product.download?fields%5BfileId%5D=5", None),
        (f"{base}/rest/download.json?auth=01d-t0ken-0123456789&token=disk%7Cabc", None),
        (f"{base}/rest/download.json?token=disk%7Cabc", "/rest/download.json?token=disk%7Cabc"),
        (f"{base}/bitrix/tools/file.php?id=5", "/bitrix/tools/file.php?id=5"),
    ):
        incoming = await transport.files.fetch(Secret(link))
        assert await incoming.read() == b"data"
        incoming.close()
        sent = portal.requests[-1].target
        assert sent.count(TOKEN) == (target is None)
        assert "01d-t0ken" not in sent
        assert target is None or sent == target


# -------------------------------------------------------------------------------------------- where it must not go


@pytest.mark.parametrize(
    ("old", "new", "trusted"),
    [
        ("b24-x1.bitrix24.ru", "romashka.bitrix24.ru", True),
        ("b24.example.com", "crm.example.com", True),
        ("b24.example.com", "b24.example.com", True),
        ("127.0.0.1", "localhost", True),
        ("b24-x1.bitrix24.ru", "romashka.bitrix24.com", False),
        ("b24-x1.bitrix24.ru", "evil.example", False),
        ("b24-x1.bitrix24.ru", "bitrix24.ru.evil.example", False),
        ("b24-x1.bitrix24.ru", "evilbitrix24.ru", False),
        ("example.com", "evil.com", False),
        ("b24-x1.bitrix24.ru", "127.0.0.1", False),
    ],
)
def test_a_token_follows_a_portal_within_its_domain_only(old: str, new: str, trusted: bool) -> None:
    assert FunctionAuth(lambda: TOKEN, "https://b24-x1.bitrix24.ru").trusts(old, new) is trusted
    assert Webhook.parse(f"https://{old}/rest/1/{CODE}/").trusts(old, new)


async def test_a_redirect_to_a_foreign_host_gets_no_token(portal: WirePortal, transport: Transport) -> None:
    portal.script = [answer(b"", 302, headers={"Location": "https://evil.example/rest/profile.json"})]
    with pytest.raises(TransportError, match=r"redirects to evil\.example, which is not the address") as caught:
        await transport.post("profile", {})
    assert not caught.value.sent
    assert len(portal.requests) == 1
    assert TOKEN not in shown(caught.value)


async def test_a_redirect_within_the_domain_is_posted_again_and_remembered(
    portal: WirePortal, transport: Transport
) -> None:
    to = f"http://localhost:{portal.port}/rest/profile.json"
    portal.script = [answer(b"", 302, headers={"Location": to}), answer(OK)]
    for _ in range(2):
        await transport.post("profile", {"a": 1})
    assert [request.json for request in portal.requests] == [{"auth": TOKEN, "a": 1}] * 3
    assert portal.requests[2].headers["host"].startswith("localhost")


async def test_the_authorization_server_is_not_followed_anywhere(portal: WirePortal) -> None:
    portal.script = [answer({"access_token": TOKEN}, 302, headers={"Location": f"{origin(portal)}/elsewhere"})]
    with pytest.raises(TransportError, match=r"HTTP 302: .* did not answer with tokens"):
        await ask_alone(f"{origin(portal)}/oauth/token/", {"client_secret": Secret(SECRET)}, timeout=5, context=None)
    assert [request.target for request in portal.requests] == ["/oauth/token/"]


# ------------------------------------------------------------------------------------------------ what is shown


async def test_tokens_are_asked_for_in_the_body_of_a_post(portal: WirePortal) -> None:
    portal.script = [answer({"access_token": "new", "expires_in": 3600})]
    app = OAuthApp("local.1", SECRET, auth_server=origin(portal))
    first = OAuthTokens.parse({"access_token": TOKEN, "refresh_token": REFRESH})
    await app.refresh(first)
    request = portal.requests[0]
    assert (request.verb, request.target) == ("POST", "/oauth/token/")
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert request.body.decode() == (
        f"grant_type=refresh_token&refresh_token={REFRESH}&client_id=local.1&client_secret={SECRET}"
    )


@pytest.mark.parametrize(
    ("answered", "kind", "message"),
    [
        (
            answer({"error": "invalid_grant", "error_description": f"{REFRESH} {SECRET}"}, 400),
            AuthError,
            "invalid_grant",
        ),
        (answer({"error": SECRET.upper()}, 400), AuthError, r"\*\*\*"),
        (answer({"access_token": 5}), TransportError, "did not answer with tokens"),
        (answer({"access_token": TOKEN}, 403), TransportError, "HTTP 403"),
        (answer([REFRESH]), TransportError, "did not answer with tokens"),
        (answer({"access_token": TOKEN, "expires_in": "x"}), TransportError, "cannot be used: expires_in: a number"),
        (answer(b"<html>"), TransportError, "did not answer with tokens"),
        (answer(b""), TransportError, "issues no tokens at the moment"),
        (answer({"error": "x"}, 500), TransportError, "HTTP 500"),
    ],
)
async def test_no_refusal_shows_what_was_sent(
    portal: WirePortal, answered: Any, kind: type[Exception], message: str
) -> None:
    portal.script = [answered]
    tokens = OAuthTokens.parse({"access_token": TOKEN, "refresh_token": REFRESH})
    store = MemoryStore({"p": tokens})
    auth = StoredAuth(OAuthApp("local.1", SECRET, auth_server=origin(portal)), store, "p", origin(portal))
    transport = Transport(auth, timeout=5.0)
    await transport.open()
    await transport.renew()
    transport.rejected(tokens.access_token)
    with pytest.raises(kind, match=message) as caught:
        await transport.renew()
    for secret in (TOKEN, REFRESH, SECRET):
        assert secret.lower() not in f"{shown(caught.value)} {transport!r} {auth!r}".lower()
    await transport.close()


async def test_a_portal_that_quotes_a_token_shows_it_to_nobody(portal: WirePortal, transport: Transport) -> None:
    spelled = "".join(f"%{byte:02x}" for byte in TOKEN.encode())
    portal.script = [answer({"error": "x", "error_description": f"auth={TOKEN.upper()} {spelled}"}, 400)]
    with pytest.raises(Exception, match=r"auth=\*\*\* \*\*\*") as caught:
        await transport.post("profile", {})
    assert TOKEN not in shown(caught.value)
    assert TOKEN not in repr(transport)


async def test_parameters_that_are_no_json_are_refused_without_the_token(transport: Transport) -> None:
    for body in ({"x": float("nan")}, {"x": "\ud800"}, {"x": object()}):
        with pytest.raises(QueryError, match="cannot be written as JSON") as caught:
            await transport.post("profile", body)
        assert TOKEN not in shown(caught.value)


async def test_what_was_read_from_a_store_is_hidden_for_a_day_and_longer() -> None:
    auth = FunctionAuth(iter([f"t0ken-number-{number:02}" for number in range(40)]).__next__, "https://b.ru")
    for _ in range(40):
        await auth.renew(_nobody)
        token = auth.token
        assert token is not None
        auth.rejected(token)
    assert auth.redact(" ".join(f"t0ken-number-{number:02}" for number in range(40))) == " ".join(["***"] * 40)


async def _nobody(address: str, form: Any) -> dict[str, Any]:
    raise AssertionError(address, form)


# ------------------------------------------------------------------------------------------------- certificates


@pytest.mark.parametrize("given", [CERTIFICATE, str(CERTIFICATE), ssl.create_default_context(cafile=str(CERTIFICATE))])
async def test_a_file_of_authorities_or_a_context_is_trusted(tls_portal: WirePortal, given: Any) -> None:
    tls_portal.script = [answer(OK)]
    transport = Transport(Webhook.parse(tls_portal.url), timeout=5.0, context=trusted(given))
    await transport.open()
    assert (await transport.post("profile", {})).result == {"x": 1}
    await transport.close()


async def test_nobody_else_is(tls_portal: WirePortal) -> None:
    transport = Transport(Webhook.parse(tls_portal.url), timeout=5.0)
    await transport.open()
    with pytest.raises(TransportError, match="certificate that cannot be trusted"):
        await transport.post("profile", {})
    await transport.close()


def test_the_systems_authorities_count_besides() -> None:
    context = trusted(CERTIFICATE)
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509"] >= ssl.create_default_context().cert_store_stats()["x509"]
    assert trusted(None) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (False, "ssl is an ssl.SSLContext or the path"),
        ("/nowhere/ca.pem", "ssl='/nowhere/ca.pem': No such file"),
        (Path(__file__), "no certificate can be read"),
    ],
)
def test_what_is_no_certificate_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        trusted(given)


async def test_a_session_of_ones_own_has_its_own_trust() -> None:
    from b24orm import Portal

    async with aiohttp.ClientSession() as session:
        with pytest.raises(ConfigurationError, match="ssl and session exclude each other"):
            Portal(f"https://my.bitrix24.ru/rest/1/{CODE}/", session=session, ssl=CERTIFICATE)
