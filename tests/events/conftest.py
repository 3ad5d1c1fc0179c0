"""A small portal to write to, an application that is installed there, and clients of both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from b24orm import Limits, Portal
from b24orm.oauth import OAuthApp, OAuthTokens
from b24orm.sandbox import Sandbox
from b24orm.sandbox.apps import SandboxApp


@pytest.fixture
async def office() -> AsyncIterator[Sandbox]:
    """20 deals, without limits."""
    async with Sandbox(deals=20, leads=5, contacts=5, companies=5, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
def app(office: Sandbox) -> SandboxApp:
    return office.app()


Connect = Callable[..., Portal]


@pytest.fixture
def connect(office: Sandbox, app: SandboxApp) -> Connect:
    """``connect(user_id=1)``: a portal on behalf of the application and one of its users."""

    def make(user_id: int = 1) -> Portal:
        keys = OAuthApp(app.client_id, app.client_secret, auth_server=office.auth_server)
        return Portal.oauth(office.domain, keys, OAuthTokens.parse(app.tokens(user_id)), limits=Limits.none())

    return make


@pytest.fixture
async def client(connect: Connect) -> AsyncIterator[Portal]:
    """The application, on behalf of the administrator; the current portal of the test."""
    async with connect() as portal:
        yield portal
