"""Writes: the command that adds, changes or deletes one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from b24orm.command import Command
from b24orm.compiler.arrays import spelled
from b24orm.compiler.check import find_field
from b24orm.compiler.context import in_sequence, put
from b24orm.compiler.grammar import wire_name, wire_value
from b24orm.errors import InvalidValue, UnsupportedQuery
from b24orm.schema import Dialect, Entity

__all__ = ["check_writable", "compile_add", "compile_delete", "compile_update", "context_names", "resent_names"]


def check_writable(entity: Entity, names: Iterable[str], *, new: bool) -> None:
    """That the fields *names* can be written: of a *new* row, or of one that exists.

    Raises:
        UnknownField: one is no field of the entity.
        InvalidValue: the portal sets one by itself, or takes it on create only.
    """
    verb = "add" if new else "update"
    taken = {c.field for spec in entity.dialects.values() for c in spec.context if verb in c.verbs}
    for name in names:
        field = entity.by_name.get(name)
        if field is None:
            field = find_field(entity, name)
        if name in taken:
            continue  # says of which object the row is; it is no value of the row
        if field.read_only:
            raise InvalidValue(f"{entity.name}.{name} is set by the portal and cannot be written")
        if field.immutable and not new:
            raise InvalidValue(f"{entity.name}.{name} can be set on create only")


def resent_names(entity: Entity, api: str) -> tuple[str, ...]:
    """The fields that the portal wants with every update, changed or not; ``*`` stands for all of them."""
    return entity.dialects[entity.dialect_for(api)].resent


def context_names(entity: Entity, api: str, verb: str) -> tuple[str, ...]:
    """The attributes whose values *verb* takes as parameters of their own: of which task, of which list."""
    spec = entity.dialects[entity.dialect_for(api)]
    return tuple(context.field for context in spec.context if verb in context.verbs)


def compile_add(entity: Entity, api: str, values: Mapping[str, Any], *, caller: int | None = None) -> Command:
    """The command that creates a row.

    Args:
        values: by attribute name, as the portal takes them.
        caller: the id of the user on whose behalf it is created; None if that is not known.

    Raises:
        UnsupportedQuery: the entity cannot be created so, the dialect lacks a field.
        InvalidValue: a value is missing that the method answers nothing without.
    """
    dialect, spec, method = _method(entity, api, "add")
    if spec.caller and values.get(spec.caller) is None:
        if caller is None:
            raise UnsupportedQuery(f"REST 3.0 creates no {entity.name} without {spec.caller}")
        values = {**values, spec.caller: caller}
    params, rest = _with_context(entity, spec, "add", values)
    return _command(spec, "add", method, params, _named(entity, dialect, rest))


def compile_update(
    entity: Entity, api: str, key: Any, values: Mapping[str, Any], given: Mapping[str, Any], *, once: bool = False
) -> Command:
    """The command that changes *values* of the row *key*.

    Args:
        key: the row's id.
        values: by attribute name, as the portal takes them.
        given: what else is known of the row: of which task it is, for methods that ask.
        once: whether these values must not be sent twice, since the portal adds them to what is there.

    Raises:
        UnsupportedQuery, InvalidValue: as `compile_add`.
    """
    dialect, spec, method = _method(entity, api, "update")
    params, _ = _with_context(entity, spec, "update", {**given, **values})
    taken = {context.field for context in spec.context if "update" in context.verbs}
    rest = {name: value for name, value in values.items() if name not in taken}
    if spec.caller in rest:
        raise UnsupportedQuery(f"REST 3.0 takes {entity.name}.{spec.caller} on create only")
    _put_id(entity, spec, "update", params, key)
    return _command(spec, "update", method, params, _named(entity, dialect, rest), once=once)


def compile_delete(entity: Entity, api: str, key: Any, given: Mapping[str, Any]) -> Command:
    """The command that deletes the row *key*. Arguments and errors as for `compile_update`."""
    _, spec, method = _method(entity, api, "delete")
    params, _ = _with_context(entity, spec, "delete", given)
    _put_id(entity, spec, "delete", params, key)
    return _command(spec, "delete", method, params, None)


def _method(entity: Entity, api: str, verb: str) -> tuple[str, Dialect, str]:
    dialect = entity.dialect_for(api)
    spec = entity.dialects[dialect]
    method = spec.methods.get(verb)
    if method is None:
        said = {"add": "created", "update": "changed", "delete": "deleted"}[verb]
        raise UnsupportedQuery(f"{entity.name} cannot be {said} through REST: the portal has no method for it")
    return dialect, spec, method


def _put_id(entity: Entity, spec: Dialect, verb: str, params: dict[str, Any], key: Any) -> None:
    if spec.id is None:
        return  # the context tells rows apart
    if key is None or key == "":
        said = {"update": "changed", "delete": "deleted"}[verb]
        raise InvalidValue(f"a {entity.name} without {spec.id.name} cannot be {said}: it is not at the portal yet")
    put(params, spec.id_parameters.get(verb, "id"), key)


def _with_context(
    entity: Entity, spec: Dialect, verb: str, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters beside the values, and the values that are left."""
    params: dict[str, Any] = dict(spec.fixed)
    if not spec.context:
        return params, dict(values)
    rest = dict(values)
    for context in spec.context:
        if verb not in context.verbs:
            continue
        value = rest.pop(context.field, None)
        if value is not None and value != "":
            put(params, context.parameter, wire_value(entity.by_name[context.field], value))
        elif context.required and context.parameter not in params:
            said = {"add": "create", "update": "change", "delete": "delete"}[verb]
            raise InvalidValue(f"to {said} a {entity.name} the portal needs to know its {context.field}")
    return params, rest


def _named(entity: Entity, dialect: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """*values* by wire name."""
    known, spec = entity.by_name, entity.dialects[dialect]
    named: dict[str, Any] = {}
    for name, value in values.items():
        field = known.get(name)
        wire = None if field is None else field.wire.get(dialect)
        if wire is None:
            wire = wire_name(entity, dialect, name)
        if spec.writes is not None and name not in spec.writes:
            raise UnsupportedQuery(f"REST 3.0 does not write {entity.name}.{name}")
        if spec.version == 3 and field is not None:
            value = spelled(field, dialect, value, f"{entity.name}.{name}")
        named[wire] = value
    return named


def _command(
    spec: Dialect,
    verb: str,
    method: str,
    params: dict[str, Any],
    values: Mapping[str, Any] | None,
    *,
    once: bool = False,
) -> Command:
    if values is not None:
        path = spec.values_parameters.get(verb, "fields")
        if path in params:  # a context has put something there
            params[path] = {**params[path], **values}
        elif path:
            params[path] = dict(values)
        else:
            params.update(values)
    if verb in spec.sequence:
        params = in_sequence(params, spec.sequence[verb])
    return Command(method, params, replay="never" if once else spec.replayed(verb), version=spec.version)
