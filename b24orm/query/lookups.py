"""Lookup names: the part behind the double underscore in ``stage_id__in``."""

from __future__ import annotations

from typing import Literal, get_args

from b24orm.errors import UnknownField, nearest

__all__ = ["LOOKUPS", "Lookup", "split_lookup"]

Lookup = Literal[
    "exact",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "not_in",
    "contains",
    "not_contains",
    "like",
    "not_like",
    "startswith",
    "endswith",
    "isnull",
    "range",
]

LOOKUPS: tuple[Lookup, ...] = get_args(Lookup)


def split_lookup(key: str) -> tuple[str, Lookup]:
    """``"stage_id__in"`` -> ``("stage_id", "in")``; without a lookup it is ``exact``.

    Raises:
        UnknownField: the part behind the double underscore is no lookup.
    """
    field, separator, lookup = key.rpartition("__")
    if not separator:
        return key, "exact"
    if lookup in LOOKUPS:
        return field, lookup
    raise UnknownField(
        f"{key!r}: unknown lookup {lookup!r}{nearest(lookup, LOOKUPS)} (lookups: {', '.join(LOOKUPS)})",
    )
