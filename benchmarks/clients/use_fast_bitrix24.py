"""fast_bitrix24: `get_all` of crm.deal.list (it orders by ``ID``, which crm.item.list refuses), and `get_by_ID`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

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


if __name__ == "__main__":
    main(
        "fast_bitrix24",
        {
            "list": lambda url, _, meter: asyncio.run(_list(url, meter)),
            "get": lambda url, ids, meter: asyncio.run(_gets(url, ids, meter)),
        },
    )
