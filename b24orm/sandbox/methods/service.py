"""Methods about the portal itself: profile, scope, methods, method.get, server.time, app.info.

Facts: api-reference/common/system/*.md, api-reference/common/users/profile.md.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import strval
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["KNOWN", "METHODS"]

KNOWN: set[str] = {"batch"}
"""The names of all methods; filled where the families are put together."""

_SCOPE = ["crm", "user", "user_brief", "user_basic", "userfieldconfig", "task", "department", "disk", "im"]


def _profile(state: State, params: dict[str, Any]) -> Answer:
    del params
    row = state.store.row("user", state.user_id) or {}
    return Answer(
        {
            "ID": str(state.user_id),
            "ADMIN": True,
            "NAME": row.get("name"),
            "LAST_NAME": row.get("last_name"),
            "PERSONAL_GENDER": row.get("personal_gender") or "",
            "TIME_ZONE": "",
        }
    )


def _scope(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer(list(_SCOPE))


def _methods(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer(sorted(KNOWN))


def _method_get(state: State, params: dict[str, Any]) -> Answer:
    del state
    known = strval(classic(params, "name")).lower() in KNOWN
    return Answer({"isExisting": known, "isAvailable": known})


def _server_time(state: State, params: dict[str, Any]) -> Answer:
    del params
    return Answer(iso(state.clock.time()))


def _app_info(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    # What a webhook, which is no application, is told.
    return Answer({"SCOPE": list(_SCOPE), "LICENSE": "ru_std", "LICENSE_TYPE": "std", "LICENSE_FAMILY": "std"})


METHODS: dict[str, Handler] = {
    "profile": _profile,
    "scope": _scope,
    "methods": _methods,
    "method.get": _method_get,
    "server.time": _server_time,
    "app.info": _app_info,
}
"""Handlers of this family."""
