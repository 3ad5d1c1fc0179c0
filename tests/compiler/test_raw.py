from __future__ import annotations

from typing import Any

import pytest

from b24orm.compiler import Bounds, Listing, compile_raw_list
from b24orm.errors import InvalidValue, UnsupportedQuery


def params_of(method: str, params: dict[str, Any] | None = None) -> Any:
    return compile_raw_list(method, params).command().params


@pytest.mark.parametrize(
    ("method", "given", "sent"),
    [
        ("crm.deal.list", None, {"order": {"ID": "ASC"}, "start": -1}),
        ("crm.deal.list", {}, {"order": {"ID": "ASC"}, "start": -1}),
        (
            "crm.deal.list",
            {"FILTER": {"STAGE_ID": "NEW", ">ID": 5}, "SELECT": ["TITLE"], "ORDER": {"ID": "desc"}},
            {
                "select": ["ID", "TITLE"],
                "filter": {"STAGE_ID": "NEW", ">ID": 5},
                "order": {"ID": "DESC"},
                "start": -1,
            },
        ),
        (
            "crm.deal.list",
            {"filter": {"@STAGE_ID": ("NEW", "WON"), "OPENED": True, "COMMENTS": None}, "select": ["*", "UF_*"]},
            {
                "select": ["*", "UF_*"],
                "filter": {"@STAGE_ID": ["NEW", "WON"], "OPENED": "Y", "COMMENTS": ""},
                "order": {"ID": "ASC"},
                "start": -1,
            },
        ),
        (
            "crm.deal.list",
            {"order": {"TITLE": "ASC"}},
            {"order": {"TITLE": "ASC", "ID": "ASC"}, "start": -1},
        ),
        (
            "crm.item.list",
            {"entityTypeId": 2, "filter": {"0": {"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}}, "select": ["title"]},
            {
                "entityTypeId": 2,
                "select": ["id", "title"],
                "filter": {"0": {"logic": "OR", "0": {"id": 1}, "1": {"id": 2}}},
                "order": {"id": "ASC"},
                "start": -1,
            },
        ),
        ("user.get", None, {"sort": "ID", "order": "ASC", "start": -1}),
        (
            "user.get",
            {"filter": {"active": "Y", ">id": 5}, "sort": "last_name", "order": "desc", "ADMIN_MODE": True},
            {
                "ADMIN_MODE": "Y",
                "FILTER": {"ACTIVE": "Y", ">ID": 5},
                "sort": "LAST_NAME",
                "order": "DESC",
                "start": -1,
            },
        ),
        (
            "user.get",
            {"UF_DEPARTMENT": 1, "name": "Анна", "select": ["NAME"]},
            {
                "select": ["ID", "NAME"],
                "FILTER": {"UF_DEPARTMENT": 1, "NAME": "Анна"},
                "sort": "ID",
                "order": "ASC",
                "start": -1,
            },
        ),
        (
            "some.thing.list",
            {"filter": {"STATUS": 3}, "order": {"ID": "asc"}},
            {"filter": {"STATUS": 3}, "order": {"ID": "asc"}, "start": -1},
        ),
        (
            "tasks.task.list",
            {"filter": {"::SUBFILTER-PARAMS": {"FAVORITE": "Y"}}, "order": {"DEADLINE": "asc"}, "select": ["TITLE"]},
            {
                "select": ["ID", "TITLE"],
                "filter": {"::SUBFILTER-PARAMS": {"FAVORITE": "Y"}},
                "order": {"DEADLINE": "ASC", "ID": "ASC"},
                "start": -1,
            },
        ),
        (
            "catalog.product.list",
            {"filter": {"iblockId": 23}, "select": ["name"]},
            {"select": ["id", "name", "iblockId"], "filter": {"iblockId": 23}, "order": {"id": "ASC"}, "start": -1},
        ),
        (
            "lists.element.get",
            {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 47, "filter": {"NAME": "%a%"}, "select": ["NAME"]},
            {
                "IBLOCK_TYPE_ID": "lists",
                "IBLOCK_ID": 47,
                "filter": {"NAME": "%a%"},
                "SELECT": ["ID", "NAME"],
                "ELEMENT_ORDER": {"ID": "ASC"},
                "start": -1,
            },
        ),
        (
            "lists.element.get",
            {"IBLOCK_ID": 47, "ELEMENT_ORDER": {"NAME": "desc"}},
            {"IBLOCK_ID": 47, "ELEMENT_ORDER": {"NAME": "DESC", "ID": "DESC"}, "start": -1},
        ),
        ("department.get", {"PARENT": 1}, {"PARENT": 1, "sort": "ID", "order": "ASC", "start": -1}),
        (
            "voximplant.statistic.get",
            {"FILTER": {">ID": 5, "CALL_TYPE": 2}, "SORT": "CALL_START_DATE", "ORDER": "desc"},
            {"FILTER": {"CALL_TYPE": 2, ">ID": 5}, "SORT": "CALL_START_DATE", "ORDER": "DESC", "start": -1},
        ),
        ("entity.item.get", {"ENTITY": "dish"}, {"ENTITY": "dish", "SORT": {"ID": "ASC"}, "start": -1}),
        ("im.dialog.messages.get", {"DIALOG_ID": "chat5"}, {"DIALOG_ID": "chat5", "LIMIT": 50}),
        (
            "im.dialog.messages.get",
            {"DIALOG_ID": "chat5", "LAST_ID": "90", "first_id": 3},
            {"DIALOG_ID": "chat5", "LAST_ID": 90, "LIMIT": 50},
        ),
        ("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE"}}, {"filter": {"ENTITY_ID": "SOURCE"}}),
    ],
)
def test_the_users_own_parameters_are_kept_and_paging_is_added(method: str, given: Any, sent: Any) -> None:
    before = repr(given)
    assert params_of(method, given) == sent
    assert repr(given) == before


@pytest.mark.parametrize(
    ("method", "mode", "rows", "id"),
    [
        ("crm.deal.list", "keyset", "", "ID"),
        ("CRM.Contact.List", "keyset", "", "ID"),
        ("crm.requisite.bankdetail.list", "keyset", "", "ID"),
        ("crm.item.list", "keyset", "items", "id"),
        ("user.get", "keyset", "", "ID"),
        ("crm.status.list", "whole", "", ""),
        ("crm.category.list", "whole", "categories", ""),
        ("crm.stagehistory.list", "keyset", "items", "ID"),
        ("crm.activity.list", "keyset", "", "ID"),
        ("crm.type.list", "keyset", "types", "id"),
        ("sale.order.list", "keyset", "orders", "id"),
        ("catalog.product.list", "keyset", "products", "id"),
        ("sonet_group.get", "keyset", "", "ID"),
        ("tasks.task.list", "keyset", "tasks", "id"),
        ("Disk.Folder.getChildren", "keyset", "", "ID"),
        ("user.search", "counted", "", "ID"),
        ("department.get", "counted", "", "ID"),
        ("crm.timeline.comment.list", "counted", "", "ID"),
        ("im.dialog.messages.get", "cursor", "messages", "id"),
        ("event.get", "whole", "", ""),
        ("some.thing.list", "counted", "?", ""),
    ],
)
def test_methods_known_to_take_an_id_condition_are_read_by_id(method: str, mode: str, rows: str, id: str) -> None:
    listing = compile_raw_list(method, None)
    assert (listing.paging.mode, listing.rows_path, listing.id_wire) == (mode, rows, id)
    assert listing.method == method


@pytest.mark.parametrize(
    ("where", "bounds"),
    [
        ({">ID": 5}, Bounds(5, None)),
        ({">=ID": 5}, Bounds(4, None)),
        ({"<ID": "9"}, Bounds(None, 9)),
        ({"<=ID": " 9 "}, Bounds(None, 10)),
        ({">ID": 5, ">=ID": 7, "<ID": 20, "<=ID": 15}, Bounds(6, 16)),
        ({"ID": 5}, Bounds()),
        ({"@ID": [5]}, Bounds()),
        ({">id": 5}, Bounds()),  # the classic lists know no such field
    ],
)
def test_bounds_on_the_id_become_those_of_the_listing(where: dict[str, Any], bounds: Bounds) -> None:
    listing = compile_raw_list("crm.deal.list", {"filter": where})
    assert listing.bounds == bounds
    assert not any(key.strip("<>=") == "ID" and key[0] in "<>" for key in listing.where)


def test_an_id_range_that_holds_nothing_needs_no_request() -> None:
    assert compile_raw_list("crm.deal.list", {"filter": {">ID": 5, "<ID": 6}}).never
    assert not compile_raw_list("crm.deal.list", {"filter": {">ID": 5, "<ID": 7}}).never


def test_an_order_by_id_is_no_foreign_order() -> None:
    for order, descending in (({"ID": "ASC", "TITLE": "ASC"}, False), ({"ID": "DESC"}, True)):
        listing = compile_raw_list("crm.deal.list", {"order": order})
        assert listing.by_id
        assert listing.descending is descending
    assert compile_raw_list("user.get", {"sort": "id", "order": "desc"}).descending


@pytest.mark.parametrize("bound", [None, "", "abc", "12.7", 12.7, True, [5], [5, 6], {"a": 5}, "1_000", "$result[a]"])
@pytest.mark.parametrize("sign", [">", ">=", "<", "<="])
def test_a_bound_on_the_id_that_is_no_whole_number_is_refused(sign: str, bound: Any) -> None:
    with pytest.raises(InvalidValue, match=rf"filter\[{sign}ID\] takes a whole number"):
        compile_raw_list("crm.deal.list", {"filter": {f"{sign}ID": bound}})


EMPTY: list[tuple[str, dict[str, Any], str]] = [
    ("crm.deal.list", {"filter": {"STAGE_ID": []}}, r"filter\[STAGE_ID\] is empty"),
    ("crm.deal.list", {"FILTER": {"@ID": ()}}, r"filter\[@ID\] is empty"),
    ("crm.deal.list", {"Filter": {"ID": set()}}, r"filter\[ID\] is empty"),
    ("crm.deal.list", {"filter": {"ID": {}}}, r"filter\[ID\] is empty"),
    ("crm.deal.list", {"filter": {">ID": []}}, r"filter\[>ID\] is empty"),
    ("crm.item.list", {"filter": {"0": {"logic": "OR", "0": {"@id": []}}}}, r"filter\[0\]\[0\]\[@id\] is empty"),
    ("crm.item.list", {"filter": {"0": {"1": {}}}}, r"filter\[0\]\[1\] is empty"),
    ("crm.item.list", {"filter": {"@id": [[], 1]}}, r"filter\[@id\]\[0\] is empty"),
    ("user.get", {"filter": {"ID": []}}, r"filter\[ID\] is empty"),
    ("user.get", {"UF_DEPARTMENT": []}, r"params\[UF_DEPARTMENT\] is empty"),
    ("tasks.task.list", {"filter": {"ID": []}}, r"filter\[ID\] is empty"),
    ("crm.status.list", {"FILTER": {"ENTITY_ID": []}}, r"FILTER\[ENTITY_ID\] is empty"),
]


@pytest.mark.parametrize(("method", "params", "said"), EMPTY)
def test_an_empty_list_in_a_filter_is_refused_at_any_depth(method: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=f"{said}: the portal would drop the condition and match every row"):
        compile_raw_list(method, params)


@pytest.mark.parametrize("nothing", [None, {}, [], ""])
@pytest.mark.parametrize("method", ["crm.deal.list", "crm.item.list", "user.get"])
def test_no_filter_at_all_is_no_empty_condition(method: str, nothing: Any) -> None:
    listing = compile_raw_list(method, {"filter": nothing, "order": nothing or None})
    assert listing.where == {}
    assert listing.by_id


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("crm.deal.list", {"filter": 5}, "filter takes a mapping, not int"),
        ("crm.deal.list", {"filter": ["ID"]}, "filter takes a mapping, not list"),
        ("crm.deal.list", {"order": "ID"}, "order takes a mapping, not str"),
        ("crm.deal.list", {"select": "ID"}, "select takes a list of names, not str"),
        ("crm.deal.list", {"order": {"ID": "descending"}}, r"order\[ID\] takes ASC or DESC"),
        ("crm.deal.list", {"order": {"ID": -1}}, r"order\[ID\] takes ASC or DESC"),
        ("user.get", {"sort": "ID", "order": "down"}, r"order\[ID\] takes ASC or DESC"),
        ("crm.deal.list", {"filter": {"A": 1}, "FILTER": {"B": 2}}, "filter and FILTER are the same parameter"),
        ("crm.deal.list", {"filter": {"A": b"x"}}, r"filter\[A\]: bytes cannot be sent"),
        ("user.get", {"filter": {"name": "a", "NAME": "b"}}, "twice"),
        ("user.get", {"filter": {"NAME": "a"}, "ACTIVE": "Y"}, "move ACTIVE into the filter"),
        ("some.thing.list", {"filter": {"A": object()}}, "object cannot be sent"),
        ("some.thing.list", {"filter": {"A": []}}, "would drop the condition"),
        ("lists.element.get", {"FILTER": {"A": ()}}, "would drop the condition"),
        ("im.dialog.messages.get", {"LAST_ID": "x"}, "LAST_ID takes a whole number"),
    ],
)
def test_parameters_of_the_wrong_shape_are_refused(method: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        compile_raw_list(method, params)


@pytest.mark.parametrize("name", ["start", "START"])
@pytest.mark.parametrize("method", ["crm.deal.list", "tasks.task.list"])
def test_paging_is_not_the_users_business(method: str, name: str) -> None:
    with pytest.raises(UnsupportedQuery, match="`start` is set by list"):
        compile_raw_list(method, {name: 0})


def test_lists_that_nothing_is_known_of_get_no_order_of_ours() -> None:
    listing: Listing = compile_raw_list("some.thing.list", None)
    assert listing.command(start=50).params == {"start": 50}


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("im.dialog.messages.get", {"LIMIT": 20}, "`LIMIT` is set by list"),
        ("im.dialog.messages.get", {"ORDER": {"ID": "ASC"}}, "always come by id, the newest first"),
        ("task.elapseditem.getlist", {"PARAMS": {"NAV_PARAMS": {"iNumPage": 2}}}, "`PARAMS` is set by list"),
        ("event.offline.get", None, "takes what it hands out off the queue"),
    ],
)
def test_what_a_method_cannot_do_as_a_list_is_refused(method: str, params: Any, said: str) -> None:
    with pytest.raises(UnsupportedQuery, match=said):
        compile_raw_list(method, params)


def test_a_select_of_the_id_alone_names_what_the_method_insists_on() -> None:
    listing = compile_raw_list("catalog.product.list", {"select": ["iblockId", "name"]})
    assert listing.command(select=(listing.id_wire,)).params["select"] == ["id", "iblockId"]
    assert listing.command().params["select"] == ["id", "iblockId", "name"]


def test_a_chat_is_bounded_by_its_own_parameters() -> None:
    listing = compile_raw_list("im.dialog.messages.get", {"DIALOG_ID": "chat5", "LAST_ID": 90, "FIRST_ID": 3})
    assert listing.bounds == Bounds(3, 90)
    assert listing.descending
    assert compile_raw_list("im.dialog.messages.get", {"LAST_ID": 4, "FIRST_ID": 3}).never


def test_old_task_methods_get_their_parameters_in_the_order_they_insist_on() -> None:
    listing = compile_raw_list(
        "task.elapseditem.getlist", {"SELECT": ["ID", "SECONDS"], "FILTER": {"USER_ID": 1}, "TASKID": 7}
    )
    params = listing.command(above=5).params
    assert list(params) == ["TASKID", "ORDER", "FILTER", "SELECT", "PARAMS"]
    assert params == {
        "TASKID": 7,
        "ORDER": {"ID": "ASC"},
        "FILTER": {"USER_ID": 1, ">ID": 5},
        "SELECT": ["ID", "SECONDS"],
        "PARAMS": {"NAV_PARAMS": {"nPageSize": 50}},
    }


def test_the_id_is_asked_for_by_the_name_it_has_in_filters() -> None:
    listing = compile_raw_list("tasks.task.list", {"select": ["TITLE"], "filter": {">ID": 5}})
    assert (listing.id_wire, listing.bounds) == ("id", Bounds(5, None))
    command = listing.command(start=0, below=9, select=(listing.id_wire,))
    assert command.params == {
        "select": ["ID"],
        "filter": {">ID": 5, "<ID": 9},
        "start": 0,
        "order": {"ID": "ASC"},
    }
