"""The portal's events, as ``schemas/meta/events.json`` has them: names, scopes, and where their values stand.

Read by the code generator, which writes ``b24orm/events/catalogue.py`` from it, and by the sandbox; not by programs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from b24orm.schema.loader import schema_directory

__all__ = ["EventSpec", "event_specs"]


@dataclass(frozen=True, slots=True)
class EventSpec:
    """One documented event.

    Attributes:
        event: the portal's name for it, in capitals: ``ONCRMDEALADD``.
        name: what its class is called: ``OnCrmDealAdd``.
        scope: the scope that an application needs to bind it.
        doc: the page of the documentation.
        fields: by attribute, its type and the paths in ``data`` at one of which it stands:
            ``"int FIELDS_AFTER.ID|FIELDS_BEFORE.ID"``.
        model: the entity that the event is about, where ``id`` is that of a row which is still there.
        needs: what else than the id it takes to find the row.
        outdated: whether the documentation has it among what is outdated.
        bindable: whether ``event.bind`` takes it; others come by themselves, or are polled for.
    """

    event: str
    name: str
    scope: str
    doc: str
    fields: Mapping[str, str]
    model: str = ""
    needs: tuple[str, ...] = ()
    outdated: bool = False
    bindable: bool = True


@cache
def event_specs() -> Mapping[str, EventSpec]:
    """All documented events by their names in capitals, sorted by the names of their classes."""
    rows: list[dict[str, Any]] = json.loads((schema_directory() / "meta" / "events.json").read_bytes())
    return {row["event"]: _spec(row) for row in rows}


def _spec(row: dict[str, Any]) -> EventSpec:
    parts: dict[str, Any] = {**row, "fields": row.get("fields", {}), "needs": tuple(row.get("needs", ()))}
    return EventSpec(**parts)
