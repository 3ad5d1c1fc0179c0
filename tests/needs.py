"""What a test needs beyond Python packages. ``make test`` promises to have it; a plain ``pytest`` may do without."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

__all__ = ["lacking"]

PROMISE = "B24ORM_TESTS_NEED_ALL"
"""Set by the Makefile, whose set-up installs everything: what is missing then is an error, not a reason to skip."""


def lacking(what: str, remedy: str) -> NoReturn:
    """Skip the test; fail it under ``make test``."""
    text = f"{what}: {remedy}"
    if os.environ.get(PROMISE):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)
