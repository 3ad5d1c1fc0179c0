"""Type guards for what JSON and users bring: `isinstance` alone leaves type checkers with unknown elements."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard, TypeVar

__all__ = ["each", "is_list", "is_listable", "is_mapping", "is_ordered", "is_sequence"]

T = TypeVar("T")


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether *value* is a mapping."""
    return type(value) is dict or isinstance(value, Mapping)  # asking the abstract class takes ten times as long


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether *value* is a list."""
    return isinstance(value, list)


def is_sequence(value: object) -> TypeGuard[Collection[Any]]:
    """Whether *value* is a list, a tuple or a set."""
    return isinstance(value, list | tuple | set | frozenset)


async def each(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """The *items*, whichever way they are iterated over; those that know both ways are asked asynchronously."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def is_ordered(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether *value* is a list or a tuple."""
    return isinstance(value, list | tuple)


def is_listable(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether *value* may stand for a list of values: a collection or an iterator, but no text and no mapping.

    Other iterables may do anything when iterated over: a queryset would ask the portal.
    """
    return isinstance(value, Collection | Iterator) and not isinstance(value, str | bytes | Mapping)
