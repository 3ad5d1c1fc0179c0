"""Writes in the words of each family: golden commands, and every entity by the rules of its schema."""

from __future__ import annotations

from typing import Any

import pytest

from b24orm.compiler import batchable, check_writable, compile_add, compile_delete, compile_update, json_ready
from b24orm.errors import InvalidValue, QueryError, UnknownField, UnsupportedQuery
from b24orm.schema import Dialect, Entity, Field, entity, entity_keys

ENTITIES = [entity(key) for key in entity_keys()]
WRITTEN = [
    pytest.param(schema, name, verb, id=f"{schema.key}-{name}-{verb}")
    for schema in ENTITIES
    for name, spec in schema.dialects.items()
    for verb in ("add", "update", "delete")
    if verb in spec.methods
]
SAMPLES: dict[str, Any] = {
    "int": 7,
    "decimal": 7,
    "str": "x",
    "bool": True,
    "date": "2026-01-02",
    "datetime": "2026-01-02",
}


def values_of(schema: Entity, dialect: str, verb: str) -> dict[str, Any]:
    """A value for each field that *verb* must have, and one that may change."""
    spec = schema.dialects[dialect]
    contexts = {c.field for c in spec.context if verb in c.verbs and c.required and c.parameter not in spec.fixed}
    chosen: list[Field] = [
        f for f in schema.fields if dialect in f.wire and (f.name in contexts or _may(f, verb, spec))
    ]
    return {f.name: SAMPLES.get(f.kind, "x") for f in chosen}


def _may(field: Field, verb: str, spec: Dialect) -> bool:
    if field.read_only or field.multiple or field.kind in ("file", "object", "any", "multifield"):
        return False
    return field.required if verb == "add" else not field.immutable and field.name in (*spec.resent, "name", "title")


def context_of(schema: Entity, dialect: str, verb: str) -> dict[str, Any]:
    spec = schema.dialects[dialect]
    return {c.field: SAMPLES.get(schema.by_name[c.field].kind, "x") for c in spec.context if verb in c.verbs}


@pytest.mark.parametrize(("schema", "dialect", "verb"), WRITTEN)
def test_every_write_names_its_method_its_row_and_its_values(schema: Entity, dialect: str, verb: str) -> None:
    spec = schema.dialects[dialect]
    api = dialect
    values = values_of(schema, dialect, verb) if verb != "delete" else {}
    context = context_of(schema, dialect, verb)
    if verb == "add":
        command = compile_add(schema, api, {**context, **values}, caller=1)
    elif verb == "update":
        command = compile_update(schema, api, 5, values, context)
    else:
        command = compile_delete(schema, api, 5, context)
    assert command.method == spec.methods[verb]
    assert command.replay == spec.replayed(verb)
    assert command.version == spec.version
    params = json_ready(command.params)
    assert batchable(params)
    shown = str(params)
    for name in values:
        if name not in context:
            assert repr(schema.by_name[name].wire[dialect]) in shown
    if verb != "add" and spec.id is not None:
        assert "5" in shown
        for part in spec.id_parameters.get(verb, "id").split("."):
            assert repr(part) in shown
    if verb in spec.sequence:
        assert list(params)[: len(spec.sequence[verb])] == list(spec.sequence[verb])[: len(params)]


GOLDEN: list[tuple[str, str, str, dict[str, Any], tuple[str, dict[str, Any]]]] = [
    (
        "deal", "item", "add", {"title": "x", "uf_crm_1": "y"},
        ("crm.item.add", {"entityTypeId": 2, "useOriginalUfNames": "Y", "fields": {"title": "x", "UF_CRM_1": "y"}}),
    ),
    ("deal", "classic", "add", {"title": "x"}, ("crm.deal.add", {"fields": {"TITLE": "x"}})),
    (
        "deal", "item", "update", {"title": "x", "parent_id_156": 3},
        (
            "crm.item.update",
            {"entityTypeId": 2, "useOriginalUfNames": "Y", "id": 5, "fields": {"title": "x", "parentId156": 3}},
        ),
    ),
    ("deal", "classic", "delete", {}, ("crm.deal.delete", {"id": 5})),
    ("task", "default", "update", {"title": "x"}, ("tasks.task.update", {"taskId": 5, "fields": {"TITLE": "x"}})),
    (
        "task_comment", "default", "update", {"task_id": 3, "post_message": "x"},
        ("task.commentitem.update", {"TASKID": 3, "ITEMID": 5, "FIELDS": {"POST_MESSAGE": "x"}}),
    ),
    (
        "task_elapsed_time", "default", "add", {"task_id": 3, "seconds": 60},
        ("task.elapseditem.add", {"TASKID": 3, "ARFIELDS": {"SECONDS": 60}}),
    ),
    (
        "task_checklist_item", "default", "delete", {"task_id": 3},
        ("task.checklistitem.delete", {"TASKID": 3, "ITEMID": 5}),
    ),
    ("user", "default", "update", {"name": "x"}, ("user.update", {"ID": 5, "NAME": "x"})),
    ("department", "default", "add", {"name": "x", "parent": 1}, ("department.add", {"NAME": "x", "PARENT": 1})),
    (
        "deal_contact", "default", "delete", {"deal_id": 9},
        ("crm.deal.contact.delete", {"id": 9, "fields": {"CONTACT_ID": 5}}),
    ),
    (
        "category", "default", "add", {"entity_type_id": 2, "name": "x"},
        ("crm.category.add", {"entityTypeId": 2, "fields": {"name": "x"}}),
    ),
    (
        "product_row", "default", "add", {"owner_id": 1, "owner_type": "D", "price": 5},
        ("crm.item.productrow.add", {"fields": {"ownerId": 1, "ownerType": "D", "price": 5}}),
    ),
    (
        "timeline_comment", "default", "add", {"entity_id": 1, "entity_type": "deal", "comment": "x"},
        ("crm.timeline.comment.add", {"fields": {"ENTITY_ID": 1, "ENTITY_TYPE": "deal", "COMMENT": "x"}}),
    ),
    (
        "user_field_config", "default", "update", {"module_id": "crm", "sort": 7},
        ("userfieldconfig.update", {"moduleId": "crm", "id": 5, "field": {"sort": 7}}),
    ),
    (
        "address", "default", "delete", {"type_id": 1, "entity_type_id": 3, "entity_id": 4},
        ("crm.address.delete", {"fields": {"TYPE_ID": 1, "ENTITY_TYPE_ID": 3, "ENTITY_ID": 4}}),
    ),
    (
        "address", "default", "update", {"type_id": 1, "entity_type_id": 3, "entity_id": 4, "city": "x"},
        ("crm.address.update", {"fields": {"TYPE_ID": 1, "ENTITY_TYPE_ID": 3, "ENTITY_ID": 4, "CITY": "x"}}),
    ),
    ("currency", "default", "update", {"sort": 7}, ("crm.currency.update", {"ID": 5, "fields": {"SORT": 7}})),
    (
        "catalog_product", "default", "add", {"name": "x", "iblock_id": 14},
        ("catalog.product.add", {"fields": {"name": "x", "iblockId": 14}}),
    ),
    (
        "list_element", "default", "add",
        {"iblock_type_id": "lists", "iblock_id": 41, "code": "c", "name": "x"},
        (
            "lists.element.add",
            {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 41, "ELEMENT_CODE": "c", "FIELDS": {"NAME": "x"}},
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "api", "verb", "values", "expected"), GOLDEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_writes_are_said_in_the_words_of_their_family(
    key: str, api: str, verb: str, values: dict[str, Any], expected: tuple[str, dict[str, Any]]
) -> None:
    schema = entity(key)
    if verb == "add":
        command = compile_add(schema, api, values)
    elif verb == "update":
        command = compile_update(schema, api, 5, values, values)
    else:
        command = compile_delete(schema, api, 5, values)
    assert (command.method, dict(command.params)) == expected
    if verb in schema.dialects[schema.dialect_for(api)].sequence:
        assert list(command.params) == list(expected[1])


def test_what_the_portal_has_no_method_for_is_refused() -> None:
    with pytest.raises(UnsupportedQuery, match="StageHistory cannot be created through REST"):
        compile_add(entity("stage_history"), "item", {})
    with pytest.raises(UnsupportedQuery, match="User cannot be deleted through REST"):
        compile_delete(entity("user"), "item", 5, {})
    only = next(f.name for f in entity("contact").fields if list(f.wire) == ["classic"] and f.kind != "multifield")
    with pytest.raises(UnsupportedQuery, match="does not exist in the 'item' dialect"):
        compile_add(entity("contact"), "item", {only: "x"})


def test_missing_context_and_ids_are_named() -> None:
    with pytest.raises(InvalidValue, match="to create a TaskComment the portal needs to know its task_id"):
        compile_add(entity("task_comment"), "item", {"post_message": "x"})
    with pytest.raises(InvalidValue, match="a Deal without id cannot be changed"):
        compile_update(entity("deal"), "item", None, {"title": "x"}, {})


def test_names_are_checked_for_writing() -> None:
    deal = entity("deal")
    check_writable(deal, ["title", "uf_crm_1700000001"], new=True)
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        check_writable(deal, ["titel"], new=True)
    with pytest.raises(InvalidValue, match=r"Deal\.created_by is set by the portal"):
        check_writable(deal, ["created_by"], new=True)
    row = entity("product_row")
    check_writable(row, ["owner_id"], new=True)
    with pytest.raises(QueryError, match=r"ProductRow\.owner_id can be set on create only"):
        check_writable(row, ["owner_id"], new=False)
