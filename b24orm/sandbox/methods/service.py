"""Methods about the portal itself: profile, scope, methods, method.get, server.time, app.info.

Facts: api-reference/common/system/*.md, api-reference/common/users/profile.md.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.caller import scope_of
from b24orm.sandbox.clock import ZONE, iso
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import strval, truthy
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import PHOTO
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["KNOWN", "METHODS", "SCOPES"]

KNOWN: set[str] = {"batch"}
"""The names of all methods; filled where the families are put together."""

SCOPES = [
    *("crm", "user", "user_brief", "user_basic", "userfieldconfig", "task", "department", "disk", "im"),
    *("catalog", "sale", "lists", "calendar", "sonet_group", "socialnetwork", "bizproc", "telephony"),
]
"""The scopes of what the portal serves."""


def _profile(state: State, params: dict[str, Any]) -> Answer:
    del params
    row = state.store.row("user", state.user_id) or {}
    photo = {"PERSONAL_PHOTO": f"{PHOTO}{row['personal_photo']}"} if row.get("personal_photo") else {}
    return Answer(
        {
            "ID": str(state.user_id),
            "ADMIN": state.caller.admin,
            "NAME": row.get("name"),
            "LAST_NAME": row.get("last_name"),
            "PERSONAL_GENDER": row.get("personal_gender") or "",
            **photo,
            "TIME_ZONE": "",
            "TIME_ZONE_OFFSET": int(ZONE.utcoffset(None).total_seconds()),  # not on the page, but in the source
        }
    )


def _scope(state: State, params: dict[str, Any]) -> Answer:
    granted = state.caller.scope
    if granted is None or truthy(classic(params, "full")):
        return Answer(list(SCOPES))
    return Answer(sorted(granted))


def _user_admin(state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer(state.caller.admin)


def _methods(state: State, params: dict[str, Any]) -> Answer:
    scope = classic(params, "scope")
    if scope is not None:
        wanted = {name for name in KNOWN if strval(scope) in (scope_of(name) or {""})}
    elif truthy(classic(params, "full")):
        wanted = KNOWN
    else:
        wanted = {name for name in KNOWN if state.caller.may(name)}
    return Answer(sorted(wanted))


def _method_get(state: State, params: dict[str, Any]) -> Answer:
    name = strval(classic(params, "name")).lower()
    return Answer({"isExisting": name in KNOWN, "isAvailable": name in KNOWN and state.caller.may(name)})


def _server_time(state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer(iso(state.clock.time()))


def _app_info(state: State, params: dict[str, Any]) -> Answer:
    del params
    application = state.caller.application
    if application is None:
        raise Refusal("ACCESS_DENIED", "Access denied! Application context required", 400)
    info = {
        "ID": application.id,
        "CODE": application.client_id,
        "VERSION": 1,
        "STATUS": application.status,
        "INSTALLED": application.installed,
        "PAYMENT_EXPIRED": "N" if application.paid else "Y",
        "DAYS": None,
        "LANGUAGE_ID": "en",
        "LICENSE": "ru_std",
        "LICENSE_TYPE": "std",
        "LICENSE_FAMILY": "std",
    }
    return Answer(info)


METHODS: dict[str, Handler] = {
    "profile": _profile,
    "scope": _scope,
    "user.admin": _user_admin,
    "methods": _methods,
    "method.get": _method_get,
    "server.time": _server_time,
    "app.info": _app_info,
}
"""Handlers of this family."""
