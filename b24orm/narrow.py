"""Type guards for what JSON and users bring: `isinstance` alone leaves type checkers with unknown elements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeGuard

__all__ = ["is_list", "is_listable", "is_mapping", "is_sequence"]


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether *value* is a mapping."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether *value* is a list."""
    return isinstance(value, list)


def is_sequence(value: object) -> TypeGuard[Collection[Any]]:
    """Whether *value* is a list, a tuple or a set."""
    return isinstance(value, list | tuple | set | frozenset)


def is_listable(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether *value* may stand for a list of values: a collection or an iterator, but no text and no mapping.

    Other iterables may do anything when iterated over: a queryset would ask the portal.
    """
    return isinstance(value, Collection | Iterator) and not isinstance(value, str | bytes | Mapping)
