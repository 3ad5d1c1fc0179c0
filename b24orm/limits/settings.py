"""`Limits`: how much a portal allows, as one immutable value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from b24orm.errors import ConfigurationError

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a portal allows one source of requests.

    The numbers are those of the vendor's page ``settings/performance/limits.md``.

    Attributes:
        rate: how fast the portal's leaky bucket drains, in requests per second; ``math.inf`` for no limit.
        burst: how many requests the bucket holds; the portal refuses what would rise above it.
        operating: server time one method may use within ten minutes, in seconds; None for no limit.

    Raises:
        ConfigurationError: a value that no portal can have; the message names the field.
    """

    rate: float = 2.0
    burst: int = 50
    operating: float | None = 480.0

    def __post_init__(self) -> None:
        _positive("rate", self.rate)
        if isinstance(self.burst, bool) or not isinstance(self.burst, int) or self.burst < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"Limits.burst must be a whole number of requests, 1 or more, not {self.burst!r}")
        if self.operating is not None:
            _positive("operating", self.operating)

    @classmethod
    def standard(cls) -> Limits:
        """Every tariff but Enterprise: 2 requests a second after a burst of 50, 480 s per method in ten minutes."""
        return cls()

    @classmethod
    def enterprise(cls) -> Limits:
        """The Enterprise tariff: 5 requests a second after a burst of 250, 480 s per method in ten minutes."""
        return cls(rate=5.0, burst=250)

    @classmethod
    def none(cls) -> Limits:
        """No limits at all: for a self-hosted portal that has them switched off, and for tests."""
        return cls(rate=math.inf, operating=None)

    @property
    def unlimited(self) -> bool:
        """Whether requests are not metered (``rate`` is infinite)."""
        return math.isinf(self.rate)


def _positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or value <= 0:
        raise ConfigurationError(f"Limits.{name} must be a number above zero, not {value!r}")
