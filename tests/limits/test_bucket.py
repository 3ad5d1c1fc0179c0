from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24orm.limits import LeakyBucket, Limits
from b24orm.limits.bucket import LAG
from tests.limits.virtual import VirtualClock

STANDARD = Limits.standard()


def bucket_of(limits: Limits = STANDARD) -> tuple[LeakyBucket, VirtualClock]:
    clock = VirtualClock()
    return LeakyBucket(limits, clock), clock


def send(bucket: LeakyBucket, clock: VirtualClock) -> float:
    """Wait as long as the bucket asks, and leave; returns the time of departure."""
    for _ in range(3):
        wait = bucket.wait_time()
        if not wait:
            bucket.take()
            return clock.now
        clock.advance(wait)
    raise AssertionError("the bucket asks for one wait after another")


# ------------------------------------------------------------------------------------------- the portal's side


def portal_refuses(limits: Limits, arrivals: list[float], leaked: Callable[[float], float]) -> list[float]:
    """The times at which a portal with these limits would refuse one of *arrivals*.

    *leaked(t)* is how much has leaked in total up to t: a smooth slope or a staircase.
    """
    refused: list[float] = []
    count, seen = 0.0, 0.0
    for now in sorted(arrivals):
        count = max(0.0, count - (leaked(now) - leaked(seen)))
        seen = now
        if count + 1 > limits.burst + 1e-6:
            refused.append(now)
        else:
            count += 1
    return refused


def smoothly(limits: Limits) -> Callable[[float], float]:
    return lambda now: limits.rate * now


def in_steps(limits: Limits, phase: float) -> Callable[[float], float]:
    return lambda now: limits.rate * math.floor(now + phase)


TARIFFS = st.sampled_from([STANDARD, Limits.enterprise(), Limits(rate=1.0, burst=10), Limits(rate=4.0, burst=25)])
PAUSES = st.one_of(st.just(0.0), st.floats(0, 0.6), st.floats(0, 40))
LATENESS = st.floats(0, 0.5)


@pytest.mark.slow  # computes much
@settings(max_examples=300, deadline=None)
@given(TARIFFS, st.data(), st.floats(0, 1, exclude_max=True))
def test_no_request_is_refused_however_unevenly_they_travel(limits: Limits, data: st.DataObject, phase: float) -> None:
    bucket, clock = bucket_of(limits)
    departures: list[float] = []
    for _ in range(data.draw(st.integers(1, 6), "waves")):
        clock.advance(data.draw(PAUSES, "pause"))
        size = data.draw(st.integers(1, limits.burst + 20), "wave")
        departures.extend(send(bucket, clock) for _ in range(size))
    lateness = data.draw(st.lists(LATENESS, min_size=1, max_size=30), "lateness")
    arrivals = [when + lateness[i % len(lateness)] for i, when in enumerate(departures)]

    assert portal_refuses(limits, arrivals, smoothly(limits)) == []
    assert portal_refuses(limits, arrivals, in_steps(limits, phase)) == []


@settings(max_examples=200, deadline=None)
@given(TARIFFS, st.lists(PAUSES, min_size=1, max_size=200))
def test_the_level_bounds_what_the_latest_possible_arrivals_amount_to(limits: Limits, pauses: list[float]) -> None:
    bucket, clock = bucket_of(limits)
    departures: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        departures.append(send(bucket, clock))
        worst = max(
            len(departures) - first - limits.rate * max(0.0, clock.now - departures[first] - LAG)
            for first in range(len(departures))
        )
        assert worst <= bucket.level + 1e-6 <= limits.burst + 2e-6


def test_the_worst_case_one_full_burst_late_and_the_rest_on_time_is_not_refused() -> None:
    bucket, clock = bucket_of()
    departures = [send(bucket, clock) for _ in range(400)]
    for late in range(400):
        arrivals = [when + (0.5 if i <= late else 0.0) for i, when in enumerate(departures)]
        assert portal_refuses(STANDARD, arrivals, in_steps(STANDARD, 0.999)) == []


def test_half_a_burst_under_way_is_not_written_off_when_the_other_half_follows() -> None:
    bucket, clock = bucket_of()
    first = [send(bucket, clock) for _ in range(25)]
    clock.advance(0.5)  # one has leaked by our count, none by the portal's, where they arrive only now
    second = [send(bucket, clock) for _ in range(26)]
    assert portal_refuses(STANDARD, [when + 0.5 for when in first] + second, smoothly(STANDARD)) == []
    assert second[-1] > second[-2] == 0.5


# ------------------------------------------------------------------------------------------- what it costs us


@pytest.mark.parametrize("limits", [STANDARD, Limits.enterprise(), Limits(rate=10.0, burst=3), Limits(burst=1)])
def test_a_cold_bucket_lets_the_whole_burst_leave_at_once(limits: Limits) -> None:
    bucket, clock = bucket_of(limits)
    for _ in range(limits.burst):
        assert bucket.wait_time() == 0.0
        bucket.take()
    assert bucket.wait_time() > 0.0
    assert clock.now == 0.0


@pytest.mark.parametrize("limits", [STANDARD, Limits.enterprise(), Limits(rate=50.0, burst=5), Limits(1.0, 10)])
def test_at_saturation_the_full_rate_is_used_and_the_margin_is_paid_once(limits: Limits) -> None:
    bucket, clock = bucket_of(limits)
    departures = [send(bucket, clock) for _ in range(limits.burst + 500)]
    ideal = 500 / limits.rate
    assert ideal <= departures[-1] + 1e-6 <= ideal + LAG + 1e-3
    steady = departures[-200:]
    assert all(later - earlier == pytest.approx(1 / limits.rate) for earlier, later in pairwise(steady))


def test_a_drained_bucket_has_its_whole_burst_again() -> None:
    bucket, clock = bucket_of()
    for _ in range(60):
        send(bucket, clock)
    clock.advance(50 / STANDARD.rate + LAG)
    start = clock.now
    assert [send(bucket, clock) for _ in range(50)] == [start] * 50


def test_the_level_falls_only_after_the_lag_and_ends_at_zero() -> None:
    bucket, clock = bucket_of()
    for _ in range(10):
        bucket.take()
    clock.advance(LAG)
    assert bucket.level == 10.0
    clock.advance(2.0)
    assert bucket.level == pytest.approx(6.0)
    clock.advance(100.0)
    assert bucket.level == 0.0


def test_a_request_that_left_without_asking_is_counted_all_the_same() -> None:
    bucket, clock = bucket_of()
    for _ in range(55):
        bucket.take()
    assert bucket.level == 55.0
    assert bucket.wait_time() == pytest.approx(LAG + 6 / STANDARD.rate)
    clock.advance(bucket.wait_time())
    assert bucket.wait_time() == 0.0
    assert bucket.level == pytest.approx(49.0)


def test_a_clock_that_stands_still_leaks_nothing() -> None:
    bucket, _ = bucket_of()
    bucket.take()
    assert bucket.level == bucket.level == 1.0


def test_without_limits_nothing_ever_waits() -> None:
    bucket, _ = bucket_of(Limits.none())
    for _ in range(1000):
        assert bucket.wait_time() == 0.0
        bucket.take()
    assert bucket.level == 0.0


# ------------------------------------------------------------------------------------------- refusals


def test_a_refusal_fills_the_level_and_holds_everything_back() -> None:
    bucket, clock = bucket_of()
    bucket.take()
    bucket.refused()
    assert bucket.level >= STANDARD.burst
    assert bucket.wait_time() >= bucket.penalty == 1.0
    clock.advance(bucket.wait_time())
    assert bucket.wait_time() == 0.0


def test_refusal_after_refusal_the_penalty_grows_up_to_a_minute() -> None:
    bucket, clock = bucket_of()
    penalties: list[float] = []
    for _ in range(8):
        bucket.refused()
        penalties.append(bucket.penalty)
        assert bucket.wait_time() >= bucket.penalty
        clock.advance(bucket.wait_time())
    assert penalties == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_requests_refused_together_count_as_one_refusal() -> None:
    bucket, clock = bucket_of()
    bucket.refused()
    clock.advance(0.1)
    bucket.refused()
    assert bucket.penalty == 1.0


def test_accepted_requests_make_the_penalty_fall_to_nothing() -> None:
    bucket, clock = bucket_of()
    for _ in range(3):
        bucket.refused()
        clock.advance(bucket.wait_time())
    seen: list[float] = []
    for _ in range(4):
        bucket.accepted()
        seen.append(bucket.penalty)
    assert seen == [2.0, 1.0, 0.0, 0.0]


def test_an_answer_to_an_earlier_request_does_not_shorten_the_penalty() -> None:
    bucket, _ = bucket_of()
    bucket.refused()
    bucket.accepted()
    assert bucket.penalty == 1.0


def test_a_portal_that_was_said_to_have_no_limits_is_believed_when_it_refuses() -> None:
    bucket, clock = bucket_of(Limits.none())
    bucket.refused()
    assert bucket.wait_time() == 1.0
    clock.advance(1.0)
    assert bucket.wait_time() == 0.0


class SharedPortal:
    """Its bucket is full at the start. Our requests travel both ways; the bucket learns what became of them."""

    def __init__(self, limits: Limits, leaked: Callable[[float], float], travel: list[float], back: float) -> None:
        self.bucket, self.clock = bucket_of(limits)
        self.limits, self.leaked, self.travel, self.back = limits, leaked, travel, back
        self.count, self.seen = float(limits.burst), 0.0
        self.events: list[tuple[float, int, float, bool | None]] = []  # when, number, when it left, whether it passed
        self.sent = 0
        self.refused: list[int] = []  # the numbers of those that were refused
        self.known_after = 0  # how many had left when we knew of the first refusal

    def send(self) -> None:
        delay = self.travel[self.sent] if self.sent < len(self.travel) else 0.5 * (self.sent % 2)
        self.sent += 1
        heapq.heappush(self.events, (self.clock.now + delay, self.sent, self.bucket.take(), None))

    def next(self, until: float) -> None:
        """The next arrival at the portal or at our side, or the time *until*, whichever comes first."""
        if not self.events or self.events[0][0] > until:
            self.clock.now = until
            return
        at, number, left, passed = heapq.heappop(self.events)
        self.clock.now = at
        if passed is None:
            self.count = max(0.0, self.count - (self.leaked(at) - self.leaked(self.seen)))
            self.seen = at
            passed = self.count + 1 <= self.limits.burst + 1e-6
            self.count += passed
            if not passed:
                self.refused.append(number)
            heapq.heappush(self.events, (at + self.back, number, left, passed))
        elif passed:
            self.bucket.accepted()
        else:
            self.bucket.refused(left)
            self.known_after = self.known_after or self.sent


@pytest.mark.slow  # computes much
@settings(max_examples=200, deadline=None)
@given(
    TARIFFS,
    st.lists(st.floats(0, LAG), min_size=1, max_size=12),
    st.floats(0, 0.5),
    st.one_of(st.none(), st.floats(0, 1, exclude_max=True)),
)
def test_after_a_refusal_nothing_is_refused_again_though_others_were_under_way(
    limits: Limits, travel: list[float], back: float, phase: float | None
) -> None:
    portal = SharedPortal(limits, smoothly(limits) if phase is None else in_steps(limits, phase), travel, back)
    for _ in travel:
        portal.send()
    while portal.events and not portal.known_after:
        portal.next(math.inf)
    while portal.sent < len(travel) + 3 * limits.burst:
        wait = portal.bucket.wait_time()
        if wait:
            portal.next(portal.clock.now + wait)
        else:
            portal.send()
    while portal.events:
        portal.next(math.inf)
    assert [number for number in portal.refused if number > portal.known_after > 0] == []


def test_a_refused_request_is_not_counted_and_those_under_way_are() -> None:
    bucket, _ = bucket_of()
    first = bucket.take()
    for _ in range(3):
        bucket.take()
    bucket.refused(first)
    full = STANDARD.burst + STANDARD.rate  # it may forget up to a second late
    assert bucket.level == pytest.approx(full + 3)
    bucket.refused(-1.0)  # left too long ago to be under way: nothing to take out
    assert bucket.level == pytest.approx(full + 3)


def test_threads_that_share_a_bucket_lose_no_request() -> None:
    bucket, _ = bucket_of(Limits(rate=1e-9, burst=10_000))

    def work() -> None:
        for _ in range(500):
            bucket.wait_time()
            bucket.take()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bucket.level == pytest.approx(4000.0)
