from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from b24orm.sandbox import Sandbox
from b24orm.sandbox.strtotime import strtotime

ZONE = timezone(timedelta(hours=3))
NOW = datetime(2026, 11, 26, 14, 30, 15, tzinfo=ZONE)  # a Thursday


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01", at(2024, 5, 1)),
        (" 2024-05-01 10:00 ", at(2024, 5, 1, 10)),
        ("2024-05-01T10:00:00+03:00", at(2024, 5, 1, 10)),
        ("2024-05-01T10:00:00Z", at(2024, 5, 1, 13)),
        ("2024-05-01 10:00:00.123456 UTC", at(2024, 5, 1, 13)),
        ("2024-05-01 10:00:00 -0500", at(2024, 5, 1, 18)),
        ("2024/5/1", at(2024, 5, 1)),
        ("2024-05", at(2024, 5, 1)),
        ("20240501", at(2024, 5, 1)),
        ("20240501T101500", at(2024, 5, 1, 10, 15)),
        ("1.5.2024 9:05", at(2024, 5, 1, 9, 5)),
        ("31.12.24", at(2024, 12, 31)),
        ("31.12.70", at(1970, 12, 31)),
        ("01-05-2024", at(2024, 5, 1)),
        ("05/01/2010", at(2010, 5, 1)),  # the American way
        ("1 May 2010", at(2010, 5, 1)),
        ("10 September 2000", at(2000, 9, 10)),
        ("September 10, 2000", at(2000, 9, 10)),
        ("10th sept. 2000 3 pm", at(2000, 9, 10, 15)),
        ("May 2010", at(2010, 5, 1)),
        ("1 May", at(2026, 5, 1)),
        ("Thu, 21 Dec 2000 16:01:07 +0200", at(2000, 12, 21, 17, 1, 7)),
        ("@0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("@1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("now", NOW),
        ("today", at(2026, 11, 26)),
        ("midnight", at(2026, 11, 26)),
        ("noon", at(2026, 11, 26, 12)),
        ("yesterday", at(2026, 11, 25)),
        ("tomorrow 10:00", at(2026, 11, 27, 10)),
        ("10:00 tomorrow", at(2026, 11, 27)),  # the word comes later, and means midnight
        ("yesterday noon", at(2026, 11, 25, 12)),
        ("+1 day", NOW + timedelta(days=1)),
        ("+1 week 2 days 4 hours", NOW + timedelta(days=9, hours=4)),
        ("3 days ago", NOW - timedelta(days=3)),
        ("-10 years", at(2016, 11, 26, 14, 30, 15)),
        ("next month", at(2026, 12, 26, 14, 30, 15)),
        ("last year", at(2025, 11, 26, 14, 30, 15)),
        ("2024-01-31 +1 month", at(2024, 3, 2)),  # 31 February
        ("2024-02-30", at(2024, 3, 1)),
        ("2024-05-01 24:00", at(2024, 5, 2)),
        ("monday", at(2026, 11, 30)),
        ("thursday", at(2026, 11, 26)),
        ("next thursday", at(2026, 12, 3)),
        ("last monday", at(2026, 11, 23)),
        ("10:30", at(2026, 11, 26, 10, 30)),
        ("2024", at(2026, 11, 26, 20, 24)),  # four digits are a time
        ("12am", at(2026, 11, 26)),
    ],
)
def test_a_date_is_read_as_php_reads_it(text: str, expected: datetime) -> None:
    assert strtotime(text, NOW) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "someday", "2024-13-01", "2024-01-32", "25:00", "10:60", "13pm", "+0300", "12", "1 May 2010 nonsense"),
        *("2024-01-01 2024-01-02", "10:00 11:00", "10:00 +99:00", "@x", "+99999999999 years", "10:00 UTC UTC"),
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert strtotime(text, NOW) is None


async def test_filters_read_dates_by_the_portals_clock(small: Sandbox, call: Any) -> None:
    async def found(condition: Any) -> set[int]:
        rows = (await call(small, "crm.deal.list", {"filter": condition, "select": ["ID"]}))["result"]
        return {int(row["ID"]) for row in rows}

    new = (await call(small, "crm.deal.add", {"fields": {"TITLE": "x", "CLOSEDATE": "+3 days"}}))["result"]
    assert new in await found({">=DATE_CREATE": "today"})
    assert new not in await found({"<DATE_CREATE": "yesterday"})
    assert await found({">=DATE_CREATE": "-50 years"}) == set(small.ids("deal"))
    assert new in await found({">CLOSEDATE": "now"})
    small.advance(10 * 86_400)
    assert new not in await found({">=DATE_CREATE": "today"})
    assert new not in await found({">CLOSEDATE": "now"})


async def test_a_date_that_cannot_be_read_is_an_empty_one_in_filters_of_classic_lists(
    small: Sandbox, call: Any
) -> None:
    empty = {i for i in small.ids("deal") if (small.row("deal", i) or {})["closedate"] is None}
    for operator in ("", "=", ">", "<="):
        answer = await call(small, "crm.deal.list", {"filter": {f"{operator}CLOSEDATE": "someday"}})
        assert {int(row["ID"]) for row in answer["result"]} == empty
    answer = await call(small, "crm.deal.list", {"filter": {"!CLOSEDATE": "someday"}})
    assert {int(row["ID"]) for row in answer["result"]} == set(small.ids("deal")) - empty
