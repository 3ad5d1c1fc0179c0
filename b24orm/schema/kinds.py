"""From the portal's many field types to the few kinds of value that a program handles."""

from __future__ import annotations

from typing import Literal

__all__ = ["KNOWN_TYPES", "Kind", "kind_of"]

Kind = Literal["int", "decimal", "str", "bool", "date", "datetime", "money", "multifield", "file", "object", "any"]

# Types as the portal's *.fields methods name them
# (https://apidocs.bitrix24.com/api-reference/crm/data-types.html).
_KINDS: dict[str, Kind] = {
    "integer": "int",
    "int": "int",
    "user": "int",
    "employee": "int",
    "crm_lead": "int",
    "crm_deal": "int",
    "crm_contact": "int",
    "crm_company": "int",
    "crm_quote": "int",
    "crm_category": "int",
    "crm_entity": "int",
    "enumeration": "int",
    "iblock_section": "int",
    "iblock_element": "int",
    "double": "decimal",
    "string": "str",
    "text": "str",
    "char_code": "str",
    "crm_status": "str",
    "crm_currency": "str",
    "location": "str",
    "url": "str",
    "address": "str",
    "money": "money",
    "crm": "str",
    "boolean": "bool",
    "char": "bool",
    "date": "date",
    "datetime": "datetime",
    "crm_multifield": "multifield",
    "file": "file",
    "crm_status_extra": "object",
    "crm_repeat_sale_segment_title": "any",
    "object": "object",
    "user_field": "any",
    "any": "any",
}

KNOWN_TYPES = frozenset(_KINDS)
"""The portal's type names that have a kind of their own; tests hold every schema file to them."""


def kind_of(type_name: str) -> Kind:
    """The kind of value that a field of the portal's type *type_name* holds; ``any`` for types not known."""
    return _KINDS.get(type_name, "any")
