"""What to answer of an object, and of the objects that it is related to: ``select``.

Facts: api-reference/rest-v3.md, "Connections between objects". That page says that unknown fields of the object itself
are left out in silence; the source of 2026 and the tests of official clients say that they are refused as those of
related objects are, and so does the sandbox. A bare relation means all plain fields of the related object, as in that
source; earlier builds left it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from b24orm.sandbox.php import entries, is_array
from b24orm.sandbox.state import State
from b24orm.sandbox.v3.dto import Dto, Property, Row
from b24orm.sandbox.v3.refusals import invalid_select, unknown_property

__all__ = ["Selection", "read_select"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen fields in the order of the object; a related object comes with what is chosen of it."""

    fields: tuple[tuple[Property, Selection | None], ...]

    @property
    def columns(self) -> list[str]:
        """The columns that rows need for it, ``id`` among them."""
        return list(dict.fromkeys(("id", *(name for one, _ in self.fields for name in one.columns))))

    def shown(self, state: State, row: Row) -> dict[str, Any]:
        """The object that is answered for a row."""
        return {one.name: _value(state, row, one, below) for one, below in self.fields}


def _value(state: State, row: Row, one: Property, below: Selection | None) -> Any:
    if below is None:
        return one.shown(state, row)
    assert one.relation is not None
    found = one.relation.load(state, row)
    if one.relation.many:
        return [below.shown(state, item) for item in found]
    return None if found is None else below.shown(state, found)


def read_select(dto: Dto, raw: Any, usual: Iterable[str] | None = None, *, inner: bool = False) -> Selection:
    """A select as it came; without one, or without a field of the object itself, the *usual* fields are answered.

    The second follows from the sample of api-reference/tasks/tasks-task-get-rest-v3.md: it selects the name and the
    e-mail of the responsible person, and is answered all plain fields of the task beside them. Of a related object
    (*inner*) nothing comes along.

    Raises:
        Refused: it is no list of names, or names what the object has not.
    """
    if raw is not None and not is_array(raw):
        raise invalid_select(raw)
    own, deep = set[str](), dict[str, list[str]]()
    for _, path in entries(raw):
        if not isinstance(path, str):
            raise invalid_select(raw)
        name, _, rest = path.partition(".")
        one = dto.by_name.get(name)
        if one is None or (rest and one.relation is None):
            raise unknown_property(dto.name, name if one is None else path)
        if one.relation is None:
            own.add(name)
        else:
            deep.setdefault(name, []).extend([rest] if rest else [])
    if not own and usual is None:
        own = {one.name for one in dto.properties if one.usual and one.relation is None}
    own |= set() if inner else dto.always | set(() if own else usual or ())
    chosen = [one for one in dto.properties if one.name in own or one.name in deep]
    return Selection(tuple((one, _related(one, deep.get(one.name, []))) for one in chosen))


def _related(one: Property, paths: list[str]) -> Selection | None:
    if one.relation is None:
        return None
    return read_select(one.relation.to(), paths, (), inner=True) if paths else _plain(one.relation.to())


def _plain(dto: Dto) -> Selection:
    return Selection(tuple((one, None) for one in dto.properties if one.relation is None))
