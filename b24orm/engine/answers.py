"""The words of a batch: how its commands are called, and how its answer is taken apart."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from b24orm.command import Command, Outcome, Response
from b24orm.engine.work import Work
from b24orm.errors import B24OrmError, NotFound, OutcomeUnknown, PortalError, TransportError
from b24orm.transport import Envelope, as_map, expired, portal_error, retryable

__all__ = [
    "BatchAnswer",
    "barred",
    "done_before",
    "halts",
    "keys_of",
    "left_out",
    "lost",
    "nothing_ran",
    "reason_of",
    "succeeded",
]


def halts(batch: list[Work]) -> bool:
    """Whether the portal should stop at the first failure.

    A chain that comes short is over, and what follows would only be refused; but others must not suffer from it.
    """
    first = batch[0]
    return first.halt if first.halt is not None else len(batch) == 1 and first.chained


def keys_of(batch: list[Work]) -> list[list[str]]:
    """Names of the commands of a batch; never numbers, of which PHP would make a list."""
    number = 0
    names: list[list[str]] = []
    for work in batch:
        mine: list[str] = []
        for command in work.sent:
            mine.append(command.key if work.chained and command.key else f"q{number}")
            number += 1
        names.append(mine)
    return names


def succeeded(result: Any, total: int | None, following: int | None, time: Any) -> Outcome:
    """The outcome of a command that was answered."""
    return Outcome("ok", response=Response(result, total, following, as_map(time)))


def done_before(work: Work, outcome: Outcome) -> bool:
    """Whether *outcome* of a deletion says "no such row" because an earlier attempt, whose answer was lost, ran."""
    gone = work.doubtful and len(work.commands) == 1 and work.commands[0].replay == "gone"
    return gone and isinstance(outcome.error, NotFound)


def lost(command: Command, error: PortalError | TransportError, *, doubtful: bool = False) -> Outcome:
    """The outcome of a command that failed for good, with its request or alone.

    Args:
        doubtful: whether it may have run at an earlier attempt.
    """
    if (doubtful or retryable(error) == "reads") and not command.replay_safe:
        what = "the portal broke off" if isinstance(error, PortalError) else "its answer was lost"
        cause = OutcomeUnknown(
            f"{command.method} was sent and {what} ({error}); it may have run, and is not sent again"
        )
        return Outcome("unknown", error=cause)
    unsent = isinstance(error, TransportError) and not error.sent
    return Outcome("not_executed" if unsent else "failed", error=error)


def barred(work: Work, error: B24OrmError) -> list[Outcome]:
    """The outcomes of *work* that could not leave (again), as nothing lets it in."""
    if not work.doubtful or not isinstance(error, PortalError | TransportError):
        return [Outcome("not_executed", error=error) for _ in work.commands]
    return [lost(command, error, doubtful=True) for command in work.commands]


def nothing_ran(outcomes: Sequence[Outcome]) -> bool:
    """Whether a chain was refused as a whole because the access token had expired."""
    return all(expired(outcome.error) or outcome.status == "not_executed" for outcome in outcomes)


def left_out(command: Command) -> Outcome:
    """The outcome of a command of a chain that was not sent along."""
    return Outcome("not_executed", error=B24OrmError(f"{command.method}: not sent, to keep the request short"))


def reason_of(error: B24OrmError) -> str:
    """Why something has to be sent again, in a word or two."""
    if isinstance(error, PortalError):
        return error.code or f"HTTP {error.status}"
    if not isinstance(error, TransportError):
        return "other"
    if error.timed_out:
        return "timeout"
    if not error.sent:
        return "not connected"
    if error.status is None:
        return "connection lost"
    return f"HTTP {error.status}" if error.status >= 300 else "broken answer"


class BatchAnswer:
    """The answer of a batch, taken apart; PHP sends an empty map as ``[]`` and a numbered one as a list.

    Args:
        envelope: the answer.
        halt: whether the portal was to stop at the first failure.
        redact: removes the secrets from a text of the portal's.
    """

    def __init__(self, envelope: Envelope, *, halt: bool, redact: Callable[[str], str]) -> None:
        self._halt = halt
        self._redact = redact
        body = as_map(envelope.result)
        self._results = as_map(body.get("result"))
        self._errors = as_map(body.get("result_error"))
        self._totals = as_map(body.get("result_total"))
        self._nexts = as_map(body.get("result_next"))
        self._times = as_map(body.get("result_time"))

    def outcome(self, key: str, command: Command) -> Outcome:
        """What became of the command called *key*."""
        if key in self._errors:
            return lost(command, _error(self._errors[key], command.method, self._redact))
        if key in self._results:
            return succeeded(
                self._results[key], _number(self._totals.get(key)), _number(self._nexts.get(key)), self._times.get(key)
            )
        if self._halt and self._errors:
            return Outcome(
                "not_executed", error=B24OrmError(f"{command.method}: not executed, a command before it failed")
            )
        return lost(command, TransportError(f"the portal's answer leaves {command.method} of a batch out"))


def _error(value: Any, method: str, redact: Callable[[str], str]) -> PortalError:
    body = as_map(value) if isinstance(value, dict | list) else {"error": value}
    code, description = body.get("error", ""), body.get("error_description", "")
    return portal_error(redact(str(code)), redact(str(description or "")), status=200, method=method)


def _number(value: Any) -> int | None:
    if value is None or isinstance(value, bool):
        return None
    with contextlib.suppress(TypeError, ValueError):
        return int(value)
    return None
