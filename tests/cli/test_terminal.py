from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from typing_extensions import override

from b24orm.cli.terminal import Terminal


class Screen(io.TextIOWrapper):
    """A stream in memory that says of itself whether it is a terminal."""

    def __init__(self, *, interactive: bool = False, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.interactive = interactive

    @override
    def isatty(self) -> bool:
        return self.interactive

    @property
    def text(self) -> str:
        self.seek(0)
        return self.read()


@pytest.mark.parametrize(
    ("interactive", "environment", "colours"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": ""}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    interactive: bool, environment: Mapping[str, str], colours: bool
) -> None:
    screen = Screen(interactive=interactive)
    terminal = Terminal(screen, environment)
    terminal.line("all well", "bold", "green")
    terminal.code("x = 1")
    assert ("\x1b[1;32mall well\x1b[0m" in screen.text) is colours
    assert ("\x1b" in screen.text) is colours


def test_an_encoding_without_the_letters_gets_others_and_no_error() -> None:
    screen = Screen(encoding="ascii")
    terminal = Terminal(screen, {})
    terminal.code("x = 1")
    terminal.line("✓ Сделка")
    terminal.bars([("a", 1)])
    assert screen.text.splitlines()[:2] == ["  | x = 1", "+ ??????"]
    assert "#" in screen.text


def test_a_stream_that_names_no_encoding_is_written_to_in_ascii() -> None:
    stream = io.StringIO()
    Terminal(stream, {}).line("✓")
    assert stream.getvalue() == "+\n"


def test_a_long_line_goes_on_below_set_in() -> None:
    screen = Screen()
    terminal = Terminal(screen, {})
    terminal.width = 50
    terminal.line("word " * 20, indent=2)
    lines = screen.text.splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 50 for line in lines)
    assert lines[0].startswith("  word")
    assert lines[1].startswith("     word")


def test_the_widest_column_gives_way() -> None:
    screen = Screen()
    terminal = Terminal(screen, {})
    terminal.width = 50
    terminal.table(("id", "title"), [("7", "long " * 30), ("12", "short")], right=frozenset({0}))
    lines = screen.text.splitlines()
    assert lines[0] == "  id  title"
    assert lines[1].startswith("   7  long long")
    assert lines[1].endswith("…")
    assert len(lines[1]) == 50
    assert lines[2] == "  12  short"


def test_bars_are_in_proportion() -> None:
    screen = Screen()
    Terminal(screen, {}).bars([("all", 1000), ("half", 500), ("none", 0)])
    everything, half, none = screen.text.splitlines()
    assert everything.startswith("  all   1,000  █")
    assert abs(everything.count("█") - 2 * half.count("█")) <= 1
    assert none == "  none      0"


def test_nothing_is_drawn_of_nothing() -> None:
    screen = Screen()
    Terminal(screen, {}).table(("a",), [])
    Terminal(screen, {}).bars([])
    assert screen.text == ""


@pytest.mark.parametrize(("columns", "width"), [("30", 48), ("70", 70), ("400", 110)])
def test_the_width_follows_the_screen_within_reason(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert Terminal(Screen(interactive=True)).width == width
