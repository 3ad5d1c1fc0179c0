"""``b24orm demo``: a tour of the library against an embedded portal, and the portal's books at its end."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from b24orm import Portal, Status, __version__
from b24orm.cli import tour
from b24orm.cli.terminal import Terminal
from b24orm.errors import UnknownField
from b24orm.sandbox import Sandbox

__all__ = ["Tour", "run"]

CROWD: Final = 100


@dataclass(slots=True)
class _Step:
    title: str
    rows: int = 0
    requests: int = 0
    commands: int = 0
    seconds: float = 0.0

    @property
    def cells(self) -> tuple[str, ...]:
        name = self.title.partition(":")[0]
        return name, f"{self.rows:,}", f"{self.requests:,}", f"{self.commands:,}", f"{self.seconds:.2f}"


def run(*, deals: int, seed: int) -> int:
    """The whole tour, on stdout; returns 1 if a row was lost or the portal refused a request, else 0."""
    return asyncio.run(_run(Terminal(sys.stdout), deals, seed))


async def _run(terminal: Terminal, deals: int, seed: int) -> int:
    terminal.line(f"b24orm {__version__} · a tour", "bold")
    terminal.line(f"An embedded portal over real HTTP: {deals:,} deals, seed {seed}, the limits of a standard tariff:")
    terminal.line("2 requests a second after a burst of 50, 50 rows a page, 50 commands a batch.")
    async with Sandbox(deals=deals, seed=seed) as sandbox, Portal(sandbox.url) as portal:
        tour_of = Tour(terminal, sandbox, portal)
        await tour_of.walk()
        return tour_of.close()


class Tour:
    """The steps of the tour, what they cost, and what was wrong with them.

    Args:
        terminal: where to write.
        sandbox: the portal itself, whose books are compared with what the client saw.
        portal: the client, open and current.
    """

    def __init__(self, terminal: Terminal, sandbox: Sandbox, portal: Portal) -> None:
        self._terminal = terminal
        self._sandbox = sandbox
        self._portal = portal
        self._steps: list[_Step] = []
        self.problems: list[str] = []

    async def walk(self) -> None:
        """All steps, one after the other."""
        await self._filtered()
        await self._stream()
        self._explained()
        await self._counts()
        self._typo()
        await self._crowd()
        await self._written()

    @contextmanager
    def _step(self, title: str, function: Callable[..., Any]) -> Generator[_Step]:
        """Shows the step's title and code; measures what runs in the block."""
        step = _Step(title)
        self._steps.append(step)
        self._terminal.line()
        self._terminal.line(f"{len(self._steps)}. {title}", "bold")
        self._terminal.code(tour.shown(function))
        stats = self._portal.stats
        requests, commands, started = stats.requests, stats.commands, time.perf_counter()
        yield step
        step.seconds = time.perf_counter() - started
        step.requests, step.commands = stats.requests - requests, stats.commands - commands

    def _say(self, text: str) -> None:
        self._terminal.line(text, "green", indent=2)

    def _expect(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)

    # -- the steps -----------------------------------------------------------------------------------------------

    async def _filtered(self) -> None:
        with self._step("A query: filter, select, order, slice", tour.filtered) as step:
            deals = await tour.filtered()
        step.rows = len(deals)
        rows = [(str(deal.id), deal.title, f"{deal.opportunity:,.2f}") for deal in deals]
        self._terminal.table(("id", "title", "amount"), rows, right=frozenset({0, 2}))
        self._say(f"{_of(step.rows, 'row')} in {_of(step.requests, 'request')}; amounts are Decimal, never float")

    async def _stream(self) -> None:
        expected = self._sandbox.ids("deal")
        with self._step("A stream: every deal as a typed model, in the order of ids", tour.stream) as step:
            ids = await tour.stream()
        step.rows = len(ids)
        whole = ids == expected
        self._expect(whole, f"the stream gave {len(ids):,} rows where the portal holds {len(expected):,} deals")
        how = "each deal of the portal exactly once, in order" if whole else "and that is NOT what the portal holds"
        self._say(
            f"{_of(step.rows, 'row')} in {_of(step.requests, 'request')} "
            f"({_of(step.commands, 'command')}), {step.seconds:.1f} s; {how}"
        )

    def _explained(self) -> None:
        with self._step("explain(): how a query would be fetched, and why; nothing is sent", tour.explained) as step:
            plans = tour.explained()
        for name, plan in zip(("by_id", "by_amount"), plans, strict=True):
            self._terminal.line(name, "cyan", indent=2)
            for text in str(plan).splitlines():
                self._terminal.line(text, indent=4)
        self._say(f"{_of(step.requests, 'request')}")

    async def _counts(self) -> None:
        with self._step("Counts per stage: one batch", tour.counts) as step:
            stages, counts = await tour.counts()
        step.rows = len(stages)
        self._terminal.bars([(_name(stage), count) for stage, count in zip(stages, counts, strict=True)])
        self._say(f"{_of(step.requests, 'request')}: one for the stages, one for {_of(len(counts), 'count')}")

    def _typo(self) -> None:
        with self._step("A typo: found before anything is sent (and by mypy and pyright)", tour.typo):
            try:
                tour.typo()
            except UnknownField as error:
                shown = f"{type(error).__name__}: {error}"
            else:
                shown = "no error"
                self._expect(False, "the typo was not found")
        self._terminal.line(shown, "yellow", indent=2)

    async def _crowd(self) -> None:
        ids = self._sandbox.ids("deal")[:CROWD]
        with self._step(
            f"A crowd: {_of(len(ids), 'get')} at the same time share batches by themselves", tour.crowd
        ) as step:
            deals = await tour.crowd(ids)
        step.rows = len(deals)
        self._expect(
            [deal.id for deal in deals] == ids, "the crowd of gets came back with other deals than it asked for"
        )
        self._say(f"{_of(len(deals), 'deal')} in {_of(step.requests, 'request')}")

    async def _written(self) -> None:
        with self._step("Writes: an outcome for each row, and what is never sent twice", tour.written) as step:
            results = await tour.written()
        step.rows = sum(len(result) for result in results)
        for result in results:
            self._terminal.line(str(result), indent=2)
        verbs: tuple[Literal["add", "update", "delete"], ...] = ("add", "update", "delete")
        for result, verb in zip(results, verbs, strict=True):
            booked = self._sandbox.books.applied["deal", verb]
            same = result.all_ok and len(result) == booked
            self._expect(same, f"{result}, but the portal booked {_of(booked, verb)}")
        self._say(f"{_of(step.rows, 'write')} in {_of(step.requests, 'request')}, those to find the ids included")

    # -- the end -------------------------------------------------------------------------------------------------

    def close(self) -> int:
        """The table of steps and the portal's books; returns the exit code."""
        terminal, books = self._terminal, self._sandbox.books
        self._expect(books.refusals == 0, f"the portal refused {_of(books.refusals, 'request')}")
        self._expect(not books.crashes, f"the embedded portal itself failed {_of(len(books.crashes), 'time')}")
        terminal.line()
        terminal.line("What it took", "bold")
        rows = [
            (
                step.title.partition(":")[0],
                f"{step.rows:,}",
                f"{step.requests:,}",
                f"{step.commands:,}",
                f"{step.seconds:.2f}",
            )
            for step in self._steps
        ]
        header = ("step", "rows", "requests", "commands", "seconds")
        terminal.table(header, rows, right=frozenset({1, 2, 3, 4}))
        terminal.line()
        terminal.line("The portal's books", "bold")
        counted = f"requests: {books.requests:,}   commands: {books.commands:,}   rows: {books.rows:,}"
        terminal.line(counted, indent=2)
        terminal.line(f"refusals: {books.refusals:,}", "green" if books.refusals == 0 else "red", indent=2)
        terminal.line()
        for problem in self.problems:
            terminal.line(f"✗ {problem}", "bold", "red")
        if not self.problems:
            terminal.line("✓ every deal once, in order, and not one request refused", "bold", "green")
        return 1 if self.problems else 0


def _of(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _name(stage: Status) -> str:
    return f"{stage.status_id} {stage.name}"
