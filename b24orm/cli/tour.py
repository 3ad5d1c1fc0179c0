"""The queries of the tour. What the tour shows is the source of these functions, so that it shows what it runs."""

# The functions are written to be read on a screen by someone who sees b24orm for the first time.
# `shown` leaves out the first line, docstrings, the checkers' marks and a return of a bare name.

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

from b24orm import Deal, Op, Plan, Status, batch

__all__ = ["counts", "crowd", "explained", "filtered", "shown", "stages", "stream", "typo"]


async def filtered() -> list[Deal]:
    """The first page of a filtered, ordered list."""
    large = Deal.objects.filter(Deal.opportunity >= 1_000_000, stage_id__in=["NEW", "WON"])
    deals = await large.select("id", "title", "opportunity").order_by("-opportunity")[:5]
    return deals


async def stream() -> list[int]:
    """All deals, one after the other, never all in memory."""
    ids: list[int] = []
    async for deal in Deal.objects.all().progress(sys.stderr.isatty()):
        ids.append(deal.id)
    return ids


def explained() -> tuple[Plan, Plan]:
    """How two queries would be fetched."""
    all_of_a_stage = Deal.objects.filter(stage_id="NEW").select("id", "title").explain()
    by_amount = Deal.objects.filter(stage_id="NEW").order_by("-opportunity")[:300].explain()
    return all_of_a_stage, by_amount


async def stages() -> list[Status]:
    """The stages of the default pipeline, from the portal's own dictionary."""
    stages = await Status.objects.filter(entity_id="DEAL_STAGE").order_by("sort")
    return stages


async def counts(stages: Sequence[str]) -> tuple[int, ...]:
    """How many deals stand at each stage."""
    counts: Sequence[Op[int]] = [Deal.objects.filter(stage_id=stage).count() for stage in stages]
    return await batch(*counts)


def typo() -> object:
    """A query with a field that does not exist."""
    return Deal.objects.filter(opportunty__gte=1_000_000)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def crowd(ids: Sequence[int]) -> list[Deal]:
    """Many rows at once, each asked for by itself."""
    return await asyncio.gather(*(Deal.objects.get(id=id) for id in ids))


def shown(function: Callable[..., Any]) -> str:
    """The body of *function* as the tour shows it."""
    source = inspect.getsource(function)
    _, _, body = source.partition(f'"""{function.__doc__}"""\n')
    lines = [
        re.sub(r"\s+#.*$", "", line)
        for line in textwrap.dedent(body).splitlines()
        if not re.fullmatch(r"return [\w, ]+", line)
    ]
    return "\n".join(re.sub(r"^return |(?<=\w): (?:list|Sequence)\[.*?\]+(?= =)", "", line) for line in lines)
