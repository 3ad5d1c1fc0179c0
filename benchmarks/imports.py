"""What ``import b24orm`` costs beyond aiohttp and pydantic, in processes of their own."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

__all__ = ["ImportCost", "measure"]

_BASE = "import aiohttp, pydantic"
_OURS = f"{_BASE}, b24orm"


@dataclass(frozen=True)
class ImportCost:
    """Medians of a whole process's seconds, start of the interpreter included."""

    base: float
    ours: float

    @property
    def extra(self) -> float:
        """Seconds more than the base."""
        return self.ours - self.base


def measure(repeats: int = 15) -> ImportCost:
    """The processes take turns, so that a machine that slows down slows both."""
    times: dict[str, list[float]] = {_BASE: [], _OURS: []}
    for turn in range(repeats + 1):
        for code, taken in times.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            if turn:  # the first pair reads the disk
                taken.append(time.perf_counter() - started)
    return ImportCost(statistics.median(times[_BASE]), statistics.median(times[_OURS]))
