"""@bitrix24/b24jssdk, unmodified, on node, against the sandbox."""

from __future__ import annotations

import json
from functools import partial

import pytest

from b24orm.sandbox import Sandbox
from tests.foreign.running import NODE, deals, work

pytestmark = pytest.mark.slow
jssdk = partial(work, NODE, "jssdk.mjs")


async def test_it_reads_every_row_once(secure: Sandbox) -> None:
    there = deals(secure)
    got = await jssdk("lists", secure)
    assert set(got["first"]) | set(got["second"]) <= set(there)
    assert len({*got["first"], *got["second"]}) == 100
    assert got["total"] == len(there)
    assert got["deals"] == there
    assert got["streamed"] == there
    assert got["items"] == secure.ids("deal")
    assert got["tasks"] == secure.ids("task")


async def test_its_older_methods_read_every_row_once(secure: Sandbox) -> None:
    there = deals(secure)
    got = await jssdk("older", secure)
    assert sorted(got["deals"]) == there
    assert sorted(got["items"]) == secure.ids("deal")
    assert got["streamed"] == there


async def test_its_batches_are_answered(secure: Sandbox) -> None:
    got = await jssdk("batches", secure)
    assert got["wanted"] == deals(secure)[:75]
    assert got["many"] == got["wanted"]
    assert got["same"] == got["first"][0]
    assert got["older"] == got["wanted"][:3]
    assert len(got["errors"]) == 1
    assert "Method not found" in got["errors"][0]
    assert got["after"] == got["wanted"][0]


async def test_what_it_writes_is_written_once(secure: Sandbox) -> None:
    before = secure.ids("deal")
    got = await jssdk("writes", secure)
    assert secure.books.applied == {("deal", "add"): 76, ("deal", "update"): 1, ("deal", "delete"): 1}
    assert secure.ids("deal") == before + got["many"]
    assert got["made"] not in got["many"]
    assert (got["title"], got["updated"]) == ("Сделка & 1 + #", "y")
    titles = [row["title"] for row in map(partial(secure.row, "deal"), got["many"]) if row]
    assert titles == [f"Сделка {n}" for n in range(75)]


async def test_it_speaks_rest_3(secure: Sandbox) -> None:
    tasks, events = secure.ids("task"), secure.ids("event_log")
    first = secure.row("task", tasks[0])
    assert first is not None
    got = await jssdk("modern", secure)
    assert got["tasks"] == tasks
    assert got["events"] == events
    assert got["first"] == {"id": tasks[0], "title": first["title"]}
    assert got["many"] == tasks
    assert secure.ids("task") == [*tasks, got["made"]]
    assert secure.books.applied == {("task", "add"): 1}


async def test_an_application_of_it_renews_its_tokens(secure: Sandbox) -> None:
    app = secure.app()
    keys = {"client_id": app.client_id, "client_secret": app.client_secret, "application_token": app.application_token}
    given = json.dumps({"portal": secure.domain, "tokens": app.tokens(), **keys})
    secure.advance(3601)
    got = await jssdk("application", secure, B24_APPLICATION=given)
    assert got == {"deals": deals(secure), "user": 1, "renewed": True}
    assert secure.books.refreshes == 1
