"""The portal's status page: what its books, its meters and its memory say, to be looked at in a browser.

It is no part of a real portal, so it changes nothing: it is in no book, no bucket and no fault, and it shows no secret.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, Final

import pydantic_core
from aiohttp import web

from b24orm.limits import Limits
from b24orm.sandbox.books import Record
from b24orm.sandbox.clock import iso
from b24orm.sandbox.desk import known
from b24orm.sandbox.state import State

__all__ = ["StatusPage"]

_PARTS: Final = {
    "/": ("index.html", "text/html"),
    "/status.css": ("status.css", "text/css"),
    "/status.js": ("status.js", "text/javascript"),
}
_FIGURES: Final = "/status.json"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_RECENT: Final = 50  # requests that are shown
_DOTTED: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.IGNORECASE)
_FOLDERS: Final = frozenset({"bitrix", "oauth", "rest"})
_LONGEST: Final = 80  # a name of a method; what is longer was none


class StatusPage:
    """Shows one portal.

    Args:
        state: the portal.
        limits: what it allows.
        seed: what its data were made with.
    """

    def __init__(self, state: State, limits: Limits, seed: int) -> None:
        self._state = state
        self._limits = limits
        self._seed = seed
        self._started = state.clock.time()

    def answer(self, request: web.BaseRequest) -> web.Response | None:
        """The answer to a browser that wants to see the page or its figures; None for every other request."""
        if request.method not in {"GET", "HEAD"}:
            return None
        if request.path == _FIGURES:
            body, kind = pydantic_core.to_json(self.figures()), "application/json"
        elif request.path in _PARTS:
            name, kind = _PARTS[request.path]
            body = _part(name)
        else:
            return None
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)

    def figures(self) -> dict[str, Any]:
        """What the page shows, as it goes over the wire."""
        state, books = self._state, self._state.books
        return {
            "version": _version(),
            "seed": self._seed,
            "time": iso(state.clock.time()),
            "uptime": max(0.0, state.clock.time() - self._started),
            "tls": state.options.tls,
            "books": {
                "requests": books.requests,
                "commands": books.commands,
                "rows": books.rows,
                "writes": len(books.writes),
                "refusals": books.refusals,
                "bytes_out": books.bytes_out,
                "crashes": len(books.crashes),
            },
            "limits": {
                "level": state.buckets.level,
                "burst": _finite(self._limits.burst),
                "rate": _finite(self._limits.rate),
                "operating": _finite(self._limits.operating),
            },
            "faults": state.faults.listed(),
            "methods": self._methods(),
            "writes": [{"entity": key, "verb": verb, "count": n} for (key, verb), n in sorted(books.applied.items())],
            "entities": [self._entity(key) for key in state.store.layout.keys],
            "recent": [self._request(record) for record in islice(reversed(tuple(books.log)), _RECENT)],
        }

    def _methods(self) -> list[dict[str, Any]]:
        """The methods that were called or have used operating time, those that were called most first."""
        books, operating = self._state.books, self._state.operating.by_method()
        calls = Counter(books.methods)
        names = sorted({*calls, *operating}, key=lambda name: (-calls[name], name))
        return [
            {"method": name, "calls": calls[name], "rows": books.method_rows[name], "operating": operating.get(name)}
            for name in names
        ]

    def _entity(self, key: str) -> dict[str, Any]:
        """How many rows an entity has; None where nobody has asked for them yet, so that nobody's time is spent."""
        store = self._state.store
        return {"entity": key, "rows": None if store.waits(key) else store.count(key, ("", []))}

    def _request(self, record: Record) -> dict[str, Any]:
        commands = Counter(self._name(method) for _, method in record.commands)
        return {
            "method": self._name(record.method),
            "commands": [{"method": method, "count": count} for method, count in commands.most_common()],
            "status": record.status,
        }

    def _name(self, given: str) -> str:
        """What was called, as far as it is sure to be no secret: who asks at a wrong address may put one anywhere."""
        if given.startswith("/"):
            first = given.split("/")[1]
            return f"/{first}/…" if first in _FOLDERS else "/…"
        named = known(given) or (len(given) <= _LONGEST and _DOTTED.fullmatch(given))
        return given if named and self._state.options.code.lower() not in given.lower() else "…"


def _finite(number: float | None) -> float | None:
    return None if number is None or math.isinf(number) else number


@cache
def _part(name: str) -> bytes:
    return (files("b24orm.sandbox") / "status_page" / name).read_bytes()


@cache
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # it drags the e-mail package along

    try:
        return version("b24orm")
    except PackageNotFoundError:  # run from a checkout that nobody installed
        return ""
