"""`CommandCost`: what one more command of a method is expected to cost the portal, in seconds of operating time.

Two things tell it. How long commands last (``time.duration``) is exact for each command, but not every second of it
is billed, and what is billed may be more than it says. How much ``operating`` grows between two answers is what is
billed, but several requests under way share that growth: one answer seems to cost all of it and the next ones nothing.
So the durations say how costs vary, and the growth, averaged over many answers, says how much of them is billed.
"""

from __future__ import annotations

from math import sqrt

__all__ = ["NEGLIGIBLE", "CommandCost"]

NEGLIGIBLE = 0.1
"""Seconds: a method whose total within one HTTP request is no more than this adds nothing to its operating time."""

_QUICK = 0.1  # weight of a new duration: a method that becomes slow is known as such after a few commands
_STEADY = 1 / 400  # weight of a new growth: eight batches, so that the answers that share it are averaged
_ENOUGH = 10  # growths, until their average is believed more than the durations are
_SPREAD = 3.0  # standard deviations that are expected on top


class _Average:
    """Mean and variance; plain over the first values, then moving."""

    __slots__ = ("count", "mean", "variance", "weight")

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self.count = 0
        self.mean = 0.0
        self.variance = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        weight = max(1 / self.count, self.weight)
        delta = value - self.mean
        self.mean += weight * delta
        self.variance = (1 - weight) * (self.variance + weight * delta * delta)


class CommandCost:
    """The cost of one method's commands, learned from its answers."""

    __slots__ = ("_billed", "_billed_duration", "_duration")

    def __init__(self) -> None:
        self._billed = _Average(_STEADY)
        self._billed_duration = _Average(_STEADY)  # the durations that belong to the same answers
        self._duration = _Average(_QUICK)

    @property
    def known(self) -> bool:
        """Whether anything was learned yet."""
        return bool(self._billed.count or self._duration.count)

    def lasted(self, seconds: float) -> None:
        """One command took *seconds*."""
        self._duration.add(seconds)

    def billed(self, growth: float, *, duration: float | None = None) -> None:
        """``operating`` had grown by *growth* seconds when one more command (it took *duration*) was answered."""
        self._billed.add(growth)
        if duration is not None:
            self._billed_duration.add(duration)

    def of(self, commands: int) -> float:
        """Expected seconds of operating time of *commands* more commands, on the safe side; 0.0 if nothing is known."""
        if commands <= 0 or not self.known:
            return 0.0
        mean, deviation = self._one()
        total = commands * mean + _SPREAD * deviation * sqrt(commands)
        return total if total > NEGLIGIBLE else 0.0

    def _one(self) -> tuple[float, float]:
        """Mean and standard deviation of one command."""
        billed, lasted = self._billed, self._duration
        if not lasted.count:
            return billed.mean, sqrt(billed.variance)
        if billed.count < _ENOUGH:
            mean = max(billed.mean, lasted.mean)
        elif self._billed_duration.mean > 0:
            mean = lasted.mean * billed.mean / self._billed_duration.mean
        else:
            mean = billed.mean
        deviation = sqrt(lasted.variance) / lasted.mean * mean if lasted.mean > 0 else 0.0
        if billed.count >= _ENOUGH:
            deviation = min(deviation, sqrt(billed.variance))
        return mean, deviation
