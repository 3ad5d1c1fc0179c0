"""The sandbox's authorization server and what applications may do: settings/oauth/*.md, as a client sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from b24orm.errors import ConfigurationError
from b24orm.limits import Limits
from b24orm.sandbox import Sandbox, SandboxApp, TokenRequest
from b24orm.sandbox.oauth import ACCESS_SECONDS, CODE_SECONDS, REFRESH_SECONDS


class Browser:
    """Whoever talks to a sandbox: an application's server, or a person."""

    def __init__(self, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self.http = http
        self.sandbox = sandbox

    async def call(self, token: str | None, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
        body = params if token is None else {"auth": token, **params}
        async with self.http.post(f"http://{self.sandbox.domain}/rest/{method}", json=body) as response:
            return response.status, await response.json()

    async def tokens(self, app: SandboxApp, *, get: bool = False, **form: str) -> tuple[int, dict[str, Any]]:
        data = {"client_id": app.client_id, "client_secret": app.client_secret, **form}
        address = f"{self.sandbox.auth_server}/oauth/token/"
        request = self.http.get(address, params=data) if get else self.http.post(address, data=data)
        async with request as response:
            return response.status, await response.json(content_type="application/json")

    async def refresh(self, app: SandboxApp, token: str, *, get: bool = False) -> tuple[int, dict[str, Any]]:
        return await self.tokens(app, get=get, grant_type="refresh_token", refresh_token=token)

    async def agree(self, **query: str) -> tuple[int, str, str]:
        address = f"http://{self.sandbox.domain}/oauth/authorize/"
        async with self.http.get(address, params=query, allow_redirects=False) as response:
            return response.status, response.headers.get("Location", ""), await response.text()


@pytest.fixture
async def small() -> AsyncIterator[Sandbox]:
    async with Sandbox(deals=5, users=12, limits=Limits.none()) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
def browser(http: aiohttp.ClientSession, small: Sandbox) -> Browser:
    return Browser(http, small)


@pytest.fixture
def app(small: Sandbox) -> SandboxApp:
    return small.app()


# -------------------------------------------------------------------------------------------------- authorize


async def test_a_person_who_agrees_comes_back_with_a_code_and_the_six_parameters(
    browser: Browser, small: Sandbox
) -> None:
    app = small.app(redirect_uri="https://app.example.test/oauth?from=b24", scope=("crm", "task"))
    status, location, _ = await browser.agree(client_id=app.client_id, state="a b&c")
    assert status == 302
    assert urlsplit(location).netloc == "app.example.test"
    query = dict(parse_qsl(urlsplit(location).query))
    code = query.pop("code")
    assert query == {
        "from": "b24",
        "state": "a b&c",
        "domain": small.domain,
        "member_id": small.member_id,
        "scope": "crm,task",
        "server_domain": small.auth_server.removeprefix("http://"),
    }
    status, told = await browser.tokens(app, grant_type="authorization_code", code=code)
    assert status == 200
    assert told["scope"] == "crm,task"


async def test_where_to_go_back_comes_from_the_card_and_not_from_the_request(browser: Browser, app: SandboxApp) -> None:
    _, location, _ = await browser.agree(client_id=app.client_id, redirect_uri="https://evil.example.test/")
    assert location.startswith("https://app.example.test/oauth?")


async def test_an_application_without_an_address_has_its_code_shown(browser: Browser, small: Sandbox) -> None:
    app = small.app(redirect_uri=None)
    status, location, page = await browser.agree(client_id=app.client_id)
    assert (status, location) == (200, "")
    code = page.partition("<h1>")[2].partition("</h1>")[0]
    assert (await browser.tokens(app, grant_type="authorization_code", code=code))[0] == 200


async def test_what_goes_wrong_is_shown_to_the_person_and_redirects_nowhere(browser: Browser, app: SandboxApp) -> None:
    app.uninstall()
    for client_id in ("local.unknown", app.client_id, ""):
        status, location, page = await browser.agree(client_id=client_id)
        assert (status, location) == (200, "")
        assert "Application not found" in page


# ------------------------------------------------------------------------------------------------------ tokens


@pytest.mark.parametrize("get", [True, False])
async def test_a_code_is_exchanged_for_tokens_by_get_and_by_post(
    browser: Browser, small: Sandbox, app: SandboxApp, get: bool
) -> None:
    status, told = await browser.tokens(app, get=get, grant_type="authorization_code", code=app.code())
    assert status == 200
    access, refresh = told.pop("access_token"), told.pop("refresh_token")
    assert told == {  # the sample of settings/oauth/index.md has neither expires nor user_id
        "client_endpoint": f"http://{small.domain}/rest/",
        "domain": small.auth_server.removeprefix("http://"),
        "expires_in": 3600,
        "member_id": small.member_id,
        "scope": ",".join(app.scope),
        "server_endpoint": f"{small.auth_server}/rest/",
        "status": "L",
    }
    assert access != refresh
    assert (await browser.call(access, "profile"))[0] == 200
    assert small.books.tokens == [TokenRequest("authorization_code", app.client_id, 200, issued=True, error="")]


@pytest.mark.parametrize("get", [True, False])
async def test_a_refresh_token_is_exchanged_for_the_next_pair_once(
    browser: Browser, small: Sandbox, app: SandboxApp, get: bool
) -> None:
    first = app.tokens(user_id=2)
    status, second = await browser.refresh(app, first["refresh_token"], get=get)
    assert status == 200
    assert second["user_id"] == 2
    assert second["expires"] == pytest.approx(small.portal_time.timestamp() + ACCESS_SECONDS, abs=5)
    assert second["access_token"] != first["access_token"]
    assert await browser.refresh(app, first["refresh_token"], get=get) == (
        400,
        {"error": "invalid_grant", "error_description": "Invalid grant"},
    )
    assert (await browser.refresh(app, second["refresh_token"]))[0] == 200
    assert (await browser.call(first["access_token"], "profile"))[0] == 200  # for the rest of its hour
    assert small.books.refreshes == 3
    assert [request.issued for request in small.books.tokens] == [True, False, True]


async def test_codes_and_tokens_expire_by_the_portals_clock(browser: Browser, small: Sandbox, app: SandboxApp) -> None:
    code, tokens = app.code(), app.tokens()
    small.advance(CODE_SECONDS)
    assert (await browser.tokens(app, grant_type="authorization_code", code=code))[1]["error"] == "invalid_grant"
    small.advance(ACCESS_SECONDS - CODE_SECONDS - 5)
    assert (await browser.call(tokens["access_token"], "profile"))[0] == 200
    small.advance(5)
    assert await browser.call(tokens["access_token"], "profile") == (
        401,
        {"error": "expired_token", "error_description": "The access token provided has expired."},
    )
    small.advance(REFRESH_SECONDS)
    assert (await browser.refresh(app, tokens["refresh_token"]))[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"grant_type": "password"}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_secret": ""}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_id": "app.no"}, 200, "wrong_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_secret": "no"}, 400, "invalid_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant"),
    ],
)
async def test_a_wrong_request_for_tokens_is_refused_with_its_code(
    browser: Browser, small: Sandbox, app: SandboxApp, form: dict[str, str], status: int, code: str
) -> None:
    answered, told = await browser.tokens(app, get=False, **form)
    assert (answered, told["error"]) == (status, code)
    assert (small.books.tokens[-1].error, small.books.tokens[-1].issued) == (code, False)


async def test_the_missing_parameter_is_named(browser: Browser, app: SandboxApp) -> None:
    told = (await browser.tokens(app, grant_type="refresh_token"))[1]
    assert told["error_description"] == 'No "refresh_token" parameter found'


async def test_one_application_cannot_spend_what_belongs_to_another(browser: Browser, small: Sandbox) -> None:
    mine, other = small.app(), small.app()
    assert (await browser.refresh(other, mine.tokens()["refresh_token"]))[1]["error"] == "invalid_grant"
    told = (await browser.tokens(other, grant_type="authorization_code", code=mine.code()))[1]
    assert told["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("happens", "refused", "called"),
    [
        (SandboxApp.uninstall, (401, "NOT_INSTALLED"), (401, "ERROR_OAUTH")),
        (SandboxApp.stop_paying, (401, "PAYMENT_REQUIRED"), (401, "PAYMENT_REQUIRED")),
        (SandboxApp.drop_refresh_tokens, (400, "invalid_grant"), (200, None)),
    ],
)
async def test_an_application_that_is_gone_or_unpaid_is_told_so(
    browser: Browser,
    app: SandboxApp,
    happens: Callable[[SandboxApp], None],
    refused: tuple[int, str],
    called: tuple[int, str | None],
) -> None:
    tokens = app.tokens()
    happens(app)
    status, told = await browser.refresh(app, tokens["refresh_token"])
    assert (status, told["error"]) == refused
    status, told = await browser.call(tokens["access_token"], "profile")
    assert (status, told.get("error")) == called


async def test_the_authorization_server_has_a_port_of_its_own_and_no_limits(http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=1, limits=Limits(rate=1, burst=1)) as sandbox:
        app, browser = sandbox.app(), Browser(http, sandbox)
        for _ in range(5):
            assert (await browser.refresh(app, app.tokens()["refresh_token"]))[0] == 200
        assert (sandbox.books.requests, sandbox.books.refreshes, sandbox.bucket_level) == (0, 5, 0.0)
        for address in (f"http://{sandbox.domain}/oauth/token/", f"{sandbox.auth_server}/rest/profile"):
            async with http.post(address, data={"client_secret": "x"}) as response:
                assert response.status == 404  # no client is to show its secret to a portal


async def test_the_authorization_server_knows_whose_a_token_is(
    browser: Browser, http: aiohttp.ClientSession, small: Sandbox, app: SandboxApp
) -> None:
    async def info(token: str) -> Any:
        async with http.get(f"{small.auth_server}/rest/app.info", params={"auth": token}) as response:
            return await response.json()

    token = app.tokens()["access_token"]
    result = (await info(token))["result"]
    assert (result["client_id"], result["user_id"]) == (app.client_id, "1")
    assert result["install"]["member_id"] == small.member_id
    assert result["install"]["client_endpoint"] == f"http://{small.domain}/rest/"
    assert (await info("x" * 32))["error"] == "invalid_client"
    small.advance(ACCESS_SECONDS)
    assert (await info(token))["error"] == "expired_token"


# ------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("invalid_grant", 400, "invalid_grant"),
        ("invalid_client", 400, "invalid_client"),
        ("payment_required", 401, "PAYMENT_REQUIRED"),
    ],
)
async def test_a_refusal_can_be_asked_for_and_issues_nothing(
    browser: Browser, small: Sandbox, app: SandboxApp, fault: str, status: int, code: str
) -> None:
    token = app.tokens()["refresh_token"]
    small.faults.add(fault)
    answered, told = await browser.refresh(app, token)
    assert (answered, told["error"]) == (status, code)
    assert (await browser.refresh(app, token))[0] == 200


@pytest.mark.parametrize(("fault", "status"), [("token_html", 200), ("token_unavailable", 503)])
async def test_the_authorization_server_can_show_pages(
    http: aiohttp.ClientSession, small: Sandbox, fault: str, status: int
) -> None:
    small.faults.add(fault)
    async with http.post(f"{small.auth_server}/oauth/token/", data={"grant_type": "refresh_token"}) as response:
        assert (response.status, response.content_type) == (status, "text/html")
    assert small.books.tokens == [TokenRequest("refresh_token", "", status, issued=False, error="")]


@pytest.mark.parametrize(("fault", "issued"), [("token_reset", False), ("token_lost", True)])
async def test_an_answer_with_tokens_can_get_lost(
    browser: Browser, small: Sandbox, app: SandboxApp, fault: str, issued: bool
) -> None:
    token = app.tokens()["refresh_token"]
    small.faults.add(fault)
    with pytest.raises(aiohttp.ClientError):
        await browser.refresh(app, token)
    assert small.books.tokens == [TokenRequest("refresh_token", app.client_id, 0, issued=issued, error="")]
    assert (await browser.refresh(app, token))[0] == (400 if issued else 200)


async def test_the_authorization_server_can_be_slow_or_never_answer(
    browser: Browser, http: aiohttp.ClientSession, small: Sandbox, app: SandboxApp
) -> None:
    small.delays["oauth/token"] = 0.01
    small.faults.add("token_hang")
    with pytest.raises(TimeoutError):
        await http.post(f"{small.auth_server}/oauth/token/", data={}, timeout=aiohttp.ClientTimeout(total=0.1))
    assert small.books.tokens[0].status == 0
    assert (await browser.refresh(app, app.tokens()["refresh_token"]))[0] == 200


async def test_a_fault_of_the_portal_does_not_hit_the_authorization_server(
    browser: Browser, small: Sandbox, app: SandboxApp
) -> None:
    small.faults.add("server_error")
    assert (await browser.refresh(app, app.tokens()["refresh_token"]))[0] == 200
    assert (await browser.call(app.tokens()["access_token"], "profile"))[0] == 500


# -------------------------------------------------------------------------------------------------------- calls


async def test_an_application_acts_on_behalf_of_its_user(browser: Browser, small: Sandbox, app: SandboxApp) -> None:
    admin, other = app.tokens()["access_token"], app.tokens(user_id=2)["access_token"]
    profile = (await browser.call(other, "profile"))[1]["result"]
    assert (profile["ID"], profile["ADMIN"]) == ("2", False)
    assert (await browser.call(admin, "profile"))[1]["result"]["ADMIN"] is True
    assert (await browser.call(other, "user.current"))[1]["result"]["ID"] == "2"
    assert [(await browser.call(token, "user.admin"))[1]["result"] for token in (admin, other)] == [True, False]


async def test_an_application_has_its_scope_and_no_more(browser: Browser, small: Sandbox) -> None:
    token = small.app(scope=("task", "user")).tokens()["access_token"]
    assert (await browser.call(token, "scope"))[1]["result"] == ["task", "user"]
    assert "crm" in (await browser.call(token, "scope", full=True))[1]["result"]
    status, told = await browser.call(token, "crm.deal.list")
    assert (status, told["error"]) == (403, "insufficient_scope")
    batch = (await browser.call(token, "batch", cmd={"a": "crm.deal.list", "b": "user.current"}))[1]["result"]
    assert batch["result_error"]["a"]["error"] == "insufficient_scope"
    assert batch["result"]["b"]["ID"] == "1"


async def test_app_info_tells_an_application_about_itself_and_a_webhook_nothing(
    browser: Browser, http: aiohttp.ClientSession, small: Sandbox
) -> None:
    app = small.app(status="T", installed=False)
    info = (await browser.call(app.tokens()["access_token"], "app.info"))[1]["result"]
    assert (info["CODE"], info["STATUS"], info["INSTALLED"]) == (app.client_id, "T", False)
    app.finish_installation()
    assert (await browser.call(app.tokens()["access_token"], "app.info"))[1]["result"]["INSTALLED"] is True
    async with http.post(small.url + "app.info") as response:
        assert response.status == 400
        assert (await response.json())["error_description"] == "Access denied! Application context required"


async def test_a_token_is_found_in_the_header_the_query_and_the_body(
    http: aiohttp.ClientSession, small: Sandbox, app: SandboxApp
) -> None:
    token, address = app.tokens()["access_token"], f"http://{small.domain}/rest/profile"
    for arguments in (
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"params": {"auth": token}},
        {"params": {"access_token": token}},
        {"data": {"auth": token}},
        {"json": {"auth": token}},
    ):
        async with http.post(address, **arguments) as response:
            assert response.status == 200


async def test_unknown_tokens_and_users_who_left_are_not_let_in(browser: Browser, small: Sandbox) -> None:
    assert (await browser.call(None, "profile"))[1]["error"] == "NO_AUTH_FOUND"
    assert await browser.call("x" * 32, "profile") == (
        401,
        {"error": "invalid_token", "error_description": "Unable to get application by token"},
    )
    token = small.app(user_id=2).tokens()["access_token"]
    small.update("user", 2, active=False)
    assert (await browser.call(token, "profile"))[1]["error"] == "authorization_error"


async def test_one_command_of_a_batch_can_find_its_token_expired(
    browser: Browser, small: Sandbox, app: SandboxApp
) -> None:
    small.faults.add("command_expired_token", method="profile")
    batch = (await browser.call(app.tokens()["access_token"], "batch", cmd={"a": "profile", "b": "profile"}))[1]
    assert batch["result"]["result_error"]["a"]["error"] == "expired_token"
    assert batch["result"]["result"]["b"]["ID"] == "1"


async def test_operating_time_is_kept_for_each_application(http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=1, limits=Limits(rate=100, burst=100, operating=1.0)) as sandbox:
        browser, one, two = Browser(http, sandbox), sandbox.app(), sandbox.app()
        sandbox.costs["profile"] = 2.0
        first = one.tokens()["access_token"]
        assert (await browser.call(first, "profile"))[0] == 200
        assert (await browser.call(first, "profile"))[1]["error"] == "OPERATION_TIME_LIMIT"
        assert (await browser.call(two.tokens()["access_token"], "profile"))[0] == 200


# ---------------------------------------------------------------------------------------------------- a new name


async def test_a_renamed_portal_sends_callers_on(
    browser: Browser, http: aiohttp.ClientSession, small: Sandbox, app: SandboxApp
) -> None:
    token, old, hook = app.tokens(), small.domain, small.url
    new = small.rename()
    assert new == small.domain != old
    for address in (f"http://{old}/rest/profile?x=1", hook + "profile"):
        async with http.post(address, json={}, allow_redirects=False) as response:
            assert response.status == 302
            assert response.headers["Location"] == address.replace(old, new)
    assert (await browser.call(token["access_token"], "profile"))[0] == 200
    told = (await browser.refresh(app, token["refresh_token"]))[1]
    assert (told["client_endpoint"], told["member_id"]) == (f"http://{new}/rest/", token["member_id"])
    small.rename()
    async with http.post(f"http://{old}/rest/profile", allow_redirects=False) as response:
        assert response.headers["Location"] == f"http://{small.domain}/rest/profile"


def test_only_a_portal_that_runs_can_be_renamed() -> None:
    with pytest.raises(ConfigurationError, match="while it runs"):
        Sandbox(deals=1).rename()


# ------------------------------------------------------------------------------------------------- in tests' hands


async def test_an_application_gives_what_its_handlers_and_pages_get(
    browser: Browser, small: Sandbox, app: SandboxApp
) -> None:
    event = app.install_payload()
    assert event["event"] == "ONAPPINSTALL"
    assert event["auth[application_token]"] == app.application_token
    assert (await browser.call(event["auth[access_token]"], "profile"))[0] == 200
    assert (await browser.refresh(app, event["auth[refresh_token]"]))[0] == 200
    query, body = app.placement_payload("CRM_DEAL_DETAIL_TAB", {"ID": "1", "URI": "/crm/"}, user_id=2)
    assert query["DOMAIN"] == small.domain
    assert query["PROTOCOL"] == "0"
    assert body["PLACEMENT_OPTIONS"] == '{"ID": "1", "URI": "\\/crm\\/"}'
    assert (await browser.call(body["AUTH_ID"], "user.current"))[1]["result"]["ID"] == "2"
    assert "PLACEMENT_OPTIONS" not in app.placement_payload()[1]


def test_the_auth_of_an_event_in_which_nobody_acts_has_no_tokens(small: Sandbox, app: SandboxApp) -> None:
    oauth = small._state.oauth
    application = oauth.application(app.client_id)
    assert application is not None
    assert set(oauth.block(application, None)) == {
        "domain",
        "client_endpoint",
        "server_endpoint",
        "member_id",
        "application_token",
    }
    assert "refresh_token" not in oauth.block(application, 1)


def test_an_application_is_registered_as_it_is_asked_for(small: Sandbox) -> None:
    app = small.app(client_id="local.mine", client_secret="hidden", scope=["crm"])
    assert (app.client_id, app.client_secret, app.scope) == ("local.mine", "hidden", ("crm",))
    assert repr(app) == "<SandboxApp local.mine L>"
    assert small.app(status="P").client_id.startswith("app.")
    for wrong, message in (
        ({"client_id": "local.mine"}, "already"),
        ({"status": "X"}, "status is one of"),
        ({"user_id": 10**6}, "no user"),
        ({"scope": "crm"}, "collection"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            small.app(**wrong)
    with pytest.raises(ConfigurationError, match="no user"):
        app.code(user_id=10**6)
