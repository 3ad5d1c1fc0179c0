"""A request as it came: which method it calls, with which parameters, and what it shows to be let in.

Facts: section 1 of the behaviour notes.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlencode

import pydantic_core
from aiohttp import BodyPartReader, web

from b24orm.sandbox.php import as_map, is_array, parse_str, strval
from b24orm.sandbox.transfers import Upload, read_upload

__all__ = ["Call", "read_call"]

_AUTH_KEYS = ("auth", "access_token")


@dataclass(slots=True)
class Call:
    """One call of a REST method over HTTP.

    Attributes:
        method: in lower case for the classic API; as it came for REST 3.0.
        version: 2 for the classic API, 3 for ``/rest/api/``.
        form: what the answer is to be written in.
        hook: ``user/code`` of a webhook, from the path.
        token: an access token, from the header, the query or the body, which no longer hold it.
        params: the parameters as PHP decoded them.
        body: what the body says, where JSON is read as it is; None if it is no JSON. For REST 3.0 only.
        raw: the body as it came. For REST 3.0 only, as is the key.
        idempotency_key: what the header of that name says.
        upload: the file of a form that is sent to an upload address.
        secure: whether it came by https.
    """

    method: str
    version: Literal[2, 3]
    form: Literal["json", "xml"]
    hook: str | None
    token: str | None
    params: dict[str, Any]
    body: Any = None
    raw: bytes = b""
    idempotency_key: str | None = None
    upload: Upload | None = None
    secure: bool = False


async def read_call(request: web.BaseRequest) -> Call | None:
    """The call that *request* is; None if its address is not that of a REST method."""
    # Front servers merge slashes unless told otherwise; b24jssdk asks for /rest//method where it calls with a token.
    parts = [unquote(part) for part in request.path.split("/") if part]
    if parts[:1] != ["rest"]:
        return None
    modern = parts[1:2] == ["api"] and len(parts) in {3, 5}
    if not modern and len(parts) not in {2, 4}:
        return None
    hook = f"{parts[-3]}/{parts[-2]}" if len(parts) >= 4 else None
    bearer = _bearer(request)
    if modern:
        return await _modern(request, parts[-1], hook, bearer)
    name = parts[-1].lower()
    form: Literal["json", "xml"] = "xml" if name.endswith(".xml") else "json"
    method = name.removesuffix(f".{form}")
    upload = await read_upload(request) if method == "upload" else None
    params = await _parameters(request, method)
    given = [strval(params.pop(key, None)) for key in _AUTH_KEYS]  # removed before the handler runs
    token = bearer or next(filter(None, given), None)
    return Call(method, 2, form, hook, token, params, upload=upload, secure=request.secure)


def _bearer(request: web.BaseRequest) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


async def _modern(request: web.BaseRequest, name: str, hook: str | None, bearer: str | None) -> Call:
    """A call of REST 3.0. Its query is not read, but for the token: pages in browsers have nowhere else to put it."""
    raw = await request.content.read()
    body = _json(request.content_type, raw)
    params = as_map(body) if is_array(body) else {}
    given = [strval(params.pop("auth", None)), request.rel_url.query.get("auth")]
    params.pop("state", None)  # swallowed on the way
    token = bearer or next(filter(None, given), None)
    key = request.headers.get("Idempotency-Key")
    return Call(name.removesuffix(".json"), 3, "json", hook, token, params, body, raw, key, secure=request.secure)


def _json(kind: str, raw: bytes) -> Any:
    """What a body says; an empty one says nothing, and one that does not say that it is JSON is none."""
    if not raw.strip():
        return dict[str, Any]()
    try:
        return pydantic_core.from_json(raw, allow_inf_nan=False) if kind == "application/json" else None
    except ValueError:
        return None


async def _parameters(request: web.BaseRequest, method: str) -> dict[str, Any]:
    """The query string, then the body, which overrides it key by key. A body that cannot be read is ignored."""
    params: dict[str, Any] = dict(parse_str(request.rel_url.raw_query_string))
    if request.method != "POST" or method == "upload":
        return params  # an upload says all that matters in its address
    kind = request.content_type
    if kind == "multipart/form-data":
        return params | parse_str(urlencode(await _texts(request), errors="surrogateescape"))
    raw = await request.content.read()
    if kind == "application/json":
        try:
            body = pydantic_core.from_json(raw)
        except ValueError:
            return params
        return params | as_map(body) if is_array(body) else params
    if kind == "application/x-www-form-urlencoded":
        return params | parse_str(raw.decode("utf-8", "surrogateescape"))
    return params


async def _texts(request: web.BaseRequest) -> list[tuple[str, str]]:
    """The fields of a form that are no files, whatever their size. A body that is no form has none."""
    found = list[tuple[str, str]]()
    with suppress(ValueError):
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name and part.filename is None:
                content = bytearray()
                while chunk := await part.read_chunk():  # read() would refuse what aiohttp finds too large
                    content += chunk
                found.append((part.name, content.decode("utf-8", "surrogateescape")))
    return found
