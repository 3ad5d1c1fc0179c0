"""An answer on its way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pydantic_core

from b24orm.sandbox.markup import to_xml
from b24orm.sandbox.refusal import Refusal, wrong_encoding
from b24orm.sandbox.rows import encode

__all__ = ["CORS", "PAGES", "Form", "Reply", "page", "preflight", "refused", "written"]

Form = Literal["json", "xml"]
"""What an answer may be written in."""

_HTML = """<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"""
CORS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "origin, content-type, accept",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer of the REST API: pages of other sites may call it."""
PAGES: Mapping[str, tuple[int, str]] = {
    "html": (200, "Авторизация"),
    "bad_gateway": (502, "502 Bad Gateway"),
    "unavailable": (503, "503 Service Temporarily Unavailable"),
    "gateway_timeout": (504, "504 Gateway Time-out"),
    "too_long": (414, "414 Request-URI Too Large"),
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
        took: seconds that the method took, for a header; None if none ran.
    """

    status: int
    body: bytes
    commands: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    filename: str = ""
    after: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    took: float | None = None


def written(answer: Mapping[str, Any], form: Form = "json", status: int = 200) -> Reply:
    """An answer of the classic API in the form that was asked for.

    One that holds bytes which are no UTF-8 is lost as a whole, though not its status.
    """
    if form == "xml":
        return Reply(status, to_xml(answer), content_type="text/xml", headers=CORS)
    try:
        return Reply(status, encode(answer), headers=CORS)
    except pydantic_core.PydanticSerializationError:
        return Reply(status, encode(wrong_encoding().body), headers=CORS)


def preflight() -> Reply:
    """The answer to the question of a browser whether it may send a call. Nothing runs."""
    allowed = {"Access-Control-Allow-Methods": "GET, POST, OPTIONS"}
    return Reply(200, b"", content_type="text/plain", headers={**CORS, **allowed})


def refused(refusal: Refusal, form: Form = "json") -> Reply:
    """An error answer of the classic API."""
    return written(refusal.body, form, refusal.status)


def page(
    status: int,
    title: str,
    commands: tuple[tuple[str, str], ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A page of the front server."""
    return Reply(status, _HTML.format(title).encode(), commands, content_type="text/html", headers=headers or {})
