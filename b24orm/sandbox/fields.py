"""The tables of the sandbox: what the schemas and the user fields become as columns.

A column knows its wire name in each answer form: ``item`` (crm.item.* with original user field names), ``item_camel``
(without), ``classic`` and ``default``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

from b24orm.sandbox.smart import PROCESSES, SmartProcess
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

TABLE_KEYS = (
    *("deal", "lead", "contact", "company", "quote", "smart_invoice", "status", "category", "user", "crm_type"),
    *PROCESSES,
    *("product_row", "timeline_comment", "activity", "requisite", "address", "task", "department"),
    *("disk_storage", "disk_object"),
)
"""The entities that the sandbox serves; each smart process is one of its own, such as ``smart_process_156``."""

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
_FOLDED = frozenset({"title", "name", "last_name", "company_title"})
# Folders and files share their ids and their lists, so they share a table.
_TOGETHER: Mapping[str, tuple[str, ...]] = {"disk_object": ("disk_file", "disk_folder")}
# Fields that are not held as their type says: the files of a comment are a map.
_HELD: Mapping[tuple[str, str], Storage] = {("timeline_comment", "files"): "json"}
# The binding records of contacts and companies are described but not answered, as in the vendor's samples of
# crm.item.list, which show contactIds and companyIds alone.
_BINDINGS = frozenset({"contacts", "companies"})
# What items of smart processes answer although the vendor's sample of crm.item.fields does not describe it.
_UNDESCRIBED = frozenset(
    {
        *("entity_type_id", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
        *("opportunity_account", "tax_value_account", "account_currency_id"),
    }
)


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
    deprecated: bool = False
    relation: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
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
    bindings: tuple[Column, ...] = ()
    """What is described but not held."""
    undescribed: frozenset[str] = frozenset()
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

    def described(self, form: Form) -> dict[str, Column]:
        """What the methods that describe fields show, by wire name."""
        every = [c for c in (*self.columns, *self.bindings) if form in c.wire and c.name not in self.undescribed]
        return {c.wire[form]: c for c in every}

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that exist in the database. Multifields share one, named ``fm``."""
        return tuple(c for c in self.columns if c.storage != "const" and (c.storage != "fm" or c.name == "fm"))


@cache
def table(key: str) -> Table:
    """The table of the entity *key*."""
    process = PROCESSES.get(key)
    first, *others = _TOGETHER.get(key, ("smart_process_item" if process else key,))
    source = entity(first)
    type_id = process.entity_type_id if process else source.entity_type_id
    absent = process.absent if process else frozenset[str]()
    every = [_column(f, crm=type_id is not None) for f in source.fields if f.name not in absent]
    for other in others:
        have = {column.name for column in every}
        every += [_column(f, crm=False) for f in entity(other).fields if f.name not in have]
    if process:
        every = [_of_process(column, process) for column in every] + _parents(process)
    elif key == "smart_invoice":
        # Stages of invoices belong to a pipeline, of which this portal has one.
        stage = "status:SMART_INVOICE_STAGE"
        every = [replace(c, relation=f"{stage}_2") if c.relation == stage else c for c in every]
    every = [replace(c, storage=_HELD[key, c.name], element=None) if (key, c.name) in _HELD else c for c in every]
    names = {column.name for column in every}
    # The portal calls the first of several contacts (companies) deprecated, though it serves it.
    firsts = {one for one, many in (("contact_id", "contact_ids"), ("company_id", "company_ids")) if many in names}
    every = [replace(c, deprecated=True) if c.name in firsts else c for c in every]
    every += [_user_column(f) for f in USER_FIELDS.get(key, ())]
    return Table(
        key,
        type_id,
        columns=tuple(c for c in every if c.wire.get("item") not in _BINDINGS),
        bindings=tuple(c for c in every if c.wire.get("item") in _BINDINGS),
        undescribed=_UNDESCRIBED if process else frozenset(),
    )


def _of_process(column: Column, process: SmartProcess) -> Column:
    """A documented field as this very process has it."""
    if column.name in {"stage_id", "previous_stage_id"}:
        return replace(column, relation=f"status:{process.stage_entity(process.default_pipeline)}")
    if column.name == "company_id":
        return replace(column, settings={"parentEntityTypeId": 4})
    if column.name == "opened":
        return replace(column, required=True)
    return column


def _parents(process: SmartProcess) -> list[Column]:
    return [
        Column(
            name=f"parent_id_{type_id}",
            type="crm_entity",
            storage="int",
            wire={"item": f"parentId{type_id}", "item_camel": f"parentId{type_id}"},
            title=title,
            settings={"parentEntityTypeId": type_id},
        )
        for type_id, title in process.parents
    ]


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
        deprecated=f.deprecated,
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
        relation=f"status:{f.settings['ENTITY_TYPE']}" if "ENTITY_TYPE" in f.settings else None,
        user_field=f,
    )
