"""What a portal has of its own: user fields, parents, smart processes and dictionaries, and the tables that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from b24orm.sandbox.fields import TABLE_KEYS, Table, make_table, table
from b24orm.sandbox.owners import Owners
from b24orm.sandbox.smart import PROCESSES, SmartProcess
from b24orm.sandbox.userfields import USER_FIELDS, UserField

__all__ = ["BASES", "ORDINARY", "Layout"]

T = TypeVar("T")

BASES: Mapping[str, int] = {"lead": 1, "deal": 2, "contact": 3, "company": 4, "quote": 7, "smart_invoice": 31}
"""The entityTypeIds of what every portal has and may add fields to."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The layout of one portal.

    Attributes:
        user_fields: by the key of the table.
        processes: by the key of the table.
        parents: (entityTypeId, title) of what objects can be bound to by ``parentId…``, by the key of the table.
        rows: what is no entity's but the portal's: the rows of the tables ``status``, ``category``, ``crm_type`` and
            ``currency``; of those that are missing the sandbox has its own.
        text: the JSON text that it was read from; "" for the ordinary one.
    """

    user_fields: Mapping[str, tuple[UserField, ...]]
    processes: Mapping[str, SmartProcess]
    parents: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict[str, tuple[tuple[int, str], ...]])
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict[str, Sequence[Mapping[str, Any]]])
    text: str = ""
    _tables: dict[str, Table] = field(default_factory=dict[str, Table])

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The entities of the portal."""
        return (*(key for key in TABLE_KEYS if key not in PROCESSES), *self.processes)

    @cached_property
    def by_type_id(self) -> Mapping[int, Table]:
        """The tables of the CRM's objects."""
        numbers = {**BASES, **{key: process.entity_type_id for key, process in self.processes.items()}}
        return {number: self.table(key) for key, number in numbers.items()}

    @cached_property
    def owners(self) -> Owners:
        """The kinds of objects that others belong to."""
        return Owners.of(self.processes.values())

    def user_field_entity(self, key: str) -> str:
        """The ENTITY_ID of the user fields of the entity *key*."""
        process = self.processes.get(key)
        return process.user_field_entity if process else f"CRM_{key.upper()}"

    def table(self, key: str) -> Table:
        """The table of the entity *key*."""
        found = self._tables.get(key)
        if found is None:
            process = self.processes.get(key)
            own = process or key in BASES or key in self.user_fields
            fields, parents = self.user_fields.get(key, ()), self.parents.get(key, ())
            found = make_table(key, process, fields, parents) if own else table(key)
            self._tables[key] = found
        return found

    def with_user_fields(self, key: str, fields: tuple[UserField, ...]) -> Layout:
        """The same layout, but for the user fields of one entity."""
        return Layout({**self.user_fields, key: fields}, self.processes, self.parents, self.rows, self.text)

    def with_process(self, process: SmartProcess) -> Layout:
        """The same layout with a smart process, in place of that of its number if there is one."""
        processes = {**self.processes, process.key: process}
        parents = {**self.parents, process.key: process.parents}
        return Layout(self.user_fields, processes, parents, self.rows, self.text)

    def without_process(self, key: str) -> Layout:
        """The same layout without a smart process and its user fields."""
        return Layout(
            _without(self.user_fields, key),
            _without(self.processes, key),
            _without(self.parents, key),
            self.rows,
            self.text,
        )


def _without(held: Mapping[str, T], key: str) -> dict[str, T]:
    return {name: value for name, value in held.items() if name != key}


class _Ordinary(Layout):
    def table(self, key: str) -> Table:
        return table(key)


ORDINARY = _Ordinary(USER_FIELDS, PROCESSES, {key: process.parents for key, process in PROCESSES.items()})
"""That of every sandbox that is given no other."""
