"""What type checkers take for a program that uses five entities: pyright's own figure, strict, nothing cached."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CheckCost", "measure_checking"]

_PROGRAM = """
from b24orm import Activity, Contact, Deal, SaleOrder, Task

async def main() -> None:
    async for deal in Deal.objects.filter(stage_id="NEW", opportunity__gte=1000).select("id", "title"):
        print(deal.title)
    await Task.objects.filter(responsible_id=1, status__in=[2, 3]).order_by("-id")
    await Contact.objects.get(5)
    await Activity.objects.filter(owner_id=5).order_by("-id")
    await SaleOrder.objects.filter(user_id=1).first()
"""
_PYDANTIC = """
import pydantic

class Thing(pydantic.BaseModel):
    size: int

print(Thing(size=1).size)
"""
_STRICT = '{"include": ["*.py"], "typeCheckingMode": "strict", "pythonVersion": "3.11"}'


@dataclass(frozen=True)
class CheckCost:
    """Medians of seconds."""

    pydantic: float
    five: float


def measure_checking(repeats: int = 3) -> CheckCost:
    """Raises CalledProcessError if pyright finds an error in either program."""
    return CheckCost(*(statistics.median(_seconds(text) for _ in range(repeats)) for text in (_PYDANTIC, _PROGRAM)))


def _seconds(program: str) -> float:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "program.py").write_text(program, encoding="utf-8")
        (directory / "pyrightconfig.json").write_text(_STRICT, encoding="utf-8")
        command = [sys.executable, "-m", "pyright", "-p", name, "--pythonpath", sys.executable, "--outputjson"]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(json.loads(ran.stdout)["summary"]["timeInSec"])
