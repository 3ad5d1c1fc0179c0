from __future__ import annotations

import pytest

from b24orm.limits.ledger import WINDOW, Ledger


def test_the_oldest_basket_goes_at_its_reset_and_the_others_ten_minutes_after_we_heard_of_them() -> None:
    ledger = Ledger()
    ledger.tell(10.0, 5.0)
    ledger.tell(15.0, 30.0)
    ledger.tell(40.0, 300.0)
    assert ledger.remembered(599.0, 600.0, WINDOW) == 40.0
    assert ledger.remembered(600.0, 600.0, WINDOW) == 25.0
    assert ledger.next_change(600.0, 600.0, WINDOW) == 900.0
    assert ledger.remembered(900.0, 600.0, WINDOW) == 0.0
    assert ledger.next_change(900.0, 600.0, WINDOW) == 900.0


def test_a_sum_that_fell_means_that_the_oldest_was_forgotten() -> None:
    ledger = Ledger()
    ledger.tell(10.0, 0.0)
    ledger.tell(30.0, 100.0)
    ledger.tell(25.0, 200.0)
    assert ledger.remembered(600.0, 0.0, WINDOW) == 20.0
    ledger.tell(15.0, 200.0)
    assert ledger.remembered(600.0, 0.0, WINDOW) == 15.0
    ledger.tell(0.0, 200.0)
    assert ledger.remembered(200.0, 0.0, WINDOW) == 0.0


def test_what_a_command_used_itself_is_new_although_the_sum_fell() -> None:
    ledger = Ledger()
    ledger.tell(60.0, 0.0)
    ledger.tell(20.0, 300.0, own=20.0)
    assert ledger.remembered(700.0, 0.0, WINDOW) == 20.0
    assert ledger.total == 20.0


def test_it_remembers_a_bounded_number_of_things() -> None:
    ledger = Ledger()
    for second in range(5000):
        ledger.tell(float(second), float(second))
    assert len(ledger._entries) <= 700
    assert ledger.remembered(5000.0, 0.0, 1e9) == pytest.approx(4999.0)
