"""``crm.duplicate.findbycomm``: the leads, contacts and companies that have a phone or an e-mail address.

Facts: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md. With 20 ids of one kind the search ends, and the
kinds behind it are left out. Phones are the same if their last ten digits are, so that +7 and 8 before a number do not
matter.
"""

from __future__ import annotations

import json
from typing import Any

from b24orm.sandbox.methods.parameters import classic
from b24orm.sandbox.php import entries, strval
from b24orm.sandbox.refusal import Refusal
from b24orm.sandbox.state import Answer, Handler, State

__all__ = ["METHODS"]

_KINDS = {"LEAD": "lead", "CONTACT": "contact", "COMPANY": "company"}
_MOST = 20
_MOST_VALUES = 20  # so many the page allows; that those beyond are not looked for is our guess


def _plain(type_id: str, value: str) -> str:
    if type_id == "EMAIL":
        return value.strip().casefold()
    return "".join(c for c in value if c.isdigit())[-10:]


def _find(state: State, params: dict[str, Any]) -> Answer:
    type_id = strval(classic(params, "type")).upper()
    if not type_id:
        raise Refusal("Communication type is not defined", "Communication type is not defined")
    if type_id not in ("PHONE", "EMAIL"):
        sentence = f"Communication type '{type_id}' is not supported in current context"
        raise Refusal(sentence, sentence)
    given = [strval(value) for _, value in entries(classic(params, "values"))][:_MOST_VALUES]
    values = {_plain(type_id, value) for value in given} - {""}
    if not values:
        raise Refusal("Communication values is not defined", "Communication values is not defined")
    only = strval(classic(params, "entity_type")).upper()
    found: dict[str, list[int]] = {}
    for kind in [only] if only in _KINDS else _KINDS:
        rows = state.store.select(_KINDS[kind], "id, fm", ("fm LIKE '%' || ? || '%'", [type_id]), " ORDER BY id")
        ids = [row_id for row_id, fm in rows if _has(fm, type_id, values)][:_MOST]
        if ids:
            found[kind] = ids
        if len(ids) == _MOST:
            break
    return Answer(found or [])


def _has(fm: str, type_id: str, values: set[str]) -> bool:
    return any(one["typeId"] == type_id and _plain(type_id, one["value"]) in values for one in json.loads(fm))


METHODS: dict[str, Handler] = {"crm.duplicate.findbycomm": _find}
"""Handlers of this family."""
