"""`Listing`: a list query in the words of one dialect, without the paging, which is the plan's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from b24orm.command import Command, Version
from b24orm.compiler.arrays import check_order_v3, conditions_of, selection_v3, within
from b24orm.compiler.check import find_field, is_user_field
from b24orm.compiler.context import in_sequence, put, taken_context
from b24orm.compiler.grammar import Direction, Grammar, asked_name, wire_name
from b24orm.compiler.grammars import grammar_for
from b24orm.errors import UnsupportedQuery
from b24orm.query import All, Always, Condition, Never, Node, Query
from b24orm.schema import Cursor, Entity, Paging

__all__ = ["FIXED_ORDERS", "Bounds", "Listing", "compile_list", "everything"]


FIXED_ORDERS = {"asc": "the oldest first", "desc": "the newest first"}
"""What the order of a method that takes none is called, in messages."""


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
        id_wire: wire name of the id in rows, filters and orders; "" if rows have none that is known.
        id_filter: its name in filters, orders and selects, where that is another one than in rows; else "".
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
        names: what the method calls the parameters ``filter``, ``select``, ``order``, ``sort`` and ``start``, where it
            calls them otherwise; "" for one that it does not have.
        sequence: names of parameters in the order in which the method wants them, where it does.
        required: fields that every select of the method must name.
        given: values of attributes that all rows share, though they may not show them.
        version: which REST of the portal has the method.
        conditions: the filter of REST 3.0, without the bounds and lists of ids; `where` is empty then.
    """

    method: str
    grammar: Grammar
    paging: Paging
    id_wire: str
    id_filter: str = ""
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
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    sequence: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: Version = 2
    conditions: tuple[Any, ...] = ()

    @property
    def by_id(self) -> bool:
        """Whether ids lead from page to page: rows come in their order, and the method finds those behind an id."""
        return not self.order and self.paging.leads_by_id

    @property
    def id_asked(self) -> str:
        """The name of the id in filters, orders and selects."""
        return self.id_filter or self.id_wire

    @property
    def sizes_key(self) -> str:
        """Under what name the sizes of its pages are known: methods of both versions may share one."""
        return self.method if self.version == 2 else f"v3 {self.method}"

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
        position: Any = None,
        rows: int | None = None,
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
            position: where the page begins, as the answer before named it (cursors that answers name only).
            rows: how many rows to ask for, if the method lets one choose; None for as many as it hands out.
        """
        params: dict[str, Any] = dict(self.fixed)
        cursor = self.paging.cursor
        chosen = self.select if select is None else tuple(self.id_asked if n == self.id_wire else n for n in select)
        if chosen:
            params[self._name("select")] = [*chosen, *(name for name in self.required if name not in chosen)]
        low = above if above is not None else self.bounds.above
        high = below if below is not None else self.bounds.below
        if self.grammar.arrays:
            self._place_v3(params, low, high, ids, start, rows)
        else:
            self._place_classic(params, low, high, ids, start)
        down = self.descending if descending is None else descending
        for usual, value in self._order(down=down).items():
            params[self._name(usual)] = value
        if cursor is not None:
            by_id = high if self.descending else low
            _place(params, cursor, by_id if position is None else position, rows or self.paging.size)
        if self.sequence:
            params = in_sequence(params, self.sequence)
        return Command(self.method, params, key, version=self.version)

    def _place_classic(
        self, params: dict[str, Any], low: Any, high: Any, ids: tuple[int, ...] | None, start: int | None
    ) -> None:
        """Puts the filter and the beginning of the page among *params*."""
        where = dict(self.where)
        if self.paging.cursor is None:
            if low is not None:
                where[f">{self.id_asked}"] = low
            if high is not None:
                where[f"<{self.id_asked}"] = high
        if ids is not None:
            where.update(self.grammar.named(self.id_asked, ids))
        if self.grammar.beside:
            params.update(where)
        elif where and self.grammar.filter_key:
            name = self._name(self.grammar.filter_key)
            beside: Mapping[str, Any] = params.get(name, {})  # what a context put there
            params[name] = {**beside, **where}
        if self.paging.mode in ("keyset", "counted") and start is not None and self._name("start"):
            params[self._name("start")] = start

    def _place_v3(
        self,
        params: dict[str, Any],
        low: Any,
        high: Any,
        ids: tuple[int, ...] | None,
        start: int | None,
        rows: int | None,
    ) -> None:
        """The same in the words of REST 3.0, which counts nothing and lets one choose how many rows a page holds."""
        said = [*params.get("filter", ()), *self.conditions, *within(self.id_asked, low, high, ids)]
        if said:
            params["filter"] = said
        offset = {"offset": start} if start is not None and start > 0 else {}
        params["pagination"] = {"limit": rows or self.paging.size, **offset}

    def witness(self, id: int) -> Command:
        """The command of a cursor that finds a row if the row with that *id* is there and is not the first of all."""
        cursor = self.paging.cursor
        assert cursor is not None
        params: dict[str, Any] = dict(self.fixed)
        put(params, cursor.back, id)
        if cursor.size:
            put(params, cursor.size, 1)
        return Command(self.method, params, version=self.version)

    def _name(self, usual: str) -> str:
        return self.names.get(usual, usual)

    def _order(self, *, down: bool) -> dict[str, Any]:
        if self.paging.order != "any" or self.paging.mode == "whole":
            return {}
        if not self.order:
            if not self.id_wire or self.paging.mode == "cursor":
                return {}
            return self.grammar.order(((self.id_asked, "DESC" if down else "ASC"),))
        order: tuple[tuple[str, Direction], ...] = self.order
        if not self.grammar.flat_order and self.id_wire and all(wire != self.id_asked for wire, _ in order):
            # Equal rows must not change places between pages; the order turned round must be its exact mirror.
            order = (*order, (self.id_asked, order[0][1]))
        return self.grammar.order(order)

    def windowed(self, offset: int, limit: int | None) -> Listing:
        """The same listing with another window."""
        return replace(self, offset=offset, limit=limit)


def _place(params: dict[str, Any], cursor: Cursor, position: Any, rows: int) -> None:
    if position is not None:
        put(params, cursor.after, position)
    if cursor.size:
        put(params, cursor.size, rows)


def _split_ids(node: Node, id_name: str) -> tuple[Node, Bounds, tuple[int, ...] | None]:
    """Takes the bounds and lists of ids that hold for every row out of *node*."""
    parts: tuple[Node, ...] = node.parts if isinstance(node, All) else (node,)
    bounds = Bounds()
    ids: set[int] | None = None
    rest: list[Node] = []
    for part in parts:
        if isinstance(part, Condition) and part.field == id_name:
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


def _selection(
    entity: Entity, dialect: str, names: tuple[str, ...] | None, given: Mapping[str, Any]
) -> tuple[str, ...]:
    """The fields to ask for; what is *given* is known beforehand, and not always a field of the rows."""
    spec = entity.dialects[dialect]
    if spec.version == 3:
        return selection_v3(entity, dialect, names)
    chosen = () if names is None else [find_field(entity, name.partition(".")[0]) for name in names]
    for name in names or ():
        if "." in name:
            raise UnsupportedQuery(
                f"{name!r}: only REST 3.0 selects what is inside of a related object of {entity.name}"
            )
    if names is None or not all(field.selectable for field in chosen):  # what has no name comes along with everything
        return everything(entity, dialect)
    if spec.grammar == "crm_classic":
        for field in chosen:
            if field.multiple and field.kind == "int" and not is_user_field(field):
                raise UnsupportedQuery(f"classic CRM lists do not show {entity.name}.{field.name}; use crm.item")
    id_wire = () if spec.id is None else (spec.id.wire,)
    wires = (wire_name(entity, dialect, name) for name in names if name not in given)
    return tuple(dict.fromkeys((*id_wire, *wires)))


def everything(entity: Entity, dialect: str) -> tuple[str, ...]:
    """What a select names in order to get all fields; nothing, if it is to be left out."""
    spec = entity.dialects[dialect]
    if spec.version == 3:
        return selection_v3(entity, dialect, None)
    if spec.everything == "unsaid":
        return ()
    if spec.everything == "named":
        beside = {context.field for context in spec.context if context.required}
        return tuple(
            field.wire[dialect]
            for field in entity.fields
            if dialect in field.wire and field.selectable and field.name not in beside
        )
    if spec.grammar != "crm_classic":
        return ("*",)
    # Classic lists leave user fields and multifields out of "*", and the answer without a select is disputed.
    extra = tuple(f.wire[dialect] for f in entity.fields if f.kind == "multifield" and dialect in f.wire)
    return ("*", *(("UF_*",) if spec.user_fields else ()), *extra)


def _needed(entity: Entity, dialect: str, node: Node) -> None:
    """Raises UnsupportedQuery if a condition is missing that the method answers nothing, or everything, without."""
    parts: tuple[Node, ...] = node.parts if isinstance(node, All) else (node,)
    spec = entity.dialects[dialect]
    grammar = grammar_for(spec.grammar)
    found = ("exact",) if grammar.bare_needs or grammar.arrays else ("exact", "in")
    given = {p.field for p in parts if isinstance(p, Condition) and p.lookup in found}
    missing = [name for name in spec.needs if name not in given]
    if missing:
        example = ", ".join(f"{name}=…" for name in missing)
        raise UnsupportedQuery(f"{entity.name} lists need conditions on {', '.join(missing)}: filter({example})")


def _bare(entity: Entity, dialect: str, where: dict[str, Any]) -> dict[str, Any]:
    """Takes the prefix off conditions that some methods look for by the bare name."""
    spec = entity.dialects[dialect]
    if not grammar_for(spec.grammar).bare_needs:
        return where
    bare = {f"={wire}": wire for wire in (wire_name(entity, dialect, name) for name in spec.needs)}
    return {bare.get(key, key): value for key, value in where.items()}


def _descending(query: Query, paging: Paging) -> bool:
    return paging.order == "desc" or (bool(query.order) and query.order[0].descending)


def _refuse(base: Listing, entity: Entity, bounds: Bounds, ids: tuple[int, ...] | None, *, id_name: str) -> None:
    """Raises UnsupportedQuery for what the list method itself cannot do, whatever its family can say."""
    method, paging = base.method, base.paging
    if paging.mode == "cursor" and ids is not None:
        raise UnsupportedQuery(f"{method} cannot be asked for named rows, only for those behind an id")
    if ids is not None and not entity.by_name[id_name].filterable:
        raise UnsupportedQuery(f"{method} does not filter by the id of {entity.name}; get one row: objects.get(id)")
    if ids and not base.grammar.names_ids(len(ids)):
        raise UnsupportedQuery(
            f"lookup 'in' cannot be said to {base.grammar.name} lists ({entity.name}.{id_name}): "
            "ask for one id at a time"
        )
    if not paging.leads_by_id and bounds != Bounds():
        raise UnsupportedQuery(f"{method} has no range of ids in its filter; read all and compare {entity.name}.id")
    if paging.order == "any":
        return
    if base.order or base.descending != (paging.order == "desc"):
        sign = "-" if paging.order == "desc" else ""
        raise UnsupportedQuery(
            f"{method} takes no order: its rows always come by id, {FIXED_ORDERS[paging.order]}. "
            f'Leave the order out or use order_by("{sign}id"); for another one, read all rows and sort them'
        )


def compile_list(entity: Entity, api: str, query: Query) -> Listing:
    """*query* in the words of the dialect of *entity* that fits the portal's preference *api*.

    Raises:
        UnsupportedQuery: the dialect cannot say it.
        UnknownField: a field that the entity does not have.
    """
    dialect = entity.dialect_for(api)
    spec = entity.dialects[dialect]
    grammar = grammar_for(spec.grammar)
    if "list" not in spec.methods:
        raise UnsupportedQuery(f"the portal has no method that lists {entity.name}; get one by its id: objects.get(id)")
    id_asked = spec.key.wire if spec.key else ""
    id_wire = spec.answered(id_asked) if id_asked else ""
    base = Listing(
        method=spec.methods["list"],
        grammar=grammar,
        paging=spec.paging,
        id_wire=id_wire,
        id_filter=id_asked if id_asked != id_wire else "",
        rows_path=spec.paths.rows,
        offset=query.offset,
        limit=query.limit,
        names=spec.parameters,
        sequence=spec.sequence.get("list", ()),
        required=spec.always_selected,
        version=spec.version,
    )
    if isinstance(query.node, Never) or query.limit == 0:
        return replace(base, never=True)
    taken = taken_context(entity, dialect, query.node, "list")
    node = taken.node
    if isinstance(node, Never):
        return replace(base, never=True)
    base = replace(base, fixed={**taken.params, **spec.paging.fixed}, given=taken.given)
    _needed(entity, dialect, node)
    if spec.paging.mode == "whole":
        if query.after is not None:
            raise UnsupportedQuery(f"{base.method} answers with all rows at once: there is nothing to resume")
        order = tuple((key.field, key.descending) for key in query.order)
        return replace(base, residue=node, local_order=order)
    rest, bounds, ids = _split_ids(node, spec.key.name if spec.key else "")
    if query.after is not None:
        down = _descending(query, spec.paging)
        behind = Bounds(below=query.after) if down else Bounds(above=query.after)
        bounds = bounds.narrowed(behind)
        if ids is not None:
            ids = tuple(i for i in ids if (i < query.after if down else i > query.after))
            bounds = Bounds()
    never = bounds.empty or ids == ()
    directions: dict[str, Direction] = {}
    for key in query.order:  # a field that is named again decides nothing more
        directions.setdefault(asked_name(entity, dialect, key.field), "DESC" if key.descending else "ASC")
    order_keys = tuple(directions.items())
    # Without an order of their own, rows come as the method sends them.
    descending = order_keys[0] == (id_asked, "DESC") if order_keys else spec.paging.order == "desc"
    if order_keys and order_keys[0][0] == id_asked:
        order_keys = ()  # ids are unique: whatever follows them never decides
    if order_keys:
        grammar.order(order_keys)  # refuses now what it cannot say
    if grammar.arrays:
        check_order_v3(entity, dialect, [key.field for key in query.order])
    listing = replace(
        base,
        select=_selection(entity, dialect, query.select, taken.given) if spec.parameters.get("select") != "" else (),
        where={} if grammar.arrays else {**spec.where, **_bare(entity, dialect, grammar.where(rest, entity, dialect))},
        conditions=tuple(conditions_of(rest, entity, dialect)) if grammar.arrays else (),
        order=order_keys,
        descending=descending,
        bounds=bounds,
        ids=ids,
        never=never,
    )
    _refuse(listing, entity, bounds, ids, id_name=spec.key.name if spec.key else "")
    return listing
