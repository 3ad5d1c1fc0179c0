"""A client that obeys its budget never crosses the portal's limit, and does nearly as much as it may."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from b24orm.limits import Limits
from tests.limits.metered import Client

pytestmark = pytest.mark.slow

WINDOW = 600.0
TOLD = st.sampled_from([frozenset({"duration", "finish", "reset"}), frozenset({"duration", "reset"})])


def costs(kind: str, mean: float, seed: int) -> list[float]:
    chance = random.Random(seed)
    if kind == "alike":
        return [mean]
    if kind == "by turns":
        return [0.1 * mean, 1.9 * mean]
    return [chance.uniform(0.1, 1.9) * mean for _ in range(199)]


def repeat_of(seconds: float) -> Callable[[int], float]:
    return lambda _: seconds


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["alike", "by turns", "by chance"]),
    st.sampled_from([0.02, 0.1, 0.4, 1.5, 6.0, 20.0]),
    st.integers(1, 8),
    st.integers(1, 50),
    st.lists(st.sampled_from([0.0, 0.1, 0.5, 3.0]), min_size=1, max_size=9),
    TOLD,
    st.sampled_from([0.0, 40.0, -40.0, 86_400.0]),
)
def test_the_limit_is_never_crossed_and_little_time_is_wasted(
    kind: str, mean: float, slots: int, unit: int, lateness: list[float], tells: frozenset[str], skew: float
) -> None:
    seconds = costs(kind, mean, unit)
    unit = max(1, min(unit, int(20 / mean)))  # what the size of batches is bounded to
    client = Client(
        lambda n: seconds[n % len(seconds)],
        slots=slots,
        unit=unit,
        rate=1.0,
        lateness=lambda n: lateness[n % len(lateness)],
        tells=tells,
        skew=skew if "finish" in tells else 0.0,
    )
    report = client.run(2 * WINDOW)

    assert report.refused == 0
    assert report.highest <= 480.0
    request = unit * sum(seconds) / len(seconds)
    wanted = 2 * WINDOW * min(1.0 * request, slots * request / (request + 2 * sum(lateness) / len(lateness)))
    assert report.seconds >= 0.6 * min(wanted, 2 * 480.0)


@pytest.mark.parametrize(("mean", "unit"), [(0.3, 50), (0.4, 50), (5.0, 4), (20.0, 1)])
@pytest.mark.parametrize("slots", [1, 8])
def test_a_saturated_method_uses_most_of_what_the_portal_grants(mean: float, unit: int, slots: int) -> None:
    report = Client(lambda _: mean, slots=slots, unit=unit).run(6 * WINDOW)
    assert report.refused == 0
    assert 0.85 <= report.seconds / (6 * 480.0) <= 1.0


def test_the_approach_is_even_rather_than_one_long_rest() -> None:
    report = Client(lambda _: 2.0, slots=4, unit=5).run(WINDOW)
    spread = [later - earlier for earlier, later in pairwise(report.left)]
    assert report.seconds > 0.9 * 480
    assert max(spread) < 60  # without pacing nothing would leave for eight minutes


def test_a_portal_that_names_no_reset_is_not_driven_over_its_limit() -> None:
    for mean, unit in [(0.3, 50), (5.0, 1), (5.0, 4), (20.0, 1)]:
        report = Client(repeat_of(mean), unit=unit, tells=frozenset({"duration"})).run(3 * WINDOW)
        assert report.refused == 0
        assert report.seconds > 0.7 * 3 * 480


def test_calls_that_are_not_billed_never_wait() -> None:
    report = Client(lambda _: 0.09, slots=8, rate=50.0).run(900.0)
    assert report.highest == 0.0
    assert report.rests == []
    assert report.commands > 0.95 * 8 * 900 / (0.09 + 0.2)


def test_a_portal_without_the_meter_never_makes_anyone_wait() -> None:
    report = Client(lambda _: 20.0, limits=Limits.none()).run(WINDOW)
    assert report.commands >= 4 * int(WINDOW / 20.2) - 4
    assert report.rests == []


def test_time_that_another_client_used_is_respected_from_the_first_answer_on() -> None:
    report = Client(lambda _: 1.0, slots=2, unit=5, foreign=420.0).run(2 * WINDOW, ahead=300.0)
    assert report.refused == 0
    assert report.highest <= 480.0
    assert report.seconds > 700


def test_a_method_that_is_blocked_from_the_start_is_tried_again_until_it_works() -> None:
    report = Client(lambda _: 1.0, slots=4, foreign=500.0).run(2 * WINDOW, ahead=100.0)
    assert report.seconds > 400
    assert report.refused <= 4 + 10  # what left before anybody knew, and one a minute
    assert "blocked" in report.rests[0]


def test_lost_answers_count_as_if_they_had_run() -> None:
    report = Client(lambda _: 1.0, unit=15, loses=lambda n: n % 3 == 2).run(2 * WINDOW)
    assert report.refused == 0
    assert report.seconds > 0.8 * 2 * 480


def test_a_method_that_becomes_ten_times_slower_is_noticed_in_time() -> None:
    report = Client(lambda n: 0.1 if n < 2000 else 1.0, unit=20).run(2 * WINDOW)
    assert report.refused == 0


def test_each_rest_is_told_once() -> None:
    report = Client(lambda _: 2.0, slots=8, unit=10).run(2 * WINDOW)
    assert 1 <= len(report.rests) <= 25
    assert report.asked > 20 * len(report.rests)
    assert all("near the limit" in rest for rest in report.rests)
