"""The values of an event as typed attributes: where each stands in ``data``, and how its text is read.

On the wire every scalar is a string, a side that does not exist is the word ``undefined``, and an empty list is absent
(api-reference/tasks/events-tasks/on-task-add.md, api-reference/events/index.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from b24orm.errors import InvalidEvent, shortened
from b24orm.narrow import is_mapping
from b24orm.transport.auth import Secret

if TYPE_CHECKING:
    from b24orm.events.base import Event

__all__ = ["Value", "anything", "flag", "secret", "text", "text_id", "whole", "whole_id"]

T = TypeVar("T")

_ABSENT: Any = object()
_UNDEFINED = "undefined"
_FLAGS = {"Y": True, "1": True, "true": True, "N": False, "0": False, "false": False}


class Value(Generic[T]):
    """An attribute of an event, read from its ``data`` each time it is asked for.

    Attributes:
        required: whether an event without it is broken.
    """

    __slots__ = ("_name", "_paths", "_read", "required")

    def __init__(self, paths: tuple[str, ...], read: Callable[[Any], T], *, required: bool = False) -> None:
        self._paths = tuple(tuple(path.split(".")) for path in paths)
        self._read = read
        self._name = ""
        self.required = required

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, event: None, owner: type[Event]) -> Self: ...
    @overload
    def __get__(self, event: Event, owner: type[Event]) -> T: ...
    def __get__(self, event: Event | None, owner: type[Event]) -> Self | T:
        if event is None:
            return self
        found = next(self._found(event.data), None)
        if found is None and self.required:
            raise InvalidEvent(f"{event.name} lacks {' or '.join(map('.'.join, self._paths))}")
        try:
            return self._read(found)
        except (TypeError, ValueError) as error:
            # A secret shows itself as three stars.
            raise InvalidEvent(f"{event.name}: {self._name} cannot be {shortened(found, 60)}") from error

    def _found(self, data: Any) -> Iterator[Any]:
        """What stands at each of the paths, where there is something."""
        for path in self._paths:
            value = data
            for key in path:
                value = value.get(key, _ABSENT) if is_mapping(value) else _ABSENT
            if value is not _ABSENT and value is not None and value != _UNDEFINED and value != "":
                yield value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isascii():
        raise TypeError(value)
    return int(value)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(value)
    return str(value)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if _text(value) not in _FLAGS:
        raise ValueError(value)
    return _FLAGS[_text(value)]


def _secret(value: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(_text(value))


def _or_none(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else read(value)


def whole_id(*paths: str) -> Value[int]:
    """The id that the event is about, a number; an event without it is broken."""
    return Value(paths, _whole, required=True)


def text_id(*paths: str) -> Value[str]:
    """The id that the event is about, a text such as the code of a currency; an event without it is broken."""
    return Value(paths, _text, required=True)


def whole(*paths: str) -> Value[int | None]:
    """A whole number, or None."""
    return Value(paths, _or_none(_whole))


def text(*paths: str) -> Value[str | None]:
    """A text, or None where there is none or an empty one."""
    return Value(paths, _or_none(_text))


def flag(*paths: str) -> Value[bool | None]:
    """Y or N, 1 or 0; None where the portal does not say."""
    return Value(paths, _or_none(_flag))


def secret(*paths: str) -> Value[Secret | None]:
    """A token, or None."""
    return Value(paths, _or_none(_secret))


def anything(*paths: str) -> Value[Any]:
    """Lists and maps as they came, texts in them; None where there is nothing."""
    return Value(paths, lambda value: value)
