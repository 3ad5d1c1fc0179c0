"""fast_bitrix24 at work: ``fast.py JOB``, with the webhook in B24_WEBHOOK. Prints what it got as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from fast_bitrix24 import Bitrix, BitrixAsync

URL = os.environ["B24_WEBHOOK"]
bitrix = Bitrix(URL, verbose=False)


def ids(rows: list[dict[str, Any]], key: str = "ID") -> list[int]:
    return [int(row[key]) for row in rows]


def lists() -> dict[str, Any]:
    deals = ids(bitrix.get_all("crm.deal.list", {"select": ["ID"]}))
    return {
        "deals": deals,
        "later": ids(bitrix.get_all("crm.deal.list", {"select": ["ID"], "filter": {">ID": min(deals)}})),
        "by_id": ids(list(bitrix.get_by_ID("crm.deal.get", deals[:120]).values())),
        "contacts": ids(bitrix.list_and_get("crm.contact").values()),
        "tasks": ids(bitrix.get_all("tasks.task.list", {"select": ["ID"]}), "id"),
        "fields": sorted(bitrix.get_all("crm.deal.fields")),
    }


async def together() -> dict[str, Any]:
    asynchronous = BitrixAsync(URL, verbose=False)
    methods = ("crm.deal.list", "crm.contact.list", "crm.lead.list")
    found = await asyncio.gather(*(asynchronous.get_all(method, {"select": ["ID"]}) for method in methods))
    return {method: ids(rows) for method, rows in zip(methods, found, strict=True)}


def batches() -> dict[str, Any]:
    commands = {
        "first": "crm.deal.list?select[]=ID&select[]=COMPANY_ID&order[ID]=ASC",
        "same": "crm.deal.get?ID=$result[first][0][ID]",
    }
    found = bitrix.call_batch({"halt": 0, "cmd": commands})
    some = bitrix.get_all("crm.deal.list", {"select": ["ID"]})[:75]
    return {
        "first": ids(found["first"]),
        "same": int(found["same"]["ID"]),
        "many": ids(bitrix.call("crm.deal.get", [{"ID": row["ID"]} for row in some])),
        "wanted": ids(some),
    }


def writes() -> dict[str, Any]:
    made = bitrix.call("crm.deal.add", [{"fields": {"TITLE": f"Сделка & {n} = #?+"}} for n in range(75)])
    updated = bitrix.call("crm.deal.update", [{"ID": n, "fields": {"COMMENTS": "seen"}} for n in made])
    alone = bitrix.call("crm.deal.add", {"fields": {"TITLE": "alone"}}, raw=True)["result"]
    deleted = bitrix.call("crm.deal.delete", [{"ID": n} for n in made[:10]])
    return {"made": made, "updated": updated, "alone": alone, "deleted": deleted}


JOBS = {"lists": lists, "together": lambda: asyncio.run(together()), "batches": batches, "writes": writes}
print(json.dumps(JOBS[sys.argv[1]]()))
