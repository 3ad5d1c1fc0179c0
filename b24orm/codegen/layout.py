"""Python source in the layout that ``ruff format`` would give it, so that generated files need no formatter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["DOCS", "LINE_LENGTH", "bracketed", "docstring", "from_import", "indented", "quoted"]

LINE_LENGTH = 120

DOCS = "https://apidocs.bitrix24.com/"
"""Root of the official documentation."""


def quoted(text: str) -> str:
    """*text* as a string literal in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def docstring(*lines: str) -> list[str]:
    """A docstring of *lines*: on one line if there is one, with the closing quotes below otherwise."""
    escaped = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    if escaped[0].startswith('"'):
        escaped[0] = f" {escaped[0]}"
    if len(escaped) == 1:
        text = escaped[0]
        return [f'"""{text[:-1]}\\""""' if text.endswith('"') else f'"""{text}"""']
    return [f'"""{escaped[0]}', *escaped[1:], '"""']


def indented(lines: Iterable[str], depth: int = 1) -> list[str]:
    """*lines* moved right by *depth* levels; blank lines stay blank."""
    return [f"{'    ' * depth}{line}" if line else "" for line in lines]


def bracketed(head: str, items: Sequence[str], tail: str, *, depth: int = 0) -> list[str]:
    """``head item, item tail`` on one line if it fits at *depth*, else one item a line with a trailing comma."""
    line = f"{head}{', '.join(items)}{tail}"
    if len(line) + 4 * depth <= LINE_LENGTH:
        return [line]
    return [head, *(f"    {item}," for item in items), tail]


def from_import(module: str, names: Iterable[str], *, depth: int = 0) -> list[str]:
    """``from module import …`` with the names as isort orders them: constants, classes, functions."""
    ordered = sorted(set(names), key=lambda name: (_rank(name), name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) + 4 * depth <= LINE_LENGTH:
        return [line]
    return bracketed(f"from {module} import (", ordered, ")", depth=LINE_LENGTH)


def _rank(name: str) -> int:
    if name.isupper():
        return 0
    return 1 if name[:1].isupper() else 2
