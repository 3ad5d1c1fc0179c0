"""Changes of a portal's layout while it runs: user fields and smart processes come and go.

Columns and tables follow, and what the portal has now is remembered with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from b24orm.sandbox.layout import Layout
from b24orm.sandbox.smart import SmartProcess
from b24orm.sandbox.state import State
from b24orm.sandbox.userfields import UserField

__all__ = ["change_process", "change_user_fields", "drop_process", "with_changes"]

_FIELDS, _PROCESSES = "user_fields", "processes"


def change_user_fields(state: State, key: str, fields: tuple[UserField, ...]) -> None:
    """Let the objects of one kind have these user fields and no others."""
    state.store.relay(key, state.layout.with_user_fields(key, fields))
    _remember(state, _FIELDS, key, [asdict(field) for field in fields])


def change_process(state: State, process: SmartProcess) -> None:
    """Let there be a smart process, or let it be as it is said now."""
    layout = state.layout.with_process(process)
    if process.key in state.layout.processes:
        state.store.relay(process.key, layout)
    else:
        state.store.layout = layout
        state.store.ids(process.key)  # makes the table, which a file must have
    _remember(state, _PROCESSES, process.key, {**asdict(process), "enabled": sorted(process.enabled)})


def drop_process(state: State, process: SmartProcess) -> None:
    """Let there be no such smart process."""
    state.store.drop(process.key, state.layout.without_process(process.key))
    _remember(state, _PROCESSES, process.key, None)


def _remember(state: State, name: str, key: str, said: Any) -> None:
    state.kept[name] = {**state.kept.get(name, {}), key: said}


def with_changes(layout: Layout, kept: Mapping[str, Any]) -> Layout:
    """*layout* with the changes that a portal remembers."""
    for key, said in kept.get(_PROCESSES, {}).items():
        layout = layout.without_process(key) if said is None else layout.with_process(_process(said))
    for key, fields in kept.get(_FIELDS, {}).items():
        if kept.get(_PROCESSES, {}).get(key, fields) is not None:
            layout = layout.with_user_fields(key, tuple(map(_field, fields)))
    return layout


def _pairs(said: Any) -> tuple[tuple[int, str], ...]:
    return tuple((number, text) for number, text in said)


def _process(said: Mapping[str, Any]) -> SmartProcess:
    parts: dict[str, Any] = {
        **said,
        "enabled": frozenset(said["enabled"]),
        "pipelines": _pairs(said["pipelines"]),
        "parents": _pairs(said["parents"]),
    }
    return SmartProcess(**parts)


def _field(said: Mapping[str, Any]) -> UserField:
    parts: dict[str, Any] = {**said, "items": _pairs(said["items"])}
    return UserField(**parts)
