"""What bulk writes do to each row: create it, send its changes, change some fields of it, delete it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from typing_extensions import override

from b24orm.command import Command, Outcome
from b24orm.compiler import check_writable, compile_delete, compile_update, context_names, resent_names
from b24orm.context import PortalLike
from b24orm.errors import InvalidValue, NotFound, UnsupportedQuery
from b24orm.narrow import is_mapping
from b24orm.queryset.bulk import Item, Job
from b24orm.queryset.protocol import ModelLike
from b24orm.queryset.settling import settled
from b24orm.queryset.versions import changing, first_able
from b24orm.queryset.writing import (
    Change,
    add_change,
    answered_row,
    best_update,
    claim,
    delete_command,
    differing,
    key_of,
    release,
    stored_row,
)

__all__ = ["ChangeJob", "CreateJob", "DeleteJob", "UpdateJob"]

M = TypeVar("M", bound=ModelLike)


class _RowsJob(Job[Any]):
    verb = "update"
    said = "changed"

    def __init__(self, model: type[ModelLike]) -> None:
        self.model = model
        self.done = f"{model.__schema__().name} rows {self.said}"

    @override
    def method(self, portal: PortalLike) -> str:
        entity = self.model.__schema__()
        return entity.dialects[entity.dialect_for(portal.api)].methods.get(self.verb, "")

    def _gone(self, item: Item[Any], outcome: Outcome) -> Outcome:
        """The error of a row that is not there, as the model's own."""
        if isinstance(outcome.error, NotFound):
            error = self.model.DoesNotExist(f"no {self.model.__schema__().name} has id {item.key} (any more)")
            error.__cause__ = outcome.error
            return Outcome(outcome.status, error=error)
        return outcome


class CreateJob(_RowsJob):
    """Creates rows of objects, or of mappings of fields.

    Args:
        dedupe: a field whose value no two rows share: what was sent without an answer is looked up by it.
        bind: tells objects which portal they belong to.
    """

    verb, said = "add", "created"

    def __init__(
        self, model: type[ModelLike], dedupe: str | None = None, bind: Callable[[list[Any]], object] | None = None
    ) -> None:
        super().__init__(model)
        self.dedupe = dedupe
        self.bind = bind

    @override
    def check(self, inputs: Sequence[Any]) -> None:
        seen: dict[int, int] = {}
        for number, given in enumerate(inputs):
            if seen.setdefault(id(given), number) != number and not is_mapping(given):
                raise InvalidValue(f"input {number} is the same object as input {seen[id(given)]}")

    @override
    def prepare(self, given: Any, portal: PortalLike) -> Item[Any]:
        obj = made(self.model, given)
        apis = changing(type(obj).__schema__(), portal.api, "add")
        change = first_able(apis, lambda api: add_change(obj, api, portal.user_id))
        if self.dedupe is not None and change.sent.get(self.dedupe) in (None, "", 0):
            raise InvalidValue(f"a {type(obj).__name__} without {self.dedupe}: it could not be looked up by it")
        claim(obj)
        return Item(given, change.command, state=(obj, change))

    @override
    async def settle(self, items: Sequence[Item[Any]], outcomes: list[Outcome], portal: PortalLike) -> list[Outcome]:
        if self.dedupe is None:
            return outcomes
        values = [item.state[1].sent[self.dedupe] for item in items]
        return await settled(self.model, self.dedupe, values, outcomes, portal)

    @override
    def finish(self, item: Item[Any], outcome: Outcome, portal: PortalLike) -> Outcome:
        if outcome.status != "ok":
            return outcome
        obj: ModelLike = item.state[0]
        change: Change = item.state[1]
        if obj is not item.given:  # a mapping, which holds nothing afterwards
            entity = type(obj).__schema__()
            _, id = answered_row(entity.dialects[entity.dialect_for(change.api)], outcome.result)
            return Outcome("ok", response=outcome.response, key=outcome.key or id)
        row, id = (None, outcome.key) if outcome.key else stored_row(type(obj), portal, outcome.result, change.api)
        obj.__take__(change.sent, row, id)
        if self.bind is not None:
            self.bind([obj])
        return Outcome("ok", response=outcome.response, key=id)

    @override
    def let_go(self, item: Item[Any]) -> None:
        release(item.state[0])


class UpdateJob(_RowsJob):
    """Sends the changes of objects: of each its own, or these *fields*."""

    def __init__(self, model: type[ModelLike], fields: Sequence[str] | None = None) -> None:
        super().__init__(model)
        self.fields = fields
        if fields is not None:
            check_writable(model.__schema__(), fields, new=False)

    @override
    def prepare(self, given: Any, portal: PortalLike) -> Item[Any]:
        if not isinstance(given, self.model):
            raise InvalidValue(f"bulk_update takes objects of {self.model.__name__}, not {given!r}")
        if key_of(given) is None:
            raise InvalidValue(f"this {self.model.__name__} is not at the portal yet: create it")
        change = best_update(given, portal.api, self.fields)
        claim(given)
        return Item(given, None if change is None else change.command, key_of(given), change)

    @override
    def finish(self, item: Item[Any], outcome: Outcome, portal: PortalLike) -> Outcome:
        change: Change | None = item.state
        if outcome.status == "ok" and change is not None:
            names = differing(item.given, change)
            row = stored_row(self.model, portal, outcome.result, change.api)[0] if names else None
            item.given.__take__(change.sent, row)
            if row is None:
                item.given.__forget__(names)
        return self._gone(item, outcome)

    @override
    def let_go(self, item: Item[Any]) -> None:
        release(item.given)


class ChangeJob(_RowsJob):
    """Changes the same fields of rows that are known by their ids."""

    def __init__(self, model: type[ModelLike], changed: ModelLike, known: Mapping[str, Any]) -> None:
        super().__init__(model)
        names = changed.changed_fields
        check_writable(model.__schema__(), names, new=False)
        missing = set(resent_names(model.__schema__(), model.__schema__().default_dialect)) - names
        if missing:
            raise UnsupportedQuery(
                f"the portal wants more than the change of a {model.__schema__().name} ({', '.join(sorted(missing))}): "
                "load the rows, change them, and use bulk_update"
            )
        self.changed = changed
        self.sent = changed.__values__(sorted(names))
        self.known = known

    @override
    def prepare(self, given: Any, portal: PortalLike) -> Item[Any]:
        entity = self.model.__schema__()

        def command(api: str) -> Command:
            written = self.model.__written__(entity.dialect_for(api), self.sent, before=self.changed)
            context = {name: self.known[name] for name in context_names(entity, api, "update") if name in self.known}
            return compile_update(entity, api, given, written.values, context, once=written.once)

        return Item(given, first_able(changing(entity, portal.api, "update"), command), given)

    @override
    def finish(self, item: Item[Any], outcome: Outcome, portal: PortalLike) -> Outcome:
        return self._gone(item, outcome)


class DeleteJob(_RowsJob):
    """Deletes rows: objects, or ids."""

    verb, said = "delete", "deleted"

    def __init__(self, model: type[ModelLike], known: Mapping[str, Any]) -> None:
        super().__init__(model)
        self.known = known

    @override
    def prepare(self, given: Any, portal: PortalLike) -> Item[Any]:
        if isinstance(given, self.model):
            return Item(given, delete_command(given, portal.api), key_of(given))
        if not isinstance(given, int | str) or isinstance(given, bool):
            raise InvalidValue(f"bulk_delete takes ids or objects of {self.model.__name__}, not {given!r}")
        entity, api = self.model.__schema__(), portal.api
        context = {name: self.known[name] for name in context_names(entity, api, "delete") if name in self.known}
        return Item(given, compile_delete(entity, api, given, context), given)

    @override
    def finish(self, item: Item[Any], outcome: Outcome, portal: PortalLike) -> Outcome:
        return self._gone(item, outcome)


def made(model: type[M], given: Any) -> M:
    """*given* if it is an object of *model*, or one made of it, if it is a mapping of fields.

    Raises:
        UnknownField, InvalidValue: it is neither, or a field is wrong.
    """
    if isinstance(given, model):
        return given
    if is_mapping(given):
        return model.__made__(given)
    raise InvalidValue(f"bulk_create takes objects of {model.__name__} or mappings of its fields, not {given!r}")
