"""Forms as PHP writes them: ``data[FIELDS][ID]=7405`` becomes maps in maps.

Written from PHP's ``http_build_query`` (a list has its indexes as keys, an empty one is absent), and stricter than
PHP's reader: what the portal cannot have written is refused. Nothing here knows events.
"""

from __future__ import annotations

import re
from typing import Any, cast
from urllib.parse import unquote_plus

from b24orm.errors import InvalidEvent

__all__ = ["MAX_DEPTH", "MAX_FIELDS", "read_form"]

MAX_FIELDS = 5_000
"""Fields of one form; an event has some twenty, the message of a bot some hundred."""
MAX_DEPTH = 20
"""Brackets of one name."""

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY = re.compile(r"\[([^\[\]]*)\]")


def read_form(body: bytes) -> dict[str, Any]:
    """The fields of a form, nested as the brackets of their names say. Keys 0, 1, 2… make a list.

    Raises:
        InvalidEvent: it is no such form, or too large a one.
    """
    try:
        parts = body.decode("ascii").split("&")
    except UnicodeDecodeError:
        raise InvalidEvent("the form is not percent-encoded") from None
    if len(parts) > MAX_FIELDS:
        raise InvalidEvent(f"the form has more than {MAX_FIELDS} fields")
    root: dict[str, Any] = {}
    for part in parts:
        if part:
            name, _, value = part.partition("=")
            _assign(root, _path(_decoded(name)), _decoded(value))
    return {key: _listed(value) for key, value in root.items()}


def _decoded(text: str) -> str:
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidEvent("a field of the form is not in UTF-8") from None


def _path(name: str) -> list[str]:
    """``a[b][]`` -> ``["a", "b", ""]``."""
    read = _NAME.fullmatch(name)
    if read is None:
        raise InvalidEvent("the name of a field has no head, or brackets that do not match")
    path = [read[1], *_KEY.findall(read[2])]
    if len(path) > MAX_DEPTH:
        raise InvalidEvent(f"the form is nested more than {MAX_DEPTH} levels deep")
    return path


def _assign(node: dict[str, Any], path: list[str], value: str) -> None:
    for key in path[:-1]:
        below = node.setdefault(key or _next(node), {})
        if not isinstance(below, dict):
            raise InvalidEvent("a field of the form is both a text and a map")
        node = cast("dict[str, Any]", below)
    key = path[-1] or _next(node)
    if isinstance(node.get(key), dict):
        raise InvalidEvent("a field of the form is both a text and a map")
    node[key] = value


def _next(node: dict[str, Any]) -> str:
    """The index that ``[]`` stands for; PHP itself writes them all out."""
    return str(len(node))


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    node = cast("dict[str, Any]", value)
    items = [_listed(one) for one in node.values()]
    if all(key == str(index) for index, key in enumerate(node)):
        return items
    return dict(zip(node, items, strict=True))
