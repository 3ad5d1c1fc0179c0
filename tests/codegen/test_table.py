"""``docs/entities.md``: what it says of every entity, and that it is true."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from b24orm.codegen import generate
from b24orm.codegen.table import area, must_name, page, reading, render_table
from b24orm.compiler import compile_list
from b24orm.errors import UnsupportedQuery
from b24orm.plan import plan_list
from b24orm.query import Q, Query
from b24orm.schema import Dialect, Entity, Title, entity, entity_keys, schema_directory

ENTITIES = [entity(key) for key in entity_keys()]
DIALECTS = [(e, name) for e in ENTITIES for name in e.dialects]
LISTED = [(e, name) for e, name in DIALECTS if "list" in e.dialects[name].methods]
VERBS = ("list", "get", "add", "update", "delete")
WAYS = {
    "keyset": ("by id, lanes",),
    "cursor": ("cursor", "cursor, the newest first"),
    "counted": ("counted pages",),
    "pages": ("page by page",),
    "whole": ("one answer",),
}

by_dialect = pytest.mark.parametrize(("of", "name"), DIALECTS, ids=lambda x: getattr(x, "key", x))
by_listed = pytest.mark.parametrize(("of", "name"), LISTED, ids=lambda x: getattr(x, "key", x))


def with_(dialect: Dialect, **changes: Any) -> Dialect:
    return Dialect.model_validate({**dialect.model_dump(exclude_unset=True), **changes})


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each entity's row, by class name."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := re.match(r"\| `([A-Z]\w*)`: ", line):
            assert match[1] not in found, f"{match[1]} stands there twice"
            found[match[1]] = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    return found


ROWS = rows(render_table(ENTITIES))


def part(cell: str, of: Entity, name: str) -> str:
    """What *cell* says of the dialect *name*."""
    if f"{name}: " not in cell or len(of.dialects) == 1:
        return cell
    return next(said for said in cell.split("; ") if said.startswith(f"{name}: ")).removeprefix(f"{name}: ")


def methods(said: str) -> Iterator[tuple[str, str]]:
    """Verbs and full names of the methods in a cell."""
    before = ""
    for item in said.split(", "):
        match = re.fullmatch(r"(?:(\w+): )?\[?`([^`]+)`(?:\]\(\S+\))?", item)
        assert match is not None, item
        method = before + match[2] if match[2].startswith(".") else match[2]
        before, _, word = method.rpartition(".")
        yield match[1] or word, method


def asking_for(of: Entity, names: tuple[str, ...]) -> Query:
    values = {name: "x" if of.by_name[name].kind == "str" else 5 for name in names}
    return Query(where=tuple(Q(**{name: value}) for name, value in values.items()))


def test_the_page_of_the_project_is_up_to_date() -> None:
    docs = schema_directory().parent / "docs" / "entities.md"
    assert docs.read_text(encoding="utf-8") == render_table(ENTITIES), "run `b24orm generate`"


def test_the_order_of_the_schemas_does_not_matter() -> None:
    assert render_table(reversed(ENTITIES)) == render_table(ENTITIES)


def test_every_entity_has_one_row_with_its_titles() -> None:
    assert sorted(ROWS) == sorted(e.name for e in ENTITIES)
    assert {e.name: ROWS[e.name][0] for e in ENTITIES} == {
        e.name: f"`{e.name}`: {e.title.en} / {e.title.ru}" for e in ENTITIES
    }


def test_all_rows_of_a_table_have_as_many_cells_as_its_head() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", render_table(ENTITIES), re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table


def test_links_lead_to_pages_that_the_schemas_name() -> None:
    for of in ENTITIES:
        links = re.findall(r"\]\((https://[^)]*)\)", " ".join(ROWS[of.name]))
        assert links == [f"https://apidocs.bitrix24.com/{page(dialect)}" for dialect in of.dialects.values()]
        assert all(re.fullmatch(r"https://apidocs\.bitrix24\.com/[\w./-]+\.html", link) for link in links), links


@by_dialect
def test_the_page_is_that_of_the_list(of: Entity, name: str) -> None:
    dialect = of.dialects[name]
    method = dialect.methods.get("list") or dialect.methods["get"]
    stem = page(dialect).rpartition("/")[2].removesuffix(".html").removesuffix("-rest-v3")
    assert stem.replace("-", "") == re.sub(r"\W|_", "", method).lower()


def test_without_a_page_of_the_list_it_is_the_first_page() -> None:
    dialect = entity("task").dialects["default"]
    assert page(with_(dialect, docs=("a/index.html", "a/other.html"))) == "a/index.html"
    assert page(with_(dialect, docs=())) == ""


@by_dialect
def test_all_methods_are_named(of: Entity, name: str) -> None:
    known = of.dialects[name].methods
    said = list(methods(part(ROWS[of.name][2], of, name)))
    assert said == [(verb, known[verb]) for verb in VERBS if verb in known]


def test_fields_are_counted_and_those_a_create_needs_are_named() -> None:
    assert ROWS["TaskComment"][1] == f"{len(entity('task_comment').fields)} (`task_id`, `post_message`)"
    assert ROWS["Deal"][1] == str(len(entity("deal").fields))
    assert ROWS["CalendarEvent"][1].isdigit(), "nothing can be created"


@by_dialect
def test_the_grammar_is_named(of: Entity, name: str) -> None:
    assert part(ROWS[of.name][3], of, name) == f"`{of.dialects[name].grammar}`"


@by_listed
def test_lists_are_read_as_it_says(of: Entity, name: str) -> None:
    dialect = of.dialects[name]
    plan = plan_list(compile_list(of, name, asking_for(of, must_name(dialect))))
    assert part(ROWS[of.name][4], of, name) == reading(dialect) in WAYS[plan.strategy]


def test_an_order_of_the_methods_own_is_told() -> None:
    dialect = entity("task").dialects["default"]
    one_way = with_(dialect, paging={"mode": "keyset", "order": "asc"})
    assert reading(one_way) == "by id, one way, the oldest first"


def test_without_a_list_there_is_only_get() -> None:
    assert ROWS["Chat"][4] == "get only"


@by_listed
def test_a_query_needs_all_that_must_be_named_and_nothing_else(of: Entity, name: str) -> None:
    required = must_name(of.dialects[name])
    said = part(ROWS[of.name][5], of, name)
    assert re.findall(r"`(\w+)`", said.partition("(")[0]) == list(required)
    compile_list(of, name, asking_for(of, required))
    for missing in required:
        others = tuple(other for other in required if other != missing)
        with pytest.raises(UnsupportedQuery, match=missing):
            compile_list(of, name, asking_for(of, others))


def test_what_may_be_named_stands_in_brackets() -> None:
    assert ROWS["TaskComment"][5] == "`task_id`"
    assert ROWS["ProductRow"][5] == "`owner_type`, `owner_id`"
    assert ROWS["UserFieldConfig"][5] == "`module_id` (`entity_id`)"
    assert ROWS["Status"][5] == "(`entity_id`)"
    assert ROWS["Deal"][5] == ""


def test_dialects_that_differ_are_told_apart() -> None:
    of = entity("deal")
    item, classic = of.dialects["item"], with_(of.dialects["classic"], needs=("id",))
    changed = of.model_copy(update={"dialects": {"item": item, "classic": classic}})
    assert rows(render_table([changed]))["Deal"][5] == "item: –; classic: `id`"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("deal", "CRM"),
        ("deal_contact", "CRM: bindings, rows, user fields"),
        ("product_row", "CRM: bindings, rows, user fields"),
        ("user_field_config", "CRM: bindings, rows, user fields"),
        ("task_comment", "Tasks"),
        ("department", "Users and groups"),
        ("list_element", "Lists"),
        ("catalog_price", "Catalog"),
        ("sale_order", "Sale"),
        ("calendar_event", "Calendar"),
        ("disk_file", "Disk"),
        ("chat", "Chats"),
        ("call_statistic", "Telephony"),
        ("workflow_instance", "Business processes"),
        ("offline_event", "Events"),
    ],
)
def test_entities_stand_in_the_area_of_their_documentation(key: str, name: str) -> None:
    assert area(entity(key)) == name
    table = re.split(r"^## ", render_table(ENTITIES), flags=re.MULTILINE)
    here = [text for text in table if f"| `{entity(key).name}`: " in text]
    assert [text.partition("\n")[0] for text in here] == [name]


def test_an_area_that_is_new_gets_a_table_of_its_own_at_the_end() -> None:
    of = entity("task")
    dialect = with_(of.dialects["default"], docs=("api-reference/landing-pages/index.html",))
    new = of.model_copy(update={"name": "Site", "dialects": {"default": dialect}})
    headings = re.findall(r"^## (.*)$", render_table([new, *ENTITIES]), re.MULTILINE)
    assert headings[:2] == ["The columns", "CRM"]
    assert headings[-1] == "Landing pages"


def test_a_bar_in_a_title_does_not_break_its_row() -> None:
    odd = entity("task").model_copy(update={"title": Title(en="A|B", ru="А|Б")})
    assert rows(render_table([odd]))["Task"][0] == r"`Task`: A\|B / А\|Б"


def test_the_page_is_written_in_a_checkout_and_not_where_there_are_no_docs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("b24orm.codegen.files.schema_directory", lambda: tmp_path / "schemas")
    meta, docs = tmp_path / "schemas" / "meta", tmp_path / "docs" / "entities.md"
    derived = [str(meta / "entity.schema.json"), str(meta / "lists.json")]
    assert generate(check=True) == derived
    docs.parent.mkdir()
    assert generate(check=True) == [str(docs), *derived]
    assert generate() == [str(docs), *derived]
    assert docs.read_text(encoding="utf-8") == render_table(ENTITIES)
    assert generate() == []


def test_with_a_target_the_docs_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("b24orm.codegen.files.schema_directory", lambda: tmp_path / "schemas")
    (tmp_path / "docs").mkdir()
    generate(target=tmp_path / "entities")
    assert list((tmp_path / "docs").iterdir()) == []
