"""One row written: created, saved, deleted, loaded anew."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from b24orm.command import Command, Outcome
from b24orm.compiler import (
    check_writable,
    compile_add,
    compile_delete,
    compile_get,
    compile_update,
    context_names,
    find_field,
    resent_names,
)
from b24orm.context import PortalLike, default_portal, portal_in_context
from b24orm.errors import B24OrmError, ConcurrentWrite, InvalidValue, NotFound, UnknownField
from b24orm.narrow import is_mapping
from b24orm.op import Op
from b24orm.plan import Plan, plan_write
from b24orm.query import Condition, Q, Query
from b24orm.queryset.execute import Reading, fetch_one
from b24orm.queryset.names import Named, field_name
from b24orm.queryset.protocol import ModelLike
from b24orm.queryset.versions import AUTO, changing, chooses, creating, first_able, refused
from b24orm.schema import Dialect

__all__ = [
    "Change",
    "add_change",
    "answered_row",
    "being_written",
    "best_update",
    "caller_of",
    "claim",
    "create_now",
    "delete",
    "delete_command",
    "differing",
    "key_of",
    "plan_new",
    "preferred_api",
    "refresh",
    "release",
    "save",
    "save_now",
    "stored_row",
    "submitted",
    "update_change",
]

M = TypeVar("M", bound=ModelLike)

logger = logging.getLogger("b24orm.queryset")


def preferred_api(portal: PortalLike | None = None) -> str:
    """The dialect of *portal* or of the current one; the usual one where there is none yet."""
    at = _at(portal)
    return AUTO if at is None else at.api


def caller_of(portal: PortalLike | None) -> int | None:
    """On whose behalf *portal*, or the current one, makes calls; None if that is not known."""
    at = _at(portal)
    return None if at is None else at.user_id


def _at(portal: PortalLike | None) -> PortalLike | None:
    return portal or portal_in_context.get() or default_portal.portal


@dataclass(frozen=True, slots=True)
class Change:
    """A write of one object, ready to be sent.

    Attributes:
        command: what is sent.
        sent: the typed values in it, by attribute name.
        api: the dialect that it is said in.
    """

    command: Command
    sent: Mapping[str, Any]
    api: str


def key_of(obj: ModelLike) -> Any:
    """The id of *obj*; None if it has none yet."""
    name = _id_name(type(obj))
    held: Mapping[str, Any] = obj.__dict__
    value = held.get(name) if name else None
    return None if value == "" or (value == 0 and not obj.__stored__) else value


def _id_name(model: type[ModelLike]) -> str:
    entity = model.__schema__()
    id = entity.dialects[entity.default_dialect].id
    return "" if id is None else id.name


def _contexts(obj: ModelLike, api: str, verb: str) -> dict[str, Any]:
    """What the methods want to know beside the id, as far as *obj* says it."""
    held: Mapping[str, Any] = obj.__dict__
    said = held.keys() if obj.__stored__ else obj.changed_fields
    return {name: held[name] for name in context_names(type(obj).__schema__(), api, verb) if name in said}


def is_new(obj: ModelLike) -> bool:
    """Whether saving *obj* creates a row: it was not loaded, and has no id that the portal gave."""
    if obj.__stored__:
        return False
    name = _id_name(type(obj))
    return not name or key_of(obj) is None or not type(obj).__schema__().by_name[name].read_only


def add_change(obj: ModelLike, api: str, caller: int | None = None) -> Change:
    """How *obj* is created, on behalf of the user *caller*.

    Raises:
        InvalidValue: it has an id already, or a field that the portal sets by itself.
        UnsupportedQuery: the entity cannot be created, or not with these fields.
    """
    entity = type(obj).__schema__()
    if not is_new(obj):
        raise InvalidValue(f"this {entity.name} is at the portal already: save() changes it")
    sent = obj.__values__(sorted(obj.changed_fields))
    id = _id_name(type(obj))
    if id and id in sent and key_of(obj) is None:
        del sent[id]
    check_writable(entity, sent, new=True)
    written = type(obj).__written__(entity.dialect_for(api), sent)
    return Change(compile_add(entity, api, written.values, caller=caller), sent, api)


def update_change(obj: ModelLike, api: str, names: Iterable[str] | None = None) -> Change | None:
    """How the changes of *obj*, or its fields *names*, are sent; None if there are none.

    Raises:
        InvalidValue: a field that cannot be changed.
    """
    entity = type(obj).__schema__()
    id = _id_name(type(obj))
    assigned = (name for name in obj.changed_fields if name != id or obj.__stored__)
    chosen = set(assigned if names is None else names)
    if not chosen:
        return None
    check_writable(entity, chosen, new=False)
    chosen |= _resent(obj, api, chosen)
    sent = obj.__values__(sorted(chosen))
    written = type(obj).__written__(entity.dialect_for(api), sent, before=obj)
    given = _contexts(obj, api, "update")
    return Change(compile_update(entity, api, key_of(obj), written.values, given, once=written.once), sent, api)


def best_update(obj: ModelLike, api: str, names: Iterable[str] | None) -> Change | None:
    """`update_change` in the dialect that has words for it, at a portal that prefers *api*."""
    apis = changing(type(obj).__schema__(), api, "update")
    return first_able(apis, lambda one: update_change(obj, one, names))


def _resent(obj: ModelLike, api: str, chosen: set[str]) -> set[str]:
    """What has to travel with the changes of *obj*, since the portal asks for it, or clears what is not sent."""
    entity = type(obj).__schema__()
    wanted = set(resent_names(entity, api))
    held: Mapping[str, Any] = obj.__dict__
    if "*" in wanted:
        wanted = {field.name for field in entity.fields if not field.read_only and not field.immutable}
        wanted -= set(context_names(entity, api, "update"))
        wanted |= set(obj.__others__)
    missing = sorted(name for name in wanted - chosen if name not in held and name not in obj.__others__)
    if missing and obj.__stored__:
        raise InvalidValue(
            f"the portal wants {', '.join(missing)} with every change of a {entity.name}: load the row whole first"
        )
    return {name for name in wanted if name in held or name in obj.__others__}


def delete_command(obj: ModelLike, api: str) -> Command:
    """How *obj* is deleted.

    Raises:
        InvalidValue: it has no id.
    """
    return compile_delete(type(obj).__schema__(), api, key_of(obj), _contexts(obj, api, "delete"))


_written: set[int] = set()  # identities of the objects that are being written


def claim(obj: ModelLike) -> None:
    """From now on *obj* cannot be written by anybody else, until `release`.

    Raises:
        ConcurrentWrite: it is being written already.
    """
    if id(obj) in _written:
        entity = type(obj).__schema__()
        raise ConcurrentWrite(f"this {entity.name} (id {key_of(obj)}) is being written already: await that first")
    _written.add(id(obj))


def release(obj: ModelLike) -> None:
    """Ends what `claim` began."""
    _written.discard(id(obj))


@contextmanager
def being_written(obj: ModelLike) -> Generator[None]:
    """Within it, *obj* cannot be written by anybody else.

    Raises:
        ConcurrentWrite: it is being written already.
    """
    claim(obj)
    try:
        yield
    finally:
        release(obj)


def answered_row(spec: Dialect, result: Any) -> tuple[Any, Any]:
    """The raw row that the answer of a create or an update shows, and the id. None for what it does not show."""
    *place, last = spec.paths.new_id.split(".")
    value: Any = result
    for name in place:
        value = value.get(name) if is_mapping(value) else None
    row: Any = value if last and is_mapping(value) and len(value) > 1 else None
    if last:
        value = value.get(last) if is_mapping(value) else None
    key = None if isinstance(value, bool) or not isinstance(value, int | str) else value
    if isinstance(key, str) and key.isdecimal() and spec.key is not None:
        key = int(key)
    return row, key


def stored_row(model: type[ModelLike], portal: PortalLike, result: Any, api: str) -> tuple[Any, Any]:
    """The row that the answer of a create or an update shows, read; and the id. None for what it does not show."""
    entity = model.__schema__()
    dialect = entity.dialect_for(api)
    row, key = answered_row(entity.dialects[dialect], result)
    if row is None:
        return None, key
    # The row is stored, whatever a field of it holds: what does not fit must not look like a failure.
    reader = model.__reader__(dialect, keep=True)
    read = reader.from_python([dict(row)])
    if found := reader.release(read):
        portal.note_invalid(found)
    return read[0], key


async def submitted(obj: ModelLike, portal: PortalLike) -> tuple[Change, Outcome]:
    """Sends *obj* to be created, in the version of the REST that serves best; what was sent, and what became of it."""
    entity = type(obj).__schema__()
    if chooses(entity, portal.api):
        change = first_able(creating(entity, portal.api, None), lambda api: add_change(obj, api, portal.user_id))
        method = change.command.method
        if change.command.version == 3 and method in await portal.offered():
            outcome = await portal.submit(change.command)
            if not refused(outcome, method, portal):
                return change, outcome
    change = add_change(obj, portal.api, portal.user_id)
    return change, await portal.submit(change.command)


def plan_new(obj: ModelLike, portal: PortalLike | None) -> Plan:
    """How *obj* will be created at *portal*, or at the current one."""
    entity, api = type(obj).__schema__(), preferred_api(portal)
    at = _at(portal)
    offered = None if at is None else at.known_methods()
    # Where no portal is there to tell who calls, somebody will.
    caller = caller_of(portal) or (1 if at is None else None)
    change = first_able(creating(entity, api, offered), lambda one: add_change(obj, one, caller))
    note = ""
    if chooses(entity, api):
        if change.command.version == 3:
            unsure = "" if offered is not None else ", if the portal offers it, which is asked first"
            note = f"by REST 3.0, which finds out whether it was created if its answer is lost{unsure}"
        else:
            able = len(creating(entity, api, offered)) > 1
            note = f"not by REST 3.0: {'that cannot say it' if able else 'the portal does not offer that'}"
    return plan_write(change.command, note)


async def create_now(obj: ModelLike, portal: PortalLike, change: Change, outcome: Outcome) -> None:
    """Takes over what became of *change*, so that *obj* holds what the portal stored."""
    result = outcome.unwrap().result
    row, key = stored_row(type(obj), portal, result, change.api)
    key = key if outcome.key is None else outcome.key
    obj.__take__(change.sent, row, key)
    entity = type(obj).__schema__()
    part = entity.dialects[entity.dialect_for(change.api)].partial_add
    if (row is None or part) and key is not None:
        try:
            obj.__take__({}, await _fetch(obj, portal))
        except B24OrmError as error:
            # It is stored all the same; fields that it was not given say that they are not loaded.
            logger.warning("%s %s was created, but could not be read back: %s", type(obj).__name__, key, error)


def differing(obj: ModelLike, change: Change) -> list[str]:
    """The fields in *change* of which the difference was sent: the portal gave what is new there ids of its own."""
    known = type(obj).__schema__().by_name
    return [name for name in change.sent if name in known and known[name].as_difference]


async def _read_back(obj: ModelLike, portal: PortalLike, names: Iterable[str]) -> None:
    try:
        obj.__take__({}, await _fetch(obj, portal))
    except B24OrmError as error:
        obj.__forget__(names)
        logger.warning("%s %s was saved, but could not be read back: %s", type(obj).__name__, key_of(obj), error)


async def _fetch(obj: ModelLike, portal: PortalLike) -> Any:
    return await fetch_one(Reading(type(obj), _row_query(obj, portal.api), progress=False), portal)


def _row_query(obj: ModelLike, api: str) -> Query:
    """The query that finds the row of *obj*: by its get method, or else by a list with all that such a list needs."""
    entity = type(obj).__schema__()
    spec = entity.dialects[entity.dialect_for(api)]
    name = _id_name(type(obj))
    held: Mapping[str, Any] = obj.__dict__
    known: dict[str, Any] = {} if not name else {name: key_of(obj)}

    def query(verb: str, more: tuple[str, ...] = ()) -> Query:
        asked = [context.field for context in spec.context if context.required and verb in context.verbs]
        return _where({**known, **{field: held[field] for field in (*asked, *more) if field in held}})

    got = query("get")
    return got if compile_get(entity, api, got) is not None else query("list", spec.needs)


def _where(values: Mapping[str, Any]) -> Query:
    parts = tuple(Condition(name, "exact", value) for name, value in values.items())
    return Query(where=(Q.join(parts, "AND"),))


async def save_now(obj: ModelLike, portal: PortalLike, names: tuple[str, ...] | None = None) -> None:
    """Creates *obj*, or sends its changes."""
    with being_written(obj):
        if is_new(obj):
            if names is not None:
                raise InvalidValue(f"update_fields of a new {type(obj).__schema__().name}: there is nothing to update")
            await create_now(obj, portal, *await submitted(obj, portal))
            return
        change = best_update(obj, portal.api, names)
        if change is None:
            return
        outcome = await portal.submit(change.command)
        _raise_if_gone(obj, outcome)
        row, _ = stored_row(type(obj), portal, outcome.unwrap().result, change.api)
        obj.__take__(change.sent, row)
        if row is None and (names_ := differing(obj, change)):
            await _read_back(obj, portal, names_)


def _raise_if_gone(obj: ModelLike, outcome: Outcome) -> None:
    if isinstance(outcome.error, NotFound):
        entity = type(obj).__schema__()
        problem = type(obj).DoesNotExist(f"no {entity.name} has id {key_of(obj)} (any more)")
        raise problem from outcome.error


def save(obj: M, update_fields: Iterable[str | Named] | None = None) -> Op[M]:
    """`Model.save`."""
    names: tuple[str, ...] | None = None
    entity = type(obj).__schema__()
    if isinstance(update_fields, str):
        raise UnknownField(f"update_fields is a list of names, not one: [{update_fields!r}]")
    if update_fields is not None:
        names = tuple(dict.fromkeys(find_field(entity, field_name(field)).name for field in update_fields))
        check_writable(entity, names, new=False)

    async def run(portal: PortalLike) -> M:
        await save_now(obj, portal, names)
        return obj

    def explain() -> Plan:
        if is_new(obj):
            return plan_new(obj, obj.__home__)
        change = best_update(obj, preferred_api(obj.__home__), names)
        return plan_write(None if change is None else change.command)

    return Op(run, explain=explain, portal=obj.__home__)


def delete(obj: ModelLike) -> Op[None]:
    """`Model.delete`."""

    async def run(portal: PortalLike) -> None:
        with being_written(obj):
            outcome = await portal.submit(delete_command(obj, portal.api))
            _raise_if_gone(obj, outcome)
            outcome.unwrap()

    return Op(run, explain=lambda: plan_write(delete_command(obj, preferred_api(obj.__home__))), portal=obj.__home__)


def refresh(obj: M) -> Op[M]:
    """`Model.refresh`."""

    async def run(portal: PortalLike) -> M:
        if key_of(obj) is None and _id_name(type(obj)):
            raise InvalidValue(f"this {type(obj).__schema__().name} is not at the portal yet")
        with being_written(obj):
            obj.__renew__(await _fetch(obj, portal))
        return obj

    def explain() -> Plan:
        from b24orm.queryset.execute import get_plan

        api = preferred_api(obj.__home__)
        return get_plan(Reading(type(obj), _row_query(obj, api)), api)

    return Op(run, explain=explain, portal=obj.__home__)
