"""Parameters on the wire of REST 3.0, which takes JSON and nothing else, and holds each value to its type.

==============  ==================================================================================
Python          wire
==============  ==================================================================================
``True/False``  ``true`` / ``false``
``None``        ``null``, which clears a field
``Decimal``     a number, where a JSON number holds it exactly; else its digits as text
``datetime``    ISO 8601 in whole seconds, with its offset; without a zone it is refused, since the portal does so
==============  ==================================================================================

Sources: ``api-reference/rest-v3.md`` (filters, types of values) and the samples of ``api-reference/tasks/``.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from b24orm.errors import InvalidValue
from b24orm.narrow import is_mapping, is_sequence

__all__ = ["json_v3", "number"]

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def json_v3(value: Any, where: str = "params") -> Any:
    """*value* with every part spelled as REST 3.0 wants it. Members of enumerations stand for their values.

    Raises:
        InvalidValue: a part that no method could understand; the message names its place.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return json_v3(value.value, where)
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int):
        return int(value)
    if is_mapping(value):
        return {_text(str(key), where): json_v3(item, f"{where}[{key}]") for key, item in value.items()}
    if is_sequence(value):
        return [json_v3(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Decimal | float):
        if not math.isfinite(value):
            raise InvalidValue(f"{where}: {value} cannot be sent to the portal")
        return number(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidValue(f"{where}: REST 3.0 takes times with a time zone only, not {value.isoformat()}")
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    raise InvalidValue(f"{where}: {type(value).__name__} cannot be sent to the portal")


def number(value: Decimal | float) -> int | float | str:
    """A number that JSON holds exactly, else its digits."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if exact == exact.to_integral_value():
        return int(exact)
    return float(exact) if Decimal(repr(float(exact))) == exact else format(exact, "f")


def _text(value: str, where: str) -> str:
    if _LONE_SURROGATE.search(value):
        raise InvalidValue(f"{where}: half of a surrogate pair is no text, and cannot be sent to the portal")
    return str.__str__(value)
