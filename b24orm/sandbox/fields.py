"""The tables of the sandbox: what the schemas and the user fields become as columns.

A column knows its wire name in each answer form: ``item`` (crm.item.* with original user field names), ``item_camel``
(without), ``classic`` and ``default``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from b24orm.sandbox.userfields import USER_FIELDS, UserField, camel_name
from b24orm.schema import Field, entity

__all__ = ["TABLE_KEYS", "Column", "Form", "Storage", "Table", "table"]

Form = Literal["item", "item_camel", "classic", "default"]

Storage = Literal[
    "int", "number", "text", "code", "flag", "bit", "date", "datetime", "many", "file", "json", "fm", "const"
]
"""How a value is held. ``code``: short Latin text. ``flag``: Y or N. ``bit``: 1 or 0 (user fields). ``many``: a JSON
list. ``json``: any JSON. ``fm``: multifields, all in one column ``fm``. ``const``: the
entityTypeId, not held at all."""

TABLE_KEYS = ("deal", "lead", "contact", "company", "quote", "smart_invoice", "status", "category", "user")
"""The entities that the sandbox serves."""

_CODES = frozenset({"crm_status", "crm_currency", "char_code"})
_STORAGE: dict[str, Storage] = {
    "int": "int",
    "decimal": "number",
    "str": "text",
    "bool": "flag",
    "date": "date",
    "datetime": "datetime",
    "multifield": "fm",
    "money": "text",
    "file": "file",
    "object": "json",
    "any": "json",
}
_USER_STORAGE: dict[str, Storage] = {
    "integer": "int",
    "double": "number",
    "boolean": "bit",
    "enumeration": "int",
    "employee": "int",
    "iblock_element": "int",
    "iblock_section": "int",
    "crm_status": "code",
    "date": "date",
    "datetime": "datetime",
    "file": "file",
}
# The binding records of contacts and companies are write-only here, as in the vendor's samples of crm.item.list,
# which show contactIds and companyIds alone.
_FOLDED = frozenset({"title", "name", "last_name", "company_title"})
_NOT_SERVED = frozenset({"contacts", "companies"})


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a table."""

    name: str
    type: str
    storage: Storage
    wire: dict[Form, str]
    title: str
    element: Storage | None = None
    """Storage of one element of a ``many`` column."""
    multiple: bool = False
    required: bool = False
    nullable: bool = True
    read_only: bool = False
    immutable: bool = False
    filterable: bool = True
    sortable: bool = True
    selectable: bool = True
    relation: str | None = None
    user_field: UserField | None = None

    @property
    def folded(self) -> bool:
        """Whether the database keeps a case-folded copy, since this is what people search by."""
        return self.name in _FOLDED and self.storage == "text"

    @property
    def sql(self) -> str:
        """The column's name as SQL."""
        return f'"{self.name}"'


@dataclass(frozen=True)
class Table:
    """All columns of one entity, with their names in each form."""

    key: str
    entity_type_id: int | None
    columns: tuple[Column, ...]
    by_name: dict[str, Column] = field(init=False)
    by_wire: dict[Form, dict[str, Column]] = field(init=False)

    def __post_init__(self) -> None:
        forms: tuple[Form, ...] = ("item", "item_camel", "classic", "default")
        object.__setattr__(self, "by_name", {c.name: c for c in self.columns})
        object.__setattr__(
            self, "by_wire", {form: {c.wire[form]: c for c in self.columns if form in c.wire} for form in forms}
        )

    def immutable(self, column: Column, form: Form) -> bool:
        """Whether *column* can be set on create only; the classic methods cannot move a deal to another pipeline."""
        return column.immutable or (form == "classic" and (self.key, column.name) == ("deal", "category_id"))

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that exist in the database. Multifields share one, named ``fm``."""
        return tuple(c for c in self.columns if c.storage != "const" and (c.storage != "fm" or c.name == "fm"))


@cache
def table(key: str) -> Table:
    """The table of the entity *key*."""
    source = entity(key)
    columns = [_column(f, crm=source.entity_type_id is not None) for f in source.fields if f.name not in _NOT_SERVED]
    columns += [_user_column(f) for f in USER_FIELDS.get(key, ())]
    return Table(key, source.entity_type_id, tuple(columns))


def _column(f: Field, *, crm: bool) -> Column:
    wire: dict[Form, str] = {}
    if "item" in f.wire:
        wire["item"] = f.wire["item"]
        wire["item_camel"] = camel_name(f.wire["item"]) if f.wire["item"].startswith("UF_") else f.wire["item"]
    if "classic" in f.wire:
        wire["classic"] = f.wire["classic"]
    if "default" in f.wire:
        wire["default"] = f.wire["default"]
    storage: Storage = "code" if f.type in _CODES else _STORAGE[f.kind]
    element: Storage | None = None
    if crm and f.name == "entity_type_id":
        storage = "const"
    elif f.multiple and storage != "fm":
        storage, element = "many", storage
    return Column(
        name=f.name,
        type=f.type,
        storage=storage,
        wire=wire,
        title=f.title.ru,
        element=element,
        multiple=f.multiple,
        required=f.required,
        nullable=f.nullable,
        read_only=f.read_only,
        immutable=f.immutable,
        filterable=f.filterable,
        sortable=f.sortable,
        selectable=f.selectable,
        relation=f.relation,
    )


def _user_column(f: UserField) -> Column:
    one: Storage = _USER_STORAGE.get(f.type, "text")
    return Column(
        name=f.name.lower(),
        type=f.type,
        storage="many" if f.multiple else one,
        wire={"item": f.name, "item_camel": camel_name(f.name), "classic": f.name},
        title=f.label,
        element=one if f.multiple else None,
        multiple=f.multiple,
        sortable=not f.multiple,
        user_field=f,
    )
