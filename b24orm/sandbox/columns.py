"""What a column and a table of the sandbox are: names by answer form, and how values are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from b24orm.sandbox.userfields import UserField

__all__ = ["Column", "Form", "Storage", "Table"]

Form = Literal["item", "item_camel", "classic", "default"]

Storage = Literal[
    "int", "number", "text", "code", "flag", "bit", "date", "datetime", "many", "file", "json", "fm", "const"
]
"""How a value is held. ``code``: short Latin text. ``flag``: Y or N. ``bit``: 1 or 0 (user fields). ``many``: a JSON
list. ``json``: any JSON. ``fm``: multifields, all in one column ``fm``. ``const``: the
entityTypeId, not held at all."""

_FOLDED = frozenset({"title", "name", "last_name", "company_title"})


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a table."""

    name: str
    type: str
    storage: Storage
    wire: dict[Form, str]
    title: str
    digits: int = 2
    """Decimals of a number."""
    element: Storage | None = None
    """Storage of one element of a ``many`` column."""
    multiple: bool = False
    required: bool = False
    nullable: bool = True
    read_only: bool = False
    immutable: bool = False
    filterable: bool = True
    sortable: bool = True
    selectable: bool = True
    deprecated: bool = False
    relation: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    user_field: UserField | None = None

    @property
    def folded(self) -> bool:
        """Whether the database keeps a case-folded copy, since this is what people search by."""
        return self.name in _FOLDED and self.storage == "text"

    @property
    def sql(self) -> str:
        """The column's name as SQL."""
        return f'"{self.name}"'


@dataclass(frozen=True, eq=False)
class Table:
    """All columns of one entity, with their names in each form."""

    key: str
    entity_type_id: int | None
    columns: tuple[Column, ...]
    bindings: tuple[Column, ...] = ()
    """What is described but not held."""
    hidden: tuple[Column, ...] = ()
    """What is held but not shown by the entity's own methods."""
    undescribed: frozenset[str] = frozenset()
    numbers: bool = False
    """Rows hold numbers as numbers, and null for nothing, as ``crm.item.*`` answers them."""
    true_false: bool = False
    """Rows hold true and false, not Y and N."""
    by_name: dict[str, Column] = field(init=False)
    by_wire: dict[Form, dict[str, Column]] = field(init=False)

    def __post_init__(self) -> None:
        forms: tuple[Form, ...] = ("item", "item_camel", "classic", "default")
        object.__setattr__(self, "by_name", {c.name: c for c in (*self.columns, *self.hidden)})
        object.__setattr__(
            self, "by_wire", {form: {c.wire[form]: c for c in self.columns if form in c.wire} for form in forms}
        )

    def immutable(self, column: Column, form: Form) -> bool:
        """Whether *column* can be set on create only; the classic methods cannot move a deal to another pipeline."""
        return column.immutable or (form == "classic" and (self.key, column.name) == ("deal", "category_id"))

    def described(self, form: Form) -> dict[str, Column]:
        """What the methods that describe fields show, by wire name."""
        every = [c for c in (*self.columns, *self.bindings) if form in c.wire and c.name not in self.undescribed]
        return {c.wire[form]: c for c in every}

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that exist in the database. Multifields share one, named ``fm``."""
        every = (*self.columns, *self.hidden)
        return tuple(c for c in every if c.storage != "const" and (c.storage != "fm" or c.name == "fm"))
