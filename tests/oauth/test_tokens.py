from __future__ import annotations

import time
from typing import Any

import pytest

from b24orm.errors import InvalidValue
from b24orm.oauth import OAuthTokens
from b24orm.transport import Secret

# The sample of settings/oauth/auto-renewal.md.
TOLD: dict[str, Any] = {
    "access_token": "ydtj8pho532wydb5ixk78ol7uqlb7sch",
    "client_endpoint": "https://portal.bitrix24.com/rest/",
    "domain": "oauth.bitrix.info",
    "expires": 1780319382,
    "expires_in": 3600,
    "member_id": "a223c6b3710f85df22e9377d6c4f7553",
    "refresh_token": "3s6lr4kr3cv2od4v853gvrchb875bwxb",
    "scope": "crm,entity,im,task",
    "server_endpoint": "https://oauth.bitrix.info/rest/",
    "status": "F",
    "user_id": 67,
}


def test_the_documented_sample_is_read() -> None:
    tokens = OAuthTokens.parse(TOLD, now=1000)
    assert tokens.access_token == Secret("ydtj8pho532wydb5ixk78ol7uqlb7sch")
    assert tokens.refresh_token == Secret("3s6lr4kr3cv2od4v853gvrchb875bwxb")
    assert tokens.expires == 4600  # by our clock, not by the server's
    assert tokens.domain == "portal.bitrix24.com"  # and not the authorization server, which the field names
    assert tokens.scope == {"crm", "entity", "im", "task"}
    assert (tokens.user_id, tokens.status, tokens.member_id) == (67, "F", "a223c6b3710f85df22e9377d6c4f7553")


def test_what_forms_spell_as_text_is_read_too() -> None:
    told = {name: str(value) for name, value in TOLD.items()} | {"scope": "crm entity im", "application_token": "at"}
    tokens = OAuthTokens.parse(told, now=0)
    assert (tokens.expires, tokens.user_id) == (3600, 67)
    assert tokens.scope == {"crm", "entity", "im"}
    assert tokens.application_token == Secret("at")


def test_an_expiry_without_a_duration_is_taken_as_it_is() -> None:
    assert OAuthTokens.parse({"access_token": "a", "expires": "1780319382"}).expires == 1780319382
    assert OAuthTokens.parse({"access_token": "a"}).expires is None
    assert OAuthTokens.parse({"access_token": "a", "expires_in": 60}).expires == pytest.approx(time.time() + 60, abs=5)


def test_what_is_missing_is_left_out() -> None:
    tokens = OAuthTokens.parse({"access_token": "a", "refresh_token": "", "user_id": "", "something": "else"})
    assert tokens == OAuthTokens(access_token=Secret("a"))
    assert tokens.domain == ""


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "access_token: there is none"),
        ({"access_token": " "}, "access_token: there is none"),
        ({"access_token": 5}, "access_token: a token is a text"),
        ({"access_token": "a", "refresh_token": ["b"]}, "refresh_token: a token is a text"),
        ({"access_token": "a", "expires_in": "soon"}, "expires_in: a number of seconds, not 'soon'"),
        ({"access_token": "a", "user_id": "admin"}, "user_id: the number of a user"),
        ({"access_token": "a", "client_endpoint": "portal"}, "client_endpoint: an address such as"),
        ({"access_token": "a", "client_endpoint": "https://[x/"}, "client_endpoint: an address such as"),
        ({"access_token": "a", "client_endpoint": "https://u:p@b.ru/rest/"}, "client_endpoint: an address such as"),
        ({"access_token": "a", "client_endpoint": "http://b24.ru/rest/"}, "plain http would send the token to b24.ru"),
        ("access_token=a", "tokens are read from a mapping, not from str"),
    ],
)
def test_what_cannot_be_right_is_refused_by_the_name_of_its_field(told: Any, message: str) -> None:
    with pytest.raises(InvalidValue, match=message.replace("[", r"\[")):
        OAuthTokens.parse(told)


def test_tokens_that_were_written_down_are_read_back_as_they_were() -> None:
    for told in (TOLD, {"access_token": "a"}, {**TOLD, "application_token": "t", "expires_in": None}):
        tokens = OAuthTokens.parse(told)
        assert OAuthTokens.parse(tokens.as_dict()) == tokens


def test_what_a_renewal_does_not_say_is_kept() -> None:
    old = OAuthTokens.parse({**TOLD, "application_token": "shown"})
    new = old.renewed({"access_token": "new", "expires_in": 3600})
    assert new.access_token == Secret("new")
    assert (new.refresh_token, new.application_token) == (old.refresh_token, old.application_token)
    assert (new.client_endpoint, new.user_id, new.scope) == (old.client_endpoint, 67, old.scope)
    moved = old.renewed({**TOLD, "refresh_token": "next", "client_endpoint": "https://new.bitrix24.com/rest"})
    assert moved.refresh_token == Secret("next")
    assert moved.client_endpoint == "https://new.bitrix24.com/rest/"


def test_neither_repr_nor_str_shows_a_token() -> None:
    tokens = OAuthTokens.parse({**TOLD, "application_token": "sh0wn-application-token"})
    for secret in tokens.secrets:
        assert secret.reveal() not in f"{tokens} {tokens!r}"
    assert len(tokens.secrets) == 3
