"""Which fields of users a scope opens.

Facts: api-reference/user/user-scope.md. The full scope has all; with one of the lesser ones the others are in no
answer, no filter and no order.
"""

from __future__ import annotations

from b24orm.sandbox.caller import Caller
from b24orm.sandbox.fields import Column, table

__all__ = ["visible"]

_SHARED = frozenset(
    {
        *("ID", "XML_ID", "ACTIVE", "NAME", "LAST_NAME", "SECOND_NAME", "TITLE", "IS_ONLINE", "TIME_ZONE"),
        *("TIMESTAMP_X", "DATE_REGISTER", "LAST_ACTIVITY_DATE", "PERSONAL_PROFESSION", "PERSONAL_GENDER"),
        *("PERSONAL_BIRTHDAY", "PERSONAL_PHOTO", "PERSONAL_CITY", "PERSONAL_STATE", "PERSONAL_COUNTRY"),
        *("WORK_POSITION", "WORK_CITY", "WORK_STATE", "WORK_COUNTRY", "UF_EMPLOYMENT_DATE", "UF_TIMEMAN"),
        *("UF_SKILLS", "UF_INTERESTS", "UF_DEPARTMENT", "UF_PHONE_INNER"),
    }
)
_FIELDS = {
    "user_brief": _SHARED,
    "user_basic": _SHARED
    | {
        *("EMAIL", "PERSONAL_PHONE", "PERSONAL_FAX", "PERSONAL_MOBILE", "PERSONAL_PAGER", "PERSONAL_STREET"),
        *("PERSONAL_MAILBOX", "PERSONAL_ZIP", "PERSONAL_NOTES", "WORK_COMPANY", "WORK_DEPARTMENT", "WORK_WWW"),
        *("WORK_PHONE", "WORK_FAX", "WORK_PAGER", "WORK_STREET", "WORK_MAILBOX", "WORK_ZIP", "WORK_PROFILE"),
        *("WORK_LOGO", "WORK_NOTES", "UF_DISTRICT", "UF_SKYPE", "UF_SKYPE_LINK", "UF_ZOOM", "UF_TWITTER"),
        *("UF_FACEBOOK", "UF_LINKEDIN", "UF_XING", "UF_WEB_SITES"),
    },
}


def visible(caller: Caller) -> dict[str, Column]:
    """The fields that *caller* knows of, by wire name."""
    columns = table("user").by_wire["default"]
    if caller.scope is None or "user" in caller.scope:
        return columns
    known = frozenset[str]().union(*(_FIELDS.get(scope, ()) for scope in caller.scope))
    return {wire: column for wire, column in columns.items() if wire in known}
