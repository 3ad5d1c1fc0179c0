"""`Incoming`: a file on its way from the portal, and how it is told from a page that says why there is none."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

import aiohttp

from b24orm.errors import PortalError, TransportError
from b24orm.transport.auth import Secret
from b24orm.transport.envelope import decode

__all__ = ["PIECE", "Explain", "Incoming", "refusal"]

PIECE: Final = 2**18  # bytes that are handed on at once, at most
_PAGE: Final = 2**16  # bytes; an answer that is no file is shorter, or its beginning tells
_PLAIN: Final = re.compile(r"""\bfilename\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s]+))""", re.IGNORECASE)
_EXTENDED: Final = re.compile(r"""\bfilename\*\s*=\s*"?([\w-]+)'[^']*'([^;"\s]+)""", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f]")

Explain = Callable[[Exception, int | None], TransportError]
"""Our error for one of aiohttp's, and the HTTP status, if one came."""


class Incoming:
    """The answer to a request for a file; its body is read piece by piece.

    Attributes:
        status: the HTTP status.
        content_type: the header, or an empty string.
        location: where a redirect leads.
        attached: whether the portal calls the body a file (``Content-Disposition``).
        name: the file's name, as the portal says it, without any directories; may be empty.
        size: its length in bytes, if it is known beforehand.
        received: bytes read so far.
    """

    __slots__ = (
        "_explain",
        "_held",
        "_response",
        "attached",
        "content_type",
        "location",
        "name",
        "received",
        "size",
        "status",
    )

    def __init__(self, response: aiohttp.ClientResponse, explain: Explain) -> None:
        headers = response.headers
        location, disposition = headers.get("Location"), headers.get("Content-Disposition", "")
        length = headers.get("Content-Length", "")
        self.status = response.status
        self.content_type = headers.get("Content-Type", "")
        self.location = None if location is None else Secret(location)
        self.attached = bool(disposition)
        self.name = _name(disposition)
        # What was compressed on the way is longer once it is here.
        self.size = int(length) if length.isdecimal() and "Content-Encoding" not in headers else None
        self.received = 0
        self._held = b""
        self._response = response
        self._explain = explain

    async def read(self) -> bytes:
        """The next piece; nothing at the end.

        Raises:
            TransportError: the connection broke, or the file is shorter than was announced.
        """
        if self._held:
            piece, self._held = self._held, b""
            return piece
        try:
            piece = await self._response.content.read(PIECE)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = self._explain(error, self.status)
        else:
            self.received += len(piece)
            if piece or self.size is None or self.received == self.size:
                return piece
            failure = TransportError(
                f"HTTP {self.status}: {self.received} bytes of a file of {self.size}", status=self.status
            )
        # Raised out here: the original error may hold the address.
        raise failure

    async def beginning(self) -> tuple[bytes, bool]:
        """The first bytes, which `read` will give again, and whether they are all."""
        while len(self._held) <= _PAGE:
            held, self._held = self._held, b""
            piece = await self.read()
            self._held = held + piece
            if not piece:
                return self._held, True
        return self._held, False

    def close(self) -> None:
        """Hang up, unless all was read: then the connection can serve others."""
        self._response.close()


async def refusal(incoming: Incoming, method: str, redact: Callable[[str], str]) -> PortalError | TransportError | None:
    """What the answer says instead of being a file; None if it is one.

    A page or JSON that is not called a file under the status 200 is an error of the portal, or the page where people
    log in; JSON that is no error is a file all the same.
    """
    kind, status = incoming.content_type.lower(), incoming.status
    page = "html" in kind
    if status == 200 and (incoming.attached or not (page or "json" in kind)):
        return None
    body, whole = await incoming.beginning()
    try:
        decode(status, incoming.content_type, body, redact, method=method, wanted="the file")
    except PortalError as error:
        return error.with_traceback(None)
    except TransportError as error:
        ours = status != 200 or page or not body.strip()
        return error.with_traceback(None) if ours else None
    return TransportError(f"HTTP {status}: no file", status=status) if status != 200 and whole else None


def _name(disposition: str) -> str:
    """The name in a header, which may want to be written elsewhere: a name, and no path."""
    name = ""
    if plain := _PLAIN.search(disposition):
        name = re.sub(r"\\(.)", r"\1", plain[1]) if plain[1] is not None else plain[2]
    if extended := _EXTENDED.search(disposition):  # what knows its alphabet counts for more
        with contextlib.suppress(LookupError):
            name = unquote(extended[2], encoding=extended[1], errors="replace")
    name = _UNSAFE.sub("", re.split(r"[/\\]", name)[-1]).strip()
    return "" if name in (".", "..") else name
