"""Readings of what portals send besides proper values: ``""`` for nothing, ``false``, null lists, shifted dates.

Pydantic reads a value first; only what it refuses comes to the functions here. In front of all of this stands `usual`,
so that clean rows do not pay for odd ones.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from b24orm.model.values import File
from b24orm.narrow import is_list, is_mapping

__all__ = ["ZERO_DATES", "Lenient", "date_part", "opened", "without_none"]

# What "no value" means where a field cannot be None.
_EMPTY: dict[Any, Any] = {bool: False, str: "", float: 0.0, Decimal: Decimal(0)}

# How PHP writes the date zero of MySQL, which stands for no date.
ZERO_DATES = ("0000-00-00", "-0001-11-30")


def _is_nothing(value: Any) -> bool:
    """Whether *value* is what some method of the portal sends for "no value"."""
    return value is None or value is False or value == "" or value == [] or value == {}


def opened(annotation: Any) -> Any:
    """The annotation with the types of its values in the place of a ``Literal``.

    Portals are newer than any list of values: what they send is taken, what a program writes is held to the list.
    """
    base, optional = without_none(annotation)
    if get_origin(base) is Literal:
        first: Any = get_args(base)[0]
        plain: Any = str if isinstance(first, str) else int  # all values of a field are of one kind
    elif get_origin(base) is list and get_args(base) and get_origin(get_args(base)[0]) is Literal:
        element: Any = opened(get_args(base)[0])
        plain = list[element]
    else:
        return annotation
    return plain | None if optional and plain is not Any else plain


def without_none(annotation: Any) -> tuple[Any, bool]:
    """The annotation without None, and whether None was among it."""
    if get_origin(annotation) in (Union, types.UnionType):
        members = [a for a in get_args(annotation) if a is not type(None)]
        if len(members) == 1:
            return members[0], True
        return annotation, len(members) < len(get_args(annotation))
    return annotation, False


class Lenient:
    """Marks an annotation for reading from a portal: documented oddities get the typed value that they stand for.

    Args:
        annotation: the type of the field.
        reference: whether the field holds ids of other objects, where 0 means none.
    """

    __slots__ = ("_annotation", "_reference")

    def __init__(self, annotation: Any, *, reference: bool = False) -> None:
        self._annotation = annotation
        self._reference = reference

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        base, optional = without_none(self._annotation)
        if get_origin(base) is list and get_args(base):
            return self._list(get_args(base)[0], optional, handler)
        proper = _proper(base, handler, least=1 if self._reference and optional else None)
        if optional:
            proper = core_schema.nullable_schema(proper)
        return _else(proper, core_schema.no_info_plain_validator_function(_reading(base, optional=optional)))

    def _list(self, element: Any, optional: bool, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Elements that stand for nothing are refused first, and then left out."""
        proper = core_schema.list_schema(_proper(element, handler, least=1 if self._reference else None, empty=False))
        shape = _listed_references if self._reference else _listed
        repaired = core_schema.chain_schema([core_schema.no_info_plain_validator_function(shape), proper])
        return _else(core_schema.nullable_schema(proper) if optional else proper, repaired)


def _else(proper: CoreSchema, otherwise: CoreSchema) -> CoreSchema:
    return core_schema.union_schema([proper, otherwise], mode="left_to_right")


def _proper(base: Any, handler: GetCoreSchemaHandler, *, least: int | None, empty: bool = True) -> CoreSchema:
    """The schema of a value as it should be, without what Pydantic would make of numbers, flags and empty text.

    Args:
        least: the smallest number that a number may be.
        empty: whether text may be empty.
    """
    if base is int:  # Pydantic takes true and false for 1 and 0
        text = core_schema.str_schema(strict=True, coerce_numbers_to_str=False)
        other = core_schema.chain_schema(
            [_else(text, core_schema.float_schema(strict=True)), core_schema.int_schema(ge=least)]
        )
        return _else(core_schema.int_schema(strict=True, ge=least), other)
    if base is str and not empty:
        return core_schema.str_schema(min_length=1)
    if base is date:
        return core_schema.no_info_plain_validator_function(date_part)
    if base is datetime:  # Pydantic takes numbers for seconds since 1970
        text = core_schema.str_schema(strict=True, coerce_numbers_to_str=False, pattern=r"^\d{4}-")
        plain = core_schema.no_info_plain_validator_function(_with_plain_zone)
        return core_schema.chain_schema([text, core_schema.datetime_schema(), plain])
    if base is File:
        return core_schema.no_info_before_validator_function(_present, handler.generate_schema(base))
    return handler.generate_schema(base)


def date_part(value: Any) -> date:
    """A bare date comes as midnight shifted by the server's offset; only its date part means anything.

    Raises:
        ValueError: it is no date.
    """
    if not isinstance(value, str) or value[10:11] not in ("", "T", " "):
        raise ValueError("not a date")
    return date.fromisoformat(value[:10])


def _with_plain_zone(moment: datetime) -> datetime:
    """With the standard library's time zone in the place of Pydantic's own, so that all rows have the same."""
    offset = moment.utcoffset()
    return moment if offset is None else moment.replace(tzinfo=timezone(offset))


def _present(value: Any) -> Any:
    if _is_nothing(value) or value in (True, 0, "0"):
        raise ValueError("no file")
    return value


def _reading(base: Any, *, optional: bool) -> Callable[[Any], Any]:
    """What an improper value stands for, if it stands for anything."""
    empty = None if optional else _EMPTY.get(base)
    may_be_empty = optional or base in _EMPTY

    def read(value: Any) -> Any:
        if may_be_empty and (_is_nothing(value) or (base in _ZEROS and _is_zero(base, value))):
            return empty
        if base is int and isinstance(value, int | str) and not isinstance(value, bool):
            return int(value)  # a reference below zero: odd, but an id
        raise ValueError("does not fit")

    return read


_ZEROS = (int, date, datetime, File)


def _is_zero(base: Any, value: Any) -> bool:
    """Whether *value*, which is no proper one, is a zero: no reference, no date, no file."""
    if base in (int, File):
        return not isinstance(value, bool) and value in (0, "0")
    return isinstance(value, str) and value.startswith(ZERO_DATES)


def _listed(value: Any) -> list[Any]:
    """The elements of whatever PHP made of a list."""
    if _is_nothing(value):
        return []
    if is_mapping(value) and all(str(key).isdigit() for key in value):  # a list with holes
        value = list(value.values())
    return [item for item in value if not _is_nothing(item)] if is_list(value) else [value]


def _listed_references(value: Any) -> list[Any]:
    return [item for item in _listed(value) if item not in (0, "0")]
