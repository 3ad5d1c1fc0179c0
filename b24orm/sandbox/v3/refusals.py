"""The error answers of REST 3.0, and what errors of the rest of the sandbox become there.

Facts: api-reference/rest-v3.md (codes and statuses) and the pages of the methods. Messages come in the language of the
portal, so clients must not read them; these are the English ones of the documentation. The overview answers 403 where
a right is missing, and the pages about tasks print the same code under 400: the sandbox answers 403.
"""

from __future__ import annotations

from typing import Any

import pydantic_core
from typing_extensions import override

from b24orm.sandbox.refusal import Refusal

__all__ = [
    "PREFIX",
    "Refused",
    "access_denied",
    "insufficient_scope",
    "internal_error",
    "invalid_filter",
    "invalid_json",
    "invalid_order",
    "invalid_pagination",
    "invalid_request",
    "invalid_select",
    "method_not_found",
    "not_filled",
    "not_found",
    "not_specified",
    "requires_attribute",
    "requires_type",
    "translated",
    "unknown_property",
]

PREFIX = "BITRIX_REST_V3_EXCEPTION_"
"""What most codes begin with. Portals of late 2025 said EXCEPTIONS: clients do well to look at the end."""

Problem = dict[str, str]
"""One entry of ``validation``: a message and, where one field is to blame, its name."""


class Refused(Refusal):
    """An error answer of REST 3.0: a *code* (without `PREFIX`, unless it is *whole*), a message and what is wrong."""

    def __init__(
        self, code: str, message: str, status: int = 400, problems: tuple[Problem, ...] = (), *, whole: bool = False
    ) -> None:
        super().__init__(code if whole else PREFIX + code, message, status)
        self.problems = problems

    @property
    @override
    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.description}
        return {"error": error | ({"validation": list(self.problems)} if self.problems else {})}


def as_json(value: Any) -> str:
    """*value* as messages quote it."""
    return value if isinstance(value, str) else pydantic_core.to_json(value).decode()


def invalid_request(*problems: Problem, dto: bool = False) -> Refused:
    """Something is wrong with the request, or with an object in it (*dto*)."""
    if dto:
        return Refused("VALIDATION_DTOVALIDATIONEXCEPTION", "Object validation error", problems=problems)
    return Refused("VALIDATION_REQUESTVALIDATIONEXCEPTION", "Error validating request object", problems=problems)


def not_specified(field: str) -> Problem:
    """A required part of the request is missing."""
    return {"message": f"Required field `{field}` is not specified", "field": field}


def not_filled(field: str) -> Problem:
    """A required field of an object is missing."""
    return {"message": f'The required field "{field}" is not filled', "field": field}


def requires_type(field: str, kind: str) -> Problem:
    """A value is of another type."""
    return {"message": f"Field `{field}` requires data type `{kind}` for this request", "field": field}


def requires_attribute(dto: str, field: str, attribute: str) -> Problem:
    """A field cannot be filtered or sorted by, or cannot be written."""
    text = (
        f"In DTO `{dto}`, the field `{field}` requires the presence of the `{attribute}` attribute for such a request"
    )
    return {"message": text, "field": field}


def unknown_property(dto: str, field: Any) -> Refused:
    """An object has no such field."""
    return Refused("UNKNOWNDTOPROPERTYEXCEPTION", f"Unknown field `{as_json(field)}` for entity `{dto}`")


def invalid_select(said: Any) -> Refused:
    """A select, or a batch, cannot be read."""
    return Refused("INVALIDSELECTEXCEPTION", f"Unable to parse select expression `{as_json(said)}`")


def invalid_filter(said: Any) -> Refused:
    """A filter cannot be read."""
    return Refused("INVALIDFILTEREXCEPTION", f"Unable to recognize filter expression `{as_json(said)}`")


def invalid_order(said: Any) -> Refused:
    """An order cannot be read."""
    return Refused("INVALIDORDEREXCEPTION", f"Unable to recognize sorting parameter `{as_json(said)}`")


def invalid_pagination(said: Any) -> Refused:
    """What to page by cannot be read."""
    return Refused("INVALIDPAGINATIONEXCEPTION", f"Unable to recognize the pagination parameter `{as_json(said)}`")


def invalid_json() -> Refused:
    """The body is no JSON object or list, or does not say that it is JSON."""
    return Refused("INVALIDJSONEXCEPTION", "Invalid JSON in the request body")


def not_found(row_id: int) -> Refused:
    """There is no such row."""
    return Refused("ENTITYNOTFOUNDEXCEPTION", f"Record with ID = `{row_id}` not found")


def access_denied(status: int = 403) -> Refused:
    """The caller may not do that."""
    return Refused("ACCESSDENIEDEXCEPTION", "Access denied", status)


def insufficient_scope() -> Refused:
    """The scope of the webhook or the application does not hold the method."""
    return Refused("INSUFFICIENTSCOPEEXCEPTION", "Insufficient access rights: required scope is missing", 403)


def internal_error() -> Refused:
    """Anything unforeseen. The code is known from the source only."""
    return Refused("INTERNAL_INTERNALEXCEPTION", "Internal server error", 500)


def method_not_found(name: str, status: int = 404) -> Refused:
    """There is no such method in REST 3.0."""
    return Refused("METHODNOTFOUNDEXCEPTION", f"Method `{name}` not found", status)


_TRANSLATED = {
    "ACCESS_DENIED": ("ACCESSDENIEDEXCEPTION", 403),
    "insufficient_scope": ("INSUFFICIENTSCOPEEXCEPTION", 403),
    "OPERATION_TIME_LIMIT": ("RATELIMITEXCEPTION", 429),
}


def translated(refusal: Refusal) -> Refusal:
    """What REST 3.0 answers where the rest of the sandbox would answer *refusal*.

    A full bucket refuses requests before anybody knows what they ask for, in the words of the classic API
    (_includes/system-errors.md, which every page of a method includes). How an expired or unknown token is refused is
    not documented; the code of a missing right under status 401 is what official clients expect.
    """
    if isinstance(refusal, Refused) or refusal.code == "QUERY_LIMIT_EXCEEDED":
        return refusal
    if str(refusal.code).startswith("BITRIX_REST_V3"):  # a fault that was told so
        return Refused(str(refusal.code), refusal.description, refusal.status, whole=True)
    code, status = _TRANSLATED.get(str(refusal.code), ("", refusal.status))
    if code:
        return Refused(code, refusal.description, status)
    if status in {401, 402, 403}:
        return Refused("ACCESSDENIEDEXCEPTION", refusal.description, status)
    return internal_error()
