from __future__ import annotations

from pathlib import Path

import pytest

import b24orm.codegen
from b24orm.cli import main


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that takes the place of b24orm/entities/."""
    generate = b24orm.codegen.generate
    monkeypatch.setattr(b24orm.codegen, "generate", lambda *, check: generate(check=check, target=tmp_path))
    return tmp_path


def test_check_finds_the_tree_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--check"]) == 0
    assert capsys.readouterr().out == "everything generated is up to date\n"


def test_check_lists_what_has_drifted_and_writes_nothing(target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate"]) == 0
    capsys.readouterr()
    (target / "deal.py").write_text("# edited by hand\n")
    assert main(["generate", "--check"]) == 1
    said = capsys.readouterr()
    assert said.out == f"{target / 'deal.py'}\n"
    assert "b24orm generate" in said.err
    assert (target / "deal.py").read_text() == "# edited by hand\n"


def test_generate_lists_what_it_wrote_and_then_nothing_is_left_to_do(
    target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate"]) == 0
    written = capsys.readouterr().out.splitlines()
    assert str(target / "deal.py") in written
    assert sorted(map(str, target.iterdir())) == written
    assert main(["generate"]) == 0
    assert capsys.readouterr().out == "everything generated is up to date\n"
