"""``crm.*.userfield.list``: the user fields of a portal, in one answer.

Facts: api-reference/crm/deals/user-defined-fields/crm-deal-userfield-list.md; filters by equality; the labels come only
if ``filter.LANG`` asks for those of a language.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import entries, shape, strval
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.userfields import LABELS, LANGUAGES, USER_FIELDS, UserField, owner

__all__ = ["METHODS", "describe_user_field"]


def describe_user_field(key: str, f: UserField) -> dict[str, Any]:
    """A user field of the entity *key* without its labels, as the classic methods spell it."""
    described: dict[str, Any] = {
        "ID": str(f.id),
        "ENTITY_ID": owner(key),
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
        "SETTINGS": shape(f.all_settings),
    }
    if f.items:
        described["LIST"] = [
            {"ID": str(item_id), "SORT": str(10 * place), "VALUE": text, "DEF": "N", "XML_ID": f"{f.name}_{item_id}"}
            for place, (item_id, text) in enumerate(f.items, start=1)
        ]
    return described


def _labels(f: UserField, language: str) -> dict[str, str | None]:
    phrase = f.label if language in LANGUAGES else None
    return {name: phrase if name.endswith("LABEL") else None for name in LABELS}


def _list(key: str, state: State, params: dict[str, Any]) -> Answer:
    del state
    wanted = {name.upper(): strval(value) for name, value in entries(classic(params, "filter"))}
    language = wanted.pop("LANG", "")
    found: list[dict[str, Any]] = []
    for f in USER_FIELDS[key]:
        described = describe_user_field(key, f)
        if all(described.get(name, value) == value for name, value in wanted.items()):
            found.append(described | (_labels(f, language) if language else {}))
    return Answer(found, total=len(found), rows=len(found))


METHODS: dict[str, Handler] = {
    f"crm.{key}.userfield.list": partial(_list, key) for key in ("deal", "lead", "contact", "company", "quote")
}
"""Handlers of this family."""
