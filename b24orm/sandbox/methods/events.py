"""``event.*`` and ``events``: which events an application wants, and where. For applications alone.

Facts: api-reference/events/*.md. Where the documentation has a text without a code, or neither, the code is that of the
family of placements (api-reference/widgets/placement-bind.md), which are bound the same way.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from b24orm.sandbox.access import for_administrators, for_applications
from b24orm.sandbox.events import Bound, scope_of_event
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.oauth import Application
from b24orm.sandbox.php import as_map, floatval, intval, strval, truthy
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.schema.events import event_specs

__all__ = ["METHODS"]

_DYNAMIC = re.compile(r"ONCRMDYNAMICITEM(?:ADD|UPDATE|DELETE)_(\d+)")
_ALWAYS = "basic"


def _argument(name: str) -> Refusal:
    return Refusal("ERROR_ARGUMENT", f"Argument '{name}' is null or empty", 400, argument=name)


# ------------------------------------------------------------------------------------------------------------ binding


def _known(state: State, application: Application, event: str) -> bool:
    """Whether the application may bind the event: it is documented, in its scope, and of a kind that the portal has."""
    scope = scope_of_event(event)
    kind = _DYNAMIC.fullmatch(event)
    if kind is not None and int(kind[1]) not in _kinds(state):
        return False
    return scope is not None and (scope == _ALWAYS or scope in application.scope)


def _kinds(state: State) -> list[int]:
    """The kinds of objects whose events have their number in them: smart invoices and smart processes."""
    return [owner.type_id for owner in state.layout.owners.every if owner.key.startswith("smart_")]


def _event(params: dict[str, Any]) -> str:
    return strval(classic(params, "event")).strip().upper()


def _is_offline(params: dict[str, Any]) -> bool:
    return strval(classic(params, "event_type")).lower() == "offline"


def _bind(state: State, params: dict[str, Any]) -> Answer:
    application = for_applications(state)
    event = _event(params)
    if not _known(state, application, event):
        raise Refusal("ERROR_EVENT_NOT_FOUND", "Event not found")
    if _is_offline(params):
        for_administrators(state, "Access denied! Offline events binding requires administrator access rights")
        new = Bound(
            state.events.next_id(),
            application,
            event,
            offline=True,
            connector=strval(classic(params, "auth_connector")),
        )
    else:
        new = Bound(
            state.events.next_id(),
            application,
            event,
            handler=_handler(params),
            user_id=_auth_type(state, params, "binding") or 0,
            min_timeout=_min_timeout(params),
        )
    with state.events.lock:
        if any(_same(bound, new) for bound in state.events.bindings):
            raise Refusal("ERROR_CORE", "Unable to set event handler")
        state.events.bindings.append(new)
    return Answer(True)


def _same(one: Bound, other: Bound) -> bool:
    def what(bound: Bound) -> tuple[object, ...]:
        return bound.event, bound.handler, bound.user_id, bound.offline, bound.connector

    return one.application is other.application and what(one) == what(other)


def _handler(params: dict[str, Any]) -> str:
    given = strval(classic(params, "handler")).strip()
    if not given:
        raise _argument("HANDLER")
    try:
        parts = urlsplit(given)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme and parts.scheme not in ("http", "https"):
        raise Refusal("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported event handler protocol")
    if not parts.hostname:
        raise Refusal("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    return given


def _auth_type(state: State, params: dict[str, Any], what: str) -> int | None:
    """The user that the parameter names; None if there is none. Users without rights may name themselves alone."""
    given = classic(params, "auth_type")
    if not state.caller.admin:
        if given not in (None, "") and intval(given) != state.user_id:
            raise Refusal(
                "ACCESS_DENIED", f"Access denied! Event {what} with AUTH_TYPE requires administrator access rights", 403
            )
        return state.user_id
    return None if given is None else intval(given)


def _min_timeout(params: dict[str, Any]) -> float:
    options = as_map(classic(params, "options"))
    return max(0.0, floatval(options.get("minTimeout", 1)))


def _unbind(state: State, params: dict[str, Any]) -> Answer:
    application = for_applications(state)
    offline = _is_offline(params)
    if offline:
        for_administrators(state, "Access denied! Offline events unbinding requires administrator access rights")
    event, handler = _event(params), strval(classic(params, "handler")).strip()
    user_id = None if offline else _auth_type(state, params, "unbinding")
    connector = classic(params, "auth_connector")

    def fits(bound: Bound) -> bool:
        return (
            bound.application is application
            and bound.offline == offline
            and (not event or bound.event == event)
            and (not handler or bound.handler == handler)
            and (user_id is None or bound.user_id == user_id)
            and (connector is None or bound.connector == strval(connector))
        )

    with state.events.lock:
        gone = [bound for bound in state.events.bindings if fits(bound)]
        for bound in gone:
            state.events.bindings.remove(bound)
    return Answer({"count": len(gone)})


def _get(state: State, params: dict[str, Any]) -> Answer:
    del params
    application = for_applications(state)
    admin, user_id = state.caller.admin, state.user_id
    with state.events.lock:
        rows = [
            _shown(bound)
            for bound in state.events.bindings
            if bound.application is application and (admin or (not bound.offline and bound.user_id == user_id))
        ]
    return Answer(rows, rows=len(rows))


def _shown(bound: Bound) -> dict[str, Any]:
    row: dict[str, Any] = {
        "event": bound.event,
        "handler": bound.handler,
        "auth_type": str(bound.user_id),
        "offline": int(bound.offline),
    }
    return {**row, "connector_id": bound.connector} if bound.offline else row


def _names(state: State, params: dict[str, Any]) -> Answer:
    application = for_applications(state)
    scope, full = strval(classic(params, "scope")), truthy(classic(params, "full"))
    wanted = {scope} if scope else None if full else {_ALWAYS, *application.scope}
    names = [
        spec.event for spec in event_specs().values() if spec.bindable and (wanted is None or spec.scope in wanted)
    ]
    names += [f"{name}_{kind}" for kind in _kinds(state) for name in names if name.startswith("ONCRMDYNAMICITEM")]
    return Answer(names)


def _test(state: State, params: dict[str, Any]) -> Answer:
    for_applications(state)
    state.events.happened("ONAPPTEST", {"QUERY": params, "LANGUAGE_ID": "en"}, state.user_id)
    return Answer(1)


def _feature(state: State, params: dict[str, Any]) -> Answer:
    del state
    if not strval(classic(params, "code")):
        raise Refusal("CODE_EMPTY", "CODE can't be empty")
    return Answer({"value": "Y"})


METHODS: dict[str, Handler] = {
    "events": _names,
    "event.bind": _bind,
    "event.unbind": _unbind,
    "event.get": _get,
    "event.test": _test,
    "feature.get": _feature,
}
"""Handlers of this family."""
