"""What the portal calls the kinds of CRM objects where something else belongs to one of them.

Facts: api-reference/crm/data-types.md, "CRM Object Types"; a smart process has the short code ``T`` and the hexadecimal
form of its entityTypeId.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from b24orm.sandbox.smart import PROCESSES

__all__ = ["BY_CODE", "BY_NAME", "BY_TYPE_ID", "OWNERS", "Owner"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A kind of CRM objects: the key of its table, and its three names."""

    key: str
    type_id: int
    code: str
    name: str
    has_products: bool = False


OWNERS: tuple[Owner, ...] = (
    Owner("lead", 1, "L", "lead", has_products=True),
    Owner("deal", 2, "D", "deal", has_products=True),
    Owner("contact", 3, "C", "contact"),
    Owner("company", 4, "CO", "company"),
    Owner("quote", 7, "Q", "quote", has_products=True),
    Owner("requisite", 8, "RQ", "requisite"),
    Owner("smart_invoice", 31, "SI", "smart_invoice", has_products=True),
    *(
        Owner(
            process.key,
            process.entity_type_id,
            f"T{process.entity_type_id:x}",
            f"dynamic_{process.entity_type_id}",
            has_products="is_link_with_products_enabled" in process.enabled,
        )
        for process in PROCESSES.values()
    ),
)
"""All kinds that this portal has."""

BY_CODE: Mapping[str, Owner] = {owner.code: owner for owner in OWNERS}
BY_NAME: Mapping[str, Owner] = {owner.name: owner for owner in OWNERS}
BY_TYPE_ID: Mapping[int, Owner] = {owner.type_id: owner for owner in OWNERS}
