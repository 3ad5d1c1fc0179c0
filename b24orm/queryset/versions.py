"""Which version of the REST says what: REST 3.0 or the classic one, for entities that have both.

Reads go by the classic methods: they filter by every field, count, and come 2,500 rows a request, where REST 3.0
filters tasks by their id alone and answers a page a request. Only it selects what is inside of related objects, so such
queries go there. Of the writes, changes and deletions by id are sent again safely by either, and classic ones come 50 a
request. A row to be created is another matter: only REST 3.0, by its Idempotency-Key, finds out that it has been
created when the answer is lost. So one row at a time is created there, where the portal offers it; many rows at once
are not, since each would be a request of its own.

A portal may be told to do otherwise (``rest_api``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from b24orm.command import Outcome
from b24orm.context import PortalLike
from b24orm.errors import AuthError, MethodNotFound, UnsupportedQuery
from b24orm.narrow import is_mapping
from b24orm.queryset.protocol import RowReader
from b24orm.schema import Entity

__all__ = ["AUTO", "changing", "chooses", "creating", "first_able", "inside", "only_v3", "refused"]

T = TypeVar("T")

AUTO = "item"
"""What portals prefer that may choose for themselves."""

_V3 = "v3"
_SCOPE = "insufficientscope"


def only_v3(entity: Entity, api: str, names: Iterable[str]) -> bool:
    """Whether a query that names these attributes can be said by REST 3.0 alone, and may be."""
    if api != AUTO or _V3 not in entity.dialects or entity.default_dialect == _V3:
        return False
    known = entity.by_name
    for name in names:
        base, dot, _ = name.partition(".")
        field = known.get(base)
        if field is not None and (dot or (entity.default_dialect not in field.wire and _V3 in field.wire)):
            return True
    return False


def creating(entity: Entity, api: str, offered: Iterable[str] | None) -> tuple[str, ...]:
    """The dialects in which a row may be created, the best first.

    Args:
        offered: the methods of REST 3.0 that the portal offers; None if that is not known: it may.
    """
    if not chooses(entity, api):
        return (api,)
    method = entity.dialects[_V3].methods["add"]
    return (_V3, api) if offered is None or method in offered else (api,)


def chooses(entity: Entity, api: str) -> bool:
    """Whether there are two ways to create a row, of which the portal may choose one."""
    modern = entity.dialects.get(_V3)
    return api == AUTO and entity.default_dialect != _V3 and modern is not None and "add" in modern.methods


def changing(entity: Entity, api: str, verb: str) -> tuple[str, ...]:
    """The dialects in which rows may be written, many at once or one by its id, the best first."""
    modern = entity.dialects.get(_V3)
    if api != AUTO or entity.default_dialect == _V3 or modern is None or verb not in modern.methods:
        return (api,)
    return (api, _V3)


def first_able(apis: Iterable[str], make: Callable[[str], T]) -> T:
    """What *make* gives in the first of the dialects that has words for it.

    Raises:
        UnsupportedQuery: none has; the error is that of the classic one.
    """
    problems: dict[str, UnsupportedQuery] = {}
    for api in apis:
        try:
            return make(api)
        except UnsupportedQuery as error:
            problems[api] = error
    raise next((error for api, error in problems.items() if api != _V3), problems.get(_V3) or UnsupportedQuery())


def inside(reader: RowReader, page: Sequence[Any], names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The values of *names*, of which some lie inside of related objects: ``responsible.name``."""
    rows = reader.tuples(page, [name.partition(".")[0] for name in names])
    parts = [name.partition(".")[2] for name in names]
    if not any(parts):
        return rows
    return [tuple(_part(value, part) for value, part in zip(row, parts, strict=True)) for row in rows]


def _part(value: Any, part: str) -> Any:
    if not part:
        return value
    return value.get(part) if is_mapping(value) else None


def refused(outcome: Outcome, method: str, portal: PortalLike) -> bool:
    """Whether the portal does not let us call *method* of REST 3.0 at all: nothing ran, and it is not asked again.

    The scope of tasks has another name there (``tasks``) than among the classic methods (``task``).
    """
    error = outcome.error
    lacks_scope = isinstance(error, AuthError) and _SCOPE in error.code.replace("_", "").lower()
    if not lacks_scope and not isinstance(error, MethodNotFound):
        return False
    portal.offers_not(method)
    return True
