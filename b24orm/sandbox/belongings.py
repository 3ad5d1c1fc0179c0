"""What is deleted together with the object that it belongs to: product rows, comments, activities, requisites."""

from __future__ import annotations

from b24orm.sandbox.owners import OWNERS
from b24orm.sandbox.state import State

__all__ = ["forget"]

_BY_KEY = {owner.key: owner for owner in OWNERS}


def forget(state: State, key: str, row_id: int) -> None:
    """Delete what belongs to a row that has just been deleted."""
    owner = _BY_KEY.get(key)
    if owner is None:
        return
    store = state.store
    if owner.has_products and not store.waits("product_row"):  # objects that are gone by then will have none
        store.delete_where("product_row", ("owner_id = ? AND owner_type = ?", [row_id, owner.code]))
    store.delete_where("timeline_comment", ("entity_id = ? AND entity_type = ?", [row_id, owner.name]))
    mine = "entity_id = ? AND entity_type_id = ?", [row_id, owner.type_id]
    store.delete_where("activity", ("owner_id = ? AND owner_type_id = ?", mine[1]))
    store.delete_where("address", mine)
    for (requisite,) in store.select("requisite", "id", mine):
        store.delete("requisite", requisite)
        forget(state, "requisite", requisite)
