from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from b24orm.sandbox import Sandbox

Row = Mapping[str, Any]


async def _ids(call: Any, portal: Sandbox, condition: Any, entity: str = "deal", **more: Any) -> list[int]:
    found: list[int] = []
    params = {"filter": condition, "order": {"ID": "ASC"}, "select": ["ID"], **more}
    while True:
        answer = await call(portal, f"crm.{entity}.list", {**params, "start": len(found)})
        found += [int(row["ID"]) for row in answer["result"]]
        if "next" not in answer:
            assert answer["total"] == len(found)
            return found


def _lower(value: Any) -> str:
    return (value or "").lower()


CASES: list[tuple[str, Any, Callable[[Row], bool]]] = [
    ("nothing", {}, lambda d: True),
    ("equality", {"STAGE_ID": "new"}, lambda d: d["stage_id"] == "NEW"),
    ("unknown fields are dropped", {"NOPE": 1, "title": "x", "LOGIC": "OR", "0": {"ID": 1}}, lambda d: True),
    ("an array is OR", {"STAGE_ID": ["NEW", "WON"]}, lambda d: d["stage_id"] in ("NEW", "WON")),
    ("a negated array is AND", {"!STAGE_ID": ["NEW", "WON"]}, lambda d: d["stage_id"] not in ("NEW", "WON")),
    ("!= keeps NULL", {"!=PROBABILITY": 50}, lambda d: d["probability"] != 50),
    ("@", {"@STAGE_ID": ["NEW", "WON"]}, lambda d: d["stage_id"] in ("NEW", "WON")),
    ("@ of one", {"@STAGE_ID": "NEW"}, lambda d: d["stage_id"] == "NEW"),
    ("!@", {"!@STAGE_ID": ["NEW"]}, lambda d: d["stage_id"] != "NEW"),
    ("an empty array is no condition", {"STAGE_ID": [], ">ID": []}, lambda d: True),
    ("rows as an id bound read as 1", {">ID": [{"ID": "150"}, {"ID": "151"}]}, lambda d: d["id"] > 1),
    ("ids as an id bound are OR", {">ID": [150, 400]}, lambda d: d["id"] > 150),
    ("comparisons", {">=OPPORTUNITY": "20000", "<OPPORTUNITY": 50000}, lambda d: 20000 <= d["opportunity"] < 50000),
    ("'' includes NULL", {"COMMENTS": ""}, lambda d: not d["comments"]),
    ("0 includes NULL", {"=COMPANY_ID": 0}, lambda d: not d["company_id"]),
    ("% is a substring", {"%TITLE": "CRM — ООО"}, lambda d: "crm — ооо" in _lower(d["title"])),
    ("=% has wildcards", {"=%TITLE": "аудит%"}, lambda d: _lower(d["title"]).startswith("аудит")),
    ("%= has too", {"%=TITLE": "аудит%"}, lambda d: _lower(d["title"]).startswith("аудит")),
    ("!% is not negated", {"!%TITLE": "аудит"}, lambda d: "аудит" in _lower(d["title"])),
    (">< names no field", {"><ID": [1, 2]}, lambda d: True),
    ("LIKE on a dictionary is equality", {"%STAGE_ID": "NE"}, lambda d: d["stage_id"] == "NE"),
    ("LIKE on a number is equality", {"%OPPORTUNITY": "0"}, lambda d: not d["opportunity"]),
    ("a date", {">=DATE_CREATE": "2023-01-01"}, lambda d: d["created_time"] >= "2023"),
    ("what is no date is NULL", {">CLOSEDATE": "someday"}, lambda d: d["closedate"] is None),
    ("negated, '' is filled text", {"!=COMMENTS": ""}, lambda d: bool(d["comments"])),
    ("negated, it is filled", {"!CLOSEDATE": ""}, lambda d: d["closedate"] is not None),
    ("a user boolean", {"UF_CRM_1700000004": "1"}, lambda d: d["uf_crm_1700000004"] == 1),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_a_classic_filter_finds_what_the_rows_say(
    portal: Sandbox, call: Any, condition: Any, expected: Callable[[Row], bool]
) -> None:
    rows = [portal.row("deal", deal_id) for deal_id in portal.ids("deal")]
    wanted = [row["id"] for row in rows if row and row["is_recurring"] == "N" and expected(row)]
    assert await _ids(call, portal, condition) == wanted


async def test_recurring_deals_hide_unless_an_exact_id_asks_for_them(small: Sandbox, call: Any) -> None:
    template = small.insert("deal", title="Шаблон", is_recurring=True)
    assert template not in await _ids(call, small, {})
    assert template not in await _ids(call, small, {">ID": 0})
    for key in ("ID", "=ID", "@ID"):
        assert await _ids(call, small, {key: [template]}) == [template]


async def test_phones_and_addresses_can_be_filtered_by(portal: Sandbox, call: Any) -> None:
    rows = (await call(portal, "crm.contact.list", {"select": ["PHONE", "EMAIL"], "filter": {"HAS_EMAIL": "Y"}}))[
        "result"
    ]
    mail = rows[0]["EMAIL"][0]["VALUE"]
    only = [int(rows[0]["ID"])]
    assert await _ids(call, portal, {"EMAIL": mail.upper()}, "contact") == only
    assert await _ids(call, portal, {"@EMAIL": [mail, "x"]}, "contact") == only
    assert await _ids(call, portal, {"%EMAIL": mail[:-5]}, "contact") == only
    assert await _ids(call, portal, {"=%EMAIL": mail[:-5] + "%"}, "contact") == only
    assert only[0] not in await _ids(call, portal, {"!EMAIL": mail}, "contact")
    assert only[0] not in await _ids(call, portal, {"!@EMAIL": [mail]}, "contact")


async def test_rows_are_strings_and_what_is_empty_is_null_or_an_empty_string(portal: Sandbox, call: Any) -> None:
    rows = (await call(portal, "crm.deal.list", {"order": {"ID": "asc"}, "select": ["*", "UF_*"]}))["result"]
    row = rows[0]
    assert isinstance(row["ID"], str)
    assert all(one["OPPORTUNITY"].rpartition(".")[2].isdigit() for one in rows)
    assert {one["CLOSED"] for one in rows} == {"Y", "N"}
    assert {one["UF_CRM_1700000004"] for one in rows} == {"0", "1", ""}
    assert {one["CLOSEDATE"] for one in rows if not one["CLOSEDATE"]} == {""}
    assert {one["COMPANY_ID"] for one in rows if not one["COMPANY_ID"] or one["COMPANY_ID"] == "0"} == {None, "0"}
    files = [one["UF_CRM_1700000012"] for one in rows if one["UF_CRM_1700000012"]]
    assert set(files[0]) == {"id", "showUrl", "downloadUrl"}
    got = (await call(portal, "crm.deal.get", {"ID": row["ID"]}))["result"]
    assert got == row


async def test_a_select_is_lenient_and_always_has_the_id(portal: Sandbox, call: Any) -> None:
    async def keys(entity: str, *names: str) -> set[str]:
        answer = await call(portal, f"crm.{entity}.list", {"select": names, "filter": {"HAS_PHONE": "Y"}})
        return set(answer["result"][0])

    assert await keys("contact", "name", "NOPE") == {"ID", "NAME"}
    assert await keys("contact", "PHONE") == {"ID", "PHONE"}
    everything = await keys("contact", "*")
    assert everything == await keys("contact")
    assert not [name for name in everything if name.startswith("UF_") or name == "PHONE"]
    assert {"ID", "UF_CRM_1720000001"} <= await keys("contact", "UF_*")


async def test_classic_orders_ignore_what_they_do_not_know(portal: Sandbox, call: Any) -> None:
    async def first(order: dict[str, str]) -> int:
        return int((await call(portal, "crm.deal.list", {"order": order, "filter": {"!@ID": [0]}}))["result"][0]["ID"])

    ids = [i for i in portal.ids("deal") if (portal.row("deal", i) or {})["is_recurring"] == "N"]
    assert await first({"NOPE": "ASC", "id": "asc"}) == ids[0]
    assert await first({"ID": "sideways"}) == ids[-1]
    assert await first({}) != ids[0]


async def test_classic_pages_wrap_around_and_do_not_count_for_minus_one(portal: Sandbox, call: Any) -> None:
    async def page(start: int) -> dict[str, Any]:
        answer: dict[str, Any] = await call(portal, "crm.contact.list", {"order": {"ID": "ASC"}, "start": start})
        return answer

    ids = portal.ids("contact")
    first = await page(0)
    assert (first["total"], first["next"]) == (len(ids), 50)
    assert (await page(75))["result"][0]["ID"] == str(ids[50])
    past = await page(100_000)
    assert past["result"] == first["result"]
    loud = await call(portal, "crm.contact.list", {"order": {"ID": "ASC"}, "START": 75})
    assert loud["result"] == first["result"]  # the server knows start in lower case only
    assert past["next"] == 50
    uncounted = await page(-1)
    assert uncounted["total"] == 0
    assert "next" not in uncounted
    nothing = await call(portal, "crm.contact.list", {"filter": {"ID": 10**9}})
    assert (nothing["result"], nothing["total"], "next" in nothing) == ([], 0, False)


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        ("get", {}, "ID is not defined or invalid."),
        ("get", {"id": "x"}, "ID is not defined or invalid."),
        ("get", {"id": 10**9}, "Not found"),
        ("update", {"id": 10**9, "fields": {}}, "Not found"),
        ("update", {"id": 10**9}, "Parameter 'fields' must be array."),
        ("delete", {"id": 10**9}, "Not found"),
        ("add", {}, "Parameter 'fields' must be array."),
        ("list", {"filter": "x"}, "Parameter 'filter' must be array."),
    ],
)
async def test_classic_errors_have_an_empty_code(
    portal: Sandbox, call: Any, method: str, params: dict[str, Any], text: str
) -> None:
    answer = await call(portal, f"crm.deal.{method}", params)
    assert (answer["status"], answer["error"], answer["error_description"]) == (400, "", text)


@pytest.mark.parametrize("entity", ["deal", "lead", "contact", "company", "quote"])
async def test_every_classic_entity_describes_its_fields(portal: Sandbox, call: Any, entity: str) -> None:
    fields = (await call(portal, f"crm.{entity}.fields"))["result"]
    row = (await call(portal, f"crm.{entity}.list", {"select": ["*", "UF_*", "PHONE", "EMAIL"]}))["result"][0]
    assert set(row) <= set(fields)
    assert (await call(portal, f"crm.{entity}.get", {"id": row["ID"]}))["result"] == row
    assert fields["ID"]["type"] == "integer"
    user_fields = (await call(portal, f"crm.{entity}.userfield.list"))["result"]
    assert user_fields
    assert all(fields[one["FIELD_NAME"]]["isDynamic"] for one in user_fields)


async def test_user_field_lists_are_filtered_by_equality(portal: Sandbox, call: Any) -> None:
    answer = await call(portal, "crm.deal.userfield.list", {"filter": {"USER_TYPE_ID": "enumeration", "LANG": "ru"}})
    assert [one["FIELD_NAME"] for one in answer["result"]] == ["UF_CRM_1700000005", "UF_CRM_1700000006"]
    assert answer["total"] == 2
    assert answer["result"][0]["LIST"][1]["VALUE"] == "Санкт-Петербург"
