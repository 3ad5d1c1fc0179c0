"""`Parcel`: the body of a request, out of sight, since a token may be in it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any, Final

from b24orm.errors import QueryError
from b24orm.transport.auth import Secret

__all__ = ["Parcel"]

_LARGE: Final = 2**20  # bytes; larger bodies are sent little by little, so that the event loop can do other things


class Parcel:
    """The body of a request as JSON; tracebacks that print locals show nothing of it."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @classmethod
    def packed(cls, method: str, body: Mapping[str, Any], token: Secret | None) -> Parcel:
        """The parameters of a call, and the token beside them (``settings/oauth/index.md``).

        Raises:
            QueryError: *body* cannot be written as JSON: PHP silently drops a whole body that holds a NaN or half a
                surrogate pair.
        """
        try:
            text = json.dumps(dict(body), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError) as error:
            reason = "half a surrogate pair in a text" if isinstance(error, UnicodeError) else str(error)
        else:
            if token is None:
                return cls(text)
            head = b'{"auth":' + json.dumps(token.reveal()).encode()
            return cls(head + (b"," + text[1:] if len(text) > 2 else b"}"))
        raise QueryError(f"{method}: the parameters cannot be written as JSON: {reason}")

    @property
    def data(self) -> bytes | io.BytesIO:
        """What aiohttp sends; anew each time."""
        return self._data if len(self._data) < _LARGE else io.BytesIO(self._data)
