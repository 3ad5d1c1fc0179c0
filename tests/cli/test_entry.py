from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest

import b24orm
from b24orm import Portal
from b24orm.cli import commands, main
from b24orm.sandbox import Sandbox


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"b24orm {b24orm.__version__}\n"


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "b24orm", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"b24orm {b24orm.__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dmo"],
        ["demo", "--deals", "many"],
        ["demo", "--deals", "0"],
        ["demo", "--seed", "-1"],
        ["sandbox"],
        ["sandbox", "serve", "--port", "65536"],
        ["sandbox", "serve", "--plan", "free"],
        ["generate", "--chek"],
    ],
)
def test_wrong_arguments_exit_with_2_and_say_how_it_goes(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: b24orm" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "problem"), [("many", "invalid number value: 'many'"), ("0", "0 is not 1 or more")])
def test_a_wrong_number_is_named(text: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--deals", text])
    assert problem in capsys.readouterr().err


def test_numbers_may_be_grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[argparse.Namespace] = []

    def demo(arguments: argparse.Namespace) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr(commands, "demo", demo)
    assert main(["demo", "--deals", "20_000", "--seed", "3"]) == 0
    assert (seen[0].deals, seen[0].seed) == (20_000, 3)


def test_an_error_of_b24orm_exits_with_2_and_shows_neither_traceback_nor_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(deals=1) as sandbox:
        wrong = sandbox.url.replace(sandbox.code, "n0t-the-c0de")

        def ask(_: argparse.Namespace) -> int:
            async def profile() -> None:
                async with Portal(wrong) as portal:
                    await portal.call("profile")

            asyncio.run(profile())
            return 0

        monkeypatch.setattr(commands, "demo", ask)
        assert main(["demo"]) == 2
    said = capsys.readouterr()
    assert re.fullmatch(r"b24orm: .+\n", said.err)
    assert "INVALID_CREDENTIALS" in said.err
    assert "n0t-the-c0de" not in said.err + said.out


def test_an_unusable_webhook_url_is_refused_without_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(_: argparse.Namespace) -> int:
        Portal("http://my.bitrix24.ru/rest/1/n0t-the-c0de/")
        return 0

    monkeypatch.setattr(commands, "demo", ask)
    assert main(["demo"]) == 2
    said = capsys.readouterr().err
    assert "https" in said
    assert "n0t-the-c0de" not in said


def test_ctrl_c_exits_with_130_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "demo", interrupted)
    assert main(["demo"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_goes_away_leaves_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "b24orm", "demo", "--deals", "200"]
    complaints = tmp_path / "stderr"
    with (
        complaints.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.wait() == 1
    assert complaints.read_text() == ""
