from __future__ import annotations

import traceback
from urllib.parse import quote

import pytest

from b24orm.errors import InvalidValue
from b24orm.transport import Secret, Webhook
from b24orm.transport.addresses import file_address, method_of, redirected, without_tokens

CODE = "s3cr3tC0de"
AUTH = Webhook.parse(f"https://my.bitrix24.ru/rest/7/{CODE}/")
LOCAL = Webhook.parse(f"http://127.0.0.1:8024/rest/7/{CODE}/")
GOOD = "https://my.bitrix24.ru/rest/download.json?auth=929b7869&token=disk%7CaWQ9.XX%2BUF%3D"


def whole(address: str, auth: Webhook = AUTH) -> str:
    return file_address(Secret(address), auth.base, auth).reveal()


def refused(address: Secret) -> str:
    """Why an address is refused; the error may not show it."""
    with pytest.raises(InvalidValue) as caught:
        file_address(address, AUTH.base, AUTH)
    error = caught.value
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "t0ken" not in shown
    assert CODE not in shown
    return str(error)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (GOOD, GOOD),
        (f"  {GOOD}#part ", GOOD),
        ("HTTPS://MY.Bitrix24.ru:443/upload/a.png", "https://my.bitrix24.ru/upload/a.png"),
        ("/bitrix/show_file.php?auth=1&id=2", "https://my.bitrix24.ru/bitrix/show_file.php?auth=1&id=2"),
        ("//my.bitrix24.ru/a", "https://my.bitrix24.ru/a"),
        ("/upload/файл 1.txt", "https://my.bitrix24.ru/upload/%D1%84%D0%B0%D0%B9%D0%BB%201.txt"),
    ],
)
def test_an_address_of_the_portal_is_completed_and_not_spelled_anew(given: str, expected: str) -> None:
    assert whole(given).lower() == expected.lower()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/rest/catalog.product.download?fields%5BfileId%5D=6", "catalog.product.download?fields%5BfileId%5D=6"),
        ("https://my.bitrix24.ru/rest/catalog.product.download", "catalog.product.download"),
    ],
)
def test_a_method_that_comes_without_a_token_is_called_through_the_webhook(given: str, expected: str) -> None:
    assert whole(given) == AUTH.base.reveal() + expected


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("https://evil.example/rest/download?token=t0ken", "it is at evil.example"),
        ("https://my.bitrix24.ru.evil.example/?t0ken", "it is at my.bitrix24.ru.evil.example"),
        ("https://my.bitrix24.ru:8443/?t0ken", "it is at my.bitrix24.ru, and nothing"),
        ("http://my.bitrix24.ru/?t0ken", "plain http would send its token to my.bitrix24.ru unencrypted"),
        ("http://127.0.0.1/?t0ken", "it is at 127.0.0.1"),
        ("https://t0ken:x@my.bitrix24.ru/", "it holds a user name"),
        ("https://my.bitrix24.ru\\@evil.example/t0ken", "it "),
        ("ftp://my.bitrix24.ru/t0ken", "its scheme is not https"),
        ("file:///etc/passwd", "its scheme is not https"),
        ("https://[t0ken/", "it cannot be read"),
        (f"https://{CODE}.example/", "it is at ***.example"),
    ],
)
def test_another_address_is_refused_with_its_reason_and_never_shown(given: str, reason: str) -> None:
    assert f"this is not the address of a file of my.bitrix24.ru: {reason}" in refused(Secret(given))


def test_a_portal_on_this_machine_may_speak_plain_http() -> None:
    assert whole("/a", LOCAL) == "http://127.0.0.1:8024/a"
    with pytest.raises(InvalidValue, match=r"it is at 127\.0\.0\.1"):
        whole("http://127.0.0.1:8025/a", LOCAL)


def test_a_portal_that_was_renamed_is_known_by_both_names() -> None:
    renamed = Secret(f"https://new.bitrix24.ru/rest/7/{CODE}/")
    for host in ("my", "new"):
        address = f"https://{host}.bitrix24.ru/a"
        assert file_address(Secret(address), renamed, AUTH).reveal() == address


@pytest.mark.parametrize(
    ("here", "to", "expected"),
    [
        ("https://a.ru/x", "https://s3.example/y?sign=%2F%7C", Secret("https://s3.example/y?sign=%2F%7C")),
        ("https://a.ru/x", "/y", Secret("https://a.ru/y")),
        ("http://127.0.0.1/x", "http://localhost:8/y", Secret("http://localhost:8/y")),
        ("https://a.ru/x", "http://a.ru/y", "a.ru"),
        ("https://a.ru/x", "http://127.0.0.1/y", "127.0.0.1"),
        ("https://a.ru/x", "https://u:p@b.ru/y", "b.ru"),
        ("https://a.ru/x", "ftp://b.ru/y", "b.ru"),
        ("https://a.ru/x", "https://[bad", "nowhere"),
        ("https://a.ru/x", None, "nowhere"),
    ],
)
def test_a_redirect_leads_to_whatever_host_but_never_into_the_open(
    here: str, to: str | None, expected: Secret | str
) -> None:
    assert redirected(Secret(here), None if to is None else Secret(to)) == expected


@pytest.mark.parametrize(
    ("address", "method"),
    [
        (GOOD, "download"),
        ("https://a.ru/rest/crm.controller.item.getFile.json?a=1", "crm.controller.item.getFile"),
        (f"https://a.ru/rest/7/{CODE}/catalog.product.download", "catalog.product.download"),
        (f"https://a.ru/rest/7/{CODE}/", "download"),
        ("https://a.ru/upload/a.png", "download"),
    ],
)
def test_what_an_address_calls_is_named_without_its_code(address: str, method: str) -> None:
    assert method_of(Secret(address)) == method


def test_tokens_are_found_whole_and_in_parts_in_every_spelling() -> None:
    address = Secret("https://a.ru/rest/download?auth=929b78690000&token=disk%7CaWQ9OTAxMSZfPUFK.XX%2BUFpxsl2e&n=5")
    token = "disk|aWQ9OTAxMSZfPUFK.XX+UFpxsl2e"
    text = f"<929b78690000> <{token}> <{quote(token)}> <aWQ9OTAxMSZfPUFK> 5"
    shown = without_tokens(text, address)
    assert shown == "<***> <***> <***> <***> 5"
