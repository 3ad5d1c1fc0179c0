"""Many rows written: created, changed or deleted, 50 a request, in constant memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from typing_extensions import override

from b24orm.command import Command, Outcome, Response
from b24orm.context import PortalLike
from b24orm.errors import B24OrmError, InvalidValue, QueryError
from b24orm.narrow import each, is_ordered
from b24orm.op import Op
from b24orm.plan import PAGES_PER_BATCH, Plan, plan_bulk
from b24orm.queryset.result import BulkResult

__all__ = ["BulkOp", "Item", "Job"]

T = TypeVar("T")

# Entries of a group that need no command: an object without changes takes no room in a request, but in memory.
_MOST_ENTRIES = 1000

# Of longer lists, commands are made twice: once to see that they are right, and once to send them.
_MOST_HELD = 20_000

Items = Iterable[T] | AsyncIterable[T]


@dataclass(slots=True)
class Item(Generic[T]):
    """One input, ready to be sent.

    Attributes:
        given: the input.
        command: None if there is nothing to send.
        key: the id of the row, where it is known.
        state: what the job wants to remember of it.
    """

    given: T
    command: Command | None
    key: Any = None
    state: Any = None


@dataclass(frozen=True, slots=True)
class _Preferring:
    """As much of a portal as it takes to prepare an input."""

    api: str
    user_id: int | None


class Job(ABC, Generic[T]):
    """What is done to each input: how it is said, and what follows from the answer."""

    done = "rows written"

    @abstractmethod
    def method(self, portal: PortalLike) -> str:
        """The REST method that does it."""

    @abstractmethod
    def prepare(self, given: T, portal: PortalLike) -> Item[T]:
        """How *given* is sent.

        Raises:
            QueryError: it cannot be.
        """

    def check(self, inputs: Sequence[T]) -> None:
        """Looks at all *inputs* before the first is prepared.

        Raises:
            QueryError: they cannot be sent together.
        """

    def prepare_all(self, inputs: Sequence[T], portal: PortalLike) -> list[Item[T]] | None:
        """All *inputs*, before the first is sent; None of so many that they are better prepared once more, in turn.

        Raises:
            QueryError: one cannot be sent.
        """
        self.check(inputs)
        held: list[Item[T]] | None = [] if len(inputs) <= _MOST_HELD else None
        try:
            for number, given in enumerate(inputs):
                try:
                    item = self.prepare(given, portal)
                except QueryError as error:
                    problem = type(error)(f"input {number}: {error}")
                    break
                if held is None:
                    self.let_go(item)
                else:
                    held.append(item)
            else:
                return held
        except BaseException:
            self._let_go(held)
            raise
        self._let_go(held)
        raise problem

    def first(self, inputs: Sequence[T], api: str, user_id: int | None) -> list[Command]:
        """The commands that leave first, at a portal that prefers *api*, on behalf of the user *user_id*."""
        portal: Any = _Preferring(api, user_id)
        items = [self.prepare(given, portal) for given in inputs[:PAGES_PER_BATCH]]
        self._let_go(items)
        return [item.command for item in items if item.command is not None]

    def _let_go(self, items: list[Item[T]] | None) -> None:
        for item in items or ():
            self.let_go(item)

    async def settle(self, items: Sequence[Item[T]], outcomes: list[Outcome], portal: PortalLike) -> list[Outcome]:
        """Finds out what became of what is unknown, where that is possible."""
        return outcomes

    def finish(self, item: Item[T], outcome: Outcome, portal: PortalLike) -> Outcome:
        """Takes the answer over."""
        return outcome

    def let_go(self, item: Item[T]) -> None:
        """Nothing more will be done with *item*."""


class BulkOp(Op[BulkResult]):
    """A bulk write that has not run: awaited it gives a `BulkResult`, iterated over it streams the outcomes, in order.

    Streamed outcomes hold their inputs; those of an iterator of any length pass through in constant memory.
    """

    __slots__ = ("_outcomes",)

    def __init__(
        self,
        job: Job[Any],
        items: Items[Any] | Callable[[PortalLike], AsyncGenerator[Any]],
        *,
        portal: PortalLike | None,
        progress: bool | None = None,
        explain: Callable[[], Plan],
    ) -> None:
        said: Any = items
        if isinstance(said, str | bytes) or not (
            hasattr(said, "__iter__") or hasattr(said, "__aiter__") or callable(said)
        ):
            raise InvalidValue(f"a bulk write takes a list, an iterator or an async iterator, not {said!r}")
        inputs = _listed(items)

        def outcomes(at: PortalLike) -> AsyncGenerator[Outcome]:
            source: Any = said if inputs is not None or not callable(items) else items(at)
            return _with_bar(job, source, inputs, at, progress)

        async def run(at: PortalLike) -> BulkResult:
            result = BulkResult(job.done, inputs, again)
            async with aclosing(outcomes(at)) as source:
                async for outcome in source:
                    result.add(outcome)
            return result

        def again(rest: list[Any]) -> BulkOp:
            return BulkOp(job, rest, portal=portal, progress=progress, explain=lambda: plan_bulk(len(rest), ()))

        super().__init__(run, explain=explain, portal=portal)
        self._outcomes = outcomes

    async def __aiter__(self) -> AsyncGenerator[Outcome]:
        portal = self._at
        async with aclosing(portal.iterate(lambda: self._outcomes(portal))) as outcomes:
            async for outcome in outcomes:
                yield outcome

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__}: not run yet; await it, iterate over it, or call .run_sync()>"


def _listed(items: object) -> Sequence[Any] | None:
    return items if is_ordered(items) else None


async def _with_bar(
    job: Job[Any], items: Items[Any], inputs: Sequence[Any] | None, portal: PortalLike, progress: bool | None
) -> AsyncGenerator[Outcome]:
    show = portal.show_progress if progress is None else progress
    if not show:
        async with aclosing(_outcomes(job, items, inputs, portal, None)) as outcomes:
            async for outcome in outcomes:
                yield outcome
        return
    from tqdm.auto import tqdm  # here, since few writes draw a bar and importing it takes time

    total = None if inputs is None else len(inputs)
    with tqdm(desc=job.done, unit="row", total=total) as bar:
        async with aclosing(_outcomes(job, items, inputs, portal, bar.set_postfix_str)) as outcomes:
            async for outcome in outcomes:
                if bar.postfix:
                    bar.set_postfix_str("", refresh=False)  # the rest is over
                bar.update()
                yield outcome


async def _outcomes(
    job: Job[Any],
    items: Items[Any],
    inputs: Sequence[Any] | None,
    portal: PortalLike,
    on_rest: Callable[[str], None] | None,
) -> AsyncGenerator[Outcome]:
    """The outcomes in input order."""
    waiting: deque[list[Item[Any] | Outcome]] = deque()
    ready: deque[Item[Any]] = deque()
    if inputs is not None:
        ready.extend(job.prepare_all(inputs, portal) or ())

    async def groups() -> AsyncGenerator[list[Command]]:
        entries: list[Item[Any] | Outcome] = []
        commands: list[Command] = []
        async for given in each(items):
            entry: Item[Any] | Outcome
            try:
                entry = ready.popleft() if ready else job.prepare(given, portal)
            except B24OrmError as error:
                entry = Outcome("failed", input=given, error=error)
            entries.append(entry)
            if isinstance(entry, Item) and entry.command is not None:
                commands.append(entry.command)
            if len(commands) == PAGES_PER_BATCH or len(entries) == _MOST_ENTRIES:
                waiting.append(entries)
                yield commands
                entries, commands = [], []
        if entries:
            waiting.append(entries)
            yield commands

    try:
        async with (
            aclosing(groups()) as source,
            aclosing(portal.write(source, method=job.method(portal), on_rest=on_rest)) as answers,
        ):
            async for _, answered in answers:
                sent = [e for e in waiting[0] if isinstance(e, Item) and e.command is not None]
                settled = answered
                if any(outcome.status == "unknown" for outcome in answered):
                    settled = await job.settle(sent, answered, portal)
                for outcome in _finished(job, waiting.popleft(), iter(settled), portal):
                    yield outcome
    finally:
        for entry in (*(one for entries in waiting for one in entries), *ready):
            if isinstance(entry, Item):
                job.let_go(entry)


def _finished(
    job: Job[Any], entries: list[Item[Any] | Outcome], answers: Iterator[Outcome], portal: PortalLike
) -> list[Outcome]:
    """The outcomes of one group."""
    finished: list[Outcome] = []
    for entry in entries:
        if isinstance(entry, Outcome):
            finished.append(entry)
            continue
        answer = Outcome("ok", response=Response(entry.key)) if entry.command is None else next(answers)
        try:
            outcome = job.finish(entry, answer, portal)
        finally:
            job.let_go(entry)
        finished.append(Outcome(outcome.status, entry.given, outcome.response, outcome.error, outcome.key or entry.key))
    return finished
