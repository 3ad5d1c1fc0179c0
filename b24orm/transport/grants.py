"""Asks the authorization server for tokens: one request and its answer.

Facts: ``settings/oauth/index.md``, ``settings/oauth/auto-renewal.md``, ``settings/oauth/error-codes.md``. The pages
show GET; the form is sent by POST as the vendor's own b24jssdk does, since addresses end up in the logs of whoever
handles them. Nothing is sent to any other server than the one that is named, redirects are not followed.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import aiohttp
from pydantic_core import from_json
from yarl import URL

from b24orm.errors import AuthError, TransportError
from b24orm.transport.auth import Secret, masked
from b24orm.transport.failures import CONNECT, explained, user_agent
from b24orm.transport.sessions import close_session, new_session

__all__ = ["TOKEN_TIMEOUT", "ask", "ask_alone"]

TOKEN_TIMEOUT: Final = 30.0
"""Seconds for a whole request; nobody else waits meanwhile but those who need its answer."""

_WHAT: Final = "oauth/token"  # what errors call it
_ADVICE: Final[Mapping[str, str]] = {
    "invalid_grant": "the code or the refresh token is spent, expired or revoked; the user has to authorize again",
    "invalid_client": "client_id or client_secret is wrong, or the application is not installed",
    "wrong_client": "there is no application with this client_id",
    "invalid_request": "the authorization server does not understand the request",
    "payment_required": "the application's trial or paid period is over",
    "not_installed": "the application is not installed on this portal",
}


async def ask(
    session: aiohttp.ClientSession, address: str, form: Mapping[str, Secret | str], *, timeout: float = TOKEN_TIMEOUT
) -> dict[str, Any]:
    """What the authorization server at *address* says to *form*: tokens and what belongs to them.

    Raises:
        AuthError: it issues none.
        TransportError: there was no usable answer; ``sent`` says whether the request may have reached the server.
    """
    try:
        return await _told(session, address, form, timeout)
    except (AuthError, TransportError) as error:
        # Without the frames below: their locals hold the answer, in which there may be tokens after all.
        failure = error.with_traceback(None)
    raise failure


async def ask_alone(
    address: str, form: Mapping[str, Secret | str], *, timeout: float, context: ssl.SSLContext | None
) -> dict[str, Any]:
    """The same over a connection of its own, for programs that have no portal open. Raises what `ask` does."""
    session = new_session(context)
    try:
        return await ask(session, address, form, timeout=timeout)
    finally:
        await close_session(session, encrypted=address.startswith("https:"))


async def _told(
    session: aiohttp.ClientSession, address: str, form: Mapping[str, Secret | str], timeout: float
) -> dict[str, Any]:
    status, body = await _exchange(session, address, form, timeout)
    host = _host(address)
    if status >= 500 or not body.strip():
        raise TransportError(f"HTTP {status}: {host} issues no tokens at the moment", status=status)
    try:
        answer = from_json(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise TransportError(f"HTTP {status}: {host} did not answer with tokens", status=status)
    told = cast("dict[str, Any]", answer)
    code = _shown(told.get("error"), form)
    if code:  # a wrong client_id is told under the status 200
        said = _shown(told.get("error_description"), form)
        advice = _ADVICE.get(code.lower(), "")
        raise AuthError(code, "; ".join(filter(None, (said, advice))), status=status, method=_WHAT)
    if status != 200 or not isinstance(told.get("access_token"), str):
        raise TransportError(f"HTTP {status}: {host} did not answer with tokens", status=status)
    return told


async def _exchange(
    session: aiohttp.ClientSession, address: str, form: Mapping[str, Secret | str], timeout: float
) -> tuple[int, bytes]:
    status: int | None = None
    try:
        async with session.post(
            URL(address),
            data={name: value.reveal() if isinstance(value, Secret) else value for name, value in form.items()},
            headers={"Accept": "application/json", "User-Agent": user_agent()},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT, timeout / 2)),
        ) as response:
            status = response.status
            return status, await response.read()
    except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
        failure = explained(error, _host(address), timeout, status)
    raise failure


def _host(address: str) -> str:
    return urlsplit(address).netloc


def _shown(value: Any, form: Mapping[str, Secret | str]) -> str:
    """A text of the answer, without what was sent."""
    text = "" if value is None else str(value)
    for secret in form.values():
        if isinstance(secret, Secret):
            text = masked(text, secret)
    return text
