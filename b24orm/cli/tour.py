"""The queries of the tour. The tour shows the source of these very functions, so that it shows what it runs."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from b24orm import BulkResult, Deal, Plan, Status, batch

__all__ = ["counts", "crowd", "explained", "filtered", "shown", "stream", "typo", "written"]


async def filtered() -> list[Deal]:
    """The first rows of a filtered, ordered list."""
    large = Deal.objects.filter(Deal.opportunity >= 100_000, stage_id__in=["NEW", "WON"])
    deals = await large.select("id", "title", "opportunity").order_by("-opportunity")[:5]
    return deals  # noqa: RET504 - `shown` leaves such a line out


async def stream() -> list[int]:
    """All deals as they come; none is kept but its id."""
    ids = [deal.id async for deal in Deal.objects.all().progress(sys.stderr.isatty())]
    return ids  # noqa: RET504


def explained() -> tuple[Plan, Plan]:
    """How two queries would be fetched."""
    by_id = Deal.objects.filter(stage_id="NEW").select("id", "title").explain()
    by_amount = Deal.objects.filter(stage_id="NEW").order_by("-opportunity")[:300].explain()
    return by_id, by_amount


async def counts() -> tuple[list[Status], tuple[int, ...]]:
    """How many deals stand at each stage of the default pipeline."""
    stages = await Status.objects.filter(entity_id="DEAL_STAGE").order_by("sort")
    counts = await batch(*[Deal.objects.filter(stage_id=stage.status_id).count() for stage in stages])
    return stages, counts


def typo() -> object:
    """A query with a field that does not exist."""
    return Deal.objects.filter(opportunty__gte=100_000)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def crowd(ids: Sequence[int]) -> list[Deal]:
    """Many rows at once, each asked for by itself."""
    deals = await asyncio.gather(*[Deal.objects.get(id=id) for id in ids])
    return deals  # noqa: RET504


async def written() -> tuple[BulkResult, BulkResult, BulkResult]:
    """Many rows created, changed and deleted."""
    made = await Deal.objects.bulk_create({"title": f"Imported {number}"} for number in range(200))
    moved = await Deal.objects.filter(title__startswith="Imported", stage_id="NEW").update(stage_id="WON")
    gone = await Deal.objects.bulk_delete(made.ids)
    return made, moved, gone


def shown(function: Callable[..., Any]) -> str:
    """The body of *function*, without its docstring, comments for checkers and the return of what it found."""
    _, _, body = inspect.getsource(function).partition(f'"""{function.__doc__}"""\n')
    lines = [re.sub(r"\s+# .*$", "", line) for line in textwrap.dedent(body).splitlines()]
    return "\n".join(line for line in lines if not re.fullmatch(r"return [\w, ]+", line)).replace("return ", "")
