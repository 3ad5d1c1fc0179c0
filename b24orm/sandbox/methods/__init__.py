"""The REST methods that the sandbox serves: one table from method name to handler.

Called by the desk, which runs commands; calls the store, the filter grammars and the renderer.
Nothing that knows HTTP, batches or limits may live here.
"""

from __future__ import annotations

from collections.abc import Mapping

from b24orm.sandbox.methods import (
    addresses,
    bindings,
    category,
    classic,
    comments,
    crm_type,
    departments,
    disk,
    duplicates,
    item,
    messages,
    productrows,
    records,
    service,
    status,
    tasks,
    user,
    userfield,
    userfieldconfig,
)
from b24orm.sandbox.state import Handler

__all__ = ["METHODS"]

METHODS: Mapping[str, Handler] = {
    **item.METHODS,
    **classic.METHODS,
    **crm_type.METHODS,
    **status.METHODS,
    **category.METHODS,
    **user.METHODS,
    **userfield.METHODS,
    **userfieldconfig.METHODS,
    **duplicates.METHODS,
    **bindings.METHODS,
    **comments.METHODS,
    **records.METHODS,
    **addresses.METHODS,
    **tasks.METHODS,
    **disk.METHODS,
    **departments.METHODS,
    **messages.METHODS,
    **productrows.METHODS,
    **service.METHODS,
}
"""Handlers by method name, in lower case: the portal does not heed the case of method names."""

service.KNOWN.update(METHODS)
