"""Rows that are JSON text already: sqlite writes them, and the answer is spliced together from them.

Measured with pages of 50 full deals: making Python values and encoding them costs twice the processor time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard, cast

import pydantic_core
from msgspec.json import encode as encode_json

__all__ = ["Rows", "encode", "is_list"]


class Rows:
    """A list of rows as JSON texts."""

    __slots__ = ("texts",)

    def __init__(self, texts: list[bytes]) -> None:
        self.texts = texts

    @classmethod
    def of(cls, values: Iterable[Any]) -> Rows:
        """Rows that are Python values yet."""
        return cls(list(map(encode_json, values)))

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Any:
        """One row as a Python value."""
        return pydantic_core.from_json(self.texts[index])

    def __iter__(self) -> Iterator[Any]:
        return (pydantic_core.from_json(text) for text in self.texts)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether *value* is a list of any values."""
    return isinstance(value, list)


def encode(value: Any) -> bytes:
    """*value* as JSON. Rows may stand in maps at any depth, and in lists of at most a batch's length."""
    pieces: list[bytes] = []
    _write(value, pieces.append)
    return b"".join(pieces)  # once: a batch's answer has megabytes, and each level would copy them


def _write(value: Any, put: Callable[[bytes], None]) -> None:
    if isinstance(value, Rows):
        put(b"[")
        put(b",".join(value.texts))
        put(b"]")
    elif isinstance(value, dict):
        _write_map(cast("dict[str, Any]", value), put)
    elif is_list(value) and any(_holds_rows(item) for item in value):
        before = b"["
        for item in value:
            put(before)
            _write(item, put)
            before = b","
        put(b"]")
    else:
        put(pydantic_core.to_json(value))


def _write_map(value: dict[str, Any], put: Callable[[bytes], None]) -> None:
    if not any(isinstance(item, dict | list | Rows) for item in value.values()):
        put(pydantic_core.to_json(value))  # a batch's answer holds hundreds of such maps
        return
    before = b"{"
    for key, item in value.items():
        put(before + pydantic_core.to_json(key) + b":")
        _write(item, put)
        before = b","
    put(b"}")


def _holds_rows(value: Any) -> bool:
    if isinstance(value, dict):
        return any(isinstance(item, Rows) for item in cast("dict[str, Any]", value).values())
    return isinstance(value, Rows)
