"""What a portal remembers beside its rows: mappings in its database, so that copies and files have them, too."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, TypeVar

import pydantic_core
from typing_extensions import override

from b24orm.narrow import is_list
from b24orm.sandbox.files import StoredFile
from b24orm.sandbox.store import Store

__all__ = ["FileShelf", "Shelf"]

K = TypeVar("K", bound="str | int | tuple[str | int, ...]")


class Shelf(MutableMapping[K, Any]):
    """A mapping of names, numbers or tuples of both to what JSON can say, under a *name* of its own.

    What is taken out is a copy: put it back to change it.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    @staticmethod
    def _key(key: K) -> str:
        return pydantic_core.to_json(key).decode()

    @override
    def __getitem__(self, key: K) -> Any:
        found = self._store.run("SELECT value FROM shelf WHERE name = ? AND key = ?", [self._name, self._key(key)])
        if not found:
            raise KeyError(key)
        return pydantic_core.from_json(found[0][0])

    @override
    def __setitem__(self, key: K, value: Any) -> None:
        held = pydantic_core.to_json(value).decode()
        self._store.run("INSERT OR REPLACE INTO shelf VALUES (?, ?, ?)", [self._name, self._key(key), held])

    @override
    def __delitem__(self, key: K) -> None:
        self[key]
        self._store.run("DELETE FROM shelf WHERE name = ? AND key = ?", [self._name, self._key(key)])

    @override
    def __iter__(self) -> Iterator[K]:
        for (key,) in self._store.run("SELECT key FROM shelf WHERE name = ? ORDER BY rowid", [self._name]):
            said: Any = pydantic_core.from_json(key)
            read: Any = tuple(said) if is_list(said) else said
            yield read

    @override
    def __len__(self) -> int:
        return int(self._store.run("SELECT COUNT(*) FROM shelf WHERE name = ?", [self._name])[0][0])


class FileShelf(MutableMapping[int, StoredFile]):
    """The files that clients sent, by their ids."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @override
    def __getitem__(self, key: int) -> StoredFile:
        found = self._store.run("SELECT name, content FROM kept_file WHERE id = ?", [key])
        if not found:
            raise KeyError(key)
        return StoredFile(*found[0])

    @override
    def __setitem__(self, key: int, value: StoredFile) -> None:
        self._store.run("INSERT OR REPLACE INTO kept_file VALUES (?, ?, ?)", [key, value.name, value.content])

    @override
    def __delitem__(self, key: int) -> None:
        self[key]
        self._store.run("DELETE FROM kept_file WHERE id = ?", [key])

    @override
    def __iter__(self) -> Iterator[int]:
        return (row[0] for row in self._store.run("SELECT id FROM kept_file ORDER BY id", []))

    @override
    def __len__(self) -> int:
        return int(self._store.run("SELECT COUNT(*) FROM kept_file", [])[0][0])
