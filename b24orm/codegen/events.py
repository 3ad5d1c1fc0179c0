"""The text of ``b24orm/events/catalogue.py``: a class for every documented event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from b24orm.codegen.layout import DOCS, docstring, from_import, indented, quoted
from b24orm.codegen.module import MARKER
from b24orm.schema.events import EventSpec

__all__ = ["render_events"]

_READERS = {"int": "whole", "str": "text", "flag": "flag", "secret": "secret", "any": "anything"}
_IDS = {"int": "whole_id", "str": "text_id"}
_SMART = "SmartProcessItem"  # or a smart invoice: `ItemEvent` finds out


def render_events(specs: Iterable[EventSpec]) -> str:
    """The module of *specs*."""
    ordered = sorted(specs, key=lambda spec: spec.name)
    models = {spec.model for spec in ordered if spec.model and spec.model != _SMART}
    classes = [list(_class(spec)) for spec in ordered]
    bases = {base for base in ("Event", "ItemEvent", "RowEvent") if any(base in lines[0] for lines in classes)}
    head = [
        *docstring(
            "A class for every documented event: ``OnCrmDealAdd`` and so on.",
            "",
            f"{MARKER} from ``schemas/meta/events.json``: change that file, not this one.",
        ),
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "from typing import TYPE_CHECKING, ClassVar",
        "",
        "from b24orm.events import values",
        *from_import("b24orm.events.base", bases),
        "",
        "if TYPE_CHECKING:",
        "    from b24orm.entities import (  # noqa: F401 - the bases name them as texts",
        *(f"        {model}," for model in sorted(models)),
        "    )",
        "",
        "__all__: list[str] = [",
        *(f"    {quoted(name)}," for name in sorted(["CATALOGUE", *(spec.name for spec in ordered)])),
        "]",
    ]
    table = [
        "CATALOGUE: Mapping[str, type[Event]] = {",
        *(f"    {quoted(spec.event)}: {spec.name}," for spec in sorted(ordered, key=lambda spec: spec.event)),
        "}",
        '"""Every documented event by the portal\'s name for it."""',
    ]
    return "\n\n\n".join("\n".join(block) for block in [head, *classes, table]) + "\n"


def _class(spec: EventSpec) -> Iterator[str]:
    base = f'RowEvent["{spec.model}"]' if spec.model else "Event"
    base = "ItemEvent" if spec.model == _SMART else base
    yield f"class {spec.name}({base}):"
    old = "; outdated" if spec.outdated else ""
    yield from indented(docstring(f"``{spec.event}``, scope ``{spec.scope}``{old}.", "", DOCS + spec.doc))
    yield ""
    yield f"    event: ClassVar[str] = {quoted(spec.event)}"
    if spec.model and base != "ItemEvent":
        yield f"    model: ClassVar[str] = {quoted(spec.model)}"
        if spec.needs:
            yield f"    needs: ClassVar[tuple[str, ...]] = ({', '.join(quoted(name) for name in spec.needs)},)"
    if spec.fields:
        yield ""
    for name, said in spec.fields.items():
        kind, _, paths = said.partition(" ")
        reader = _IDS[kind] if name == "id" else _READERS[kind]
        yield f"    {name} = values.{reader}({', '.join(quoted(path) for path in paths.split('|'))})"
