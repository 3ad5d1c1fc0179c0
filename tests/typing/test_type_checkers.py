"""Both type checkers read programs that use the package: no error in good ones, one on every marked line of the bad."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
FILES = ("use_ok.py", "use_bad.py", "use_portal_codegen.py")
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
def mypy_errors() -> Errors:
    answer = _run("mypy", "--strict", "--output", "json", *(str(HERE / name) for name in FILES))
    found: list[dict[str, Any]] = [json.loads(line) for line in answer.splitlines() if line.startswith("{")]
    return _gathered([(e["file"], e["line"], e["message"]) for e in found if e["severity"] == "error"])


@pytest.fixture(scope="module")
def pyright_errors() -> Errors:
    answer = json.loads(_run("pyright", "-p", str(HERE), "--pythonpath", sys.executable, "--outputjson"))
    assert answer["summary"]["filesAnalyzed"] == len(FILES)
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


@pytest.mark.parametrize("name", ["use_ok.py", "use_portal_codegen.py"])
def test_a_right_program_has_no_type_error(errors: Errors, name: str) -> None:
    assert dict(errors.get(name, {})) == {}


def test_every_marked_line_of_the_wrong_program_is_a_type_error_and_no_other_line(errors: Errors) -> None:
    lines = (HERE / "use_bad.py").read_text("utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if MARK in line}
    found = errors["use_bad.py"]
    assert len(marked) > 40
    assert {lines[n - 1].strip() for n in marked - found.keys()} == set()
    assert {(lines[n - 1].strip(), *found[n]) for n in found.keys() - marked} == set()
