"""Raw rows of one dialect -> typed values, with as little Python per row as Pydantic allows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from b24orm.errors import InvalidRow
from b24orm.model.oddities import Lenient
from b24orm.schema import Entity

__all__ = ["Reader", "attribute_name"]

# References by id, where 0 means "none". Pipeline 0 is a real one, the default.
_REFERENCES = ("user", "contact", "company", "lead", "deal", "quote")


@lru_cache(maxsize=4096)
def attribute_name(wire: str) -> str:
    """The attribute name of a wire name that no schema knows: ``ufCrm_17`` and ``UF_CRM_17`` -> ``uf_crm_17``."""
    if wire.upper() == wire:
        return wire.lower()
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Z])", "_", wire).replace("__", "_").lower()


class Reader:
    """Reads rows of *entity* as *dialect* sends them.

    Args:
        annotations: Python types by attribute name.
    """

    def __init__(self, entity: Entity, dialect: str, annotations: Mapping[str, Any]) -> None:
        self._entity = entity
        self._id_wire = entity.dialects[dialect].id.wire
        self._names = {field.wire[dialect]: field.name for field in entity.fields if dialect in field.wire}
        self.wires = self._names.keys()
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
        raise problem

    def unknown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The other fields of *row*, user fields among them, by attribute name and as they came."""
        return {attribute_name(wire): row[wire] for wire in row.keys() - self.wires}

    def dicts(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Typed values by attribute name, one mapping a row, unknown fields included as they came.

        Raises:
            InvalidRow: a value that its field cannot hold.
        """
        known = self.known(rows)
        for values, row in zip(known, rows, strict=True):
            if row.keys() - self.wires:
                values.update(self.unknown(row))
        return known

    def _explain(self, error: ValidationError, rows: Sequence[Mapping[str, Any]]) -> InvalidRow:
        first = error.errors(include_url=False)[0]
        index, wire = first["loc"][0], str(first["loc"][1]) if len(first["loc"]) > 1 else ""
        row: Mapping[str, Any] = rows[index] if isinstance(index, int) else {}
        name = self._names.get(wire, wire)
        return InvalidRow(self._entity.name, row.get(self._id_wire), name, row.get(wire), first["msg"])
