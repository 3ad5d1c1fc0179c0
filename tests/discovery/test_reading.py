"""What discovery makes of a portal: the sandbox over HTTP, and portals that a test describes word by word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from b24orm import Limits, Portal
from b24orm.discovery import BASES, Choice, Layout, OwnEntity, OwnField, Stage, read_entity, read_layout
from b24orm.errors import AccessDenied, NotFound, PortalError
from b24orm.sandbox import Sandbox
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.userfields import USER_FIELDS
from tests.discovery.described import DescribedPortal

PROCESSES = {"smart_process_156": 156, "smart_process_1038": 1038}


@pytest.fixture
async def described() -> AsyncIterator[DescribedPortal]:
    async with DescribedPortal() as portal:
        yield portal


def entity_of(layout: Layout, number: int) -> OwnEntity:
    (found,) = [own for own in layout.entities if own.entity_type_id == number]
    return found


async def layout_of(described: DescribedPortal) -> Layout:
    async with Portal(described.url, limits=Limits.none()) as portal:
        return await read_layout(portal)


async def deal_fields(described: DescribedPortal, fields: Any) -> tuple[OwnField, ...]:
    described.fields[2] = fields
    return entity_of(await layout_of(described), 2).fields


# ------------------------------------------------------------------------------------------------- the sandbox


async def test_the_layout_has_every_user_field_of_the_sandbox_in_its_type(portal: Portal) -> None:
    layout = await read_layout(portal)
    assert layout.missing == ()
    numbers = {**BASES, **PROCESSES}
    for key, fields in USER_FIELDS.items():
        if key == "requisite":  # no item of the CRM
            continue
        own = {field.wire: field for field in entity_of(layout, numbers[key]).fields}
        assert {wire for wire in own if wire.startswith("UF_")} == {field.name for field in fields}
        for field in fields:
            found = own[field.name]
            assert (found.type, found.label, found.multiple) == (field.type, field.label, field.multiple)
            assert found.choices == tuple(Choice(*item) for item in field.items)
            assert not found.read_only


async def test_the_portals_own_entities_come_first_and_smart_processes_by_their_number(portal: Portal) -> None:
    layout = await read_layout(portal)
    assert [(own.base, own.entity_type_id, own.title) for own in layout.entities] == [
        ("lead", 1, ""),
        ("deal", 2, ""),
        ("contact", 3, ""),
        ("company", 4, ""),
        ("quote", 7, ""),
        ("smart_invoice", 31, ""),
        ("smart_process_item", 156, "Заявки на ремонт"),
        ("smart_process_item", 1038, "Оборудование"),
    ]


async def test_stages_come_pipeline_by_pipeline_with_the_pipelines_names(portal: Portal) -> None:
    layout = await read_layout(portal)
    deal = entity_of(layout, 2).stages
    assert [stage.code for stage in deal if stage.pipeline == "Закупки"] == [
        *("C1:NEW", "C1:UC_K4N8XH", "C1:EXECUTING", "C1:WON", "C1:LOSE")
    ]
    assert list(dict.fromkeys(stage.pipeline for stage in deal)) == ["Продажи", "Закупки", "Service contracts"]
    assert deal[0] == Stage("NEW", "Новая", "Продажи")
    repairs = entity_of(layout, 156).stages
    assert repairs[5] == Stage("DT156_13:NEW", "Начало", "Гарантия")
    assert len(repairs) == 10


async def test_the_stages_of_an_only_pipeline_do_not_name_it(portal: Portal) -> None:
    layout = await read_layout(portal)
    for number in (1, 7, 31, 1038):
        own = entity_of(layout, number)
        assert own.stages
        assert {stage.pipeline for stage in own.stages} == {""}
    for number in (3, 4):
        assert entity_of(layout, number).stages == ()


async def test_parents_are_fields_of_smart_processes(portal: Portal) -> None:
    parent = entity_of(await read_layout(portal), 156).fields[0]
    assert (parent.wire, parent.type, parent.multiple) == ("PARENT_ID_2", "integer", False)


async def test_reading_all_of_it_takes_two_requests(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.books.reset()
    await read_layout(portal)
    assert sandbox.books.requests == 2
    assert sandbox.books.methods == {
        "crm.status.list": 1,
        "crm.type.list": 1,
        "crm.item.fields": 8,
        "crm.category.list": 6,  # leads and quotes have no pipelines
    }


async def test_the_classic_dialect_knows_the_fields_but_neither_invoices_nor_processes(sandbox: Sandbox) -> None:
    async with Portal(sandbox.url, limits=Limits.none()) as modern:
        item = await read_layout(modern)
    sandbox.books.reset()
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="classic") as portal:
        classic = await read_layout(portal)
    assert sandbox.books.requests == 1
    assert not [method for method in sandbox.books.methods if method.startswith(("crm.item", "crm.type"))]
    assert classic.missing == ()
    assert [own.base for own in classic.entities] == ["lead", "deal", "contact", "company", "quote"]
    for own in classic.entities:
        same = entity_of(item, own.entity_type_id)
        assert own.fields == same.fields
        assert [(stage.code, stage.name) for stage in own.stages] == [(s.code, s.name) for s in same.stages]


async def test_the_same_portal_gives_the_same_layout_each_time(sandbox: Sandbox, portal: Portal) -> None:
    again = await read_layout(portal)
    assert await read_layout(portal) == again
    with Sandbox(deals=3, seed=5, limits=Limits.none()) as other:
        async with Portal(other.url, limits=Limits.none()) as there:
            assert await read_layout(there) == again


async def test_one_entity_can_be_read_alone(portal: Portal) -> None:
    layout = await read_layout(portal)
    assert await read_entity(portal, "deal", 2) == entity_of(layout, 2)
    repairs = await read_entity(portal, "smart_process_item", 156)
    assert (repairs.fields, repairs.stages) == (entity_of(layout, 156).fields, entity_of(layout, 156).stages)


async def test_a_process_that_does_not_exist_is_not_found(portal: Portal) -> None:
    with pytest.raises(NotFound, match=r"crm\.item\.fields"):
        await read_entity(portal, "smart_process_item", 9999)


async def test_processes_are_read_page_by_page() -> None:
    with Sandbox(deals=3, page_size=1, limits=Limits.none()) as sandbox:
        async with Portal(sandbox.url, limits=Limits.none()) as portal:
            layout = await read_layout(portal)
        assert [own.entity_type_id for own in layout.entities[6:]] == [156, 1038]
        assert sandbox.books.methods["crm.type.list"] == 2
        assert sandbox.books.crashes == []


# -------------------------------------------------------------------------------------------- a right is missing


async def test_without_an_administrators_right_the_processes_are_missing_and_the_rest_is_there() -> None:
    faults = [("access_denied", {"method": "crm.type.list", "every": 1})]
    with Sandbox(deals=3, limits=Limits.none(), faults=faults) as sandbox:
        async with Portal(sandbox.url, limits=Limits.none()) as portal:
            layout = await read_layout(portal)
    assert [own.base for own in layout.entities] == list(BASES)
    (missing,) = layout.missing
    assert "smart processes" in missing
    assert "crm.type.list" in missing
    assert "ACCESS_DENIED" in missing


async def test_a_portal_too_old_to_know_processes_lacks_just_them() -> None:
    def refuse(method: str, params: dict[str, Any], place: int) -> None:
        if method == "crm.type.list":
            raise Refusal("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)

    with Sandbox(deals=3, limits=Limits.none()) as sandbox:
        sandbox.before_command = refuse
        async with Portal(sandbox.url, limits=Limits.none()) as portal:
            layout = await read_layout(portal)
    assert len(layout.entities) == 6
    assert "ERROR_METHOD_NOT_FOUND" in layout.missing[0]


@pytest.mark.parametrize("method", ["crm.status.list", "crm.item.fields", "crm.category.list"])
async def test_what_every_user_of_the_crm_may_read_must_be_readable(method: str) -> None:
    with Sandbox(deals=3, limits=Limits.none(), faults=[("access_denied", {"method": method})]) as sandbox:
        async with Portal(sandbox.url, limits=Limits.none()) as portal:
            with pytest.raises(AccessDenied, match=method):
                await read_layout(portal)


async def test_another_error_of_the_list_of_processes_is_an_error(described: DescribedPortal) -> None:
    described.refused["crm.type.list"] = "SOMETHING_ELSE"
    with pytest.raises(PortalError, match="SOMETHING_ELSE"):
        await layout_of(described)


@pytest.mark.parametrize("code", ["ENTITY_TYPE_NOT_SUPPORTED", "NOT_FOUND"])
async def test_entities_without_pipelines_are_read_all_the_same(described: DescribedPortal, code: str) -> None:
    described.refused["crm.category.list"] = code
    described.statuses = [{"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW", "NAME": "New"}]
    assert entity_of(await layout_of(described), 2).stages == (Stage("NEW", "New", ""),)


# -------------------------------------------------------------------------------------------- described portals


async def test_a_portal_with_nothing_of_its_own_has_six_bare_entities(described: DescribedPortal) -> None:
    layout = await layout_of(described)
    assert layout == Layout(tuple(OwnEntity(base, number) for base, number in BASES.items()))


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"formLabel": None, "listLabel": "", "filterLabel": "  ", "title": None},
        {"title": "UF_CRM_1"},
        {"title": "uf_crm_1"},
        {"formLabel": False},
    ],
)
async def test_a_field_without_a_label_is_called_by_its_code(
    described: DescribedPortal, labels: dict[str, Any]
) -> None:
    (field,) = await deal_fields(described, {"UF_CRM_1": {"type": "string", **labels}})
    assert field == OwnField("UF_CRM_1", "string", "UF_CRM_1")


async def test_the_label_of_forms_is_taken_before_those_of_lists_and_filters(described: DescribedPortal) -> None:
    labels = {"formLabel": " Form ", "listLabel": "List", "filterLabel": "Filter", "title": "Title"}
    for taken in ("formLabel", "listLabel", "filterLabel", "title"):
        (field,) = await deal_fields(described, {"UF_CRM_1": {"type": "string", **labels}})
        assert field.label == labels.pop(taken).strip()


async def test_the_items_of_a_list_keep_the_order_that_people_gave_them(described: DescribedPortal) -> None:
    items = [{"ID": "7", "VALUE": "z"}, {"ID": "3", "VALUE": "a"}, {"ID": 5, "VALUE": None}, {"ID": "4"}]
    expected = (Choice(7, "z"), Choice(3, "a"), Choice(5, ""), Choice(4, ""))
    for sent in (items, {"7": items[0], "3": items[1], "10": items[2], "4": items[3]}):  # a PHP list with holes
        (field,) = await deal_fields(described, {"UF_CRM_1": {"type": "enumeration", "items": sent}})
        assert field.choices == expected


@pytest.mark.parametrize("items", [[], None, "", {}, False])
async def test_a_list_without_values_has_no_choices(described: DescribedPortal, items: Any) -> None:
    (field,) = await deal_fields(described, {"UF_CRM_1": {"type": "enumeration", "items": items}})
    assert field.choices == ()


@pytest.mark.parametrize(("flag", "meant"), [(True, True), ("Y", True), (False, False), ("N", False), (None, False)])
async def test_flags_are_read_in_every_spelling(described: DescribedPortal, flag: Any, meant: bool) -> None:
    about = {"type": "date", "isMultiple": flag, "isReadOnly": flag}
    (field,) = await deal_fields(described, {"UF_CRM_1": about})
    assert (field.type, field.multiple, field.read_only) == ("date", meant, meant)


async def test_only_what_the_schema_does_not_document_is_the_portals_own(described: DescribedPortal) -> None:
    fields = {name: {"type": "string", "title": "x"} for name in ("id", "title", "UF_CRM_1", "someNewField", "uf_x")}
    assert [field.wire for field in await deal_fields(described, fields)] == ["UF_CRM_1"]
    described.fields[4] = {"UF_LOGO": {"type": "file", "title": "Logo"}}
    assert entity_of(await layout_of(described), 4).fields == ()


async def test_parents_are_called_alike_in_both_spellings(described: DescribedPortal) -> None:
    fields = {"parentId156": {"type": "crm_entity", "title": "Repair"}, "PARENT_ID_9": {"type": "crm_entity"}}
    assert await deal_fields(described, fields) == (
        OwnField("PARENT_ID_9", "integer", "PARENT_ID_9"),
        OwnField("PARENT_ID_156", "integer", "Repair"),
    )


async def test_fields_come_in_the_order_of_their_codes_however_they_are_sent(described: DescribedPortal) -> None:
    codes = ["UF_CRM_9", "UF_CRM_10", "UF_CRM_100", "UF_CRM_1700000001", "UF_CRM_NAME"]
    for sent in (codes, codes[::-1], codes[2:] + codes[:2]):
        found = await deal_fields(described, {code: {"type": "string"} for code in sent})
        assert [field.wire for field in found] == codes


async def test_processes_come_by_number_and_entities_of_the_portals_own_are_none_of_them(
    described: DescribedPortal,
) -> None:
    described.types = [
        {"entityTypeId": number, "title": title}
        for number, title in ((1038, "B"), ("31", "Invoices"), (156, "A"), (128, None), ("1040", "C"))
    ]
    layout = await layout_of(described)
    assert described.asked.count("crm.type.list") == 3
    assert [(own.entity_type_id, own.title) for own in layout.entities[6:]] == [
        (128, ""),
        (156, "A"),
        (1038, "B"),
        (1040, "C"),
    ]


async def test_pipelines_are_sorted_as_numbers_and_their_stages_as_people_sorted_them(
    described: DescribedPortal,
) -> None:
    described.statuses = [
        {"ENTITY_ID": f"DEAL_STAGE{pipeline}", "STATUS_ID": code, "NAME": code}
        for pipeline in ("_10", "_9", "")
        for code in ("B", "A")
    ]
    described.statuses.append({"ENTITY_ID": "DEAL_STAGE_OLD", "STATUS_ID": "X", "NAME": "of no pipeline"})
    described.pipelines[2] = [{"id": 9, "name": "nine"}, {"id": 10, "name": None}, {"id": 0, "name": "main"}]
    assert entity_of(await layout_of(described), 2).stages == (
        *(Stage(code, code, "main") for code in ("B", "A")),
        *(Stage(code, code, "nine") for code in ("B", "A")),
        *(Stage(code, code, "") for code in ("B", "A")),
    )
