"""The Pydantic description of an entity schema: what ``schemas/*.json`` may say."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Spec

from b24orm.schema.kinds import Kind, kind_of

__all__ = [
    "Context",
    "Cursor",
    "Dialect",
    "Entity",
    "Field",
    "GrammarName",
    "IdField",
    "Paging",
    "Paths",
    "Relation",
    "Replay",
    "Title",
    "named_already",
    "of_one_type",
    "with_parts",
]

GrammarName = Literal[
    "crm_item",
    "crm_classic",
    "stage_history",
    "user",
    "department",
    "tasks",
    "task_items",
    "controller",
    "products",
    "product_rows",
    "orm",
    "disk",
    "offline",
    "groups",
    "calls",
    "lists",
    "bizproc",
    "equality",
    "messages",
    "none",
    "v3",
]
"""The families of filters; `b24orm/compiler/grammars.py` says what each can express."""

Replay = Literal["never", "safe", "gone"]
"""What sending a write a second time does."""

_REPLAY: dict[str, Replay] = {"update": "safe", "delete": "gone"}


class _Part(BaseModel):
    # Built when the first schema is read, not when the package is imported.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Title(_Part):
    """A human name, in English and Russian."""

    en: str
    ru: str


class Field(_Part):
    """One documented field of an entity."""

    name: str = Spec(
        pattern=r"^[a-z][a-z0-9_]*$",
        description="attribute name: the snake_case form of the modern wire name",
    )
    type: str = Spec(description="the portal's type name, as *.fields reports it")
    wire: dict[str, str] = Spec(description="wire name by dialect; a dialect that is not named lacks the field")
    asked: dict[str, str] = Spec(
        default_factory=dict,
        description="its name in filters and orders by dialect, where requests for it and writes call it otherwise",
    )
    title: Title
    required: bool = Spec(default=False, description="the portal refuses a create without it")
    expected: bool = Spec(default=False, description="our constructor asks for it though the portal would make one up")
    read_only: bool = False
    immutable: bool = Spec(default=False, description="can be set on create only")
    multiple: bool = False
    nullable: bool = Spec(default=True, description="the portal may answer null or an empty string for no value")
    deprecated: bool = False
    relation: str | None = Spec(
        default=None,
        description="key of the entity whose id this is, or status:ENTITY_ID for a dictionary",
    )
    values: tuple[str, ...] = Spec(
        default=(),
        description="the values that the documentation fixes, if it does; numbers as text",
    )
    parts: tuple[str, ...] = Spec(
        default=(),
        description="the names of the values inside of a related object that REST 3.0 answers by name: "
        "`responsible.name`",
    )
    words: dict[str, dict[str, str]] = Spec(
        default_factory=dict,
        description="by dialect, what it writes for each of our values, as text; an empty text is no value",
    )
    filterable: bool = True
    sortable: bool = True
    selectable: bool = Spec(default=True, description="false: comes only with select=['*']")

    @property
    def refers(self) -> bool:
        """Whether the field holds ids of other objects, where 0 means none. Pipeline 0 is a real one, the default."""
        return self.relation is not None and self.kind == "int" and self.relation != "category"

    @property
    def as_difference(self) -> bool:
        """Whether an update says what is different: the portal keeps phones and files that it is not told of."""
        return self.kind in ("multifield", "file")

    @property
    def kind(self) -> Kind:
        """The kind of one value of the field (of one element, if it is multiple)."""
        return kind_of(self.type)


class IdField(_Part):
    """The identifier as a dialect knows it."""

    wire: str = Spec(description="its name in filters, orders and selects; rows call it as all fields are called there")
    type: Literal["int", "str", "code"] = Spec(
        description="how reads answer it: a number, a string of digits, or a text that is no number"
    )
    name: str = Spec(default="id", description="the attribute that holds it")


class Context(_Part):
    """A value that a method wants beside its filter: of which task, of which list, of what kind of object.

    Queries give it as a condition of equality: ``TaskComment.objects.filter(task_id=5)``.
    """

    field: str = Spec(description="the attribute whose condition gives the value")
    parameter: str = Spec(description="the parameter that takes it; a path with dots: `filter.ENTITY_ID`")
    required: bool = Spec(default=True, description="the method answers nothing without it")
    verbs: tuple[str, ...] = Spec(default=("list",), description="the methods that take it, by verb")


class Relation(_Part):
    """How rows of one entity lead to rows of another.

    ``deal.company`` goes from ``company_id`` to the company's ``id``; ``deal.contacts`` from the list ``contact_ids``;
    ``company.deals`` from ``id`` to the ``company_id`` of deals; ``deal.product_rows`` from ``id`` to their
    ``owner_id``, where ``owner_type`` is D.
    """

    name: str = Spec(pattern=r"^[a-z][a-z0-9_]*$", description="the attribute")
    to: str = Spec(description="key of the other entity")
    field: str = Spec(description="our attribute whose value (or values, of a list) leads there")
    target: str = Spec(description="the other entity's attribute that holds that value")
    many: bool = Spec(default=False, description="leads to any number of rows, not to one at most")
    where: dict[str, int | str] = Spec(
        default_factory=dict, description="what else the other rows are filtered by, as keywords of `filter()`"
    )


class Paths(_Part):
    """Where in ``result`` things are; an empty string is the result itself."""

    rows: str = Spec(default="", description="the rows of a list")
    row: str = Spec(default="", description="the row of a get")
    new_id: str = Spec(default="", description="the id after an add")


class Cursor(_Part):
    """How one page leads to the next where a method has neither an id filter nor offsets.

    Names of parameters and places in answers are paths with dots: ``pagination.afterCursor``.
    """

    after: str = Spec(
        min_length=1,
        description="parameter that says behind what a page begins: the id of a row, or what `next` names",
    )
    back: str = Spec(
        default="",
        description="parameter for the rows on the other side of an id; only to learn whether a row is still there",
    )
    next: str = Spec(
        default="",
        description="where in the result the position of the next page is, null on the last one; "
        "empty: the position is the id of the last row",
    )
    more: str = Spec(default="", description="where in the result it says whether a page follows; empty: nowhere")
    size: str = Spec(default="", description="parameter of the page size; empty: the method has none")
    exact: bool = Spec(
        default=False,
        description="behind an id that no row has, the method finds nothing, as it does behind the last one",
    )


class Paging(_Part):
    """How a list method hands out its rows."""

    mode: Literal["keyset", "counted", "cursor", "whole"] = Spec(
        description="keyset: by id filter; counted: by offset only; cursor: by a position of its own; "
        "whole: one answer holds all",
    )
    size: int = Spec(default=50, gt=0, description="rows a page, at most")
    order: Literal["any", "asc", "desc"] = Spec(
        default="any",
        description="any: as asked; asc, desc: always by id in this direction, as the method takes no order",
    )
    cursor: Cursor | None = Spec(default=None, description="the words of mode cursor")
    fixed: dict[str, Any] = Spec(default_factory=dict, description="parameters that every page carries")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.mode == "cursor") != (self.cursor is not None):
            raise ValueError("mode cursor and the words of a cursor go together")
        if self.cursor is not None and not self.cursor.next and self.order == "any":
            raise ValueError("a cursor that is the id of the last row needs to know in which order the ids come")
        return self

    @property
    def leads_by_id(self) -> bool:
        """Whether the method can be asked for the rows behind an id."""
        return self.mode == "keyset" or (self.cursor is not None and not self.cursor.next)


class Dialect(_Part):
    """One family of REST methods that serves the entity."""

    version: Literal[2, 3] = Spec(default=2, description="2: the classic REST; 3: REST 3.0, below /rest/api/")
    grammar: GrammarName = Spec(description="how filters are said")
    methods: dict[str, str] = Spec(description="list, get, add, update, delete, fields: REST method by verb")
    fixed: dict[str, Any] = Spec(default_factory=dict, description="parameters that every call carries")
    where: dict[str, int | str] = Spec(default_factory=dict, description="conditions that every list carries, as sent")
    parameters: dict[str, str] = Spec(
        default_factory=dict,
        description="what a list calls the parameters filter, select, order, sort and start, where it calls them "
        "otherwise; an empty string for one that it does not have",
    )
    sequence: dict[str, tuple[str, ...]] = Spec(
        default_factory=dict, description="parameters by verb, of methods that go by their place and not by their names"
    )
    id_parameters: dict[str, str] = Spec(
        default_factory=dict, description="parameter that takes the id, by verb, where it is not `id`"
    )
    values_parameters: dict[str, str] = Spec(
        default_factory=dict,
        description="parameter that takes the values of a row, by verb (add, update), where it is not `fields`; "
        "an empty string: they stand beside the other parameters",
    )
    replay: dict[str, Replay] = Spec(
        default_factory=dict,
        description="by verb, what sending a write again does that may have run: never (a second row, or worse), "
        "safe (the same once more), gone (the same, but the portal says that there is no such row); "
        "without a word, add is never, update is safe, delete is gone",
    )
    resent: tuple[str, ...] = Spec(
        default=(),
        description="attributes that every update must carry, changed or not; `*`: all, since the portal clears what "
        "is not sent",
    )
    context: tuple[Context, ...] = Spec(default=(), description="values that the methods want beside the filter")
    needs: tuple[str, ...] = Spec(default=(), description="attributes that a list must be filtered by with equality")
    always_selected: tuple[str, ...] = Spec(default=(), description="wire names that every select must hold")
    everything: Literal["unsaid", "star", "named"] = Spec(
        default="unsaid",
        description="how to ask for all fields: by no select, by a star, or by all their names",
    )
    answers: Literal["as_sent", "camel"] = Spec(
        default="as_sent", description="camel: rows call CREATED_DATE createdDate; wire names are those of requests"
    )
    id: IdField | None = Spec(default=None, description="absent where rows have none that tells them apart")
    paths: Paths = Paths.model_construct()  # not Paths(), which builds a validator and looks for plugins at import
    paging: Paging
    user_fields: bool = Spec(default=False, description="rows carry UF_* fields")
    filters: tuple[str, ...] | None = Spec(
        default=None, description="attributes that this dialect filters by, where that is fewer than the fields say"
    )
    orders: tuple[str, ...] | None = Spec(
        default=None, description="attributes that this dialect orders by, where that is fewer than the fields say"
    )
    writes: tuple[str, ...] | None = Spec(
        default=None, description="attributes that this dialect writes, where that is fewer than the fields say"
    )
    unread: tuple[str, ...] = Spec(default=(), description="attributes that this dialect writes and does not answer")
    partial_add: bool = Spec(default=False, description="the answer to an add lacks fields that the new row has")
    caller: str = Spec(
        default="",
        description="attribute that an add must name, though it is the caller's own id unless said otherwise",
    )
    docs: tuple[str, ...] = Spec(default=(), description="pages of the official documentation, as paths below its root")

    def answered(self, wire: str) -> str:
        """What rows call the field that requests call *wire*."""
        if self.answers == "as_sent":
            return wire
        first, *rest = wire.lower().split("_")
        return first + "".join(word[:1].upper() + word[1:] for word in rest)

    def replayed(self, verb: str) -> Replay:
        """What sending the write *verb* a second time does, if the first may have run."""
        return self.replay.get(verb) or _REPLAY.get(verb, "never")

    @property
    def numbers(self) -> bool:
        """Whether rows hold numbers as numbers; the other families write them as text."""
        modern = ("crm_item", "controller", "products", "product_rows", "stage_history")
        return self.version == 3 or self.grammar in modern

    @property
    def key(self) -> IdField | None:
        """The id, if it is a number that rows can be told apart and ordered by."""
        return None if self.id is None or self.id.type == "code" else self.id


def of_one_type(spec: Dialect, entity_type_id: int) -> Dialect:
    """*spec* for the objects of one CRM type, so that queries need not name it."""
    parts: dict[str, Any] = {name: getattr(spec, name) for name in Dialect.model_fields}
    parts["fixed"] = {"entityTypeId": entity_type_id, **spec.fixed}
    parts["context"] = tuple(context for context in spec.context if context.parameter != "entityTypeId")
    return Dialect.model_construct(None, **parts)


def named_already(field: Field) -> Field:
    """*field* where its value is the same for all rows, so that nothing is filtered or ordered by it."""
    parts: dict[str, Any] = {name: getattr(field, name) for name in Field.model_fields}
    return Field.model_construct(None, **{**parts, "filterable": False, "sortable": False})


def with_parts(entity: Entity, **changed: Any) -> Entity:
    """*entity* with some of its parts *changed*."""
    # Not model_copy, which would take the cached `by_name` along.
    parts: dict[str, Any] = {name: getattr(entity, name) for name in Entity.model_fields}
    return Entity.model_construct(None, **{**parts, **changed})


class Entity(_Part):
    """One entity: what ``schemas/<key>.json`` holds."""

    schema_ref: str = Spec("meta/entity.schema.json", alias="$schema")
    key: str = Spec(pattern=r"^[a-z][a-z0-9_]*$", description="file name, module name and the name relations use")
    name: str = Spec(pattern=r"^[A-Z][A-Za-z0-9]*$", description="class name")
    title: Title
    entity_type_id: int | None = None
    default_dialect: str
    dialects: dict[str, Dialect]
    fields: tuple[Field, ...]
    relations: tuple[Relation, ...] = Spec(
        default=(), description="ways to other entities beyond those that the fields tell by their `relation`"
    )

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by attribute name."""
        return {f.name: f for f in self.fields}

    def dialect_for(self, api: str) -> str:
        """The name of the dialect to use when a portal prefers *api* (``item``, ``classic``, ``v2`` or ``v3``)."""
        return api if api in self.dialects else self.default_dialect

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The meta-schema of schema files, as ``schemas/meta/entity.schema.json`` holds it."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **cls.model_json_schema(by_alias=True)}
