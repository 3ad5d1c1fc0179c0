"""Every file in ``schemas/`` fits its meta-schema and makes sense."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from b24orm.codegen.files import render_meta_schema
from b24orm.schema import Entity, entity, entity_keys, schema_directory
from b24orm.schema.kinds import KNOWN_TYPES

KEYS = entity_keys()
ENTITIES = [pytest.param(entity(key), id=key) for key in KEYS]
CRM = ("deal", "lead", "contact", "company", "quote", "smart_invoice")


def snake(wire: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wire).lower()


def path_of(key: str) -> Path:
    return schema_directory() / f"{key}.json"


def test_the_entities_that_people_use_are_there() -> None:
    assert len(KEYS) >= 70
    assert {*CRM, "status", "category", "user", "activity", "task", "department", "catalog_product"} <= set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_each_file_fits_the_meta_schema(key: str) -> None:
    meta = json.loads((schema_directory() / "meta" / "entity.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(meta)
    jsonschema.validate(json.loads(path_of(key).read_text(encoding="utf-8")), meta)


@pytest.mark.parametrize("damage", [{"name": "deal"}, {"colour": "red"}, {"dialects": {"item": {}}}, {"fields": [{}]}])
def test_the_meta_schema_refuses_a_broken_file(damage: dict[str, object]) -> None:
    document = json.loads(path_of("deal").read_text(encoding="utf-8")) | damage
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, Entity.json_schema())


def test_the_meta_schema_file_is_not_stale() -> None:
    text = (schema_directory() / "meta" / "entity.schema.json").read_text(encoding="utf-8")
    assert text == render_meta_schema(), "run `b24orm generate`"


@pytest.mark.parametrize("key", KEYS)
def test_each_file_names_its_meta_schema_first_and_has_one_field_a_line(key: str) -> None:
    text = path_of(key).read_text(encoding="utf-8")
    assert text.startswith('{\n  "$schema": "meta/entity.schema.json",\n')
    assert text.endswith("  ]\n}\n")
    lines = [line for line in text.splitlines() if line.startswith('    {"name": ')]
    assert len(lines) == len(entity(key).fields) + len(entity(key).relations)


@pytest.mark.parametrize("schema", ENTITIES)
def test_the_class_is_named_after_the_key(schema: Entity) -> None:
    assert snake(schema.name) == schema.key


@pytest.mark.parametrize("schema", ENTITIES)
def test_field_names_and_wire_names_are_unique(schema: Entity) -> None:
    names = [field.name for field in schema.fields]
    assert len(names) == len(set(names))
    for dialect in schema.dialects:
        wires = [field.wire[dialect] for field in schema.fields if dialect in field.wire]
        assert len(wires) == len(set(wires)), dialect


@pytest.mark.parametrize("schema", ENTITIES)
def test_every_field_belongs_to_dialects_that_exist(schema: Entity) -> None:
    assert schema.default_dialect in schema.dialects
    for field in schema.fields:
        assert field.wire, field.name
        assert set(field.wire) <= set(schema.dialects), field.name


@pytest.mark.parametrize("schema", ENTITIES)
def test_every_type_has_a_kind(schema: Entity) -> None:
    assert {field.type for field in schema.fields} <= KNOWN_TYPES


@pytest.mark.parametrize("schema", ENTITIES)
def test_yes_or_no_is_called_boolean_everywhere(schema: Entity) -> None:
    assert "char" not in {field.type for field in schema.fields}


@pytest.mark.parametrize("schema", ENTITIES)
def test_the_id_comes_first_and_is_always_there(schema: Entity) -> None:
    ids = {name: dialect.id for name, dialect in schema.dialects.items() if dialect.id is not None}
    if not ids:
        assert "id" not in schema.by_name
        return
    first = schema.fields[0]
    assert {name: id.wire for name, id in ids.items()} == first.wire
    assert {id.name for id in ids.values()} == {first.name}
    assert first.nullable is False
    for id in ids.values():
        assert first.kind == ("str" if id.type == "code" else "int")
        assert first.read_only or first.name != "id" or id.type == "code"  # a code may be chosen by whoever creates it


@pytest.mark.parametrize("schema", ENTITIES)
def test_only_lists_with_a_number_for_an_id_are_read_by_it(schema: Entity) -> None:
    for dialect in schema.dialects.values():
        if dialect.paging.leads_by_id:
            assert dialect.key is not None
            assert schema.by_name[dialect.key.name].filterable or dialect.paging.mode == "cursor"


@pytest.mark.parametrize("schema", ENTITIES)
def test_what_a_method_wants_beside_its_filter_is_a_field(schema: Entity) -> None:
    for dialect in schema.dialects.values():
        for name in (*dialect.needs, *(context.field for context in dialect.context)):
            assert name in schema.by_name, name
        assert {verb for context in dialect.context for verb in context.verbs} <= dialect.methods.keys()


@pytest.mark.parametrize("schema", ENTITIES)
def test_every_entity_can_be_listed_or_got(schema: Entity) -> None:
    for dialect in schema.dialects.values():
        assert {"list", "get"} & dialect.methods.keys()


@pytest.mark.parametrize("schema", ENTITIES)
def test_fixed_values_are_short_codes_or_numbers(schema: Entity) -> None:
    for field in schema.fields:
        if field.values:
            assert field.kind in ("int", "str")
            assert len(field.values) == len(set(field.values))
            assert all(0 < len(value) <= 20 for value in field.values), field.name


@pytest.mark.parametrize("schema", ENTITIES)
def test_a_list_is_never_null_and_never_sorted_by(schema: Entity) -> None:
    for field in schema.fields:
        if field.multiple:
            assert (field.nullable, field.sortable) == (False, False), field.name


@pytest.mark.parametrize("key", [*CRM, "user", "status", "category"])
def test_a_boolean_of_crm_is_null_only_if_the_portal_has_given_it_up(key: str) -> None:
    for field in entity(key).fields:
        if field.kind == "bool":
            assert field.nullable == field.deprecated, field.name


@pytest.mark.parametrize("schema", ENTITIES)
def test_a_relation_leads_to_an_entity_or_a_dictionary(schema: Entity) -> None:
    for field in schema.fields:
        if field.relation is not None:
            target, separator, dictionary = field.relation.partition(":")
            assert target in KEYS, field.name
            assert bool(separator) == bool(dictionary) == (field.type == "crm_status"), field.name


@pytest.mark.parametrize("schema", ENTITIES)
def test_titles_are_short_and_in_both_languages(schema: Entity) -> None:
    for field in schema.fields:
        for title in (field.title.en, field.title.ru):
            assert title == title.strip(), field.name
            assert 0 < len(title) <= 50, field.name
        assert field.title.en.isascii(), field.name


@pytest.mark.parametrize("schema", ENTITIES)
def test_documentation_pages_are_paths_below_the_root(schema: Entity) -> None:
    for dialect in schema.dialects.values():
        assert dialect.docs
        for page in dialect.docs:
            assert re.fullmatch(r"api-reference/[a-z0-9/-]+\.html", page)


@pytest.mark.parametrize("key", CRM)
def test_crm_attributes_are_the_snake_case_of_the_modern_name(key: str) -> None:
    for field in entity(key).fields:
        # `deal.contacts` are the contacts themselves; what the portal calls so is described, but not answered.
        if "item" in field.wire and field.name not in ("contact_bindings", "company_bindings"):
            assert field.name == snake(field.wire["item"])


@pytest.mark.parametrize("key", CRM)
def test_crm_entities_speak_item_by_default_and_ask_for_user_fields_by_their_own_names(key: str) -> None:
    schema = entity(key)
    item = schema.dialects["item"]
    assert schema.default_dialect == "item"
    assert item.fixed == {"entityTypeId": schema.entity_type_id, "useOriginalUfNames": "Y"}
    assert ("classic" in schema.dialects) == (key != "smart_invoice")


@pytest.mark.parametrize(
    ("key", "name", "item", "classic"),
    [
        ("deal", "created_time", "createdTime", "DATE_CREATE"),
        ("deal", "updated_time", "updatedTime", "DATE_MODIFY"),
        ("deal", "created_by", "createdBy", "CREATED_BY_ID"),
        ("deal", "updated_by", "updatedBy", "MODIFY_BY_ID"),
        ("deal", "moved_by", "movedBy", "MOVED_BY_ID"),
        ("deal", "assigned_by_id", "assignedById", "ASSIGNED_BY_ID"),
        ("deal", "stage_id", "stageId", "STAGE_ID"),
        ("lead", "stage_id", "stageId", "STATUS_ID"),
        ("lead", "stage_semantic_id", "stageSemanticId", "STATUS_SEMANTIC_ID"),
        ("quote", "stage_id", "stageId", "STATUS_ID"),
        ("company", "type_id", "typeId", "COMPANY_TYPE"),
        ("company", "contact_ids", "contactIds", "CONTACT_ID"),
        ("contact", "company_ids", "companyIds", "COMPANY_IDS"),
    ],
)
def test_one_attribute_serves_both_dialects(key: str, name: str, item: str, classic: str) -> None:
    assert entity(key).by_name[name].wire == {"item": item, "classic": classic}


@pytest.mark.parametrize("key", ["lead", "contact", "company"])
def test_multifields_come_as_one_list_in_item_and_as_five_in_classic(key: str) -> None:
    fields = entity(key).by_name
    multifields = {f.name: f.wire for f in fields.values() if f.kind == "multifield"}
    assert multifields == {
        "fm": {"item": "fm"},
        "phones": {"classic": "PHONE"},
        "emails": {"classic": "EMAIL"},
        "web": {"classic": "WEB"},
        "im": {"classic": "IM"},
        "link": {"classic": "LINK"},
    }
    assert (fields["fm"].selectable, fields["fm"].filterable, fields["fm"].multiple) == (False, False, True)


@pytest.mark.parametrize(
    ("key", "required"),
    [
        *((key, set[str]()) for key in CRM),
        ("status", {"entity_id", "status_id", "name"}),
        ("user", {"email"}),
        ("task", {"title", "responsible_id"}),
        ("requisite", {"entity_type_id", "entity_id", "preset_id", "name"}),
        ("timeline_comment", {"entity_id", "entity_type", "comment"}),
    ],
)
def test_what_the_portal_refuses_a_create_without_is_required(key: str, required: set[str]) -> None:
    assert {f.name for f in entity(key).fields if f.required and not f.read_only} == required
