"""``note.document.*``: documents, the tree that they make, and the search in them.

Facts: api-reference/note/document/*.
"""

from __future__ import annotations

from html import escape
from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.php import as_map, is_array
from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.v3.described import described
from b24orm.sandbox.v3.dto import fits
from b24orm.sandbox.v3.method import ID, NOTHING, TRUE, Method, Shape, item_of, items_of, optional, required
from b24orm.sandbox.v3.note_objects import COLLECTION, DOCUMENT, FOUND, LIVE, TREE, live, named
from b24orm.sandbox.v3.paging import USUAL, read_limit
from b24orm.sandbox.v3.refusals import Refused, invalid_pagination, invalid_request, requires_type
from b24orm.sandbox.v3.selecting import read_select
from b24orm.sandbox.v3.writing import accepted

__all__ = ["METHODS"]

_LARGEST = 1_048_576
_MOST = 200
_SHORTEST, _LONGEST = 3, 200
_NODES = 5000
_AROUND = 30


def _shown(state: State, row_id: int) -> Answer:
    return Answer({"item": read_select(DOCUMENT, None).shown(state, live(state, DOCUMENT, row_id))})


def _get(state: State, params: dict[str, Any]) -> Answer:
    return _shown(state, params["id"])


def _small(given: dict[str, Any]) -> None:
    if len((given.get("markdown") or "").encode()) > _LARGEST:
        raise Refused(
            "NOTE_MARKDOWN_TOO_LARGE",
            "Document content is too large. The maximum allowed size is `1 048 576` bytes",
            whole=True,
        )


def _add(state: State, params: dict[str, Any]) -> Answer:
    given = accepted(DOCUMENT, params["fields"], "add", "dto")
    named(given, "title", "Document title")
    _small(given)
    base, parent = live(state, COLLECTION, given["collectionId"])["id"], given.get("parentId")
    above = None if parent is None else state.store.row("note_document", parent)
    if parent is not None and (above is None or above["gone"] is not None or above["collection_id"] != base):
        text = "The parent document does not belong to the specified collection"
        raise Refused("NOTE_INVALID_PARENT", text, whole=True)
    beside = state.store.select(
        "note_document", "max(position)", ("collection_id = ? AND parent_id IS ?", [base, parent])
    )
    now, user = iso(state.clock.time()), state.user_id
    values = {"collection_id": base, "parent_id": parent, "title": given["title"]}
    values |= {"markdown": given.get("markdown") or "", "position": (beside[0][0] or 0) + 1}
    stamps = {"created_by": user, "created_at": now, "updated_by": user, "updated_at": now}
    new = state.store.insert("note_document", values | stamps)
    state.wrote("note_document", new, "add")
    return _shown(state, new)


def _update(state: State, params: dict[str, Any]) -> Answer:
    overwrite = params.get("overwrite")
    if overwrite is not None and not fits("bool", overwrite):
        raise invalid_request(requires_type("overwrite", "bool"))
    given = accepted(DOCUMENT, params["fields"], "update", "dto")
    if not given:
        raise Refused("NOTE_EMPTY_UPDATE", "The request does not contain any modifiable fields", whole=True)
    named(given, "title", "Document title")
    _small(given)
    row = live(state, DOCUMENT, params["id"])
    values = {**given, "updated_by": state.user_id, "updated_at": iso(state.clock.time())}
    state.store.update("note_document", row["id"], values)
    changed = any(row[name] != value for name, value in given.items())
    state.wrote("note_document", row["id"], "update", changed=changed)
    return _shown(state, row["id"])


def _put_away(state: State, params: dict[str, Any], where: str) -> Answer:
    """Put a document and all below it into the archive or the trash."""
    waiting = [live(state, DOCUMENT, params["id"])["id"]]
    while waiting:
        one = waiting.pop()
        state.store.update("note_document", one, {"gone": where})
        below = state.store.select("note_document", "id", (f"parent_id = ? AND {LIVE}", [one]))
        waiting += [child for (child,) in below]
    state.wrote("note_document", params["id"], "delete" if where == "trash" else "update")
    return Answer(NOTHING)


def _archive(state: State, params: dict[str, Any]) -> Answer:
    return _put_away(state, params, "archive")


def _delete(state: State, params: dict[str, Any]) -> Answer:
    return _put_away(state, params, "trash")


def _tree(state: State, params: dict[str, Any]) -> Answer:
    """The documents of a base. A tree of too many loses whole branches; the first stays, as far as it goes."""
    base = live(state, COLLECTION, params["collectionId"])["id"]
    where = f"collection_id = ? AND {LIVE}", [base]
    names = ("id", "collection_id", "parent_id", "title", "position")
    found = state.store.select("note_document", ", ".join(names), where, " ORDER BY position, id")
    selection = read_select(TREE, None)
    below: dict[int | None, list[dict[str, Any]]] = {}
    for row in found:
        node = selection.shown(state, dict(zip(names, row, strict=True)))
        below.setdefault(node["parentId"], []).append(node)
    roots: list[dict[str, Any]] = []
    room = _NODES
    for root in below.get(None, []):
        branch = [root]
        for node in branch:  # breadth first: it grows while it is read
            branch += below.get(node["id"], [])
        if roots and len(branch) > room:
            break
        _grow(branch[:room], below)
        roots.append(root)
        room -= min(room, len(branch))
    shown = _NODES - room
    return Answer({"items": roots, "truncated": shown < len(found)}, rows=shown)


def _grow(branch: list[dict[str, Any]], below: dict[int | None, list[dict[str, Any]]]) -> None:
    kept = {node["id"] for node in branch}
    for node in branch:
        node["children"] = [child for child in below.get(node["id"], []) if child["id"] in kept]


def _search(state: State, params: dict[str, Any]) -> Answer:
    """Documents whose title or text has the query in it; titles count more."""
    query, raw = params["query"], params.get("pagination")
    if len(query) < _SHORTEST:
        raise Refused("NOTE_SEARCH_QUERY_TOO_SHORT", "Search query is too short", whole=True)
    if len(query) > _LONGEST:
        raise Refused("NOTE_SEARCH_QUERY_TOO_LONG", "Search query is too long", whole=True)
    if raw is not None and not is_array(raw):
        raise invalid_pagination(raw)
    size = read_limit(as_map(raw).get("limit"), raw, USUAL, _MOST)
    wanted = query.casefold()
    where = f"{LIVE} AND (instr(fold(title), ?) OR instr(fold(markdown), ?))", [wanted, wanted]
    order = " ORDER BY instr(fold(title), fold(?)) = 0, id"
    what = "id, collection_id, title, markdown"
    found = state.store.select("note_document", what, (where[0], [*where[1], wanted]), order)
    items = [
        {
            "documentId": row_id,
            "collectionId": base,
            "title": title,
            "score": 0.9 if wanted in title.casefold() else 0.5,
            "snippet": _snippet(text, query),
            "sharedAccess": False,
        }
        for row_id, base, title, text in found[:size]
    ]
    return Answer({"items": items, "hasMore": len(found) > size}, rows=len(items))


def _snippet(text: str, query: str) -> str:
    at = text.lower().find(query.lower())
    if at < 0:
        return escape(text[: 2 * _AROUND])
    before, end = text[max(0, at - _AROUND) : at], at + len(query)
    return f"...{escape(before)}<b>{escape(text[at:end])}</b>{escape(text[end : end + _AROUND])}..."


_FIELDS = required("fields", "object")
_PAGE = optional("pagination", "object")
_FOUND: Shape = items_of(FOUND, hasMore={"type": "boolean"})
_GROWN: Shape = items_of(TREE, truncated={"type": "boolean"})

METHODS = (
    Method("note.document.get", _get, (ID,), item_of(DOCUMENT), title="Get Document"),
    Method("note.document.add", _add, (_FIELDS,), item_of(DOCUMENT), writes=True, title="Create Document"),
    Method(
        "note.document.update",
        _update,
        (ID, _FIELDS, optional("overwrite", "bool")),
        item_of(DOCUMENT),
        writes=True,
        title="Update Document",
    ),
    Method("note.document.archive", _archive, (ID,), TRUE, writes=True, title="Archive Document"),
    Method("note.document.delete", _delete, (ID,), TRUE, writes=True, title="Move Document to Trash"),
    Method("note.document.tree.list", _tree, (required("collectionId", "int"),), _GROWN, title="Get Document Tree"),
    Method("note.document.search.list", _search, (required("query", "string"), _PAGE), _FOUND, title="Find Documents"),
    *described("note.document", DOCUMENT),
)
"""Methods of documents."""
