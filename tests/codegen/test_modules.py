"""What the generator makes of a schema."""

import ast
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from b24orm.codegen import generate, render_index, render_module
from b24orm.codegen.sayable import Sayable
from b24orm.codegen.types import lookups
from b24orm.schema import Entity, entity, entity_keys
from tests.codegen.linting import ruff

KEYS = entity_keys()


def tiny(*fields: dict[str, object], grammar: str = "crm_item") -> Entity:
    """An entity with an id and *fields*."""
    common = {"wire": {"default": "x"}, "title": {"en": "X", "ru": "Икс"}}
    return Entity.model_validate(
        {
            "key": "thing",
            "name": "Thing",
            "title": {"en": "Thing", "ru": "Штука"},
            "default_dialect": "default",
            "dialects": {
                "default": {
                    "grammar": grammar,
                    "methods": {"list": "thing.list"},
                    "id": {"wire": "id", "type": "int"},
                    "paging": {"mode": "keyset"},
                },
            },
            "fields": [
                *({**common, **field} for field in fields),
                {**common, "name": "id", "type": "integer", "read_only": True, "nullable": False},
            ],
        },
    )


def class_body(text: str, name: str) -> list[ast.stmt]:
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef) and node.name == name]
    assert len(found) == 1
    return found[0].body


def declared(text: str, name: str) -> dict[str, str]:
    """Annotated names of the class *name* in *text*, with annotation and default as source."""
    body = [node for node in class_body(text, name) if isinstance(node, ast.AnnAssign)]
    return {
        ast.unparse(node.target): ast.unparse(node.annotation) + (f" = {ast.unparse(node.value)}" if node.value else "")
        for node in body
    }


def literal(text: str, name: str) -> list[str]:
    """The strings of ``name = Literal[…]`` in *text*."""
    found = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == name]
    assert len(found) == 1
    return [str(node.value) for node in ast.walk(found[0].value) if isinstance(node, ast.Constant)]


def text_of(node: ast.stmt) -> str:
    """The text of a docstring, "" for any other statement."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return ""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Named as in the project, so that the project's settings for generated code apply.
    target = tmp_path_factory.mktemp("checkout") / "b24orm" / "entities"
    generate(target=target)
    return target


@cache
def text_for(key: str) -> str:
    """The module of the entity *key*."""
    return render_module(entity(key))


@pytest.mark.parametrize("key", KEYS)
def test_the_same_schema_gives_the_same_text(key: str) -> None:
    assert text_for(key) == render_module(Entity.model_validate(entity(key).model_dump(by_alias=True)))


@pytest.mark.parametrize("key", KEYS)
def test_each_module_compiles(key: str) -> None:
    compile(text_for(key), f"{key}.py", "exec")


def test_generated_modules_need_no_formatter(generated: Path) -> None:
    root = Path(__file__).parents[2]
    outcome = ruff("format", "--check", "--config", str(root / "pyproject.toml"), str(generated))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_generated_modules_pass_the_linter(generated: Path) -> None:
    root = Path(__file__).parents[2]
    ignored = 'lint.per-file-ignores = {"**/entities/**" = ["D1", "E501"]}'
    arguments = ("check", "--no-cache", "--config", str(root / "pyproject.toml"), "--config", ignored, str(generated))
    outcome = ruff(*arguments)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def is_class_variable(node: ast.AnnAssign) -> bool:
    return ast.unparse(node.annotation).startswith("ClassVar")


@pytest.mark.parametrize("key", KEYS)
def test_every_field_becomes_a_column_with_a_docstring(key: str) -> None:
    schema = entity(key)
    body = class_body(text_for(key), f"{schema.name}Fields")
    documented = {
        ast.unparse(node.target): text_of(after)
        for node, after in pairwise(body)
        if isinstance(node, ast.AnnAssign) and not is_class_variable(node) and text_of(after)
    }
    assert set(documented) == {field.name for field in schema.fields}
    for field in schema.fields:
        assert field.title.ru in documented[field.name]
        assert all(wire in documented[field.name] for wire in field.wire.values())


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"type": "integer"}, "Col[int | None] = column(default=None)"),
        ({"type": "integer", "nullable": False}, "Col[int] = column(default=0)"),
        ({"type": "string", "nullable": False}, "Col[str] = column(default='')"),
        ({"type": "string", "nullable": False, "expected": True}, "Col[str]"),
        ({"type": "string", "required": True}, "Col[str | None]"),
        (
            {"type": "string", "required": True, "read_only": True},
            "Col[str | None] = column(default=None, readonly=True)",
        ),
        ({"type": "char", "nullable": False}, "Col[bool] = column(default=False)"),
        ({"type": "double", "nullable": False}, "DecimalCol = column(default=Decimal(0))"),
        ({"type": "double"}, "OptionalDecimalCol = column(default=None)"),
        ({"type": "date"}, "Col[date | None] = column(default=None)"),
        ({"type": "datetime", "read_only": True}, "Col[datetime | None] = column(default=None, readonly=True)"),
        ({"type": "file"}, "Col[File | None] = column(default=None)"),
        ({"type": "user", "multiple": True}, "Col[list[int]] = column(default_factory=list)"),
        ({"type": "crm_multifield", "multiple": True}, "Col[list[Multifield]] = column(default_factory=list)"),
        ({"type": "anything else"}, "Col[Any] = column(default=None)"),
    ],
)
def test_a_column_has_the_type_and_default_of_its_field(field: dict[str, object], expected: str) -> None:
    assert declared(render_module(tiny({"name": "it", **field})), "ThingFields")["it"] == expected


def test_the_id_comes_first_and_then_what_the_constructor_asks_for() -> None:
    schema = tiny(
        {"name": "optional", "type": "string"},
        {"name": "wanted", "type": "string", "expected": True},
        {"name": "needed", "type": "string", "required": True},
    )
    names = list(declared(render_module(schema), "ThingFields"))
    assert names == ["__entity__", "id", "wanted", "needed", "optional"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (
            {"type": "string", "nullable": False},
            "= ne in not_in contains not_contains startswith endswith like not_like",
        ),
        ({"type": "integer"}, "= ne in not_in isnull gt gte lt lte range"),
        ({"type": "double", "nullable": False}, "= ne in not_in gt gte lt lte range"),
        ({"type": "datetime"}, "= ne in not_in isnull gt gte lt lte range"),
        ({"type": "user", "relation": "user"}, "= ne in not_in isnull"),
        ({"type": "boolean", "nullable": False}, "="),
        ({"type": "boolean"}, "= isnull"),
        ({"type": "user", "multiple": True, "nullable": False}, "= in"),
        ({"type": "crm_multifield", "multiple": True, "nullable": False}, "= in"),
        ({"type": "file"}, "isnull"),
        ({"type": "string", "filterable": False}, ""),
    ],
)
def test_a_field_takes_the_lookups_that_make_sense_for_it(field: dict[str, object], expected: str) -> None:
    keywords = [k for k in declared(render_module(tiny({"name": "it", **field})), "ThingLookups") if k.startswith("it")]
    assert keywords == ["it" if name == "=" else f"it__{name}" for name in expected.split()]


def test_a_family_that_knows_fewer_lookups_is_offered_fewer() -> None:
    field: dict[str, object] = {"name": "it", "type": "string"}
    for grammar, offered in (("crm_item", True), ("user", False)):
        text = render_module(tiny(field, grammar=grammar))
        assert ("it__not_like" in declared(text, "ThingLookups")) is offered


def test_lookup_values_are_typed() -> None:
    schema = tiny(
        {"name": "amount", "type": "double", "nullable": False},
        {"name": "day", "type": "date"},
        {"name": "moment", "type": "datetime"},
    )
    kinds = declared(render_module(schema), "ThingLookups")
    number = "Decimal | int | float"
    assert kinds["amount"] == number
    assert kinds["amount__in"] == f"Collection[{number}]"
    assert kinds["amount__range"] == f"tuple[{number}, {number}]"
    assert kinds["day"] == "date | None"
    assert kinds["day__gt"] == "date"
    assert kinds["moment__gte"] == "datetime | date"
    assert kinds["moment__isnull"] == "bool"


def test_names_are_imported_whether_columns_or_only_lookups_need_them() -> None:
    only_lookups = render_module(tiny({"name": "at", "type": "datetime"}, {"name": "sum", "type": "double"}))
    head, typing_only = only_lookups.split("if TYPE_CHECKING:")[0], only_lookups.split("if TYPE_CHECKING:")[1]
    assert "from datetime import datetime\n" in head
    assert "    from datetime import date\n" in typing_only
    assert "decimal" not in head
    assert "    from decimal import Decimal\n" in typing_only


def test_every_field_can_be_selected_but_only_some_sorted_by() -> None:
    schema = tiny(
        {"name": "hidden", "type": "string", "selectable": False},
        {"name": "loose", "type": "string", "sortable": False},
    )
    text = render_module(schema)
    assert literal(text, "ThingField") == ["id", "hidden", "loose"]
    assert literal(text, "ThingOrder") == ["id", "-id", "hidden", "-hidden"]


def test_an_entity_that_cannot_be_sorted_takes_no_order_key_at_all() -> None:
    schema = tiny()
    fields = tuple(field.model_copy(update={"sortable": False}) for field in schema.fields)
    text = render_module(schema.model_copy(update={"fields": fields}))
    assert "    from typing import Any, Literal, Never, Self, TypedDict, Unpack\n" in text
    assert "    ThingOrder = Never\n" in text


def test_notes_tell_what_a_field_is() -> None:
    text = render_module(entity("deal"))
    assert '"""Deal stage / Стадия сделки (item: stageId, classic: STAGE_ID); a Status of DEAL_STAGE."""' in text
    assert 'stage_semantic_id: Col[Literal["P", "S", "F"] | None]' in text
    assert "; deprecated." in text
    assert "(ENTITY_ID); set on create only." in render_module(entity("status"))


def test_titles_with_quotes_and_backslashes_are_escaped() -> None:
    title = {"en": 'A """quoted""" \\path', "ru": 'В "кавычках"'}
    text = render_module(tiny({"name": "it", "type": "string", "title": title}))
    body = class_body(text, "ThingFields")
    texts = [text_of(node) for node in body]
    assert f"{title['en']} / {title['ru']} (x)." in texts


@pytest.mark.parametrize("key", KEYS)
def test_only_fields_that_exist_are_offered(key: str) -> None:
    schema = entity(key)
    can, names = Sayable(schema), {field.name for field in schema.fields}
    for field in schema.fields:
        for keyword, _ in lookups(can, field):
            assert keyword.partition("__")[0] in names


def test_the_index_offers_every_entity_to_checkers_and_loads_it_lazily() -> None:
    text = render_index(entity(key) for key in reversed(KEYS))
    assert text == render_index(entity(key) for key in KEYS)
    for key in KEYS:
        name = entity(key).name
        assert f"    from b24orm.entities.{key} import {name} as {name}\n" in text
        assert f'    "{name}": "{key}",\n' in text


def test_the_index_loads_a_module_when_its_entity_is_first_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    class Stub:
        Deal = "the Deal class"

    def import_module(name: str) -> type[Stub]:
        loaded.append(name)
        return Stub

    namespace: dict[str, object] = {"__name__": "b24orm.entities"}
    exec(compile(render_index([entity("deal")]), "index", "exec"), namespace)
    namespace["import_module"] = import_module
    get = namespace["__getattr__"]
    assert callable(get)
    assert loaded == []
    assert get("Deal") == "the Deal class"
    assert loaded == ["b24orm.entities.deal"]
    assert namespace["Deal"] == "the Deal class"
    with pytest.raises(AttributeError, match="Dael"):
        get("Dael")
    directory = namespace["__dir__"]
    assert callable(directory)
    assert "Deal" in directory()
