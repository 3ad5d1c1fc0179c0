"""Type guards for what JSON and users bring: `isinstance` alone leaves type checkers with unknown elements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeGuard

__all__ = ["is_iterable", "is_list", "is_mapping", "is_sequence"]


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether *value* is a mapping."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether *value* is a list."""
    return isinstance(value, list)


def is_sequence(value: object) -> TypeGuard[Collection[Any]]:
    """Whether *value* is a list, a tuple or a set."""
    return isinstance(value, list | tuple | set | frozenset)


def is_iterable(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether *value* is a collection that is not text."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes)
