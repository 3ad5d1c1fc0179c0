"""`Meters`: what is known of a portal's limits, and of how it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24orm.engine.pagesizes import PageSizes
from b24orm.engine.rests import Rests
from b24orm.engine.stats import Stats
from b24orm.engine.work import MAX_COMMANDS
from b24orm.limits import BatchSize, Clock, Concurrency, LeakyBucket, Limits, OperatingBudget, RetryBudget, Throttle
from b24orm.transport import Envelope, as_map

__all__ = ["BATCH", "TARGET_SECONDS", "Meters"]

BATCH = "batch"  # the method, whose own server time is tracked beside that of its commands

# Requests under way at once: to begin with, and at most, unless the user says otherwise.
FIRST_CONCURRENCY = 16
MOST_CONCURRENCY = 20
# A request may last 60 s in the cloud; what is expected to take longer than this is not packed into one.
TARGET_SECONDS = 20.0


class Meters:
    """All that the requests to one portal share: what may leave is asked here, what came back is told here.

    Args:
        limits: what the portal allows.
        clock: the time that all of them go by.
        max_concurrency: requests under way at once; None lets it follow what the portal can take.

    Attributes:
        bucket: when the next request may leave.
        budget: the server time of each method.
        concurrency: how many requests may be under way.
        sizes: how many calls fit into one request.
        page_sizes: how many rows fit into a page.
        retries: how much may be sent again.
        throttle: keeps more than the limits do, where the program asks for it.
        rests: tells who watches a method that it has to rest.
        stats: the books.
        reached: whether the portal ever answered.
        knows_keys: whether it has acknowledged an Idempotency-Key.
    """

    def __init__(self, limits: Limits, clock: Clock, *, max_concurrency: int | None) -> None:
        most = max_concurrency or MOST_CONCURRENCY
        self.bucket = LeakyBucket(limits, clock)
        self.budget = OperatingBudget(limits, clock)
        self.concurrency = Concurrency(most, start=min(most, FIRST_CONCURRENCY), clock=clock)
        self.sizes = BatchSize(target_seconds=TARGET_SECONDS, maximum=MAX_COMMANDS)
        self.page_sizes = PageSizes()
        self.retries = RetryBudget()
        self.throttle = Throttle(limits, clock)
        self.rests = Rests(self.budget, BATCH)
        self.stats = Stats(operating_source=lambda: self.budget.operating)
        self.reached = False
        self.knows_keys = False
        self._bytes: dict[str, float] = {}

    # -- what may leave --------------------------------------------------------------------------------------------

    def fits(self, method: str) -> int:
        """How many calls of *method* fit into one request without making it too long, or wait for too much."""
        return self.budget.together(method, self.sizes.fits(method))

    @property
    def most_under_way(self) -> int:
        """How many requests may be under way at once, at the moment."""
        return min(self.concurrency.limit, self.throttle.concurrency)

    @property
    def wait(self) -> float:
        """Seconds until a request may leave; 0.0 for now."""
        return max(self.bucket.wait_time(), self.throttle.wait_time())

    def leave(self) -> float:
        """One request leaves now, which is the moment that is returned (monotonic seconds)."""
        left = self.bucket.take()
        self.throttle.take()
        return left

    def bytes_per_command(self, method: str) -> float:
        """How long the answers of *method* were lately; 0.0 if unknown."""
        return self._bytes.get(method.lower(), 0.0)

    # -- what came back --------------------------------------------------------------------------------------------

    def answered(self) -> None:
        """The portal answered a request, whatever it said, but did not refuse it for its limits."""
        self.reached = True
        self.bucket.accepted()

    def accepted(self, envelope: Envelope, counts: Mapping[str, int]) -> None:
        """The portal took a request that carried so many calls of each method."""
        self.answered()
        self.retries.earn()
        self.stats.bytes += envelope.size
        for method, calls in counts.items():
            self.sizes.went_well(method, calls)
            if len(counts) == 1:
                self._bytes[method] = envelope.size / calls

    def observe(self, method: str, time: Any) -> None:
        """Learns from the ``time`` block of an answer of *method*."""
        block = as_map(time)
        operating, duration = _seconds(block.get("operating")), _seconds(block.get("duration"))
        if operating is not None:
            self.budget.observe(
                method,
                operating,
                _seconds(block.get("operating_reset_at")),
                portal_time=_seconds(block.get("finish")),
                duration=duration,
            )
            self.rests.report(method)
        if duration is not None and method != BATCH:
            self.sizes.observe(method, duration)

    def blocked(self, method: str) -> None:
        """The portal refused *method* for its server time."""
        self.budget.blocked(method)
        self.rests.report(method)


def _seconds(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
