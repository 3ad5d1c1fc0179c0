from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from b24orm import Deal, Portal

SERVE = "import sys; from b24orm.cli import main; sys.exit(main(sys.argv[1:]))"


@contextmanager
def portal_in_another_process(deals: int) -> Iterator[str]:
    command = [sys.executable, "-c", SERVE, "sandbox", "serve", "--deals", str(deals), "--plan", "none", "--port", "0"]
    # It only serves: were its coverage measured too, the test would take half as long again.
    unmeasured = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=unmeasured) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


async def peak_bytes(url: str, deals: int) -> int:
    async with Portal(url, max_concurrency=2):
        await Deal.objects.first()  # schemas and validators are made once
        tracemalloc.start()
        try:
            count = 0
            async for _ in Deal.objects.select("id", "title", "opportunity", "stage_id", "created_time"):
                count += 1
            assert count == deals
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.slow
def test_the_peak_of_memory_does_not_grow_with_the_number_of_rows() -> None:
    peaks = []
    for deals in (60_000, 120_000):  # long enough to have as many batches under way as are allowed
        with portal_in_another_process(deals) as url:
            peaks.append(asyncio.run(peak_bytes(url, deals)))
    small, large = peaks
    assert large < 1.3 * small
