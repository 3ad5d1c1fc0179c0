"""The objects of ``note.*``. Their dates are in UTC, unlike those of all other objects.

Facts: the ``note.*.field.list`` pages, where no field can be filtered or sorted by.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from b24orm.sandbox.state import State
from b24orm.sandbox.v3.dto import Dto, Property, Row
from b24orm.sandbox.v3.refusals import Problem, invalid_request, not_found

__all__ = ["COLLECTION", "DOCUMENT", "FILE", "FOUND", "LIVE", "TREE", "live", "named"]

LIVE = "gone IS NULL"
"""What is neither archived nor in the trash, as SQL."""

_LONGEST = 255


def _utc(name: str, column: str) -> Property:
    def show(state: State, row: Row) -> str:
        del state
        return datetime.fromisoformat(row[column]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return Property(name, "string", column, show=show)


_STAMPS = (
    Property("createdBy", "int", "created_by"),
    _utc("createdAt", "created_at"),
    Property("updatedBy", "int", "updated_by"),
    _utc("updatedAt", "updated_at"),
)

COLLECTION = Dto(
    "CollectionDto",
    "note_collection",
    (
        Property("id", "int", "id"),
        Property("name", "string", "name", editable=True, groups=("add", "update"), nullable=False),
        Property("position", "int", "position", creatable=True),
        Property("policyLevel", "string", "policy_level"),
        *_STAMPS,
    ),
)
"""A knowledge base."""

DOCUMENT = Dto(
    "DocumentDto",
    "note_document",
    (
        Property("id", "int", "id"),
        Property("collectionId", "int", "collection_id", creatable=True, groups=("add",), nullable=False),
        Property("parentId", "int", "parent_id", creatable=True),
        Property("title", "string", "title", editable=True, groups=("add",), nullable=False),
        Property("markdown", "string", "markdown", editable=True, nullable=False),
        Property("position", "int", "position"),
        *_STAMPS,
    ),
)
"""A document."""

TREE = Dto(
    "DocumentTreeDto",
    "note_document",
    (
        *DOCUMENT.some(("id", "collectionId", "parentId", "title", "position")),
        Property("children", "array", show=lambda state, row: []),
    ),
)
"""A document in the tree of its base."""

FOUND = Dto(
    "DocumentSearchDto",
    "",
    (
        Property("documentId", "int"),
        Property("collectionId", "int"),
        Property("title", "string"),
        Property("score", "float"),
        Property("snippet", "string"),
        Property("sharedAccess", "bool"),
    ),
)
"""A document that a search found."""

FILE = Dto(
    "NoteFileDto",
    "note_file",
    (
        Property("id", "int", "id"),
        Property("documentId", "int", "document_id"),
        Property("name", "string", "name"),
        Property("size", "int", "size"),
        Property("mimeType", "string", "mime_type"),
        Property("assetType", "string", show=lambda state, row: _asset(row), needs=("mime_type",)),
        Property(
            "assetMarkdown",
            "string",
            show=lambda state, row: f"[[{_asset(row)} fileId={row['id']}]]",
            needs=("id", "mime_type"),
        ),
    ),
)
"""A file that is attached to a document."""


def _asset(row: Row) -> str:
    kind = str(row["mime_type"]).partition("/")[0]
    return kind if kind in {"image", "video"} else "file"


def live(state: State, dto: Dto, row_id: int) -> Row:
    """A row that is neither archived nor in the trash. Raises Refused if there is none."""
    row = state.store.row(dto.table, row_id)
    if row is None or row["gone"] is not None:
        raise not_found(row_id)
    return row


def named(given: dict[str, Any], field: str, what: str) -> None:
    """Refuse a title that is empty or too long."""
    if field not in given:
        return
    text = given[field]
    said = "cannot be empty" if not text.strip() else "must not exceed 255 characters" if len(text) > _LONGEST else ""
    if said:
        problem: Problem = {"message": f"{what} {said}", "field": field}
        raise invalid_request(problem, dto=True)
