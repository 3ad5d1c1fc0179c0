"""``fields`` of add and update methods: what is missing, of another type, unknown or not for writing.

Facts: the pages of the methods. Those of tasks blame the request for what is wrong in ``fields``, the others an object
(VALIDATION_DTOVALIDATIONEXCEPTION); for task results the page says so of required fields only.
"""

from __future__ import annotations

from typing import Any, Literal

from b24orm.sandbox.php import entries
from b24orm.sandbox.v3.dto import Dto, Property, fits
from b24orm.sandbox.v3.refusals import (
    Problem,
    invalid_request,
    not_filled,
    not_specified,
    requires_attribute,
    requires_type,
    unknown_property,
)

__all__ = ["Blame", "accepted"]

Blame = Literal["request", "dto", "mixed"]


def accepted(dto: Dto, fields: Any, group: Literal["add", "update"], blame: Blame) -> dict[str, Any]:
    """The given values by name, once they are all right.

    Raises:
        Refused: they are not.
    """
    given = dict(entries(fields))
    wrong, missing = list[Problem](), list[Problem]()
    for name, value in given.items():
        one = dto.by_name.get(name)
        if one is None:
            raise unknown_property(dto.name, name)
        if not one.editable and not (one.creatable and group == "add"):
            if blame == "request":
                wrong.append(requires_attribute(dto.name, name, "Editable"))
            else:
                missing.append({"message": f"Field `{name}` is not available for filling", "field": name})
        elif not _fits(one, value) and not (group in one.groups and value is None):
            wrong.append(requires_type(name, one.kind))
    for one in dto.properties:
        if group in one.groups and given.get(one.name) is None:
            missing.append(not_specified(one.name) if blame == "request" else not_filled(one.name))
    if missing or (wrong and blame != "mixed"):
        raise invalid_request(*missing, *wrong, dto=blame != "request")
    if wrong:
        raise invalid_request(*wrong)
    return given


def _fits(one: Property, value: Any) -> bool:
    if value is None:
        return one.nullable
    if not fits(one.kind, value) or (one.values and value not in one.values):
        return False
    element = one.element
    return element is None or all(fits(element, item) for _, item in entries(value))
