"""What REST 3.0 shares with the rest of the portal: events, the file that a portal is kept in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp

from b24orm.limits import Limits
from b24orm.sandbox import Sandbox

ADD = {"fields": {"title": "Prepare a report", "responsibleId": 1, "creatorId": 1}}


async def test_what_is_written_causes_the_events_of_tasks(
    small: Sandbox, http: aiohttp.ClientSession, ask: Any
) -> None:
    root = small.url.partition("/rest/")[0]
    token = small.app().tokens()["access_token"]
    for name in ("OnTaskAdd", "OnTaskUpdate", "OnTaskDelete"):
        bound = {"event": name, "event_type": "offline", "auth": token}
        async with http.post(f"{root}/rest/event.bind", json=bound) as response:
            assert response.status == 200
    new = (await ask(small, "tasks.task.add", ADD))["item"]["id"]
    await ask(small, "tasks.task.update", {"id": new, "fields": {"title": "Other"}})
    await ask(small, "tasks.task.delete", {"id": new})
    async with http.post(f"{root}/rest/event.offline.list", json={"auth": token}) as response:
        names = {one["EVENT_NAME"] for one in (await response.json())["result"]}
    assert names == {"ONTASKADD", "ONTASKUPDATE", "ONTASKDELETE"}


async def test_a_portal_in_a_file_keeps_what_rest_3_wrote_and_answered(
    tmp_path: Path, http: aiohttp.ClientSession, ask: Any
) -> None:
    path = tmp_path / "portal"
    async with Sandbox(deals=3, limits=Limits.none(), path=path) as first:
        written = await ask(first, "tasks.task.add", ADD, **{"Idempotency-Key": "k"})
        await ask(first, "tasks.task.update", {"id": written["item"]["id"], "fields": {"storyPoints": 5}})
        base = await ask(first, "note.collection.add", {"fields": {"name": "x"}})
    async with Sandbox(path=path, limits=Limits.none()) as second:
        assert await ask(second, "tasks.task.add", ADD, **{"Idempotency-Key": "k"}) == written
        assert second.books.writes == []
        kept = await ask(second, "tasks.task.get", {"id": written["item"]["id"], "select": ["storyPoints"]})
        assert kept["item"]["storyPoints"] == 5
        assert (await ask(second, "note.collection.get", {"id": base["item"]["id"]})) == base
