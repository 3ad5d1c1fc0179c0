"""The REST methods that the sandbox serves: one table from method name to handler.

Called by the desk, which runs commands; calls the store, the filter grammars and the renderer.
Nothing that knows HTTP, batches or limits may live here.
"""

from __future__ import annotations

from collections.abc import Mapping

from b24orm.sandbox.methods import (
    addresses,
    bindings,
    calendar,
    calls,
    catalog,
    category,
    chats,
    classic,
    comments,
    crm_type,
    currency,
    dealcategory,
    departments,
    disk,
    duplicates,
    elements,
    events,
    groups,
    item,
    links,
    lists,
    messages,
    offline_events,
    productrows,
    records,
    sale,
    service,
    stagehistory,
    status,
    taskitems,
    tasks,
    typewrites,
    user,
    userfield,
    userfieldconfig,
    userfieldwrites,
    workflows,
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
    **userfieldwrites.METHODS,
    **duplicates.METHODS,
    **bindings.METHODS,
    **comments.METHODS,
    **records.METHODS,
    **addresses.METHODS,
    **tasks.METHODS,
    **typewrites.METHODS,
    **disk.METHODS,
    **departments.METHODS,
    **messages.METHODS,
    **productrows.METHODS,
    **stagehistory.METHODS,
    **events.METHODS,
    **offline_events.METHODS,
    **calendar.METHODS,
    **calls.METHODS,
    **catalog.METHODS,
    **chats.METHODS,
    **currency.METHODS,
    **dealcategory.METHODS,
    **elements.METHODS,
    **groups.METHODS,
    **links.METHODS,
    **lists.METHODS,
    **sale.METHODS,
    **taskitems.METHODS,
    **workflows.METHODS,
    **service.METHODS,
}
"""Handlers by method name, in lower case: the portal does not heed the case of method names."""

service.KNOWN.update(METHODS)
