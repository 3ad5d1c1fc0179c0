"""What became of creates whose answers were lost: found out by looking the rows up by a field that no two share.

A request goes on at the portal after its connection broke: not to find a row at once proves nothing. The commands of a
batch run one after the other, so the rows are looked for until no more of them appear.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from b24orm.command import Outcome, Response
from b24orm.context import PortalLike
from b24orm.errors import B24OrmError, OutcomeUnknown
from b24orm.query import Condition, Q, Query
from b24orm.queryset.execute import Reading, row_pages
from b24orm.queryset.protocol import ModelLike

__all__ = ["QUIET_SECONDS", "settled"]

QUIET_SECONDS = (0.0, 1.0, 2.0)
"""Pauses before each look, in seconds; they begin anew whenever a row has appeared."""


async def settled(
    model: type[ModelLike], field: str, values: Sequence[Any], outcomes: list[Outcome], portal: PortalLike
) -> list[Outcome]:
    """*outcomes*, with those that were ``unknown`` settled as far as looking up can tell.

    A row that is there was created: ``ok``. One that does not appear was not: ``not_executed``. If several rows have
    the value, or the portal cannot be asked, it stays ``unknown``.

    Args:
        values: of the *field*, one an outcome.
    """
    import asyncio  # here, since programs that only define models and queries have no event loop

    missing = {number: values[number] for number, outcome in enumerate(outcomes) if outcome.status == "unknown"}
    settled = list(outcomes)
    while missing:
        appeared = False
        for pause in QUIET_SECONDS:
            await asyncio.sleep(pause)
            try:
                found = await _look(model, field, list(missing.values()), portal)
            except B24OrmError:
                return settled  # nobody can tell
            for number, value in list(missing.items()):
                ids = found.get(value, [])
                if not ids:
                    continue
                appeared = True
                del missing[number]
                if len(ids) == 1:
                    settled[number] = Outcome("ok", response=Response(ids[0]), key=ids[0])
                else:
                    shown = ", ".join(map(str, ids))
                    reason = f"its answer was lost, and {len(ids)} rows have {field}={value!r}: {shown}"
                    settled[number] = Outcome("unknown", error=OutcomeUnknown(reason))
            if not missing or appeared:
                break
        if not appeared:
            break
    for number, value in missing.items():
        reason = f"its answer was lost, and no row with {field}={value!r} has appeared"
        settled[number] = Outcome("not_executed", error=OutcomeUnknown(reason))
    return settled


async def _look(model: type[ModelLike], field: str, values: list[Any], portal: PortalLike) -> dict[Any, list[Any]]:
    entity = model.__schema__()
    id = entity.dialects[entity.dialect_for(portal.api)].id
    name = "" if id is None else id.name
    query = Query(where=(Q.join((Condition(field, "in", tuple(values)),), "AND"),), select=(name, field))
    reading = Reading(model, query, progress=False)
    reader = reading.reader(portal)
    found: dict[Any, list[Any]] = {}
    async with aclosing(row_pages(reading, portal)) as pages:
        async for page in pages:
            for key, value in reader.tuples(page, (name, field)):
                found.setdefault(value, []).append(key)
    return found
