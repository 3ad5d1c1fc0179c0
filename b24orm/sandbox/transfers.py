"""Files on their way: downloads by links that need no webhook, and uploads to addresses that the disk gave.

Facts: api-reference/files/how-to-upload-files.md, api-reference/disk/folder/disk-folder-upload-file.md.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web

from b24orm.sandbox.files import StoredFile
from b24orm.sandbox.methods.disk import receive
from b24orm.sandbox.refusal import Refusal, access_denied
from b24orm.sandbox.state import State

__all__ = ["TRANSFERS", "Upload", "content_type", "fetched", "read_upload", "stored"]

_DOWNLOADS = frozenset({"download", "crm.controller.item.getfile"})
TRANSFERS = _DOWNLOADS | {"upload"}
"""Methods whose bodies are files."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrived."""

    name: str
    content: bytes


def _subject(state: State, method: str, token: str) -> str:
    if method in state.denied:
        raise access_denied()
    subject = state.files.subject(method, token)
    if subject is None:
        raise access_denied()
    state.books.command(method)
    return subject


def fetched(state: State, method: str, token: str) -> StoredFile | None:
    """The file that a link leads to; None for an upload, which answers no file."""
    if method not in _DOWNLOADS:
        return None
    subject = _subject(state, method, token)
    found = state.files.find(int(subject))
    if found is None:
        raise Refusal("ERROR_NOT_FOUND", f"Could not find entity with id `{subject}`", 404)
    return found


def content_type(file: StoredFile) -> str:
    """What the file is, by its name."""
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


async def read_upload(request: web.BaseRequest) -> Upload | None:
    """The file of a form, whatever its size; None if there is none."""
    if request.method != "POST" or request.content_type != "multipart/form-data":
        return None
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "file":
            content = bytearray()
            while chunk := await part.read_chunk():  # read() would refuse what aiohttp finds too large
                content += chunk
            return Upload(part.filename or "file", bytes(content))
    return None


def stored(state: State, token: str, upload: Upload | None) -> dict[str, Any]:
    """Put what was uploaded where the address says; returns it as the disk shows it."""
    subject = _subject(state, "upload", token)
    if upload is None:
        raise Refusal("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    folder, _, unique = subject.partition(":")
    with state.store.lock:
        state.method = "upload"
        return receive(state, int(folder), upload.name, upload.content, unique=unique == "1")
