"""The text of ``b24orm/entities/__init__.py``: every entity by name, each imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable

from b24orm.codegen.layout import docstring, indented, quoted
from b24orm.codegen.module import MARKER
from b24orm.schema import Entity

__all__ = ["render_index"]


def render_index(entities: Iterable[Entity]) -> str:
    """The index of *entities*. Type checkers see plain imports, programs load one module per entity used."""
    ordered = sorted(entities, key=lambda entity: entity.key)
    names = sorted(entity.name for entity in ordered)
    lines = [
        *docstring(
            "The entities of the portal: one generated module each, loaded when first asked for.",
            "",
            "Called by programs (through ``b24orm``); calls model and queryset. Nothing here is written by hand.",
            f"{MARKER} from ``schemas/*.json``: change those files, not this one.",
        ),
        "",
        "from __future__ import annotations",
        "",
        "from importlib import import_module",
        "from typing import TYPE_CHECKING",
        "",
        "if TYPE_CHECKING:",
        *indented(f"from b24orm.entities.{e.key} import {e.name} as {e.name}" for e in ordered),
        "",
        "__all__ = [",
        *(f"    {quoted(name)}," for name in names),
        "]",
        "",
        "_MODULES = {",
        *(f"    {quoted(e.name)}: {quoted(e.key)}," for e in ordered),
        "}",
        "",
        "",
        "if not TYPE_CHECKING:  # type checkers would take it for leave to import whatever is asked for",
        "",
        "    def __getattr__(name: str) -> object:",
        "        module = _MODULES.get(name)",
        "        if module is None:",
        '            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")',
        '        value: object = getattr(import_module(f"{__name__}.{module}"), name)',
        "        globals()[name] = value",
        "        return value",
        "",
        "",
        "def __dir__() -> list[str]:",
        "    return sorted({*globals(), *__all__})",
    ]
    return "\n".join(lines) + "\n"
