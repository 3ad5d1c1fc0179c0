"""Raw rows of one dialect -> typed values, with as little Python per row as Pydantic allows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from b24orm.errors import InvalidRow
from b24orm.model.names import attribute_name
from b24orm.model.oddities import Lenient
from b24orm.model.values import without_addresses
from b24orm.schema import Entity

__all__ = ["Reader"]

# References by id, where 0 means "none". Pipeline 0 is a real one, the default.
_REFERENCES = ("user", "contact", "company", "lead", "deal", "quote")


class Reader:
    """Reads rows of *entity* as *dialect* sends them.

    Args:
        annotations: Python types by attribute name.
    """

    def __init__(self, entity: Entity, dialect: str, annotations: Mapping[str, Any]) -> None:
        self._entity = entity
        self._id_wire = entity.dialects[dialect].id.wire
        self._names = {field.wire[dialect]: field.name for field in entity.fields if dialect in field.wire}
        self._annotations = annotations
        # The keys of the last row and what is unknown of them: rows of a list have the same keys in the same order.
        self._seen: tuple[list[str], list[tuple[str, str]]] = ([], [])
        keys: dict[str, Any] = {}
        for field in entity.fields:
            if dialect not in field.wire:
                continue
            annotation = annotations.get(field.name, Any)
            reference = field.relation in _REFERENCES
            keys[field.name] = Annotated[
                annotation, Lenient(annotation, reference=reference), Field(validation_alias=field.wire[dialect])
            ]
        # Made at run time, out of sight of type checkers.
        make: Any = TypedDict
        row: Any = make(f"{entity.name}Row", keys, total=False)
        row.__pydantic_config__ = ConfigDict(coerce_numbers_to_str=True, extra="ignore")
        rows: Any = list[row]
        self._adapter: TypeAdapter[list[dict[str, Any]]] = TypeAdapter(rows)

    def known(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The documented fields of *rows* as typed values by attribute name.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        try:
            return self._adapter.validate_python(rows)
        except ValidationError as error:
            problem = self._explain(error, rows)
        raise problem  # out of the handler: Pydantic's error would show the row once more

    def unknown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The other fields of *row*, user fields among them, by attribute name and as they came."""
        keys = list(row)
        seen, others = self._seen
        if keys != seen:
            others = [(attribute_name(wire), wire) for wire in keys if wire not in self._names]
            self._seen = keys, others
        return {name: row[wire] for name, wire in others}

    def dicts(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Typed values by attribute name, one mapping a row, unknown fields included as they came.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        known = self.known(rows)
        for values, row in zip(known, rows, strict=True):
            values.update(self.unknown(row))
        return known

    def _explain(self, error: ValidationError, rows: Sequence[Mapping[str, Any]]) -> InvalidRow:
        place = error.errors(include_url=False)[0]["loc"]
        index, wire = place[0], str(place[1]) if len(place) > 1 else ""
        row: Mapping[str, Any] = rows[index] if isinstance(index, int) else {}
        name = self._names.get(wire, wire)
        wanted = self._annotations.get(name, Any)
        shown = wanted.__name__ if isinstance(wanted, type) else str(wanted)
        value = without_addresses(row.get(wire))
        return InvalidRow(self._entity.name, row.get(self._id_wire), name, value, f"expected {_MODULE.sub('', shown)}")


_MODULE = re.compile(r"\b(?:\w+\.)+(?=\w)")  # datetime.date -> date
