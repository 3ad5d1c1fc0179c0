"""A portal in a file: what it was told yesterday it knows today."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from b24orm import Limits
from b24orm.errors import ConfigurationError
from b24orm.sandbox import Sandbox

Call = Callable[..., Awaitable[dict[str, Any]]]


def _portal(path: Path, **options: Any) -> Sandbox:
    return Sandbox(path=path, limits=Limits.none(), **{"deals": 20, "seed": 4, **options})


async def test_a_file_holds_rows_ids_files_and_the_webhook(
    tmp_path: Path, call: Call, http: aiohttp.ClientSession
) -> None:
    path = tmp_path / "portal.sqlite"
    async with _portal(path) as sandbox:
        contact = sandbox.ids("contact")[0]
        fields = {
            "title": "kept",
            "ufCrm_1700000012": ["a.txt", "aGVsbG8="],
            "contactIds": [contact],
        }
        item = (await call(sandbox, "crm.item.add", {"entityTypeId": 2, "fields": fields}))["result"]["item"]
        gone = (await call(sandbox, "crm.item.add", {"entityTypeId": 2, "fields": {}}))["result"]["item"]["id"]
        await call(sandbox, "crm.item.delete", {"entityTypeId": 2, "id": gone})
        bound = [{"CONTACT_ID": contact, "SORT": 70}]
        await call(sandbox, "crm.deal.contact.items.set", {"id": item["id"], "items": bound})
        deals, code, rows = sandbox.ids("deal"), sandbox.code, sandbox.row("deal", item["id"])
        about = sandbox.row("timeline_comment", sandbox.ids("timeline_comment")[0]) or {}
        asked = {"filter": {"ENTITY_ID": about["entity_id"], "ENTITY_TYPE": about["entity_type"]}}
        comments = (await call(sandbox, "crm.timeline.comment.list", asked))["result"]
    async with _portal(path, deals=3, seed=9) as sandbox:
        assert sandbox.ids("deal") == deals
        assert sandbox.code == code
        assert sandbox.row("deal", item["id"]) == rows
        again = (await call(sandbox, "crm.item.get", {"entityTypeId": 2, "id": item["id"]}))["result"]["item"]
        async with http.get(again["ufCrm_1700000012"]["urlMachine"]) as answer:
            assert await answer.read() == b"hello"
        items = (await call(sandbox, "crm.deal.contact.items.get", {"id": item["id"]}))["result"]
        assert [one["SORT"] for one in items] == [70]
        assert sandbox.insert("deal", title="new") > gone  # the id of a deleted row is never given again
        fm = {"fields": {"fm": [{"typeId": "PHONE", "valueType": "WORK", "value": "+7"}]}, "entityTypeId": 3}
        file_id = again["ufCrm_1700000012"]["id"]
        made = (await call(sandbox, "crm.item.add", fm))["result"]["item"]["fm"][0]["id"]
        assert made > file_id  # nor that of a file
        assert (await call(sandbox, "crm.timeline.comment.list", asked))["result"] == comments != []
        assert sandbox.books.crashes == []


async def test_a_copy_of_a_portal_in_a_file_lives_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "portal.sqlite"
    with _portal(path) as sandbox, sandbox.copy(plan="none") as other:
        new = other.insert("deal", title="in memory")
        assert new not in sandbox.ids("deal")


def test_a_portal_that_is_killed_loses_nothing_that_it_answered(tmp_path: Path) -> None:
    path = tmp_path / "portal.sqlite"
    options = ["--state", str(path), "--deals", "3", "--plan", "none"]
    command = [sys.executable, "-m", "b24orm", "sandbox", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        for _ in range(10):
            with urllib.request.urlopen(f"{url}crm.deal.add?fields[TITLE]=kept") as answer:
                assert answer.status == 200
        os.kill(process.pid, signal.SIGKILL)
    with _portal(path) as sandbox:
        assert f"/{sandbox.code}/" in url
        titles = [(sandbox.row("deal", one) or {})["title"] for one in sandbox.ids("deal")]
        assert titles.count("kept") == 10
        assert len(titles) == 13


def test_an_empty_file_becomes_a_portal(tmp_path: Path) -> None:
    path = tmp_path / "portal.sqlite"
    path.touch()
    with _portal(path) as sandbox:
        assert len(sandbox.ids("deal")) == 20
    assert path.stat().st_size > 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["portal.sqlite"]


def test_a_file_that_is_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "portal.sqlite"
    with _portal(path), pytest.raises(ConfigurationError, match="in use by another sandbox"):
        _portal(path)


def test_a_file_that_is_no_sandboxs_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("x" * 5000)
    with pytest.raises(ConfigurationError, match=r"notes\.txt is not the state of a sandbox"):
        _portal(text)
    assert text.read_text() == "x" * 5000
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE mine (id INTEGER)")
    database.close()
    with pytest.raises(ConfigurationError, match="a database, but not the state of a sandbox"):
        _portal(other)


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "portal.sqlite"
    _portal(path, deals=0).start().stop()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(ConfigurationError, match="layout version 99, and this version of b24orm reads 1"):
        _portal(path)


def test_a_file_whose_tables_have_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "portal.sqlite"
    _portal(path, deals=0).start().stop()
    with sqlite3.connect(path) as database:
        database.execute("ALTER TABLE deal ADD COLUMN later TEXT")
    database.close()
    with pytest.raises(ConfigurationError, match="made by another version of b24orm"):
        _portal(path).start()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such directory"):
        _portal(tmp_path / "no" / "portal.sqlite")
    with pytest.raises(ConfigurationError, match="cannot use"):
        _portal(tmp_path)
