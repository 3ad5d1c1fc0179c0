"""The module that `b24orm pull` writes: of the sandbox, used against it; and of portals with awkward titles."""

from __future__ import annotations

import ast
import importlib.util
import keyword
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from b24orm import Deal, Limits, Money, Portal, SmartProcessItem
from b24orm.codegen.pull import render_portal
from b24orm.discovery import Choice, Layout, OwnEntity, OwnField, Stage, read_layout
from b24orm.errors import FieldNotLoaded, UnknownField
from b24orm.model import File
from b24orm.sandbox import Sandbox
from b24orm.sandbox.userfields import USER_FIELDS
from tests.codegen.linting import ruff

ROOT = Path(__file__).parents[2]
CONFIG = ("--config", str(ROOT / "pyproject.toml"))
CLASSES = {
    "lead": "Lead",
    "deal": "Deal",
    "contact": "Contact",
    "company": "Company",
    "quote": "Quote",
    "smart_invoice": "SmartInvoice",
    "smart_process_156": "ZayavkiNaRemont",
    "smart_process_1038": "Oborudovanie",
}

_numbers = count()


def loaded(text: str, path: Path) -> ModuleType:
    """The module *text*, imported from *path*."""
    path.write_bytes(text.encode())
    name = f"pulled_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where annotations look their names up
    spec.loader.exec_module(module)
    return module


async def pulled(sandbox: Sandbox) -> str:
    async with Portal(sandbox.url, limits=Limits.none()) as portal:
        return render_portal(await read_layout(portal))


@pytest.fixture
async def text(sandbox: Sandbox) -> str:
    return await pulled(sandbox)


@pytest.fixture(scope="module")
def models(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with Portal(sandbox.url, limits=Limits.none()) as portal:
        layout = portal.run_sync(lambda: read_layout(portal))
    module = loaded(render_portal(layout), tmp_path_factory.mktemp("pulled") / "crm_models.py")
    yield module
    del sys.modules[module.__name__]


# ------------------------------------------------------------------------------------------- the sandbox's module


async def test_the_same_portal_gives_the_same_text_byte_for_byte(sandbox: Sandbox, text: str) -> None:
    assert await pulled(sandbox) == text
    with Sandbox(deals=260, seed=5, limits=Limits.none()) as other:
        assert await pulled(other) == text


async def test_the_text_is_no_secret(sandbox: Sandbox, text: str) -> None:
    assert sandbox.code not in text
    assert str(sandbox.port) not in text


async def test_the_module_needs_no_formatter_and_passes_the_linter(text: str, tmp_path: Path) -> None:
    path = tmp_path / "crm_models.py"
    path.write_bytes(text.encode())
    formatted = ruff("format", "--check", *CONFIG, str(path))
    assert formatted.returncode == 0, formatted.stdout + formatted.stderr
    linted = ruff("check", "--no-cache", *CONFIG, str(path))
    assert linted.returncode == 0, linted.stdout + linted.stderr


async def test_every_user_field_of_the_sandbox_is_declared_once(text: str) -> None:
    wires = Counter(
        node.args[0].value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    )
    for key in CLASSES:
        for field in USER_FIELDS[key]:
            assert wires[field.name] == 1


def test_every_user_field_has_the_type_of_its_description(models: Any) -> None:
    kinds = {"integer": int, "boolean": bool, "date": date, "datetime": datetime, "money": Money, "file": File}
    kinds |= {"double": Decimal, "enumeration": int, "employee": int, "iblock_element": int, "iblock_section": int}
    for key, name in CLASSES.items():
        fields, model = USER_FIELDS[key], getattr(models, name)
        schema = model.__schema__()
        own = {wire: field for field in schema.fields for wire in field.wire.values()}
        for field in fields:
            declared = own[field.name]
            assert declared.multiple == field.multiple
            assert kind_of(model, declared.name) is kinds.get(field.type, str)


def kind_of(model: Any, name: str) -> Any:
    """The type of one value of a field, without None, list and Literal."""
    kind: Any = model.model_fields[name].annotation
    if get_origin(kind) in (Union, UnionType):
        (kind,) = [one for one in get_args(kind) if one is not type(None)]
    if get_origin(kind) is list:
        (kind,) = get_args(kind)
    return kind if isinstance(kind, type) else type(get_args(kind)[0])


def test_there_is_a_class_for_each_entity_and_each_process(models: Any) -> None:
    assert models.__all__ == sorted(CLASSES.values())
    assert models.ZayavkiNaRemont.__entity_type_id__ == 156
    assert models.Oborudovanie.__entity_type_id__ == 1038
    for name in CLASSES.values():
        assert getattr(models, name).__module__ == models.__name__
    assert not issubclass(models.Deal, Deal)  # a class of its own, with an `objects` of its own


def test_names_are_those_of_the_titles(models: Any) -> None:
    assert {"segment", "kolichestvo_mest", "skidka", "nomer_dogovora", "produkty"} <= set(models.Deal.model_fields)
    own = set(models.ZayavkiNaRemont.model_fields) - set(SmartProcessItem.model_fields)
    assert own == {
        *("parent_id_2", "seriynyy_nomer", "prioritet", "data_priyomki", "stoimost_remonta", "po_garantii", "master"),
        *("neispravnosti", "vidy_rabot", "primechanie", "primechanie_1760000010", "visit_time"),
        *("stage_id_1760000012", "n_24_7_chasov"),
    }


def test_stages_and_choices_are_literals_with_their_texts_beside_them(models: Any, sandbox: Sandbox) -> None:
    assert get_args(models.ZayavkiNaRemontPrioritet) == (111, 112, 113)
    assert get_args(models.OborudovanieStage)[0] == "DT1038_37:NEW"
    stages = {row["status_id"] for id in sandbox.ids("status") if (row := sandbox.row("status", id)) is not None}
    for name in ("Lead", "Deal", "Quote", "SmartInvoice", "ZayavkiNaRemont", "Oborudovanie"):
        assert set(get_args(getattr(models, f"{name}Stage"))) <= stages
    source = Path(models.__file__).read_text(encoding="utf-8")
    assert "    113,  # Срочный\n" in source
    assert '    "C1:WON",  # Закупки: Выполнено\n' in source
    assert '"""Примечание (UF_CRM_7_1760000010)."""' in source


async def test_what_could_not_be_read_is_said_in_the_module() -> None:
    faults = [("access_denied", {"method": "crm.type.list", "every": 1})]
    with Sandbox(deals=3, limits=Limits.none(), faults=faults) as sandbox:
        text = await pulled(sandbox)
    said = ast.get_docstring(ast.parse(text))
    assert said is not None
    assert "Not read:\n    smart processes: crm.type.list" in said
    assert '__all__ = ["Company", "Contact", "Deal", "Lead", "Quote", "SmartInvoice"]' in text


# ---------------------------------------------------------------------------------------------- used at the portal


def rows_of(sandbox: Sandbox, key: str) -> list[dict[str, Any]]:
    rows = [dict(row) for id in sandbox.ids(key) if (row := sandbox.row(key, id)) is not None]
    return [row for row in rows if row.get("is_recurring", "N") == "N"]


@pytest.mark.parametrize("api", ["item", "classic"])
async def test_typed_names_filter_by_the_portals_own_fields(sandbox: Sandbox, models: Any, api: str) -> None:
    deals = rows_of(sandbox, "deal")
    async with Portal(sandbox.url, limits=Limits.none(), crm_api="item" if api == "item" else "classic"):
        for lookups, expected in (
            ({"segment": "A"}, [row["id"] for row in deals if row["uf_crm_1700000001"] == "A"]),
            ({"region": 61}, [row["id"] for row in deals if row["uf_crm_1700000005"] == 61]),
            ({"region__in": [61, 63]}, [row["id"] for row in deals if row["uf_crm_1700000005"] in (61, 63)]),
            ({"dogovor_podpisan": True}, [row["id"] for row in deals if row["uf_crm_1700000004"]]),
            ({"stage_id": "C1:WON"}, [row["id"] for row in deals if row["stage_id"] == "C1:WON"]),
            ({"kolichestvo_mest__gt": 50}, [r["id"] for r in deals if (r["uf_crm_1700000002"] or 0) > 50]),
        ):
            assert expected, lookups
            found = await models.Deal.objects.filter(is_recurring=False, **lookups)
            assert [deal.id for deal in found] == expected, lookups
            assert {type(deal) for deal in found} == {models.Deal}


async def test_columns_filter_like_keywords(sandbox: Sandbox, portal: Portal, models: Any) -> None:
    repair = models.ZayavkiNaRemont
    expected = [row["id"] for row in rows_of(sandbox, "smart_process_156") if row["uf_crm_7_1760000002"] == 113]
    assert expected
    for query in (
        repair.objects.filter(repair.prioritet == 113),
        repair.objects.filter(prioritet=113),
        repair.objects.exclude(~(repair.prioritet == 113)),
        repair.objects.filter(repair.prioritet.in_([113])),
    ):
        assert [item.id async for item in query] == expected
        assert await query.count() == len(expected)


async def test_values_of_the_portals_own_fields_are_typed(sandbox: Sandbox, portal: Portal, models: Any) -> None:
    rows = {row["id"]: row for row in rows_of(sandbox, "smart_process_156")}
    for item in await models.ZayavkiNaRemont.objects:
        row = rows[item.id]
        assert item.seriynyy_nomer == row["uf_crm_7_1760000001"]
        assert item.prioritet == row["uf_crm_7_1760000002"]
        assert item.data_priyomki is None or item.data_priyomki == date.fromisoformat(row["uf_crm_7_1760000003"][:10])
        assert item.stoimost_remonta is None or item.stoimost_remonta == Money.parse(row["uf_crm_7_1760000004"])
        assert item.po_garantii is bool(row["uf_crm_7_1760000005"])
        assert item.visit_time is None or item.visit_time.tzinfo is not None
        assert (item.primechanie, item.primechanie_1760000010) == (
            row["uf_crm_7_1760000009"],
            row["uf_crm_7_1760000010"],
        )
        assert set(item.vidy_rabot) <= {121, 122, 123}
        assert item.entity_type_id == 156


async def test_get_select_order_and_values_know_the_names(sandbox: Sandbox, portal: Portal, models: Any) -> None:
    rows = rows_of(sandbox, "smart_process_156")
    repair = models.ZayavkiNaRemont
    one = await repair.objects.get(rows[3]["id"])
    assert (one.id, one.title) == (rows[3]["id"], rows[3]["title"])
    with pytest.raises(repair.DoesNotExist):
        await repair.objects.get(10**6)
    chosen = await repair.objects.select("prioritet", repair.master).order_by("-n_24_7_chasov", "id")
    assert chosen[0].loaded_fields >= {"id", "prioritet", "master"}
    with pytest.raises(FieldNotLoaded):
        _ = chosen[0].title
    assert [item.id for item in chosen] == [
        row["id"] for row in sorted(rows, key=lambda row: (-(row["uf_crm_7_1760000013"] or 0), row["id"]))
    ]
    values = await repair.objects.filter(stage_id="DT156_11:NEW").values("id", "stage_id", "prioritet")
    assert values == [
        {"id": row["id"], "stage_id": "DT156_11:NEW", "prioritet": row["uf_crm_7_1760000002"]}
        for row in rows
        if row["stage_id"] == "DT156_11:NEW"
    ]
    titles = await repair.objects.values_list(repair.title, flat=True)
    assert titles == [row["title"] for row in rows]


async def test_each_class_reads_all_rows_of_its_entity(sandbox: Sandbox, portal: Portal, models: Any) -> None:
    for key, name in CLASSES.items():
        found = [row.id async for row in getattr(models, name).objects]
        assert found == sandbox.ids(key), name


def test_blocking_code_uses_the_same_classes(sandbox: Sandbox, models: Any) -> None:
    with Portal(sandbox.url, limits=Limits.none()):
        assert len(models.Oborudovanie.objects.run_sync()) == len(sandbox.ids("smart_process_1038"))


def test_a_new_item_of_a_process_need_not_say_of_which(models: Any) -> None:
    item = models.ZayavkiNaRemont(title="Принтер", prioritet=113)
    assert item.entity_type_id == 156
    assert (item.title, item.prioritet, item.vidy_rabot) == ("Принтер", 113, [])


def test_what_a_program_writes_is_held_to_the_literals(models: Any) -> None:
    with pytest.raises(ValidationError, match="prioritet"):
        models.ZayavkiNaRemont(title="x", prioritet=5)
    item = models.ZayavkiNaRemont(title="x")
    with pytest.raises(ValueError, match="stage_id"):
        item.stage_id = "DT156_11:NEVER"
    item.stage_id = "DT156_11:NEW"
    with pytest.raises(UnknownField, match="did you mean 'prioritet'"):
        models.ZayavkiNaRemont.objects.filter(priority=5)


async def test_a_stage_that_is_younger_than_the_module_is_read(models: Any) -> None:
    with Sandbox(deals=3, limits=Limits.none()) as sandbox:
        new = sandbox.insert("smart_process_156", title="x")
        sandbox.update("smart_process_156", new, stage_id="DT156_11:NEWER", uf_crm_7_1760000002=999)
        async with Portal(sandbox.url, limits=Limits.none()):
            item = await models.ZayavkiNaRemont.objects.get(new)
    assert (item.stage_id, item.prioritet) == ("DT156_11:NEWER", 999)


# -------------------------------------------------------------------------------------------- names of all kinds


def layout_of(
    title: str, fields: Sequence[OwnField] = (), stages: Sequence[Stage] = (), *, more: Sequence[OwnEntity] = ()
) -> Layout:
    """The layout of a portal with deals and one smart process, which has the *title*, *fields* and *stages*."""
    deal = OwnEntity("deal", 2, "", DEAL, (Stage("NEW", "New"),))
    return Layout((deal, OwnEntity("smart_process_item", 156, title, tuple(fields), tuple(stages)), *more))


DEAL = (
    OwnField("UF_CRM_1", "file", "Contract"),
    OwnField("UF_CRM_2", "money", "Prepayment"),
    OwnField("UF_CRM_3", "double", "Weight"),
    OwnField("UF_CRM_4", "string", "Tags", multiple=True),
)
DEAL_KINDS = {"UF_CRM_1": File, "UF_CRM_2": Money, "UF_CRM_3": Decimal, "UF_CRM_4": str}
TYPES = {"string": str, "integer": int, "date": date, "datetime": datetime, "money": Money, "double": Decimal}


def one_of_each_type(*titles: str) -> list[OwnField]:
    """Fields with the *titles* first, so that they may disturb those that follow."""
    types = [*((title, "string") for title in titles), *((f"Last {name}", name) for name in TYPES)]
    fields = [OwnField(f"UF_CRM_7_{number}", kind, title) for number, (title, kind) in enumerate(types, 10)]
    return [*fields, OwnField("UF_CRM_7_99", "enumeration", "Last list", True, choices=(Choice(1, "a"),))]


def check(text: str, path: Path) -> Any:
    """The module *text*, which must be sound: one meaning for each name, every column of the type that it should be."""
    bound: Counter[str] = Counter()
    for node in ast.parse(text).body:
        for inner in node.body if isinstance(node, ast.If) else [node]:
            if isinstance(inner, ast.ClassDef):
                bound[inner.name] += 1
            elif isinstance(inner, ast.Assign):
                bound.update(target.id for target in inner.targets if isinstance(target, ast.Name))
            elif isinstance(inner, ast.ImportFrom):
                bound.update(alias.asname or alias.name for alias in inner.names)
    assert [name for name, times in bound.items() if times > 1] == []
    module: Any = loaded(text, path)
    try:
        for name in module.__all__:
            model = getattr(module, name)
            model.model_rebuild()
            for field in model.__schema__().fields:
                expected = DEAL_KINDS.get(field.wire.get("item", ""))
                assert expected is None or kind_of(model, field.name) is expected
    finally:
        del sys.modules[module.__name__]
    return module


@pytest.mark.parametrize("title", ["Date", "Datetime", "Column", "Int", "Str", "Bool", "List", "Tuple", "Class", "In"])
def test_a_field_may_be_called_like_anything_that_python_or_the_module_uses(title: str, tmp_path: Path) -> None:
    fields = one_of_each_type(title)
    module = check(render_portal(layout_of("Repair", fields)), tmp_path / "m.py")
    for name, kind in TYPES.items():
        assert kind_of(module.Repair, f"last_{name}") is kind
    assert kind_of(module.Repair, "last_list") is int
    assert "UF_CRM_7_10" in {wire for field in module.Repair.__schema__().fields for wire in field.wire.values()}


@pytest.mark.parametrize("title", ["Stage", "Order", "Field", "Lookups", "Own field"])
def test_a_list_may_be_called_like_what_belongs_to_the_class(title: str, tmp_path: Path) -> None:
    choices = (Choice(1, "a"), Choice(2, "b"))
    fields = [OwnField("UF_CRM_7_1", "enumeration", title, choices=choices)]
    module = check(render_portal(layout_of("Repair", fields, [Stage("DT156_1:NEW", "New")])), tmp_path / "m.py")
    schema = module.Repair.__schema__()
    (name,) = [field.name for field in schema.fields if "UF_CRM_7_1" in field.wire.values()]
    assert kind_of(module.Repair, name) is int
    assert kind_of(module.Repair, "stage_id") is str


def test_lists_whose_titles_differ_by_a_blank_alone_keep_their_own_values(tmp_path: Path) -> None:
    titles = ("Type 1", "Type1")
    fields = [
        OwnField(f"UF_CRM_7_{n}", "enumeration", title, choices=(Choice(n, title),))
        for n, title in enumerate(titles, 1)
    ]
    module = check(render_portal(layout_of("Repair", fields)), tmp_path / "m.py")
    assert module.Repair(title="x", type_1=1, type1=2).type1 == 2


@pytest.mark.parametrize(
    "title",
    [
        *("None", "True", "File", "Money", "Decimal", "Col", "Any", "Literal", "Collection", "Op", "Q", "Rows", "Self"),
        *("Deal", "deal stage", "Deal objects", "Deal lookups", "Base deal", "Unpack", "Column", "DealQuerySet"),
    ],
)
def test_a_process_may_be_called_like_anything_that_the_module_uses(title: str, tmp_path: Path) -> None:
    fields = one_of_each_type()
    module = check(render_portal(layout_of(title, fields, [Stage("DT156_1:NEW", "New")])), tmp_path / "m.py")
    (name,) = [name for name in module.__all__ if name != "Deal"]
    assert not keyword.iskeyword(name)
    process = getattr(module, name)
    assert process.__entity_type_id__ == 156
    assert kind_of(process, "stage_id") is str
    for kind in TYPES:
        assert kind_of(process, f"last_{kind}") is TYPES[kind]


def test_processes_with_the_same_title_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    more = [
        OwnEntity("smart_process_item", number, title) for number, title in ((157, "Repair"), (158, "🙂"), (159, "?"))
    ]
    module = check(render_portal(layout_of("repair!", more=more)), tmp_path / "m.py")
    assert module.__all__ == ["Deal", "Repair", "Repair157", "SmartProcess158", "SmartProcess159"]


def test_a_process_whose_title_ends_in_the_number_of_another_keeps_it_apart(tmp_path: Path) -> None:
    more = [OwnEntity("smart_process_item", number, title) for number, title in ((157, "Repair158"), (158, "Repair"))]
    module = check(render_portal(layout_of("Repair", more=more)), tmp_path / "m.py")
    assert len(set(module.__all__)) == 4


AWKWARD = [
    'He said "no"',
    '"Ромашка"',
    '"',
    '"""',
    'a """ b',
    "it's",
    "back\\slash",
    "\\",
    '\\"',
    "\\N{DASH} \\x41 \\u0041",
    "two\nlines",
    "\r\n\t\v\f",
    "line\u2028separator\u2029and\x85next",
    "# comment",
    "#!shebang",
    "fmt: off",
    "fmt: skip",
    "noqa: E501",
    "type: ignore",
    "{braces} %s %(x)s $y",
    "\u202eright to left\u202c",
    "مرحبا بالعالم",
    "שלום",
    "\u200b",
    "\ufeffbom",
    "nul\x00byte",
    "bell\x07escape\x1bsub\x1a",
    "🙂👩‍👩‍👧",
    "x" * 300,
    "очень длинное название поля, которое никто не станет читать до самого конца, " * 4,
    "   ",
    "",
]


def awkward_layout(title: str) -> Layout:
    """A portal where everything that people can name is called *title*."""
    choices = (Choice(1, title), Choice(2, ""), Choice(3, title))
    described = (
        ("enumeration", title, False, choices),
        ("enumeration", title, True, choices[:1]),
        ("string", title, False, ()),
        ("datetime", f"{title} {title}", False, ()),
        ("double", title, False, ()),
        ("money", title, True, ()),
    )
    fields = tuple(
        OwnField(f"UF_CRM_7_{code}", kind, label.strip() or f"UF_CRM_7_{code}", several, choices=listed)
        for code, (kind, label, several, listed) in enumerate(described, 1760000001)
    )
    stages = (Stage("DT156_1:NEW", title, title), Stage("DT156_2:NEW", title))
    deal = OwnEntity("deal", 2, "", fields, stages)
    return Layout((deal, OwnEntity("smart_process_item", 156, title or " ", fields, stages)))


@pytest.mark.parametrize("title", AWKWARD, ids=ascii)
def test_awkward_titles_give_a_sound_module(title: str, tmp_path: Path) -> None:
    layout = awkward_layout(title)
    module = check(render_portal(layout), tmp_path / "m.py")
    assert render_portal(layout) == render_portal(awkward_layout(title))
    for own, name in zip(layout.entities, sorted(module.__all__, key="Deal".__ne__), strict=True):
        wires = Counter(wire for field in getattr(module, name).__schema__().fields for wire in {*field.wire.values()})
        assert all(wires[field.wire] == 1 for field in own.fields)
    assert 3 in module.Deal.__load__("item", [{"id": 5, "UF_CRM_7_1760000001": 3}])[0].__dict__.values()


@pytest.mark.slow
def test_awkward_titles_give_a_module_that_needs_no_formatter(tmp_path: Path) -> None:
    for number, title in enumerate(AWKWARD):
        (tmp_path / f"m{number:02}.py").write_bytes(render_portal(awkward_layout(title)).encode())
    outcome = ruff("format", "--check", *CONFIG, str(tmp_path))
    unfit = [AWKWARD[int(number)] for number in re.findall(r"m(\d\d)\.py", outcome.stdout)]
    assert unfit == []
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("letters", [20, 28, 60])
def test_long_names_give_a_module_that_needs_no_formatter(letters: int, tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_bytes(render_portal(awkward_layout("x" * letters)).encode())
    outcome = ruff("format", "--diff", *CONFIG, str(path))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_codes_that_a_program_gave_give_a_module_that_needs_no_formatter(tmp_path: Path) -> None:
    kinds = ("double", "datetime", "enumeration", "money")
    codes = [f"UF_CRM_LONGEST_CODE{n}" for n in range(8)]
    fields = [
        OwnField(code, kinds[n % 4], code if n < 4 else "x" * 60, n % 2 == 1, choices=(Choice(1, "a"),) * (n % 4 == 2))
        for n, code in enumerate(codes)
    ]
    path = tmp_path / "m.py"
    path.write_bytes(render_portal(layout_of("x" * 60, fields)).encode())
    outcome = ruff("format", "--diff", *CONFIG, str(path))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
@example(title="\x1c\x1d\x1e\x1f")
@example(title="'''\\'")
@example(title="nul\x00byte")
def test_no_title_breaks_the_module(title: str, tmp_path: Path) -> None:
    text = render_portal(awkward_layout(title))
    path = tmp_path / "m.py"
    check(text, path)
    tree = ast.parse(text)
    docstrings = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    shown = " ".join(title.split())
    hidden = any(not c.isprintable() and not c.isspace() for c in title)
    assert hidden or not shown or any(shown in docstring for docstring in docstrings)
