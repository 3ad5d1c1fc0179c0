"""Query in, exact command out, for the families of filters beside CRM and users, alone and in a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from b24orm.command import Command
from b24orm.compiler import (
    Listing,
    check_condition,
    check_order,
    check_select,
    compile_get,
    compile_list,
    json_ready,
    query_string,
)
from b24orm.errors import UnsupportedQuery
from b24orm.narrow import is_list, is_mapping
from b24orm.plan import plan_count, plan_list
from b24orm.query import Condition, Order, Q, Query
from b24orm.sandbox.php import parse_str
from b24orm.schema import Entity, entity

MSK = timezone(timedelta(hours=3))


def checked(of: Entity, where: Q) -> Q:
    children = tuple(
        check_condition(of, child) if isinstance(child, Condition) else checked(of, child)
        for child in where.children
        if isinstance(child, Q | Condition)
    )
    return Q.join(children, where.connector, negated=where.negated)


def compiled(key: str, where: Q | None = None, **query: Any) -> Listing:
    of = entity(key)
    order = tuple(Order(*check_order(of, name)) for name in query.pop("order", ()))
    select = query.pop("select", None)
    return compile_list(
        of,
        "item",
        Query(
            where=() if where is None else (checked(of, where),),
            order=order,
            select=None if select is None else tuple(check_select(of, name) for name in select),
            **query,
        ),
    )


def first(key: str, where: Q | None = None, **query: Any) -> Command:
    """The first command that leaves for the query."""
    return plan_list(compiled(key, where, **query)).first[0]


def as_php(value: Any) -> Any:
    """What PHP holds after it has read the JSON form, with plain values as strings."""
    if is_mapping(value):
        return {key: as_php(item) for key, item in value.items()}
    if is_list(value):
        return {str(index): as_php(item) for index, item in enumerate(value)}
    return str(value)


# -- filters -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Frame:
    """What every list of an entity carries, whatever its filter says.

    Attributes:
        key: the entity.
        where: the conditions that every list needs.
        params: the parameters without conditions.
        filter: the parameter that holds conditions; "" if they stand beside the others.
        always: the conditions among them that every list carries.
        select: the fields to ask for.
    """

    key: str
    where: Q
    params: Mapping[str, Any]
    filter: str = "filter"
    always: Mapping[str, Any] = field(default_factory=dict[str, Any])
    select: tuple[str, ...] | None = None

    def said(self, conditions: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a list with *conditions*."""
        everything = {**self.always, **conditions}
        if not self.filter:
            return {**self.params, **everything}
        return {**self.params, self.filter: everything} if everything else dict(self.params)


UP, UPPER_UP = {"id": "ASC"}, {"ID": "ASC"}
PAGE_OF_TIME = {"NAV_PARAMS": {"nPageSize": 50}}

HISTORY = Frame("stage_history", Q(entity_type_id=2), {"entityTypeId": 2, "order": UPPER_UP, "start": -1})
TYPES = Frame("crm_type", Q(), {"order": UP, "start": -1})
PROCESS = Frame(
    "smart_process_item",
    Q(entity_type_id=130),
    {"entityTypeId": 130, "useOriginalUfNames": "Y", "select": ["*"], "order": UP, "start": -1},
)
ROWS = Frame(
    "product_row",
    Q(owner_type="D", owner_id=5),
    {"order": UP, "start": -1},
    always={"=ownerType": "D", "=ownerId": 5},
)
DEPARTMENTS = Frame("department", Q(), {"sort": "ID", "order": "ASC", "start": 0}, filter="")
TASKS = Frame("task", Q(), {"select": ["ID", "TITLE"], "order": UPPER_UP, "start": -1}, select=("title",))
TIMES = Frame(
    "task_elapsed_time",
    Q(task_id=7),
    {"TASKID": 7, "ORDER": UPPER_UP, "FILTER": [""], "SELECT": ["ID", "SECONDS"], "PARAMS": PAGE_OF_TIME},
    filter="FILTER",
    select=("seconds",),
)
PRICES = Frame("catalog_price", Q(), {"order": UP, "start": -1})
SECTIONS = Frame("catalog_section", Q(iblock_id=23), {"order": UP, "start": -1}, always={"iblockId": 23})
ORDERS = Frame("sale_order", Q(), {"order": UP, "start": -1})
SALE_STATUSES = Frame("sale_status", Q(), {"start": 0})
PRODUCTS = Frame(
    "catalog_product",
    Q(iblock_id=23),
    {"select": ["id", "name", "iblockId"], "order": UP, "start": -1},
    always={"iblockId": 23},
    select=("name",),
)
OFFERS = Frame(
    "catalog_offer",
    Q(iblock_id=24),
    {"select": ["id", "name", "iblockId"], "order": UP, "start": -1},
    always={"iblockId": 24},
    select=("name",),
)
FIELD_CONFIGS = Frame("user_field_config", Q(module_id="crm"), {"moduleId": "crm", "order": UP, "start": 0})
WORKGROUPS = Frame("workgroup", Q(), {"select": ["ID", "NAME"], "order": UPPER_UP, "start": -1}, select=("name",))
FILES = Frame("disk_file", Q(parent_id=7), {"id": 7, "order": UPPER_UP, "start": -1}, always={"TYPE": "file"})
FOLDERS = Frame("disk_folder", Q(parent_id=7), {"id": 7, "order": UPPER_UP, "start": -1}, always={"TYPE": "folder"})
STORAGES = Frame("disk_storage", Q(), {"order": UPPER_UP, "start": -1})
OFFLINE = Frame("offline_event", Q(), {"order": UPPER_UP, "start": -1})
GROUPS = Frame("sonet_group", Q(), {"ORDER": UPPER_UP, "start": -1}, filter="FILTER")
CALLS = Frame("call_statistic", Q(), {"SORT": "ID", "ORDER": "ASC", "start": -1}, filter="FILTER")
ELEMENTS = Frame(
    "list_element",
    Q(iblock_type_id="lists", iblock_id=47),
    {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 47, "ELEMENT_ORDER": UPPER_UP, "start": 0},
    filter="FILTER",
)
TEMPLATES = Frame(
    "workflow_template",
    Q(),
    {"SELECT": ["ID", "NAME"], "ORDER": UPPER_UP, "start": 0},
    filter="FILTER",
    select=("name",),
)
INSTANCES = Frame(
    "workflow_instance", Q(), {"SELECT": ["ID", "STARTED"], "start": 0}, filter="FILTER", select=("started",)
)
TIMELINE = Frame(
    "timeline_comment",
    Q(entity_type="deal", entity_id=10),
    {"order": UPPER_UP, "start": 0},
    always={"ENTITY_TYPE": "deal", "ENTITY_ID": 10},
)
ADDRESSES = Frame("address", Q(), {"start": 0})


def group(*parts: dict[str, Any]) -> dict[str, Any]:
    """An OR of *parts* in the spelling of crm.item."""
    return {"logic": "OR", **{str(index): part for index, part in enumerate(parts)}}


def task_group(*parts: dict[str, Any]) -> dict[str, Any]:
    """An OR of *parts* in the spelling of tasks."""
    return {"::LOGIC": "OR", **{f"::SUBFILTER-{index}": part for index, part in enumerate(parts)}}


FILTERS: list[tuple[Frame, list[tuple[Q, dict[str, Any]]]]] = [
    (
        HISTORY,
        [
            (Q(), {}),
            (Q(owner_id=5), {"=OWNER_ID": 5}),
            (~Q(owner_id=5), {"!=OWNER_ID": 5}),
            (Q(stage_id="C1:NEW"), {"=STAGE_ID": "C1:NEW"}),
            (Q(stage_id=None), {"=STAGE_ID": ""}),
            (Q(category_id__isnull=False), {"!=CATEGORY_ID": ""}),
            (Q(type_id__gte=2, type_id__lt=5), {">=TYPE_ID": 2, "<TYPE_ID": 5}),
            (Q(type_id__gte=0), {">=TYPE_ID": 0}),
            (
                Q(created_time__range=(date(2026, 1, 2), datetime(2026, 2, 3, 4, tzinfo=MSK))),
                {">=CREATED_TIME": "2026-01-02", "<=CREATED_TIME": "2026-02-03T04:00:00+03:00"},
            ),
            (Q(stage_id__in=["NEW", "WON"]), {"@STAGE_ID": ["NEW", "WON"]}),
            (Q(category_id__in=[0, 1]), {"=CATEGORY_ID": [0, 1]}),
            (Q(type_id__not_in=[1, 5]), {"!@TYPE_ID": [1, 5]}),
            (Q(stage_id__contains="EW"), {"%STAGE_ID": "EW"}),
            (Q(stage_id__startswith="C1:"), {"=%STAGE_ID": "C1:%"}),
            (Q(stage_id__not_contains="X"), {"0": group({"!%STAGE_ID": "X"}, {"=STAGE_ID": ""})}),
            (~Q(category_id__gt=5), {"0": group({"<=CATEGORY_ID": 5}, {"=CATEGORY_ID": ""})}),
            (
                Q(owner_id=5) & (Q(stage_id="NEW") | Q(type_id__gt=1)),
                {"=OWNER_ID": 5, "0": group({"=STAGE_ID": "NEW"}, {">TYPE_ID": 1})},
            ),
            (Q(owner_id__gt=1) & Q(owner_id__gt=2), {">OWNER_ID": 1, "0": {">OWNER_ID": 2}}),
            (Q(id__gt=5, id__lte=9), {">ID": 5, "<ID": 10}),
            (Q(id__ne=5), {"!=ID": 5}),
        ],
    ),
    (
        TYPES,
        [
            (Q(entity_type_id__gte=128), {">=entityTypeId": 128}),
            (Q(title__contains="склад"), {"%title": "склад"}),
            (Q(is_stages_enabled=True), {"=isStagesEnabled": "Y"}),
            (Q(code="a") | Q(id__gt=5), {"0": group({"=code": "a"}, {">id": 5})}),
        ],
    ),
    (
        PROCESS,
        [
            (Q(), {}),
            (Q(title="a"), {"=title": "a"}),
            (Q(uf_crm_5_flag=True), {"=UF_CRM_5_FLAG": 1}),
            (Q(title="a") | Q(stage_id__in=["x"]), {"0": group({"=title": "a"}, {"@stageId": ["x"]})}),
            (Q(id__gte=5), {">id": 4}),
        ],
    ),
    (
        ROWS,
        [
            (Q(), {}),
            (Q(product_id=7), {"=productId": 7}),
            (Q(product_name__ne="a"), {"!=productName": "a"}),
            (Q(customized=False), {"=customized": "N"}),
            (Q(price__gt=1, price__lte=Decimal("9.50")), {">price": "1", "<=price": "9.50"}),
            (Q(discount_rate__gte=0), {">=discountRate": "0"}),
            (Q(product_id__in=[1, 2]), {"=productId": [1, 2]}),
            (Q(product_id__in=[0, 2]), {"=productId": [0, 2]}),
            (Q(price__in=[1, 2]), {"=price": ["1", "2"]}),
            (Q(product_name__contains="стол"), {"%productName": "стол"}),
            (Q(product_name__endswith="ол"), {"=%productName": "%ол"}),
            (Q(store_id=None), {"=storeId": ""}),
            (Q(product_name__isnull=False), {"!=productName": ""}),
            (Q(id__gt=3), {">id": 3}),
            (Q(id__lte=3, id__ne=2), {"<id": 4, "!=id": 2}),
        ],
    ),
    (
        DEPARTMENTS,
        [
            (Q(), {}),
            (Q(name="Отдел продаж"), {"NAME": "Отдел продаж"}),
            (Q(parent=1, uf_head=7), {"PARENT": 1, "UF_HEAD": 7}),
            (Q(sort=0), {"SORT": 0}),
            (Q(id=5), {"ID": 5}),
            (Q(parent=1) & Q(parent=1), {"PARENT": 1}),
        ],
    ),
    (
        TASKS,
        [
            (Q(), {}),
            (Q(priority=2), {"PRIORITY": 2}),
            (Q(priority__ne=2), {"!PRIORITY": 2}),
            (~Q(group_id=5), {"!GROUP_ID": 5}),
            (Q(mark="P"), {"MARK": "P"}),
            (~Q(mark="P"), {"!MARK": "P"}),
            (Q(add_in_report=True), {"ADD_IN_REPORT": "Y"}),
            # What rows call the status is REAL_STATUS in filters, where STATUS knows tasks that are late, too.
            (Q(status=2), {"REAL_STATUS": 2}),
            (Q(status__gt=2, status__lt=5), {">REAL_STATUS": 2, "<REAL_STATUS": 5}),
            (Q(sub_status=-1), {"STATUS": -1}),
            (Q(accomplices=5), {"ACCOMPLICE": 5}),
            (Q(auditors__in=[5, 6]), {"AUDITOR": [5, 6]}),
            (Q(status__in=[2, 3]), {"REAL_STATUS": [2, 3]}),
            (Q(mark__in=["P", "N"]), {"MARK": ["P", "N"]}),
            (Q(group_id__in=[0, 5]), {"GROUP_ID": [0, 5]}),
            (Q(priority__gte=1), {">=PRIORITY": 1}),
            (Q(priority__gte=0), {">PRIORITY": -1}),
            (Q(priority__lte=0), {"<PRIORITY": 1}),
            (Q(deadline__lt=date(2026, 1, 2)), {"<DEADLINE": "2026-01-02"}),
            (
                Q(created_date__gte=datetime(2026, 1, 2, tzinfo=UTC), closed_date=None),
                {">=CREATED_DATE": "2026-01-02T00:00:00+00:00", "CLOSED_DATE": ""},
            ),
            (Q(deadline__isnull=False), {"!DEADLINE": ""}),
            (Q(title__contains="50% & co"), {"%TITLE": "50% & co"}),
            (Q(uf_auto_1=True), {"UF_AUTO_1": 1}),
            (Q(uf_auto_1__gt=5), {">UF_AUTO_1": 5}),
            (Q(uf_auto_1__contains="x"), {"%UF_AUTO_1": "x"}),
            (Q(uf_auto_1="x"), {"UF_AUTO_1": "x"}),
            # Titles alone are found inside of longer ones.
            (Q(uf_crm_task="D_5"), {"UF_CRM_TASK": "D_5"}),
            (Q(uf_crm_task__in=["D_5", "L_4"]), {"UF_CRM_TASK": ["D_5", "L_4"]}),
            (Q(site_id="s1"), {"SITE_ID": "s1"}),
            (Q(id__gt=5, id__lt=9), {">ID": 5, "<ID": 9}),
            (Q(id__ne=5), {"!ID": 5}),
            # Groups.
            (
                Q(responsible_id=1) | Q(created_by=1),
                {"::SUBFILTER-0": task_group({"RESPONSIBLE_ID": 1}, {"CREATED_BY": 1})},
            ),
            (
                Q(id__gt=5) & (Q(status=2) | Q(status=3)),
                {"::SUBFILTER-0": task_group({"REAL_STATUS": 2}, {"REAL_STATUS": 3}), ">ID": 5},
            ),
            (
                (Q(status=2) | Q(status=3)) & (Q(priority=1) | Q(priority=2)),
                {
                    "::SUBFILTER-0": task_group({"REAL_STATUS": 2}, {"REAL_STATUS": 3}),
                    "::SUBFILTER-1": task_group({"PRIORITY": 1}, {"PRIORITY": 2}),
                },
            ),
            (
                (Q(group_id=5) & (Q(status=2) | Q(status=3))) | Q(title__contains="x"),
                {
                    "::SUBFILTER-0": task_group(
                        {"GROUP_ID": 5, "::SUBFILTER-0": task_group({"REAL_STATUS": 2}, {"REAL_STATUS": 3})},
                        {"%TITLE": "x"},
                    )
                },
            ),
            (Q(status=5) & Q(status=6), {"REAL_STATUS": 5, "::SUBFILTER-0": {"REAL_STATUS": 6}}),
            (Q(mark__in=["P", None]), {"::SUBFILTER-0": task_group({"MARK": ["P"]}, {"MARK": ""})}),
            (~Q(status__gt=2), {"<=REAL_STATUS": 2}),
        ],
    ),
    (
        TIMES,
        [
            (Q(), {}),
            (Q(user_id=1), {"USER_ID": 1}),
            (~Q(user_id=1), {"!USER_ID": 1}),
            (Q(user_id__gt=5, user_id__lte=9), {">USER_ID": 5, "<=USER_ID": 9}),
            (Q(user_id__gte=0), {">USER_ID": -1}),
            (
                Q(created_date__range=(date(2026, 1, 1), date(2026, 2, 1))),
                {">=CREATED_DATE": "2026-01-01", "<=CREATED_DATE": "2026-02-01"},
            ),
            (Q(id__gt=5, id__lt=9), {">ID": 5, "<ID": 9}),
            (Q(id=5), {"ID": 5}),
            (Q(task_id=7), {}),  # said twice, it stays one parameter
        ],
    ),
    (
        PRICES,
        [
            (Q(), {}),
            (Q(product_id=5), {"=productId": 5}),
            (~Q(product_id=5), {"!=productId": 5}),
            (Q(price__gt=5, price__lte=Decimal("9.90")), {">price": "5", "<=price": "9.90"}),
            (Q(quantity_from__gte=0), {">=quantityFrom": "0"}),
            (Q(product_id__in=[1, 2]), {"@productId": [1, 2]}),
            (Q(extra_id__in=[0, 1]), {"=extraId": [0, 1]}),
            (Q(price__in=[1, 2]), {"=price": ["1", "2"]}),
            (Q(product_id__not_in=[1]), {"!=productId": [1]}),
            (Q(currency__contains="U"), {"%currency": "U"}),
            (Q(currency__startswith="R"), {"=%currency": "R%"}),
            (Q(currency__not_contains="U"), {"!%currency": "U"}),
            (Q(currency__not_like="R%"), {"!=%currency": "R%"}),
            (Q(timestamp_x__gte=datetime(2026, 1, 2)), {">=timestampX": "2026-01-02T00:00:00"}),
            (Q(id__gt=5, id__lt=9), {">id": 5, "<id": 9}),
        ],
    ),
    (
        SECTIONS,
        [
            (Q(), {}),
            (Q(active=True, sort__lte=100), {"=active": "Y", "<=sort": 100}),
            (Q(name__contains="a"), {"%name": "a"}),
            (Q(iblock_id=23), {}),
            (Q(id__lte=5), {"<id": 6}),
        ],
    ),
    (
        ORDERS,
        [
            (Q(payed=True, canceled=False), {"=payed": "Y", "=canceled": "N"}),
            (Q(status_id__in=["N", "F"]), {"@statusId": ["N", "F"]}),
            (Q(date_insert__gt=datetime(2026, 1, 2, 3, tzinfo=MSK)), {">dateInsert": "2026-01-02T03:00:00+03:00"}),
            (Q(account_number="17/3"), {"=accountNumber": "17/3"}),
        ],
    ),
    (
        SALE_STATUSES,
        [
            (Q(id="N"), {"=id": "N"}),
            (Q(id__in=["N", "F"], type="O"), {"@id": ["N", "F"], "=type": "O"}),
            (Q(notify=True), {"=notify": "Y"}),
        ],
    ),
    (
        PRODUCTS,
        [
            (Q(), {}),
            (Q(name="Стол"), {"=name": "Стол"}),
            (Q(name__ne="Стол"), {"!=name": "Стол"}),
            (Q(name__in=["a", "b"]), {"=name": ["a", "b"]}),
            (Q(name__not_in=["a", "b"]), {"!name": ["a", "b"]}),
            (~Q(name__in=["a"]), {"!name": ["a"]}),
            (Q(type__in=[0, 1]), {"=type": [0, 1]}),
            (Q(purchasing_price__gt=5), {">purchasingPrice": "5"}),
            (Q(active=True, quantity_trace="D"), {"=active": "Y", "=quantityTrace": "D"}),
            (Q(name__contains="ст"), {"%name": "ст"}),
            (Q(name__like="с_л%"), {"=%name": "с_л%"}),
            (Q(name__not_contains="x"), {"!%name": "x"}),
            (Q(name__not_like="x%"), {"!=%name": "x%"}),
            (Q(id__gt=5), {">id": 5}),
            (Q(id__not_in=[5, 6]), {"!id": [5, 6]}),
        ],
    ),
    (
        OFFERS,
        [
            (Q(parent_id=5), {"=parentId": 5}),
            (Q(available=False), {"=available": "N"}),
            (Q(id__lt=5), {"<id": 5}),
        ],
    ),
    (
        FIELD_CONFIGS,
        [
            (Q(), {}),
            (Q(entity_id="CRM_DEAL"), {"entityId": "CRM_DEAL"}),
            (
                Q(entity_id="CRM_DEAL", field_name="UF_CRM_1", multiple=True),
                {"entityId": "CRM_DEAL", "=fieldName": "UF_CRM_1", "=multiple": "Y"},
            ),
            (Q(sort__gt=5, sort__lte=9), {">sort": 5, "<=sort": 9}),
            (Q(user_type_id__in=["string", "date"]), {"=userTypeId": ["string", "date"]}),
            (Q(field_name__contains="CRM"), {"%fieldName": "CRM"}),
            (Q(field_name__startswith="UF"), {"=%fieldName": "UF%"}),
            (Q(xml_id=None), {"=xmlId": ""}),
        ],
    ),
    (
        WORKGROUPS,
        [
            (Q(), {}),
            (Q(name="a", active=True), {"=NAME": "a", "=ACTIVE": "Y"}),
            (~Q(name="a"), {"!=NAME": "a"}),
            (Q(owner_id__gte=0), {">=OWNER_ID": 0}),
            (Q(name__in=["a", "b"]), {"=NAME": ["a", "b"]}),
            (Q(name__contains="про"), {"%NAME": "про"}),
            (Q(name__startswith="про"), {"=%NAME": "про%"}),
            (Q(date_create__gte=date(2026, 1, 2)), {">=DATE_CREATE": "2026-01-02"}),
            (Q(subject_id=None), {"=SUBJECT_ID": ""}),
            (Q(id__gt=5, id__lt=9), {">ID": 5, "<ID": 9}),
        ],
    ),
    (
        FILES,
        [
            (Q(), {}),
            (Q(name="a.txt"), {"=NAME": "a.txt"}),
            (Q(name__ne="a.txt"), {"!=NAME": "a.txt"}),
            (Q(name__in=["a", "b"]), {"=NAME": ["a", "b"]}),
            (Q(name__not_in=["a", "b"]), {"!=NAME": ["a", "b"]}),
            (Q(name__contains="txt"), {"%NAME": "txt"}),
            (Q(create_time__gte=date(2026, 1, 12)), {">=CREATE_TIME": "2026-01-12"}),
            (Q(code=None), {"=CODE": ""}),
            (Q(deleted_type=0), {"=DELETED_TYPE": 0}),
            (Q(id__gt=5), {">ID": 5}),
        ],
    ),
    (FOLDERS, [(Q(), {}), (Q(name__contains="a", id__lt=9), {"%NAME": "a", "<ID": 9})]),
    (
        STORAGES,
        [
            (Q(), {}),
            (Q(entity_type="user", entity_id="5"), {"=ENTITY_TYPE": "user", "=ENTITY_ID": "5"}),
            (Q(name__in=["a"]), {"=NAME": ["a"]}),
            (Q(id__gt=5), {">ID": 5}),
        ],
    ),
    (
        OFFLINE,
        [
            (Q(), {}),
            (Q(event_name="ONCRMDEALADD"), {"=EVENT_NAME": "ONCRMDEALADD"}),
            (
                Q(event_name__in=["ONCRMDEALADD", "ONCRMDEALUPDATE"]),
                {"@EVENT_NAME": ["ONCRMDEALADD", "ONCRMDEALUPDATE"]},
            ),
            (Q(event_name__contains="DEAL"), {"%EVENT_NAME": "DEAL"}),
            (Q(error=0), {"=ERROR": 0}),
            (Q(error__gt=0, error__lte=3), {">ERROR": 0, "<=ERROR": 3}),
            (Q(error__in=[0, 1]), {"=ERROR": [0, 1]}),
            (Q(timestamp_x__lt=date(2026, 1, 2)), {"<TIMESTAMP_X": "2026-01-02"}),
            (Q(id__gt=5), {">ID": 5}),
        ],
    ),
    (
        GROUPS,
        [
            (Q(), {}),
            (Q(name="a"), {"=NAME": "a"}),
            (~Q(name="a"), {"!=NAME": "a"}),
            (Q(is_extranet=True, closed=False), {"=IS_EXTRANET": "Y", "=CLOSED": "N"}),
            (Q(owner_id__gt=5), {">OWNER_ID": 5}),
            (Q(owner_id__gte=0), {">OWNER_ID": -1}),
            (Q(date_create__gte=date(2026, 1, 2)), {">=DATE_CREATE": "2026-01-02"}),
            (Q(name__contains="Про"), {"%NAME": "Про"}),
            (Q(name__not_contains="Про"), {"!%NAME": "Про"}),
            (Q(id__gt=5, id__lt=9), {">ID": 5, "<ID": 9}),
        ],
    ),
    (
        CALLS,
        [
            (Q(), {}),
            (Q(phone_number="+7 495"), {"=PHONE_NUMBER": "+7 495"}),
            (Q(call_failed_code__ne="200"), {"!=CALL_FAILED_CODE": "200"}),
            (Q(call_type__gt=1, cost__gt=1.5), {">CALL_TYPE": 1, ">COST": "1.5"}),
            (Q(call_start_date__gte=date(2026, 1, 2)), {">=CALL_START_DATE": "2026-01-02"}),
            (Q(phone_number__contains="495"), {"%PHONE_NUMBER": "495"}),
            (Q(id__gt=5, id__lt=9), {">ID": 5, "<ID": 9}),
        ],
    ),
    (
        ELEMENTS,
        [
            (Q(), {}),
            (Q(name="a"), {"=NAME": "a"}),
            (Q(name__ne="a"), {"!NAME": "a"}),
            (~Q(created_by=5), {"!CREATED_BY": 5}),
            (Q(name__in=["a", "b"]), {"=NAME": ["a", "b"]}),
            (Q(sort__gt=5, sort__lte=9), {">SORT": 5, "<=SORT": 9}),
            (Q(sort__gte=0), {">SORT": -1}),
            (Q(name__contains="тест"), {"%NAME": "тест"}),
            (Q(name__not_contains="тест"), {"!%NAME": "тест"}),
            (Q(date_create__gte="2025-01-01"), {">=DATE_CREATE": "2025-01-01"}),
            (Q(iblock_section_id=5, bp_published=True), {"=IBLOCK_SECTION_ID": 5, "=BP_PUBLISHED": "Y"}),
            (Q(id__in=[6, 5]), {"=ID": [5, 6]}),
        ],
    ),
    (
        TEMPLATES,
        [
            (Q(), {}),
            (Q(module_id="crm", entity="CCrmDocumentDeal"), {"MODULE_ID": "crm", "ENTITY": "CCrmDocumentDeal"}),
            (~Q(module_id="crm"), {"!MODULE_ID": "crm"}),
            (Q(auto_execute__gt=0), {">AUTO_EXECUTE": 0}),
            (Q(auto_execute__gte=0), {">AUTO_EXECUTE": -1}),
            (Q(modified__gte=date(2026, 1, 2)), {">=MODIFIED": "2026-01-02"}),
            (Q(id=5), {"ID": 5}),
        ],
    ),
    (
        INSTANCES,
        [
            (Q(), {}),
            (Q(id="65a.83"), {"ID": "65a.83"}),
            (Q(started_by__gt=0, template_id=3), {">STARTED_BY": 0, "TEMPLATE_ID": 3}),
            (Q(document_id__ne="DEAL_5"), {"!DOCUMENT_ID": "DEAL_5"}),
        ],
    ),
    (TIMELINE, [(Q(), {}), (Q(entity_id=10), {})]),
    (
        ADDRESSES,
        [
            (Q(entity_type_id=4, entity_id=5), {"=ENTITY_TYPE_ID": 4, "=ENTITY_ID": 5}),
            (Q(city__contains="Мос", country_code__in=["RU"]), {"%CITY": "Мос", "@COUNTRY_CODE": ["RU"]}),
            (Q(type_id__gte=0), {">TYPE_ID": -1}),
        ],
    ),
]

CASES = [
    pytest.param(frame, where, conditions, id=f"{frame.key}: {where!r}")
    for frame, cases in FILTERS
    for where, conditions in cases
]


@pytest.mark.parametrize(("frame", "where", "conditions"), CASES)
def test_a_filter_is_said_exactly_so(frame: Frame, where: Q, conditions: dict[str, Any]) -> None:
    command = first(frame.key, frame.where & where, select=frame.select)
    params = frame.said(conditions)
    assert command.method == entity(frame.key).dialects[entity(frame.key).default_dialect].methods["list"]
    assert command.params == params
    assert json_ready(command.params) == params, "the command is in its wire form already"


@pytest.mark.parametrize(("frame", "where", "conditions"), CASES)
def test_a_filter_means_the_same_in_a_batch(frame: Frame, where: Q, conditions: dict[str, Any]) -> None:
    command = first(frame.key, frame.where & where, select=frame.select)
    method, _, query = query_string(command.method, json_ready(command.params)).partition("?")
    assert method == command.method
    assert parse_str(query) == as_php(command.params)


# -- whole commands ----------------------------------------------------------------------------------------------------

COMMANDS: list[tuple[str, tuple[str, Q | None, dict[str, Any]], str, dict[str, Any], str]] = [
    # Stage history.
    (
        "stages of deals, the last first",
        (
            "stage_history",
            Q(entity_type_id=2, stage_id__in=["C1:WON"]),
            {"order": ["-created_time"], "select": ["stage_id"]},
        ),
        "crm.stagehistory.list",
        {
            "entityTypeId": 2,
            "select": ["ID", "STAGE_ID"],
            "filter": {"@STAGE_ID": ["C1:WON"]},
            "start": 0,
            "order": {"CREATED_TIME": "DESC", "ID": "DESC"},
        },
        "crm.stagehistory.list?entityTypeId=2&select[0]=ID&select[1]=STAGE_ID&filter[%40STAGE_ID][0]=C1%3AWON&start=0"
        "&order[CREATED_TIME]=DESC&order[ID]=DESC",
    ),
    (
        "named stages",
        ("stage_history", Q(entity_type_id=5, id__in=[3, 1]), {}),
        "crm.stagehistory.list",
        {"entityTypeId": 5, "filter": {"@ID": [1, 3]}, "start": 0, "order": {"ID": "ASC"}},
        "crm.stagehistory.list?entityTypeId=5&filter[%40ID][0]=1&filter[%40ID][1]=3&start=0&order[ID]=ASC",
    ),
    (
        "a context that is selected is not asked for: it is known",
        ("stage_history", Q(entity_type_id=2), {"select": ["entity_type_id", "owner_id"], "order": ["-id"]}),
        "crm.stagehistory.list",
        {"entityTypeId": 2, "select": ["ID", "OWNER_ID"], "start": -1, "order": {"ID": "DESC"}},
        "crm.stagehistory.list?entityTypeId=2&select[0]=ID&select[1]=OWNER_ID&start=-1&order[ID]=DESC",
    ),
    (
        "a group of stages in a batch",
        ("stage_history", Q(entity_type_id=2) & (Q(stage_id="A") | Q(stage_id="B")), {"limit": 9}),
        "crm.stagehistory.list",
        {
            "entityTypeId": 2,
            "filter": {"0": {"logic": "OR", "0": {"=STAGE_ID": "A"}, "1": {"=STAGE_ID": "B"}}},
            "start": -1,
            "order": {"ID": "ASC"},
        },
        "crm.stagehistory.list?entityTypeId=2&filter[0][logic]=OR&filter[0][0][%3DSTAGE_ID]=A"
        "&filter[0][1][%3DSTAGE_ID]=B&start=-1&order[ID]=ASC",
    ),
    # Smart processes.
    (
        "items of one smart process",
        ("smart_process_item", Q(entity_type_id=130, id__gt=5), {"order": ["-id"], "select": ["title"]}),
        "crm.item.list",
        {
            "useOriginalUfNames": "Y",
            "entityTypeId": 130,
            "select": ["id", "title"],
            "filter": {">id": 5},
            "start": -1,
            "order": {"id": "DESC"},
        },
        "crm.item.list?useOriginalUfNames=Y&entityTypeId=130&select[0]=id&select[1]=title&filter[%3Eid]=5&start=-1"
        "&order[id]=DESC",
    ),
    (
        "smart processes know no select",
        ("crm_type", Q(title__contains="a"), {"order": ["-title"], "select": ["title"]}),
        "crm.type.list",
        {"filter": {"%title": "a"}, "start": 0, "order": {"title": "DESC", "id": "DESC"}},
        "crm.type.list?filter[%25title]=a&start=0&order[title]=DESC&order[id]=DESC",
    ),
    # Product rows.
    (
        "product rows of a deal, by their place",
        ("product_row", Q(owner_type="D", owner_id=5), {"order": ["sort", "-price"], "select": ["price"]}),
        "crm.item.productrow.list",
        {
            "filter": {"=ownerType": "D", "=ownerId": 5},
            "start": 0,
            "order": {"sort": "ASC", "price": "DESC", "id": "ASC"},
        },
        "crm.item.productrow.list?filter[%3DownerType]=D&filter[%3DownerId]=5&start=0&order[sort]=ASC"
        "&order[price]=DESC&order[id]=ASC",
    ),
    (
        "product rows of several deals, named",
        ("product_row", Q(owner_type="D", owner_id__in=[5, 6], id__in=[3, 1]), {"order": ["-id"]}),
        "crm.item.productrow.list",
        {"filter": {"=ownerType": "D", "=ownerId": [5, 6], "=id": [3, 1]}, "start": 0, "order": {"id": "DESC"}},
        "crm.item.productrow.list?filter[%3DownerType]=D&filter[%3DownerId][0]=5&filter[%3DownerId][1]=6"
        "&filter[%3Did][0]=3&filter[%3Did][1]=1&start=0&order[id]=DESC",
    ),
    # Departments.
    (
        "departments have a flat order and conditions beside it",
        ("department", Q(parent=1, name="R&D"), {"order": ["-name"], "select": ["name"]}),
        "department.get",
        {"PARENT": 1, "NAME": "R&D", "start": 0, "sort": "NAME", "order": "DESC"},
        "department.get?PARENT=1&NAME=R%26D&start=0&sort=NAME&order=DESC",
    ),
    (
        "a page of departments, the newest first",
        ("department", None, {"order": ["-id"], "limit": 5}),
        "department.get",
        {"start": 0, "sort": "ID", "order": "DESC"},
        "department.get?start=0&sort=ID&order=DESC",
    ),
    # Tasks.
    (
        "tasks by status, in the words of orders",
        ("task", Q(status__in=[2, 3], id__gt=5), {"order": ["-status", "title"], "select": ["title", "status"]}),
        "tasks.task.list",
        {
            "select": ["ID", "TITLE", "STATUS"],
            "filter": {"REAL_STATUS": [2, 3], ">ID": 5},
            "start": 0,
            "order": {"REAL_STATUS": "DESC", "TITLE": "ASC", "ID": "DESC"},
        },
        "tasks.task.list?select[0]=ID&select[1]=TITLE&select[2]=STATUS&filter[REAL_STATUS][0]=2"
        "&filter[REAL_STATUS][1]=3&filter[%3EID]=5&start=0&order[REAL_STATUS]=DESC&order[TITLE]=ASC&order[ID]=DESC",
    ),
    (
        "a group of tasks in a batch",
        ("task", Q(title__contains="a&b") | Q(responsible_id=7), {"order": ["-id"], "select": ["id"], "limit": 50}),
        "tasks.task.list",
        {
            "select": ["ID"],
            "filter": {
                "::SUBFILTER-0": {
                    "::LOGIC": "OR",
                    "::SUBFILTER-0": {"%TITLE": "a&b"},
                    "::SUBFILTER-1": {"RESPONSIBLE_ID": 7},
                }
            },
            "start": -1,
            "order": {"ID": "DESC"},
        },
        "tasks.task.list?select[0]=ID&filter[%3A%3ASUBFILTER-0][%3A%3ALOGIC]=OR"
        "&filter[%3A%3ASUBFILTER-0][%3A%3ASUBFILTER-0][%25TITLE]=a%26b"
        "&filter[%3A%3ASUBFILTER-0][%3A%3ASUBFILTER-1][RESPONSIBLE_ID]=7&start=-1&order[ID]=DESC",
    ),
    (
        "named tasks",
        ("task", Q(id__in=[3, 1, 3]), {"select": ["uf_crm_task", "uf_auto_1"]}),
        "tasks.task.list",
        {"select": ["ID", "UF_CRM_TASK", "UF_AUTO_1"], "filter": {"ID": [1, 3]}, "start": 0, "order": {"ID": "ASC"}},
        "tasks.task.list?select[0]=ID&select[1]=UF_CRM_TASK&select[2]=UF_AUTO_1&filter[ID][0]=1&filter[ID][1]=3&start=0"
        "&order[ID]=ASC",
    ),
    # Old task methods, whose parameters go by their place.
    (
        "time spent on a task",
        ("task_elapsed_time", Q(task_id=7, user_id=1, id__gt=5), {"select": ["seconds", "task_id"]}),
        "task.elapseditem.getlist",
        {
            "TASKID": 7,
            "ORDER": {"ID": "ASC"},
            "FILTER": {"USER_ID": 1, ">ID": 5},
            "SELECT": ["ID", "SECONDS"],
            "PARAMS": PAGE_OF_TIME,
        },
        "task.elapseditem.getlist?TASKID=7&ORDER[ID]=ASC&FILTER[USER_ID]=1&FILTER[%3EID]=5&SELECT[0]=ID"
        "&SELECT[1]=SECONDS&PARAMS[NAV_PARAMS][nPageSize]=50",
    ),
    (
        "places that a query leaves open are filled",
        ("task_elapsed_time", Q(task_id=7), {"order": ["-created_date"]}),
        "task.elapseditem.getlist",
        {
            "TASKID": 7,
            "ORDER": {"CREATED_DATE": "DESC", "ID": "DESC"},
            "FILTER": [""],
            "SELECT": [""],
            "PARAMS": PAGE_OF_TIME,
        },
        "task.elapseditem.getlist?TASKID=7&ORDER[CREATED_DATE]=DESC&ORDER[ID]=DESC&FILTER[0]=&SELECT[0]="
        "&PARAMS[NAV_PARAMS][nPageSize]=50",
    ),
    # Catalog and shop.
    (
        "some prices, the highest first",
        ("catalog_price", Q(product_id__in=[1, 2]), {"order": ["-price"], "select": ["price"]}),
        "catalog.price.list",
        {
            "select": ["id", "price"],
            "filter": {"@productId": [1, 2]},
            "start": 0,
            "order": {"price": "DESC", "id": "DESC"},
        },
        "catalog.price.list?select[0]=id&select[1]=price&filter[%40productId][0]=1&filter[%40productId][1]=2&start=0"
        "&order[price]=DESC&order[id]=DESC",
    ),
    (
        "named prices",
        ("catalog_price", Q(id__in=[3, 1]), {"order": ["-id"]}),
        "catalog.price.list",
        {"filter": {"@id": [3, 1]}, "start": 0, "order": {"id": "DESC"}},
        "catalog.price.list?filter[%40id][0]=3&filter[%40id][1]=1&start=0&order[id]=DESC",
    ),
    (
        "sections are found by the bare name of their catalog",
        ("catalog_section", Q(iblock_id=23, sort__lte=100), {"order": ["-sort"], "select": ["id", "name"]}),
        "catalog.section.list",
        {
            "select": ["id", "name"],
            "filter": {"iblockId": 23, "<=sort": 100},
            "start": 0,
            "order": {"sort": "DESC", "id": "DESC"},
        },
        "catalog.section.list?select[0]=id&select[1]=name&filter[iblockId]=23&filter[%3C%3Dsort]=100&start=0"
        "&order[sort]=DESC&order[id]=DESC",
    ),
    (
        "all fields of products: a star, and what the method insists on",
        ("catalog_product", Q(iblock_id=23, id__lt=9), {}),
        "catalog.product.list",
        {
            "select": ["*", "id", "iblockId"],
            "filter": {"iblockId": 23, "<id": 9},
            "start": -1,
            "order": {"id": "ASC"},
        },
        "catalog.product.list?select[0]=%2A&select[1]=id&select[2]=iblockId&filter[iblockId]=23&filter[%3Cid]=9"
        "&start=-1&order[id]=ASC",
    ),
    (
        "named products",
        ("catalog_product", Q(iblock_id=23, id__in=[3, 1]), {"select": ["iblock_id", "iblock_section"]}),
        "catalog.product.list",
        {
            "select": ["id", "iblockId", "iblockSection"],
            "filter": {"iblockId": 23, "=id": [1, 3]},
            "start": 0,
            "order": {"id": "ASC"},
        },
        "catalog.product.list?select[0]=id&select[1]=iblockId&select[2]=iblockSection&filter[iblockId]=23"
        "&filter[%3Did][0]=1&filter[%3Did][1]=3&start=0&order[id]=ASC",
    ),
    (
        "variations of a product",
        ("catalog_offer", Q(iblock_id=24, parent_id=5), {"order": ["name"], "select": ["name"]}),
        "catalog.product.offer.list",
        {
            "select": ["id", "name", "iblockId"],
            "filter": {"iblockId": 24, "=parentId": 5},
            "start": 0,
            "order": {"name": "ASC", "id": "ASC"},
        },
        "catalog.product.offer.list?select[0]=id&select[1]=name&select[2]=iblockId&filter[iblockId]=24"
        "&filter[%3DparentId]=5&start=0&order[name]=ASC&order[id]=ASC",
    ),
    (
        "an id that is a text gives an order no last key",
        ("sale_status", Q(type="O"), {"order": ["-sort"], "select": ["type"]}),
        "sale.status.list",
        {"select": ["id", "type"], "filter": {"=type": "O"}, "start": 0, "order": {"sort": "DESC"}},
        "sale.status.list?select[0]=id&select[1]=type&filter[%3Dtype]=O&start=0&order[sort]=DESC",
    ),
    # Fields, groups, files, events.
    (
        "fields of deals",
        ("user_field_config", Q(module_id="crm", entity_id="CRM_DEAL"), {"order": ["-sort"], "select": ["field_name"]}),
        "userfieldconfig.list",
        {"moduleId": "crm", "filter": {"entityId": "CRM_DEAL"}, "start": 0, "order": {"sort": "DESC", "id": "DESC"}},
        "userfieldconfig.list?moduleId=crm&filter[entityId]=CRM_DEAL&start=0&order[sort]=DESC&order[id]=DESC",
    ),
    (
        "workgroups by name",
        ("workgroup", Q(name__contains="a", id__gt=5), {"order": ["-name"], "select": ["name"]}),
        "socialnetwork.api.workgroup.list",
        {
            "select": ["ID", "NAME"],
            "filter": {"%NAME": "a", ">ID": 5},
            "start": 0,
            "order": {"NAME": "DESC", "ID": "DESC"},
        },
        "socialnetwork.api.workgroup.list?select[0]=ID&select[1]=NAME&filter[%25NAME]=a&filter[%3EID]=5&start=0"
        "&order[NAME]=DESC&order[ID]=DESC",
    ),
    (
        "named workgroups",
        ("workgroup", Q(id__in=[3, 1]), {"select": ["id"], "order": ["-id"]}),
        "socialnetwork.api.workgroup.list",
        {"select": ["ID"], "filter": {"=ID": [3, 1]}, "start": 0, "order": {"ID": "DESC"}},
        "socialnetwork.api.workgroup.list?select[0]=ID&filter[%3DID][0]=3&filter[%3DID][1]=1&start=0&order[ID]=DESC",
    ),
    (
        "files of a folder",
        ("disk_file", Q(parent_id=7, name__contains="a"), {"order": ["-name"], "select": ["name"]}),
        "disk.folder.getchildren",
        {"id": 7, "filter": {"TYPE": "file", "%NAME": "a"}, "start": 0, "order": {"NAME": "DESC", "ID": "DESC"}},
        "disk.folder.getchildren?id=7&filter[TYPE]=file&filter[%25NAME]=a&start=0&order[NAME]=DESC&order[ID]=DESC",
    ),
    (
        "named folders",
        ("disk_folder", Q(parent_id=7, id__in=[3, 1]), {}),
        "disk.folder.getchildren",
        {"id": 7, "filter": {"TYPE": "folder", "=ID": [1, 3]}, "start": 0, "order": {"ID": "ASC"}},
        "disk.folder.getchildren?id=7&filter[TYPE]=folder&filter[%3DID][0]=1&filter[%3DID][1]=3&start=0&order[ID]=ASC",
    ),
    (
        "events of one source",
        ("offline_event", Q(auth_connector="shop", error=0), {"order": ["-timestamp_x"], "select": ["event_name"]}),
        "event.offline.list",
        {
            "auth_connector": "shop",
            "filter": {"=ERROR": 0},
            "start": 0,
            "order": {"TIMESTAMP_X": "DESC", "ID": "DESC"},
        },
        "event.offline.list?auth_connector=shop&filter[%3DERROR]=0&start=0&order[TIMESTAMP_X]=DESC&order[ID]=DESC",
    ),
    (
        "named events",
        ("offline_event", Q(id__in=[3, 1]), {"order": ["-id"]}),
        "event.offline.list",
        {"filter": {"@ID": [3, 1]}, "start": 0, "order": {"ID": "DESC"}},
        "event.offline.list?filter[%40ID][0]=3&filter[%40ID][1]=1&start=0&order[ID]=DESC",
    ),
    (
        "groups by name and owner",
        ("sonet_group", Q(name__contains="a"), {"order": ["-name", "owner_id"], "select": ["name"]}),
        "sonet_group.get",
        {"FILTER": {"%NAME": "a"}, "start": 0, "ORDER": {"NAME": "DESC", "OWNER_ID": "ASC", "ID": "DESC"}},
        "sonet_group.get?FILTER[%25NAME]=a&start=0&ORDER[NAME]=DESC&ORDER[OWNER_ID]=ASC&ORDER[ID]=DESC",
    ),
    (
        "one group",
        ("sonet_group", Q(id=5), {}),
        "sonet_group.get",
        {"FILTER": {"=ID": 5}, "start": 0, "ORDER": {"ID": "ASC"}},
        "sonet_group.get?FILTER[%3DID]=5&start=0&ORDER[ID]=ASC",
    ),
    (
        "calls have a flat order",
        ("call_statistic", Q(call_type=2, id__gt=5), {"order": ["-id"], "select": ["phone_number"]}),
        "voximplant.statistic.get",
        {"FILTER": {"=CALL_TYPE": 2, ">ID": 5}, "start": -1, "SORT": "ID", "ORDER": "DESC"},
        "voximplant.statistic.get?FILTER[%3DCALL_TYPE]=2&FILTER[%3EID]=5&start=-1&SORT=ID&ORDER=DESC",
    ),
    (
        "calls, the longest first",
        ("call_statistic", Q(call_duration__gt=60), {"order": ["-call_duration"]}),
        "voximplant.statistic.get",
        {"FILTER": {">CALL_DURATION": 60}, "start": 0, "SORT": "CALL_DURATION", "ORDER": "DESC"},
        "voximplant.statistic.get?FILTER[%3ECALL_DURATION]=60&start=0&SORT=CALL_DURATION&ORDER=DESC",
    ),
    # Lists and workflows.
    (
        "elements of a list",
        (
            "list_element",
            Q(iblock_type_id="lists", iblock_code="stock", name="a"),
            {"order": ["-name"], "select": ["name", "iblock_code"]},
        ),
        "lists.element.get",
        {
            "IBLOCK_TYPE_ID": "lists",
            "IBLOCK_CODE": "stock",
            "SELECT": ["ID", "NAME"],
            "FILTER": {"=NAME": "a"},
            "start": 0,
            "ELEMENT_ORDER": {"NAME": "DESC", "ID": "DESC"},
        },
        "lists.element.get?IBLOCK_TYPE_ID=lists&IBLOCK_CODE=stock&SELECT[0]=ID&SELECT[1]=NAME&FILTER[%3DNAME]=a&start=0"
        "&ELEMENT_ORDER[NAME]=DESC&ELEMENT_ORDER[ID]=DESC",
    ),
    (
        "one element of a list",
        ("list_element", Q(iblock_type_id="lists", iblock_id=47, id=5), {}),
        "lists.element.get",
        {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 47, "ELEMENT_ID": 5, "start": 0, "ELEMENT_ORDER": {"ID": "ASC"}},
        "lists.element.get?IBLOCK_TYPE_ID=lists&IBLOCK_ID=47&ELEMENT_ID=5&start=0&ELEMENT_ORDER[ID]=ASC",
    ),
    (
        "an element by its code",
        ("list_element", Q(iblock_type_id="lists", iblock_id=47, code="x"), {"order": ["-id"]}),
        "lists.element.get",
        {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 47, "ELEMENT_CODE": "x", "start": 0, "ELEMENT_ORDER": {"ID": "DESC"}},
        "lists.element.get?IBLOCK_TYPE_ID=lists&IBLOCK_ID=47&ELEMENT_CODE=x&start=0&ELEMENT_ORDER[ID]=DESC",
    ),
    (
        "lists of a group",
        (
            "universal_list",
            Q(iblock_type_id="lists_socnet", socnet_group_id=33),
            {"order": ["-sort", "name"], "select": ["name"]},
        ),
        "lists.get",
        {
            "IBLOCK_TYPE_ID": "lists_socnet",
            "SOCNET_GROUP_ID": 33,
            "start": 0,
            "IBLOCK_ORDER": {"SORT": "DESC", "NAME": "ASC", "ID": "DESC"},
        },
        "lists.get?IBLOCK_TYPE_ID=lists_socnet&SOCNET_GROUP_ID=33&start=0&IBLOCK_ORDER[SORT]=DESC"
        "&IBLOCK_ORDER[NAME]=ASC&IBLOCK_ORDER[ID]=DESC",
    ),
    (
        "one list",
        ("universal_list", Q(iblock_type_id="lists", id=47), {}),
        "lists.get",
        {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": 47, "start": 0, "IBLOCK_ORDER": {"ID": "ASC"}},
        "lists.get?IBLOCK_TYPE_ID=lists&IBLOCK_ID=47&start=0&IBLOCK_ORDER[ID]=ASC",
    ),
    (
        "templates of workflows",
        ("workflow_template", Q(module_id="crm"), {"order": ["-modified"], "select": ["name"]}),
        "bizproc.workflow.template.list",
        {
            "SELECT": ["ID", "NAME"],
            "FILTER": {"MODULE_ID": "crm"},
            "start": 0,
            "ORDER": {"MODIFIED": "DESC", "ID": "DESC"},
        },
        "bizproc.workflow.template.list?SELECT[0]=ID&SELECT[1]=NAME&FILTER[MODULE_ID]=crm&start=0"
        "&ORDER[MODIFIED]=DESC&ORDER[ID]=DESC",
    ),
    (
        "all fields of workflows, by name, as the method has no order of its own for them",
        ("workflow_instance", Q(started_by__gt=0), {}),
        "bizproc.workflow.instances",
        {
            "SELECT": [
                "ID",
                "TEMPLATE_ID",
                "MODULE_ID",
                "ENTITY",
                "DOCUMENT_ID",
                "STARTED",
                "STARTED_BY",
                "MODIFIED",
                "OWNED_UNTIL",
            ],
            "FILTER": {">STARTED_BY": 0},
            "start": 0,
        },
        "bizproc.workflow.instances?SELECT[0]=ID&SELECT[1]=TEMPLATE_ID&SELECT[2]=MODULE_ID&SELECT[3]=ENTITY"
        "&SELECT[4]=DOCUMENT_ID&SELECT[5]=STARTED&SELECT[6]=STARTED_BY&SELECT[7]=MODIFIED&SELECT[8]=OWNED_UNTIL"
        "&FILTER[%3ESTARTED_BY]=0&start=0",
    ),
    (
        "workflows by their text of an id",
        ("workflow_instance", None, {"order": ["-id"], "select": ["started"]}),
        "bizproc.workflow.instances",
        {"SELECT": ["ID", "STARTED"], "start": 0, "ORDER": {"ID": "DESC"}},
        "bizproc.workflow.instances?SELECT[0]=ID&SELECT[1]=STARTED&start=0&ORDER[ID]=DESC",
    ),
    (
        "comments in a timeline",
        ("timeline_comment", Q(entity_type="deal", entity_id=10), {"order": ["-created"], "select": ["comment"]}),
        "crm.timeline.comment.list",
        {
            "select": ["ID", "COMMENT"],
            "filter": {"ENTITY_TYPE": "deal", "ENTITY_ID": 10},
            "start": 0,
            "order": {"CREATED": "DESC", "ID": "DESC"},
        },
        "crm.timeline.comment.list?select[0]=ID&select[1]=COMMENT&filter[ENTITY_TYPE]=deal&filter[ENTITY_ID]=10&start=0"
        "&order[CREATED]=DESC&order[ID]=DESC",
    ),
    # Rows that have no id of their own.
    (
        "addresses come as the method sends them",
        ("address", Q(entity_type_id=4), {"select": ["city"]}),
        "crm.address.list",
        {"select": ["CITY"], "filter": {"=ENTITY_TYPE_ID": 4}, "start": 0},
        "crm.address.list?select[0]=CITY&filter[%3DENTITY_TYPE_ID]=4&start=0",
    ),
    (
        "requisites of a company, in the order that was asked for",
        ("requisite_link", Q(entity_type_id=4, entity_id=5), {"order": ["-requisite_id"]}),
        "crm.requisite.link.list",
        {"filter": {"=ENTITY_TYPE_ID": 4, "=ENTITY_ID": 5}, "start": 0, "order": {"REQUISITE_ID": "DESC"}},
        "crm.requisite.link.list?filter[%3DENTITY_TYPE_ID]=4&filter[%3DENTITY_ID]=5&start=0&order[REQUISITE_ID]=DESC",
    ),
    # Contexts of writes are fields of rows like others.
    (
        "parts of addresses",
        ("address", Q(city="a"), {"select": ["type_id", "entity_id", "city"]}),
        "crm.address.list",
        {"select": ["TYPE_ID", "ENTITY_ID", "CITY"], "filter": {"=CITY": "a"}, "start": 0},
        "crm.address.list?select[0]=TYPE_ID&select[1]=ENTITY_ID&select[2]=CITY&filter[%3DCITY]=a&start=0",
    ),
    (
        "codes and sections of elements",
        (
            "list_element",
            Q(iblock_type_id="lists", iblock_id=47),
            {"select": ["code", "iblock_section_id"], "order": ["id"]},
        ),
        "lists.element.get",
        {
            "IBLOCK_TYPE_ID": "lists",
            "IBLOCK_ID": 47,
            "SELECT": ["ID", "CODE", "IBLOCK_SECTION_ID"],
            "start": 0,
            "ELEMENT_ORDER": {"ID": "ASC"},
        },
        "lists.element.get?IBLOCK_TYPE_ID=lists&IBLOCK_ID=47&SELECT[0]=ID&SELECT[1]=CODE&SELECT[2]=IBLOCK_SECTION_ID"
        "&start=0&ELEMENT_ORDER[ID]=ASC",
    ),
    # Messages of a chat.
    (
        "messages, the newest first",
        ("chat_message", Q(dialog_id="chat5"), {"order": ["-id"], "select": ["text"]}),
        "im.dialog.messages.get",
        {"DIALOG_ID": "chat5", "LIMIT": 50},
        "im.dialog.messages.get?DIALOG_ID=chat5&LIMIT=50",
    ),
    (
        "messages before another",
        ("chat_message", Q(dialog_id="5", id__lte=100, id__gt=7), {"limit": 20}),
        "im.dialog.messages.get",
        {"DIALOG_ID": "5", "LAST_ID": 101, "LIMIT": 20},
        "im.dialog.messages.get?DIALOG_ID=5&LAST_ID=101&LIMIT=20",
    ),
    (
        "messages behind a point",
        ("chat_message", Q(dialog_id="sg3"), {"after": 90, "offset": 5, "limit": 3}),
        "im.dialog.messages.get",
        {"DIALOG_ID": "sg3", "LAST_ID": 90, "LIMIT": 8},
        "im.dialog.messages.get?DIALOG_ID=sg3&LAST_ID=90&LIMIT=8",
    ),
]


@pytest.mark.parametrize(
    ("query", "method", "params", "text"), [case[1:] for case in COMMANDS], ids=[case[0] for case in COMMANDS]
)
def test_a_query_becomes_exactly_this_command(
    query: tuple[str, Q | None, dict[str, Any]], method: str, params: dict[str, Any], text: str
) -> None:
    key, where, more = query
    command = first(key, where, **more)
    assert command.method == method
    assert command.params == params
    assert json_ready(command.params) == params
    assert query_string(method, json_ready(command.params)) == text


@pytest.mark.parametrize("where", [Q(task_id=7), Q(user_id=1, task_id=7), Q(id__gt=5) & Q(task_id=7)], ids=repr)
@pytest.mark.parametrize("select", [None, ["seconds"]])
def test_parameters_that_go_by_their_place_stand_in_it(where: Q, select: list[str] | None) -> None:
    params = first("task_elapsed_time", where, select=select).params
    assert list(params) == ["TASKID", "ORDER", "FILTER", "SELECT", "PARAMS"]


def test_all_fields_of_a_task_are_asked_for_by_name() -> None:
    select: Any = first("task").params["select"]
    assert select[:4] == ["ID", "PARENT_ID", "TITLE", "DESCRIPTION"]
    assert {"STATUS", "UF_CRM_TASK", "TAGS"} <= set(select)
    assert not {"SUB_STATUS", "GROUP", "CHAT_ID", "REAL_STATUS", "*"} & set(select), "what has no name comes by itself"


@pytest.mark.parametrize("hidden", ["sub_status", "group", "chat_id"])
def test_a_field_that_has_no_name_comes_with_all_that_have(hidden: str) -> None:
    assert first("task", select=["title", hidden]).params == first("task").params


def test_a_count_asks_for_the_id_alone_where_the_method_knows_a_select() -> None:
    counted = {
        key: plan_count(compiled(key, where)).first[0].params
        for key, where in [
            ("task", Q(status=2)),
            ("catalog_product", Q(iblock_id=23)),
            ("workgroup", None),
            ("department", Q(parent=1)),
            ("workflow_template", None),
        ]
    }
    assert counted == {
        "task": {"select": ["ID"], "filter": {"REAL_STATUS": 2}, "start": 0, "order": {"ID": "ASC"}},
        "catalog_product": {
            "select": ["id", "iblockId"],
            "filter": {"iblockId": 23},
            "start": 0,
            "order": {"id": "ASC"},
        },
        "workgroup": {"select": ["ID"], "start": 0, "order": {"ID": "ASC"}},
        "department": {"PARENT": 1, "start": 0, "sort": "ID", "order": "ASC"},
        "workflow_template": {"SELECT": ["ID"], "start": 0, "ORDER": {"ID": "ASC"}},
    }


def test_rows_of_camel_methods_are_asked_for_in_capitals_and_read_otherwise() -> None:
    listing = compiled("task", Q(id__gt=5), select=["title"])
    assert (listing.id_wire, listing.id_asked, listing.rows_path) == ("id", "ID", "tasks")
    assert listing.key_of({"id": "12"}) == 12
    command = listing.command(above=12, below=90, select=(listing.id_wire,), descending=True)
    assert command.params == {
        "select": ["ID"],
        "filter": {">ID": 12, "<ID": 90},
        "start": -1,
        "order": {"ID": "DESC"},
    }


def test_a_chat_goes_back_from_message_to_message() -> None:
    listing = compiled("chat_message", Q(dialog_id="chat5", id__gt=7, id__lt=100))
    assert listing.descending
    assert listing.command().params == {"DIALOG_ID": "chat5", "LAST_ID": 100, "LIMIT": 50}
    assert listing.command(below=40, rows=10).params == {"DIALOG_ID": "chat5", "LAST_ID": 40, "LIMIT": 10}
    assert listing.witness(40).params == {"DIALOG_ID": "chat5", "FIRST_ID": 40, "LIMIT": 1}
    assert listing.given == {"dialog_id": "chat5"}


# -- lists that come whole ---------------------------------------------------------------------------------------------

WHOLE: list[tuple[str, Q | None, dict[str, Any], str, dict[str, Any], str]] = [
    ("currency", Q(currency="RUB", sort__gt=5), {"order": ["-sort"]}, "crm.currency.list", {}, "crm.currency.list"),
    ("event_binding", Q(event="ONCRMDEALADD"), {}, "event.get", {}, "event.get"),
    (
        "deal_category_stage",
        Q(category_id=0, name__contains="a"),
        {},
        "crm.dealcategory.stage.list",
        {"id": 0},
        "crm.dealcategory.stage.list?id=0",
    ),
    (
        "deal_user_field",
        Q(lang="ru", field_name="UF_CRM_1"),
        {"order": ["-sort"]},
        "crm.deal.userfield.list",
        {"filter": {"LANG": "ru"}},
        "crm.deal.userfield.list?filter[LANG]=ru",
    ),
    ("requisite_user_field", None, {}, "crm.requisite.userfield.list", {}, "crm.requisite.userfield.list"),
    (
        "deal_contact",
        Q(deal_id=5, is_primary=True),
        {"select": ["sort"]},
        "crm.deal.contact.items.get",
        {"id": 5},
        "crm.deal.contact.items.get?id=5",
    ),
    (
        "contact_company",
        Q(contact_id=5),
        {},
        "crm.contact.company.items.get",
        {"id": 5},
        "crm.contact.company.items.get?id=5",
    ),
    (
        "deal_product_row",
        Q(deal_id=5, price__gt=1),
        {"order": ["-price"], "limit": 3},
        "crm.deal.productrows.get",
        {"id": 5},
        "crm.deal.productrows.get?id=5",
    ),
    (
        "task_comment",
        Q(task_id=7, author_id=503),
        {"order": ["-post_date"], "select": ["post_message"]},
        "task.commentitem.getlist",
        {"TASKID": 7},
        "task.commentitem.getlist?TASKID=7",
    ),
    (
        "task_checklist_item",
        Q(task_id=7, is_complete=False),
        {"order": ["sort_index"]},
        "task.checklistitem.getlist",
        {"TASKID": 7},
        "task.checklistitem.getlist?TASKID=7",
    ),
    (
        "calendar_event",
        Q(cal_type="user", owner_id=1, from_date=date(2026, 6, 20), to_date="2026-08-20", name__contains="a"),
        {"order": ["-date_from"]},
        "calendar.event.get",
        {"type": "user", "ownerId": 1, "from": "2026-06-20", "to": "2026-08-20"},
        "calendar.event.get?type=user&ownerId=1&from=2026-06-20&to=2026-08-20",
    ),
    (
        "calendar_event",
        Q(cal_type="company_calendar", owner_id=0),
        {},
        "calendar.event.get",
        {"type": "company_calendar", "ownerId": 0},
        "calendar.event.get?type=company_calendar&ownerId=0",
    ),
]


@pytest.mark.parametrize(("key", "where", "more", "method", "params", "text"), WHOLE)
def test_a_list_that_comes_whole_is_asked_for_by_its_context_alone(
    key: str, where: Q | None, more: dict[str, Any], method: str, params: dict[str, Any], text: str
) -> None:
    command = first(key, where, **more)
    assert (command.method, command.params) == (method, params)
    assert query_string(method, json_ready(command.params)) == text


@pytest.mark.parametrize(
    ("key", "where", "residue", "order", "given"),
    [
        ("currency", Q(currency="RUB", sort__gt=5), "(currency='RUB' & sort__gt=5)", (), {}),
        ("deal_contact", Q(deal_id=5, is_primary=True), "is_primary=True", (), {"deal_id": 5}),
        ("deal_contact", Q(deal_id=5), "Always()", (), {"deal_id": 5}),
        ("deal_product_row", Q(deal_id=5) & ~Q(price__gt=1), "price__lte=Decimal('1') or empty", (), {"deal_id": 5}),
        ("task_checklist_item", Q(task_id=7, id__in=[5, 6]), "id__in=(5, 6)", (), {"task_id": 7}),
        (
            "calendar_event",
            Q(cal_type="user", owner_id=1) & (Q(name="a") | Q(id__gt=5)),
            "(name='a' | id__gt=5)",
            (("date_from", True),),
            {"cal_type": "user", "owner_id": 1},
        ),
        # A date is a parameter only where it is given as such.
        (
            "calendar_event",
            Q(cal_type="user", owner_id=1, section_id__in=[21, 44]),
            "section_id__in=(21, 44)",
            (),
            {"cal_type": "user", "owner_id": 1},
        ),
    ],
)
def test_what_a_whole_list_cannot_be_asked_is_left_for_here(
    key: str, where: Q, residue: str, order: tuple[tuple[str, bool], ...], given: dict[str, Any]
) -> None:
    listing = compiled(key, where, order=[("-" if down else "") + name for name, down in order])
    assert repr(listing.residue) == residue
    assert listing.local_order == order
    assert listing.given == given


# -- one row -----------------------------------------------------------------------------------------------------------

GETS: list[tuple[str, Q, str, dict[str, Any], Any, dict[str, Any]]] = [
    ("task_comment", Q(task_id=7, id=5), "task.commentitem.get", {"TASKID": 7, "ITEMID": 5}, 5, {"task_id": 7}),
    ("task_comment", Q(id=5, task_id=7), "task.commentitem.get", {"TASKID": 7, "ITEMID": 5}, 5, {"task_id": 7}),
    (
        "task_checklist_item",
        Q(id=5) & Q(task_id=7),
        "task.checklistitem.get",
        {"TASKID": 7, "ITEMID": 5},
        5,
        {"task_id": 7},
    ),
    ("calendar_event", Q(id=5), "calendar.event.getbyid", {"id": 5}, 5, {}),
    ("chat", Q(dialog_id="chat5"), "im.dialog.get", {"DIALOG_ID": "chat5"}, "chat5", {}),
    (
        "smart_process_item",
        Q(entity_type_id=130, id=5),
        "crm.item.get",
        {"useOriginalUfNames": "Y", "entityTypeId": 130, "id": 5},
        5,
        {"entity_type_id": 130},
    ),
    (
        "category",
        Q(entity_type_id=2, id=0),
        "crm.category.get",
        {"entityTypeId": 2, "id": 0},
        0,
        {"entity_type_id": 2},
    ),
    (
        "user_field_config",
        Q(module_id="crm", id=5),
        "userfieldconfig.get",
        {"moduleId": "crm", "id": 5},
        5,
        {"module_id": "crm"},
    ),
    ("sale_order", Q(id=5), "sale.order.get", {"id": 5}, 5, {}),
    ("sale_status", Q(id="N"), "sale.status.get", {"id": "N"}, "N", {}),
    ("catalog_product", Q(id=5), "catalog.product.get", {"id": 5}, 5, {}),
    ("catalog_offer", Q(id=5), "catalog.product.offer.get", {"id": 5}, 5, {}),
    ("catalog_section", Q(id=5), "catalog.section.get", {"id": 5}, 5, {}),
    ("crm_type", Q(id=5), "crm.type.get", {"id": 5}, 5, {}),
    ("product_row", Q(id=5), "crm.item.productrow.get", {"id": 5}, 5, {}),
    ("timeline_comment", Q(id=5), "crm.timeline.comment.get", {"id": 5}, 5, {}),
    ("disk_file", Q(id=5), "disk.file.get", {"id": 5}, 5, {}),
    ("disk_folder", Q(id=5), "disk.folder.get", {"id": 5}, 5, {}),
    ("activity", Q(id=5), "crm.activity.get", {"id": 5}, 5, {}),
    ("requisite", Q(id=5), "crm.requisite.get", {"id": 5}, 5, {}),
]


@pytest.mark.parametrize(("key", "where", "method", "params", "id", "given"), GETS)
def test_one_row_is_got_by_its_id(
    key: str, where: Q, method: str, params: dict[str, Any], id: Any, given: dict[str, Any]
) -> None:
    get = compile_get(entity(key), "item", Query(where=(where,)))
    assert get is not None
    assert (get.command.method, get.command.params) == (method, params)
    assert list(get.command.params) == list(params), "the order counts, where parameters go by their place"
    assert (get.id, get.given) == (id, given)
    assert parse_str(query_string(method, json_ready(get.command.params)).partition("?")[2]) == as_php(params)


def test_one_task_is_got_with_all_fields_by_name() -> None:
    get = compile_get(entity("task"), "item", Query(where=(Q(id=5),)))
    assert get is not None
    assert get.command.method == "tasks.task.get"
    assert get.command.params == {"taskId": 5, "select": first("task").params["select"]}


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("task_comment", Q(id=5)),  # of which task?
        ("smart_process_item", Q(id=5)),
        ("smart_process_item", Q(entity_type_id__in=[130], id=5)),
        ("smart_process_item", Q(entity_type_id=130, id=5, title="a")),
        ("user_field_config", Q(module_id="crm", entity_id="CRM_DEAL", id=5)),
        ("calendar_event", Q(cal_type="user", owner_id=1, id=5)),
        ("timeline_comment", Q(entity_type="deal", entity_id=1, id=5)),
        ("catalog_product", Q(iblock_id=23, id=5)),
        ("disk_file", Q(parent_id=7, id=5)),
        ("chat", Q(chat_id=5)),
        ("currency", Q(currency="RUB")),  # all of them come in one call
        ("status", Q(id=5)),
        ("deal_user_field", Q(id=5)),
        ("department", Q(id=5)),  # the portal has no method for one
        ("task_elapsed_time", Q(task_id=7, id=5)),
        ("list_element", Q(iblock_type_id="lists", iblock_id=47, id=5)),
        ("catalog_document", Q(id=5)),
        ("requisite_link", Q(entity_type_id=4, entity_id=5)),  # rows without an id
    ],
    ids=repr,
)
def test_what_a_get_method_does_not_take_or_know_is_left_to_the_list(key: str, where: Q) -> None:
    assert compile_get(entity(key), "item", Query(where=(where,))) is None


# -- what has no words -------------------------------------------------------------------------------------------------

NEEDS: list[tuple[str, Q | None, str]] = [
    ("stage_history", None, "StageHistory needs to know entity_type_id: filter(entity_type_id=…)"),
    ("stage_history", Q(entity_type_id__in=[1, 2]), "needs to know entity_type_id"),
    ("stage_history", Q(entity_type_id=1) | Q(owner_id=5), "needs to know entity_type_id"),
    ("smart_process_item", Q(title="a"), "SmartProcessItem needs to know entity_type_id"),
    ("product_row", None, "ProductRow lists need conditions on owner_type, owner_id: filter(owner_type=…, owner_id=…)"),
    ("product_row", Q(owner_id=5), "ProductRow lists need conditions on owner_type: filter(owner_type=…)"),
    ("product_row", Q(owner_type="D", owner_id__gt=5), "need conditions on owner_id"),
    ("product_row", Q(owner_type="D") & (Q(owner_id=1) | Q(owner_id=2)), "need conditions on owner_id"),
    ("task_comment", Q(author_id=1), "TaskComment needs to know task_id"),
    ("task_elapsed_time", None, "TaskElapsedTime needs to know task_id"),
    ("task_checklist_item", None, "TaskChecklistItem needs to know task_id"),
    ("catalog_section", None, "CatalogSection lists need conditions on iblock_id"),
    ("catalog_product", Q(name="a"), "CatalogProduct lists need conditions on iblock_id"),
    ("catalog_offer", Q(iblock_id__gt=1), "CatalogOffer lists need conditions on iblock_id"),
    # The methods check the rights on one catalog, which they read from the bare name.
    ("catalog_section", Q(iblock_id__in=[23, 24]), "iblock_id"),
    ("catalog_product", Q(iblock_id__in=[23, 24]), "iblock_id"),
    ("user_field_config", Q(entity_id="CRM_DEAL"), "UserFieldConfig needs to know module_id"),
    ("disk_file", Q(name="a"), "DiskFile needs to know parent_id"),
    ("list_element", Q(iblock_id=47), "ListElement needs to know iblock_type_id"),
    ("universal_list", None, "UniversalList needs to know iblock_type_id"),
    ("timeline_comment", Q(entity_id=5), "TimelineComment lists need conditions on entity_type"),
    ("calendar_event", Q(owner_id=1), "CalendarEvent needs to know cal_type"),
    ("calendar_event", None, "CalendarEvent needs to know cal_type and owner_id: filter(cal_type=…, owner_id=…)"),
    ("deal_contact", None, "DealContact needs to know deal_id"),
    ("deal_product_row", Q(price__gt=1), "DealProductRow needs to know deal_id"),
    ("chat_message", Q(id__lt=5), "ChatMessage needs to know dialog_id"),
]


@pytest.mark.parametrize(("key", "where", "reason"), NEEDS, ids=repr)
def test_what_a_method_answers_nothing_without_is_asked_for(key: str, where: Q | None, reason: str) -> None:
    with pytest.raises(UnsupportedQuery) as refused:
        compiled(key, where)
    assert reason in str(refused.value)


REFUSED: list[tuple[Frame, Q, str]] = [
    # Product rows.
    (
        ROWS,
        Q(product_id__not_in=[1]),
        "lookup 'not_in' cannot be said to crm.item.productrow lists (ProductRow.product_id)",
    ),
    (ROWS, Q(sort=1) | Q(sort=2), "OR"),
    (ROWS, ~Q(product_name__contains="a"), "OR"),
    (ROWS, Q(price__gt=1) & Q(price__gt=2), "price__gt"),
    # Departments.
    (DEPARTMENTS, Q(parent__gt=1), "lookup 'gt' cannot be said to department.get lists (Department.parent)"),
    (DEPARTMENTS, Q(parent__ne=1), "(Department.parent)"),
    (DEPARTMENTS, Q(parent__in=[1]), "(Department.parent)"),
    (DEPARTMENTS, Q(name__contains="a"), "(Department.name)"),
    (DEPARTMENTS, Q(parent=None), "without a value (parent)"),
    (DEPARTMENTS, Q(name="a") | Q(name="b"), "OR"),
    (DEPARTMENTS, Q(name="a") & Q(name="b"), "(name='a' & name='b')"),
    (DEPARTMENTS, Q(id__gt=5), "department.get has no range of ids in its filter; read all and compare Department.id"),
    (DEPARTMENTS, Q(id__in=[5, 6]), "Department.id"),
    # Tasks.
    (TASKS, Q(title="a"), "say title__contains, and compare Task.title yourself"),
    (TASKS, ~Q(title="a"), "Task.title"),
    (TASKS, Q(title__in=["a"]), "Task.title"),
    (TASKS, Q(title__startswith="a"), "lookup 'like' cannot be said to tasks.task.list lists (Task.title)"),
    (TASKS, Q(title__not_contains="a"), "(Task.title)"),
    (TASKS, Q(status__not_in=[2]), "lookup 'not_in' cannot be said to tasks.task.list lists (Task.status)"),
    (TASKS, ~Q(accomplices=5), "Task.accomplices holds several values"),
    (TASKS, Q(comments_count=1), "Task.comments_count cannot be filtered"),
    (TASKS, Q(tags__contains="a"), "Task.tags cannot be filtered"),
    (TASKS, Q(deadline__in=[date(2026, 1, 1)]), "(Task.deadline)"),
    (TASKS, ~Q(deadline__lt=date(2026, 1, 2)), "outside of OR only"),
    (TASKS, Q(deadline__lt=date(2026, 1, 2)) | Q(priority=2), "outside of OR only"),
    (TASKS, Q(deadline__gt=date(2026, 1, 1)) & Q(deadline__gt=date(2026, 1, 2)), "one condition of a kind on each"),
    # What belongs to tasks.
    (TIMES, Q(user_id__in=[1, 2]), "lookup 'in' cannot be said to task items lists (TaskElapsedTime.user_id)"),
    (TIMES, Q(user_id=None), "without a value (user_id)"),
    (TIMES, Q(user_id=1) | Q(user_id=2), "OR"),
    (TIMES, ~Q(user_id__gt=5), "without a value (user_id)"),
    (TIMES, Q(comment_text__contains="a"), "TaskElapsedTime.comment_text cannot be filtered"),
    (TIMES, Q(task_id__gt=5), "TaskElapsedTime.task_id"),
    (TIMES, Q(id__in=[5, 6]), "TaskElapsedTime.id"),
    # Catalog and shop.
    (PRICES, Q(extra_id=None), "catalog and sale lists cannot be asked for rows without a value (extra_id)"),
    (PRICES, Q(product_id=1) | Q(product_id=2), "OR"),
    (PRICES, ~Q(extra_id=5), "without a value (extra_id)"),
    (PRICES, Q(price__gt=1) & Q(price__gt=2), "price__gt"),
    (SALE_STATUSES, Q(color=None), "(color)"),
    (PRODUCTS, Q(code=None), "(code)"),
    (PRODUCTS, Q(preview_picture__isnull=True), "CatalogProduct.preview_picture cannot be filtered"),
    (PRODUCTS, Q(name="a") | Q(name="b"), "OR"),
    # Fields, groups, files, events.
    (FIELD_CONFIGS, Q(field_name__not_contains="a"), "(UserFieldConfig.field_name)"),
    (FIELD_CONFIGS, Q(settings="a"), "UserFieldConfig.settings cannot be filtered"),
    (FIELD_CONFIGS, Q(id__gt=5), "compare UserFieldConfig.id"),
    (WORKGROUPS, Q(name__not_contains="a"), "(Workgroup.name)"),
    (WORKGROUPS, Q(name__not_like="a%"), "(Workgroup.name)"),
    (WORKGROUPS, Q(type="project"), "Workgroup.type cannot be filtered"),
    (WORKGROUPS, Q(name="a") | Q(name="b"), "OR"),
    (FILES, Q(name__like="a%"), "lookup 'like' cannot be said to disk lists (DiskFile.name)"),
    (FILES, Q(created_by=5), "DiskFile.created_by cannot be filtered"),
    (FILES, Q(name="a") | Q(name="b"), "OR"),
    (
        OFFLINE,
        Q(event_name__ne="a"),
        "lookup 'ne' cannot be said to event.offline.list lists (OfflineEvent.event_name)",
    ),
    (OFFLINE, Q(event_name__startswith="ON"), "(OfflineEvent.event_name)"),
    (OFFLINE, Q(process_id=None), "without a value (process_id)"),
    (OFFLINE, Q(event_data="a"), "OfflineEvent.event_data cannot be filtered"),
    (OFFLINE, Q(auth_connector__contains="a"), "OfflineEvent.auth_connector"),
    (GROUPS, Q(name__in=["a"]), "lookup 'in' cannot be said to sonet_group.get lists (SonetGroup.name)"),
    (GROUPS, Q(name__startswith="a"), "(SonetGroup.name)"),
    (GROUPS, Q(owner_id=None), "without a value (owner_id)"),
    (GROUPS, Q(subject_id=5), "SonetGroup.subject_id cannot be filtered"),
    (GROUPS, Q(id__in=[5, 6]), "SonetGroup.id"),
    (CALLS, Q(phone_number__in=["1"]), "voximplant.statistic.get lists (CallStatistic.phone_number)"),
    (CALLS, Q(record_file_id=5), "CallStatistic.record_file_id cannot be filtered"),
    (CALLS, Q(id__in=[5, 6]), "CallStatistic.id"),
    # Lists and workflows.
    (ELEMENTS, Q(name__like="%a"), "lookup 'like' cannot be said to lists.element.get lists (ListElement.name)"),
    (ELEMENTS, Q(created_by__not_in=[1]), "(ListElement.created_by)"),
    (ELEMENTS, Q(iblock_section_id=None), "without a value (iblock_section_id)"),
    (ELEMENTS, Q(created_user_name="a"), "ListElement.created_user_name cannot be filtered"),
    (ELEMENTS, Q(name="a") | Q(name="b"), "OR"),
    (ELEMENTS, Q(id__gt=5), "compare ListElement.id"),
    # These are parameters, not fields of the filter, where an unknown one is an error.
    (ELEMENTS, Q(code__in=["x", "y"]), "ListElement.code"),
    (ELEMENTS, Q(iblock_id__in=[1]), "ListElement.iblock_id"),
    (
        TEMPLATES,
        Q(module_id__in=["a"]),
        "lookup 'in' cannot be said to bizproc.workflow lists (WorkflowTemplate.module_id)",
    ),
    (TEMPLATES, Q(name__contains="a"), "(WorkflowTemplate.name)"),
    (TEMPLATES, Q(modified=None), "without a value (modified)"),
    (TEMPLATES, Q(id__in=[5, 6]), "WorkflowTemplate.id"),
    (TEMPLATES, Q(id__gt=5), "compare WorkflowTemplate.id"),
    (INSTANCES, Q(id__in=["a", "b"]), "(WorkflowInstance.id)"),
    # Equality alone, and nothing at all.
    (TIMELINE, Q(entity_id__in=[1, 2]), "(TimelineComment.entity_id)"),
    (TIMELINE, Q(author_id=5), "TimelineComment.author_id cannot be filtered"),
    (TIMELINE, Q(id=5), "does not filter by the id of TimelineComment; get one row: objects.get(id)"),
    (TIMELINE, Q(id__gt=5), "TimelineComment.id cannot be filtered"),
    (Frame("universal_list", Q(iblock_type_id="lists"), {}), Q(id__in=[5, 6]), "UniversalList.id"),
    (Frame("universal_list", Q(iblock_type_id="lists"), {}), Q(id__ne=5), "(UniversalList.id)"),
    (Frame("universal_list", Q(iblock_type_id="lists"), {}), Q(name="a"), "UniversalList.name cannot be filtered"),
    (Frame("chat_message", Q(dialog_id="5"), {}), Q(text="a"), "ChatMessage.text cannot be filtered"),
    (Frame("chat_message", Q(dialog_id="5"), {}), Q(id=5), "im.dialog.messages.get cannot be asked for named rows"),
    (Frame("chat_message", Q(dialog_id="5"), {}), Q(id__ne=5), "(ChatMessage.id)"),
    (Frame("chat_message", Q(dialog_id="5"), {}), Q(id__lt=5) | Q(id__gt=9), "(ChatMessage.id)"),
    (Frame("chat", Q(), {}), Q(dialog_id="chat5"), "no method that lists Chat; get one by its id: objects.get(id)"),
]


@pytest.mark.parametrize(
    ("frame", "where", "reason"), [pytest.param(*case, id=f"{case[0].key}: {case[1]!r}") for case in REFUSED]
)
def test_what_a_family_cannot_say_is_refused_before_any_request(frame: Frame, where: Q, reason: str) -> None:
    with pytest.raises(UnsupportedQuery) as refused:
        compiled(frame.key, frame.where & where)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("key", "where", "order", "reason"),
    [
        ("department", None, ["name", "sort"], "department.get lists can be ordered by one field only"),
        ("call_statistic", None, ["call_duration", "cost"], "one field only"),
        ("call_statistic", None, ["call_type"], "CallStatistic cannot be ordered by 'call_type'"),
        (
            "stage_history",
            Q(entity_type_id=2),
            ["entity_type_id"],
            "StageHistory cannot be ordered by 'entity_type_id'",
        ),
        ("task", None, ["description"], "Task cannot be ordered by 'description'"),
        ("task", None, ["sub_status"], "Task cannot be ordered by 'sub_status'"),
        ("task_elapsed_time", Q(task_id=7), ["comment_text"], "TaskElapsedTime cannot be ordered by 'comment_text'"),
        ("catalog_offer", Q(iblock_id=24), ["parent_id"], "CatalogOffer cannot be ordered by 'parent_id'"),
        ("workgroup", None, ["number_of_members"], "Workgroup cannot be ordered by 'number_of_members'"),
        ("offline_event", None, ["auth_connector"], "OfflineEvent cannot be ordered by 'auth_connector'"),
        ("timeline_comment", Q(entity_type="deal", entity_id=1), ["comment"], "cannot be ordered by 'comment'"),
        ("chat_message", Q(dialog_id="5"), ["date"], "ChatMessage cannot be ordered by 'date'"),
        ("chat_message", Q(dialog_id="5"), ["id"], 'the newest first. Leave the order out or use order_by("-id")'),
    ],
)
def test_an_order_that_a_method_does_not_know_is_refused(
    key: str, where: Q | None, order: list[str], reason: str
) -> None:
    with pytest.raises(UnsupportedQuery) as refused:
        compiled(key, where, order=order)
    assert reason in str(refused.value)


def test_a_list_that_comes_whole_has_nothing_to_resume() -> None:
    with pytest.raises(UnsupportedQuery, match="there is nothing to resume"):
        compiled("calendar_event", Q(cal_type="user", owner_id=1), after=5)


@pytest.mark.parametrize(
    "where", [Q(task_id=7, id__in=[]), Q(task_id=7, id__gt=5, id__lt=6), Q(task_id=7) & Q(task_id=8)], ids=repr
)
def test_what_no_record_can_match_needs_no_request(where: Q) -> None:
    assert compiled("task_elapsed_time", where).never
