from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from b24orm import Portal
from b24orm.cli import main
from b24orm.errors import PortalError
from b24orm.sandbox.faults import KINDS


async def _total(url: str) -> tuple[int | None, float]:
    """How many deals there are, and how long the portal says that it took to count them."""
    async with Portal(url) as portal:
        response = await portal.call("crm.item.list", {"entityTypeId": 2, "filter": {">id": 1}})
        return response.total, float(response.time["duration"])


async def _profile(url: str) -> Any:
    async with Portal(url) as portal:
        return (await portal.call("profile")).result


@contextmanager
def _served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A portal in a process of its own, and its webhook URL."""
    command = [sys.executable, "-m", "b24orm", "sandbox", "serve", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_portal_prints_its_webhook_answers_and_ends_with_0(number: signal.Signals) -> None:
    with _served("--deals", "20", "--seed", "2", "--plan", "none") as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert asyncio.run(_profile(url))["ID"]
        process.send_signal(number)
        rest, said = process.communicate()
    assert process.returncode == 0
    assert rest == ""
    assert "20 deals, seed 2, limits of the plan 'none'" in said
    assert "Traceback" not in said


def test_a_served_portal_may_have_dense_ids_and_count_slowly() -> None:
    with _served("--deals", "31", "--deal-ids", "dense", "--count-cost", "0.01") as (process, url):
        total, took = asyncio.run(_total(url))
        process.terminate()
        process.communicate()
    assert total == 30
    assert took >= 0.3


def test_a_port_that_is_taken_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["sandbox", "serve", "--port", str(port), "--deals", "0"]) == 2
    assert f"b24orm: cannot listen at 127.0.0.1:{port}" in capsys.readouterr().err


def test_a_served_portal_takes_the_options_of_a_sandbox(tmp_path: Path) -> None:
    options = ["--deals", "21", "--deal-ids", "dense", "--plan", "none", "--page-size", "5", "--offset-cost", "0.01"]
    options += ["--fault", "server_error:every=2,method=crm.item.list", "--fault", "command_error:method=scope"]
    options += ["--state", str(tmp_path / "portal.sqlite"), "--clock-speed", "2", "--latency", "0.001"]

    async def told(url: str) -> tuple[int | None, float, int, str]:
        async with Portal(url) as portal:
            answer = await portal.call("crm.item.list", {"entityTypeId": 2, "start": 20})
            with pytest.raises(PortalError) as refused:
                await portal.call("crm.item.add", {"entityTypeId": 2, "fields": {"currencyId": "XXX"}})
            again = await portal.call("crm.item.list", {"entityTypeId": 2, "start": 20})
            return again.total, float(answer.time["duration"]), portal.stats.retries, refused.value.code

    with _served(*options) as (process, url):
        total, took, retries, code = asyncio.run(told(url))
        process.terminate()
        process.communicate()
    assert (total, retries, code) == (21, 1, "CRM_FIELD_ERROR_VALUE_NOT_VALID")
    assert took >= 0.2
    with _served("--state", str(tmp_path / "portal.sqlite"), "--plan", "none") as (process, other):
        assert other.split("/")[-2] == url.split("/")[-2]
        assert asyncio.run(_total(other))[0] == 20  # all but the deal with the id 1
        process.terminate()
        process.communicate()


def test_all_faults_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "serve", "--fault", "list"]) == 0
    kinds = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert kinds == list(KINDS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "htlm"], "b24orm: the sandbox knows no fault 'htlm'; did you mean"),
        (["--fault", "html:rate=2"], "b24orm: rate=2.0: a probability"),
        (["--clock-speed", "0"], "b24orm: clock_speed=0.0: a number above 0"),
        (["--layout", "/no/layout.json"], "b24orm: cannot read the layout /no/layout.json"),
        (["--state", "/no/portal.sqlite"], "b24orm: /no/portal.sqlite: there is no such directory"),
    ],
)
def test_options_that_cannot_be_exit_with_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sandbox", "serve", "--deals", "0", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["fast", "-1", "inf", "nan"])
def test_seconds_that_are_none_are_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sandbox", "serve", f"--latency={text}"])
    assert ended.value.code == 2
    assert f"'{text}' is no number of 0 or more" in capsys.readouterr().err
