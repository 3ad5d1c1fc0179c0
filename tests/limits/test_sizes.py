from __future__ import annotations

import pytest

from b24orm.limits import BatchSize

LIST = "crm.item.list"


@pytest.fixture
def sizes() -> BatchSize:
    return BatchSize(target_seconds=20.0, maximum=50)


def test_a_method_nobody_called_fills_a_batch(sizes: BatchSize) -> None:
    assert sizes.fits(LIST) == 50
    assert sizes.expected(LIST) == 0.0


def test_slow_commands_make_small_batches_of_their_method_only(sizes: BatchSize) -> None:
    sizes.observe("CRM.Item.List", 2.0)
    assert sizes.expected(LIST) == 2.0
    assert sizes.fits(LIST) == 10
    assert sizes.fits("user.get") == 50
    sizes.observe("task.list", 45.0)
    assert sizes.fits("task.list") == 1


def test_it_rises_fast_and_falls_slowly(sizes: BatchSize) -> None:
    sizes.observe(LIST, 1.0)
    for _ in range(5):
        sizes.observe(LIST, 4.0)
    assert sizes.expected(LIST) > 3.0
    for _ in range(5):
        sizes.observe(LIST, 1.0)
    assert sizes.expected(LIST) > 2.0
    for _ in range(100):
        sizes.observe(LIST, 1.0)
    assert sizes.fits(LIST) >= 19


def test_one_command_that_hung_does_not_make_all_batches_tiny(sizes: BatchSize) -> None:
    for _ in range(10):
        sizes.observe(LIST, 0.2)
    sizes.observe(LIST, 60.0)
    assert sizes.fits(LIST) > 20
    for _ in range(10):
        sizes.observe(LIST, 60.0)
    assert sizes.fits(LIST) == 1


def test_a_batch_that_took_too_long_is_halved_down_to_single_calls(sizes: BatchSize) -> None:
    seen: list[int] = []
    for _ in range(7):
        sizes.too_long(LIST, sizes.fits(LIST))
        seen.append(sizes.fits(LIST))
    assert seen == [25, 12, 6, 3, 1, 1, 1]
    assert sizes.fits("user.get") == 50


def test_batches_that_were_under_way_together_halve_it_once(sizes: BatchSize) -> None:
    for _ in range(4):
        sizes.too_long(LIST, 50)
    assert sizes.fits(LIST) == 25


def good(sizes: BatchSize, times: int) -> int:
    """What fits after so many good batches of full size."""
    for _ in range(times):
        sizes.went_well(LIST, sizes.fits(LIST))
    return sizes.fits(LIST)


def test_it_recovers_by_doubling_after_some_good_batches_of_full_size(sizes: BatchSize) -> None:
    sizes.went_well(LIST, 50)
    sizes.too_long(LIST, 25)
    for _ in range(100):
        sizes.went_well(LIST, 11)
    assert sizes.fits(LIST) == 12
    assert good(sizes, 15) == 12
    assert good(sizes, 1) == 24
    assert good(sizes, 16) == 48
    assert good(sizes, 16) == 50


def test_a_trial_that_went_wrong_makes_the_next_one_rarer(sizes: BatchSize) -> None:
    sizes.too_long(LIST, 25)
    assert good(sizes, 16) == 24
    for _ in range(8):  # under way together: one trial
        sizes.too_long(LIST, 24)
    assert good(sizes, 31) == 12
    assert good(sizes, 1) == 24
