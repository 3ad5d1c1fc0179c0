"""`Rests`: tells the log, and whoever watches a method, that it has to rest for its server time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

from b24orm.limits import OperatingBudget

__all__ = ["Rests"]

logger = logging.getLogger("b24orm.engine")


class Rests:
    """Who wants to know when a method rests.

    Args:
        budget: knows when one does.
        whole: a method whose rests are everybody's: the batch.
    """

    def __init__(self, budget: OperatingBudget, whole: str) -> None:
        self._budget = budget
        self._whole = whole
        self._watchers: list[tuple[str, Callable[[str], None]]] = []

    @contextmanager
    def watching(self, method: str, on_rest: Callable[[str], None] | None) -> Generator[None]:
        """Within it, *on_rest* is told in words when *method* has to rest for its server time."""
        if on_rest is None:
            yield
            return
        entry = (method.lower(), on_rest)
        self._watchers.append(entry)
        try:
            yield
        finally:
            self._watchers.remove(entry)

    def report(self, method: str) -> None:
        """Tells the log and whoever watches, once, that *method* has to rest."""
        rest = self._budget.rest_of(method)
        if rest is None:
            return
        logger.warning("%s", rest)
        for name, on_rest in list(self._watchers):
            if method.lower() in (name, self._whole):
                on_rest(str(rest))
