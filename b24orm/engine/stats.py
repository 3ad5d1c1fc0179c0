"""What a portal object has done so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Stats"]


def _nothing() -> dict[str, float]:
    return {}


@dataclass(slots=True)
class Stats:
    """The books of one portal object.

    Attributes:
        requests: HTTP requests that left, retries included.
        commands: REST calls that left in them.
        rows: rows of lists that came back and were handed on.
        retries: commands that were sent again.
        reasons: how often commands had to be sent again, by what went wrong: the portal's error code, ``timeout``,
            ``HTTP 502``, ``connection lost``, ``not connected`` or ``broken answer``.
        replayed: writes of REST 3.0 that were sent again and had run already: the portal repeated its answer.
        refusals: times the portal said QUERY_LIMIT_EXCEEDED.
        waited: seconds spent waiting for the rate limit.
        bytes: size of the answers.
        invalid: values that did not fit their fields and were kept (``on_invalid="keep"``).
    """

    requests: int = 0
    commands: int = 0
    rows: int = 0
    retries: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])
    replayed: int = 0
    refusals: int = 0
    waited: float = 0.0
    bytes: int = 0
    invalid: int = 0
    operating_source: Callable[[], dict[str, float]] = field(default=_nothing, repr=False, compare=False)

    @property
    def operating(self) -> dict[str, float]:
        """Server time per method in the running window of ten minutes, in seconds, as the portal last told it."""
        return self.operating_source()
