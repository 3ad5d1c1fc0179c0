"""Values that do not fit their fields: refused with their place, or kept as they came; and values younger than a list.

The rows are put into the portal past its REST methods, which would not take them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic_core import SchemaValidator

from b24orm import Col, Deal, Limits, Portal, SmartProcess, Status, column
from b24orm.errors import ConfigurationError, InvalidRow, InvalidValue, QueryError
from b24orm.model import File
from b24orm.model.oddities import opened
from b24orm.model.reader import Kept
from b24orm.sandbox import Sandbox

TOKEN = "token=crm"  # the part of an address that lets programs in


class MyDeal(Deal):
    files: Col[list[File]] = column("UF_CRM_1700000019", default_factory=list)
    seats: Col[int | None] = column("UF_CRM_1700000002", default=None)


@pytest.fixture(scope="module")
def broken() -> Iterator[Sandbox]:
    """A portal with values that do not fit: in three deals, in one stage, and in one item of a process."""
    with Sandbox(deals=120, seed=5, limits=Limits.none()) as sandbox:
        amount, day, files = sandbox.ids("deal")[:3]
        sandbox.update("deal", amount, opportunity='"abc"', uf_crm_1700000002='"many"')  # as the JSON of a text
        sandbox.update("deal", day, begindate="soon")
        sandbox.update("deal", files, uf_crm_1700000019=["abc"])
        sandbox.update("status", sandbox.ids("status")[0], sort="abc")
        sandbox.update("smart_process_156", sandbox.ids("smart_process_156")[0], begindate="someday")
        yield sandbox
        assert sandbox.books.crashes == []


@pytest.fixture
async def strict(broken: Sandbox) -> AsyncIterator[Portal]:
    async with Portal(broken.url, limits=Limits.none()) as portal:
        yield portal


@pytest.fixture
async def lenient(broken: Sandbox) -> AsyncIterator[Portal]:
    async with Portal(broken.url, limits=Limits.none(), on_invalid="keep") as portal:
        yield portal


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "b24orm.portal"]


# --------------------------------------------------------------------------------------------------------- refused


async def test_a_value_that_does_not_fit_names_its_place(broken: Sandbox, strict: Portal) -> None:
    amount, day, files = broken.ids("deal")[:3]
    wrong = ((amount, "opportunity", "abc", "Decimal"), (day, "begindate", "soon", "date | None"))
    for id, field, value, kind in wrong:
        with pytest.raises(InvalidRow) as caught:
            await Deal.objects.filter(id=id)
        error = caught.value
        assert (error.entity, error.id, error.field, error.value) == ("Deal", id, field, value)
        assert str(error) == f"Deal id={id}: field '{field}' cannot hold '{value}' (expected {kind})"
    with pytest.raises(InvalidRow, match="'seats'"):
        await MyDeal.objects.filter(id=amount).values(MyDeal.seats)
    with pytest.raises(InvalidRow) as caught:
        await MyDeal.objects.get(files)
    assert (caught.value.field, caught.value.id) == ("files", files)
    assert TOKEN not in str(caught.value) + repr(caught.value.value)
    assert strict.stats.invalid == 0


@pytest.mark.parametrize("api", ["item", "classic"])
async def test_a_value_that_does_not_fit_stops_every_way_of_reading(broken: Sandbox, api: str) -> None:
    day = broken.ids("deal")[1]
    deals = Deal.objects.filter(id=day)
    async with Portal(broken.url, limits=Limits.none(), crm_api="item" if api == "item" else "classic"):
        for reading in (
            deals,
            deals.values("begindate"),
            deals.values_list("begindate"),
            deals.first(),
            Deal.objects.get(day),
            Deal.objects.get(Deal.id == day),
            Deal.objects.in_bulk([day]),
        ):
            with pytest.raises(InvalidRow) as caught:
                await reading
            assert (int(caught.value.id), caught.value.field) == (day, "begindate")
        assert await deals.count() == 1
        assert await deals.exists()
        assert [deal.id for deal in await deals.select("title")] == [day]  # it was not asked for


async def test_rows_before_the_wrong_one_are_handed_out(broken: Sandbox, strict: Portal) -> None:
    ids = broken.ids("deal")
    seen: list[int] = []

    async def read() -> None:
        async for deal in Deal.objects.filter(id__gte=ids[1]).order_by("-id"):
            seen.append(deal.id)

    with pytest.raises(InvalidRow):
        await read()
    assert seen == ids[:1:-1][: len(seen)]
    assert ids[1] not in seen


async def test_the_id_of_a_row_is_a_number_whatever_the_dialect_makes_of_it(broken: Sandbox, strict: Portal) -> None:
    stage = broken.ids("status")[0]
    with pytest.raises(InvalidRow, match="'sort'") as caught:
        await Status.objects
    assert caught.value.id == stage


# ------------------------------------------------------------------------------------------------------------ kept


async def test_what_does_not_fit_is_kept_as_it_came(
    broken: Sandbox, strict: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    amount, day, files = broken.ids("deal")[:3]
    with caplog.at_level(logging.WARNING, "b24orm.portal"):
        deals: dict[int, Any] = {deal.id: deal for deal in await MyDeal.objects.on_invalid("keep")}
    assert list(deals) == broken.ids("deal")
    assert (deals[amount].opportunity, deals[amount].seats) == ("abc", "many")
    assert deals[day].begindate == "soon"
    kept: Any = deals[files].files[0]
    assert kept["id"] == "abc"
    assert TOKEN in kept["urlMachine"]
    assert isinstance(deals[day].opportunity, Decimal)
    assert deals[amount].begindate is None or type(deals[amount].begindate) is date
    assert strict.stats.invalid == 4
    assert sorted(said(caplog)) == sorted(
        [
            f"kept as it came: Deal id={amount}: field 'opportunity' cannot hold 'abc' (expected Decimal)",
            f"kept as it came: Deal id={amount}: field 'seats' cannot hold 'many' (expected int | None)",
            f"kept as it came: Deal id={day}: field 'begindate' cannot hold 'soon' (expected date | None)",
            f"kept as it came: Deal id={files}: field 'files' cannot hold {[{**kept, 'urlMachine': '…'}]!r} "
            "(expected list[File])",
        ]
    )
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(deals[files])


@pytest.mark.parametrize("api", ["item", "classic"])
async def test_every_way_of_reading_keeps(broken: Sandbox, api: str, caplog: pytest.LogCaptureFixture) -> None:
    day = broken.ids("deal")[1]
    everything = Deal.objects.on_invalid("keep")
    deals = everything.filter(id=day)
    async with Portal(broken.url, limits=Limits.none(), crm_api="item" if api == "item" else "classic") as portal:
        assert await deals.values("id", "begindate") == [{"id": day, "begindate": "soon"}]
        assert (await deals.values())[0]["begindate"] == "soon"
        assert await deals.values_list("begindate", "id") == [("soon", day)]
        assert await deals.values_list("begindate", flat=True) == ["soon"]
        for deal in (
            await everything.get(day),  # a method of its own
            await everything.get(Deal.id == day, Deal.title != ""),  # a list
            await everything.get_or_none(day),
            await deals.first(),
            await deals.last(),
            (await everything.in_bulk([day]))[day],
            (await deals.select("begindate"))[0],
            *[deal async for deal in deals],
            *[deal async for page in deals.pages() for deal in page],
        ):
            assert deal is not None
            assert deal.begindate == "soon"
        assert portal.stats.invalid == len(said(caplog)) == 13
        assert await deals.count() == 1
        assert await deals.exists()
        assert portal.stats.invalid == 13  # neither looks at the day


async def test_a_portal_may_keep_for_all_queries_and_a_query_may_refuse(broken: Sandbox, lenient: Portal) -> None:
    day = broken.ids("deal")[1]
    assert (await Deal.objects.get(day)).begindate == "soon"
    assert [deal.begindate for deal in await Deal.objects.filter(id=day)] == ["soon"]
    items = await SmartProcess(156).objects
    assert items[0].begindate == "someday"
    assert lenient.stats.invalid == 3
    with pytest.raises(InvalidRow):
        await Deal.objects.on_invalid("raise").get(day)
    assert (await Deal.objects.on_invalid("raise").on_invalid("keep").get(day)).begindate == "soon"


def test_blocking_code_keeps_too(broken: Sandbox) -> None:
    day = broken.ids("deal")[1]
    with Portal(broken.url, limits=Limits.none(), on_invalid="keep") as portal:
        assert Deal.objects.get(day).run_sync().begindate == "soon"
        assert [deal.id for deal in Deal.objects] == broken.ids("deal")
        assert portal.stats.invalid > 1


async def test_a_query_remembers_what_it_does_with_values(broken: Sandbox, strict: Portal) -> None:
    keeping = Deal.objects.on_invalid("keep")
    day = broken.ids("deal")[1]
    for query in (keeping.filter(id=day), keeping.order_by("-id").filter(id=day), keeping.using(strict).filter(id=day)):
        assert (await query)[0].begindate == "soon"
    with pytest.raises(InvalidRow):
        await Deal.objects.filter(id=day)  # the one that it was made of


async def test_whole_lists_are_filtered_and_ordered_here_with_what_was_kept(broken: Sandbox, lenient: Portal) -> None:
    stage = broken.ids("status")[0]
    every: list[Any] = await Status.objects
    assert [row.id for row in every] == broken.ids("status")
    assert every[0].sort == "abc"
    assert lenient.stats.invalid == 1
    numbers = [row.id for row in every if row.id != stage and row.sort is not None and row.sort > 20]
    assert numbers
    assert [row.id for row in await Status.objects.filter(sort__gt=20)] == numbers
    assert await Status.objects.filter(sort__gt=20).count() == len(numbers)
    assert stage not in [row.id for row in await Status.objects.filter(sort__in=[10])]
    assert await Status.objects.filter(id=stage).values_list("sort", flat=True) == ["abc"]


@pytest.mark.parametrize("key", ["sort", "-sort"])
async def test_a_whole_list_can_be_ordered_by_a_field_that_holds_a_wrong_value(
    key: Literal["sort", "-sort"], broken: Sandbox, lenient: Portal
) -> None:
    rows = await Status.objects.order_by(key)
    assert sorted(row.id for row in rows) == broken.ids("status")
    numbers = [row.sort for row in rows if isinstance(row.sort, int)]
    assert numbers == sorted(numbers, reverse=key.startswith("-"))


async def test_what_was_kept_can_be_assigned_over(broken: Sandbox, lenient: Portal) -> None:
    deal = await Deal.objects.get(broken.ids("deal")[1])
    deal.begindate = date(2026, 1, 2)
    assert deal.begindate == date(2026, 1, 2)
    assert deal.changed_fields == {"begindate"}
    with pytest.raises(InvalidValue):
        deal.begindate = "later"  # type: ignore[assignment]
    assert deal.begindate == date(2026, 1, 2)


async def test_a_row_that_was_kept_goes_back_as_it_came(broken: Sandbox, lenient: Portal) -> None:
    deal = await Deal.objects.get(broken.ids("deal")[1])
    assert deal.to_wire()["begindate"] == "soon"


# ------------------------------------------------------------------------------------------- the reader by itself


def test_an_id_is_never_kept() -> None:
    for id in ("x", [1], {"a": 1}, True):
        with pytest.raises(InvalidRow) as caught:
            Deal.__reader__("item", keep=True).from_python([{"id": id, "title": "a"}])
        assert (caught.value.field, caught.value.value) == ("id", id)


@pytest.mark.parametrize("value", ["soon", 5, True, [1, 2], {"a": 1}, 1.5])
def test_json_and_python_keep_the_same_values(value: Any) -> None:
    reader = Deal.__reader__("item", keep=True)
    row = {"id": 1, "begindate": value, "title": "a"}
    from_python = reader.from_python([row])[0]
    from_json = SchemaValidator(reader.row_schema).validate_json(json.dumps(row))
    for read in (from_python, from_json):
        assert type(read[0]["begindate"]) is Kept
        (problem,) = reader.release([read])
        assert (problem.entity, problem.id, problem.field, problem.value) == ("Deal", 1, "begindate", value)
        assert read[0] == {"id": 1, "begindate": value, "title": "a"}
        assert reader.release([read]) == []


def test_what_fits_is_read_as_ever_by_a_reader_that_keeps() -> None:
    class OwnDeal(Deal):
        pass

    row = {"id": "1", "opportunity": "5.50", "begindate": "", "isNew": "Y", "companyId": "0", "UF_CRM_1": "x"}
    keeping, strict = OwnDeal.__reader__("item", keep=True), OwnDeal.__reader__("item")
    kept = keeping.from_python([row])
    assert keeping.release(kept) == []
    assert kept[0][:2] == strict.from_python([row])[0][:2]


# --------------------------------------------------------------------------------------------------- wrong options


@pytest.mark.parametrize("action", ["x", "", "Keep", None, True])
def test_there_are_two_things_to_do_with_a_wrong_value(broken: Sandbox, action: Any) -> None:
    with pytest.raises(QueryError, match="on_invalid takes 'raise' or 'keep', not"):
        Deal.objects.on_invalid(action)
    with pytest.raises(ConfigurationError, match="on_invalid is 'raise' or 'keep', not"):
        Portal(broken.url, on_invalid=action)


# ------------------------------------------------------------------------------------- values younger than a list


async def test_a_word_that_the_documentation_does_not_have_is_read(broken: Sandbox, strict: Portal) -> None:
    deal = broken.ids("deal")[5]
    before = broken.row("deal", deal)
    assert before is not None
    broken.update("deal", deal, stage_semantic_id="NEWER")
    try:
        read: Any = await Deal.objects.get(deal)
        assert read.stage_semantic_id == "NEWER"
        assert await Deal.objects.filter(id=deal).values_list("stage_semantic_id", flat=True) == ["NEWER"]
        assert strict.stats.invalid == 0
        with pytest.raises(InvalidValue, match="stage_semantic_id cannot hold 'NEWER'"):
            read.stage_semantic_id = "NEWER"
        assert read.to_wire()["stageSemanticId"] == "NEWER"
    finally:
        broken.update("deal", deal, stage_semantic_id=before["stage_semantic_id"])


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Literal["a", "b"], str),
        (Literal["a", "b"] | None, str | None),
        (Literal[1, 2], int),
        (Literal[1, 2] | None, int | None),
        (list[Literal["a"]], list[str]),
        (list[Literal[1, 2]], list[int]),
        (list[Literal["a"]] | None, list[str] | None),
        (str | None, str | None),
        (int, int),
        (list[int], list[int]),
        (list[date] | None, list[date] | None),
        (Any, Any),
    ],
)
def test_a_literal_is_read_as_the_type_of_its_values(annotation: Any, expected: Any) -> None:
    assert opened(annotation) == expected


def test_a_fixed_set_of_values_is_still_of_one_type() -> None:
    class Listed(Deal):
        region: Col[Literal[61, 62] | None] = column("UF_CRM_1700000005", default=None)
        products: Col[list[Literal["a", "b"]]] = column("UF_CRM_1700000006", default_factory=list)

    (deal,) = Listed.__load__("item", [{"id": 1, "UF_CRM_1700000005": "99", "UF_CRM_1700000006": ["a", "z", ""]}])
    assert (deal.region, deal.products) == (99, ["a", "z"])
    with pytest.raises(InvalidRow, match="'region'"):
        Listed.__load__("item", [{"id": 1, "UF_CRM_1700000005": "Moscow"}])
    with pytest.raises(ValueError, match="region"):
        Listed(title="x", region=99)  # type: ignore[arg-type]
