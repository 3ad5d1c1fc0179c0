from __future__ import annotations

import traceback
from typing import Any

import pytest

from b24orm.errors import AuthError, ConfigurationError, InvalidValue, TransportError
from b24orm.limits import Limits
from b24orm.oauth import OAuthApp, OAuthTokens
from b24orm.sandbox import Sandbox

SECRET = "LJSl0lNB76B5YY6u0YVQ3AW0DrVADcRTwVr4y99PXU1BWQybWK"
ID = "app.573ad8a0346747.09223434"


def test_people_are_sent_to_their_own_portal_with_the_code_of_the_application() -> None:
    app = OAuthApp(ID, SECRET)
    address = f"https://my.bitrix24.ru/oauth/authorize/?client_id={ID}"
    assert app.authorization_url("my.bitrix24.ru") == address
    assert app.authorization_url(" https://my.bitrix24.ru/ ", state="a b&c") == f"{address}&state=a+b%26c"
    assert app.authorization_url("127.0.0.1:8000").startswith("http://127.0.0.1:8000/oauth/")
    assert app.authorization_url("[::1]:8000").startswith("http://[::1]:8000/oauth/")
    assert app.authorization_url("https://localhost/rest/").startswith("https://localhost/oauth/")


@pytest.mark.parametrize("domain", ["", "ftp://my.bitrix24.ru", "my bitrix24.ru", "https://u@my.bitrix24.ru", "a:b:c"])
def test_what_is_no_portal_is_refused(domain: str) -> None:
    with pytest.raises(ConfigurationError, match="no portal's address"):
        OAuthApp(ID, SECRET).authorization_url(domain)


def test_something_else_than_a_text_is_no_portal() -> None:
    wrong: Any = 5
    with pytest.raises(ConfigurationError, match="must be a text, not int"):
        OAuthApp(ID, SECRET).authorization_url(wrong)


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("https://oauth.bitrix.info/rest/", "https://oauth.bitrix.info"),
        ("https://oauth.bitrix24.tech/rest/", "https://oauth.bitrix24.tech"),
        ("", "https://oauth.bitrix.info"),
        ("https://oauth.evil.example/rest/", "https://oauth.bitrix.info"),
        ("https://oauth.bitrix.info.evil.example/rest/", "https://oauth.bitrix.info"),
        ("https://oauth.bitrix.info:8443/rest/", "https://oauth.bitrix.info"),
        ("http://oauth.bitrix.info/rest/", "https://oauth.bitrix.info"),
        ("http://127.0.0.1:80/rest/", "https://oauth.bitrix.info"),
        ("//", "https://oauth.bitrix.info"),
    ],
)
def test_the_secret_is_shown_to_authorization_servers_that_are_known_and_to_nobody_else(named: str, asked: str) -> None:
    assert OAuthApp(ID, SECRET).token_address(named) == f"{asked}/oauth/token/"


def test_an_authorization_server_of_ones_own_is_the_only_one() -> None:
    app = OAuthApp(ID, SECRET, auth_server="https://auth.example.com/")
    for named in ("", "https://oauth.bitrix.info/rest/", "https://auth.example.com/rest/"):
        assert app.token_address(named) == "https://auth.example.com/oauth/token/"
    with pytest.raises(ConfigurationError, match="plain http would send"):
        OAuthApp(ID, SECRET, auth_server="http://auth.example.com")


def test_wrong_keys_are_refused_without_being_shown() -> None:
    wrong: Any
    for wrong in (("", SECRET), (None, SECRET), (ID, ""), (ID, None)):
        with pytest.raises(ConfigurationError, match=r"client_(id|secret) is the") as caught:
            OAuthApp(*wrong)
        traced = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        assert SECRET not in "".join(traced.format()).split("in __init__", 1)[-1]
    app = OAuthApp(ID, SECRET)
    assert repr(app) == f"OAuthApp('{ID}')"
    assert app.client_secret.reveal() == SECRET


async def test_a_code_is_exchanged_for_tokens_once() -> None:
    async with Sandbox(deals=1, limits=Limits.none()) as sandbox:
        there = sandbox.app()
        app = OAuthApp(there.client_id, there.client_secret, auth_server=sandbox.auth_server)
        code = there.code()
        later = app.exchange(f" {code} ", server_domain="oauth.bitrix.info")
        assert repr(later) == "<the exchange of a code for tokens: not run yet; await it or call .run_sync()>"
        assert sandbox.books.tokens == []
        tokens = await later
        assert tokens.domain == sandbox.domain
        assert tokens.member_id == sandbox.member_id
        with pytest.raises(AuthError, match=r"invalid_grant.*has to authorize again") as caught:
            await later
        assert code not in str(caught.value)
        sandbox.advance(30)


async def test_tokens_are_renewed_by_hand() -> None:
    async with Sandbox(deals=1, limits=Limits.none()) as sandbox:
        there = sandbox.app()
        app = OAuthApp(there.client_id, there.client_secret, auth_server=sandbox.auth_server)
        first = await app.exchange(there.code())
        second = await app.refresh(first)
        assert second.refresh_token != first.refresh_token
        assert second.user_id == 1
        with pytest.raises(AuthError, match="invalid_grant"):
            await app.refresh(first)


@pytest.mark.parametrize(
    ("change", "code", "status", "advice"),
    [
        ({"client_id": "local.no"}, "wrong_client", 200, "no application with this client_id"),
        ({"client_secret": "no"}, "invalid_client", 400, "client_id or client_secret is wrong"),
    ],
)
async def test_wrong_keys_are_told_apart(change: dict[str, str], code: str, status: int, advice: str) -> None:
    async with Sandbox(deals=1, limits=Limits.none()) as sandbox:
        there = sandbox.app()
        keys = {"client_id": there.client_id, "client_secret": there.client_secret, **change}
        app = OAuthApp(**keys, auth_server=sandbox.auth_server)
        with pytest.raises(AuthError, match=advice) as caught:
            await app.exchange(there.code())
        assert (caught.value.code, caught.value.status) == (code, status)


@pytest.mark.parametrize(
    ("fault", "message", "sent"),
    [
        ("token_html", "did not answer with tokens", True),
        ("token_unavailable", "HTTP 503: .* issues no tokens at the moment", True),
        ("token_reset", "hung up before it answered", True),
        ("token_hang", "did not finish its answer within 0.2 s", True),
    ],
)
async def test_an_authorization_server_in_trouble_is_no_refusal(fault: str, message: str, sent: bool) -> None:
    async with Sandbox(deals=1, limits=Limits.none(), faults=[fault]) as sandbox:
        there = sandbox.app()
        app = OAuthApp(there.client_id, there.client_secret, auth_server=sandbox.auth_server)
        with pytest.raises(TransportError, match=message) as caught:
            await app.exchange(there.code(), timeout=0.2)
        assert caught.value.sent is sent
        assert caught.value.__context__ is None


async def test_an_authorization_server_that_is_not_there_was_not_asked() -> None:
    app = OAuthApp(ID, SECRET, auth_server="http://127.0.0.1:1")
    with pytest.raises(TransportError, match="cannot be reached") as caught:
        await app.exchange("code")
    assert not caught.value.sent


def test_what_cannot_be_exchanged_or_renewed_is_refused_before_anything_is_sent() -> None:
    app = OAuthApp(ID, SECRET)
    wrong: Any
    for wrong in ("", "  ", None):
        with pytest.raises(InvalidValue, match="code: the text"):
            app.exchange(wrong)
    with pytest.raises(InvalidValue, match="refresh_token: there is none"):
        app.refresh(OAuthTokens.parse({"access_token": "a"}))
