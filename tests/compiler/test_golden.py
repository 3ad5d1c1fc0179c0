"""Query in, exact command out. The tables are the specification of the three filter grammars."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from b24orm.compiler import (
    Listing,
    check_condition,
    check_order,
    check_select,
    compile_get,
    compile_list,
    grammar_for,
    json_ready,
    query_string,
)
from b24orm.errors import UnsupportedQuery
from b24orm.query import Always, Any_, Condition, Never, Node, Order, Q, Query
from b24orm.schema import Entity, Field, Title, entity

MSK = timezone(timedelta(hours=3))
FLAG, NUMBER, DAY, TAGS = "uf_crm_flag", "uf_crm_number", "uf_crm_day", "uf_crm_tags"


def declared(name: str, type: str, *, multiple: bool = False) -> Field:
    title = Title(en=name, ru=name)
    wire = dict.fromkeys(("item", "classic"), name.upper())
    return Field(name=name, type=type, wire=wire, title=title, multiple=multiple)


def schema(key: str) -> Entity:
    """The schema of *key*; a deal has declared user fields as well."""
    base = entity(key)
    own = (
        declared(FLAG, "boolean"),
        declared(NUMBER, "double"),
        declared(DAY, "date"),
        declared(TAGS, "string", multiple=True),
    )
    values = {name: getattr(base, name) for name in Entity.model_fields}
    return Entity.model_construct(**{**values, "fields": (*base.fields, *own)}) if key == "deal" else base


def checked(of: Entity, where: Q) -> Q:
    children = tuple(
        check_condition(of, child) if isinstance(child, Condition) else checked(of, child)
        for child in where.children
        if isinstance(child, Q | Condition)
    )
    return Q.join(children, where.connector, negated=where.negated)


def compiled(key: str, api: str, where: Q | None = None, **query: Any) -> Listing:
    of = schema(key)
    order = tuple(Order(*check_order(of, name)) for name in query.pop("order", ()))
    select = query.pop("select", None)
    return compile_list(
        of,
        api,
        Query(
            where=() if where is None else (checked(of, where),),
            order=order,
            select=None if select is None else tuple(check_select(of, name) for name in select),
            **query,
        ),
    )


def filter_of(listing: Listing) -> Any:
    return listing.command(ids=listing.ids).params.get(listing.grammar.filter_key, {})


ITEM: list[tuple[Q, Any]] = [
    # Equality.
    (Q(title="NEW"), {"=title": "NEW"}),
    (Q(title__ne="NEW"), {"!=title": "NEW"}),
    (~Q(title="NEW"), {"!=title": "NEW"}),
    (Q(comments__ne="x"), {"!=comments": "x"}),  # "not equal" on text keeps rows without a value by itself
    (Q(stage_id="C1:NEW"), {"=stageId": "C1:NEW"}),
    (Q(title="Жёлтый & 100% [a]=b+c#d"), {"=title": "Жёлтый & 100% [a]=b+c#d"}),
    (Q(company_id=7), {"=companyId": 7}),
    (Q(company_id=0), {"=companyId": 0}),
    (~Q(company_id=0), {"!=companyId": 0}),  # 0 stands for none, and so finds it: its opposite must not
    (~Q(company_id=7), {"0": {"logic": "OR", "0": {"!=companyId": 7}, "1": {"=companyId": ""}}}),
    (~Q(category_id=0), {"!=categoryId": 0}),
    (Q(opportunity=100), {"=opportunity": "100"}),
    (Q(opportunity=0.1), {"=opportunity": "0.1"}),
    (Q(opportunity=Decimal("1E+3")), {"=opportunity": "1000"}),
    (~Q(opportunity=100), {"!=opportunity": "100"}),
    # Empty values.
    (Q(comments=None), {"=comments": ""}),
    (Q(comments=""), {"=comments": ""}),
    (Q(comments__isnull=True), {"=comments": ""}),
    (Q(comments__isnull=False), {"!=comments": ""}),
    (~Q(comments=None), {"!=comments": ""}),
    (Q(closedate__isnull=True), {"=closedate": ""}),
    (Q(observers__isnull=True), {"=observers": ""}),
    # Order.
    (Q(opportunity__gt=1, opportunity__lte=2), {">opportunity": "1", "<=opportunity": "2"}),
    (Q(opportunity__range=(1, 2)), {">=opportunity": "1", "<=opportunity": "2"}),
    (Q(probability__gte=10), {">=probability": 10}),
    (Q(title__lt="b"), {"<title": "b"}),
    (~Q(opportunity__gt=5), {"<=opportunity": "5"}),  # an amount is never empty
    (~Q(probability__gt=5), {"0": {"logic": "OR", "0": {"<=probability": 5}, "1": {"=probability": ""}}}),
    (~Q(probability__gte=5), {"0": {"logic": "OR", "0": {"<probability": 5}, "1": {"=probability": ""}}}),
    (~Q(probability__lt=0), {"0": {"logic": "OR", "0": {">=probability": 0}, "1": {"=probability": ""}}}),
    (~Q(comments__gt="m"), {"0": {"logic": "OR", "0": {"<=comments": "m"}, "1": {"=comments": ""}}}),
    (
        ~Q(closedate__range=(date(2026, 1, 1), date(2026, 1, 31))),
        {
            "0": {
                "logic": "OR",
                "0": {"logic": "OR", "0": {"<closedate": "2026-01-01"}, "1": {"=closedate": ""}},
                "1": {">closedate": "2026-01-31"},
            }
        },
    ),
    # Lists.
    (Q(stage_id__in=["NEW", "WON"]), {"@stageId": ["NEW", "WON"]}),
    (Q(stage_id__in=iter(["NEW"])), {"@stageId": ["NEW"]}),
    (Q(stage_id__not_in=["NEW"]), {"0": {"logic": "OR", "0": {"!@stageId": ["NEW"]}, "1": {"=stageId": ""}}}),
    (~Q(stage_id__in=["NEW"]), {"0": {"logic": "OR", "0": {"!@stageId": ["NEW"]}, "1": {"=stageId": ""}}}),
    (~Q(title__in=["a", "b"]), {"!@title": ["a", "b"]}),
    (Q(stage_id__in=["NEW", None]), {"0": {"logic": "OR", "0": {"@stageId": ["NEW"]}, "1": {"=stageId": ""}}}),
    (Q(stage_id__not_in=["NEW", None]), {"!=stageId": "", "!@stageId": ["NEW"]}),
    (Q(assigned_by_id__in={7}), {"@assignedById": [7]}),
    (Q(category_id__in=[0, 1]), {"=categoryId": [0, 1]}),  # "@" with 0 would miss what "= 0" finds
    (Q(category_id__not_in=[0, 1]), {"!=categoryId": [0, 1]}),
    (~Q(category_id__in=[1]), {"0": {"logic": "OR", "0": {"!@categoryId": [1]}, "1": {"=categoryId": ""}}}),
    (Q(opportunity__in=[1, Decimal("2.50")]), {"=opportunity": ["1", "2.50"]}),  # the ORM has "@" for no amounts,
    (~Q(opportunity__in=[1]), {"!=opportunity": ["1"]}),
    (Q(closedate__in=[date(2026, 1, 2)]), {"=closedate": ["2026-01-02"]}),  # nor for dates
    (
        ~Q(closedate__in=[date(2026, 1, 2)]),
        {"0": {"logic": "OR", "0": {"!=closedate": ["2026-01-02"]}, "1": {"=closedate": ""}}},
    ),
    # Text.
    (Q(title__contains="50%_"), {"%title": "50%_"}),
    (Q(title__startswith="мол"), {"=%title": "мол%"}),
    (Q(title__endswith="око"), {"=%title": "%око"}),
    (Q(title__like="м_л%"), {"=%title": "м_л%"}),
    (Q(title__not_contains="x"), {"!%title": "x"}),
    (Q(title__not_like="x%"), {"!=%title": "x%"}),
    (~Q(comments__contains="x"), {"0": {"logic": "OR", "0": {"!%comments": "x"}, "1": {"=comments": ""}}}),
    (~Q(comments__startswith="x"), {"0": {"logic": "OR", "0": {"!=%comments": "x%"}, "1": {"=comments": ""}}}),
    # Flags.
    (Q(opened=True), {"=opened": "Y"}),
    (Q(opened=False), {"=opened": "N"}),
    (~Q(opened=True), {"!=opened": "Y"}),
    (Q(**{FLAG: True}), {"=UF_CRM_FLAG": 1}),
    (Q(**{FLAG: False}), {"=UF_CRM_FLAG": 0}),  # finds rows without a value too: an unticked box
    (~Q(**{FLAG: False}), {"!=UF_CRM_FLAG": 0}),
    (~Q(**{FLAG: True}), {"0": {"logic": "OR", "0": {"!=UF_CRM_FLAG": 1}, "1": {"=UF_CRM_FLAG": ""}}}),
    # User fields, declared and not.
    (Q(**{f"{NUMBER}__in": [0, 1.5]}), {"=UF_CRM_NUMBER": ["0", "1.5"]}),
    (~Q(**{f"{NUMBER}__gt": 1}), {"0": {"logic": "OR", "0": {"<=UF_CRM_NUMBER": "1"}, "1": {"=UF_CRM_NUMBER": ""}}}),
    (Q(**{TAGS: "vip"}), {"=UF_CRM_TAGS": "vip"}),
    (Q(uf_crm_17=5), {"=UF_CRM_17": 5}),
    (Q(uf_crm_17=True), {"=UF_CRM_17": 1}),
    (Q(uf_crm_17__in=["a", "b"]), {"=UF_CRM_17": ["a", "b"]}),
    (~Q(uf_crm_17=False), {"!=UF_CRM_17": 0}),
    (~Q(uf_crm_17__in=[0, 1]), {"!=UF_CRM_17": [0, 1]}),
    (~Q(uf_crm_17="a"), {"0": {"logic": "OR", "0": {"!=UF_CRM_17": "a"}, "1": {"=UF_CRM_17": ""}}}),
    # Dates.
    (Q(created_time__gte=datetime(2026, 1, 2, 3, tzinfo=MSK)), {">=createdTime": "2026-01-02T03:00:00+03:00"}),
    (Q(created_time__gt=date(2026, 1, 2)), {">createdTime": "2026-01-02"}),
    (Q(created_time__gt="2026-01-02T03:04"), {">createdTime": "2026-01-02T03:04:00"}),
    (Q(closedate="2026-01-02"), {"=closedate": "2026-01-02"}),
    # The portal keeps whole seconds.
    (Q(created_time__gt=datetime(2026, 1, 2, 3, 4, 5, 1)), {">createdTime": "2026-01-02T03:04:05"}),
    (Q(created_time__lte=datetime(2026, 1, 2, 3, 4, 5, 1)), {"<=createdTime": "2026-01-02T03:04:05"}),
    (Q(created_time__gte=datetime(2026, 1, 2, 3, 4, 59, 1)), {">=createdTime": "2026-01-02T03:05:00"}),
    (Q(created_time__lt=datetime(2026, 1, 2, 3, 4, 59, 1)), {"<createdTime": "2026-01-02T03:05:00"}),
    (Q(created_time__lt=datetime.max), {"<createdTime": "9999-12-31T23:59:59"}),
    # Groups.
    (Q(), {}),
    (Q(title="a", stage_id="b"), {"=title": "a", "=stageId": "b"}),
    (Q(title="a") & Q(title="a"), {"=title": "a"}),
    (Q(title__contains="a") & Q(title__contains="b"), {"%title": "a", "0": {"%title": "b"}}),
    (Q(stage_id__in=["A"]) & Q(stage_id__in=["A"]), {"@stageId": ["A"]}),
    (Q(title="a") | Q(title="b"), {"0": {"logic": "OR", "0": {"=title": "a"}, "1": {"=title": "b"}}}),
    (
        Q(opened=True) & (Q(title="a") | Q(title="b")) & (Q(opportunity__gt=1) | Q(opportunity__lt=-1)),
        {
            "=opened": "Y",
            "0": {"logic": "OR", "0": {"=title": "a"}, "1": {"=title": "b"}},
            "1": {"logic": "OR", "0": {">opportunity": "1"}, "1": {"<opportunity": "-1"}},
        },
    ),
    (
        (Q(opened=True) & Q(title="a")) | Q(title="b"),
        {"0": {"logic": "OR", "0": {"=opened": "Y", "=title": "a"}, "1": {"=title": "b"}}},
    ),
    (
        Q(title="x") | (Q(opened=True) & (Q(title="a") | Q(title="b"))),
        {
            "0": {
                "logic": "OR",
                "0": {"=title": "x"},
                "1": {"=opened": "Y", "0": {"logic": "OR", "0": {"=title": "a"}, "1": {"=title": "b"}}},
            }
        },
    ),
    (
        Q(title="x") | (Q(title__contains="a") & Q(title__contains="b")),
        {"0": {"logic": "OR", "0": {"=title": "x"}, "1": {"%title": "a", "0": {"%title": "b"}}}},
    ),
    (~(Q(title="a") | Q(opened=True)), {"!=title": "a", "!=opened": "Y"}),
    # Ids.
    (Q(id=5), {"@id": [5]}),
    (Q(id__in=[7, 5, 7]), {"@id": [5, 7]}),
    (Q(id__in=[1, 2, 3]) & Q(id__in=[2, 3, 4]), {"@id": [2, 3]}),
    (Q(id__in=range(1, 9), id__gt=3, id__lte=6), {"@id": [4, 5, 6]}),
    (Q(id__gt=5), {">id": 5}),
    (Q(id__gte=5), {">id": 4}),
    (Q(id__lt=5), {"<id": 5}),
    (Q(id__lte=5), {"<id": 6}),
    (~Q(id__gt=5), {"<id": 6}),
    (~Q(id__lte=5), {">id": 5}),
    (Q(id__range=(5, 9)), {">id": 4, "<id": 10}),
    (Q(id__gt=5) & Q(id__gte=9) & Q(id__lt=50) & Q(id__lte=40), {">id": 8, "<id": 41}),
    (Q(id__ne=5, id__gt=1), {"!=id": 5, ">id": 1}),
    (Q(id__not_in=[5]), {"!@id": [5]}),
    (Q(id__isnull=False), {}),
    (Q(id=5) | Q(title="a"), {"0": {"logic": "OR", "0": {"=id": 5}, "1": {"=title": "a"}}}),
    (Q(id__lt=5) | Q(id__gt=9), {"0": {"logic": "OR", "0": {"<id": 5}, "1": {">id": 9}}}),
    (~Q(id__range=(5, 9)), {"0": {"logic": "OR", "0": {"<id": 5}, "1": {">id": 9}}}),
]

CLASSIC: list[tuple[Q, Any]] = [
    (Q(title="a"), {"=TITLE": "a"}),
    (Q(comments__ne="a"), {"!=COMMENTS": "a"}),
    (Q(comments=None), {"=COMMENTS": ""}),
    (~Q(comments=None), {"!=COMMENTS": ""}),
    (Q(stage_id__in=["NEW", "WON"]), {"@STAGE_ID": ["NEW", "WON"]}),
    (Q(stage_id__not_in=["NEW"]), {"!=STAGE_ID": ["NEW"]}),  # "!@" would lose rows without a value
    (Q(category_id__in=[0, 1]), {"=CATEGORY_ID": [0, 1]}),
    (~Q(company_id=7), {"!=COMPANY_ID": 7}),
    (~Q(company_id=0), {"!=COMPANY_ID": 0}),
    (Q(probability__gt=0), {">PROBABILITY": 0}),
    (Q(probability__gte=1), {">=PROBABILITY": 1}),
    (Q(probability__gte=0), {">PROBABILITY": -1}),  # ">= 0" would let rows without a value in
    (Q(probability__lte=0), {"<PROBABILITY": 1}),
    (Q(opportunity__gte=0), {">=OPPORTUNITY": "0"}),
    (~Q(opportunity__gt=5), {"<=OPPORTUNITY": "5"}),
    (Q(title__contains="x"), {"%TITLE": "x"}),
    (Q(title__startswith="x"), {"=%TITLE": "x%"}),
    (Q(opened=True), {"=OPENED": "Y"}),
    (Q(created_time__gt=date(2026, 1, 2)), {">DATE_CREATE": "2026-01-02"}),
    (~Q(closedate=date(2026, 1, 2)), {"!=CLOSEDATE": "2026-01-02"}),
    (Q(**{FLAG: True}), {"=UF_CRM_FLAG": 1}),
    (Q(uf_crm_17__in=[1, 2]), {"=UF_CRM_17": [1, 2]}),
    (Q(uf_crm_17=5), {"=UF_CRM_17": 5}),
    (Q(id__gt=5, id__lte=9), {">ID": 5, "<ID": 10}),
    (Q(id=5), {"@ID": [5]}),
    (Q(title="a", opened=True) & Q(title="a"), {"=TITLE": "a", "=OPENED": "Y"}),
    (Q(id__gt=5) & Q(id__gt=7), {">ID": 7}),
]

CONTACT: list[tuple[Q, Any]] = [
    (Q(phones="+7 495"), {"PHONE": "+7 495"}),
    (Q(emails__in=["a@b.c", "d@e.f"]), {"EMAIL": ["a@b.c", "d@e.f"]}),
]

USER: list[tuple[Q, Any]] = [
    (Q(active=True), {"=ACTIVE": "Y"}),
    (Q(name="Анна", last_name__contains="ова"), {"=NAME": "Анна", "%LAST_NAME": "ова"}),
    (Q(name__ne="Анна"), {"!=NAME": "Анна"}),
    (Q(name__not_in=["a", "b"]), {"!=NAME": ["a", "b"]}),
    (Q(name__in=["a"]), {"@NAME": ["a"]}),
    (Q(uf_department=5), {"=UF_DEPARTMENT": 5}),
    (Q(uf_department__in=[5, 6]), {"@UF_DEPARTMENT": [5, 6]}),
    (Q(personal_birthday__in=[date(1990, 1, 2)]), {"=PERSONAL_BIRTHDAY": ["1990-01-02"]}),
    (Q(last_login__gte=datetime(2026, 1, 2, tzinfo=MSK)), {">=LAST_LOGIN": "2026-01-02T00:00:00+03:00"}),
    (Q(email__startswith="a"), {"=%EMAIL": "a%"}),
    (Q(id__gt=5), {">ID": 5}),
    (Q(id__in=[3, 1]), {"@ID": [1, 3]}),
    (Q(work_position=None), {"=WORK_POSITION": ""}),
]

CASES = [
    *((("deal", "item"), *case) for case in ITEM),
    *((("deal", "classic"), *case) for case in CLASSIC),
    *((("contact", "classic"), *case) for case in CONTACT),
    *((("user", "item"), *case) for case in USER),
]


@pytest.mark.parametrize(
    ("of", "where", "filter"), CASES, ids=lambda value: repr(value) if isinstance(value, Q) else None
)
def test_a_filter_is_said_exactly_so(of: tuple[str, str], where: Q, filter: Any) -> None:
    listing = compiled(*of, where)
    assert not listing.never
    assert filter_of(listing) == filter
    assert json_ready(filter) == filter, "the filter is in its wire form already"


@pytest.mark.parametrize(
    "where",
    [
        Q(id=None),
        Q(id__isnull=True),
        Q(id__in=[]),
        Q(id=5) & Q(id=6),
        Q(id=5, id__gt=5),
        Q(id__gt=5, id__lt=6),
        Q(id__gte=5, id__lte=4),
        Q(id__range=(9, 5)),
        Q(title__in=[]),
        Q(title="a") & Q(stage_id__in=[]),
        ~Q(title__not_in=[]),
    ],
    ids=repr,
)
def test_what_no_row_can_match_needs_no_request(where: Q) -> None:
    assert compiled("deal", "item", where).never


def test_one_id_is_left_between_neighbours() -> None:
    assert not compiled("deal", "item", Q(id__gt=4, id__lt=6)).never
    assert not compiled("deal", "item", Q(id__gte=5, id__lte=5)).never


# -- whole commands ------------------------------------------------------------------------------------------------

FIXED = {"entityTypeId": 2, "useOriginalUfNames": "Y"}

COMMANDS: list[tuple[str, Listing, str, dict[str, Any], str]] = [
    (
        "all deals",
        compiled("deal", "item"),
        "crm.item.list",
        {**FIXED, "select": ["*"], "order": {"id": "ASC"}, "start": -1},
        "crm.item.list?entityTypeId=2&useOriginalUfNames=Y&select[0]=%2A&start=-1&order[id]=ASC",
    ),
    (
        "some fields of some deals, downwards",
        compiled("deal", "item", Q(stage_id__in=["NEW", "C1:ЖДУ"], id__gt=5), select=["title", "id"], order=["-id"]),
        "crm.item.list",
        {
            **FIXED,
            "select": ["id", "title"],
            "filter": {"@stageId": ["NEW", "C1:ЖДУ"], ">id": 5},
            "order": {"id": "DESC"},
            "start": -1,
        },
        "crm.item.list?entityTypeId=2&useOriginalUfNames=Y&select[0]=id&select[1]=title"
        "&filter[%40stageId][0]=NEW&filter[%40stageId][1]=C1%3A%D0%96%D0%94%D0%A3&filter[%3Eid]=5"
        "&start=-1&order[id]=DESC",
    ),
    (
        "a foreign order gets the id as its last key",
        compiled("deal", "item", order=["-opportunity", "title"]),
        "crm.item.list",
        {
            **FIXED,
            "select": ["*"],
            "order": {"opportunity": "DESC", "title": "ASC", "id": "DESC"},
            "start": -1,
        },
        "crm.item.list?entityTypeId=2&useOriginalUfNames=Y&select[0]=%2A&start=-1"
        "&order[opportunity]=DESC&order[title]=ASC&order[id]=DESC",
    ),
    (
        "an id among the keys stays where it is, and a repeated key is said once",
        compiled("deal", "item", order=["title", "-id", "-title"], select=["id"]),
        "crm.item.list",
        {**FIXED, "select": ["id"], "order": {"title": "ASC", "id": "DESC"}, "start": -1},
        "crm.item.list?entityTypeId=2&useOriginalUfNames=Y&select[0]=id&start=-1&order[title]=ASC&order[id]=DESC",
    ),
    (
        "a group in a batch",
        compiled("deal", "item", Q(title="a&b") | Q(title="c=d"), select=["id"]),
        "crm.item.list",
        {
            **FIXED,
            "select": ["id"],
            "filter": {"0": {"logic": "OR", "0": {"=title": "a&b"}, "1": {"=title": "c=d"}}},
            "order": {"id": "ASC"},
            "start": -1,
        },
        "crm.item.list?entityTypeId=2&useOriginalUfNames=Y&select[0]=id&filter[0][logic]=OR"
        "&filter[0][0][%3Dtitle]=a%26b&filter[0][1][%3Dtitle]=c%3Dd&start=-1&order[id]=ASC",
    ),
    (
        "all classic deals, user fields included",
        compiled("deal", "classic"),
        "crm.deal.list",
        {"select": ["*", "UF_*"], "order": {"ID": "ASC"}, "start": -1},
        "crm.deal.list?select[0]=%2A&select[1]=UF_%2A&start=-1&order[ID]=ASC",
    ),
    (
        "all classic contacts, multifields included",
        compiled("contact", "classic"),
        "crm.contact.list",
        {
            "select": ["*", "UF_*", "PHONE", "EMAIL", "WEB", "IM", "LINK"],
            "order": {"ID": "ASC"},
            "start": -1,
        },
        "crm.contact.list?select[0]=%2A&select[1]=UF_%2A&select[2]=PHONE&select[3]=EMAIL&select[4]=WEB&select[5]=IM"
        "&select[6]=LINK&start=-1&order[ID]=ASC",
    ),
    (
        "some fields of some classic deals",
        compiled("deal", "classic", Q(opened=True, id__lt=9), select=["title", FLAG]),
        "crm.deal.list",
        {
            "select": ["ID", "TITLE", "UF_CRM_FLAG"],
            "filter": {"=OPENED": "Y", "<ID": 9},
            "order": {"ID": "ASC"},
            "start": -1,
        },
        "crm.deal.list?select[0]=ID&select[1]=TITLE&select[2]=UF_CRM_FLAG&filter[%3DOPENED]=Y&filter[%3CID]=9"
        "&start=-1&order[ID]=ASC",
    ),
    (
        "users have a flat order",
        compiled("user", "item", Q(active=True, id__gt=1)),
        "user.get",
        {"FILTER": {"=ACTIVE": "Y", ">ID": 1}, "sort": "ID", "order": "ASC", "start": -1},
        "user.get?FILTER[%3DACTIVE]=Y&FILTER[%3EID]=1&start=-1&sort=ID&order=ASC",
    ),
    (
        "users by name, some fields",
        compiled("user", "item", select=["name"], order=["-last_name"]),
        "user.get",
        {"select": ["ID", "NAME"], "sort": "LAST_NAME", "order": "DESC", "start": -1},
        "user.get?select[0]=ID&select[1]=NAME&start=-1&sort=LAST_NAME&order=DESC",
    ),
    (
        "a field that comes only with everything",
        compiled("deal", "item", select=["contact_bindings", "title"]),
        "crm.item.list",
        {**FIXED, "select": ["*"], "order": {"id": "ASC"}, "start": -1},
        "crm.item.list?entityTypeId=2&useOriginalUfNames=Y&select[0]=%2A&start=-1&order[id]=ASC",
    ),
    (
        "a dictionary is asked for whole",
        compiled("status", "item", Q(entity_id="SOURCE", sort__gt=10), order=["sort"], select=["name"]),
        "crm.status.list",
        {"filter": {"ENTITY_ID": "SOURCE"}},
        "crm.status.list?filter[ENTITY_ID]=SOURCE",
    ),
    (
        "several dictionaries are all dictionaries",
        compiled("status", "item", Q(entity_id__in=["SOURCE", "STATUS"])),
        "crm.status.list",
        {},
        "crm.status.list",
    ),
    (
        "pipelines of one kind of object",
        compiled("category", "item", Q(entity_type_id=31, name__contains="a")),
        "crm.category.list",
        {"entityTypeId": 31},
        "crm.category.list?entityTypeId=31",
    ),
]


@pytest.mark.parametrize(
    ("listing", "method", "params", "text"), [case[1:] for case in COMMANDS], ids=[case[0] for case in COMMANDS]
)
def test_a_query_becomes_exactly_this_command(listing: Listing, method: str, params: dict[str, Any], text: str) -> None:
    command = listing.command(ids=listing.ids)
    assert command.method == method
    assert command.params == params
    assert json_ready(command.params) == params
    assert query_string(method, json_ready(command.params)) == text


def test_what_the_portal_cannot_do_with_a_dictionary_is_left_for_here() -> None:
    listing = compiled("status", "item", Q(entity_id="SOURCE", sort__gt=10), order=["-sort", "name"])
    assert repr(listing.residue) == "sort__gt=10"
    assert listing.fixed == {"filter": {"ENTITY_ID": "SOURCE"}}
    assert listing.local_order == (("sort", True), ("name", False))


def test_a_window_changes_nothing_but_itself() -> None:
    listing = compiled("deal", "item", Q(title="a"))
    assert listing.windowed(5, 7) == replace(listing, offset=5, limit=7)


def test_bounds_and_offsets_of_a_page_replace_those_of_the_query() -> None:
    listing = compiled("deal", "item", Q(id__gt=5, id__lt=100), select=["title"])
    command = listing.command(start=None, above="$result[a]", below=50, select=("id",), key="b")
    assert command.params == {
        **FIXED,
        "select": ["id"],
        "filter": {">id": "$result[a]", "<id": 50},
        "order": {"id": "ASC"},
    }
    assert command.key == "b"
    assert listing.key_of({"id": "12"}) == 12


@pytest.mark.parametrize(
    ("query", "id"),
    [
        (Query(where=(Q(id=5),)), 5),
        (Query(where=(Q(Q(id=5)),)), 5),
        (Query(where=(Q(id=5), Q(title="a"))), None),
        (Query(where=(Q(id__gt=5),)), None),
        (Query(where=(Q(id__in=[5]),)), None),
        (Query(where=(~Q(id=5),)), None),
        (Query(where=(Q(id=5),), limit=1), None),
        (Query(where=(Q(id=5),), select=("title",)), None),
        (Query(), None),
    ],
)
def test_a_query_for_one_id_and_nothing_else_is_recognised(query: Query, id: int | None) -> None:
    get = compile_get(entity("deal"), "item", query)
    assert (None if get is None else get.id) == id


# -- what has no words -----------------------------------------------------------------------------------------------

REFUSED: list[tuple[str, str, Q, str]] = [
    ("deal", "classic", Q(title="a") | Q(title="b"), "OR"),
    ("deal", "classic", Q(stage_id__in=["NEW", None]), "OR"),
    ("deal", "classic", Q(stage_id__not_in=["NEW", None]), "one condition of a kind"),
    ("deal", "classic", ~Q(comments__gt="x"), "a negation that lets empty values in"),
    ("deal", "classic", ~Q(probability__gt=5), "a negation that lets empty values in"),
    ("deal", "classic", ~Q(title__contains="x"), "not_contains"),
    ("deal", "classic", Q(title__not_like="x%"), "not_like"),
    ("deal", "classic", Q(stage_id__contains="N"), "only as a whole"),
    (
        "deal",
        "classic",
        Q(company_id__ne=1) & Q(company_id__ne=2),
        "one condition of a kind on a field, not (company_id",
    ),
    ("deal", "classic", Q(title__contains="a") & Q(title__contains="b"), "one condition of a kind"),
    ("deal", "classic", Q(contact_ids=5), "neither show nor filter Deal.contact_ids"),
    ("deal", "classic", Q(observers=5), "does not exist in the 'classic' dialect"),
    ("deal", "classic", ~Q(**{NUMBER: 5}), "OR"),  # user fields are the ORM's, which skips rows without a value
    ("deal", "classic", ~Q(uf_crm_17="a"), "OR"),
    ("contact", "classic", Q(phones__contains="495"), "by the whole value only"),
    ("contact", "classic", ~Q(phones="495"), "by the whole value only"),
    ("contact", "classic", Q(phones__isnull=True), "by the whole value only"),
    ("user", "item", Q(name="a") | Q(name="b"), "OR"),
    ("user", "item", ~Q(name__contains="a"), "OR"),
    ("user", "item", Q(name__not_like="a%"), "not_like"),
    ("user", "item", ~Q(personal_birthday=date(1990, 1, 2)), "OR"),
    ("user", "item", ~Q(uf_department=5), "holds several values"),
    ("deal", "item", ~Q(observers=5), "holds several values"),
    ("deal", "item", Q(contact_ids__not_in=[5, None]), "holds several values"),
    ("deal", "item", ~Q(**{TAGS: "vip"}), "holds several values"),
    ("deal", "item", ~Q(probability__lt=5), "does not tell a probability without a value from 0"),
    ("deal", "item", ~Q(probability__gte=0), "does not tell a probability without a value from 0"),
    ("deal", "item", ~Q(**{f"{NUMBER}__lte": 5}), "does not tell"),
    ("category", "item", Q(name="a"), "needs to know entity_type_id"),
]


@pytest.mark.parametrize(("key", "api", "where", "reason"), REFUSED, ids=lambda value: repr(value)[:60])
def test_what_a_dialect_cannot_say_is_refused_before_any_request(key: str, api: str, where: Q, reason: str) -> None:
    with pytest.raises(UnsupportedQuery) as refused:
        compiled(key, api, where)
    assert reason in str(refused.value)


@pytest.mark.parametrize("node", [Never(), Any_((Always(), Condition("title", "exact", "a")))], ids=repr)
def test_constants_are_folded_before_they_come_to_a_grammar(node: Node) -> None:
    with pytest.raises(UnsupportedQuery, match="needs no request"):
        grammar_for("crm_item").where(node, entity("deal"), "item")


def test_users_are_ordered_by_one_field_only() -> None:
    with pytest.raises(UnsupportedQuery, match="one field only"):
        compiled("user", "item", order=["last_name", "name"])


def test_fields_that_a_dialect_lacks_can_be_neither_selected_nor_ordered_by() -> None:
    with pytest.raises(
        UnsupportedQuery, match=r"event_date does not exist in the 'classic' dialect \(it does in: item\)"
    ):
        compiled("deal", "classic", select=["event_date"])
    with pytest.raises(UnsupportedQuery, match="does not exist"):
        compiled("deal", "classic", order=["event_date"])
    with pytest.raises(UnsupportedQuery, match=r"do not show Deal\.contact_ids"):
        compiled("deal", "classic", select=["contact_ids"])
