"""`Grammar`: how one REST family wants a filter, an order and a page to be said.

Most families know only AND and drop unknown keys without a word, so whatever they cannot say is refused here
(`UnsupportedQuery`). Which family can say what stands in `grammars`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from b24orm.compiler.check import find_field, is_user_field
from b24orm.compiler.empties import holds_zero, loses_empty
from b24orm.errors import UnsupportedQuery
from b24orm.money import Money
from b24orm.narrow import is_sequence
from b24orm.query import All, Always, Any_, Condition, Lookup, Never, Node
from b24orm.schema import Entity, Field, Kind

__all__ = ["PREFIXES", "Direction", "Grammar", "asked_name", "wire_name", "wire_value"]

Direction = Literal["ASC", "DESC"]

PREFIXES: Mapping[Lookup, str] = {
    "exact": "=",
    "ne": "!=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "in": "@",
    "not_in": "!@",
    "contains": "%",
    "not_contains": "!%",
    "like": "=%",
    "not_like": "!=%",
}
"""The prefix of each lookup in the families that know all of them."""


def asked_name(entity: Entity, dialect: str, name: str) -> str:
    """What filters and orders of *dialect* call attribute *name*.

    Raises:
        UnsupportedQuery: the dialect lacks the field.
    """
    return find_field(entity, name).asked.get(dialect) or wire_name(entity, dialect, name)


def wire_name(entity: Entity, dialect: str, name: str) -> str:
    """The wire name of attribute *name* in *dialect*.

    Raises:
        UnsupportedQuery: the dialect lacks the field.
    """
    field = find_field(entity, name)
    wire = field.wire.get(dialect)
    if wire is None:
        others = ", ".join(sorted(field.wire)) or "none"
        raise UnsupportedQuery(f"{entity.name}.{name} does not exist in the {dialect!r} dialect (it does in: {others})")
    return wire


def wire_value(field: Field, value: Any) -> Any:
    """One value of a filter as the portal compares it."""
    if isinstance(value, bool):
        if is_user_field(field):
            return 1 if value else 0  # user fields are stored as 1 and 0, and compared so
        return "Y" if value else "N"
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, Decimal | float):
        return format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _strict(field: Field, condition: Condition) -> Condition:
    """``>= 0`` as ``> -1``: the classic lists let rows without a value in wherever ``=`` stands before a 0."""
    if field.kind == "int" and condition.value == 0 and condition.lookup in ("gte", "lte"):
        shifted = -1 if condition.lookup == "gte" else 1
        return dataclasses.replace(condition, lookup="gt" if shifted < 0 else "lt", value=shifted)
    return condition


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one REST family wants a list to be asked for.

    Attributes:
        name: the family, for messages.
        filter_key: name of the filter parameter, "" if the method has none.
        beside: conditions stand beside the other parameters, not in a filter of their own.
        flat_order: the order travels as two parameters ``sort`` and ``order`` instead of a mapping.
        arrays: a filter is a list of conditions and groups (`arrays`), and pages are asked for by `pagination`.
        groups: filters nest, with OR.
        logic: the key that says how the parts of a group are joined.
        part: key of the part number ``{}`` of a group.
        orm: the portal's ORM reads the filter; the older classic lists compare by rules of their own.
        refuses_broken_bounds: a bound on the id that is no number is refused at once; other families drop it and
            read from the first row again.
        bare_needs: conditions that every list needs are found by the bare name only.
        loose: fields whose text is found under "equal" inside of longer texts, too.
        flat_dates: dates and user fields are understood outside of groups only, and dates not in lists.
        lookups: the prefix of each lookup that the family understands.
        empty: prefixes of "has no value" and "has one", before an empty text; None if the family has no words for it.
        empty_kinds: the kinds of fields that it has them for; None means all.
    """

    name: str
    filter_key: str = "filter"
    beside: bool = False
    flat_order: bool = False
    arrays: bool = False
    groups: bool = False
    logic: str = "logic"
    part: str = "{}"
    orm: bool = False
    refuses_broken_bounds: bool = False
    bare_needs: bool = False
    loose: tuple[str, ...] = ()
    flat_dates: bool = False
    lookups: Mapping[Lookup, str] = dataclasses.field(default_factory=lambda: PREFIXES)
    empty: tuple[str, str] | None = ("=", "!=")
    empty_kinds: frozenset[Kind] | None = None

    def names_ids(self, count: int) -> bool:
        """Whether one condition can name so many ids."""
        return "in" in self.lookups or (count == 1 and "exact" in self.lookups)

    def named(self, id_wire: str, ids: Sequence[int]) -> dict[str, Any]:
        """The condition that a row is one of *ids*; of one of them, if the family knows no lists."""
        if "in" in self.lookups:
            return {f"{self.lookups['in']}{id_wire}": list(ids)}
        (only,) = ids
        return {f"{self.lookups['exact']}{id_wire}": only}

    def order(self, keys: Sequence[tuple[str, Direction]]) -> dict[str, Any]:
        """The parameters that order a list by *keys* (wire name, direction)."""
        if self.flat_order:
            (key, direction), *rest = keys
            if rest:
                raise UnsupportedQuery(f"{self.name} lists can be ordered by one field only")
            return {"sort": key, "order": direction}
        return {"order": dict(keys)}

    def where(self, node: Node, entity: Entity, dialect: str) -> dict[str, Any]:
        """The filter parameter's value for *node*.

        Raises:
            UnsupportedQuery: the family has no words for it.
        """
        if isinstance(node, Always):
            return {}
        parts: tuple[Node, ...] = node.parts if isinstance(node, All) else (node,)
        result: dict[str, Any] = {}
        extra: list[dict[str, Any]] = []
        for part in parts:
            said = self._part(part, entity, dialect)
            if said.items() <= result.items():
                continue  # said before
            if self.logic not in said and not said.keys() & result.keys():
                result.update(said)
            else:
                extra.append(said)
        if extra and not self.groups:
            raise UnsupportedQuery(f"{self.name} lists take one condition of a kind on a field, not {node!r}")
        self._refuse_nested(extra)
        for index, said in enumerate(extra):
            result[self.part.format(index)] = said
        return result

    def _part(self, node: Node, entity: Entity, dialect: str) -> dict[str, Any]:
        if isinstance(node, Condition):
            return self._condition(node, entity, dialect)
        if isinstance(node, All):
            return self.where(node, entity, dialect)
        if isinstance(node, Any_):
            return self._either([self._part(part, entity, dialect) for part in node.parts])
        raise UnsupportedQuery(
            f"a filter that matches {'nothing' if isinstance(node, Never) else 'everything'} needs no request"
        )

    def _either(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        if not self.groups:
            raise UnsupportedQuery(
                f"OR (and a negation that lets empty values in) cannot be said to {self.name} lists; "
                "run several queries, or use __in; the crm.item dialect knows OR",
            )
        self._refuse_nested(parts)
        return {self.logic: "OR", **{self.part.format(index): part for index, part in enumerate(parts)}}

    def _refuse_nested(self, parts: Sequence[Mapping[str, Any]]) -> None:
        if not self.flat_dates:
            return
        for key, value in (pair for part in parts for pair in part.items()):
            if _is_date(value) or key.lstrip("!<>=%").startswith("UF_"):
                raise UnsupportedQuery(
                    f"{self.name} understands dates and user fields outside of OR only, "
                    f"and one condition of a kind on each of them ({key})"
                )

    def _condition(self, condition: Condition, entity: Entity, dialect: str) -> dict[str, Any]:
        field = find_field(entity, condition.field)
        wire = asked_name(entity, dialect, condition.field)
        orm = self.orm or is_user_field(field)
        self._refuse(field, condition, f"{entity.name}.{field.name}")
        if condition.lookup == "isnull":
            # An empty value asks for NULL or empty in every family, and survives a batch, where null does not exist.
            return {f"{self._empty(field)[0 if condition.value else 1]}{wire}": ""}
        if not orm:
            condition = _strict(field, condition)
        value = condition.value
        sent = [wire_value(field, v) for v in value] if is_sequence(value) else wire_value(field, value)
        said = {f"{self._prefix(field, condition, orm=orm)}{wire}": sent}
        if condition.or_empty and loses_empty(field, condition, orm=orm, groups=self.groups):
            return self._either([said, {f"{self._empty(field)[0]}{wire}": ""}])
        return said

    def _empty(self, field: Field) -> tuple[str, str]:
        if self.empty is None or (self.empty_kinds is not None and field.kind not in self.empty_kinds):
            raise UnsupportedQuery(f"{self.name} lists cannot be asked for rows without a value ({field.name})")
        return self.empty

    def _refuse(self, field: Field, condition: Condition, name: str) -> None:
        """Raises UnsupportedQuery for what the family would drop or misread without a word."""
        lookup = condition.lookup
        if lookup != "isnull" and lookup not in self.lookups:
            raise UnsupportedQuery(f"lookup {lookup!r} cannot be said to {self.name} lists ({name})")
        if field.name in self.loose and lookup in ("exact", "ne", "in"):
            raise UnsupportedQuery(
                f"{self.name} finds text inside of longer texts as well: "
                f"say {field.name}__contains, and compare {name} yourself where that is too much"
            )
        if self.flat_dates and field.kind in ("date", "datetime") and lookup == "in":
            raise UnsupportedQuery(f"{self.name} lists take one date, not a list of them ({name})")
        if field.kind == "multifield":
            if lookup not in ("exact", "in"):
                raise UnsupportedQuery(f"{self.name} lists find {name} by the whole value only, not by {lookup!r}")
            return
        if not self.groups and lookup in ("contains", "like") and field.type in _NO_LIKE:
            raise UnsupportedQuery(f"{self.name} lists compare {name} only as a whole, not by {lookup!r}")
        if field.multiple and (condition.or_empty or lookup == "not_in"):
            raise UnsupportedQuery(
                f"{name} holds several values, which the portal compares one by one: "
                "it finds rows that hold one, not rows that do not",
            )
        if not self.orm and not self.groups and field.multiple and not is_user_field(field):
            raise UnsupportedQuery(f"{self.name} lists neither show nor filter {name}; use the crm.item dialect")

    def _prefix(self, field: Field, condition: Condition, *, orm: bool) -> str:
        lookup = condition.lookup
        if "@" not in self.lookups.get("in", "@"):
            return self.lookups[lookup]
        if field.kind == "multifield":
            return ""  # as the official page writes it: phones and e-mails are found by the bare name
        if lookup in ("in", "not_in"):
            # "@" is SQL's IN: with 0 in it, it does not find the rows without a value that "= 0" finds, and the ORM has
            # it for whole numbers and text alone. A list under "=" compares as each of its values would.
            loose = orm and field.kind in ("decimal", "date", "datetime", "any")
            if loose or holds_zero(condition) or (lookup == "not_in" and not self.groups):
                return "=" if lookup == "in" else "!="
        return self.lookups[lookup]


# The classic lists turn LIKE on these into equality, without a word (page of crm.deal.list).
_NO_LIKE = frozenset({"crm_status", "crm_company", "crm_contact"})


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and value[4:5] == "-" and value[:4].isdigit() and value[5:7].isdigit()
