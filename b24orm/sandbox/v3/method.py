"""What a method of REST 3.0 is: its parameters, which are checked before it runs, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from b24orm.sandbox.caller import Caller
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.v3.dto import Dto, Kind, fits
from b24orm.sandbox.v3.refusals import invalid_request, not_specified, requires_type

__all__ = [
    "ID",
    "NOTHING",
    "SELECT",
    "TRUE",
    "Method",
    "Parameter",
    "Shape",
    "item_of",
    "items_of",
    "optional",
    "required",
]

_FREE = frozenset({"batch", "rest", "documentation", "scopes"})

# The pages of tasks name the scope `tasks`, and tell those who lack it to get `task`; the list of scopes
# (api-reference/scopes/permissions.md) calls the former deprecated. Which of them a portal heeds is not clear: here
# either does.
_SCOPES = {"tasks": frozenset({"tasks", "task"})}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a method, with its type and, for the description, the schema of what it holds."""

    name: str
    kind: Kind
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any])


def required(name: str, kind: Kind, **schema: Any) -> Parameter:
    """A parameter that has to be given."""
    return Parameter(name, kind, required=True, schema=schema)


def optional(name: str, kind: Kind, **schema: Any) -> Parameter:
    """A parameter that may be left out. Its type is up to the method, which knows the error of its own."""
    return Parameter(name, kind, schema=schema)


ID = required("id", "int")
SELECT = optional("select", "array", items={"type": "string"})


@dataclass(frozen=True, slots=True)
class Shape:
    """What a method answers: its schema, and the classes of objects that this names."""

    schema: Mapping[str, Any]
    objects: tuple[Dto, ...] = ()


TRUE = Shape({"type": "object", "properties": {"result": {"type": "boolean"}}})
"""``result: true``."""

NOTHING: dict[str, Any] = {"result": True}
"""What such methods answer."""


def _reference(dto: Dto) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{dto.name}"}


def item_of(dto: Dto) -> Shape:
    """One object."""
    return Shape({"type": "object", "properties": {"item": _reference(dto)}}, (dto,))


def items_of(dto: Dto, **more: Any) -> Shape:
    """A list of objects, and *more* beside it."""
    listed = {"type": "array", "items": _reference(dto)}
    return Shape({"type": "object", "properties": {"items": listed, **more}}, (dto,))


@dataclass(frozen=True, slots=True)
class Method:
    """One method.

    Attributes:
        handler: what runs, once the parameters are there and of their types.
        answer: what ``result`` is.
        writes: whether it creates, changes or deletes something: those heed an Idempotency-Key.
        bare: whether the result is the whole answer.
    """

    name: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    answer: Shape = field(default_factory=lambda: Shape({"type": "object"}))
    writes: bool = False
    bare: bool = False
    title: str = ""

    @property
    def module(self) -> str:
        """The module that it belongs to, which is also the scope that it needs."""
        return self.name.partition(".")[0]

    def allowed(self, caller: Caller) -> bool:
        """Whether the scope of the caller holds it. What is about REST itself needs none."""
        needed = _SCOPES.get(self.module, frozenset({self.module}))
        return caller.scope is None or self.module in _FREE or not needed.isdisjoint(caller.scope)

    def run(self, state: State, params: dict[str, Any]) -> Answer:
        """Answer a call. Raises Refusal for an error answer."""
        wanted = [one for one in self.parameters if one.required]
        problems = [not_specified(one.name) for one in wanted if params.get(one.name) is None]
        problems += [
            requires_type(one.name, one.kind)
            for one in wanted
            if params.get(one.name) is not None and not fits(one.kind, params[one.name])
        ]
        if problems:
            raise invalid_request(*problems)
        return self.handler(state, params)
