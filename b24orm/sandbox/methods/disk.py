"""``disk.*``: storages, folders and files.

Facts: api-reference/disk/*.md. Folders and files share one space of ids. What was moved to the trash is in no list, but
can still be had by its id. A file is sent as ``fileContent``, or, without it, to the address that the method answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from b24orm.sandbox.clock import iso
from b24orm.sandbox.fields import Column, table
from b24orm.sandbox.files import decode
from b24orm.sandbox.filters_item import compile_filter, sort_key
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.paging import DISK, ORM, page
from b24orm.sandbox.php import as_map, entries, intval, is_array, strval, truthy
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.render import fetch
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.store import Sql, Window

__all__ = ["METHODS", "receive"]

_KEY = "disk_object"
_STORAGE = "disk_storage"
_TRASH = 3
_FOLDERS_ALONE = frozenset({"real_object_id"})
_FILES_ALONE = frozenset({"global_content_version", "file_id", "size", "download_url"})
_NEVER_SHOWN = frozenset({"file_content"})
_LINKS = frozenset({"download_url", "detail_url"})
_NUMBERS_IF_NEW = ("ID", "REAL_OBJECT_ID", "DELETED_TYPE", "FILE_ID", "GLOBAL_CONTENT_VERSION")


def _columns(kind: str) -> list[Column]:
    hidden = _NEVER_SHOWN | (_FILES_ALONE if kind == "folder" else _FOLDERS_ALONE)
    return [column for column in table(_KEY).columns if column.name not in hidden]


# ------------------------------------------------------------------------------------------------------------ reading


def _cleaned(columns: dict[str, Column], raw: Any) -> dict[str, Any]:
    """What the disk knows of a filter or an order; the rest it drops."""
    return {
        key: value
        for key, value in entries(raw)
        if key.lstrip("!=<>@%") in columns and columns[key.lstrip("!=<>@%")].name not in _LINKS
    }


def _order(columns: dict[str, Column], raw: Any) -> str:
    parts = [
        sort_key(columns[name], descending=strval(word).upper() == "DESC")
        for name, word in _cleaned(columns, raw).items()
    ]
    return " ORDER BY " + ", ".join([*parts, "id"])


def _required_id(params: dict[str, Any]) -> int:
    given = classic(params, "id")
    if given is None or given == "":
        raise Refusal("ERROR_ARGUMENT", "Invalid value of parameter {Parameter #0}", argument="Parameter #0")
    return intval(given)


def _not_found(given: int) -> Refusal:
    return Refusal("ERROR_NOT_FOUND", f"Could not find entity with id `{given}`")


def _storages(state: State, params: dict[str, Any]) -> Answer:
    source = table(_STORAGE)
    columns = source.by_wire["default"]
    where = compile_filter(columns, _cleaned(columns, classic(params, "filter")))
    order = _order(columns, classic(params, "order"))
    found, answer = page(
        ORM,
        state.options,
        params.get("start"),
        lambda: state.store.count(_STORAGE, where),
        lambda window: fetch(state.store, source, "default", source.columns, where, order, window),
    )
    answer.result = found
    return answer


def _storage(state: State, params: dict[str, Any]) -> dict[str, Any]:
    given = _required_id(params)
    row = state.store.row(_STORAGE, given)
    if row is None:
        raise _not_found(given)
    return row


def _storage_get(state: State, params: dict[str, Any]) -> Answer:
    row, source = _storage(state, params), table(_STORAGE)
    return Answer(fetch(state.store, source, "default", source.columns, ("id = ?", [row["id"]]))[0])


def _object(state: State, params: dict[str, Any], kind: str) -> dict[str, Any]:
    given = _required_id(params)
    row = state.store.row(_KEY, given)
    if row is None or row["type"] != kind:
        raise _not_found(given)
    return row


def _shown(state: State, row: dict[str, Any], *, new: bool = False) -> dict[str, Any]:
    kind, name = row["type"], row["name"]
    place = "file" if kind == "file" else "path"
    links = {
        "detail_url": f"{state.files.base}/company/personal/user/{state.user_id}/disk/{place}/{name}",
        "download_url": state.files.disk_link(row["file_id"]) if kind == "file" else None,
    }
    held = {**row, **links}
    shown = {
        column.wire["default"]: held[column.name] if held[column.name] is None else str(held[column.name])
        for column in _columns(kind)
    }
    if new:  # what has just been made still has its numbers as numbers
        shown |= {name: int(shown[name]) for name in _NUMBERS_IF_NEW if name in shown}
        shown["DELETED_BY"] = None
    return shown


def _get(kind: str, state: State, params: dict[str, Any]) -> Answer:
    return Answer(_shown(state, _object(state, params, kind)))


def _children_of(state: State, params: dict[str, Any], folder: int) -> Answer:
    columns = table(_KEY).by_wire["default"]
    text, values = compile_filter(columns, _cleaned(columns, classic(params, "filter")))
    here: Sql = ("parent_id = ? AND deleted_type = 0" + (f" AND {text}" if text else ""), [folder, *values])
    order = _order(columns, classic(params, "order"))
    names = [column.name for column in table(_KEY).stored]
    what = ", ".join(f'"{name}"' for name in names)

    def rows(window: Window) -> Rows:
        found = state.store.page(_KEY, what, here, order, window)
        return Rows.of(_shown(state, dict(zip(names, row, strict=True))) for row in found)

    found, answer = page(DISK, state.options, params.get("start"), lambda: state.store.count(_KEY, here), rows)
    answer.result = found
    return answer


def _folder_children(state: State, params: dict[str, Any]) -> Answer:
    return _children_of(state, params, _object(state, params, "folder")["id"])


def _storage_children(state: State, params: dict[str, Any]) -> Answer:
    return _children_of(state, params, _storage(state, params)["root_object_id"])


def _fields(names: Iterable[Column], state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer(
        {
            column.wire["default"]: {
                "TYPE": column.type,
                "USE_IN_FILTER": column.name not in _LINKS | _FOLDERS_ALONE,
                "USE_IN_SHOW": True,
            }
            for column in names
        }
    )


# ------------------------------------------------------------------------------------------------------------ writing


def _name(state: State, folder: int, name: str, *, unique: bool) -> str:
    """A name that the folder does not have yet."""
    stem, dot, ending = name.rpartition(".")
    free, number = name, 0
    while state.store.select(
        _KEY, "id", ("parent_id = ? AND deleted_type = 0 AND fold(name) = ?", [folder, free.casefold()])
    ):
        if not unique:
            raise Refusal("DISK_OBJ_22000", "Объект с таким именем уже есть. (DISK_OBJ_22000)")
        number += 1
        free = f"{stem} ({number}){dot}{ending}" if dot else f"{name} ({number})"
    return free


def _insert(state: State, folder: dict[str, Any], name: str, kind: str, more: dict[str, Any]) -> dict[str, Any]:
    now, user = iso(state.clock.time()), state.user_id
    values = {
        "name": name,
        "type": kind,
        "storage_id": folder["storage_id"],
        "parent_id": folder["id"],
        "deleted_type": 0,
        "create_time": now,
        "update_time": now,
        "created_by": user,
        "updated_by": user,
        "deleted_by": 0,
        **more,
    }
    new = state.store.insert(_KEY, values)
    if kind == "folder":
        state.store.update(_KEY, new, {"real_object_id": new})
    state.wrote(f"disk_{kind}", new, "add")
    return state.store.row(_KEY, new) or {}


def _add_folder(state: State, params: dict[str, Any], folder: dict[str, Any]) -> Answer:
    name = strval(as_map(classic(params, "data")).get("NAME"))
    if not name:
        raise _unnamed()
    row = _insert(state, folder, _name(state, folder["id"], name, unique=False), "folder", {})
    return Answer(_shown(state, row, new=True))


def _unnamed() -> Refusal:
    return Refusal("DISK_BASE_SERVICE_22001", "Error: required parameter NAME (DISK_BASE_SERVICE_22001)")


def receive(state: State, folder_id: int, name: str, content: bytes, *, unique: bool) -> dict[str, Any]:
    """Put a file into a folder; returns it as the portal shows it."""
    folder = state.store.row(_KEY, folder_id)
    if folder is None or folder["type"] != "folder":
        raise _not_found(folder_id)
    if not content:
        raise Refusal("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    name = _name(state, folder_id, name, unique=unique)
    kept = {"file_id": state.keep(name, content), "size": len(content), "global_content_version": 1}
    return _shown(state, _insert(state, folder, name, "file", kept), new=True)


def _upload(state: State, params: dict[str, Any], folder: dict[str, Any]) -> Answer:
    unique = truthy(classic(params, "generateuniquename"))
    sent = classic(params, "filecontent")
    if sent is None:
        subject = f"{folder['id']}:{int(unique)}"
        return Answer({"field": "file", "uploadUrl": state.files.link("upload", subject)})
    parts = [strval(part) for _, part in entries(sent)] if is_array(sent) else ["", strval(sent)]
    name = strval(as_map(classic(params, "data")).get("NAME"))
    if not name:
        raise _unnamed()
    return Answer(receive(state, folder["id"], name, decode(parts[-1]) if parts else b"", unique=unique))


def _root(state: State, params: dict[str, Any]) -> dict[str, Any]:
    return state.store.row(_KEY, _storage(state, params)["root_object_id"]) or {}


def _change(state: State, row: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    stamps = {"update_time": iso(state.clock.time()), "updated_by": state.user_id}
    changed = any(row[name] != value for name, value in values.items())
    state.store.update(_KEY, row["id"], values | stamps)
    state.wrote(f"disk_{row['type']}", row["id"], "update", changed=changed)
    return state.store.row(_KEY, row["id"]) or {}


def _rename(kind: str, state: State, params: dict[str, Any]) -> Answer:
    row, name = _object(state, params, kind), strval(classic(params, "newname"))
    if not name:
        raise Refusal("ERROR_ARGUMENT", "Invalid value of parameter {Parameter #1}", argument="Parameter #1")
    if name != row["name"]:
        name = _name(state, row["parent_id"], name, unique=False)
    return Answer(_shown(state, _change(state, row, {"name": name})))


def _new_version(state: State, params: dict[str, Any]) -> Answer:
    row = _object(state, params, "file")
    parts = [strval(part) for _, part in entries(classic(params, "filecontent"))]
    content = decode(parts[-1]) if parts else b""
    if not content:
        raise Refusal("ERROR_COULD_NOT_SAVE_FILE", "Could not save file")
    version = row["global_content_version"] + 1
    kept = {"file_id": state.keep(row["name"], content), "size": len(content), "global_content_version": version}
    return Answer(_shown(state, _change(state, row, kept)))


def _mark_deleted(kind: str, state: State, params: dict[str, Any]) -> Answer:
    row = _object(state, params, kind)
    values = {"deleted_type": _TRASH, "delete_time": iso(state.clock.time()), "deleted_by": state.user_id}
    state.store.update(_KEY, row["id"], values)
    state.wrote(f"disk_{kind}", row["id"], "delete")
    return Answer(_shown(state, {**row, **values}))


def _delete(kind: str, state: State, params: dict[str, Any]) -> Answer:
    row = _object(state, params, kind)
    _delete_tree(state, row["id"])
    state.wrote(f"disk_{kind}", row["id"], "delete")
    return Answer(True)


def _delete_tree(state: State, object_id: int) -> None:
    for (child,) in state.store.select(_KEY, "id", ("parent_id = ?", [object_id])):
        _delete_tree(state, child)
    state.store.delete(_KEY, object_id)


METHODS: dict[str, Handler] = {
    "disk.storage.getlist": _storages,
    "disk.storage.get": _storage_get,
    "disk.storage.getchildren": _storage_children,
    "disk.storage.addfolder": lambda state, params: _add_folder(state, params, _root(state, params)),
    "disk.storage.uploadfile": lambda state, params: _upload(state, params, _root(state, params)),
    "disk.storage.getfields": lambda state, params: _fields(table(_STORAGE).columns, state, params),
    "disk.folder.getchildren": _folder_children,
    "disk.folder.addsubfolder": lambda state, params: _add_folder(state, params, _object(state, params, "folder")),
    "disk.folder.uploadfile": lambda state, params: _upload(state, params, _object(state, params, "folder")),
    "disk.folder.deletetree": partial(_delete, "folder"),
    "disk.file.delete": partial(_delete, "file"),
    "disk.file.uploadversion": _new_version,
    **{f"disk.{kind}.get": partial(_get, kind) for kind in ("folder", "file")},
    **{f"disk.{kind}.rename": partial(_rename, kind) for kind in ("folder", "file")},
    **{f"disk.{kind}.markdeleted": partial(_mark_deleted, kind) for kind in ("folder", "file")},
    "disk.folder.getfields": lambda state, params: _fields(_columns("folder"), state, params),
    "disk.file.getfields": lambda state, params: _fields(_columns("file"), state, params),
}
"""Handlers of this family."""
