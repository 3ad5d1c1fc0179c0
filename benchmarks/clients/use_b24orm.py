"""b24orm: all fields of all deals through crm.item.list, as typed models, as `values()`, and as raw dicts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Callable, Sequence
from decimal import Decimal
from typing import Any

from b24orm import BulkResult, Deal, Limits, Op, Portal
from benchmarks.clients.meter import Meter, Work, main


def _reads(source: Callable[[Portal], AsyncIterable[Any]], id_of: Callable[[Any], int]) -> Work:
    async def read(url: str, meter: Meter) -> None:
        meter.start()
        async with Portal(url) as portal:
            async for row in source(portal):
                meter.row(id_of(row))
        meter.stop()

    def work(url: str, _: Sequence[int], meter: Meter) -> None:
        asyncio.run(read(url, meter))

    return work


async def _gets(url: str, ids: Sequence[int], meter: Meter) -> None:
    meter.start()
    async with Portal(url):
        deals = await asyncio.gather(*(Deal.objects.get(id=one) for one in ids))
    meter.stop()
    meter.rows(deal.id for deal in deals)


async def _bulk(url: str, op: Callable[[], Op[BulkResult]], meter: Meter) -> None:
    meter.start()
    limits = Limits.none() if os.environ.get("BENCH_LIMITS") == "none" else Limits.standard()
    async with Portal(url, limits=limits):
        result = await op()
    meter.stop()
    result.raise_for_errors()
    meter.rows(range(1, len(result.ids) + 1))


def _create(url: str, ids: Sequence[int], meter: Meter) -> None:
    deals = [Deal(title=f"Deal {one}", opportunity=Decimal(one)) for one in ids]
    asyncio.run(_bulk(url, lambda: Deal.objects.bulk_create(deals), meter))


def _create_fields(url: str, ids: Sequence[int], meter: Meter) -> None:
    fields: list[Any] = [{"title": f"Deal {one}", "opportunity": one} for one in ids]
    asyncio.run(_bulk(url, lambda: Deal.objects.bulk_create(iter(fields)), meter))


def _update(url: str, ids: Sequence[int], meter: Meter) -> None:
    deals = [Deal(id=one, title=f"Deal {one}") for one in ids]
    asyncio.run(_bulk(url, lambda: Deal.objects.bulk_update(deals), meter))


def _delete(url: str, ids: Sequence[int], meter: Meter) -> None:
    asyncio.run(_bulk(url, lambda: Deal.objects.bulk_delete(list(ids)), meter))


def _models(portal: Portal) -> AsyncIterable[Any]:
    return Deal.objects.using(portal)


def _values(portal: Portal) -> AsyncIterable[Any]:
    return Deal.objects.using(portal).values()


def _raw(portal: Portal) -> AsyncIterable[Any]:
    return portal.list("crm.item.list", {"entityTypeId": 2})


if __name__ == "__main__":
    main(
        "b24orm",
        {
            "models": _reads(_models, lambda deal: deal.id),
            "values": _reads(_values, lambda row: row["id"]),
            "raw": _reads(_raw, lambda row: row["id"]),
            "create": _create,
            "create_fields": _create_fields,
            "update": _update,
            "delete": _delete,
            "get": lambda url, ids, meter: asyncio.run(_gets(url, ids, meter)),
        },
    )
