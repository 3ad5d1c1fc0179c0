"""The portal of one run, in a process of its own.

python -m benchmarks.portal --deals 100000 --deal-ids gaps --count-cost 20e-6

Prints a JSON line with its ``url``, the number of its ``deals``, the sum of their ids (``checksum``) and some ``ids``.
Then it answers each line on stdin with a JSON line: ``books`` with what it counted, ``reset`` with the same before it
starts to count from zero. It ends when stdin does.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from typing import Any

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

SOME = 300  # ids, spread over the data
_READS = ("crm.item.list", "crm.item.get", "crm.deal.list", "crm.deal.get")


def _all_recurring(url: str) -> list[int]:
    """The ids of recurring deals, through REST: 2,500 a request."""
    head = "crm.item.list?entityTypeId=2&filter[isRecurring]=Y&select[]=id&order[id]=ASC&start="
    found: list[int] = []
    while True:
        starts = range(len(found), len(found) + 2500, 50)
        body = json.dumps({"cmd": {f"s{start}": f"{head}{start}" for start in starts}}).encode()
        request = urllib.request.Request(url + "batch", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            answers: dict[str, Any] = json.load(response)["result"]["result"]
        rows = [row["id"] for page in answers.values() for row in page["items"]]
        found += rows
        if len(rows) < 2500:
            return found


def _books(sandbox: Sandbox) -> dict[str, Any]:
    books = sandbox.books
    return {
        "requests": books.requests,
        "commands": books.commands,
        "rows": books.rows,
        "refusals": books.refusals + sum(1 for record in books.log if record.status == 429),
        "bytes_out": books.bytes_out,
        "applied": {f"{entity} {verb}": count for (entity, verb), count in books.applied.items()},
        "crashes": books.crashes,
    }


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="serves one portal to a benchmark")
    parser.add_argument("--deals", type=int, default=100_000)
    parser.add_argument("--deal-ids", choices=("dense", "gaps"), default="dense")
    parser.add_argument("--count-cost", type=float, default=0.0)
    parser.add_argument("--page-time", type=float, default=0.0, help="seconds asleep that a page or a row takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--some", type=int, default=SOME, help="how many ids to tell")
    parser.add_argument("--no-limits", action="store_true", help="take requests as they come")
    arguments = parser.parse_args()
    with Sandbox(
        deals=arguments.deals,
        limits=Limits.none() if arguments.no_limits else Limits.standard(),
        deal_ids=arguments.deal_ids,
        seed=arguments.seed,
        count_cost=arguments.count_cost,
        leads=100,
        contacts=1000,
        companies=500,
        quotes=100,
        invoices=0,
    ) as sandbox:
        for row_id in _all_recurring(sandbox.url):
            sandbox.update("deal", row_id, is_recurring="N")
        sandbox.delays.update(dict.fromkeys(_READS, arguments.page_time))
        sandbox.books.reset()
        sandbox.advance(3600)  # the bucket is empty again, and no operating time is booked
        ids = sandbox.ids("deal")
        step = max(1, len(ids) // arguments.some)
        _say({"url": sandbox.url, "deals": len(ids), "checksum": sum(ids), "ids": ids[::step][: arguments.some]})
        for line in sys.stdin:
            _say(_books(sandbox))
            if line.strip() == "reset":
                sandbox.books.reset()


if __name__ == "__main__":
    main()
