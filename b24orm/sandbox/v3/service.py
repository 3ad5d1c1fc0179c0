"""``rest.scope.list`` and ``rest.documentation.openapi``: what REST 3.0 says about itself.

Facts: api-reference/rest-v3.md; the shape of the scopes is that of the official PHP client's issue 408. Both have short
names, ``scopes`` and ``documentation``. Scopes do not filter what is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24orm.sandbox.php import strval
from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.v3.method import Method, Shape, optional
from b24orm.sandbox.v3.openapi import document

__all__ = ["METHODS", "SERVED"]

SERVED: dict[str, Method] = {}
"""All methods by the names that they are called by, filled once they are known."""

_FILTERS = {"filterModule": 0, "filterController": 1, "filterMethod": 2}


def _scopes(state: State, params: dict[str, Any]) -> Answer:
    """Module, controller, method, each of the names inside the one before; a filter keeps those of one name."""
    del state
    found: dict[str, dict[str, dict[str, Any]]] = {}
    wanted = {place: strval(params[name]) for name, place in _FILTERS.items() if params.get(name)}
    for name, method in SERVED.items():
        parts = name.split(".")
        if len(parts) < 3 or name != method.name:
            continue  # batch and the short names are no controllers' methods
        path = (parts[0], ".".join(parts[1:-1]), parts[-1])
        if any(path[place] != value for place, value in wanted.items()):
            continue
        leaf = {"scope": name, "title": method.title, "description": method.title, "fields": None}
        found.setdefault(path[0], {}).setdefault(path[1], {})[path[2]] = leaf
    return Answer(found)


def _document(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    return Answer(document(SERVED))


_ANY: Mapping[str, Any] = {"type": "object"}

METHODS = (
    Method(
        "rest.scope.list",
        _scopes,
        tuple(optional(name, "string") for name in _FILTERS),
        Shape(_ANY),
        title="Get Scopes of Methods",
    ),
    Method("rest.documentation.openapi", _document, (), Shape(_ANY), bare=True, title="Get OpenAPI Document"),
)
"""Methods about REST itself."""
