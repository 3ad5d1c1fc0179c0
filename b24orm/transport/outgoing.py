"""`Form`: a file on its way to the portal, as the one field of a form, never whole in memory."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from b24orm.errors import InvalidValue

__all__ = ["Form"]


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """A form with one file.

    Attributes:
        field: what the portal calls the field.
        name: the file's name.
        size: its length in bytes.
        pieces: gives its contents, from the beginning each time it is called.
    """

    field: str
    name: str
    size: int
    pieces: Callable[[], AsyncIterator[bytes]] = dataclasses.field(repr=False)
    _boundary: str = dataclasses.field(default_factory=lambda: f"b24orm-{secrets.token_hex(16)}", repr=False)

    @property
    def content_type(self) -> str:
        """The header of the request."""
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def length(self) -> int:
        """The length of the body in bytes."""
        return len(self._head) + self.size + len(self._tail)

    async def body(self, on_progress: Callable[[], None]) -> AsyncGenerator[bytes]:
        """The body, piece by piece; *on_progress* is called whenever more of it is wanted.

        Raises:
            InvalidValue: there is more or less of the file than was said: somebody is writing it.
        """
        yield self._head
        left = self.size
        async for piece in self.pieces():
            left -= len(piece)
            if left < 0:
                break
            on_progress()
            yield piece
        if left:
            raise InvalidValue(f"the file {self.name!r} changed while it was sent")
        yield self._tail

    @property
    def _head(self) -> bytes:
        # Names in UTF-8, as browsers send them, and not percent-encoded: PHP would keep them so.
        name = f'form-data; name="{_quoted(self.field)}"; filename="{_quoted(self.name)}"'
        lines = (f"--{self._boundary}", f"Content-Disposition: {name}", "Content-Type: application/octet-stream")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    @property
    def _tail(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode()


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
