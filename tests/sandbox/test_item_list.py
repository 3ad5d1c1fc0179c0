from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from b24orm.sandbox import Sandbox, render

Row = Mapping[str, Any]


@pytest.fixture(scope="module")
def portal() -> Any:
    from b24orm.limits import Limits

    with Sandbox(deals=300, seed=3, limits=Limits.none()) as sandbox:
        contact = sandbox.ids("contact")[0]
        sandbox.insert("deal", title="МОЛОКО и Сыр 100%", opportunity=5000.5, comments="", probability=0)
        sandbox.insert("deal", title="молоко", opportunity=0, comments=None, probability=70, contact_ids=[contact])
        sandbox.insert("deal", title="a_b", stage_id="C1:WON", begindate="2030-05-01T03:00:00+03:00")
        sandbox.insert("deal", title="aXb", created_time="2031-01-01T12:00:00+03:00", uf_crm_1700000004=1)
        yield sandbox
        assert sandbox.books.crashes == []


def _lower(value: Any) -> str:
    return (value or "").lower()


CASES: list[tuple[str, Any, Callable[[Row], bool]]] = [
    ("nothing", {}, lambda d: True),
    ("bare text is a LIKE without case", {"title": "МОЛОКО"}, lambda d: _lower(d["title"]) == "молоко"),
    ("bare text has wildcards", {"title": "мол%"}, lambda d: _lower(d["title"]).startswith("мол")),
    ("= on text is exact", {"=title": "a_b"}, lambda d: d["title"] == "a_b"),
    ("= on text heeds no case", {"=title": "Молоко"}, lambda d: _lower(d["title"]) == "молоко"),
    ("bare underscore is a wildcard", {"title": "a_b"}, lambda d: d["title"] in ("a_b", "aXb")),
    ("% is a substring", {"%title": "СЫР 100%"}, lambda d: "сыр 100%" in _lower(d["title"])),
    ("=% has wildcards", {"=%title": "%СЫР%"}, lambda d: "сыр" in _lower(d["title"])),
    ("%= is the same", {"%=title": "%сыр 100\\%"}, lambda d: _lower(d["title"]).endswith("сыр 100%")),
    ("!% keeps NULL", {"!%comments": "клиент"}, lambda d: "клиент" not in _lower(d["comments"])),
    ("!=% keeps NULL", {"!=%comments": "клиент%"}, lambda d: not _lower(d["comments"]).startswith("клиент")),
    ("!%= is the same", {"!%=title": "мол%"}, lambda d: not _lower(d["title"]).startswith("мол")),
    ("= null is empty", {"=comments": None}, lambda d: not d["comments"]),
    ("= '' is empty", {"comments": ""}, lambda d: not d["comments"]),
    ("!= '' is filled", {"!=comments": ""}, lambda d: bool(d["comments"])),
    ("! false is filled", {"!comments": False}, lambda d: bool(d["comments"])),
    ("!= on text keeps NULL", {"!=comments": "Ждём предоплату"}, lambda d: d["comments"] != "Ждём предоплату"),
    ("! on text keeps NULL", {"!comments": "ждём%"}, lambda d: not _lower(d["comments"]).startswith("ждём")),
    ("= 0 on a number is empty", {"=probability": 0}, lambda d: not d["probability"]),
    ("= null on a number is empty", {"=opportunity": None}, lambda d: not d["opportunity"]),
    ("!= 0 on a number is filled", {"!=probability": "0"}, lambda d: bool(d["probability"])),
    ("!= on a number skips NULL", {"!=probability": 70}, lambda d: d["probability"] not in (None, 70)),
    ("a number", {"=opportunity": "5000.5"}, lambda d: d["opportunity"] == 5000.5),
    ("> and <=", {">opportunity": 20000, "<=opportunity": 90000}, lambda d: 20000 < d["opportunity"] <= 90000),
    (">= and <", {">=id": 120, "<id": "150"}, lambda d: 120 <= d["id"] < 150),
    ("@ on codes", {"@stageId": ["new", "C1:WON"]}, lambda d: d["stage_id"] in ("NEW", "C1:WON")),
    ("@ of one value", {"@stageId": "NEW"}, lambda d: d["stage_id"] == "NEW"),
    ("!@ on codes", {"!@stageId": ["NEW", "WON"]}, lambda d: d["stage_id"] not in ("NEW", "WON")),
    ("a bare array", {"id": {"a": 101, "b": "102x"}}, lambda d: d["id"] in (101, 102)),
    ("= [] is false", {"=id": []}, lambda d: False),
    ("!= [] is true", {"!=id": []}, lambda d: True),
    ("!= array on a number skips NULL", {"!=probability": [70, 80]}, lambda d: d["probability"] not in (None, 70, 80)),
    (
        "array with nothing",
        {"=comments": ["", "Ждём предоплату"]},
        lambda d: d["comments"] in (None, "", "Ждём предоплату"),
    ),
    ("!= array on text", {"!=comments": ["Ждём предоплату"]}, lambda d: d["comments"] != "Ждём предоплату"),
    (
        "!= array with nothing",
        {"!=comments": ["", "Ждём предоплату"]},
        lambda d: (d["comments"] or "") not in ("", "Ждём предоплату"),
    ),
    ("a range of one", {"><id": 101}, lambda d: d["id"] == 101),
    ("a negated range of one", {"!><id": 101}, lambda d: d["id"] != 101),
    ("Y and N", {"isReturnCustomer": "Y"}, lambda d: d["is_return_customer"] == "Y"),
    ("a user boolean is 1", {"=UF_CRM_1700000004": 1}, lambda d: d["uf_crm_1700000004"] == 1),
    ("Y for a user boolean is 0", {"=UF_CRM_1700000004": "Y"}, lambda d: not d["uf_crm_1700000004"]),
    ("a date", {"=begindate": "2030-05-01"}, lambda d: d["begindate"] == "2030-05-01T03:00:00+03:00"),
    (
        "a date in the portal's format",
        {"=begindate": "01.05.2030"},
        lambda d: d["begindate"] == "2030-05-01T03:00:00+03:00",
    ),
    (
        ">= a moment in another zone",
        {">=createdTime": "2031-01-01T09:00:00Z"},
        lambda d: d["created_time"] >= "2031-01-01T12",
    ),
    ("< a moment without zone", {"<createdTime": "2022-01-01 00:00"}, lambda d: d["created_time"] < "2022"),
    ("> what is no date", {">createdTime": "yesterday-ish"}, lambda d: False),
    ("= null on a date", {"=closedate": None}, lambda d: d["closedate"] is None),
    ("an element of a list", {"UF_CRM_1700000006": 73}, lambda d: "73" in d["uf_crm_1700000006"]),
    (
        "an element among some",
        {"@UF_CRM_1700000018": ["НОВЫЙ", "c=d"]},
        lambda d: d["uf_crm_1700000018"] not in (None, "[]"),
    ),
    ("an empty list", {"=UF_CRM_1700000006": ""}, lambda d: d["uf_crm_1700000006"] in (None, "[]")),
    ("a list's element by LIKE", {"%UF_CRM_1700000018": "НОВ"}, lambda d: "новый" in (d["uf_crm_1700000018"] or "")),
    ("a number by LIKE", {"%opportunity": "000.5"}, lambda d: "000.5" in str(d["opportunity"])),
    (
        "OR",
        {"logic": "OR", "0": {"=id": 101}, "1": {"=id": 102}},
        lambda d: d["id"] in (101, 102),
    ),
    (
        "OR of plain conditions",
        {"logic": "or", "=id": 101, "=stageId": "NEW"},
        lambda d: d["id"] == 101 or d["stage_id"] == "NEW",
    ),
    (
        "nested groups in lists",
        [{"logic": "OR", "0": {"=stageId": "NEW"}, "1": [{"=stageId": "WON"}, {">opportunity": 50000}]}, {}],
        lambda d: d["stage_id"] == "NEW" or (d["stage_id"] == "WON" and d["opportunity"] > 50000),
    ),
    ("AND by name", {"logic": "AND", "0": {">id": 101}, "1": {"<id": 110}}, lambda d: 101 < d["id"] < 110),
]


@pytest.mark.parametrize(("condition", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_a_filter_finds_what_the_rows_say(
    portal: Sandbox, items: Any, condition: Any, expected: Callable[[Row], bool]
) -> None:
    rows = [portal.row("deal", deal_id) for deal_id in portal.ids("deal")]
    assert await items(portal, condition) == [row["id"] for row in rows if row is not None and expected(row)]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"nope": 1}, "Invalid filter: field 'nope' is not allowed in filter"),
        ({"0": {"=nope": 1}}, "Invalid filter: field 'nope' is not allowed in filter"),
        ({"TITLE": 1}, "Invalid filter: field 'TITLE' is not allowed in filter"),
        ({"0": "x"}, "Invalid filter: field '0' is not allowed in filter"),
        ({"fm": 1}, "Invalid filter: field 'fm' is not allowed in filter"),
        ({">id": [1]}, "Invalid filter: field 'id' has invalid value"),
        ({"><id": [1, 2]}, "Invalid filter: field 'id' has invalid value"),
        ({"!id": [1]}, "Invalid filter: field 'id' has invalid value"),
        ({"%title": ["a"]}, "Invalid filter: field 'title' has invalid value"),
        ({"=id": [[1]]}, "Invalid filter: field 'id' has invalid value"),
    ],
)
async def test_a_wrong_filter_is_refused(portal: Sandbox, call: Any, condition: Any, message: str) -> None:
    answer = await call(portal, "crm.item.list", {"entityTypeId": 2, "filter": condition})
    assert (answer["status"], answer["error"], answer["error_description"]) == (400, "INVALID_ARG_VALUE", message)
    assert "time" not in answer


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({}, "100", "entityTypeId"),
        ({"entityTypeId": 77}, "NOT_FOUND", "не найден"),
        ({"entityTypeId": 2, "filter": {"@id": []}}, "INTERNAL_SERVER_ERROR", ""),
        ({"entityTypeId": 2, "filter": "x"}, "100", "{filter}"),
        ({"entityTypeId": 2, "order": {"nope": "ASC"}}, "INVALID_ARG_VALUE", "field 'nope' is not allowed in order"),
        ({"entityTypeId": 2, "order": {"id": "UP"}}, "INVALID_ARG_VALUE", "But got 'UP' for field 'id'"),
        ({"entityTypeId": 2, "order": {"observers": "ASC"}}, "INVALID_ARG_VALUE", "not allowed in order"),
    ],
)
async def test_wrong_parameters_are_refused(
    portal: Sandbox, call: Any, params: dict[str, Any], code: str, text: str
) -> None:
    answer = await call(portal, "crm.item.list", params)
    assert answer["error"] == code
    assert text in answer["error_description"]


async def _page(call: Any, portal: Sandbox, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await call(portal, "crm.item.list", {"entityTypeId": 2, **params})
    assert "result" in answer, answer
    return answer


async def test_pages_are_counted_unless_start_is_minus_one(portal: Sandbox, call: Any) -> None:
    ids = portal.ids("deal")
    first = await _page(call, portal, order={"id": "ASC"})
    assert (first["total"], first["next"], len(first["result"]["items"])) == (len(ids), 50, 50)
    floored = await _page(call, portal, order={"id": "ASC"}, start=75)
    assert floored["result"]["items"][0]["id"] == ids[50]
    last = await _page(call, portal, order={"id": "ASC"}, start=300)
    assert [row["id"] for row in last["result"]["items"]] == ids[300:]
    assert "next" not in last
    past = await _page(call, portal, order={"id": "ASC"}, start=1000)
    assert (past["result"]["items"], past["total"], "next" in past) == ([], len(ids), False)
    uncounted = await _page(call, portal, order={"id": "ASC"}, start=-1)
    assert "total" not in uncounted
    assert "next" not in uncounted
    assert [row["id"] for row in uncounted["result"]["items"]] == ids[:50]


async def test_later_pages_show_what_was_changed_since_the_first(call: Any) -> None:
    with Sandbox(deals=200, seed=3) as sandbox:
        ids = sandbox.ids("deal")

        async def second_page() -> list[int]:
            rows = (await _page(call, sandbox, order={"id": "ASC"}, start=50))["result"]["items"]
            return [row["id"] for row in rows]

        assert await second_page() == ids[50:100]
        sandbox.remove("deal", ids[0])
        assert await second_page() == ids[51:101]
        sandbox.update("deal", ids[60], title="другое")
        assert await second_page() == ids[51:101]
        new = sandbox.insert("deal", title="new")
        last = await _page(call, sandbox, order={"id": "ASC"}, start=150)
        assert [row["id"] for row in last["result"]["items"]] == [*ids[151:], new]


async def test_without_an_order_rows_come_in_no_useful_one_but_pages_do_not_overlap(portal: Sandbox, call: Any) -> None:
    seen: list[int] = []
    for start in range(0, 350, 50):
        seen += [row["id"] for row in (await _page(call, portal, start=start))["result"]["items"]]
    assert sorted(seen) == portal.ids("deal")
    assert seen != sorted(seen)


async def test_rows_come_in_the_order_asked_for(portal: Sandbox, call: Any) -> None:
    rows = (await _page(call, portal, order={"opportunity": "desc", "id": "ASC"}, start=-1))["result"]["items"]
    keys = [(-row["opportunity"], row["id"]) for row in rows]
    assert keys == sorted(keys)
    titles = [r["title"].casefold() for r in (await _page(call, portal, order={"title": "ASC"}))["result"]["items"]]
    assert titles == sorted(titles)
    comments = [r["comments"] or "" for r in (await _page(call, portal, order={"comments": "ASC"}))["result"]["items"]]
    assert comments == [""] * 50


async def test_a_select_gives_the_selected_keys_and_no_others(portal: Sandbox, call: Any) -> None:
    row = (await _page(call, portal, select=["title", "nope", "ufCrm_1700000001"]))["result"]["items"][0]
    assert set(row) == {"title", "ufCrm_1700000001"}
    row = (await _page(call, portal, select=["id", "UF_*"]))["result"]["items"][0]
    assert "ufCrmContractNumber" in row
    assert "title" not in row
    assert (await _page(call, portal, select=["nope"]))["result"]["items"][0] == []
    everything = (await _page(call, portal, select=["*"]))["result"]["items"][0]
    assert set(everything) == set((await _page(call, portal))["result"]["items"][0])


async def test_multifields_come_only_with_everything(portal: Sandbox, call: Any) -> None:
    params = {"filter": {"=hasPhone": "Y", "=hasEmail": "Y"}}
    asked = await call(portal, "crm.item.list", {"entityTypeId": 3, "select": ["id", "fm"], **params})
    assert set(asked["result"]["items"][0]) == {"id"}
    row = (await call(portal, "crm.item.list", {"entityTypeId": 3, **params}))["result"]["items"][0]
    assert {entry["typeId"] for entry in row["fm"]} == {"PHONE", "EMAIL"}
    assert set(row["fm"][0]) == {"id", "typeId", "valueType", "value"}
    assert row["phone"] == row["fm"][0]["value"]


async def test_user_fields_have_camel_names_unless_the_original_ones_are_asked_for(portal: Sandbox, call: Any) -> None:
    camel = (await _page(call, portal, filter={"=ufCrm_1700000001": "vip"}))["result"]["items"][0]
    assert camel["ufCrm_1700000001"] == "vip"
    assert {"ufCrm5_1700000022", "ufCrmContractNumber", "ufCrm_566EB0AC9B7FC"} <= set(camel)
    more = {"useOriginalUfNames": "Y", "filter": {"=UF_CRM_1700000001": "vip"}, "order": {"UF_CRM_1700000001": "ASC"}}
    original = (await _page(call, portal, **more))["result"]["items"][0]
    assert original["UF_CRM_1700000001"] == "vip"
    assert not [name for name in original if name.startswith("ufCrm")]
    company = (await call(portal, "crm.item.list", {"entityTypeId": 4}))["result"]["items"][0]
    assert {"ufLogo", "ufDirectorSign"} <= set(company)


async def test_values_are_typed_as_the_portal_types_them(portal: Sandbox, call: Any) -> None:
    rows = (await _page(call, portal, order={"id": "ASC"}, useOriginalUfNames="Y"))["result"]["items"]
    assert all(isinstance(row["id"], int) and isinstance(row["opportunity"], int | float) for row in rows)
    assert {row["isReturnCustomer"] for row in rows} == {"Y", "N"}
    assert {row["UF_CRM_1700000004"] for row in rows} == {"Y", "N", None}
    assert all(row["begindate"].endswith("T03:00:00+03:00") for row in rows if row["begindate"])
    assert all(isinstance(row["contactIds"], list) and isinstance(row["observers"], list) for row in rows)
    assert {row["entityTypeId"] for row in rows} == {2}
    files = [row["UF_CRM_1700000012"] for row in rows if row["UF_CRM_1700000012"]]
    assert set(files[0]) == {"id", "url", "urlMachine"}
    many = [row["UF_CRM_1700000019"] for row in rows if row["UF_CRM_1700000019"]]
    assert all(set(entry) == {"id", "url", "urlMachine"} for entry in many[0])
    assert any("|" in (row["UF_CRM_1700000009"] or "") for row in rows)


@pytest.mark.parametrize("entity_type_id", [1, 2, 3, 4, 7, 31])
async def test_every_entity_answers_lists_gets_and_fields(portal: Sandbox, call: Any, entity_type_id: int) -> None:
    listed = await call(portal, "crm.item.list", {"entityTypeId": entity_type_id, "order": {"id": "DESC"}})
    row = listed["result"]["items"][0]
    got = await call(portal, "crm.item.get", {"entityTypeId": entity_type_id, "id": row["id"]})
    assert got["result"]["item"] == row
    fields = (await call(portal, "crm.item.fields", {"entityTypeId": entity_type_id}))["result"]["fields"]
    assert set(row) == set(fields) - {"contacts", "companies"}  # bindings are described, not answered
    assert fields["id"]["isReadOnly"] is True
    assert fields["id"]["upperName"] == "ID"


async def test_fields_describe_user_fields_and_dictionaries(portal: Sandbox, call: Any) -> None:
    fields = (await call(portal, "crm.item.fields", {"entityTypeId": 2, "useOriginalUfNames": "Y"}))["result"]["fields"]
    assert fields["stageId"]["statusType"] == "DEAL_STAGE"
    assert fields["UF_CRM_1700000005"]["items"][0] == {"ID": "61", "VALUE": "Москва"}
    assert fields["UF_CRM_1700000005"]["isDynamic"] is True
    assert fields["UF_CRM_1700000014"]["statusType"] == "INDUSTRY"
    assert fields["UF_CRM_1700000001"]["title"] == "Сегмент"
    assert fields["createdTime"]["upperName"] == "DATE_CREATE"


async def test_rows_of_any_width_are_written(portal: Sandbox, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read() -> list[Any]:
        classic = {"select": ["*", "UF_*", "PHONE", "EMAIL"], "order": {"ID": "ASC"}}
        item = {"entityTypeId": 3, "order": {"id": "ASC"}}
        answers = [await call(portal, "crm.contact.list", classic), await call(portal, "crm.item.list", item)]
        return [answer["result"] for answer in answers]

    before = await read()
    for widest in (1, 7):  # sqlite takes only so many columns at once
        render._expression.cache_clear()  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setattr(render, "_MAX_ARGUMENTS", widest)
        assert await read() == before
    render._expression.cache_clear()  # pyright: ignore[reportPrivateUsage]


async def test_a_missing_item_is_not_found(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "crm.item.get", {"entityTypeId": 2, "id": 999999999})
    assert (answer["status"], answer["error"]) == (400, "NOT_FOUND")


async def test_odd_portals_ignore_id_filters_omit_totals_and_have_other_pages(call: Any) -> None:
    async with Sandbox(deals=30, page_size=20, ignore_id_filter=True, omit_total=True, latency=0.001) as sandbox:
        answer = await call(sandbox, "crm.item.list", {"entityTypeId": 2, "filter": {">id": 10**9}})
        assert (len(answer["result"]["items"]), answer["next"]) == (20, 20)
        assert "total" not in answer
        answer = await call(sandbox, "crm.deal.list", {"filter": {">ID": 10**9}, "start": -1})
        assert len(answer["result"]) == 20
        assert len((await call(sandbox, "user.get", {"FILTER": {">ID": 10**9}}))["result"]) > 0
