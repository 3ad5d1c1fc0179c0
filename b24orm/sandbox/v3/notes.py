"""``note.*``: knowledge bases, their documents and what is attached to them.

Facts: api-reference/note/*. Whatever is archived or in the trash is not found; it takes what belongs to it along.
Nobody edits documents in a browser here and nothing is imported, so that NOTE_DOCUMENT_HAS_UNSAVED_CHANGES and
NOTE_COLLECTION_UNDER_IMPORT do not occur.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.php import as_map, is_array
from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.store import Sql, Window
from b24orm.sandbox.v3 import note_documents, note_files
from b24orm.sandbox.v3.described import described
from b24orm.sandbox.v3.listing import rows
from b24orm.sandbox.v3.method import ID, NOTHING, TRUE, Method, item_of, items_of, optional, required
from b24orm.sandbox.v3.note_objects import COLLECTION, FOUND, LIVE, TREE, live, named
from b24orm.sandbox.v3.paging import USUAL, read_limit
from b24orm.sandbox.v3.refusals import invalid_pagination
from b24orm.sandbox.v3.selecting import read_select
from b24orm.sandbox.v3.writing import accepted

__all__ = ["METHODS"]

_MOST = 200


def _shown(state: State, row_id: int) -> Answer:
    return Answer({"item": read_select(COLLECTION, None).shown(state, live(state, COLLECTION, row_id))})


def _get(state: State, params: dict[str, Any]) -> Answer:
    return _shown(state, params["id"])


def _list(state: State, params: dict[str, Any]) -> Answer:
    """A page in the order of positions and ids, and where the next one begins."""
    raw = params.get("pagination")
    if raw is not None and not is_array(raw):
        raise invalid_pagination(raw)
    said = as_map(raw)
    size = read_limit(said.get("limit"), raw, USUAL, _MOST)
    where = _after(said.get("afterCursor"), raw)
    order = " ORDER BY position, id"
    found = rows(state, COLLECTION, read_select(COLLECTION, None), where, order, Window(size + 1))
    shown = found[:size]
    beyond = {"position": shown[-1]["position"], "id": shown[-1]["id"]} if len(found) > size else None
    return Answer({"items": shown, "nextCursor": beyond}, rows=len(shown))


def _after(cursor: Any, said: Any) -> Sql:
    if cursor is None:
        return LIVE, []
    parts = [as_map(cursor).get(name) for name in ("position", "id")]
    if any(isinstance(one, bool) or not isinstance(one, int) for one in parts):
        raise invalid_pagination(said)
    return f"{LIVE} AND (position, id) > (?, ?)", parts


def _add(state: State, params: dict[str, Any]) -> Answer:
    given = accepted(COLLECTION, params["fields"], "add", "dto")
    named(given, "name", "Knowledge base name")
    now, user = iso(state.clock.time()), state.user_id
    stamps = {"created_by": user, "created_at": now, "updated_by": user, "updated_at": now}
    values = {"name": given["name"], "position": given.get("position") or 0, "policy_level": "view"}
    new = state.store.insert("note_collection", values | stamps)
    state.wrote("note_collection", new, "add")
    return _shown(state, new)


def _update(state: State, params: dict[str, Any]) -> Answer:
    given = accepted(COLLECTION, params["fields"], "update", "dto")
    named(given, "name", "Knowledge base name")
    row = live(state, COLLECTION, params["id"])
    values = {"name": given["name"], "updated_by": state.user_id, "updated_at": iso(state.clock.time())}
    state.store.update("note_collection", row["id"], values)
    state.wrote("note_collection", row["id"], "update", changed=row["name"] != given["name"])
    return _shown(state, row["id"])


def _put_away(state: State, params: dict[str, Any], where: str) -> Answer:
    row = live(state, COLLECTION, params["id"])
    state.store.update("note_collection", row["id"], {"gone": where})
    inside = f"collection_id = ? AND {LIVE}", [row["id"]]
    for (document,) in state.store.select("note_document", "id", inside):
        state.store.update("note_document", document, {"gone": where})
    state.wrote("note_collection", row["id"], "delete" if where == "trash" else "update")
    return Answer(NOTHING)


def _archive(state: State, params: dict[str, Any]) -> Answer:
    return _put_away(state, params, "archive")


def _delete(state: State, params: dict[str, Any]) -> Answer:
    return _put_away(state, params, "trash")


_FIELDS = required("fields", "object")
_CURSOR = {"type": "object", "nullable": True}
_LISTED = items_of(COLLECTION, nextCursor=_CURSOR)

METHODS = (
    Method("note.collection.get", _get, (ID,), item_of(COLLECTION), title="Get Knowledge Base"),
    Method("note.collection.list", _list, (optional("pagination", "object"),), _LISTED, title="Get Knowledge Bases"),
    Method("note.collection.add", _add, (_FIELDS,), item_of(COLLECTION), writes=True, title="Create Knowledge Base"),
    Method(
        "note.collection.update",
        _update,
        (ID, _FIELDS),
        item_of(COLLECTION),
        writes=True,
        title="Rename Knowledge Base",
    ),
    Method("note.collection.archive", _archive, (ID,), TRUE, writes=True, title="Archive Knowledge Base"),
    Method("note.collection.delete", _delete, (ID,), TRUE, writes=True, title="Move Knowledge Base to Trash"),
    *described("note.collection", COLLECTION),
    *described("note.document.tree", TREE),
    *described("note.document.search", FOUND),
    *note_documents.METHODS,
    *note_files.METHODS,
)
"""Methods of knowledge bases."""
