"""fast_bitrix24, unmodified, against the sandbox."""

from __future__ import annotations

from functools import partial

import pytest

from b24orm.sandbox import Sandbox
from tests.foreign.running import PYTHON, deals, work

pytestmark = pytest.mark.slow
fast = partial(work, PYTHON, "fast.py")


async def test_it_reads_every_row_once(secure: Sandbox) -> None:
    there = deals(secure)
    got = await fast("lists", secure)
    assert sorted(got["deals"]) == there
    assert sorted(got["later"]) == there[1:]
    assert sorted(got["by_id"]) == sorted(got["deals"][:120])
    assert sorted(got["contacts"]) == secure.ids("contact")
    assert sorted(got["tasks"]) == secure.ids("task")
    assert {"ID", "TITLE", "STAGE_ID"} <= set(got["fields"])
    assert secure.books.methods["crm.deal.list"] == 2 * 6  # counted pages, fetched in batches


async def test_it_reads_several_lists_at_once(secure: Sandbox) -> None:
    got = await fast("together", secure)
    assert sorted(got["crm.deal.list"]) == deals(secure)
    assert sorted(got["crm.contact.list"]) == secure.ids("contact")
    assert sorted(got["crm.lead.list"]) == secure.ids("lead")


async def test_its_batches_are_answered(secure: Sandbox) -> None:
    got = await fast("batches", secure)
    assert got["first"] == deals(secure)[:50]
    assert got["same"] == got["first"][0]
    assert sorted(got["many"]) == sorted(got["wanted"])
    assert len(got["many"]) == 75


async def test_what_it_writes_is_written_once(secure: Sandbox) -> None:
    before = secure.ids("deal")
    got = await fast("writes", secure)
    made = got["made"]
    assert len(made) == len(set(made)) == 75
    assert secure.books.applied == {("deal", "add"): 76, ("deal", "update"): 75, ("deal", "delete"): 10}
    assert secure.ids("deal") == before + sorted({*made, got["alone"]} - set(made[:10]))
    kept = [secure.row("deal", number) for number in made[10:]]
    assert sorted(row["title"] for row in kept if row) == sorted(f"Сделка & {n} = #?+" for n in range(10, 75))
    assert {row["comments"] for row in kept if row} == {"seen"}
    assert got["updated"] == [True] * 75
    assert got["deleted"] == [True] * 10
