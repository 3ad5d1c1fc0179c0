"""`Listing`: a list query in the words of one dialect, without the paging, which is the plan's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from b24orm.command import Command
from b24orm.compiler.check import find_field, is_user_field
from b24orm.compiler.grammar import Direction, Grammar, grammar_for, wire_name
from b24orm.errors import UnsupportedQuery
from b24orm.query import All, Always, Condition, Never, Node, Query
from b24orm.schema import Entity, Paging

__all__ = ["Bounds", "Listing", "compile_list", "single_id"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """An open interval of ids: ``above < id < below``; None means no bound on that side."""

    above: int | None = None
    below: int | None = None

    def narrowed(self, other: Bounds) -> Bounds:
        """The part of this interval inside *other*."""
        above = [b for b in (self.above, other.above) if b is not None]
        below = [b for b in (self.below, other.below) if b is not None]
        return Bounds(max(above) if above else None, min(below) if below else None)

    @property
    def empty(self) -> bool:
        """Whether no id can lie inside."""
        return self.above is not None and self.below is not None and self.below - self.above < 2


@dataclass(frozen=True, slots=True)
class Listing:
    """One list query in the words of one dialect.

    Attributes:
        method: REST method of the list.
        grammar: how the family says filters, orders and bounds.
        paging: what the method can do.
        id_wire: wire name of the id in rows, filters and orders.
        rows_path: key of the rows in ``result``; "" if the result is the list.
        fixed: parameters that every call carries.
        select: wire names to ask for; empty means that the method has no projection.
        where: the filter, without the bounds and lists of ids that stand below.
        order: the user's order as wire names; empty means by id.
        descending: direction of the ids, where the order is by id.
        bounds: bounds of the user's own on the id.
        ids: the only ids that can match, ascending, or None.
        offset, limit: the window.
        never: no row can match, so that no request is needed.
        residue: for methods that hand out everything at once: the filter to apply to the rows, else None.
        local_order: the order to apply to those rows, as attribute names.
    """

    method: str
    grammar: Grammar
    paging: Paging
    id_wire: str
    rows_path: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    select: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict[str, Any])
    order: tuple[tuple[str, Direction], ...] = ()
    descending: bool = False
    bounds: Bounds = Bounds()
    ids: tuple[int, ...] | None = None
    offset: int = 0
    limit: int | None = None
    never: bool = False
    residue: Node | None = None
    local_order: tuple[tuple[str, bool], ...] = ()

    @property
    def by_id(self) -> bool:
        """Whether rows come in the order of their ids."""
        return not self.order

    def key_of(self, row: Mapping[str, Any]) -> int:
        """The id of a raw row as a number.

        Raises:
            KeyError, ValueError: the row has none.
        """
        return int(row[self.id_wire])

    def command(
        self,
        *,
        start: int | None = -1,
        above: int | str | None = None,
        below: int | str | None = None,
        ids: tuple[int, ...] | None = None,
        descending: bool | None = None,
        select: tuple[str, ...] | None = None,
        key: str | None = None,
    ) -> Command:
        """The command of one page.

        Args:
            start: offset of the page; -1 asks not to count, None sends no offset at all.
            above: lower bound of the ids, a number or a reference to an earlier result; replaces the user's own.
            below: upper bound of the ids, likewise.
            ids: ask for just these.
            descending: read against the listing's direction (by id only).
            select: another projection.
            key: name of the command in a chain.
        """
        params: dict[str, Any] = dict(self.fixed)
        chosen = self.select if select is None else select
        if chosen:
            params["select"] = list(chosen)
        where = dict(self.where)
        low = above if above is not None else self.bounds.above
        high = below if below is not None else self.bounds.below
        if low is not None:
            where[f">{self.id_wire}"] = low
        if high is not None:
            where[f"<{self.id_wire}"] = high
        if ids is not None:
            where[f"@{self.id_wire}"] = list(ids)
        if where and self.grammar.filter_key:
            params[self.grammar.filter_key] = where
        if self.paging.mode != "whole" and start is not None:
            params["start"] = start
        if self.paging.mode != "whole" and (self.order or self.id_wire):
            down = self.descending if descending is None else descending
            by_id: tuple[tuple[str, Direction], ...] = ((self.id_wire, "DESC" if down else "ASC"),)
            order: tuple[tuple[str, Direction], ...] = self.order or by_id
            if self.order and not self.grammar.flat_order and all(wire != self.id_wire for wire, _ in order):
                # Equal rows must not change places between pages; the order turned round must be its exact mirror.
                order = (*order, (self.id_wire, order[0][1]))
            params.update(self.grammar.order(order))
        return Command(self.method, params, key)

    def windowed(self, offset: int, limit: int | None) -> Listing:
        """The same listing with another window."""
        return replace(self, offset=offset, limit=limit)


def _split_ids(node: Node) -> tuple[Node, Bounds, tuple[int, ...] | None]:
    """Takes the bounds and lists of ids that hold for every row out of *node*."""
    parts: tuple[Node, ...] = node.parts if isinstance(node, All) else (node,)
    bounds = Bounds()
    ids: set[int] | None = None
    rest: list[Node] = []
    for part in parts:
        if isinstance(part, Condition) and part.field == "id":
            value = part.value
            match part.lookup:
                case "gt":
                    bounds = bounds.narrowed(Bounds(above=value))
                    continue
                case "gte":
                    bounds = bounds.narrowed(Bounds(above=value - 1))
                    continue
                case "lt":
                    bounds = bounds.narrowed(Bounds(below=value))
                    continue
                case "lte":
                    bounds = bounds.narrowed(Bounds(below=value + 1))
                    continue
                case "exact" | "in":
                    wanted = {value} if part.lookup == "exact" else set(value)
                    ids = wanted if ids is None else ids & wanted
                    continue
                case "isnull":
                    if value:
                        ids = set()  # every row has an id
                    continue
                case _:
                    pass
        rest.append(part)
    if ids is not None:
        inside = (
            i for i in ids if (bounds.above is None or i > bounds.above) and (bounds.below is None or i < bounds.below)
        )
        return _joined(rest), Bounds(), tuple(sorted(inside))
    return _joined(rest), bounds, None


def _joined(parts: list[Node]) -> Node:
    if not parts:
        return Always()
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _selection(entity: Entity, dialect: str, names: tuple[str, ...] | None, id_wire: str) -> tuple[str, ...]:
    spec = entity.dialects[dialect]
    if names is None:
        # Classic lists leave user fields and multifields out of "*", and the answer without a select is disputed.
        extra = tuple(f.wire[dialect] for f in entity.fields if f.kind == "multifield" and dialect in f.wire)
        if spec.grammar == "crm_classic":
            return ("*", "UF_*", *extra)
        return ("*",) if spec.grammar == "crm_item" else ()
    wires = [wire_name(entity, dialect, name) for name in names]
    if spec.grammar == "crm_classic":
        for field in (find_field(entity, name) for name in names):
            if field.multiple and field.kind == "int" and not is_user_field(field):
                raise UnsupportedQuery(f"classic CRM lists do not show {entity.name}.{field.name}; use crm.item")
    if any(not find_field(entity, name).selectable for name in names):
        return ("*",)  # such a field comes only along with everything
    return tuple(dict.fromkeys((id_wire, *wires)))


def single_id(query: Query) -> int | None:
    """The id, if *query* asks for one row by its id and nothing else."""
    node = query.node
    if query.sliced or query.select is not None or not isinstance(node, Condition):
        return None
    return node.value if node.field == "id" and node.lookup == "exact" and isinstance(node.value, int) else None


def _fixed(entity: Entity, dialect: str, node: Node) -> dict[str, Any]:
    spec = entity.dialects[dialect]
    fixed: dict[str, Any] = dict(spec.fixed)
    parts: tuple[Node, ...] = node.parts if isinstance(node, All) else (node,)
    exact = {p.field: p.value for p in parts if isinstance(p, Condition) and p.lookup == "exact"}
    if spec.grammar == "crm_category":
        # The method answers for one kind of object at a time; guessing one would silently hide the others.
        if "entity_type_id" not in exact:
            raise UnsupportedQuery(
                f"{entity.name} needs to know whose pipelines: filter(entity_type_id=2) for deals, 31 for invoices, …",
            )
        fixed["entityTypeId"] = exact["entity_type_id"]
    if spec.grammar == "crm_status":
        # Dictionaries are filtered by equality alone; the portal's part of the work is to send only one of them.
        where = {entity.by_name[name].wire[dialect]: exact[name] for name in ("entity_id",) if name in exact}
        if where:
            fixed["filter"] = where
    return fixed


def compile_list(entity: Entity, api: str, query: Query) -> Listing:
    """*query* in the words of the dialect of *entity* that fits the portal's preference *api*.

    Raises:
        UnsupportedQuery: the dialect cannot say it.
        UnknownField: a field that the entity does not have.
    """
    dialect = entity.dialect_for(api)
    spec = entity.dialects[dialect]
    grammar = grammar_for(spec.grammar)
    node = query.node
    id_wire = spec.id.wire
    base = Listing(
        method=spec.methods["list"],
        grammar=grammar,
        paging=spec.paging,
        id_wire=id_wire,
        rows_path=spec.paths.rows,
        offset=query.offset,
        limit=query.limit,
    )
    if isinstance(node, Never) or query.limit == 0:
        return replace(base, never=True)
    if spec.paging.mode == "whole":
        order = tuple((key.field, key.descending) for key in query.order)
        return replace(base, fixed=_fixed(entity, dialect, node), residue=node, local_order=order)
    rest, bounds, ids = _split_ids(node)
    never = bounds.empty or ids == ()
    directions: dict[str, Direction] = {}
    for key in query.order:  # a field that is named again decides nothing more
        directions.setdefault(wire_name(entity, dialect, key.field), "DESC" if key.descending else "ASC")
    order_keys = tuple(directions.items())
    descending = bool(order_keys) and order_keys[0] == (id_wire, "DESC")
    if order_keys and order_keys[0][0] == id_wire:
        order_keys = ()  # ids are unique: whatever follows them never decides
    if order_keys:
        grammar.order(order_keys)  # refuses now what it cannot say
    return replace(
        base,
        fixed=dict(spec.fixed),
        select=_selection(entity, dialect, query.select, id_wire),
        where=grammar.where(rest, entity, dialect),
        order=order_keys,
        descending=descending,
        bounds=bounds,
        ids=ids,
        never=never,
    )
