"""What a portal remembers beside its rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from b24orm.sandbox.files import Files, StoredFile
from b24orm.sandbox.shelf import FileShelf, Shelf
from b24orm.sandbox.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(Files("code"))
    store.open()
    yield store
    store.close()


def test_a_shelf_is_a_mapping_of_what_json_can_say(store: Store) -> None:
    shelf = Shelf[str | int | tuple[str | int, ...]](store, "mine")
    shelf["text"] = {"a": [1, None, "б"]}
    shelf[7] = 1.5
    shelf["deal", 7] = "pair"
    assert dict(shelf) == {"text": {"a": [1, None, "б"]}, 7: 1.5, ("deal", 7): "pair"}
    shelf[7] = 2
    del shelf["text"]
    assert (shelf[7], shelf["deal", 7], len(shelf)) == (2, "pair", 2)
    assert shelf.get("7") is None
    for missing in ("text", "7", ("deal", 8)):
        with pytest.raises(KeyError):
            del shelf[missing]


def test_shelves_of_other_names_are_other_shelves(store: Store) -> None:
    mine, other = Shelf[str](store, "mine"), Shelf[str](store, "other")
    mine["a"] = 1
    assert (list(mine), list(other)) == (["a"], [])
    assert Shelf[str](store, "mine")["a"] == 1


def test_a_shelf_of_files_holds_their_names_and_contents(store: Store) -> None:
    files = FileShelf(store)
    files[3] = StoredFile("b.txt", b"\x00\xff")
    files[1] = StoredFile("a.txt", b"")
    assert dict(files) == {1: StoredFile("a.txt", b""), 3: StoredFile("b.txt", b"\x00\xff")}
    del files[1]
    assert (list(files), len(files)) == ([3], 1)
    for ask in (files.__getitem__, files.__delitem__):
        with pytest.raises(KeyError):
            ask(1)
