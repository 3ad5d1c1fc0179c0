"""Core schemas of single values: what portals usually send is read without Python, straight from JSON too.

`Lenient` decides what a value means: a schema here takes only values that it reads in the same way, and hands it the
others.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter
from pydantic_core import CoreSchema, core_schema

from b24orm.model.oddities import ZERO_DATES, Lenient, date_part, without_none

__all__ = ["value_schema"]


def value_schema(annotation: Any, *, reference: bool, digits: bool) -> CoreSchema:
    """Reads one value of a field, from JSON or from Python.

    Args:
        annotation: the type of the field.
        reference: whether the field holds ids of other objects, where 0 means none.
        digits: whether the portal writes numbers as text; what comes most is tried first.
    """
    if annotation is Any:
        return core_schema.any_schema()
    base, optional = without_none(annotation)
    if get_origin(base) is list and get_args(base):
        usual = _list(get_args(base)[0], reference=reference, digits=digits)
    else:
        usual = _usual(base, optional=optional, least=1 if reference and optional else None, digits=digits)
    odd = core_schema.no_info_plain_validator_function(_odd(annotation, reference=reference))
    schema = core_schema.union_schema([*usual, odd], mode="left_to_right")
    return core_schema.nullable_schema(schema) if optional else schema


def _usual(base: Any, *, optional: bool, least: int | None, digits: bool) -> list[CoreSchema]:
    """The schemas that read a value which is usual for its type, the likeliest first."""
    if base is int:
        text = core_schema.chain_schema([_TEXT, core_schema.int_schema(ge=least)])
        number = core_schema.int_schema(strict=True, ge=least)
        nothing = _nothing("") if least is None else _nothing(0, "0", "")
        numbers: list[CoreSchema] = [text, number] if digits else [number, text]
        return [numbers[0], nothing, numbers[1]] if optional else numbers
    if base is date:
        day = core_schema.no_info_plain_validator_function(_day_if_any if optional else _day)
        usual: CoreSchema = core_schema.chain_schema([_TEXT, day])
    elif base is datetime:  # Pydantic takes numbers, as text too, for seconds since 1970
        moment = core_schema.str_schema(strict=True, coerce_numbers_to_str=False, pattern=_MOMENT)
        usual = core_schema.chain_schema([moment, core_schema.no_info_plain_validator_function(datetime.fromisoformat)])
    elif base in _SIMPLE:
        usual = _SIMPLE[base]
    else:
        return []
    return [usual, _nothing("")] if optional and base in (Decimal, datetime) else [usual]


def _list(element: Any, *, reference: bool, digits: bool) -> list[CoreSchema]:
    """The schemas of a list of which every element is usual."""
    if element is Any:
        return [core_schema.list_schema()]
    if element is str:
        return [core_schema.list_schema(core_schema.str_schema(strict=True, coerce_numbers_to_str=False, min_length=1))]
    usual = _usual(element, optional=False, least=1 if reference else None, digits=digits)
    return [core_schema.list_schema(schema) for schema in usual] or [core_schema.list_schema(max_length=0)]


_MOMENT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$"

_TEXT = core_schema.str_schema(strict=True, coerce_numbers_to_str=False)

_SIMPLE: dict[Any, CoreSchema] = {
    bool: core_schema.bool_schema(),
    str: _TEXT,
    float: core_schema.float_schema(strict=True),
    Decimal: core_schema.decimal_schema(),
}


def _none(_: Any) -> None:
    return None


def _nothing(*spellings: int | str) -> CoreSchema:
    """Reads these values as None. Not False: a literal of it takes 0 as well."""
    none = core_schema.no_info_plain_validator_function(_none)
    return core_schema.chain_schema([core_schema.literal_schema(list(spellings)), none])


# The rows of a portal share few dates: a dictionary finds one in half the time that it takes to read it.
@lru_cache(maxsize=8192)
def _day(text: str) -> date:
    return date_part(text)


@lru_cache(maxsize=8192)
def _day_if_any(text: str) -> date | None:
    return None if not text or text.startswith(ZERO_DATES) else date_part(text)


def _odd(annotation: Any, *, reference: bool) -> Callable[[Any], Any]:
    """Reads any value as `Lenient` does. What it needs is built when the first odd value comes."""
    adapters: list[TypeAdapter[list[Any]]] = []

    def read(value: Any) -> Any:
        if not adapters:
            element: Any = Annotated[annotation, Lenient(annotation, reference=reference)]
            several: Any = list[element]
            adapters.append(TypeAdapter(several, config=ConfigDict(coerce_numbers_to_str=True)))
        return adapters[0].validate_python([value])[0]

    return read
