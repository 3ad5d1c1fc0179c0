"""Reads all deals of an embedded portal: requests, commands, seconds and memory.

python benchmarks/read_deals.py [--deals 20000 ...] [--seeds 1 2 3 4 5] [--rows models|dicts]

The portal runs in a process of its own, so that what is measured here is the client alone. Memory is what Python
allocated (`tracemalloc`) at its peak beyond what it held before the first row. It is measured in a second run, because
tracing slows everything down.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from b24orm import Deal, Portal


@contextmanager
def portal_process(deals: int, seed: int) -> Iterator[str]:
    command = [sys.executable, "-m", "b24orm", "sandbox", "serve", "--deals", str(deals), "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def read(portal: Portal, rows: str) -> int:
    count = 0
    last = 0
    if rows == "dicts":
        async for row in portal.list("crm.item.list", {"entityTypeId": 2}):
            assert row["id"] > last
            last, count = row["id"], count + 1
    else:
        async for deal in Deal.objects:
            assert deal.id > last
            last, count = deal.id, count + 1
    return count


async def measure(url: str, deals: int, seed: int, rows: str) -> None:
    async with Portal(url) as portal:
        wall, processor = time.perf_counter(), time.process_time()
        count = await read(portal, rows)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        assert count == deals, f"{count} rows of {deals}"
        stats = portal.stats
        requests, commands, refusals = stats.requests, stats.commands, stats.refusals
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await read(portal, rows)
        peak = (tracemalloc.get_traced_memory()[1] - before) / 2**20
        tracemalloc.stop()
    print(
        f"| {deals:>7,} | {seed:>4} | {requests:>8} | {commands:>8} | {refusals:>8} "
        f"| {wall:>7.2f} | {processor:>9.2f} | {peak:>8.1f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="reads all deals of an embedded portal")
    parser.add_argument("--deals", type=int, nargs="+", default=[20_000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--rows", choices=("models", "dicts"), default="models")
    arguments = parser.parse_args()
    print("|   deals | seed | requests | commands | refusals | seconds | processor | peak MiB |")
    print("|--------:|-----:|---------:|---------:|---------:|--------:|----------:|---------:|")
    for deals in arguments.deals:
        for seed in arguments.seeds:
            with portal_process(deals, seed) as url:
                asyncio.run(measure(url, deals, seed, arguments.rows))


if __name__ == "__main__":
    main()
