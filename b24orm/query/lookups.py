"""Lookup names: the part behind the double underscore in ``stage_id__in``."""

from __future__ import annotations

from typing import Literal, get_args

from b24orm.errors import UnknownField, nearest

__all__ = ["LOOKUPS", "Lookup", "split_lookup", "split_path"]

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


def split_path(key: str) -> tuple[str, Lookup]:
    """``"company__industry__in"`` -> ``("company__industry", "in")``; what ends with no lookup is ``exact``.

    Whether the parts of a path are relations, fields or mistakes is known to the entity that is asked.
    """
    path, separator, lookup = key.rpartition("__")
    return (path, lookup) if separator and lookup in LOOKUPS else (key, "exact")
