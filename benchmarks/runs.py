"""Runs one client against one portal, each in a process of its own, and says what became of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Client", "Data", "Run", "run"]

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Client:
    """One way to do the work: the label of its row, its module, its work there, and the Python that has it."""

    label: str
    module: str
    work: str
    python: str


@dataclass(frozen=True)
class Data:
    """What the portal holds, how many seconds a row counted and a page take it, how many ids it tells, its limits."""

    deals: int
    deal_ids: str = "dense"
    count_cost: float = 0.0
    page_time: float = 0.0
    seed: int = 1
    some: int = 300
    limited: bool = True


@dataclass(frozen=True)
class Run:
    """One run: the portal's counts and the client's measures (see `benchmarks.clients.meter`), or why it failed."""

    client: Client
    deals: int
    books: dict[str, Any]
    measured: dict[str, Any]
    failure: str = ""

    @property
    def verdict(self) -> str:
        """What to say of the rows; in bold if anything is wrong with them."""
        if self.failure:
            return f"**{self.failure}**"
        rows = self.measured["rows"]
        if self.wrong:
            return f"**{self.wrong}**"
        return f"{rows:,}" + ("" if self.measured["ascending"] else ", in no order")

    @property
    def wrong(self) -> str:
        """What is wrong with the rows that were read; empty if they are all there, once."""
        if not self.measured["unique"]:
            return f"{self.measured['rows']:,} rows, some of them twice"
        if self.measured["rows"] != self.deals:
            return f"{self.measured['rows']:,} of {self.deals:,} rows"
        return "" if self.measured["sum"] == self.measured["checksum"] else "other rows than there are"

    @property
    def good(self) -> bool:
        """Whether it did the whole work."""
        return not self.failure and not self.wrong


class _Portal:
    """A portal process, asked over its pipes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.about = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the portal of the benchmark did not start")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, question: str) -> dict[str, Any]:
        """``books`` or ``reset``."""
        assert self._process.stdin is not None
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return self._answer()


@contextmanager
def _portal(data: Data) -> Iterator[_Portal]:
    command = [sys.executable, "-m", "benchmarks.portal", "--deals", str(data.deals), "--deal-ids", data.deal_ids]
    command += ["--some", str(data.some), *([] if data.limited else ["--no-limits"])]
    command += ["--count-cost", str(data.count_cost), "--page-time", str(data.page_time), "--seed", str(data.seed)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
    ) as process:
        try:
            yield _Portal(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def run(client: Client, data: Data, *, bound: float, gets: bool = False, writes: int = 0) -> Run:
    """Fill a portal, and let *client* do its work within *bound* seconds.

    It reads all deals, or if *gets* those of some ids, or *writes* so many.
    """
    with _portal(data) as portal:
        about = portal.about
        wanted = writes or (len(about["ids"]) if gets else about["deals"])
        checksum = sum(about["ids"]) if gets else about["checksum"]
        about["ids"] = about["ids"] or list(range(writes))  # of a portal without deals, just how many to create
        command = [client.python, "-m", f"benchmarks.clients.{client.module}", client.work, about["url"]]
        measured: dict[str, Any] = {}
        failure = ""
        try:
            done = subprocess.run(
                command,
                input=json.dumps(about["ids"]),
                capture_output=True,
                text=True,
                cwd=ROOT,
                timeout=bound,
                env={**os.environ, **({} if data.limited else {"BENCH_LIMITS": "none"})},
            )
        except subprocess.TimeoutExpired:
            failure = f"not done in {bound:.0f} s"
        else:
            if done.returncode == 0:
                measured = json.loads(done.stdout) | {"checksum": checksum}
            else:
                failure = "failed: " + _reason(done.stderr).replace(about["url"], "the portal")
        books = portal.ask("books")
    if books["crashes"]:
        failure = f"the portal crashed: {_reason(books['crashes'][0])}"
    return Run(client, wanted, books, measured, failure)


def _reason(stderr: str) -> str:
    """The last line of a traceback, cut to what fits a table."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    return last[:160].replace("|", "/")
