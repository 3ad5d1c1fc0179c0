"""Rows without a value: whether a comparison of the portal's keeps them, as a negation must.

SQL knows three answers, and so do the portal's filters: a row without a value matches neither ``x > 5`` nor its
opposite. Where the portal leaves such rows out, the compiler asks for them as well (``OR x is empty``).

Numbers have no NULL of their own in the portal's filters: ``= 0`` and ``= ""`` both find 0 and NULL. Where a negation
needs one without the other, there are no words for it.

Facts: the official pages of crm.item.list, crm.deal.list and user.get; the server's own filter rules.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from b24orm.compiler.check import is_user_field
from b24orm.errors import UnsupportedQuery
from b24orm.narrow import is_sequence
from b24orm.query import Condition
from b24orm.schema import Field

__all__ = ["holds_zero", "loses_empty"]


def loses_empty(field: Field, condition: Condition, *, orm: bool, groups: bool) -> bool:
    """Whether the portal's answer to *condition*, which came out of a negation, leaves out rows without a value.

    Args:
        orm: the portal's ORM reads the filter (crm.item, user.get, user fields everywhere).
        groups: the family can say OR, so that "not in" need not be said in a way that keeps such rows.

    Raises:
        UnsupportedQuery: it does, and asking for them would bring rows that do not match.
    """
    if not field.nullable:
        return False
    lookup = condition.lookup
    if not orm:
        return lookup not in ("ne", "not_in")  # the classic lists add "OR IS NULL" to these by themselves
    if _numeric(field, condition):
        if _zero_matches(condition):
            return True
        if lookup in ("ne", "not_in"):
            return False  # "= 0" finds rows without a value, so that its opposite must not
        raise UnsupportedQuery(
            f"{condition!r}: the portal does not tell a {field.name} without a value from 0, which must not match; "
            "say the comparison itself instead of negating its opposite, to leave rows without a value out",
        )
    if field.kind in ("str", "bool"):
        return not (lookup == "ne" or (lookup == "not_in" and not groups))
    return True


def holds_zero(condition: Condition) -> bool:
    """Whether 0 (or False) is among the values of a list of numbers."""
    return any(_is_number(value) and value == 0 for value in condition.value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)


def _numeric(field: Field, condition: Condition) -> bool:
    """Whether the portal compares numbers; of a user field of unknown type, only the value can tell."""
    if field.kind == "any":
        return all(map(_is_number, condition.value if is_sequence(condition.value) else (condition.value,)))
    # The portal's own flags are Y and N; those of user fields are 1 and 0.
    return field.kind in ("int", "decimal") or (field.kind == "bool" and is_user_field(field))


def _zero_matches(condition: Condition) -> bool:
    value = condition.value
    match condition.lookup:
        case "ne":
            return bool(value != 0)
        case "not_in":
            return not holds_zero(condition)
        case "gt":
            return bool(value < 0)
        case "gte":
            return bool(value <= 0)
        case "lt":
            return bool(value > 0)
        case _:
            return bool(value >= 0)
