"""`Work`: commands that travel together and the future that waits for what becomes of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from b24orm.command import Command, Outcome
from b24orm.compiler import batchable, json_ready, json_v3
from b24orm.errors import InvalidValue
from b24orm.transport import PageParser, Secret

__all__ = ["MAX_COMMANDS", "Work", "calls_of"]

MAX_COMMANDS = 50  # https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html


class Work:
    """One command, or a chain that must stay in one batch.

    Attributes:
        commands: what to run.
        params: their parameters, ready for the wire.
        chained: whether later commands refer to the results of earlier ones.
        halt: whether the portal stops at the first of them that fails; None leaves it to the dispatcher.
        alone: whether it shares no request: a batch would harm it, or it is a batch of the user's own. So are calls of
            REST 3.0: they have no place in a classic batch, and in one of their own kind the first failure takes the
            answers of all others along (``api-reference/rest-v3.md``).
        key: the Idempotency-Key of a write of REST 3.0, the same each time it leaves.
        future: gets one outcome per command.
        parser: reads the pages of rows in its answers; None if it is no list.
        most: how many commands may share a request with it, its own included: fewer after a batch that took too long.
        attempts: how often it has left.
        doubtful: whether it may have run already, its answer lost.
        not_before: monotonic time before which it must not leave (again).
        shown: the access token that its last request showed, if it needed one.
        renewals: how often it was sent again because that had expired.
    """

    __slots__ = (
        "_methods",
        "alone",
        "attempts",
        "chained",
        "commands",
        "doubtful",
        "future",
        "halt",
        "key",
        "most",
        "not_before",
        "params",
        "parser",
        "renewals",
        "shown",
    )

    def __init__(
        self,
        commands: Sequence[Command],
        *,
        chained: bool,
        halt: bool | None = None,
        parser: PageParser | None = None,
    ) -> None:
        self.commands = tuple(commands)
        modern = any(command.version == 3 for command in self.commands)
        if modern and len(self.commands) > 1:
            raise InvalidValue(f"{self.commands[0].method}: calls of REST 3.0 make no chain")
        spelled = json_v3 if modern else json_ready
        self.params: tuple[dict[str, Any], ...] = tuple(spelled(command.params) for command in self.commands)
        self.key = next((_key_of(command) for command in self.commands if modern and not command.reads), None)
        self.chained = chained
        self.halt = halt
        self.parser = parser
        self.most = MAX_COMMANDS
        fits = not modern and all(batchable(params, chained=chained) for params in self.params)
        if chained and not fits and len(self.commands) > 1:
            raise InvalidValue(f"a chain of {self.commands[0].method} is too large for a batch")
        self.alone = not fits or halt is not None
        self.attempts = 0
        self.doubtful = False
        self.not_before = 0.0
        self.shown: Secret | None = None
        self.renewals = 0
        self._methods: list[tuple[str, int]] | None = None
        self.future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()

    @property
    def sent(self) -> tuple[Command, ...]:
        """The commands that its next request carries: all of them, or after trouble the beginning of a chain."""
        return self.commands if self.halt is not None else self.commands[: self.most]

    @property
    def methods(self) -> list[tuple[str, int]]:
        """The methods of these commands in lower case, and how many there are of each."""
        if self._methods is not None:
            return self._methods
        counted = list(Counter(command.method.lower() for command in self.sent).items())
        if len(self.commands) == 1:
            self._methods = counted  # asked for again and again while it waits, and never another
        return counted

    @property
    def replay_safe(self) -> bool:
        """Whether all of it may be sent again though it may have run."""
        return all(command.replay_safe for command in self.commands)

    def deliver(self, outcomes: list[Outcome]) -> None:
        """Hands the outcomes to whoever waits, if anyone still does."""
        if not self.future.done():
            self.future.set_result(outcomes)

    def break_off(self, error: BaseException) -> None:
        """Lets whoever waits see *error*."""
        if not self.future.done():
            self.future.set_exception(error)


def _key_of(command: Command) -> str:
    return command.idempotency_key or str(uuid4())


def calls_of(works: Iterable[Work]) -> dict[str, int]:
    """How many calls of each method, in lower case, *works* send."""
    counts: dict[str, int] = {}
    for work in works:
        for method, calls in work.methods:
            counts[method] = counts.get(method, 0) + calls
    return counts
