"""``crm.*.userfield.*``: the user fields of a portal. A list is one answer.

Facts: api-reference/crm/deals/user-defined-fields/crm-deal-userfield-*.md, crm-userfield-fields.md. A list filters by
equality; its rows have labels only if ``filter.LANG`` asks for those of a language. A get has those of all languages.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from b24orm.sandbox.methods.parameters import classic, classic_id
from b24orm.sandbox.php import entries, shape, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State
from b24orm.sandbox.userfields import LABELS, LANGUAGES, UserField
from b24orm.schema import entity

__all__ = ["METHODS", "describe_user_field"]

_TYPES = {"integer": "int", "boolean": "char"}


def describe_user_field(entity_id: str, f: UserField) -> dict[str, Any]:
    """A user field of an entity without its labels, as the classic methods spell it."""
    described: dict[str, Any] = {
        "ID": str(f.id),
        "ENTITY_ID": entity_id,
        "FIELD_NAME": f.name,
        "USER_TYPE_ID": f.type,
        "XML_ID": f.xml_id,
        "SORT": str(f.sort),
        "MULTIPLE": "Y" if f.multiple else "N",
        "MANDATORY": "Y" if f.mandatory else "N",
        "SHOW_FILTER": f.show_filter,
        "SHOW_IN_LIST": "Y" if f.show_in_list else "N",
        "EDIT_IN_LIST": "Y" if f.edit_in_list else "N",
        "IS_SEARCHABLE": "Y" if f.searchable else "N",
        "SETTINGS": shape(f.all_settings),
    }
    if f.items:
        described["LIST"] = [
            {"ID": str(item_id), "SORT": str(10 * place), "VALUE": text, "DEF": "N", "XML_ID": f"{f.name}_{item_id}"}
            for place, (item_id, text) in enumerate(f.items, start=1)
        ]
    return described


def _labels(f: UserField, language: str) -> dict[str, str | None]:
    return {name: f.phrase(name, language) for name in LABELS}


def _list(key: str, state: State, params: dict[str, Any]) -> Answer:
    wanted = {name.upper(): strval(value) for name, value in entries(classic(params, "filter"))}
    language = wanted.pop("LANG", "")
    found: list[dict[str, Any]] = []
    for f in state.layout.user_fields.get(key, ()):
        described = describe_user_field(state.layout.user_field_entity(key), f)
        if all(described.get(name, value) == value for name, value in wanted.items()):
            found.append(described | (_labels(f, language) if language else {}))
    return Answer(found, total=len(found), rows=len(found))


def _get(key: str, state: State, params: dict[str, Any]) -> Answer:
    number = classic_id(params)
    for owner, fields in state.layout.user_fields.items():
        for f in fields:
            if f.id == number and owner != key:
                raise Refusal("", "Access denied.", 403)
            if f.id == number:
                described = describe_user_field(state.layout.user_field_entity(key), f)
                return Answer(described | {name: _phrases(f, name) for name in LABELS})
    raise Refusal("ERROR_NOT_FOUND", f"The entity with ID '{number}' is not found")


def _phrases(f: UserField, name: str) -> dict[str, str]:
    """What the field says in each language."""
    return {language: f.phrase(name, language) or "" for language in LANGUAGES}


def _fields(state: State, params: dict[str, Any]) -> Answer:
    del state, params
    described: dict[str, Any] = {}
    for f in entity("deal_user_field").fields:
        flags = {"isReadOnly": f.read_only, "isImmutable": f.immutable}
        shown = {
            "type": _TYPES.get(f.type, f.type),
            "title": f.title.ru,
            **{name: True for name, on in flags.items() if on},
        }
        described[f.wire["default"]] = shown
    return Answer(described)


METHODS: dict[str, Handler] = {
    "crm.userfield.fields": _fields,
    **{
        f"crm.{key}.userfield.{verb}": partial(handler, key)
        for key in ("deal", "lead", "contact", "company", "quote", "requisite")
        for verb, handler in (("list", _list), ("get", _get))
    },
}
"""Handlers of this family."""
