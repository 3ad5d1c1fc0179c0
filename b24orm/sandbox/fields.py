"""The tables of the sandbox: what the schemas and the user fields become as columns.

A column knows its wire name in each answer form: ``item`` (crm.item.* with original user field names), ``item_camel``
(without), ``classic`` and ``default``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from b24orm.sandbox.columns import Column, Form, Storage, Table
from b24orm.sandbox.php import intval
from b24orm.sandbox.smart import PROCESSES, SmartProcess
from b24orm.sandbox.userfields import USER_FIELDS, UserField, camel_name
from b24orm.sandbox.v3.shapes import SHAPES
from b24orm.schema import Field, entity

__all__ = ["TABLE_KEYS", "Column", "Form", "Storage", "Table", "make_table", "table"]

TABLE_KEYS = (
    *("deal", "lead", "contact", "company", "quote", "smart_invoice", "status", "category", "user", "crm_type"),
    *PROCESSES,
    *("product_row", "timeline_comment", "activity", "requisite", "address", "task", "department"),
    *("disk_storage", "disk_object", "stage_history"),
    *("bank_detail", "requisite_preset", "requisite_link", "currency"),
    *("catalog", "catalog_product", "catalog_offer", "catalog_section", "catalog_price", "catalog_price_type"),
    *("catalog_store", "catalog_store_product", "catalog_measure", "catalog_vat"),
    *("catalog_document", "catalog_document_element"),
    *("sale_order", "sale_basket_item", "sale_payment", "sale_shipment", "sale_person_type", "sale_status"),
    *("task_comment", "task_elapsed_time", "task_checklist_item", "sonet_group", "universal_list", "list_element"),
    *("calendar_event", "chat", "chat_message", "call_statistic", "workflow_template", "workflow_instance"),
    *SHAPES,
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
# Folders and files share their ids and their lists, so they share a table.
_TOGETHER: Mapping[str, tuple[str, ...]] = {"disk_object": ("disk_file", "disk_folder")}
# The rows of some tables are served by a second family of methods, in its own words.
_VIEWS: Mapping[str, str] = {"deal_category": "category", "workgroup": "sonet_group"}
# Ids that are no numbers stand beside the number of the row.
_CODED: Mapping[str, str] = {"sale_status": "status_code", "workflow_instance": "workflow_id"}
# Values of fields that each portal has of its own, which no schema lists; of a list: which fields these are.
_PROPERTIES: tuple[tuple[str, Storage], ...] = (("properties", "json"),)
_OWN: Mapping[str, tuple[tuple[str, Storage], ...]] = {
    **dict.fromkeys(("catalog_product", "catalog_offer", "universal_list", "list_element"), _PROPERTIES),
}
# Families that answer numbers as numbers although their grammar is shared with others that do not, and the one that
# answers true and false.
_NUMBERS = frozenset({"category", "crm_type", "product_row", "chat", "chat_message"})
_TRUE_FALSE = frozenset({"chat", "chat_message"})
# Decimals that rates, weights and amounts of goods have; money has two.
_DIGITS: Mapping[str, int] = {"currency": 4, "call_statistic": 4}
_MOST_DIGITS = 6
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


@cache
def table(key: str) -> Table:
    """The table of the entity *key* of a sandbox whose layout is the ordinary one."""
    process = PROCESSES.get(key)
    return make_table(key, process, USER_FIELDS.get(key, ()), process.parents if process else ())


def make_table(
    key: str, process: SmartProcess | None, user_fields: Iterable[UserField], parents: Iterable[tuple[int, str]] = ()
) -> Table:
    """The table of the entity *key*, which holds the items of a *process* if one is given."""
    if key in SHAPES:
        return Table(key, None, _shaped(SHAPES[key]))
    first, *others = _TOGETHER.get(key, ("smart_process_item" if process else key,))
    source = entity(first)
    if key in _VIEWS:
        return Table(_VIEWS[key], None, tuple(_column(f, crm=False) for f in source.fields))
    type_id = process.entity_type_id if process else source.entity_type_id
    absent = process.absent if process else frozenset[str]()
    every = [_column(f, crm=type_id is not None) for f in source.fields if f.name not in absent]
    every = [c for c in every if c.wire]  # what only REST 3.0 has is computed, or held in tables of its own
    for other in others:
        have = {column.name for column in every}
        every += [_column(f, crm=False) for f in entity(other).fields if f.name not in have]
    every = [replace(c, name=_CODED[key]) if c.name == "id" and key in _CODED else c for c in every]
    if key in _DIGITS or source.dialects[source.default_dialect].grammar in {"controller", "products"}:
        every = [replace(c, digits=_DIGITS.get(key, _MOST_DIGITS)) for c in every]
    if process:
        every = [_of_process(column, process) for column in every]
    elif key == "smart_invoice":
        # Stages of invoices belong to a pipeline, of which this portal has one.
        stage = "status:SMART_INVOICE_STAGE"
        every = [replace(c, relation=f"{stage}_2") if c.relation == stage else c for c in every]
    every = [replace(c, storage=_HELD[key, c.name], element=None) if (key, c.name) in _HELD else c for c in every]
    names = {column.name for column in every}
    # The portal calls the first of several contacts (companies) deprecated, though it serves it.
    firsts = {one for one, many in (("contact_id", "contact_ids"), ("company_id", "company_ids")) if many in names}
    every = [replace(c, deprecated=True) if c.name in firsts else c for c in every]
    every += [*map(_parent, parents), *_user_columns(user_fields)]
    return Table(
        key,
        type_id,
        columns=tuple(c for c in every if c.wire.get("item") not in _BINDINGS),
        bindings=tuple(c for c in every if c.wire.get("item") in _BINDINGS),
        hidden=tuple(_hidden(key, {column.name for column in every})),
        undescribed=_UNDESCRIBED if process else frozenset(),
        numbers=key in _NUMBERS or ("default" in source.dialects and source.dialects["default"].numbers),
        true_false=key in _TRUE_FALSE,
    )


def _hidden(key: str, have: set[str]) -> list[Column]:
    of_views = (f for view, shown in _VIEWS.items() if shown == key for f in entity(view).fields)
    hidden = [replace(_column(f, crm=False), wire={}) for f in of_views if f.name not in have]
    hidden += [Column(name=name, type="any", storage=held, wire={}, title="") for name, held in _OWN.get(key, ())]
    return hidden


def _shaped(shape: Mapping[str, Storage]) -> tuple[Column, ...]:
    """The columns of a table that no schema describes."""
    columns: dict[str, Storage] = {"id": "int", **shape}
    return tuple(
        Column(name, held, held, {}, name, element="int" if held == "many" else None) for name, held in columns.items()
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


def _parent(parent: tuple[int, str]) -> Column:
    type_id, title = parent
    modern = f"parentId{type_id}"
    return Column(
        name=f"parent_id_{type_id}",
        type="crm_entity",
        storage="int",
        wire={"item": modern, "item_camel": modern, "classic": f"PARENT_ID_{type_id}"},
        title=title,
        settings={"parentEntityTypeId": type_id},
    )


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


def _user_columns(fields: Iterable[UserField]) -> Iterator[Column]:
    """The user fields as columns; of several whose names are alike in camel case, the later ones keep their own."""
    taken = set[str]()
    for f in fields:
        column = _user_column(f)
        camel = column.wire["item_camel"]
        yield replace(column, wire={**column.wire, "item_camel": f.name}) if camel in taken else column
        taken.add(camel)


def _user_column(f: UserField) -> Column:
    one: Storage = _USER_STORAGE.get(f.type, "text")
    return Column(
        name=f.name.lower(),
        type=f.type,
        storage="many" if f.multiple else one,
        required=f.mandatory,
        read_only=f.read_only,
        # Of requisites, which have but one family of methods, it is their default form that shows user fields.
        wire={"item": f.name, "item_camel": camel_name(f.name), "classic": f.name, "default": f.name},
        title=f.label,
        element=one if f.multiple else None,
        multiple=f.multiple,
        digits=intval(f.all_settings.get("PRECISION", 2)),
        sortable=not f.multiple,
        relation=f"status:{f.settings['ENTITY_TYPE']}" if "ENTITY_TYPE" in f.settings else None,
        user_field=f,
    )
