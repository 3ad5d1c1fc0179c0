from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from b24orm.errors import InvalidValue
from b24orm.limits import Limits
from b24orm.oauth import InstallPayload, PlacementPayload
from b24orm.sandbox import Sandbox
from b24orm.transport import Secret

# The sample of settings/oauth/simple-way.md: the query of the address, and the body.
QUERY = {"DOMAIN": "portal.bitrix24.com", "PROTOCOL": "1", "LANG": "en", "APP_SID": "dd8cec11e347088fe87c44870a9f1dba"}
BODY = {
    "AUTH_ID": "ahodg4h37n89vo17gbkgq0x1l825nnb5",
    "AUTH_EXPIRES": "3600",
    "REFRESH_ID": "2lg086mxijlpvwh0h7r4nl19udm4try5",
    "SERVER_ENDPOINT": "https://oauth.bitrix.info/rest/",
    "APPLICATION_TOKEN": "ec1b2074a9d3f5c81b6e40d27a95cf38",
    "APPLICATION_SCOPE": "crm,entity,im,task",
    "member_id": "a223c6b3710f85df22e9377d6c4f7553",
    "status": "F",
    "PLACEMENT": "DEFAULT",
}
# That of api-reference/common/events/on-app-install.md.
EVENT: dict[str, Any] = {
    "event": "ONAPPINSTALL",
    "data": {"VERSION": "1.0.0", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "de"},
    "ts": "1696527000",
    "auth": {
        "domain": "some-domain.bitrix24.com",
        "scope": "imbot",
        "access_token": "s6p6eclrvim6da22ft9ch94ekreb52lv",
        "refresh_token": "4s386p3q0tr8dy89xvmt96234v3dljg8",
        "expires_in": 3600,
        "server_endpoint": "https://oauth.bitrix.info/rest/",
        "status": "F",
        "client_endpoint": "https://some-domain.bitrix24.com/rest/",
        "member_id": "a223c6b3710f85df22e9377d6c4f7553",
        "application_token": "51856fefc120afa4b628cc82d3935cce",
    },
}


@pytest.mark.parametrize(
    ("form", "query"),
    [
        (BODY, QUERY),
        ({**BODY, **QUERY}, None),
        (urlencode(BODY), "?" + urlencode(QUERY)),
        (urlencode(BODY).encode(), urlencode(QUERY)),
    ],
)
def test_what_a_page_in_a_frame_gets_is_read(form: Any, query: Any) -> None:
    shown = PlacementPayload.parse(form, query)
    assert (shown.domain, shown.language, shown.app_sid) == ("portal.bitrix24.com", "en", QUERY["APP_SID"])
    assert (shown.placement, shown.options) == ("DEFAULT", {})
    tokens = shown.tokens
    assert tokens.access_token == Secret(BODY["AUTH_ID"])
    assert tokens.refresh_token == Secret(BODY["REFRESH_ID"])
    assert tokens.client_endpoint == "https://portal.bitrix24.com/rest/"
    assert tokens.server_endpoint == "https://oauth.bitrix.info/rest/"
    assert (tokens.member_id, tokens.status, tokens.user_id) == (BODY["member_id"], "F", None)
    assert tokens.scope == {"crm", "entity", "im", "task"}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('{"ID":"8061","URI":"\\/crm\\/deal"}', {"ID": "8061", "URI": "/crm/deal"}),
        ("undefined", {}),
        ("", {}),
        ("[]", {}),
        ({"ID": "1"}, {"ID": "1"}),
        (None, {}),
    ],
)
def test_options_of_a_placement_are_json_or_say_nothing(sent: Any, read: dict[str, str]) -> None:
    form = {**BODY, "PLACEMENT": "CRM_DEAL_DETAIL_TAB", "PLACEMENT_OPTIONS": sent}
    shown = PlacementPayload.parse(form, QUERY)
    assert (shown.placement, shown.options) == ("CRM_DEAL_DETAIL_TAB", read)


def test_the_application_token_is_compared() -> None:
    shown = PlacementPayload.parse(BODY, QUERY)
    assert shown.shows(BODY["APPLICATION_TOKEN"])
    assert shown.shows(Secret(BODY["APPLICATION_TOKEN"]))
    assert not shown.shows("другое")
    assert not shown.shows("")
    without = {name: value for name, value in BODY.items() if name != "APPLICATION_TOKEN"}
    assert not PlacementPayload.parse(without, QUERY).shows(BODY["APPLICATION_TOKEN"])


def flat(nested: dict[str, Any]) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, value in nested.items():
        if isinstance(value, dict):
            out |= {f"{name}[{key}]": str(inner) for key, inner in value.items()}
        else:
            out[name] = str(value)
    return out


@pytest.mark.parametrize("form", [EVENT, flat(EVENT), urlencode(flat(EVENT)).encode()])
def test_the_event_of_an_installation_is_read(form: Any) -> None:
    installed = InstallPayload.parse(form)
    assert (installed.domain, installed.version, installed.language) == ("some-domain.bitrix24.com", "1.0.0", "de")
    assert installed.installed
    assert installed.tokens.application_token == Secret("51856fefc120afa4b628cc82d3935cce")
    assert installed.tokens.client_endpoint == "https://some-domain.bitrix24.com/rest/"
    assert installed.tokens.refresh_token == Secret("4s386p3q0tr8dy89xvmt96234v3dljg8")


def test_an_installation_in_a_frame_is_read_as_one() -> None:
    installed = InstallPayload.parse(BODY, QUERY)
    assert (installed.domain, installed.installed, installed.language) == ("portal.bitrix24.com", False, "en")
    assert installed.tokens.access_token == Secret(BODY["AUTH_ID"])
    assert installed.tokens.application_token == Secret(BODY["APPLICATION_TOKEN"])


def test_the_block_alone_is_enough_and_its_domain_stands_for_an_address() -> None:
    auth = {name: value for name, value in EVENT["auth"].items() if name not in ("client_endpoint", "expires_in")}
    installed = InstallPayload.parse({"auth": auth})
    assert installed.tokens.client_endpoint == "https://some-domain.bitrix24.com/rest/"
    assert (installed.version, installed.installed) == ("", False)


@pytest.mark.parametrize(
    ("parse", "form", "message"),
    [
        (InstallPayload.parse, {}, "neither auth nor AUTH_ID"),
        (InstallPayload.parse, {"event": "ONCRMDEALADD", "auth": EVENT["auth"]}, "event: ONAPPINSTALL, not 'ONCRMDEAL"),
        (InstallPayload.parse, {"auth": {}}, "access_token: there is none"),
        (InstallPayload.parse, {"auth": "x"}, "neither auth nor AUTH_ID"),
        (
            InstallPayload.parse,
            {"auth": {**EVENT["auth"], "client_endpoint": "http://evil.ru/rest/"}},
            "client_endpoint",
        ),
        (InstallPayload.parse, 5, "a form is a mapping"),
        (PlacementPayload.parse, {"AUTH_IDS": "x"}, "AUTH_ID: .*; did you mean 'AUTH_IDS'"),
        (PlacementPayload.parse, {"AUTH_ID": "x"}, "DOMAIN: a page in a frame gets it"),
        (PlacementPayload.parse, {**BODY, **QUERY, "PROTOCOL": "0"}, "plain http would send the token to portal"),
        (PlacementPayload.parse, {**BODY, **QUERY, "AUTH_EXPIRES": "x"}, "expires_in: a number"),
    ],
)
def test_what_is_no_payload_is_refused_by_the_name_of_its_field(parse: Any, form: Any, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        parse(form)


async def test_what_a_portal_sends_lets_the_application_in() -> None:
    from b24orm import OAuthApp, Portal

    async with Sandbox(deals=1, limits=Limits.none()) as sandbox:
        there = sandbox.app()
        app = OAuthApp(there.client_id, there.client_secret, auth_server=sandbox.auth_server)
        installed = InstallPayload.parse(urlencode(there.install_payload()))
        query, body = there.placement_payload(options={"ID": "1"}, user_id=2)
        shown = PlacementPayload.parse(body, query)
        assert installed.tokens.application_token is not None
        assert shown.shows(installed.tokens.application_token)
        for tokens, user in ((installed.tokens, "1"), (shown.tokens, "2")):
            async with Portal.oauth(sandbox.domain, app, tokens, limits=Limits.none()) as portal:
                assert (await portal.call("profile")).result["ID"] == user
                sandbox.advance(3600)
                assert (await portal.call("profile")).result["ID"] == user


def test_no_payload_shows_its_tokens() -> None:
    shown = f"{PlacementPayload.parse(BODY, QUERY)!r} {InstallPayload.parse(EVENT)!r}"
    for secret in (BODY["AUTH_ID"], BODY["REFRESH_ID"], BODY["APPLICATION_TOKEN"], EVENT["auth"]["access_token"]):
        assert secret not in shown
