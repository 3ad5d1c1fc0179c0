from __future__ import annotations

from collections.abc import Iterator

import pytest

from b24orm import Limits
from b24orm.sandbox import Sandbox
from b24orm.sandbox.desk import Stopwatch


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portals report the durations that the test gives them alone, so that a busy machine makes none seem slow."""
    monkeypatch.setattr(Stopwatch, "elapsed", 0.0)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A fresh portal of 700 deals without limits."""
    with Sandbox(deals=700, seed=5, limits=Limits.none()) as portal:
        yield portal
