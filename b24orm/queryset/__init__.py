"""The immutable query builder and its terminals, which return `Op` (awaitable, ``.run_sync()``, ``.explain()``).

Called by applications through ``Deal.objects``; calls query, compiler, plan, and a portal by the protocol in `context`.
No wire name, no HTTP and no Pydantic model lives here: a model is known by what the protocol `ModelLike` asks of it.
"""

from b24orm.op import Op, Rows, batch
from b24orm.queryset.aggregates import Groups
from b24orm.queryset.base import BaseQuerySet, Many, QuerySet
from b24orm.queryset.bulk import BulkOp
from b24orm.queryset.names import Named, TypedName
from b24orm.queryset.protocol import ModelLike, RowReader
from b24orm.queryset.result import BulkResult

__all__ = [
    "BaseQuerySet",
    "BulkOp",
    "BulkResult",
    "Groups",
    "Many",
    "ModelLike",
    "Named",
    "Op",
    "QuerySet",
    "RowReader",
    "Rows",
    "TypedName",
    "batch",
]
