"""What is deleted together with the object that it belongs to: product rows, comments, activities, requisites."""

from __future__ import annotations

from b24orm.sandbox.state import State

__all__ = ["forget"]


def forget(state: State, key: str, row_id: int) -> None:
    """Delete what belongs to a row that has just been deleted."""
    store = state.store
    if key == "task":
        for items in ("task_comment", "task_elapsed_time", "task_checklist_item"):
            store.delete_where(items, ("task_id = ?", [row_id]))
    owner = state.layout.owners.by_key.get(key)
    if owner is None:
        return
    if key == "requisite":
        store.delete_where("bank_detail", ("entity_id = ?", [row_id]))
    if owner.has_products and not store.waits("product_row"):  # objects that are gone by then will have none
        store.delete_where("product_row", ("owner_id = ? AND owner_type = ?", [row_id, owner.code]))
    store.delete_where("timeline_comment", ("entity_id = ? AND entity_type = ?", [row_id, owner.name]))
    mine = "entity_id = ? AND entity_type_id = ?", [row_id, owner.type_id]
    store.delete_where("activity", ("owner_id = ? AND owner_type_id = ?", mine[1]))
    store.delete_where("address", mine)
    store.delete_where("requisite_link", mine)
    for (requisite,) in store.select("requisite", "id", mine):
        store.delete("requisite", requisite)
        forget(state, "requisite", requisite)
