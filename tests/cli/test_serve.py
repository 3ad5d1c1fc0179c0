from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from b24orm import Portal
from b24orm.cli import main


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
