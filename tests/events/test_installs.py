"""Installations bring the token by which a portal proves itself; the authorization server tells genuine ones."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from b24orm import Deal, Limits, Portal
from b24orm.events import EventHandlers, Installations, OnAppInstall, OnCrmDealAdd
from b24orm.oauth import CallbackStore, MemoryStore, OAuthApp, OAuthTokens
from b24orm.sandbox import Sandbox
from b24orm.sandbox.apps import SandboxApp
from tests.events.server import Server

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def keys(office: Sandbox, app: SandboxApp) -> OAuthApp:
    return OAuthApp(app.client_id, app.client_secret, auth_server=office.auth_server)


def handlers_of(installs: Installations) -> EventHandlers:
    return EventHandlers(application_token=installs.application_token, confirm=installs.confirm)


def asynchronous() -> CallbackStore:
    held: dict[str, OAuthTokens] = {}

    async def load(portal: str) -> OAuthTokens | None:
        return held.get(portal)

    async def save(portal: str, tokens: OAuthTokens) -> None:
        held[portal] = tokens

    return CallbackStore(load, save)


def lazy() -> CallbackStore:
    inner = asynchronous()
    return CallbackStore(lambda portal: inner.load(portal), lambda portal, tokens: inner.save(portal, tokens))


@pytest.mark.parametrize("make", [MemoryStore, asynchronous, lazy])
async def test_from_installation_to_a_first_event_that_fetches_its_deal(
    office: Sandbox, app: SandboxApp, keys: OAuthApp, make: Any
) -> None:
    store = make()
    handlers = handlers_of(Installations(keys, store))
    installed: list[OnAppInstall] = []
    handlers.on(OnAppInstall)(installed.append)
    deals: list[Deal] = []
    async with Server(handlers) as server:
        assert await handlers.handle(urlencode(app.install_payload()), FORM) == 200
        assert installed[0].installed is True
        async with Portal.oauth(office.domain, keys, store, key=office.member_id, limits=Limits.none()) as portal:

            @handlers.on(OnCrmDealAdd)
            async def take(event: OnCrmDealAdd) -> None:
                event.portal = portal
                deals.append(await event.object())

            await portal.events.bind(OnCrmDealAdd, server.url)
            new = await Deal.objects.create(title="New")
            assert [one.status for one in await office.deliveries()] == [200]
    assert [deal.id for deal in deals] == [new.id]


async def test_a_forged_installation_is_refused_and_nothing_is_kept(
    office: Sandbox, app: SandboxApp, keys: OAuthApp, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    handlers = handlers_of(Installations(keys, store))
    other = office.app()  # tokens of another application are worth nothing here
    genuine = app.install_payload()
    forged = [
        {**genuine, "auth[refresh_token]": "made-up"},
        {**genuine, "auth[refresh_token]": ""},
        {**genuine, "auth[member_id]": "somebody-elses"},
        {**genuine, "auth[application_token]": ""},
        other.install_payload(),
    ]
    for payload in forged:
        assert await handlers.handle(urlencode(payload), FORM) == 403
    assert store.load(office.member_id) is None
    assert store.load("somebody-elses") is None
    assert "made-up" not in caplog.text
    assert "does not know the tokens of ONAPPINSTALL: invalid_grant" in caplog.text


async def test_a_server_that_cannot_be_asked_is_no_refusal(
    office: Sandbox, app: SandboxApp, keys: OAuthApp, caplog: pytest.LogCaptureFixture
) -> None:
    handlers = handlers_of(Installations(keys, MemoryStore()))
    office.faults.add("token_unavailable")
    payload = app.install_payload()
    assert await handlers.handle(urlencode(payload), FORM) == 500
    assert "cannot tell whether ONAPPINSTALL is genuine" in caplog.text
    assert payload["auth[refresh_token]"] not in caplog.text
    assert await handlers.handle(urlencode(payload), FORM) == 200


async def test_an_event_that_names_no_portal_is_refused(keys: OAuthApp) -> None:
    handlers = handlers_of(Installations(keys, MemoryStore()))
    assert await handlers.handle(b"event=ONAPPTEST&auth[application_token]=x", FORM) == 403
