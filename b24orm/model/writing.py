"""Typed values -> what the portal takes in ``fields`` of a create or an update.

Multifields are sent as differences, since the portal keeps those that are not mentioned; files as names with contents.
Facts: https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-update.html,
https://apidocs.bitrix24.com/api-reference/crm/contacts/crm-contact-update.html and
https://apidocs.bitrix24.com/api-reference/files/how-to-update-files.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from b24orm.compiler import find_field, is_user_field
from b24orm.errors import InvalidValue
from b24orm.model.values import File, Multifield
from b24orm.money import Money
from b24orm.narrow import is_list
from b24orm.schema import Dialect, Entity, Field

__all__ = ["Written", "written"]

_MODERN = ("crm_item",)
# Families that want the contents of a file in an object, not as a pair of name and contents.
_FILE_DATA = ("crm_classic", "controller", "products", "lists")
_TYPES = {"phones": "PHONE", "emails": "EMAIL", "web": "WEB", "im": "IM", "link": "LINK"}


@dataclass(slots=True)
class Written:
    """Values as the portal takes them.

    Attributes:
        values: by attribute name.
        once: whether they add something to what is there, so that they must not be sent twice.
    """

    values: dict[str, Any] = field(default_factory=dict[str, Any])
    once: bool = False


def written(
    entity: Entity, dialect: str, values: Mapping[str, Any], before: Mapping[str, Any], *, new: bool = False
) -> Written:
    """*values*, typed, by attribute name, as *dialect* takes them.

    Args:
        before: what the portal holds of fields that are sent `as_difference`; others of these are only added to.
        new: of a row that is not at the portal yet.

    Raises:
        InvalidValue: a value that cannot be written.
        UnknownField: no such field.
    """
    spec = entity.dialects[dialect]
    modern = spec.grammar in _MODERN
    result = Written()
    multifields: dict[str, Any] = {}
    for name, value in values.items():
        known = entity.by_name.get(name) or find_field(entity, name)
        kind = known.kind
        if kind == "multifield":
            held = before.get(name)
            if modern:
                entries = _typed(known, value)
                if name != "fm" and held is None and "fm" in before:
                    held = [entry for entry in before["fm"] or () if entry.type_id == _TYPES.get(name)]
                said = _modern(entries, held, len(multifields))
                result.once |= any(key.startswith("n") for key in said)
                multifields.update(said)
            else:
                listed = _classic(_typed(known, value), held)
                result.once |= any("ID" not in entry for entry in listed)
                result.values[name] = listed
        elif kind == "file":
            result.values[name] = _files(known, value, before.get(name), paired=spec.grammar not in _FILE_DATA)
        elif kind == "object":
            result.values[name] = value
        else:
            result.values[name] = _encoder(known, spec)(value)
    if multifields or (modern and "fm" in values):
        result.values["fm"] = multifields
    result.once &= not new
    return result


def _encoder(field: Field, spec: Dialect) -> Callable[[Any], Any]:
    # Outside of crm.item, user fields hold 1 and 0; crm.item takes Y, and reads 1 as no.
    bits = spec.grammar not in _MODERN and is_user_field(field)

    def encode(value: Any) -> Any:
        if isinstance(value, bool):
            return int(value) if bits else value
        if isinstance(value, Money):
            return str(value)
        if isinstance(value, File):  # of a field that no class declares
            return _file(value, paired=spec.grammar not in _FILE_DATA)
        if is_list(value):
            return [encode(item) for item in value]
        return value  # numbers, dates and texts are spelled by the encoder of parameters

    return encode


def _typed(field: Field, value: Any) -> list[Multifield]:
    """Entries that say of which type they are."""
    type_id = _TYPES.get(field.name, "")
    entries: list[Multifield] = []
    for entry in value or ():
        if not entry.type_id and not type_id:
            raise InvalidValue(f"{field.name}: say what {entry.value!r} is: Multifield(type_id='PHONE', value=…)")
        entries.append(entry if entry.type_id else entry.model_copy(update={"type_id": type_id}))
    return entries


def _changed(entries: Iterable[Multifield], before: Iterable[Multifield] | None) -> list[Multifield]:
    held = {entry.id: entry for entry in before or ()}
    return [entry for entry in entries if entry.id is None or held.get(entry.id) != entry]


def _removed(entries: Iterable[Multifield], before: Iterable[Multifield] | None) -> list[int]:
    kept = {entry.id for entry in entries}
    return [entry.id for entry in before or () if entry.id is not None and entry.id not in kept]


def _modern(entries: list[Multifield], before: list[Multifield] | None, number: int) -> dict[str, Any]:
    """``fm``: the keys n0, n1 … add, an id changes, an id with an empty value deletes."""
    said: dict[str, Any] = {}
    for index, entry in enumerate(_changed(entries, before), number):
        key = f"n{index}" if entry.id is None else str(entry.id)
        said[key] = {"typeId": entry.type_id, "valueType": entry.value_type or "WORK", "value": entry.value}
    return said | {str(id): {"value": ""} for id in _removed(entries, before)}


def _classic(entries: list[Multifield], before: list[Multifield] | None) -> list[dict[str, Any]]:
    """A list like PHONE: without ID it adds, with one it changes, with DELETE it deletes."""
    said: list[dict[str, Any]] = []
    for entry in _changed(entries, before):
        id = {} if entry.id is None else {"ID": entry.id}
        said.append({**id, "VALUE": entry.value, "VALUE_TYPE": entry.value_type or "WORK"})
    return said + [{"ID": id, "DELETE": "Y"} for id in _removed(entries, before)]


def _files(field: Field, value: Any, before: Any, *, paired: bool) -> Any:
    if field.multiple:
        return [_file(item, paired=paired) for item in value or ()]
    if value is None:
        held = before.id if isinstance(before, File) else None
        return "" if paired or held is None else {"id": held, "remove": "Y"}
    return _file(value, paired=paired)


def _file(value: Any, *, paired: bool) -> Any:
    if not isinstance(value, File):
        return value
    content = value.encoded()
    if content is not None:
        return content if paired else {"fileData": content}
    if value.id is None:
        raise InvalidValue("a file to be written has contents (File.from_path, File.from_bytes) or an id")
    return {"id": value.id}
