"""The ids of pipelines: those of deals are counted apart from those of all other objects.

Real portals keep them in two tables, so that a pipeline of deals and one of invoices may share an id. Here all of them
are in one table, where one that finds its id taken has another below zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["PIPELINE_ID", "pipeline_id", "placed"]

_SHIFT = 2**32

PIPELINE_ID = f"((id + {8 * _SHIFT}) % {_SHIFT})"
"""What REST calls the id, as SQL."""


def pipeline_id(place: int) -> int:
    """What REST calls the id of the row at a *place*."""
    return place % _SHIFT


def placed(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of all pipelines with ids that differ from each other."""
    taken = set[int]()
    found: list[dict[str, Any]] = []
    for row in rows:
        place = row["id"]
        while place in taken:
            place -= _SHIFT
        taken.add(place)
        found.append({**row, "id": place})
    return found
