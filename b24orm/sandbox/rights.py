"""What a user may do, and how each family of methods says that he may not.

Facts: the "Who can execute the method" line and the error codes of each method's page. The portal knows rights to each
object; here a user has all of them or, for a method that is denied, none.
"""

from __future__ import annotations

from b24orm.sandbox.refusal import Refusal, access_denied

__all__ = ["denial", "for_administrators"]

# Methods that set the portal up are for administrators (or those of the CRM).
_SETTING_UP = frozenset({"crm.status", "crm.category", "userfieldconfig", "user", "department"})
_OBJECTS = frozenset({"crm.deal", "crm.lead", "crm.contact", "crm.company", "crm.quote"})
_WRITES = frozenset({"add", "update", "delete"})


def for_administrators(method: str) -> bool:
    """Whether only administrators may call *method* (in lower case)."""
    family, _, verb = method.rpartition(".")
    if family == "crm.type":
        return not verb.startswith("get")  # whoever may read its items may get a process
    return (family in _SETTING_UP or family.endswith(".userfield")) and verb in _WRITES


def denial(method: str) -> Refusal:
    """What a user without the right to call *method* (in lower case) is told."""
    family, _, verb = method.rpartition(".")
    if method == "crm.item.get":
        return Refusal("ACCESS_DENIED", "You do not have permission to view this item")
    if family.startswith(("crm.item", "crm.type", "crm.category", "disk.")):
        return Refusal("ACCESS_DENIED", "Access denied")
    if family in _OBJECTS:
        return Refusal("", "Access denied" if verb in {"add", "update"} else "Access denied.")
    if family in {"crm.status", "crm.requisite", "crm.timeline.comment"}:
        return Refusal("", "Access denied.")
    if family.startswith("crm.activity") or family.endswith(".userfield"):
        return Refusal("", "Access denied")
    if family == "userfieldconfig":
        return Refusal("", _FIELD_DENIALS.get(verb, "You do not have permission to view user field settings"))
    if family in {"user", "department"}:
        return Refusal("ERROR_CORE", "access_denied" if family == "user" else "Access denied")
    return access_denied()


_FIELD_DENIALS = {
    "add": "Access denied",
    "update": "You cannot change the settings of the user field",
    "delete": "You cannot delete the user field",
}
