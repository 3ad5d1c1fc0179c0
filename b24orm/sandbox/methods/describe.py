"""How ``*.fields`` methods of the CRM describe one field (section 9 of the behaviour notes)."""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.fields import Column

__all__ = ["describe"]


def describe(column: Column) -> dict[str, Any]:
    """The description that the modern and the classic family share."""
    extra = column.user_field
    described: dict[str, Any] = {
        "type": column.type,
        "isRequired": column.required,
        "isReadOnly": column.read_only,
        "isImmutable": column.immutable,
        "isMultiple": column.multiple,
        "isDynamic": extra is not None,
        # Of user fields, title is the code and the labels are elsewhere.
        "title": extra.name if extra else column.title,
    }
    if extra is None:
        relation = column.relation or ""
        if relation.startswith("status:"):
            described["statusType"] = relation.removeprefix("status:")
        return described
    if extra.items:
        described["items"] = [{"ID": str(item_id), "VALUE": text} for item_id, text in extra.items]
    if "ENTITY_TYPE" in extra.settings:
        described["statusType"] = extra.settings["ENTITY_TYPE"]
    described |= {"listLabel": extra.label, "formLabel": extra.label, "filterLabel": extra.label}
    described["settings"] = dict(extra.settings)
    return described
