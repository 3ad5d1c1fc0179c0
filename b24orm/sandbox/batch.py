"""The classic ``batch``: up to 50 commands, run in order, whose values may refer to earlier results.

Facts: settings/how-to-call-rest-api/batch.md and section 5 of the behaviour notes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from b24orm.sandbox.desk import run
from b24orm.sandbox.limits import Hit
from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import PhpArray, as_map, entries, is_array, parse_str, shape, strval, truthy
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.rows import Rows
from b24orm.sandbox.state import State

__all__ = ["MAX_COMMANDS", "BatchRun", "resolve", "run_batch"]

MAX_COMMANDS = 50
_FORBIDDEN = frozenset({"batch", "upload", "download"})
# A macro runs to the next whitespace, so that text glued to its end is lost with it.
_MACRO = re.compile(r"\$(result|error|total|next|time)\[(\S*)")
_SEGMENT = re.compile(r"\[?([^\[\]]*)\]")


@dataclass(slots=True)
class BatchRun:
    """What the commands of one batch answered so far, by key."""

    result: dict[str, Any] = field(default_factory=dict[str, Any])
    error: dict[str, Any] = field(default_factory=dict[str, Any])
    total: dict[str, Any] = field(default_factory=dict[str, Any])
    next: dict[str, Any] = field(default_factory=dict[str, Any])
    time: dict[str, Any] = field(default_factory=dict[str, Any])
    commands: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def answer(self) -> dict[str, Any]:
        """The ``result`` of the batch; each part is a list or a map, as PHP arrays are."""
        return {
            "result": shape(self.result),
            "result_error": shape(self.error),
            "result_total": shape(self.total),
            "result_next": shape(self.next),
            "result_time": shape(self.time),
        }


def run_batch(state: State, hit: Hit, params: dict[str, Any]) -> BatchRun:
    """Run the commands of a batch, unless they take longer than a request may."""
    done = BatchRun()
    halt = truthy(classic(params, "halt"))
    hit.modelled += state.delays.get("batch", 0.0)
    for index, (key, command) in enumerate(entries(classic(params, "cmd"))):
        if hit.modelled > state.options.request_timeout:
            break  # the portal has given up on the request; what ran has run
        if not isinstance(command, str) and index < MAX_COMMANDS:
            continue  # skipped, yet counted
        method, query = _split(strval(command))
        done.commands.append((key, method))
        try:
            if index >= MAX_COMMANDS:
                raise Refusal("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
            if method in _FORBIDDEN:
                raise Refusal("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage", 405)
            answer, took = run(state, hit, method, resolve(parse_str(query), done), index)
        except Refusal as refusal:
            done.error[key] = refusal.body
            if halt:
                break
            continue
        done.result[key] = answer.result
        done.time[key] = took
        if answer.total is not None:
            done.total[key] = answer.total
        if answer.next is not None:
            done.next[key] = answer.next
    return done


def _split(command: str) -> tuple[str, str]:
    """``method?query#fragment`` -> method in lower case, query. It is read as a URL, so a bare ``#`` ends it."""
    method, _, query = command.partition("#")[0].partition("?")
    return method.strip("/ ").lower(), query


def resolve(value: Any, done: BatchRun) -> Any:
    """*value* with its macros replaced; keys are left alone."""
    if isinstance(value, str):
        return _text(value, done) if "$" in value else value
    if is_array(value):
        resolved = PhpArray()
        for key, item in entries(value):
            resolved[key] = resolve(item, done)
        return resolved
    return value


def _text(text: str, done: BatchRun) -> Any:
    whole = _MACRO.fullmatch(text)
    if whole is not None:
        return _walk(whole, done)  # keeps its type: arrays pass through

    def substitute(macro: re.Match[str]) -> str:
        found = _walk(macro, done)
        # Inside other text only strings and numbers are put in; otherwise the text stays.
        if isinstance(found, str) or (isinstance(found, int | float) and not isinstance(found, bool)):
            return strval(found)
        return macro[0]

    return _MACRO.sub(substitute, text)


def _walk(macro: re.Match[str], done: BatchRun) -> Any:
    """Follow the path of a macro; where it cannot be followed, the deepest value reached is what it yields.

    A value that is null counts as absent, as PHP's ``isset`` has it; of a text, a number is the place of a character.
    """
    node: Any = getattr(done, macro[1])
    for segment in _SEGMENT.findall("[" + macro[2]):
        if isinstance(node, Rows) and segment.isdigit() and int(segment) < len(node):
            node = node[int(segment)]
        elif is_array(node) and as_map(node).get(segment) is not None:
            node = as_map(node)[segment]
        elif isinstance(node, str) and segment.isascii() and segment.isdigit() and int(segment) < len(node):
            node = node[int(segment)]
        else:
            break
    return node  # rows stay unread: an overshot chain hands on all results of its batch, and must cost next to nothing
