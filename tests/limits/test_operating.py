from __future__ import annotations

import pytest

from b24orm.limits import Limits, OperatingBudget
from tests.limits.virtual import VirtualClock

LIST = "crm.item.list"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def budget(clock: VirtualClock) -> OperatingBudget:
    return OperatingBudget(Limits.standard(), clock)


def test_a_method_nobody_called_may_be_called(budget: OperatingBudget) -> None:
    assert budget.wait_time(LIST) == 0.0
    assert budget.operating == {}


def test_a_method_within_its_budget_does_not_wait(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 400.0, clock.time() + 100)
    assert budget.wait_time(LIST) == 0.0
    assert budget.operating == {LIST: 400.0}


def test_only_the_exhausted_method_rests_and_only_until_its_reset(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 460.0, clock.time() + 100)
    budget.observe("crm.item.get", 1.0, clock.time() + 100)
    assert budget.wait_time("CRM.Item.List") == 100.0
    assert budget.wait_time("crm.item.get") == 0.0
    clock.advance(99.0)
    assert budget.wait_time(LIST) == 1.0
    clock.advance(1.0)
    assert budget.wait_time(LIST) == 0.0


def test_the_portals_own_time_outweighs_a_wrong_clock_of_ours(budget: OperatingBudget, clock: VirtualClock) -> None:
    portal_time = clock.time() - 3600  # we are an hour ahead
    budget.observe(LIST, 470.0, portal_time + 30, portal_time=portal_time)
    assert budget.wait_time(LIST) == 30.0


def test_a_reset_in_the_past_or_unknown_means_one_minute(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 470.0, clock.time() - 5)
    assert budget.wait_time(LIST) == 60.0
    budget.observe("user.get", 470.0)
    assert budget.wait_time("user.get") == 60.0


def test_no_rest_is_longer_than_the_window_of_ten_minutes(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 470.0, clock.time() + 86_400)
    assert budget.wait_time(LIST) == 600.0


def test_a_newer_answer_with_less_time_used_ends_the_rest(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 470.0, clock.time() + 30)
    budget.observe(LIST, 300.0, clock.time() + 90)
    assert budget.wait_time(LIST) == 0.0


def test_answers_that_overtake_each_other_never_lower_the_sum(budget: OperatingBudget, clock: VirtualClock) -> None:
    reset = clock.time() + 90
    budget.observe(LIST, 470.0, reset)
    budget.observe(LIST, 465.0, reset)
    budget.observe(LIST, 100.0, reset - 60)
    assert budget.operating == {LIST: 470.0}
    assert budget.wait_time(LIST) == 90.0


def test_a_blocked_method_rests_until_the_reset_that_its_last_answer_announced(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    budget.observe(LIST, 10.0, clock.time() + 45)
    budget.blocked(LIST)
    assert budget.wait_time(LIST) == 45.0
    assert budget.wait_time("crm.item.get") == 0.0


def test_a_blocked_method_of_which_nothing_is_known_rests_for_a_minute(budget: OperatingBudget) -> None:
    budget.blocked(LIST)
    assert budget.wait_time(LIST) == 60.0


def test_a_blocked_method_rests_until_the_time_it_was_told(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.blocked(LIST, clock.time() + 20)
    assert budget.wait_time(LIST) == 20.0
    clock.advance(20.0)
    assert budget.wait_time(LIST) == 0.0
    budget.blocked(LIST)  # still: the next basket
    assert budget.wait_time(LIST) == 60.0


def test_an_answer_from_before_the_block_does_not_lift_it_and_a_later_one_does(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    reset = clock.time() + 45
    budget.observe(LIST, 10.0, reset)
    budget.blocked(LIST)
    budget.observe(LIST, 9.0, reset)
    assert budget.wait_time(LIST) == 45.0
    budget.observe(LIST, 5.0, reset + 60)
    assert budget.wait_time(LIST) == 0.0


def test_without_a_limit_only_the_portals_own_refusal_counts(clock: VirtualClock) -> None:
    budget = OperatingBudget(Limits.none(), clock)
    budget.observe(LIST, 10_000.0, clock.time() + 45)
    assert budget.wait_time(LIST) == 0.0
    budget.blocked(LIST)
    assert budget.wait_time(LIST) == 45.0
