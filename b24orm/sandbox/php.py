"""How PHP reads a query string and turns values into other types: the portal's own view of what a client sent.

Written from the PHP manual (``parse_str``, type juggling), independently of what the client side of b24orm does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote_plus

from b24orm.sandbox.rows import Rows, is_list

__all__ = [
    "MAX_INPUT_VARS",
    "PhpArray",
    "as_map",
    "entries",
    "floatval",
    "intval",
    "is_array",
    "parse_str",
    "shape",
    "shaped",
    "strval",
    "truthy",
]

MAX_INPUT_VARS = 1000
"""PHP's ``max_input_vars``: variables beyond it are dropped."""
_MAX_NESTING = 64  # PHP's max_input_nesting_level

_INT = re.compile(r"\s*([+-]?\d+)(?![\d.eE])")
_FLOAT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_INT_KEY = re.compile(r"0|-?[1-9]\d{0,18}")
_INT64 = 2**63


class PhpArray(dict[str, Any]):
    """A PHP array: an ordered map that knows the index its next ``[]`` gets. Integer keys are held as digits."""

    next_index: int = 0

    def put(self, key: str, value: Any) -> None:
        """``$array[$key] = $value``."""
        if _INT_KEY.fullmatch(key) and int(key) >= self.next_index:
            self.next_index = int(key) + 1
        self[key] = value

    def push(self, value: Any) -> None:
        """``$array[] = $value``."""
        self.put(str(self.next_index), value)


def parse_str(query: str, *, limit: int = MAX_INPUT_VARS) -> PhpArray:
    """Decode *query* as PHP's ``parse_str`` does: brackets nest, the first ``=`` ends the key, values are strings."""
    result = PhpArray()
    count = 0
    for part in query.split("&"):
        if not part:
            continue
        count += 1
        if count > limit:
            break
        raw_key, _, raw_value = part.partition("=")
        path = _key_path(_decoded(raw_key))
        if path is not None:
            _assign(result, path, _decoded(raw_value))
    return result


def _decoded(text: str) -> str:
    # PHP's strings are bytes: those that are no UTF-8 are kept, and it is the answer that cannot hold them.
    return unquote_plus(text, errors="surrogateescape") if "%" in text or "+" in text else text


def _key_path(key: str) -> list[str] | None:
    """``a[b][]`` -> ``["a", "b", ""]``; None for a name that PHP ignores."""
    key = key.lstrip(" ").partition("\0")[0]
    if not key:
        return None
    start = key.find("[", 1)
    # A name may not hold a dot, a space or a leading bracket: PHP turns them into underscores.
    name = _plain(key if start < 0 else key[:start])
    path = [name]
    at = start
    while 0 <= at < len(key) and key[at] == "[":
        end = key.find("]", at + 1)
        if end < 0:
            if len(path) == 1:  # an unclosed bracket is part of the name
                path[0] = name + "_" + key[at + 1 :]
            break
        path.append(key[at + 1 : end].lstrip(" "))
        at = end + 1
    return path if len(path) <= _MAX_NESTING else None


def _plain(name: str) -> str:
    if name.startswith("["):
        name = "_" + name[1:]
    return name.replace(".", "_").replace(" ", "_")


def _assign(root: PhpArray, path: list[str], value: str) -> None:
    node = root
    for key in path[:-1]:
        child = node.get(key) if key else None
        if not isinstance(child, PhpArray):
            child = PhpArray()
            if key:
                node.put(key, child)
            else:
                node.push(child)
        node = child
    if path[-1] or len(path) == 1:
        node.put(path[-1], value)
    else:
        node.push(value)


def is_array(value: Any) -> bool:
    """Whether *value* is what PHP would call an array: a list or a map."""
    return isinstance(value, dict | list | Rows)


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """The keys and values of a PHP array, in order; a list has its indexes as keys."""
    if isinstance(value, dict):
        yield from cast("dict[str, Any]", value).items()
    elif is_list(value) or isinstance(value, Rows):
        for index, item in enumerate(value):
            yield str(index), item


def as_map(value: Any) -> dict[str, Any]:
    """*value* as a map; an empty one if it is no array."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else dict(entries(value))


def shape(value: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """How PHP's ``json_encode`` writes the array: keys that are exactly 0..n-1, or none at all, make it a list."""
    if all(key == str(index) for index, key in enumerate(value)):
        return list(value.values())
    return value


def shaped(value: Any) -> Any:
    """*value* as ``json_encode`` writes it at every depth: what came as a list by a form is a list again."""
    return shape({key: shaped(item) for key, item in entries(value)}) if is_array(value) else value


def intval(value: Any) -> int:
    """PHP's ``(int)``: leading digits of a string, 1 for an array with anything in it; saturates at 64 bits."""
    if isinstance(value, bool | int):
        return max(-_INT64, min(_INT64 - 1, int(value)))
    if isinstance(value, str):
        whole = _INT.match(value)
        if whole:
            return max(-_INT64, min(_INT64 - 1, int(whole[1])))
    if is_array(value):
        return 1 if value else 0
    number = floatval(value)
    return int(number) if abs(number) < _INT64 else 0


def floatval(value: Any) -> float:
    """PHP's ``(float)``: the leading number of a string, 0 if it has none."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        number = _FLOAT.match(value)
        return float(number[1]) if number else 0.0
    return float(bool(value))


def strval(value: Any) -> str:
    """PHP's ``(string)``: null and false are empty, true is ``1``, an array is the word ``Array``."""
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if is_array(value):
        return "Array"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def truthy(value: Any) -> bool:
    """PHP's ``(bool)``: the string ``0`` is false, the word ``false`` is true."""
    return value != "0" if isinstance(value, str) and value else bool(value)
