"""`generate` writes what is missing, removes what is stale, and in check mode only tells."""

from pathlib import Path

import pytest

from b24orm.codegen import generate
from b24orm.codegen.files import render_meta_schema
from b24orm.schema import entity_keys, schema_directory


@pytest.fixture
def target(tmp_path: Path) -> Path:
    directory = tmp_path / "entities"
    generate(target=directory)
    return directory


def names(paths: list[str]) -> list[str]:
    return [Path(path).name for path in paths]


def test_the_generated_files_of_the_project_are_up_to_date() -> None:
    assert generate(check=True) == [], "run `b24orm generate`"


def test_an_empty_directory_is_filled_with_one_module_per_schema(tmp_path: Path) -> None:
    written = generate(target=tmp_path / "new" / "entities")
    assert names(written) == sorted(["__init__.py", *(f"{key}.py" for key in entity_keys())])
    assert sorted(str(path) for path in (tmp_path / "new" / "entities").iterdir()) == written


def test_a_second_run_changes_nothing(target: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in target.iterdir()}
    assert generate(target=target) == []
    assert {path: path.stat().st_mtime_ns for path in target.iterdir()} == before


def test_check_writes_nothing(tmp_path: Path) -> None:
    assert len(generate(check=True, target=tmp_path / "none")) == len(entity_keys()) + 1
    assert not (tmp_path / "none").exists()


def test_a_changed_file_is_drift_until_it_is_written_again(target: Path) -> None:
    module = target / "deal.py"
    original = module.read_bytes()
    module.write_bytes(original + b"# edited by hand\n")
    assert names(generate(check=True, target=target)) == ["deal.py"]
    assert module.read_bytes() != original
    assert names(generate(target=target)) == ["deal.py"]
    assert module.read_bytes() == original


def test_other_line_ends_are_drift(target: Path) -> None:
    module = target / "user.py"
    module.write_bytes(module.read_bytes().replace(b"\n", b"\r\n"))
    assert names(generate(check=True, target=target)) == ["user.py"]


def test_a_missing_file_is_drift(target: Path) -> None:
    (target / "lead.py").unlink()
    assert names(generate(check=True, target=target)) == ["lead.py"]
    generate(target=target)
    assert (target / "lead.py").is_file()


def test_a_module_whose_schema_has_gone_is_drift_and_is_removed(target: Path) -> None:
    gone = target / "invoice.py"
    gone.write_bytes((target / "deal.py").read_bytes())
    assert names(generate(check=True, target=target)) == ["invoice.py"]
    assert gone.exists()
    assert names(generate(target=target)) == ["invoice.py"]
    assert not gone.exists()


def test_a_file_that_was_not_generated_is_left_alone(target: Path) -> None:
    own = target / "notes.py"
    own.write_text('"""Mine."""\n', encoding="utf-8")
    assert generate(check=True, target=target) == []
    assert generate(target=target) == []
    assert own.exists()


def test_a_stale_meta_schema_is_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b24orm.codegen.files.schema_directory", lambda: tmp_path)
    meta = tmp_path / "meta" / "entity.schema.json"
    lists = tmp_path / "meta" / "lists.json"
    assert generate(check=True) == [str(meta), str(lists)]
    assert generate() == [str(meta), str(lists)]
    assert meta.read_text(encoding="utf-8") == render_meta_schema()
    assert schema_directory() != tmp_path
