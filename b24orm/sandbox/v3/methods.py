"""The methods of REST 3.0 that the sandbox serves, by the names that they are called by. Case matters."""

from __future__ import annotations

from collections.abc import Mapping

from b24orm.sandbox.state import Answer
from b24orm.sandbox.v3 import eventlog, notes, results, service, tasks, timeman
from b24orm.sandbox.v3.method import Method, Shape

__all__ = ["METHODS"]

_SHORT = {"documentation": "rest.documentation.openapi", "scopes": "rest.scope.list"}
_BATCH = Method(
    "batch",
    lambda state, params: Answer(None),  # is not run as a method, only described as one
    answer=Shape({"type": "array", "items": {}}),
    title="Call Methods in a Batch",
)


def _served() -> dict[str, Method]:
    families = (tasks, results, eventlog, timeman, notes, service)
    found = {method.name: method for family in families for method in family.METHODS}
    return found | {short: found[name] for short, name in _SHORT.items()} | {"batch": _BATCH}


METHODS: Mapping[str, Method] = _served()
"""All methods; ``batch`` among them, which is served apart."""

service.SERVED.update(METHODS)
