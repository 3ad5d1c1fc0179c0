"""fast_bitrix24: `get_all` of crm.deal.list (it orders by ``ID``, which crm.item.list refuses), `get_by_ID`, `call`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fast_bitrix24 import BitrixAsync

from benchmarks.clients.meter import Meter, main


async def _list(url: str, meter: Meter) -> None:
    meter.start()
    client = BitrixAsync(url, verbose=False)
    rows = await client.get_all("crm.deal.list", {"select": ["*", "UF_*"]})
    meter.stop()
    meter.rows(int(row["ID"]) for row in rows)


async def _gets(url: str, ids: Sequence[int], meter: Meter) -> None:
    meter.start()
    client = BitrixAsync(url, verbose=False)
    rows = await client.get_by_ID("crm.deal.get", ids)
    meter.stop()
    meter.rows(int(row["ID"]) for row in rows.values())


async def _call(url: str, method: str, items: Sequence[dict[str, Any]], meter: Meter) -> None:
    meter.start()
    client = BitrixAsync(url, verbose=False)
    answers = await client.call(method, list(items))
    meter.stop()
    meter.rows(range(1, len(answers) + 1))


def _create(url: str, ids: Sequence[int], meter: Meter) -> None:
    fields = [{"entityTypeId": 2, "fields": {"title": f"Deal {one}", "opportunity": one}} for one in ids]
    asyncio.run(_call(url, "crm.item.add", fields, meter))


def _update(url: str, ids: Sequence[int], meter: Meter) -> None:
    items = [{"entityTypeId": 2, "id": one, "fields": {"title": f"Deal {one}"}} for one in ids]
    asyncio.run(_call(url, "crm.item.update", items, meter))


def _delete(url: str, ids: Sequence[int], meter: Meter) -> None:
    asyncio.run(_call(url, "crm.item.delete", [{"entityTypeId": 2, "id": one} for one in ids], meter))


if __name__ == "__main__":
    main(
        "fast_bitrix24",
        {
            "list": lambda url, _, meter: asyncio.run(_list(url, meter)),
            "create": _create,
            "update": _update,
            "delete": _delete,
            "get": lambda url, ids, meter: asyncio.run(_gets(url, ids, meter)),
        },
    )
