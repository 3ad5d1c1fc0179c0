"""What the portal calls the kinds of CRM objects where something else belongs to one of them.

Facts: api-reference/crm/data-types.md, "CRM Object Types"; a smart process has the short code ``T`` and the hexadecimal
form of its entityTypeId.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from b24orm.sandbox.smart import SmartProcess

__all__ = ["OWN", "Owner", "Owners"]


@dataclass(frozen=True, slots=True)
class Owner:
    """A kind of CRM objects: the key of its table, and its three names."""

    key: str
    type_id: int
    code: str
    name: str
    has_products: bool = False


OWN: tuple[Owner, ...] = (
    Owner("lead", 1, "L", "lead", has_products=True),
    Owner("deal", 2, "D", "deal", has_products=True),
    Owner("contact", 3, "C", "contact"),
    Owner("company", 4, "CO", "company"),
    Owner("quote", 7, "Q", "quote", has_products=True),
    Owner("requisite", 8, "RQ", "requisite"),
    Owner("smart_invoice", 31, "SI", "smart_invoice", has_products=True),
)
"""The kinds that every portal has."""


@dataclass(frozen=True)
class Owners:
    """All kinds that a portal has, by each of their names."""

    every: tuple[Owner, ...]
    by_key: Mapping[str, Owner] = field(init=False)
    by_code: Mapping[str, Owner] = field(init=False)
    by_name: Mapping[str, Owner] = field(init=False)
    by_type_id: Mapping[int, Owner] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_key", {owner.key: owner for owner in self.every})
        object.__setattr__(self, "by_code", {owner.code: owner for owner in self.every})
        object.__setattr__(self, "by_name", {owner.name: owner for owner in self.every})
        object.__setattr__(self, "by_type_id", {owner.type_id: owner for owner in self.every})

    @classmethod
    def of(cls, processes: Iterable[SmartProcess]) -> Owners:
        """Those of a portal with these smart processes."""
        return cls((*OWN, *map(_process, processes)))


def _process(process: SmartProcess) -> Owner:
    type_id = process.entity_type_id
    has_products = "is_link_with_products_enabled" in process.enabled
    return Owner(process.key, type_id, f"T{type_id:x}", f"dynamic_{type_id}", has_products=has_products)
