"""What ``import b24orm`` costs beyond aiohttp and pydantic, and what its names do, in processes of their own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

__all__ = ["ImportCost", "measure"]

_BASE = "import aiohttp, pydantic"
_OURS = f"{_BASE}, b24orm"
_USED = f"{_BASE}; from b24orm import Deal, Portal"
_CORE = f"{_BASE}; from b24orm import Model, Portal"
_ENTITY = f"{_CORE}; from b24orm import Deal"

_CODES = (_BASE, _OURS, _USED, _CORE, _ENTITY)


@dataclass(frozen=True)
class ImportCost:
    """Medians of a whole process's seconds, start of the interpreter included."""

    base: float
    ours: float
    used: float
    core: float
    entity: float

    @property
    def one(self) -> float:
        """Seconds that one entity takes beyond the core."""
        return self.entity - self.core

    @property
    def extra(self) -> float:
        """Seconds more than the base."""
        return self.ours - self.base


def measure(repeats: int = 15) -> ImportCost:
    """The processes take turns, so that a machine that slows down slows both.

    Bytecode is compiled before, as it is where a package is installed, and kept in a directory of its own.
    """
    with tempfile.TemporaryDirectory() as cache:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        return _measured(repeats, environment | {"PYTHONPYCACHEPREFIX": cache})


def _measured(repeats: int, environment: dict[str, str]) -> ImportCost:
    times: dict[str, list[float]] = {code: [] for code in _CODES}
    for turn in range(repeats + 1):
        for code, taken in times.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=environment)
            if turn:  # the first round reads the disk and compiles
                taken.append(time.perf_counter() - started)
    return ImportCost(*(statistics.median(times[code]) for code in _CODES))
