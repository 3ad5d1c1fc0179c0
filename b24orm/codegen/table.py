"""The text of ``docs/entities.md``: one row per entity, in one table per area of the portal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from b24orm.codegen.layout import DOCS
from b24orm.compiler import FIXED_ORDERS
from b24orm.schema import Dialect, Entity

__all__ = ["area", "must_name", "page", "reading", "render_table"]


_VERBS = ("list", "get", "add", "update", "delete")

# Areas by the directory of the documentation, in the order of the page.
_AREAS = {
    "crm": "CRM",
    "tasks": "Tasks",
    "user": "Users and groups",
    "departments": "Users and groups",
    "sonet-group": "Users and groups",
    "lists": "Lists",
    "catalog": "Catalog",
    "sale": "Sale",
    "calendar": "Calendar",
    "disk": "Disk",
    "chats": "Chats",
    "telephony": "Telephony",
    "bizproc": "Business processes",
    "events": "Events",
    "event-log": "Event log",
    "note": "Knowledge bases",
    "timeman": "Working time",
}
_ATTACHED = "CRM: bindings, rows, user fields"
# The words of methods that serve what hangs on another CRM object.
_ATTACHED_WORDS = frozenset({"items", "link", "productrow", "productrows", "userfield", "userfieldconfig"})
_ORDER = tuple(dict.fromkeys((_AREAS["crm"], _ATTACHED, *_AREAS.values())))

_HEADINGS = ("entity", "fields", "methods", "filters", "a list is read", "a query must name")

_INTRODUCTION = """\
# Entities

b24orm knows {count} entities of the portal. `b24orm generate` writes this page from `schemas/*.json`: change those files,
not this one.

All are used alike, as described in [Querying](querying.md): `Task.objects.filter(…)`, `await Currency.objects.all()`.
Some methods answer nothing unless they are told of which task, of which list, of what kind of object. A query says it
like any other condition, by equality:

```python
from b24orm import TaskComment

comments = TaskComment.objects.filter(task_id=5).order_by("-id")
print(comments.explain())
```

```text
strategy: whole - the method answers with all rows at once; filter, order and window are applied here
requests: 1
commands: 1
1. task.commentitem.getlist {{"TASKID": 5}}
```

Without it, the query is an error before any request:

```python
try:
    TaskComment.objects.order_by("-id").explain()
except ValueError as error:
    print(error)
```

```text
TaskComment needs to know task_id: filter(task_id=…)
```

To add an entity is to add one JSON file: [schemas/README.md](../schemas/README.md).

## The columns

| column | what stands there |
|---|---|
| entity | the class, and what it stands for in English and in Russian |
| fields | how many are documented; in brackets those that the portal refuses a create without |
| methods | the REST methods to list, get, add, update and delete. `.get` begins like the method before it; a word in front says what a method is for, if its name does not. The first leads to the vendor's documentation |
| filters | what a filter can say: a [grammar](../schemas/README.md#the-grammar-of-filters) |
| a list is read | in which way, see below |
| a query must name | the fields without whose condition of equality there is no list; in brackets those that the method takes beside its filter, but does not insist on |

`item` and `classic` are the two dialects of CRM entities: `Portal(url, crm_api="classic")` asks for the second. `default` and
`v3` are the classic methods and those of [REST 3.0](rest3.md). What stands there without one of these words holds for
both. What b24orm does not do by itself yet
([status](../README.md#status)) can be done by `portal.call` with the [name of the method](raw.md).

| a list is read | which means |
|---|---|
| by id, lanes | pages behind ids, up to 50 chained in a batch, batches side by side; another order than by id takes counted pages |
| counted pages | pages by offset; read twice, where rows have a number as their id, to show that no row moved |
| cursor | pages by a position of the method's own, in its own order |
| page by page | lists of [REST 3.0](rest3.md): behind the id of the last row, or by offset where that is impossible; a request a page |
| one answer | all rows in one call; filter, order and slice are done by b24orm |
| get only | no method lists; `objects.get(id)` asks for one row |

More in [Reading](reading.md#strategies).
"""  # noqa: E501


def render_table(entities: Iterable[Entity]) -> str:
    """The page of *entities*."""
    areas: dict[str, list[Entity]] = {}
    for entity in sorted(entities, key=lambda entity: entity.name):
        areas.setdefault(area(entity), []).append(entity)
    known = [name for name in _ORDER if name in areas]
    blocks = [_INTRODUCTION.format(count=sum(map(len, areas.values())))]
    for name in (*known, *sorted(areas.keys() - set(known))):
        lines = [f"## {name}", "", _line(_HEADINGS), "|---" * len(_HEADINGS) + "|", *map(_row, areas[name])]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def area(entity: Entity) -> str:
    """The part of the portal that *entity* belongs to, by the place of its documentation and the name of its method."""
    spec = entity.dialects[entity.default_dialect]
    directory = page(spec).removeprefix("api-reference/").partition("/")[0]
    name = _AREAS.get(directory, directory.replace("-", " ").capitalize() or "Others")
    return _ATTACHED if directory == "crm" and _ATTACHED_WORDS & set(_leading(spec).split(".")) else name


def page(dialect: Dialect) -> str:
    """The page of the documentation that *dialect*'s list (or get) has, else its first page; "" if it names none."""
    wanted = _letters(_leading(dialect))
    pages = (path for path in dialect.docs if _letters(_stem(path)) == wanted)
    return next(pages, dialect.docs[0] if dialect.docs else "")


def _stem(path: str) -> str:
    """The name of a page, without what tells it from that of the older method of the same name."""
    return path.rpartition("/")[2].removesuffix(".html").removesuffix("-rest-v3")


def reading(dialect: Dialect) -> str:
    """How a list is read, in words."""
    paging = dialect.paging
    if "list" not in dialect.methods:
        return "get only"
    if dialect.version == 3 and paging.mode != "cursor":
        return "page by page"
    ways = {"keyset": "by id, lanes", "counted": "counted pages", "cursor": "cursor", "whole": "one answer"}
    words = [ways[paging.mode]]
    if paging.order != "any":
        if paging.mode == "keyset":
            words = ["by id, one way"]
        words.append(FIXED_ORDERS[paging.order])
    return ", ".join(words)


def must_name(dialect: Dialect) -> tuple[str, ...]:
    """The attributes whose condition of equality a list (or a get, if there is no list) does not do without."""
    return (*_beside(dialect, required=True), *dialect.needs)


def _row(entity: Entity) -> str:
    return _line(
        (
            f"`{entity.name}`: {entity.title.en} / {entity.title.ru}",
            _fields(entity),
            _by_dialect(entity, _methods),
            _by_dialect(entity, lambda dialect: f"`{dialect.grammar}`"),
            _by_dialect(entity, reading),
            _by_dialect(entity, _named),
        )
    )


def _line(cells: Iterable[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return "".join(f"| {cell} " if cell else "| " for cell in escaped) + "|"


def _by_dialect(entity: Entity, text: Callable[[Dialect], str]) -> str:
    """*text* of each dialect behind its name; of all, if they agree."""
    texts = {name: text(dialect) for name, dialect in entity.dialects.items()}
    if len(set(texts.values())) == 1:
        return texts[entity.default_dialect]
    return "; ".join(f"{name}: {said or '–'}" for name, said in texts.items())


def _fields(entity: Entity) -> str:
    creates = any("add" in dialect.methods for dialect in entity.dialects.values())
    required = [field.name for field in entity.fields if field.required and creates]
    return _with_brackets(str(len(entity.fields)), required)


def _methods(dialect: Dialect) -> str:
    return ", ".join(_each_method(dialect))


def _each_method(dialect: Dialect) -> Iterator[str]:
    before: str | None = None
    link = page(dialect)
    for verb in _VERBS:
        if verb not in dialect.methods:
            continue
        method = dialect.methods[verb]
        prefix, _, word = method.rpartition(".")
        said = f"`.{word}`" if prefix == before else f"`{method}`"
        if before is None and link:
            said = f"[{said}]({DOCS}{link})"
        yield said if word == verb else f"{verb}: {said}"
        before = prefix


def _named(dialect: Dialect) -> str:
    return _with_brackets(_code(must_name(dialect)), _beside(dialect, required=False))


def _beside(dialect: Dialect, *, required: bool) -> list[str]:
    verb = "list" if "list" in dialect.methods else "get"
    contexts = (c for c in dialect.context if verb in c.verbs and c.parameter not in dialect.fixed)
    return [context.field for context in contexts if context.required == required]


def _with_brackets(text: str, names: Iterable[str]) -> str:
    inner = _code(names)
    return f"{text} ({inner})".strip() if inner else text


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _leading(dialect: Dialect) -> str:
    """The method that lists, else the one that gets."""
    return dialect.methods.get("list") or dialect.methods.get("get", "")


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()
