"""`cut`: the answer of a batch -> the bytes of each command's result, and the rest of it decoded.

Finding where a result begins is a search for its name, which costs next to nothing beside reading it. That the pieces
are what they seem is then proven: the rest, with a number in the place of each piece, must be JSON that has these
numbers where results stand. Whoever reads a piece must find JSON in it, to its end; both together say that the
whole was JSON, and that the piece was all of that result.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

from pydantic_core import from_json

__all__ = ["cut"]

# What follows the results in the answer of a batch: api-reference/how-to-call-rest-api/batch.
_BEHIND_RESULTS: Final = b'},"result_error":'


def cut(body: bytes, names: Iterable[str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The envelope without the results that were cut out, and these results, by name.

    Results that were not found where they were expected stay in the envelope.

    Args:
        body: the answer of a batch.
        names: names of its commands, in their order.

    Raises:
        ValueError: the answer is not one of a batch, or not as the portal writes it; nothing can be said about it here.
    """
    places = _places(body, names)
    kept: list[bytes] = []
    parts: dict[str, bytes] = {}
    behind = 0
    for number, (name, start, stop) in enumerate(places):
        kept += (body[behind:start], b"%d" % number)
        parts[name] = body[start:stop]
        behind = stop
    kept.append(body[behind:])
    envelope: Any = from_json(b"".join(kept), cache_strings="keys")
    try:
        results = cast("dict[str, Any]", envelope["result"]["result"])
        proven = all(results.pop(name) == number for number, name in enumerate(parts))
    except (AttributeError, KeyError, TypeError):
        proven = False
    if not proven or len(parts) < len(places):
        raise ValueError("the answer is not written as the answer of a batch is")
    return envelope, parts


def _places(body: bytes, names: Iterable[str]) -> list[tuple[str, int, int]]:
    """Where results seem to stand: name, beginning, end."""
    end = body.rfind(_BEHIND_RESULTS)
    found: list[tuple[str, int, int]] = []
    place, near = 0, 0
    for name in names:
        key = b'"%b":' % name.encode()
        # Results of a list are about as long as the one before: most of it need not be searched.
        at = body.find(key, place + near, end) if end > 0 else -1
        if at < 0 < near:
            at = body.find(key, place, end)
        # A quote behind a backslash is part of a text.
        if at > 0 and body[at - 1] in b"{,":
            if found:
                before, start, _ = found[-1]
                found[-1] = before, start, at - 1
                near = (at - start) * 3 // 4
            place = at + len(key)
            found.append((name, place, end))
    return found
