from __future__ import annotations

import traceback
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24orm.errors import ConfigurationError
from b24orm.transport import Secret, Webhook
from b24orm.transport.auth import is_loopback

CODE = "abcDEF0123456789"


@pytest.mark.parametrize("ending", ["/", ""])
def test_a_webhook_url_is_read_with_or_without_its_last_slash(ending: str) -> None:
    hook = Webhook.parse(f"  https://my.bitrix24.ru/rest/17/{CODE}{ending} ")
    assert hook.base.reveal() == f"https://my.bitrix24.ru/rest/17/{CODE}/"
    assert hook.host == "my.bitrix24.ru"
    assert hook.user_id == 17
    assert hook.redacted == "https://my.bitrix24.ru/rest/17/***/"


def test_a_port_belongs_to_the_host() -> None:
    assert Webhook.parse(f"https://b24.example.com:8443/rest/1/{CODE}/").host == "b24.example.com:8443"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:1", "127.8.9.10", "[::1]:8080", "[::1]", "LOCALHOST"]
)
def test_plain_http_is_fine_within_this_machine(host: str) -> None:
    hook = Webhook.parse(f"http://{host}/rest/1/{CODE}/")
    assert hook.base.reveal() == f"http://{host.lower()}/rest/1/{CODE}/"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "it is empty"),
        (f"my.bitrix24.ru/rest/1/{CODE}/", "does not begin with https://"),
        (f"localhost:8000/rest/1/{CODE}/", "does not begin with https://"),
        (f"ftp://my.bitrix24.ru/rest/1/{CODE}/", "scheme is not https"),
        (f"http://my.bitrix24.ru/rest/1/{CODE}/", "plain http would send its code to my.bitrix24.ru unencrypted"),
        (f"http://127.0.0.1.evil.com/rest/1/{CODE}/", "plain http"),
        (f"https:///rest/1/{CODE}/", "names no host"),
        (f"https://my bitrix/rest/1/{CODE}/", "names no host|cannot be read"),
        (f"https://my.bitrix24.ru:x/rest/1/{CODE}/", "host or port cannot be read"),
        (f"https://[::1/rest/1/{CODE}/", "host or port cannot be read"),
        (f"https://{CODE}:pw@my.bitrix24.ru/rest/1/x/", "user name or password"),
        (f"https://my.bitrix24.ru/rest/1/{CODE}/?a=1", "query"),
        (f"https://my.bitrix24.ru/rest/1/{CODE}/#a", "query .* or a fragment"),
        (f"https://my.bitrix24.ru/crm/1/{CODE}/", "path does not begin with /rest/"),
        ("https://my.bitrix24.ru", "path does not begin with /rest/"),
        (f"https://my.bitrix24.ru/rest/api/1/{CODE}/", "REST 3.0"),
        (f"https://my.bitrix24.ru/rest/{CODE}/", "lacks the user id or the code"),
        ("https://my.bitrix24.ru/rest/1/", "lacks the user id or the code"),
        ("https://my.bitrix24.ru/rest/1//", "lacks the user id or the code"),
        (f"https://my.bitrix24.ru/rest/{CODE}/1/", "not the number of a user"),
        (f"https://my.bitrix24.ru/rest/1/{CODE}/crm.deal.list.json", "something follows the code"),
        (f"https://my.bitrix24.ru/rest/1/{CODE}/profile/", "something follows the code"),
        (f"https://my.bitrix24.ru/rest/1/{CODE}%20x/", "white space"),
    ],
)
def test_a_wrong_url_is_refused_with_its_reason_and_without_its_code(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        Webhook.parse(url)
    shown = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format(chain=True)
    ).split("in parse", 1)[-1]  # this function's own frame holds the URL of course
    assert CODE not in shown
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_something_else_than_a_text_is_refused() -> None:
    value: Any = b"https://my.bitrix24.ru/rest/1/x/"
    with pytest.raises(ConfigurationError, match="must be a text, not bytes"):
        Webhook.parse(value)


def test_neither_repr_nor_str_shows_the_code() -> None:
    hook = Webhook.parse(f"https://my.bitrix24.ru/rest/1/{CODE}/")
    shown = f"{hook} {hook!r} {hook.base} {hook.base!r} {hook.redacted} {vars(Secret)}"
    assert CODE not in shown
    assert repr(hook) == "Webhook('https://my.bitrix24.ru/rest/1/***/')"


def test_secrets_compare_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert Webhook.parse(f"https://a.ru/rest/1/{CODE}") == Webhook.parse(f"https://a.ru/rest/1/{CODE}/")


@settings(deadline=None)
@example("000%")
@example("%25")
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="/ \n\r\t"), min_size=4, max_size=40).filter(
        str.isprintable
    )
)
def test_the_code_is_found_in_every_spelling(code: str) -> None:
    hook = Webhook.parse(f"https://my.bitrix24.ru/rest/1/{quote(code, safe='')}/")
    every = "".join(f"%{byte:02x}" for byte in code.encode())
    spellings = [code, code.upper() if code.isascii() else code, quote(code, safe=""), quote(quote(code, safe=""))]
    for spelling in (*spellings, every, every.upper(), hook.base.reveal().rsplit("/", 2)[1]):
        assert hook.redact(f"<{spelling}>") == "<***>"
    assert hook.redact("") == ""


def test_an_address_counts_as_loopback_by_its_number_and_not_by_its_looks() -> None:
    assert is_loopback("127.1.2.3")
    assert is_loopback("::1")
    assert not is_loopback("128.0.0.1")
    assert not is_loopback("localhost.evil.com")
    assert not is_loopback(None)
