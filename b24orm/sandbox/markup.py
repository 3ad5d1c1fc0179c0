"""Answers as XML, for methods that are called with the suffix ``.xml``.

Fact (server source, rest.php): the root is ``response``, integer keys become ``item``, true is 1, false and null are
empty. Keys are not escaped, so that those of a batch may well make the text no XML at all.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.php import entries, intval, is_array, strval

__all__ = ["to_xml"]

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})


def to_xml(answer: Any) -> bytes:
    """*answer*, a map, as the portal writes it. Bytes that are no UTF-8 go out as they came in."""
    return f"<response>{_inner(answer)}</response>".encode("utf-8", "surrogateescape")


def _inner(value: Any) -> str:
    if not is_array(value):
        return strval(value).translate(_ESCAPES)
    parts = list[str]()
    for key, item in entries(value):
        name = "item" if key == str(intval(key)) else key
        parts.append(f"<{name}>{_inner(item)}</{name}>")
    return "".join(parts)
