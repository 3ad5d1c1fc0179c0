"""From the body of a request to an `Event`: forms as portals send them, and JSON of the same shape.

Facts: api-reference/events/index.md; the pages of the events. What is not there in every event may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pydantic_core

from b24orm.errors import InvalidEvent
from b24orm.events.base import Event, EventAuth
from b24orm.events.catalogue import CATALOGUE
from b24orm.events.forms import MAX_DEPTH, read_form
from b24orm.narrow import is_list, is_mapping
from b24orm.transport.auth import Secret

__all__ = ["MAX_BODY", "event_class", "event_of", "parse_event"]

MAX_BODY = 2**20
"""Bytes of one event; the largest, messages of bots, have some thousand."""

_NAME = re.compile(r"[A-Z][A-Z0-9_.]{0,99}")
_SUFFIX = re.compile(r"_[0-9]+$")  # ONCRMDYNAMICITEMADD_147: of one smart process only
_SECRETS = frozenset({"access_token", "application_token", "refresh_token", "client_secret"})
_CONFIRMED = "ONAPPMETHODCONFIRM"  # its TOKEN is an access token


def parse_event(body: bytes | str, content_type: str = "") -> Event:
    """The event that a request brought.

    Nothing is said yet of who sent it: compare ``event.auth.application_token``, or let `EventHandlers` do it.

    Args:
        body: of the request.
        content_type: its header; without one the body tells a form from JSON.

    Raises:
        InvalidEvent: it is no event, or lacks what such an event has. The message holds nothing of the body but names.
    """
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    if len(raw) > MAX_BODY:
        raise InvalidEvent(f"the body has more than {MAX_BODY} bytes")
    kind = content_type.partition(";")[0].strip().lower()
    if not kind:
        kind = "application/json" if raw.lstrip()[:1] == b"{" else "application/x-www-form-urlencoded"
    if kind == "application/json":
        return event_of(_json(raw))
    if kind == "application/x-www-form-urlencoded":
        return event_of(read_form(raw))
    raise InvalidEvent("the body is neither a form nor JSON")


def _json(raw: bytes) -> Any:
    try:
        said = pydantic_core.from_json(raw, allow_inf_nan=False)
    except ValueError:
        raise InvalidEvent("the body is not JSON") from None
    _check_depth(said, MAX_DEPTH)
    return said


def _check_depth(value: Any, left: int) -> None:
    inside = value.values() if is_mapping(value) else value if is_list(value) else None
    if inside is not None:
        if left == 0:
            raise InvalidEvent(f"the body is nested more than {MAX_DEPTH} levels deep")
        for one in inside:
            _check_depth(one, left - 1)


def event_of(said: object) -> Event:
    """The event in a form or in JSON that was read already, by another framework, say.

    Raises:
        InvalidEvent: it is none.
    """
    if not is_mapping(said):
        raise InvalidEvent("the body is no map of names to values")
    name = said.get("event")
    name = name.strip().upper() if isinstance(name, str) else ""
    if not _NAME.fullmatch(name):
        raise InvalidEvent("the body names no event")
    auth = said.get("auth")
    if auth is not None and auth != [] and not is_mapping(auth):
        raise InvalidEvent(f"{name}: auth is no map")
    event = event_class(name)(
        _masked(said.get("data"), _SECRETS | {"token"} if name == _CONFIRMED else _SECRETS),
        name=name,
        auth=_auth(name, auth if is_mapping(auth) else {}),
        ts=_number(name, said, "ts"),
        handler_id=_number(name, said, "event_handler_id"),
    )
    event.check()
    return event


def event_class(name: str) -> type[Event]:
    """The class of events that the portal calls *name*, in any case; `Event` if none is known."""
    name = name.strip().upper()
    found = CATALOGUE.get(name)
    if found is None:
        found = CATALOGUE.get(_SUFFIX.sub("", name), Event)
    return found


def _masked(value: Any, secrets: frozenset[str]) -> Any:
    """*value* with every token in it hidden: events of bots carry some, at any depth."""
    if is_mapping(value):
        return {
            key: Secret(one) if isinstance(one, str) and str(key).lower() in secrets else _masked(one, secrets)
            for key, one in value.items()
        }
    return [_masked(one, secrets) for one in value] if is_list(value) else value


def _auth(name: str, said: Mapping[Any, Any]) -> EventAuth:
    def text(key: str) -> str:
        value = said.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise InvalidEvent(f"{name}: auth.{key} is no text")
        return value

    def secret(key: str) -> Secret | None:
        return Secret(text(key)) if text(key) else None

    return EventAuth(
        application_token=secret("application_token"),
        domain=text("domain"),
        member_id=text("member_id"),
        client_endpoint=text("client_endpoint"),
        server_endpoint=text("server_endpoint"),
        access_token=secret("access_token"),
        refresh_token=secret("refresh_token"),
        expires_in=_number(name, said, "expires_in"),
        expires=_number(name, said, "expires"),
        user_id=_number(name, said, "user_id"),
        scope=tuple(re.split(r"[\s,]+", text("scope").strip(" ,"))) if text("scope").strip(" ,") else (),
        status=text("status"),
    )


def _number(name: str, said: Mapping[Any, Any], key: str) -> int | None:
    value = said.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or re.fullmatch("[0-9]{1,18}", value) is None:
        raise InvalidEvent(f"{name}: {key} is no number")
    return int(value)
