from __future__ import annotations

import time

from b24orm.limits import Clock, SystemClock


async def test_the_system_clock_is_that_of_the_machine() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= before
    assert abs(clock.time() - time.time()) < 60
