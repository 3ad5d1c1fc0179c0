"""b24pysdk, unmodified, against the sandbox."""

from __future__ import annotations

import json
from functools import partial

import pytest
from yarl import URL

from b24orm.sandbox import Sandbox
from tests.foreign.running import PYTHON, deals, work
from tests.foreign.tunnel import tunnel

pytestmark = pytest.mark.slow
pysdk = partial(work, PYTHON, "pysdk.py")


async def test_it_reads_every_row_once(secure: Sandbox) -> None:
    there = deals(secure)
    got = await pysdk("lists", secure)
    assert sorted(got["deals"]) == there
    assert got["fast"] == there
    assert got["backwards"] == there[::-1]
    assert sorted(got["by_id"]) == sorted(got["deals"][:130])
    assert sorted(got["items"]) == secure.ids("deal")
    assert got["tasks"] == secure.ids("task")
    assert sorted(got["users"]) == secure.ids("user")


async def test_its_objects_read_every_row_once(secure: Sandbox) -> None:
    there = deals(secure)
    got = await pysdk("facades", secure)
    assert len(got["page"]) == 50
    assert sorted(got["deals"]) == there
    assert got["fast"] == there
    assert got["profile"] == 1
    assert "crm" in got["scope"]


async def test_its_batches_are_answered(secure: Sandbox) -> None:
    there = deals(secure)
    got = await pysdk("batches", secure)
    assert set(got["first"]) < set(there)
    assert got["same"] == got["first"][0]
    assert got["total"] == len(there)
    assert got["many"] == got["wanted"]
    assert got["errors"] == {"a": {"error": "", "error_description": "Not found"}}
    assert got["after"] == got["wanted"][0]
    assert got["facade"] == {"deal": got["wanted"][0], "me": 1}


async def test_what_it_writes_is_written_once(secure: Sandbox) -> None:
    before = secure.ids("deal")
    got = await pysdk("writes", secure)
    many = list(got["many"].values())
    assert secure.books.applied == {("deal", "add"): 76, ("deal", "update"): 1, ("deal", "delete"): 1}
    assert secure.ids("deal") == before + many
    assert got["made"] not in many
    assert (got["title"], got["updated"], got["deleted"]) == ("Сделка & 1 + #", True, True)
    titles = [row["title"] for row in map(partial(secure.row, "deal"), many) if row]
    assert titles == [f"Сделка {n}" for n in range(75)]


async def test_it_speaks_rest_3(secure: Sandbox) -> None:
    tasks = secure.ids("task")
    first = secure.row("task", tasks[0])
    assert first is not None
    got = await pysdk("modern", secure)
    assert got["page"] == tasks[:50]
    assert got["first"] == {"id": tasks[0], "title": first["title"]}


async def test_an_application_of_it_renews_its_tokens(secure: Sandbox) -> None:
    """It will hear of no other authorization server than the vendor's: a proxy leads there, as it does from offices."""
    app = secure.app()
    keys = {"client_id": app.client_id, "client_secret": app.client_secret}
    given = json.dumps({"portal": secure.domain, "tokens": app.tokens(), **keys})
    secure.advance(3601)
    ports = {"127.0.0.1": secure.port, "oauth.bitrix24.tech": URL(secure.auth_server).port or 0}
    async with tunnel(ports) as proxy:
        got = await pysdk("application", secure, B24_APPLICATION=given, HTTPS_PROXY=proxy)
    assert got == {"deals": deals(secure), "user": 1, "renewed": True, "client": app.client_id}
    assert secure.books.refreshes == 1
