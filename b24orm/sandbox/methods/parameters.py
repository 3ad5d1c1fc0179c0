"""How the families of methods find their parameters."""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.php import entries, intval, is_array, strval
from b24orm.sandbox.refusal import Refusal

__all__ = ["array", "classic", "classic_array", "classic_fields", "classic_id", "names", "required"]


def classic(params: dict[str, Any], name: str) -> Any:
    """A parameter of a classic method: found whatever its case; None if absent."""
    if name in params:
        return params[name]
    return next((value for key, value in params.items() if key.lower() == name), None)


def classic_id(params: dict[str, Any]) -> int:
    """The ``id`` of a classic method: a positive integer, or the portal's refusal."""
    value = intval(classic(params, "id"))
    if value <= 0:
        raise Refusal("", "ID is not defined or invalid.")
    return value


def classic_array(params: dict[str, Any], name: str) -> Any:
    """A filter, an order or the like of a classic method; empty if absent."""
    value = classic(params, name)
    if value is None or value == "":
        return {}
    if not is_array(value):
        raise Refusal("", f"Parameter '{name}' must be array.")
    return value


def classic_fields(params: dict[str, Any]) -> Any:
    """The ``fields`` of a classic method."""
    fields = classic(params, "fields")
    if not is_array(fields):
        raise Refusal("", "Parameter 'fields' must be array.")
    return fields


def names(value: Any) -> set[str]:
    """The names that a select lists. An empty list arrives in a query string as a list of one empty text."""
    return {strval(name) for _, name in entries(value)} - {""}


def required(params: dict[str, Any], name: str) -> Any:
    """A parameter that a controller cannot do without; controllers heed the case of names."""
    if params.get(name) is None:
        raise Refusal("100", f"Could not find value for parameter {{{name}}}")
    return params[name]


def array(params: dict[str, Any], name: str) -> Any:
    """A filter, an order or the like of a controller; empty if absent."""
    value = params.get(name)
    if value is None or value == "":
        return {}
    if not is_array(value):
        raise Refusal(
            "100", f"Invalid value {{{value}}} to match with parameter {{{name}}}. Should be value of type array."
        )
    return value
