from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from b24orm import Portal
from b24orm.cli import main, tour
from b24orm.cli.demo import Tour
from b24orm.cli.terminal import Terminal
from b24orm.sandbox import Sandbox

pytestmark = pytest.mark.slow

WELL = "every deal once, in order, and not one request refused"
COMMAND = [sys.executable, "-m", "b24orm", "demo", "--deals", "300"]


def test_the_tour_shows_its_code_its_results_and_the_books(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--deals", "300", "--seed", "2"]) == 0
    said = capsys.readouterr()
    assert "300 deals, seed 2" in said.out
    assert "Deal.objects.all().progress(sys.stderr.isatty())" in said.out
    assert "300 rows in 2 requests" in said.out
    assert "strategy: keyset" in said.out
    assert "strategy: counted" in said.out
    assert "one for 8 counts" in said.out
    assert "UnknownField: Deal has no field 'opportunty'; did you mean 'opportunity'" in said.out
    assert "100 deals in 2 requests" in said.out
    assert "200 Deal rows created: 200 ok" in said.out
    assert "600 writes in 14 requests" in said.out
    assert "refusals: 0" in said.out
    assert WELL in said.out
    assert said.err == ""


def test_a_portal_of_one_deal_is_a_tour_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--deals", "1"]) == 0
    assert "1 row in 1 request" in capsys.readouterr().out


def test_without_a_terminal_there_is_neither_colour_nor_progress_bar() -> None:
    done = subprocess.run(COMMAND, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr == b""
    assert b"\x1b" not in done.stdout
    assert b"refusals: 0" in done.stdout


def test_letters_that_the_output_lacks_stop_nothing() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(COMMAND, capture_output=True, check=False, env=environment)
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert WELL.encode() in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_in_a_terminal_there_are_colours_and_a_progress_bar() -> None:
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    environment |= {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(COMMAND, stdout=theirs, stderr=theirs, stdin=theirs, env=environment) as process:
        os.close(theirs)
        said = _read_all(ours)
        assert process.wait() == 0
    assert "\x1b[1;32m✓ " in said
    assert "300/300" in said
    assert "refusals: 0" in said


def _read_all(descriptor: int) -> str:
    parts: list[bytes] = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:  # Linux says so at the end of a pseudo-terminal
        pass
    finally:
        os.close(descriptor)
    return b"".join(parts).decode()


def test_a_lost_row_is_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    whole = tour.stream

    async def lossy() -> list[int]:
        """Not the whole list."""
        return (await whole())[1:]

    monkeypatch.setattr(tour, "stream", lossy)
    assert main(["demo", "--deals", "120"]) == 1
    said = capsys.readouterr().out
    assert "the stream gave 119 rows where the portal holds 120 deals" in said
    assert WELL not in said


async def test_a_refusal_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    async with Sandbox(deals=60, faults=["query_limit"]) as sandbox, Portal(sandbox.url) as portal:
        walk = Tour(Terminal(sys.stdout), sandbox, portal)
        await walk.walk()
        assert walk.close() == 1
    said = capsys.readouterr().out
    assert "refusals: 1" in said
    assert "the portal refused 1 request" in said


async def test_a_typo_that_nobody_finds_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fine() -> None:
        """No typo."""

    monkeypatch.setattr(tour, "typo", fine)
    async with Sandbox(deals=10) as sandbox, Portal(sandbox.url) as portal:
        walk = Tour(Terminal(sys.stdout), sandbox, portal)
        await walk.walk()
        assert walk.problems == ["the typo was not found"]


def test_what_is_shown_is_the_source_without_what_only_checkers_read() -> None:
    assert tour.shown(tour.typo) == "Deal.objects.filter(opportunty__gte=100_000)"
    assert tour.shown(tour.filtered).splitlines() == [
        'large = Deal.objects.filter(Deal.opportunity >= 100_000, stage_id__in=["NEW", "WON"])',
        'deals = await large.select("id", "title", "opportunity").order_by("-opportunity")[:5]',
    ]


def test_ctrl_c_ends_the_tour_quietly() -> None:
    command = [*COMMAND[:-1], "5000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert said == b""
