from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24orm.limits import RetryBudget, backoff


def test_a_fault_at_every_third_request_never_exhausts_it() -> None:
    budget = RetryBudget()
    for number in range(100_000):
        if number % 3 == 0:
            assert budget.spend()
        else:
            budget.earn()
    assert budget.left == pytest.approx(60.0, abs=1.0)


def test_a_portal_that_is_down_gets_a_bounded_number_of_retries() -> None:
    budget = RetryBudget()
    assert [budget.spend() for _ in range(40)] == [True] * 20 + [False] * 20
    for _ in range(10_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(1000)) == 60


def test_successes_give_back_less_than_retries_cost() -> None:
    budget = RetryBudget(0.0)
    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
    assert budget.left == pytest.approx(0.2)


def test_its_numbers_can_be_chosen() -> None:
    budget = RetryBudget(5.0, earned=1.0, most=2.0)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    budget.earn()
    assert budget.spend()


def test_the_backoff_doubles_up_to_its_longest() -> None:
    assert [backoff(n, jitter=lambda: 1.0) for n in range(1, 9)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert [backoff(n, first=2.0, last=5.0, jitter=lambda: 0.0) for n in (1, 2, 3)] == [1.0, 2.0, 2.5]
    assert backoff(10_000, jitter=lambda: 1.0) == 30.0


@given(st.integers(0, 100), st.floats(0, 1))
def test_the_backoff_is_between_half_and_all_of_it(attempt: int, chance: float) -> None:
    longest = min(30.0, 0.5 * 2.0 ** max(0, attempt - 1))
    assert longest / 2 <= backoff(attempt, jitter=lambda: chance) <= longest
    assert longest / 2 <= backoff(attempt) <= longest
