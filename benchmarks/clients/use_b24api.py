"""b24api, which needs Python 3.12: its keyset and its counted list of crm.deal.list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from b24api import Bitrix24, IdentityCoercion, IdentitySpec, Request, ResultSelector

from benchmarks.clients.meter import Meter, Work, main

_IDENTITY = IdentitySpec(
    item_path=("ID",), filter_key="ID", order_key="ID", coercion=IdentityCoercion.DECIMAL_STRING_INTEGER
)


def _keyset(client: Any) -> Any:
    request = Request.bare("crm.deal.list", {"select": ["*", "UF_*"]})
    return client.iter_list_keyset(request, selector=ResultSelector.root(), identity=_IDENTITY)


def _counted(client: Any) -> Any:
    request = Request.bare("crm.deal.list", {"select": ["*", "UF_*"], "order": {"ID": "ASC"}})
    return client.iter_list_counted(request, selector=ResultSelector.root(), identity=_IDENTITY)


def _reads(source: Callable[[Any], Any]) -> Work:
    async def read(url: str, meter: Meter) -> None:
        meter.start()
        async with Bitrix24.from_webhook(url) as client:
            async for row in source(client):
                meter.row(int(row["ID"]))
        meter.stop()

    def work(url: str, _: Sequence[int], meter: Meter) -> None:
        asyncio.run(read(url, meter))

    return work


if __name__ == "__main__":
    main("b24api", {"keyset": _reads(_keyset), "counted": _reads(_counted)})
