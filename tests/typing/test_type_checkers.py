"""Both type checkers read programs that use the package: no error in good ones, one on every marked line of the bad."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from b24orm import Limits
from b24orm.cli.entry import main
from b24orm.sandbox import Sandbox

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
RIGHT = (
    "use_ok.py",
    "use_portal_codegen.py",
    "use_entities_ok.py",
    "use_events_ok.py",
    "use_pulled_ok.py",
    "use_relations_ok.py",
    "use_writes_ok.py",
)
# Name, and how many lines are marked at the least: a mark that is not found would be no test.
WRONG = (
    ("use_bad.py", 43),
    ("use_entities_bad.py", 165),
    ("use_events_bad.py", 14),
    ("use_pulled_bad.py", 30),
    ("use_relations_bad.py", 17),
    ("use_writes_bad.py", 30),
)
FILES = (*RIGHT, *(name for name, _ in WRONG))
PULLED = "crm_models.py"
MARK = "# E: "

# file -> line -> messages
Errors = Mapping[str, Mapping[int, list[str]]]


def _run(*command: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", *command], cwd=HERE.parents[1], capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr  # 1: errors were found
    return ran.stdout


def _gathered(found: list[tuple[str, int, str]]) -> Errors:
    errors: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path, line, message in found:
        errors[Path(path).name][line].append(message)
    return errors


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of this directory, beside the module that is pulled from a portal."""
    directory = tmp_path_factory.mktemp("programs")
    for name in (*FILES, "pyrightconfig.json"):
        shutil.copy(HERE / name, directory)
    with Sandbox(deals=1, limits=Limits.none()) as sandbox:
        assert main(["pull", "--webhook", sandbox.url, "--out", str(directory / PULLED)]) == 0
    return directory


@pytest.fixture(scope="module")
def mypy_errors(programs: Path) -> Errors:
    files = (str(programs / name) for name in (*FILES, PULLED))
    answer = _run("mypy", "--strict", "--output", "json", *files)
    found: list[dict[str, Any]] = [json.loads(line) for line in answer.splitlines() if line.startswith("{")]
    return _gathered([(e["file"], e["line"], e["message"]) for e in found if e["severity"] == "error"])


@pytest.fixture(scope="module")
def pyright_errors(programs: Path) -> Errors:
    answer = json.loads(_run("pyright", "-p", str(programs), "--pythonpath", sys.executable, "--outputjson"))
    assert answer["summary"]["filesAnalyzed"] == len(FILES) + 1
    return _gathered(
        [
            (e["file"], e["range"]["start"]["line"] + 1, e["message"])
            for e in answer["generalDiagnostics"]
            if e["severity"] != "information"
        ]
    )


@pytest.fixture(params=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest) -> Errors:
    found: Errors = request.getfixturevalue(f"{request.param}_errors")
    return found


def test_every_program_here_is_checked() -> None:
    assert {path.name for path in HERE.glob("use_*.py")} == {*FILES}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_program_has_no_type_error(errors: Errors, name: str) -> None:
    assert dict(errors.get(name, {})) == {}


def test_the_module_that_is_pulled_from_a_portal_has_no_type_error(errors: Errors) -> None:
    assert dict(errors.get(PULLED, {})) == {}


@pytest.mark.parametrize(("name", "at_least"), WRONG)
def test_every_marked_line_of_the_wrong_program_is_a_type_error_and_no_other_line(
    errors: Errors, name: str, at_least: int
) -> None:
    lines = (HERE / name).read_text("utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if MARK in line}
    found = errors.get(name, {})
    assert len(marked) >= at_least
    assert {lines[n - 1].strip() for n in marked - found.keys()} == set()
    assert {(lines[n - 1].strip(), *found[n]) for n in found.keys() - marked} == set()
