from __future__ import annotations

import pytest

from b24orm.limits import Limits, OperatingBudget, Rest
from tests.limits.virtual import VirtualClock

LIST = "crm.item.list"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(epoch=1_700_000_000.25)  # resets in the tests are exact, not cut to whole seconds


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


# ------------------------------------------------------------------------------------------- what is under way


def test_a_reset_in_whole_seconds_may_be_a_second_later(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 470.0, int(clock.time()) + 100)
    assert budget.wait_time(LIST) == 100.75
    clock.advance(100.75)
    assert budget.wait_time(LIST) == 0.0


def test_what_is_under_way_counts_with_what_it_is_expected_to_cost(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    reset = clock.time() + 100
    budget.observe(LIST, 295.0, reset, duration=5.0)
    budget.observe(LIST, 300.0, reset, duration=5.0)
    assert budget.expected(LIST, 20) == pytest.approx(100.0)
    assert budget.wait_time(LIST, 31) == 0.0
    assert budget.wait_time(LIST, 32) == 100.0
    budget.depart(LIST, 30)
    assert budget.wait_time(LIST, 2) == 100.0
    budget.landed(LIST, 10)
    assert budget.wait_time(LIST, 10) < 100.0
    budget.landed(LIST, 20)
    assert budget.wait_time(LIST, 30) == 0.0


def test_as_many_stay_together_as_may_leave_when_calls_are_spread_over_time(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    assert budget.together(LIST, 50) == 50
    reset = clock.time() + 100
    budget.observe(LIST, 5.0, reset, duration=5.0)
    budget.observe(LIST, 10.0, reset, duration=5.0)
    assert budget.together(LIST, 50) == 24  # 120 of 480 s
    assert budget.together(LIST, 10) == 10
    budget.depart(LIST, 80)
    assert budget.wait_time(LIST, 24) > 0.0
    assert budget.together(LIST, 50) == 24  # what nears the limit waits, and is not cut into pieces for it


def test_a_call_that_costs_more_than_that_goes_alone(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 0.0, clock.time() + 100, duration=200.0)
    assert budget.together(LIST, 50) == 1


def test_without_a_limit_nothing_is_kept_apart(clock: VirtualClock) -> None:
    budget = OperatingBudget(Limits.none(), clock)
    budget.observe(LIST, 0.0, clock.time() + 100, duration=200.0)
    assert budget.together(LIST, 50) == 50


def test_a_command_that_can_never_fit_waits_for_what_is_under_way_only(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    reset = clock.time() + 500
    budget.observe(LIST, 1.0, reset, duration=500.0)
    assert budget.wait_time(LIST) == 0.0
    budget.depart(LIST)
    assert 0.0 < budget.wait_time(LIST) <= 1.0
    budget.landed(LIST)
    assert budget.wait_time(LIST) == 0.0


def test_above_the_threshold_the_rest_of_the_budget_is_spread_until_the_reset(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    reset = clock.time() + 120
    used = 326.0
    budget.observe(LIST, used, reset, duration=10.0)
    left: list[float] = []
    while clock.now < 119:
        wait = budget.wait_time(LIST)
        if wait:
            clock.advance(wait)
            continue
        left.append(clock.now)
        used += 10.0
        budget.depart(LIST)
        budget.observe(LIST, used, reset, duration=10.0)
        budget.landed(LIST)
    assert used == 456.0
    assert left == pytest.approx([0.0, *(10.0 * n for n in range(12))])


def test_commands_whose_answers_were_lost_count_until_the_next_answer(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    reset = clock.time() + 100
    budget.observe(LIST, 300.0, reset, duration=5.0)
    budget.depart(LIST, 30)
    budget.landed(LIST, 30, lost=30)
    assert budget.wait_time(LIST, 2) == 100.0
    budget.observe(LIST, 310.0, reset, duration=5.0)
    assert budget.wait_time(LIST, 2) == 0.0


def test_more_landings_than_departures_do_no_harm(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.landed(LIST, 7)
    budget.observe(LIST, 300.0, clock.time() + 100, duration=5.0)
    budget.landed(LIST, 7)
    assert budget.wait_time(LIST, 31) == 0.0
    assert budget.wait_time(LIST, 32) > 0.0


def test_departures_that_never_land_do_not_hold_the_method_up_for_ever(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    budget.blocked(LIST)
    budget.depart(LIST)
    clock.advance(60.0)
    assert budget.wait_time(LIST) == 1.0  # its answer will tell
    clock.advance(600.0)
    assert budget.wait_time(LIST) == 0.0


def test_after_a_rest_one_request_at_a_time_is_tried_until_an_answer_tells(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    budget.observe(LIST, 456.0, clock.time() + 100, duration=2.0)
    assert budget.wait_time(LIST) == 100.0
    clock.advance(100.0)
    assert budget.wait_time(LIST) == 0.0
    budget.depart(LIST)
    assert budget.wait_time(LIST) == 1.0
    budget.observe(LIST, 300.0, clock.time() + 60, duration=2.0)
    budget.landed(LIST)
    assert budget.wait_time(LIST, 10) == 0.0


def test_a_probe_that_nothing_forgotten_yet_could_carry_waits_for_the_next_basket(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    start = clock.time()
    budget.observe(LIST, 6.0, start + 600, duration=6.0)
    clock.advance(300.0)
    for used in range(12, 457, 6):
        budget.observe(LIST, float(used), start + 600, duration=6.0)
    assert budget.wait_time(LIST, 10) == 300.0
    clock.advance(300.0)  # the first 6 s are forgotten; 450 + 60 would still be too much
    assert budget.wait_time(LIST, 10) == pytest.approx(300.0)
    assert budget.wait_time(LIST, 1) == 0.0
    clock.advance(300.0)
    assert budget.wait_time(LIST, 10) == 0.0


def test_what_was_used_ten_minutes_ago_is_forgotten_whatever_was_told(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    budget.observe(LIST, 470.0, clock.time() + 600, duration=5.0)
    clock.advance(600.0)
    assert budget.wait_time(LIST, 50) == 0.0
    budget.depart(LIST, 50)
    assert budget.wait_time(LIST, 10) == 0.0


def test_a_method_of_unknown_cost_goes_one_by_one_near_its_limit(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 400.0, clock.time() + 100)
    assert budget.wait_time(LIST) == 0.0
    budget.depart(LIST)
    assert budget.wait_time(LIST) == 1.0


def test_the_cost_is_learned_from_the_growth_of_the_sum_alone(budget: OperatingBudget, clock: VirtualClock) -> None:
    reset = clock.time() + 500
    for used in range(0, 201, 4):
        budget.observe(LIST, float(used), reset)
    assert budget.expected(LIST, 10) == pytest.approx(40.0)
    assert budget.expected("crm.item.get", 10) == 0.0


# ------------------------------------------------------------------------------------------- odd portals


def test_without_resets_an_older_answer_is_known_by_the_time_it_was_given(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    now = clock.time()
    budget.observe(LIST, 470.0, portal_time=now)
    budget.observe(LIST, 300.0, portal_time=now - 2)
    assert budget.operating == {LIST: 470.0}
    budget.observe(LIST, 300.0, portal_time=now + 2)
    assert budget.operating == {LIST: 300.0}
    budget.observe(LIST, 310.0, portal_time=now - 3600)  # its clock was set back
    assert budget.operating == {LIST: 310.0}


def test_an_answer_without_a_reset_keeps_the_one_that_is_known(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 470.0, clock.time() + 90)
    budget.observe(LIST, 471.0)
    assert budget.wait_time(LIST) == 90.0


def test_answers_from_before_a_block_of_unknown_length_tell_how_long_it_is_and_do_not_lift_it(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    budget.blocked(LIST)
    assert budget.wait_time(LIST) == 60.0
    budget.observe(LIST, 479.0, clock.time() + 200)
    assert budget.wait_time(LIST) == 200.0
    assert [rest.seconds for rest in budget.resting] == [200.0]


def test_a_late_answer_from_before_the_reset_does_not_start_another_rest(
    budget: OperatingBudget, clock: VirtualClock
) -> None:
    reset = clock.time() + 100
    budget.observe(LIST, 460.0, reset, portal_time=clock.time())
    clock.advance(101.0)
    budget.observe(LIST, 465.0, reset, portal_time=reset - 1)
    assert budget.wait_time(LIST) == 0.0


def test_a_short_window_is_learned_from_its_resets(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 470.0, clock.time() + 4, duration=30.0)
    assert budget.wait_time(LIST) == 4.0
    clock.advance(4.0)
    assert budget.wait_time(LIST) == 0.0
    budget.blocked(LIST)
    assert budget.wait_time(LIST) == 4.0  # not a minute


# ------------------------------------------------------------------------------------------- rests


def test_a_rest_is_told_once_with_what_a_log_line_needs(budget: OperatingBudget, clock: VirtualClock) -> None:
    assert budget.rest_of(LIST) is None
    budget.observe(LIST, 460.0, clock.time() + 100)
    assert budget.rest_of(LIST) is None  # nobody asked for more yet
    budget.wait_time(LIST)
    clock.advance(10.0)
    budget.wait_time(LIST)
    rest = budget.rest_of(LIST)
    assert rest == Rest(LIST, "near the limit", 460.0, 480.0, 90.0)
    assert str(rest) == "crm.item.list rests for 90 s: near the limit (460 of 480 s of operating time)"
    budget.wait_time(LIST)
    assert budget.rest_of(LIST) is None
    assert [rest.seconds for rest in budget.resting] == [90.0]
    clock.advance(90.0)
    assert budget.resting == []


def test_a_refusal_is_told_once_however_many_commands_it_hit(budget: OperatingBudget) -> None:
    for _ in range(20):
        budget.blocked(LIST)
    rest = budget.rest_of(LIST.upper())
    assert rest is not None
    assert (rest.method, rest.why, rest.seconds) == (LIST, "blocked", 60.0)
    budget.blocked(LIST)
    assert budget.rest_of(LIST) is None


def test_a_refusal_during_a_rest_is_news_and_so_is_the_next_rest(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 460.0, clock.time() + 100)
    budget.wait_time(LIST)
    assert budget.rest_of(LIST) is not None
    budget.blocked(LIST)
    rest = budget.rest_of(LIST)
    assert rest is not None
    assert rest.why == "blocked"
    clock.advance(100.0)
    budget.observe(LIST, 460.0, clock.time() + 60)
    assert budget.rest_of(LIST) is None
    budget.wait_time(LIST)
    rest = budget.rest_of(LIST)
    assert rest is not None
    assert (rest.why, rest.seconds) == ("near the limit", 60.0)


def test_a_rest_that_an_answer_ended_is_not_told_any_more(budget: OperatingBudget, clock: VirtualClock) -> None:
    budget.observe(LIST, 460.0, clock.time() + 30)
    budget.wait_time(LIST)
    budget.observe(LIST, 100.0, clock.time() + 90)
    assert budget.rest_of(LIST) is None
    assert budget.resting == []


def test_being_paced_is_no_rest(budget: OperatingBudget, clock: VirtualClock) -> None:
    reset = clock.time() + 100
    budget.observe(LIST, 336.0, reset, duration=1.0)
    budget.wait_time(LIST)
    budget.observe(LIST, 350.0, reset, duration=1.0)
    assert 0.0 < budget.wait_time(LIST) < 100.0
    assert budget.rest_of(LIST) is None
    assert budget.resting == []


def test_a_rest_without_a_configured_limit_says_so(clock: VirtualClock) -> None:
    budget = OperatingBudget(Limits.none(), clock)
    budget.blocked("batch")
    assert str(budget.rest_of("batch")) == "batch rests for 60 s: blocked (0 s of operating time)"
