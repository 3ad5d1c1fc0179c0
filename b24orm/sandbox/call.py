"""A request as it came: which method it calls, with which parameters, and what it shows to be let in.

Facts: section 1 of the behaviour notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlencode

import pydantic_core
from aiohttp import web

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
        upload: the file of a form that is sent to an upload address.
    """

    method: str
    version: Literal[2, 3]
    form: Literal["json", "xml"]
    hook: str | None
    token: str | None
    params: dict[str, Any]
    body: Any = None
    upload: Upload | None = None


async def read_call(request: web.BaseRequest) -> Call | None:
    """The call that *request* is; None if its address is not that of a REST method."""
    parts = [unquote(part) for part in request.path.strip("/").split("/")]
    if parts[0] != "rest" or not parts[-1]:
        return None
    modern = parts[1:2] == ["api"] and len(parts) in {3, 5}
    if not modern and len(parts) not in {2, 4}:
        return None
    hook = f"{parts[-3]}/{parts[-2]}" if len(parts) >= 4 else None
    bearer = _bearer(request)
    if modern:
        body = await _json(request)
        params = as_map(body) if is_array(body) else {}
        token = strval(params.pop("auth", None)) or None
        return Call(parts[-1].removesuffix(".json"), 3, "json", hook, bearer or token, params, body)
    name = parts[-1].lower()
    form: Literal["json", "xml"] = "xml" if name.endswith(".xml") else "json"
    method = name.removesuffix(f".{form}")
    upload = await read_upload(request) if method == "upload" else None
    params = await _parameters(request, method)
    given = [strval(params.pop(key, None)) for key in _AUTH_KEYS]  # removed before the handler runs
    return Call(method, 2, form, hook, bearer or next(filter(None, given), None), params, upload=upload)


def _bearer(request: web.BaseRequest) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


async def _json(request: web.BaseRequest) -> Any:
    try:
        return pydantic_core.from_json(await request.content.read() or b"null")
    except ValueError:
        return None


async def _parameters(request: web.BaseRequest, method: str) -> dict[str, Any]:
    """The query string, then the body, which overrides it key by key. A body that cannot be read is ignored."""
    params: dict[str, Any] = dict(parse_str(request.rel_url.raw_query_string))
    if request.method != "POST" or method == "upload":
        return params  # an upload says all that matters in its address
    kind = request.content_type
    if kind == "multipart/form-data":
        form = await request.post()
        text = urlencode([(name, value) for name, value in form.items() if isinstance(value, str)])
        return params | parse_str(text)
    raw = await request.content.read()
    if kind == "application/json":
        try:
            body = pydantic_core.from_json(raw)
        except ValueError:
            return params
        return params | as_map(body) if is_array(body) else params
    if kind == "application/x-www-form-urlencoded":
        return params | parse_str(raw.decode("utf-8", "replace"))
    return params
