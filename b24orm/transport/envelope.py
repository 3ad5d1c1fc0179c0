"""`decode`: the bytes of an answer -> `Envelope`, or the error that they are."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pydantic_core import from_json

from b24orm.errors import PortalError, TransportError
from b24orm.transport.codes import portal_error

__all__ = ["Envelope", "Parse", "as_map", "decode"]

Parse = Callable[[bytes], Any]
"""Bytes of a body -> what the JSON says; raises ValueError for what it does not understand."""

_BOM: Final = b"\xef\xbb\xbf"
_TITLE: Final = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TAGS: Final = re.compile(r"<[^>]*>")
_EXCERPT: Final = 100  # characters


@dataclass(slots=True)
class Envelope:
    """A successful answer of the portal, as it came.

    Attributes:
        result: the portal's ``result``, decoded from JSON.
        total: how many rows match, where the method counts them.
        next: the offset of the next page, None on the last one.
        time: the portal's ``time`` block, seconds as floats; empty if there was none (``api-reference/data-types.md``).
        size: the length of the body, in bytes, after decompression.
        keyed: whether the portal has taken note of the Idempotency-Key of the request.
        replayed: whether the answer is that of an earlier request with the same key.
    """

    result: Any
    total: int | None = None
    next: int | None = None
    time: dict[str, Any] = field(default_factory=dict[str, Any])
    size: int = 0
    keyed: bool = False
    replayed: bool = False


def as_map(value: Any) -> dict[str, Any]:
    """A map that went through PHP, as a map again.

    PHP writes an empty map as ``[]``, and one whose keys are exactly 0…n-1 as a list; anything else that is not a map
    becomes an empty one.
    """
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(cast("Sequence[Any]", value))}
    return {}


def decode(
    status: int,
    content_type: str,
    body: bytes,
    redact: Callable[[str], str],
    *,
    method: str | None = None,
    parse: Parse | None = None,
    wanted: str = "JSON",
) -> Envelope:
    """Read one answer of the portal.

    Args:
        status: the HTTP status.
        content_type: the header, or an empty string.
        body: the whole body, decompressed.
        redact: removes the secrets from a text; every foreign text that goes into an error passes through it.
        method: the REST method that was called, for the error's text.
        parse: reads bodies of the expected shape; the general decoder takes those that it does not understand.
        wanted: what should have come, for the error's text.

    Raises:
        PortalError: the body is an error of the portal, whatever the HTTP status says; of the subclass that fits.
        TransportError: the body is no REST envelope: empty, cut off, an HTML page, other JSON.
    """
    if not body.strip():
        raise TransportError(f"HTTP {status}: the answer is empty", status=status)
    data = _parse(status, content_type, body, redact, parse, wanted)
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else type(data).__name__
        raise TransportError(f"HTTP {status}: the answer is JSON, but no REST envelope ({kind})", status=status)
    envelope = cast("dict[str, Any]", data)
    if envelope.get("error") or ("error" in envelope and "result" not in envelope):
        raise _error(envelope, status, redact, method)
    if "result" not in envelope and "openapi" in envelope and status == 200:
        # The one answer of REST 3.0 without an envelope: rest.documentation.openapi.
        return Envelope(result=envelope, size=len(body))
    if "result" not in envelope:
        raise TransportError(
            f"HTTP {status}: the answer is JSON, but no REST envelope (neither 'result' nor 'error')", status=status
        )
    if status >= 400:
        raise TransportError(f"HTTP {status}: the answer has a result under the status of an error", status=status)
    return Envelope(
        result=envelope["result"],
        total=_number(envelope.get("total")),
        next=_number(envelope.get("next")),
        time=as_map(envelope.get("time")),
        size=len(body),
    )


def _parse(
    status: int, content_type: str, body: bytes, redact: Callable[[str], str], parse: Parse | None, wanted: str
) -> Any:
    if parse is not None:
        with contextlib.suppress(ValueError):
            return parse(body)
    try:
        # Keys repeat from row to row and values do not: caching the keys alone is what pays.
        return from_json(body.removeprefix(_BOM), cache_strings="keys")
    except ValueError:
        pass
    # Raised out here: the parser's own error may quote the body.
    start = body.removeprefix(_BOM).lstrip()[:1]
    if "html" in content_type.lower() or start == b"<":
        raise TransportError(f"HTTP {status}: an HTML page instead of {wanted}{_title(body, redact)}", status=status)
    if start in (b"{", b"["):
        raise TransportError(f"HTTP {status}: the JSON of the answer is broken or cut off", status=status)
    raise TransportError(f"HTTP {status}: the answer is not {wanted}", status=status)


def _title(body: bytes, redact: Callable[[str], str]) -> str:
    found = _TITLE.search(body[:65536])
    if found is None:
        return ""
    import html  # here, since few answers are pages, and its table of entities is large

    text = " ".join(_TAGS.sub(" ", html.unescape(found[1].decode("utf-8", "replace"))).split())
    return f" ({_excerpt(redact(text))!r})" if text else ""


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"


def _error(envelope: dict[str, Any], status: int, redact: Callable[[str], str], method: str | None) -> PortalError:
    error = envelope["error"]
    description = envelope.get("error_description")
    validation: tuple[tuple[str, str], ...] = ()
    if isinstance(error, dict):  # REST 3.0
        nested = cast("dict[str, Any]", error)
        error, description = nested.get("code"), nested.get("message", description)
        problems = map(as_map, as_map(nested.get("validation")).values())
        validation = tuple((redact(_text(p.get("field"))), redact(_text(p.get("message")))) for p in problems)
    return portal_error(
        redact(_text(error)), redact(_text(description)), status=status, method=method, validation=validation
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        return None
