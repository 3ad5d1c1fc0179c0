"""One grammar per REST family: how a filter, an order and a page are said to it.

`crm_item` has nested groups with OR; the classic lists know only AND and drop unknown keys without a word, so
whatever they
cannot say is refused here (`UnsupportedQuery`). Fact sources: the official pages of crm.item.list, crm.deal.list and
user.get.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from b24orm.compiler.check import find_field
from b24orm.errors import UnsupportedQuery
from b24orm.narrow import is_sequence
from b24orm.query import All, Always, Any_, Condition, Lookup, Never, Node
from b24orm.schema import Entity, Field

__all__ = ["Grammar", "grammar_for", "wire_name", "wire_value"]

Start = int
Direction = Literal["ASC", "DESC"]

_PREFIX: dict[Lookup, str] = {
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
        if field.name.startswith("uf_") or any(w.startswith("UF_") for w in field.wire.values()):
            return 1 if value else 0  # user fields are stored as 1 and 0, and compared so
        return "Y" if value else "N"
    if isinstance(value, Decimal | float):
        return format(Decimal(repr(value)) if isinstance(value, float) else value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one REST family wants a list to be asked for.

    Attributes:
        filter_key: name of the filter parameter, "" if the method has none.
        flat_order: the order travels as two parameters ``sort`` and ``order`` instead of a mapping.
        groups: filters nest, with OR.
        refuses_broken_bounds: a bound on the id that is no number is refused at once; other families drop it and
        read from the
            first row again.
        lookups: the prefix of each lookup that the family understands.
        name: the family, for messages.
    """

    name: str
    filter_key: str = "filter"
    flat_order: bool = False
    groups: bool = False
    refuses_broken_bounds: bool = False
    lookups: Mapping[Lookup, str] = dataclasses.field(default_factory=lambda: _PREFIX)

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
            if len(said) == 1 and not said.keys() & result.keys() and "logic" not in said:
                result.update(said)
            else:
                extra.append(said)
        if extra and not self.groups:
            raise UnsupportedQuery(
                f"{self.name} lists take one condition of a kind on a field, not: {node!r}",
            )
        for index, said in enumerate(extra):
            result[str(index)] = said
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
                "run several queries, use __in, or use the crm.item dialect",
            )
        return {"logic": "OR", **{str(index): part for index, part in enumerate(parts)}}

    def _condition(self, condition: Condition, entity: Entity, dialect: str) -> dict[str, Any]:
        field = find_field(entity, condition.field)
        wire = wire_name(entity, dialect, condition.field)
        lookup = condition.lookup
        if lookup == "isnull":
            # An empty value asks for NULL or empty in every family, and survives a batch, where null does not exist.
            prefix = self.lookups.get("exact" if condition.value else "ne")
            return {f"{prefix}{wire}": ""}
        prefix = self.lookups.get(lookup)
        if prefix is None:
            raise UnsupportedQuery(
                f"lookup {lookup!r} cannot be said to {self.name} lists ({entity.name}.{condition.field})"
            )
        if not self.groups and lookup in ("contains", "like") and field.type in _NO_LIKE:
            raise UnsupportedQuery(
                f"{self.name} lists compare {entity.name}.{field.name} only as a whole, not by {lookup!r}"
            )
        value = condition.value
        sent = [wire_value(field, v) for v in value] if is_sequence(value) else wire_value(field, value)
        said = {f"{prefix}{wire}": sent}
        if condition.or_empty and self._loses_empty(field, condition):
            return self._either([said, {f"{self.lookups['exact']}{wire}": ""}])
        return said

    def _loses_empty(self, field: Field, condition: Condition) -> bool:
        """Whether the portal's own comparison leaves out rows without a value, which a negation must keep."""
        if not field.nullable or field.multiple:
            return False
        if not self.groups and condition.lookup in ("ne", "not_in", "not_contains", "not_like"):
            return False  # the classic lists include NULL in negations
        if condition.lookup == "ne" and field.kind == "str":
            return False  # and so does crm.item for "not equal" on strings
        if field.kind in ("int", "decimal") and field.relation is None:
            # The portal does not tell an empty number from 0: asking for the one brings the other.
            return _zero_matches(condition)
        return True


def _zero_matches(condition: Condition) -> bool:
    value = condition.value
    match condition.lookup:
        case "ne":
            return bool(value != 0)
        case "not_in":
            return 0 not in value
        case "gt":
            return bool(value < 0)
        case "gte":
            return bool(value <= 0)
        case "lt":
            return bool(value > 0)
        case _:
            return bool(value >= 0)


# The classic lists turn LIKE on these into equality, without a word (page of crm.deal.list).
_NO_LIKE = frozenset({"crm_status", "crm_company", "crm_contact"})

_CLASSIC: dict[Lookup, str] = {
    "exact": "=",
    "ne": "!=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "in": "@",
    "not_in": "!@",
    "contains": "%",
    "like": "=%",
}
_USER: dict[Lookup, str] = {
    "exact": "=",
    "ne": "!=",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "in": "@",
    "not_in": "!@",
    "contains": "%",
    "like": "=%",
    "not_contains": "!%",
}

_GRAMMARS: dict[str, Grammar] = {
    "crm_item": Grammar("crm.item", groups=True, refuses_broken_bounds=True),
    "crm_classic": Grammar("classic CRM", lookups=_CLASSIC),
    "user": Grammar("user.get", filter_key="FILTER", flat_order=True, lookups=_USER),
    "crm_status": Grammar("crm.status", lookups={"exact": ""}),
    "crm_category": Grammar("crm.category", filter_key="", lookups={}),
}


def grammar_for(name: str) -> Grammar:
    """The grammar *name* of a dialect."""
    return _GRAMMARS[name]
