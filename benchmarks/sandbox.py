"""What the sandbox itself costs: processor seconds of its process for a page and for a batch of pages.

    python -m benchmarks.sandbox [--requests N]

The client is another process, which reads the answers and does nothing with them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import pydantic_core

from b24orm import Limits
from b24orm.sandbox import Sandbox

PAGE_BAR, BATCH_BAR = 3.0, 120.0
"""Milliseconds of processor time that a list of 50 rows, and 2,500 rows in a batch, may cost."""

_CLIENT = """
import http.client, sys
address, path, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
body = sys.stdin.buffer.read()
connection = http.client.HTTPConnection(address)
for _ in range(times):
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.read().startswith(b'{"result":') and answer.status == 200
"""


def _milliseconds(sandbox: Sandbox, method: str, params: Mapping[str, object], times: int) -> float:
    """Processor milliseconds of this process for one of *times* calls."""
    url = urlsplit(sandbox.url)
    command = [sys.executable, "-c", _CLIENT, url.netloc, f"{url.path}{method}.json"]
    body = pydantic_core.to_json(params)
    subprocess.run([*command, "3"], input=body, check=True)  # what is computed once is not the price of a call
    before = time.process_time()
    subprocess.run([*command, str(times)], input=body, check=True)
    return (time.process_time() - before) / times * 1000


def _pages(method: str, query: str) -> dict[str, str]:
    return {f"page{start:05d}": f"{method}?{query}&start={start}" for start in range(0, 2500, 50)}


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=40, help="calls of each kind (default: %(default)s)")
    times: int = parser.parse_args().requests
    everything = "select[0]=*&select[1]=UF_*"
    calls: list[tuple[str, str, Mapping[str, object], float]] = [
        ("50 deals, `crm.item.list`", "crm.item.list", {"entityTypeId": 2, "start": -1}, PAGE_BAR),
        ("50 deals, counted", "crm.item.list", {"entityTypeId": 2, "start": 100}, PAGE_BAR),
        ("50 deals, `crm.deal.list`", "crm.deal.list", {"select": ["*", "UF_*"], "start": -1}, PAGE_BAR),
        ("50 contacts, `crm.item.list`", "crm.item.list", {"entityTypeId": 3, "start": -1}, PAGE_BAR),
        ("50 tasks, all 63 fields", "tasks.task.list", {"start": 0, "select": ["*"]}, PAGE_BAR),
        ("2,500 deals in a batch", "batch", {"cmd": _pages("crm.item.list", "entityTypeId=2")}, BATCH_BAR),
        ("2,500 deals, classic, in a batch", "batch", {"cmd": _pages("crm.deal.list", everything)}, BATCH_BAR),
    ]
    print("| call | processor, ms | bar | holds |\n|---|---:|---:|---|")
    with Sandbox(deals=5000, contacts=3000, limits=Limits.none()) as sandbox:
        for label, method, params, bar in calls:
            cost = _milliseconds(sandbox, method, params, times)
            print(f"| {label} | {cost:.2f} | < {bar:g} | {'yes' if cost < bar else '**no**'} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
