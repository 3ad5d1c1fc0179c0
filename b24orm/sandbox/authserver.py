"""The authorization server, which listens at an address of its own, and the portal's page where people agree.

Facts: settings/oauth/index.md, settings/oauth/auto-renewal.md, settings/oauth/error-codes.md. The HTTP statuses of
errors are not documented: they are those that the vendor's b24pysdk expects, a wrong client id under 200 among them. No
limits apply here, and the portal's books do not count these requests: ``books.tokens`` does.
"""

from __future__ import annotations

import asyncio
import html
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pydantic_core
from aiohttp import web

from b24orm.sandbox.books import TokenRequest
from b24orm.sandbox.desk import Stopwatch
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.oauth import Application, OAuth
from b24orm.sandbox.php import as_map, parse_str, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.reply import PAGES, Reply, page, refused
from b24orm.sandbox.state import State

__all__ = ["AuthServer", "authorize_page"]

_TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
_INFO_PATH = "/rest/app.info"
_SHOWN = {"authorization_code": "code", "refresh_token": "refresh_token"}
_REFUSED = {
    "invalid_grant": Refusal("invalid_grant", "Invalid grant", 400),
    "invalid_client": Refusal("invalid_client", "Invalid client", 400),
    "payment_required": Refusal("PAYMENT_REQUIRED", "Payment required", 401),
}


class AuthServer:
    """Handles HTTP requests on behalf of the authorization server."""

    def __init__(self, state: State, closing: asyncio.Event) -> None:
        self._state = state
        self._closing = closing

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.path.rstrip("/").removesuffix(".json")
        given = await _form(request)
        if path == _INFO_PATH:
            return _sent(self._info(strval(given.get("auth"))))
        if path != _TOKEN_PATH:
            return _sent(page(404, "404 Not Found"))
        fault = self._state.faults.for_tokens()
        if delay := self._state.delays.get("oauth/token", 0.0):
            await asyncio.sleep(delay)
        if fault == "token_hang":
            self._book(given, Reply(0, b""))
            await self._closing.wait()
        reply = self._faulty(fault) or self._tokens(given)
        lost = fault in {"token_hang", "token_reset", "token_lost"}
        if fault != "token_hang":
            self._book(given, reply, lost=lost)
        if lost:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return _sent(reply)

    def _faulty(self, fault: str | None) -> Reply | None:
        """The reply of a fault that keeps the request from being heard; None if it is."""
        if fault == "token_unavailable":
            return page(*PAGES["unavailable"])
        if fault == "token_html":
            return page(*PAGES["html"])
        if fault in {"token_hang", "token_reset"}:
            return Reply(0, b"")
        return refused(_REFUSED[fault]) if fault in _REFUSED else None

    def _tokens(self, given: dict[str, Any]) -> Reply:
        try:
            return Reply(200, pydantic_core.to_json(self._issue(given)))
        except Refusal as refusal:
            return refused(refusal)

    def _issue(self, given: dict[str, Any]) -> Any:
        oauth = self._state.oauth
        kind = strval(given.get("grant_type"))
        shown = _SHOWN.get(kind)
        if shown is None:
            raise Refusal("invalid_request", 'No valid "grant_type" parameter found', 400)
        for name in ("client_id", "client_secret", shown):
            if not strval(given.get(name)):
                raise Refusal("invalid_request", f'No "{name}" parameter found', 400)
        application = self._client(strval(given["client_id"]), strval(given["client_secret"]))
        spend = oauth.exchange if kind == "authorization_code" else oauth.renew
        return oauth.answer(spend(application, strval(given[shown])), renewed=kind == "refresh_token")

    def _client(self, client_id: str, client_secret: str) -> Application:
        application = self._state.oauth.application(client_id)
        if application is None:
            raise Refusal("wrong_client", "Wrong client", 200)
        if application.client_secret != client_secret:
            raise Refusal("invalid_client", "Invalid client", 400)
        if application.removed:
            raise Refusal("NOT_INSTALLED", "Application not installed", 401)
        if not application.paid:
            raise Refusal("PAYMENT_REQUIRED", "Payment required", 401)
        return application

    def _info(self, token: str) -> Reply:
        """``app.info`` as this server tells it: what it knows to be true of a token, in another shape than a portal's.

        The documentation does not show it; the shape is the one that b24pysdk reads.
        """
        oauth = self._state.oauth
        grant = oauth.grant(token)
        if grant is None or grant.application.removed:
            return refused(Refusal("invalid_client", "Invalid client", 400))
        if grant.expires <= oauth.clock.time():
            return refused(Refusal("expired_token", "The access token provided has expired.", 401))
        application = grant.application
        scope = ",".join(application.scope)
        info: dict[str, Any] = {
            "client_id": application.client_id,
            "scope": scope,
            "expires": datetime.fromtimestamp(int(grant.expires), UTC).isoformat(),
            "install": {
                "installed": application.installed,
                "version": "1",
                "status": application.status,
                "scope": scope,
                "domain": oauth.domain,
                "uri": oauth.portal,
                "client_endpoint": f"{oauth.portal}/rest/",
                "member_id": oauth.member_id,
                "member_type": "user",
            },
            "user_id": str(grant.user_id),
        }
        watch = Stopwatch.start(self._state, Hit(self._state.operating, self._state.owner))
        return Reply(200, pydantic_core.to_json({"result": info, "time": watch.report({}, 0.0)}))

    def _book(self, given: dict[str, Any], reply: Reply, *, lost: bool = False) -> None:
        kind, error = strval(given.get("grant_type")), ""
        if reply.status and reply.content_type == "application/json":
            error = strval(as_map(pydantic_core.from_json(reply.body)).get("error"))
        issued = reply.status == 200 and not error and reply.content_type == "application/json"
        self._state.books.token(
            TokenRequest(kind, strval(given.get("client_id")), 0 if lost else reply.status, issued, error)
        )


def authorize_page(oauth: OAuth, query: str) -> Reply:
    """What a person sees who is logged in and follows an application's link: back to the application with a code.

    What goes wrong is shown to the person; the application is not told, and the status of the page is not documented.
    Where to go comes from the application's card alone, and a person's agreement is taken for granted.
    """
    given = parse_str(query)
    application = oauth.application(strval(given.get("client_id")))
    if application is None or application.removed:
        return page(200, "Application not found")
    code = oauth.code(application, application.user_id)
    if application.redirect_uri is None:
        return page(200, html.escape(code))  # to be typed in
    back = {
        "code": code,
        "state": strval(given.get("state")),
        "domain": oauth.domain,
        "member_id": oauth.member_id,
        "scope": ",".join(application.scope),
        "server_domain": oauth.server_domain,
    }
    joint = "&" if "?" in application.redirect_uri else "?"
    location = f"{application.redirect_uri}{joint}{urlencode(back)}"
    return Reply(302, b"", content_type="text/html", headers={"Location": location})


async def _form(request: web.BaseRequest) -> dict[str, Any]:
    """The query string and the form, which overrides it."""
    given: dict[str, Any] = dict(parse_str(request.rel_url.raw_query_string))
    if request.method == "POST" and request.content_type == "application/x-www-form-urlencoded":
        given |= parse_str((await request.content.read()).decode("utf-8", "replace"))
    return given


def _sent(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status,
        body=reply.body,
        content_type=reply.content_type,
        charset="utf-8",
        headers=reply.headers,
    )
