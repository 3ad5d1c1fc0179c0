"""``crm.*.userfield.list``: the user fields of a portal, in one answer.

Facts: api-reference/crm/deals/user-defined-fields/crm-deal-userfield-list.md; filters by equality.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import entries, strval
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.userfields import USER_FIELDS, UserField

__all__ = ["METHODS"]


def _describe(key: str, f: UserField) -> dict[str, Any]:
    described: dict[str, Any] = {
        "ID": str(f.id),
        "ENTITY_ID": f"CRM_{key.upper()}",
        "FIELD_NAME": f.name,
        "USER_TYPE_ID": f.type,
        "XML_ID": None,
        "SORT": "100",
        "MULTIPLE": "Y" if f.multiple else "N",
        "MANDATORY": "N",
        "SHOW_FILTER": "E",
        "SHOW_IN_LIST": "Y",
        "EDIT_IN_LIST": "Y",
        "IS_SEARCHABLE": "N",
        "SETTINGS": dict(f.settings),
        "EDIT_FORM_LABEL": f.label,
        "LIST_COLUMN_LABEL": f.label,
        "LIST_FILTER_LABEL": f.label,
        "ERROR_MESSAGE": None,
        "HELP_MESSAGE": None,
    }
    if f.items:
        described["LIST"] = [
            {"ID": str(item_id), "SORT": str(10 * place), "VALUE": text, "DEF": "N", "XML_ID": f"{f.name}_{item_id}"}
            for place, (item_id, text) in enumerate(f.items, start=1)
        ]
    return described


def _list(key: str, state: State, params: dict[str, Any]) -> Answer:
    del state
    wanted = {name.upper(): strval(value) for name, value in entries(classic(params, "filter"))}
    found = [
        described
        for described in (_describe(key, f) for f in USER_FIELDS[key])
        if all(described.get(name, value) == value for name, value in wanted.items() if name != "LANG")
    ]
    return Answer(found, total=len(found), rows=len(found))


METHODS: dict[str, Handler] = {
    f"crm.{key}.userfield.list": partial(_list, key) for key in ("deal", "lead", "contact", "company", "quote")
}
"""Handlers of this family."""
