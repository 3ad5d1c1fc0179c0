from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

import b24orm.sandbox.serve as serving
from b24orm.errors import ConfigurationError
from b24orm.sandbox import Sandbox
from b24orm.sandbox.clock import read_date, read_datetime
from b24orm.sandbox.methods import item
from b24orm.sandbox.userfields import camel_name


def _read(url: str, method: str) -> Any:
    target = urlsplit(url)
    connection = http.client.HTTPConnection(str(target.hostname), target.port or 80)
    try:
        connection.request("GET", target.path + method)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_a_blocking_client_in_the_same_thread_is_served() -> None:
    with Sandbox(deals=3) as sandbox:
        assert _read(sandbox.url, "server.time")["result"]


async def test_a_blocking_client_does_not_deadlock_a_running_loop() -> None:
    async with Sandbox(deals=3) as sandbox:
        assert _read(sandbox.url, "server.time")["result"]


def test_stopping_leaves_no_thread_and_no_listener() -> None:
    before = threading.active_count()
    with Sandbox(deals=3) as sandbox:
        port = sandbox.port
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    sandbox.stop()


async def test_stopping_closes_connections_that_are_kept_alive() -> None:
    async with aiohttp.ClientSession() as session:
        async with Sandbox(deals=3) as sandbox:
            async with session.get(sandbox.url + "scope") as response:
                assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await session.get(sandbox.url + "scope")


def test_a_sandbox_starts_once_and_its_data_end_with_it() -> None:
    sandbox = Sandbox(deals=3)
    with pytest.raises(ConfigurationError, match="not running"):
        sandbox.ids("deal")
    with sandbox, pytest.raises(ConfigurationError, match="once"):
        sandbox.start()
    with pytest.raises(ConfigurationError, match="not running"):
        sandbox.ids("deal")


async def test_a_taken_port_is_a_clear_error() -> None:
    with Sandbox(deals=3) as first:
        with pytest.raises(ConfigurationError, match=f"cannot listen at 127.0.0.1:{first.port}"):
            Sandbox(deals=3, port=first.port).start()
        with pytest.raises(ConfigurationError, match="cannot listen"):
            async with Sandbox(deals=3, port=first.port):
                pass


def test_the_same_seed_gives_the_same_portal() -> None:
    def contents(seed: int) -> list[Any]:
        with Sandbox(deals=40, seed=seed) as sandbox:
            return [
                sandbox.code,
                *(sandbox.row(key, i) for key in ("deal", "contact", "user") for i in sandbox.ids(key)),
            ]

    assert contents(5) == contents(5)
    assert contents(5) != contents(6)


def test_counts_follow_from_the_deals_unless_given() -> None:
    with Sandbox(deals=40, leads=3, contacts=0, companies=0, quotes=1, invoices=2, users=1, code="abc") as sandbox:
        keys = ("deal", "lead", "contact", "company", "quote", "smart_invoice", "user")
        assert [len(sandbox.ids(key)) for key in keys] == [40, 3, 0, 0, 1, 2, 1]
        assert sandbox.url.endswith("/rest/1/abc/")
        assert "abc" not in repr(sandbox)
    with Sandbox(deals=0) as sandbox:
        assert sandbox.ids("deal") == []


def test_the_data_have_holes_empty_values_and_awkward_texts() -> None:
    with Sandbox(deals=2000) as sandbox:
        ids = sandbox.ids("deal")
        rows = [sandbox.row("deal", i) or {} for i in ids]
        gaps = [b - a for a, b in pairwise(ids)]
        assert 1 in gaps
        assert max(gaps) > 100
        assert len({row["stage_id"] for row in rows}) == 18
        assert {row["category_id"] for row in rows} == {0, 1, 4}
        assert {None, ""} <= {row["comments"] for row in rows}
        assert any("\r\n" in (row["comments"] or "") for row in rows)
        contacts = set(sandbox.ids("contact"))
        assert {row["contact_id"] for row in rows} - {None} <= contacts
        user_fields = [name for name in rows[0] if name.startswith("uf_crm")]
        assert all(any(row[name] not in (None, "[]") for row in rows) for name in user_fields)


def test_helpers_change_the_data_past_the_methods() -> None:
    with Sandbox(deals=3) as sandbox:
        new = sandbox.insert("deal", title="x", opened=False, contact_ids=[1, 2])
        row = sandbox.row("deal", new) or {}
        assert (row["title"], row["opened"], row["contact_ids"]) == ("x", "N", "[1,2]")
        assert sandbox.insert("deal", id=10**6, title="y") == 10**6
        assert sandbox.update("deal", new, title="z", opened=True)
        assert sandbox.update("deal", new)
        assert (sandbox.row("deal", new) or {})["title"] == "z"
        assert not sandbox.update("deal", 10**9, title="z")
        assert sandbox.remove("deal", new)
        assert not sandbox.remove("deal", new)
        assert sandbox.row("deal", new) is None
        assert sandbox.insert("category", id=9, name="Новая", entity_type_id=2) == 9
        with pytest.raises(ConfigurationError, match="no field 'nope'"):
            sandbox.insert("deal", nope=1)
        with pytest.raises(ConfigurationError, match="no entity 'robot'"):
            sandbox.ids("robot")


async def test_a_hook_sees_each_command_and_may_change_the_data(small: Sandbox, call: Any) -> None:
    seen: list[tuple[str, int]] = []
    first = small.ids("deal")[0]

    def hook(method: str, params: dict[str, Any], index: int) -> None:
        seen.append((method, index))
        if index == 1:
            small.remove("deal", first)

    small.before_command = hook
    assert small.before_command is hook
    get = f"crm.deal.get?id={first}"
    answer = await call(small, "batch", {"cmd": {"a": get, "b": get}})
    assert set(answer["result"]["result"]) == {"a"}
    await call(small, "scope")
    assert seen == [("crm.deal.get", 0), ("crm.deal.get", 1), ("scope", 0)]


async def test_a_bug_of_the_sandbox_is_an_error_answer_and_stands_in_the_books(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(item, "compile_order", broken)
    async with Sandbox(deals=3) as sandbox:
        answer = await call(sandbox, "crm.item.list", {"entityTypeId": 2})
        assert (answer["status"], answer["error"]) == (500, "INTERNAL_SERVER_ERROR")
        assert "ZeroDivisionError" in sandbox.books.crashes[0]


def test_serving_prints_the_url_first_and_ends_on_a_signal() -> None:
    program = "from b24orm.sandbox.serve import serve; raise SystemExit(serve(port=0, deals=5, seed=1, plan='none'))"
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process, process.stdout:
            url = process.stdout.readline().strip()
            assert _read(url, "scope")["result"]
            process.send_signal(number)
            assert process.wait(timeout=20) == 0


def test_serving_restores_the_signal_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    assert serving.serve(port=0, deals=3, seed=1) == 0
    timer.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("original", "camel"),
    [
        ("UF_CRM_1700000000", "ufCrm_1700000000"),
        ("UF_CRM_5_1700000000", "ufCrm5_1700000000"),
        ("UF_CRM_MY_STR", "ufCrmMyStr"),
        ("UF_CRM_566EB0AC", "ufCrm_566EB0AC"),
        ("UF_LOGO", "ufLogo"),
    ],
)
def test_user_field_names_turn_to_camel_case_as_the_portal_turns_them(original: str, camel: str) -> None:
    assert camel_name(original) == camel


@pytest.mark.parametrize(
    ("text", "moment", "day"),
    [
        ("2024-05-01T10:00:00+03:00", "2024-05-01T10:00:00+03:00", "2024-05-01T03:00:00+03:00"),
        ("2024-05-01T23:30:00Z", "2024-05-02T02:30:00+03:00", "2024-05-02T03:00:00+03:00"),
        ("2024-05-01", "2024-05-01T00:00:00+03:00", "2024-05-01T03:00:00+03:00"),
        ("01.05.2024 08:05:00", "2024-05-01T08:05:00+03:00", "2024-05-01T03:00:00+03:00"),
        ("0001-01-01T00:00:00+14:00", None, None),
        ("soon", None, None),
        ("", None, None),
    ],
)
def test_dates_are_read_in_the_portals_zone(text: str, moment: str | None, day: str | None) -> None:
    assert read_datetime(text) == moment
    assert read_date(text) == day


async def test_many_clients_at_once_are_all_served(small: Sandbox, call: Any) -> None:
    answers = await asyncio.gather(*(call(small, "crm.item.list", {"entityTypeId": 2}) for _ in range(40)))
    assert {answer["status"] for answer in answers} == {200}
    assert small.books.requests == 40
