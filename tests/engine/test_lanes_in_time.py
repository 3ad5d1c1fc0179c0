"""Long lists at a slow portal, in virtual time: requests, batches under way, and rows that wait for their turn."""

from __future__ import annotations

import random

import pytest

from b24orm.limits import Limits
from benchmarks.lanes import SHAPES, gaps
from benchmarks.virtual import FAST, SLOW, Reading, simulate

pytestmark = pytest.mark.slow

BATCH = 2_500  # rows
ROUND = 50 * FAST.asleep  # virtual seconds that the portal takes for a batch, were it alone


def read(name: str, count: int, seed: int = 0, *, descending: bool = False) -> Reading:
    return simulate(SHAPES[name](count, random.Random(seed)), descending=descending)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("descending", [False, True])
def test_100000_rows_with_gaps_and_a_hole_take_43_requests_in_an_even_stream(seed: int, descending: bool) -> None:
    reading = simulate(gaps(100_000, random.Random(seed)), descending=descending)
    assert reading.requests <= 43
    assert reading.handed_out == 100_000
    assert reading.most_flying >= 16
    assert reading.most_held <= 6 * BATCH
    assert reading.seconds <= 5 * ROUND


def test_100000_dense_rows_take_42_requests() -> None:
    reading = read("dense", 100_000)
    assert reading.requests <= 42
    assert reading.handed_out == 100_000
    assert reading.seconds <= 5 * ROUND


def test_where_the_processor_is_the_narrow_place_it_waits_for_the_portal_once() -> None:
    reading = simulate(gaps(100_000, random.Random(1)), SLOW)
    assert reading.requests <= 43
    assert reading.seconds <= 100_000 / 50 * (SLOW.skim + SLOW.consume) + 1.6 * ROUND


@pytest.mark.parametrize("name", SHAPES)
def test_lists_of_any_shape_are_whole_and_hold_no_more_than_what_may_be_under_way(name: str) -> None:
    reading = read(name, 60_000, 1, descending=True)
    assert reading.handed_out <= 1.02 * 60_000
    assert reading.requests <= 60_000 / BATCH + 25
    assert reading.most_held <= 17 * BATCH


@pytest.mark.parametrize(("name", "more"), [("dense", 3), ("gaps and hole", 3), ("wild", 8)])
def test_near_the_operating_limit_batches_wait_and_stay_whole(name: str, more: int) -> None:
    """Pages of 20 ms: the rest of 40 s is spread over minutes, which costs time, and no request."""
    ids = SHAPES[name](120_000, random.Random(1))
    quick, held_up = simulate(ids), simulate(ids, limits=Limits(operating=40))
    assert held_up.requests <= quick.requests + more
    assert held_up.seconds > 300
