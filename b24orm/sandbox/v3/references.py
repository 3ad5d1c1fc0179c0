"""References in a batch of REST 3.0: values of earlier results, in their own types.

Facts: settings/how-to-call-rest-api, "How to Execute Batch Requests in REST 3.0". A path that leads nowhere, or to
null, fails the whole batch.
"""

from __future__ import annotations

from typing import Any, cast

from b24orm.sandbox.php import entries
from b24orm.sandbox.rows import is_list
from b24orm.sandbox.v3.refusals import invalid_select

__all__ = ["resolve"]


def resolve(value: Any, context: dict[str, Any]) -> Any:
    """*value* with its references replaced: ``{"$ref": path}`` and ``{"$refArray": path}``.

    Raises:
        Refused: there is nothing at a path.
    """
    if is_list(value):
        return [resolve(item, context) for item in value]
    if not isinstance(value, dict):
        return value
    said = cast("dict[str, Any]", value)
    if isinstance(said.get("$ref"), str):
        return _found(said["$ref"], said["$ref"], context)
    if isinstance(said.get("$refArray"), str):
        return _column(said["$refArray"], context)
    return {key: resolve(item, context) for key, item in said.items()}


def _column(path: str, context: dict[str, Any]) -> list[Any]:
    """One field of each row of a list."""
    rows, dot, name = path.rpartition(".")
    held = _found(rows, path, context) if dot else None
    if not is_list(held):
        raise invalid_select(f"Path '{path}' not found in context")
    return [item[name] for item in held if isinstance(item, dict) and name in item]


def _found(path: str, said: str, context: dict[str, Any]) -> Any:
    node: Any = context
    for part in path.split("."):
        node = dict(entries(node)).get(part)
        if node is None:
            raise invalid_select(f"Path '{said}' not found in context")
    return node
