"""Parameters on the wire: one meaning, two forms.

A command may travel alone (a JSON body) or in a batch (a PHP query string), and must mean the same in both. A query
string knows only strings, so both forms send the same spellings:

==============  ==================================================================================
Python          wire
==============  ==================================================================================
``True/False``  ``Y`` / ``N``, the portal's own spelling (pass 1 or 0 where a method wants those)
``None``        an empty string, which clears a field; PHP's own encoder would drop the parameter
``[]``          an empty list; ``key[]=`` in a query string
``Decimal``     its digits, never an exponent
``datetime``    ISO 8601; with its offset if it is aware, in the portal's own zone if not
==============  ==================================================================================

Source: https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html and PHP's parse_str.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from b24orm.errors import InvalidValue
from b24orm.narrow import is_list, is_mapping, is_sequence

__all__ = ["MAX_VARIABLES", "batchable", "json_ready", "query_string"]

# PHP reads at most 1000 variables of a query string (max_input_vars) and drops the rest without a word.
MAX_VARIABLES = 900
# Longer texts (files, as base64) travel alone: a few of them make a request that the portal's front refuses.
MAX_TEXT = 100_000
# Deeper nesting than 64 (max_input_nesting_level) is dropped likewise.
_MAX_DEPTH = 50

# The portal replaces these inside a batch by earlier results, whatever their case; there is no way to escape them.
_MACRO = re.compile(r"\$(?:result|next|total|time|error)\S*\[", re.IGNORECASE | re.ASCII)
# Names that parse_str would cut short or mangle: the name of a variable, and a key inside brackets.
_BAD_NAME = re.compile(r"[ .\[\0$]|^$")
_BAD_KEY = re.compile(r"[\]\0$]|^\s|^$")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def json_ready(value: Any, where: str = "params") -> Any:
    """*value* with every part spelled as the wire wants it. Members of enumerations stand for their values.

    Raises:
        InvalidValue: a part that no REST method could understand; the message names its place.
    """
    if _is_plain(value):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, Enum):
        return json_ready(value.value, where)
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, int):
        return int(value)
    # Places are put into words only for what may be wrong: most values are plain.
    if is_mapping(value):
        return {
            (key if _is_plain(key) and isinstance(key, str) else _text(str(key), where)): (
                item if _is_plain(item) else json_ready(item, f"{where}[{key}]")
            )
            for key, item in value.items()
        }
    if is_sequence(value):
        return [item if _is_plain(item) else json_ready(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Decimal | float):
        return _number(value, where)
    if isinstance(value, date):  # a datetime is a date too
        return value.isoformat()
    raise InvalidValue(f"{where}: {type(value).__name__} cannot be sent to the portal")


def _is_plain(value: Any) -> bool:
    """Whether *value* is spelled as it is, which can be seen at a glance."""
    return type(value) is int or (type(value) is str and value.isascii())


def _text(value: str, where: str) -> str:
    if _LONE_SURROGATE.search(value):
        # PHP would not read the body at all, and answer as if no filter had been sent.
        raise InvalidValue(f"{where}: half of a surrogate pair is no text, and cannot be sent to the portal")
    return str.__str__(value)


def _number(value: Decimal | float, where: str) -> str:
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if not number.is_finite():
        raise InvalidValue(f"{where}: {value} cannot be sent to the portal")
    return format(number, "f")


def _pairs(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if is_mapping(value):
        if not value:
            yield f"{prefix}[]", ""
        for key, item in value.items():
            yield from _pairs(f"{prefix}[{_quoted(key)}]", item)
    elif is_list(value):
        if not value:
            yield f"{prefix}[]", ""
        for index, item in enumerate(value):
            yield from _pairs(f"{prefix}[{index}]", item)
    elif isinstance(value, int):
        yield prefix, str(value)
    else:
        yield prefix, quote(value, safe="")


@lru_cache(maxsize=2048)
def _quoted(name: str) -> str:
    """A name as it stands in a query string; there are few of them, and they come again and again."""
    return quote(name, safe="")


@lru_cache(maxsize=2048)
def _is_bad_key(key: str) -> bool:
    return _BAD_KEY.search(key) is not None


def query_string(method: str, params: Mapping[str, Any]) -> str:
    """``method?a=1&b[0]=2``: one command of a batch, as PHP's parse_str reads it. *params* must be `json_ready`."""
    pairs = [pair for key, value in params.items() for pair in _pairs(_quoted(key), value)]
    return method + "?" + "&".join(f"{key}={value}" for key, value in pairs) if pairs else method


def _variables(value: Any, depth: int = 1) -> Iterator[Any]:
    """The plain values inside *value*, as PHP counts variables.

    Raises:
        ValueError: a key that parse_str would not read as it is, or too deep a nesting.
    """
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    if is_mapping(value) and value:
        for key, item in value.items():
            if _is_bad_key(key):
                raise ValueError(key)
            yield from _variables(item, depth + 1)
    elif is_list(value) and value:
        for item in value:
            yield from _variables(item, depth + 1)
    else:
        yield value


def batchable(params: Mapping[str, Any], *, chained: bool = False) -> bool:
    """Whether `json_ready` *params* survive a batch unharmed; otherwise the command must travel alone.

    They do not if they hold very long texts, more variables than PHP reads, a name that parse_str would mangle, or
    text that the portal would take for a reference to another result (unless *chained*: then the reference is meant).
    """
    if any(_BAD_NAME.search(name) for name in params):
        return False
    count = size = 0
    try:
        for item in params.values():
            for leaf in _variables(item):
                count += 1
                size += len(leaf) if isinstance(leaf, str) else 0
                if not chained and isinstance(leaf, str) and "$" in leaf and _MACRO.search(leaf):
                    return False
    except ValueError:
        return False
    return count <= MAX_VARIABLES and (chained or size <= MAX_TEXT)
