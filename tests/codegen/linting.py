"""The linter, which judges generated code: it is among the tools that `make test` installs."""

from __future__ import annotations

import subprocess
import sys

__all__ = ["ruff"]


def ruff(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs ruff; what it found is in the answer."""
    return subprocess.run([sys.executable, "-m", "ruff", *arguments], capture_output=True, text=True, check=False)
