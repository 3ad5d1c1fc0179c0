from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24orm.limits import Concurrency
from tests.limits.virtual import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def rounds(concurrency: Concurrency, clock: VirtualClock, times: int, seconds: float = 0.5) -> None:
    """*times* round trips in which everything that may be under way lands well."""
    for _ in range(times):
        clock.advance(seconds)
        for _ in range(concurrency.limit):
            concurrency.landed(seconds)


def test_it_starts_where_it_is_told_but_not_above_the_maximum(clock: VirtualClock) -> None:
    assert Concurrency(8, start=4, clock=clock).limit == 4
    assert Concurrency(2, start=4, clock=clock).limit == 2
    assert Concurrency(0, start=0, clock=clock).limit == 1


def test_it_grows_by_about_one_in_each_round_trip_up_to_the_maximum(clock: VirtualClock) -> None:
    concurrency = Concurrency(8, start=4, clock=clock)
    seen: list[int] = []
    for _ in range(8):
        rounds(concurrency, clock, 1)
        seen.append(concurrency.limit)
    assert seen == sorted(seen)
    assert all(later - earlier <= 1 for earlier, later in pairwise(seen))
    assert seen[-1] == 8


def test_it_does_not_grow_while_nobody_makes_use_of_it(clock: VirtualClock) -> None:
    concurrency = Concurrency(8, start=4, clock=clock)
    for _ in range(50):
        clock.advance(0.5)
        concurrency.landed(0.5, under_way=1)
    assert concurrency.limit == 4
    concurrency.landed(0.5, under_way=4)
    for _ in range(8):
        concurrency.landed(0.5, under_way=4)
    assert concurrency.limit == 5


def test_trouble_halves_it_once_for_all_that_were_under_way_together(clock: VirtualClock) -> None:
    concurrency = Concurrency(16, start=16, clock=clock)
    clock.advance(10.0)
    for _ in range(16):
        concurrency.landed(1.0, trouble=True)
    assert concurrency.limit == 8
    clock.advance(2.0)
    concurrency.landed(2.5, trouble=True)  # left before the cut
    assert concurrency.limit == 8
    concurrency.landed(1.5, trouble=True)
    assert concurrency.limit == 4
    for _ in range(5):
        clock.advance(1.0)
        concurrency.landed(0.5, trouble=True)
    assert concurrency.limit == 1


def test_the_departure_may_be_told_instead_of_the_duration(clock: VirtualClock) -> None:
    concurrency = Concurrency(8, start=8, clock=clock)
    clock.advance(10.0)
    concurrency.landed(1.0, trouble=True, departed_at=9.0)
    concurrency.landed(0.0, trouble=True, departed_at=9.5)
    assert concurrency.limit == 4
    concurrency.landed(5.0, trouble=True, departed_at=10.0)
    assert concurrency.limit == 2


def test_it_recovers_after_trouble(clock: VirtualClock) -> None:
    concurrency = Concurrency(8, start=8, clock=clock)
    concurrency.landed(1.0, trouble=True)
    assert concurrency.limit == 4
    rounds(concurrency, clock, 8)
    assert concurrency.limit == 8


def test_a_request_that_is_too_long_lowers_it_by_one_in_each_round_trip(clock: VirtualClock) -> None:
    concurrency = Concurrency(8, start=8, clock=clock)
    for expected in (7, 6, 5, 4, 3, 2, 1, 1):
        clock.advance(25.0)
        for _ in range(8):
            concurrency.landed(21.0)
        assert concurrency.limit == expected


def test_a_portal_that_queues_what_is_under_way_gets_no_more(clock: VirtualClock) -> None:
    concurrency = Concurrency(32, start=2, clock=clock)
    highest = 0
    for _ in range(200):
        seconds = 0.2 * max(1.0, concurrency.limit / 3)  # it works on three at once
        clock.advance(seconds)
        for _ in range(concurrency.limit):
            concurrency.landed(seconds, commands=50)
        highest = max(highest, concurrency.limit)
    assert 3 <= concurrency.limit <= highest <= 16


def test_single_calls_are_not_measured_by_what_a_command_of_a_full_batch_takes(clock: VirtualClock) -> None:
    concurrency = Concurrency(8, start=2, clock=clock)
    for _ in range(100):
        clock.advance(1.0)
        concurrency.landed(1.0, commands=50)
        concurrency.landed(0.1, commands=1)
    assert concurrency.limit == 8


def test_slower_work_does_not_push_it_below_where_the_best_was_seen(clock: VirtualClock) -> None:
    concurrency = Concurrency(8, start=4, clock=clock)
    rounds(concurrency, clock, 2, seconds=0.1)
    rounds(concurrency, clock, 40, seconds=1.0)
    assert concurrency.limit >= 4
    rounds(concurrency, clock, 300, seconds=1.0)  # and after a while the slower work is the measure
    assert concurrency.limit == 8


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 60), st.booleans(), st.floats(0, 30)), max_size=200))
def test_it_is_always_between_one_and_the_maximum(landings: list[tuple[float, int, bool, float]]) -> None:
    clock = VirtualClock()
    concurrency = Concurrency(8, start=4, clock=clock)
    for seconds, commands, trouble, pause in landings:
        clock.advance(pause)
        concurrency.landed(seconds, commands=commands, trouble=trouble)
        assert 1 <= concurrency.limit <= 8
