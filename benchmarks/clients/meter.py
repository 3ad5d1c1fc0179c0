"""What every client measures of itself. Standard library only: other clients' environments have nothing of ours."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version


class Meter:
    """Wall and processor seconds from `start` to `report`, and what was read between them.

    A client that hands out rows one by one gives their ids to `row`; one that has them all at the end to `rows`.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._count = 0
        self._sum = 0
        self._last = 0
        self._ascending = True
        self._unique = True
        self._wall = self._cpu = 0.0

    def start(self) -> None:
        """The work begins now."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def row(self, row_id: int) -> None:
        """A row was handed out. Rows in ascending order are unique, so no set of them is kept here."""
        if self._first is None:
            self._first = time.perf_counter() - self._wall
        if row_id <= self._last:
            self._ascending = False
        self._last = row_id
        self._count += 1
        self._sum += row_id

    def stop(self) -> None:
        """The work is done. What follows is not measured."""
        self._wall, self._cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu

    def rows(self, ids: Iterable[int]) -> None:
        """The ids of all rows, in the order in which the client hands them out; after `stop`."""
        seen = list(ids)
        self._count, self._sum = len(seen), sum(seen)
        self._unique = len(set(seen)) == len(seen)
        self._ascending = seen == sorted(seen)

    def report(self, distribution: str) -> None:
        """Print the line."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        line = {
            "version": version(distribution),
            "wall": self._wall,
            "cpu": self._cpu,
            "first": self._first,
            "peak": peak * (1 if sys.platform == "darwin" else 1024),
            "rows": self._count,
            "sum": self._sum,
            # Rows that were seen one by one and did not ascend may have repeated: nothing kept them apart.
            "unique": self._unique and (self._ascending or self._first is None),
            "ascending": self._ascending,
        }
        print(json.dumps(line), flush=True)


Work = Callable[[str, Sequence[int], Meter], None]
"""Does the work at a webhook URL, for some ids, and calls the meter."""


def main(distribution: str, works: dict[str, Work]) -> None:
    """Run the work that the command line names. Some ids of deals come as a JSON list on stdin."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=works)
    parser.add_argument("url")
    arguments = parser.parse_args()
    meter = Meter()
    works[arguments.work](arguments.url, json.load(sys.stdin), meter)
    meter.report(distribution)
