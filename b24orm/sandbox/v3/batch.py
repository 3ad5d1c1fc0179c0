"""The ``batch`` of REST 3.0: a list of calls, all of which succeed, or of which the first error is all there is.

Facts: api-reference/rest-v3.md, "Batch call", and settings/how-to-call-rest-api, "How to Execute Batch Requests in
REST 3.0". Names of methods are checked before anything runs; what ran before an error has run. The documentation says
nothing about a size; there is no limit here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from b24orm.sandbox.limits import Hit
from b24orm.sandbox.php import as_map, entries, is_array
from b24orm.sandbox.state import State
from b24orm.sandbox.v3.desk import run
from b24orm.sandbox.v3.methods import METHODS
from b24orm.sandbox.v3.references import resolve
from b24orm.sandbox.v3.refusals import invalid_select, method_not_found

__all__ = ["Batch"]


@dataclass(frozen=True, slots=True)
class _Command:
    alias: str
    method: str
    query: Any


@dataclass(slots=True)
class Batch:
    """One batch: its commands, those that were run, and what they answered."""

    state: State
    hit: Hit
    ran: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def results(self, body: Any) -> list[Any]:
        """Run the commands in their order, unless they take longer than a request may; returns their results.

        Raises:
            Refusal: the body is no batch, a method is unknown, or a command failed.
        """
        commands = _commands(body)
        context: dict[str, Any] = {}
        found: list[Any] = []
        self.hit.modelled += self.state.delays.get("batch", 0.0)
        for index, command in enumerate(commands):
            if self.hit.modelled > self.state.options.request_timeout:
                break  # the portal has given up on the request; what ran has run
            name = command.method
            self.ran.append((command.alias, name))
            params = dict(as_map(resolve(command.query, context)))
            answer, _ = run(self.state, self.hit, METHODS[name], name, params, index, meter="batch")
            found.append(answer.result)
            context |= _remembered(command.alias, answer.result)
        return found


def _commands(body: Any) -> list[_Command]:
    commands: list[_Command] = []
    for key, item in entries(body):
        said = as_map(item)
        method, query = said.get("method"), said.get("query")
        if not isinstance(item, dict) or not isinstance(method, str) or not is_array(query):
            raise invalid_select(body)
        alias = said.get("as", key)
        if any(alias == other.alias for other in commands):
            raise invalid_select(body)
        commands.append(_Command(str(alias), method, query))
    if not commands:
        raise invalid_select(body)
    for command in commands:
        if command.method not in METHODS or command.method == "batch":
            raise method_not_found(command.method, 400)
    return commands


def _remembered(alias: str, result: Any) -> dict[str, Any]:
    """What later commands can refer to: the content of ``item`` or ``items``, unless it is empty."""
    held = cast("dict[str, Any]", result) if isinstance(result, dict) else {}
    content = held.get("item") or held.get("items")
    return {alias: content} if content else {}
