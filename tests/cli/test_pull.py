from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from b24orm import Limits
from b24orm.cli import main
from b24orm.sandbox import Sandbox


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A portal whose webhook is in the environment."""
    with Sandbox(deals=3, limits=Limits.none()) as sandbox:
        monkeypatch.setenv("B24_WEBHOOK", sandbox.url)
        yield sandbox
        assert sandbox.books.crashes == []


def rename_a_stage(sandbox: Sandbox) -> None:
    (stage,) = [id for id in sandbox.ids("status") if (sandbox.row("status", id) or {})["status_id"] == "C1:WON"]
    sandbox.update("status", stage, name="Получено")


def test_pull_writes_the_module_and_says_what_is_in_it(
    portal: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "crm_models.py"
    assert main(["pull", "--out", str(path)]) == 0
    said = capsys.readouterr()
    assert said.out == f"{path}: 8 classes with 56 fields of the portal's own\n"
    assert said.err == ""
    text = path.read_bytes()
    assert b"\r" not in text
    compile(text, str(path), "exec")
    assert portal.code.encode() not in text


def test_a_second_pull_finds_it_up_to_date_and_leaves_the_file_alone(
    portal: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "crm_models.py"
    main(["pull", "--out", str(path)])
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    capsys.readouterr()
    for more in ([], ["--check"]):
        assert main(["pull", "--out", str(path), *more]) == 0
        assert capsys.readouterr().out == f"{path} is up to date\n"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_check_shows_what_has_changed_at_the_portal_and_writes_nothing(
    portal: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "crm_models.py"
    main(["pull", "--out", str(path)])
    before = path.read_bytes()
    rename_a_stage(portal)
    capsys.readouterr()
    assert main(["pull", "--out", str(path), "--check"]) == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert '-    "C1:WON",  # Закупки: Выполнено' in lines
    assert '+    "C1:WON",  # Закупки: Получено' in lines
    assert sum(line.startswith(("+", "-")) for line in lines) == 4  # with the two heads
    assert "out of date" in said.err
    assert f"b24orm pull --out {path}" in said.err
    assert path.read_bytes() == before


def test_pull_brings_a_stale_module_up_to_date(portal: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "crm_models.py"
    main(["pull", "--out", str(path)])
    rename_a_stage(portal)
    assert main(["pull", "--out", str(path)]) == 0
    assert "Получено" in path.read_text(encoding="utf-8")
    assert main(["pull", "--out", str(path), "--check"]) == 0


def test_check_of_a_module_that_is_not_there_shows_all_of_it(
    portal: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "crm_models.py"
    assert main(["pull", "--out", str(path), "--check"]) == 1
    assert "+class ZayavkiNaRemont(base_smart_process_item.SmartProcessItemFields):" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_the_directories_above_the_module_are_made(portal: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "app" / "crm" / "models.py"
    assert main(["pull", "--out", str(path)]) == 0
    assert path.is_file()


def test_the_module_is_called_crm_models_unless_told_otherwise(
    portal: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["pull"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["crm_models.py"]


def test_the_webhook_may_be_an_argument_and_goes_before_the_environment(
    portal: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK", "https://elsewhere.example.test/rest/1/s3cr3t/")
    assert main(["pull", "--webhook", portal.url, "--out", str(tmp_path / "m.py")]) == 0


def test_what_could_not_be_read_is_said(portal: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    portal.faults.add("access_denied", method="crm.type.list")
    assert main(["pull", "--out", str(tmp_path / "m.py")]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("not read: smart processes: crm.type.list is for administrators")
    assert "6 classes" in said.out


# --------------------------------------------------------------------------------------------------------- errors


def test_without_a_webhook_it_says_where_that_should_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("B24_WEBHOOK", raising=False)
    assert main(["pull", "--out", str(tmp_path / "m.py")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "B24_WEBHOOK" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://my.bitrix24.com/rest/s3cr3t/1/",
        "https://my.bitrix24.com/rest/1/s3cr3t/profile.json",
        "http://my.bitrix24.com/rest/1/s3cr3t/",
        "my.bitrix24.com/rest/1/s3cr3t/",
        "https://s3cr3t@my.bitrix24.com/rest/1/s3cr3t/",
    ],
)
@pytest.mark.parametrize("place", ["argument", "environment"])
def test_a_webhook_that_is_none_is_refused_and_not_shown(
    url: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("B24_WEBHOOK", url)
    arguments = ["--webhook", url] if place == "argument" else []
    assert main(["pull", "--out", str(tmp_path / "m.py"), *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("b24orm: this is not a webhook URL")
    assert "s3cr3t" not in said.out + said.err


def test_a_portal_that_cannot_be_reached_is_an_error_without_the_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/rest/1/s3cr3t/"
        assert main(["pull", "--webhook", url, "--out", str(tmp_path / "m.py")]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("b24orm: ")
    assert "127.0.0.1" in said.err
    assert "s3cr3t" not in said.out + said.err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_code_is_an_error_without_the_code(
    portal: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = portal.url.replace(portal.code, "s3cr3t")
    assert main(["pull", "--webhook", url, "--out", str(tmp_path / "m.py")]) == 2
    said = capsys.readouterr()
    assert "INVALID_CREDENTIALS" in said.err
    assert "s3cr3t" not in said.out + said.err


def test_an_error_of_the_portal_leaves_the_module_as_it_was(
    portal: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.py"
    main(["pull", "--out", str(path)])
    before = path.read_bytes()
    portal.faults.add("access_denied", method="crm.item.fields")
    capsys.readouterr()
    assert main(["pull", "--out", str(path)]) == 2
    assert "ACCESS_DENIED" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_path_that_cannot_be_written_is_an_error_in_words(
    portal: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("")
    for path in (tmp_path / "taken" / "models.py", tmp_path):
        assert main(["pull", "--out", str(path)]) == 2
        assert str(path) in capsys.readouterr().err


def test_a_file_that_is_no_text_is_just_out_of_date(portal: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "models.py"
    path.write_bytes(b"\xff\xfe")
    assert main(["pull", "--out", str(path), "--check"]) == 1
    assert main(["pull", "--out", str(path)]) == 0
    assert path.read_text(encoding="utf-8").startswith('"""The CRM of one portal')


def test_help_says_that_the_webhook_is_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["pull", "--help"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "it is a secret" in said
    assert "B24_WEBHOOK" in said
    assert "default: crm_models.py" in said
