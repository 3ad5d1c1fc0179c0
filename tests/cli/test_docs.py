"""Every Python block of README.md and docs/ runs, in order, and a text block behind one is what it prints.

An ellipsis in a text block stands for anything to the end of its line.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

import b24orm
from b24orm import Limits, Portal, connect
from b24orm.context import default_portal
from b24orm.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PLACEHOLDER = "https://my.bitrix24.com/rest/1/code/"

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([^`]+)` \| `(\{[^`]+)` \|$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A Python block, and what it should print, if the document says so."""

    line: int
    source: str
    prints: str | None


def blocks(text: str) -> Iterator[Block]:
    found = list(_FENCED.finditer(text))
    for here, following in zip_longest(found, found[1:]):
        if here[1] != "python":
            continue
        adjacent = following is not None and following[1] == "text" and text[here.end() : following.start()] == "\n\n"
        prints = following[2] if following is not None and adjacent else None
        yield Block(text.count("\n", 0, here.start()) + 2, here[2], prints)


def _blocks_of(document: Path) -> list[Block]:
    return list(blocks(document.read_text(encoding="utf-8")))


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(deals=600, limits=Limits.none()) as sandbox:
        monkeypatch.setenv("B24_WEBHOOK", sandbox.url)
        yield sandbox


@pytest.fixture
def portal(sandbox: Sandbox) -> Iterator[Portal]:
    """A default portal, which serves examples of every kind: on a loop and in a script."""
    portal = connect(sandbox.url, limits=Limits.none())
    yield portal
    portal.close()
    default_portal.portal = None


def _cut(printed: str, wanted: str) -> str:
    """*printed* with each line cut where the line of *wanted* breaks off with an ellipsis."""
    lines = printed.splitlines(keepends=True)
    for number, line in enumerate(wanted.splitlines()[: len(lines)]):
        if line.endswith("…") and lines[number].startswith(line[:-1]):
            lines[number] = line + "\n"
    return "".join(lines)


async def run(code: CodeType, names: dict[str, Any]) -> None:
    """Runs *code*: on this loop if it awaits, in a thread as a script otherwise."""
    if code.co_flags & inspect.CO_COROUTINE:
        await eval(code, names)
    else:
        await asyncio.to_thread(exec, code, names)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
async def test_the_examples_run_and_print_what_stands_there(document: Path, sandbox: Sandbox, portal: Portal) -> None:
    names: dict[str, Any] = {"portal": portal, "__name__": "examples"}
    for block in _blocks_of(document):
        source = "\n" * (block.line - 1) + block.source.replace(PLACEHOLDER, sandbox.url)
        code = compile(source, str(document), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            await run(code, names)
        if block.prints is not None:
            assert _cut(printed.getvalue(), block.prints) == block.prints, f"{document.name}, line {block.line}"
        other = default_portal.portal
        if other is not portal and isinstance(other, Portal):  # the example made its own default
            await other.aclose()
        default_portal.portal = names["portal"] = portal


def test_the_documents_hold_examples() -> None:
    assert sum(len(_blocks_of(document)) for document in DOCUMENTS) > 30


def _wire_rows() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "querying.md").read_text(encoding="utf-8")
    return [(row[1].replace("\\|", "|"), row[2].replace("\\|", "|")) for row in _ROW.finditer(text)]


@pytest.mark.parametrize(("written", "wire"), _wire_rows())
def test_what_the_tables_of_lookups_say_is_what_is_sent(written: str, wire: str) -> None:
    names = {name: getattr(b24orm, name) for name in b24orm.__all__}
    names |= {name: getattr(sys.modules["datetime"], name) for name in ("date", "datetime", "timedelta", "timezone")}
    names["Decimal"] = sys.modules["decimal"].Decimal
    expression = written if written.startswith(("filter(", "exclude(")) else f"filter({written})"
    first = eval(f"Deal.objects.{expression}", names).explain().first
    assert json.dumps(first[0].params.get("filter") if first else None, ensure_ascii=False, default=list) == wire


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_inside_the_project_lead_somewhere(document: Path) -> None:
    text = _FENCED.sub("", document.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name}: {target}"
