"""``*.field.list`` and ``*.field.get``: an object's fields, described.

Facts: the pages of these methods. Titles are the names, as in the samples; no object here has validation rules.
"""

from __future__ import annotations

from typing import Any

from b24orm.sandbox.state import Answer, State
from b24orm.sandbox.v3.dto import Dto, Property
from b24orm.sandbox.v3.method import SELECT, Method, item_of, items_of, required
from b24orm.sandbox.v3.refusals import Refused
from b24orm.sandbox.v3.selecting import read_select

__all__ = ["FIELD", "described"]

FIELD = Dto(
    "DtoFieldDto",
    "",
    (
        Property("name", "string", "name"),
        Property("type", "string", "type"),
        Property("title", "string", "title"),
        Property("description", "string"),
        Property("validationRules", "array", show=lambda state, row: []),
        Property("requiredGroups", "array", show=lambda state, row: row["groups"] or None, element="string"),
        Property("filterable", "bool", show=lambda state, row: row["filterable"]),
        Property("sortable", "bool", show=lambda state, row: row["sortable"]),
        Property("editable", "bool", show=lambda state, row: row["editable"]),
        Property("multiple", "bool", show=lambda state, row: False),
        Property("elementType", "string", "element"),
    ),
)
"""The description of a field."""


def _row(one: Property) -> dict[str, Any]:
    return {
        "name": one.name,
        "type": one.described_type,
        "title": one.name,
        "groups": list(one.groups),
        "filterable": one.filterable,
        "sortable": one.sortable,
        "editable": one.editable,
        "element": None if one.relation is not None else one.element,
    }


def described(entity: str, dto: Dto, *, fields: tuple[str, ...] = ()) -> tuple[Method, Method]:
    """The two methods that describe the objects of an *entity*, or some *fields* of them."""
    shown = dto.some(fields) if fields else list(dto.properties)

    def list_fields(state: State, params: dict[str, Any]) -> Answer:
        selection = read_select(FIELD, params.get("select"))
        found = [selection.shown(state, _row(one)) for one in shown]
        return Answer({"items": found}, rows=len(found))

    def get_field(state: State, params: dict[str, Any]) -> Answer:
        selection = read_select(FIELD, params.get("select"))
        one = next((one for one in shown if one.name == params["name"]), None)
        if one is None:
            code = "BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION"
            raise Refused(code, f"Field `{params['name']}` not found", 404, whole=True)
        return Answer({"item": selection.shown(state, _row(one))})

    return (
        Method(f"{entity}.field.list", list_fields, (SELECT,), items_of(FIELD), title="Get Fields"),
        Method(
            f"{entity}.field.get", get_field, (required("name", "string"), SELECT), item_of(FIELD), title="Get Field"
        ),
    )
