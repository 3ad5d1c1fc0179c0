"""An answer on its way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pydantic_core

from b24orm.sandbox.refusal import Refusal

__all__ = ["PAGES", "Reply", "page", "refused"]

_HTML = """<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"""
PAGES: Mapping[str, tuple[int, str]] = {
    "html": (200, "Авторизация"),
    "bad_gateway": (502, "502 Bad Gateway"),
    "unavailable": (503, "503 Service Temporarily Unavailable"),
    "gateway_timeout": (504, "504 Gateway Time-out"),
    "too_many": (429, "429 Too Many Requests"),
    "not_found_html": (404, "404 Not Found"),
    "forbidden_html": (403, "403 Forbidden"),
}
"""Pages of the front server, by the fault that shows them: status and title."""


@dataclass(slots=True)
class Reply:
    """An answer, before it is sent.

    Attributes:
        status: of HTTP.
        commands: what a batch ran, as (key, method), for the books.
        filename: of a file that is fetched.
        after: seconds that it took in the model, beyond the processor time it took here.
        headers: more headers.
    """

    status: int
    body: bytes
    commands: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    filename: str = ""
    after: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def refused(refusal: Refusal) -> Reply:
    """An error answer of the classic API."""
    return Reply(refusal.status, pydantic_core.to_json(refusal.body))


def page(status: int, title: str, commands: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A page of the front server."""
    return Reply(status, _HTML.format(title).encode(), commands, content_type="text/html")
