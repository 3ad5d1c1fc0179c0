"""How ``*.fields`` methods of the CRM describe one field (section 9 of the behaviour notes)."""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.fields import Column
from b24orm.sandbox.php import shape

__all__ = ["describe"]


def describe(column: Column, *, labelled: bool = False) -> dict[str, Any]:
    """The description that the modern and the classic family share.

    Their one difference: the title of a user field is its label in the modern family (*labelled*), its code in the
    classic one.
    """
    extra = column.user_field
    described: dict[str, Any] = {
        "type": column.type,
        "isRequired": column.required,
        "isReadOnly": column.read_only,
        "isImmutable": column.immutable,
        "isMultiple": column.multiple,
        "isDynamic": extra is not None,
    }
    if column.deprecated:
        described["isDeprecated"] = True
    relation = column.relation or ""
    if relation.startswith("status:"):
        described["statusType"] = relation.removeprefix("status:")
    if extra is None:
        described["title"] = column.title
        return described | ({"settings": dict(column.settings)} if column.settings else {})
    if extra.items:
        described["items"] = [{"ID": str(item_id), "VALUE": text} for item_id, text in extra.items]
    described["title"] = extra.label if labelled else extra.name
    described |= {"listLabel": extra.label, "formLabel": extra.label, "filterLabel": extra.label}
    described["settings"] = shape(extra.all_settings)
    return described
