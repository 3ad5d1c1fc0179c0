"""The immutable query builder and its terminals, which return `Op` (awaitable, ``.run_sync()``, ``.explain()``).

Called by applications through ``Deal.objects``; calls query, compiler, plan, and a portal by the protocol in `context`.
No wire name, no HTTP and no Pydantic model lives here: a model is known by what the protocol `ModelLike` asks of it.
"""

from b24orm.op import Op, Rows, batch
from b24orm.queryset.base import BaseQuerySet, QuerySet
from b24orm.queryset.protocol import ModelLike, RowReader

__all__ = ["BaseQuerySet", "ModelLike", "Op", "QuerySet", "RowReader", "Rows", "batch"]
