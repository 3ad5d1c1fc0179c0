from __future__ import annotations

import pytest

from b24orm.limits.costs import CommandCost


def test_nothing_is_expected_of_what_is_unknown() -> None:
    cost = CommandCost()
    assert not cost.known
    assert cost.of(50) == 0.0


def test_durations_are_believed_at_once() -> None:
    cost = CommandCost()
    cost.lasted(2.0)
    assert cost.known
    assert cost.of(10) == 20.0
    assert cost.of(0) == 0.0


def test_a_total_within_the_portals_tolerance_costs_nothing() -> None:
    cost = CommandCost()
    cost.lasted(0.02)
    assert cost.of(5) == 0.0
    assert cost.of(50) == pytest.approx(1.0)


def test_what_is_not_billed_is_not_expected_however_long_it_takes() -> None:
    cost = CommandCost()
    for _ in range(20):
        cost.lasted(3.0)
        cost.billed(0.0, duration=3.0)
    assert cost.of(50) == 0.0


def test_more_may_be_billed_than_the_durations_say() -> None:
    cost = CommandCost()
    for _ in range(20):
        cost.lasted(0.5)
        cost.billed(4.0, duration=0.5)
    assert cost.of(10) == pytest.approx(40.0)


def test_growth_that_one_answer_shows_for_many_is_averaged() -> None:
    cost = CommandCost()
    for _ in range(10):
        for growth in [2.0] * 50 + [0.0] * 150:
            cost.lasted(0.5)
            cost.billed(growth, duration=0.5)
    assert cost.of(200) == pytest.approx(100.0, rel=0.25)


def test_costs_that_vary_are_expected_to_be_higher_than_on_average_most_of_all_for_few() -> None:
    cost = CommandCost()
    for n in range(100):
        cost.lasted(1.0 if n % 2 else 19.0)
    assert cost.of(1) > 19.0
    assert cost.of(100) < 1.25 * 1000


def test_a_method_that_becomes_slow_is_known_as_such_after_a_few_commands() -> None:
    cost = CommandCost()
    for duration in [0.1] * 500 + [5.0] * 10:
        cost.lasted(duration)
        cost.billed(duration, duration=duration)
    assert cost.of(1) > 3.0
