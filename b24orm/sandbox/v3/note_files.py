"""``note.file.*``: files that are attached to documents.

Facts: api-reference/note/file/*.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
from typing import Any

from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.v3.described import described
from b24orm.sandbox.v3.method import ID, Method, item_of, required
from b24orm.sandbox.v3.note_objects import DOCUMENT, FILE, live
from b24orm.sandbox.v3.refusals import Problem, Refused, invalid_request, not_found
from b24orm.sandbox.v3.selecting import read_select

__all__ = ["METHODS"]

_ALLOWED = frozenset(
    {
        *("png", "jpg", "jpeg", "gif", "webp", "svg", "pdf", "txt", "md", "csv", "doc", "docx", "xls", "xlsx"),
        *("ppt", "pptx", "mp4", "webm", "mov"),
    }
)
_LARGEST = 25 * 1024 * 1024
# What differs between the registries of operating systems.
_KINDS = {"md": "text/markdown", "csv": "text/csv", "webp": "image/webp", "mov": "video/quicktime"}


def _shown(state: State, row: dict[str, Any]) -> Answer:
    return Answer({"item": read_select(FILE, None).shown(state, row)})


def _add(state: State, params: dict[str, Any]) -> Answer:
    name = params["fileName"]
    document = live(state, DOCUMENT, params["documentId"])["id"]
    kind = name.rpartition(".")[2].lower()
    if "." not in name or kind not in _ALLOWED:
        raise Refused("NOTE_FILE_TYPE_NOT_ALLOWED", "File type is not supported", whole=True)
    content = _decoded(params["fileContent"])
    if len(content) > _LARGEST:
        raise Refused("NOTE_FILE_TOO_LARGE", "File size exceeds the allowed value", whole=True)
    mime = _KINDS.get(kind) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    values = {"document_id": document, "name": name, "size": len(content), "mime_type": mime}
    new = state.store.insert("note_file", {**values, "file_id": state.keep(name, content)})
    state.wrote("note_file", new, "add")
    return _shown(state, {**values, "id": new})


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # the latter for letters that are none of ASCII
        content = b""
    if not content:
        problem: Problem = {"message": "invalid base64 payload", "field": "fileContent"}
        raise invalid_request(problem)
    return content


def _get(state: State, params: dict[str, Any]) -> Answer:
    document = live(state, DOCUMENT, params["documentId"])["id"]
    row = state.store.row("note_file", params["id"])
    if row is None or row["document_id"] != document:
        raise not_found(params["id"])
    return _shown(state, row)


_SENT = (required("documentId", "int"), required("fileName", "string"), required("fileContent", "string"))

METHODS = (
    Method("note.file.add", _add, _SENT, item_of(FILE), writes=True, title="Upload File to Document"),
    Method("note.file.get", _get, (ID, required("documentId", "int")), item_of(FILE), title="Get File of Document"),
    *described("note.file", FILE),
)
"""Methods of files."""
