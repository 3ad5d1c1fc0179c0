from __future__ import annotations

import math

import pytest

from b24orm.limits import Limits, Throttle
from tests.limits.virtual import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def throttle(clock: VirtualClock) -> Throttle:
    return Throttle(Limits.standard(), clock)


def test_nothing_waits_while_nobody_asks_for_it(throttle: Throttle) -> None:
    for _ in range(100):
        assert throttle.wait_time() == 0.0
        throttle.take()
    assert not throttle.active
    assert throttle.concurrency > 1000
    assert throttle.rate == math.inf


def test_while_it_is_active_requests_leave_one_by_one_without_a_burst(throttle: Throttle, clock: VirtualClock) -> None:
    clock.advance(1000.0)  # a long pause saves nothing up
    left: list[float] = []
    with throttle.slow():
        assert throttle.concurrency == 1
        while len(left) < 5:
            clock.advance(throttle.wait_time())
            throttle.take()
            left.append(clock.now)
    assert left == [1000.0, 1001.0, 1002.0, 1003.0, 1004.0]
    assert throttle.wait_time() == 0.0


def test_the_request_before_counts_for_the_pace(throttle: Throttle, clock: VirtualClock) -> None:
    throttle.take()
    clock.advance(0.25)
    with throttle.slow(rate=2.0):
        assert throttle.wait_time() == 0.25


def test_the_strictest_counts_and_it_ends_with_the_last(throttle: Throttle) -> None:
    with throttle.slow(concurrency=2, rate=0.5):
        with throttle.slow(concurrency=1, rate=1.0), throttle.slow(concurrency=1, rate=1.0):
            assert (throttle.concurrency, throttle.rate) == (1, 0.5)
        assert (throttle.concurrency, throttle.rate) == (2, 0.5)
    assert not throttle.active


def test_it_ends_whatever_happened_inside(throttle: Throttle) -> None:
    with pytest.raises(RuntimeError, match="inside"), throttle.slow():
        raise RuntimeError("inside")
    assert not throttle.active


def test_half_the_portals_rate_is_used_or_one_a_second_where_there_is_none(clock: VirtualClock) -> None:
    with (enterprise := Throttle(Limits.enterprise(), clock)).slow():
        assert enterprise.rate == 2.5
    with (unlimited := Throttle(Limits.none(), clock)).slow():
        assert unlimited.rate == 1.0
    with (nonsense := Throttle(Limits.none(), clock)).slow(concurrency=0):
        assert nonsense.concurrency == 1
