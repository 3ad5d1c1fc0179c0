"""Which fields of an object were assigned since it came from the portal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import override

__all__ = ["LoadedNames", "changed_names"]

_NOTHING: Mapping[str, Any] = {}


class LoadedNames(set[str]):
    """The names of the fields that an object holds, and which of them changed since it was loaded.

    It takes the place of the plain set that Pydantic keeps of the names that were set, so that Pydantic's own
    ``exclude_unset``, copies and pickles go on to work. The rows of a page share one; an assignment makes a copy first.
    """

    __slots__ = ("before", "changed")

    def __init__(
        self,
        names: Iterable[str] = (),
        changed: frozenset[str] = frozenset(),
        before: Mapping[str, Any] = _NOTHING,
    ) -> None:
        super().__init__(names)
        self.changed = changed
        self.before = before
        """Values that the portal holds, of fields of which only the difference is sent."""

    def with_changed(self, name: str, before: Mapping[str, Any] = _NOTHING) -> LoadedNames:
        """A copy in which *name* counts as assigned; *before* is added to what the portal holds."""
        return LoadedNames((*self, name), self.changed | {name}, {**before, **self.before} if before else self.before)

    @override
    def update(self, *others: Iterable[Any]) -> None:
        """Called by Pydantic for ``model_copy(update=…)``: these names change."""
        for names in others:
            self.changed |= frozenset(names)
        super().update(self.changed)


def changed_names(names: set[str]) -> frozenset[str]:
    """The names assigned since the object was loaded; for a new object, those that it was given."""
    return names.changed if isinstance(names, LoadedNames) else frozenset(names)
