"""``b24orm sandbox clone``: a portal of which a sandbox has the fields, and nobody's data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from b24orm import Limits, Portal
from b24orm.cli import main
from b24orm.errors import ConfigurationError
from b24orm.sandbox import Sandbox
from b24orm.sandbox.layout import BASES
from b24orm.sandbox.smart import PROCESSES
from b24orm.sandbox.userfields import USER_FIELDS


def _sandbox(layout: Path | None = None, **options: Any) -> Sandbox:
    return Sandbox(layout=layout, limits=Limits.none(), **{"deals": 30, "smart_items": 10, **options})


def _clone(sandbox: Sandbox, path: Path) -> dict[str, Any]:
    assert main(["sandbox", "clone", "--webhook", sandbox.url, "--output", str(path)]) == 0
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return said


def _pulled(sandbox: Sandbox, path: Path) -> str:
    assert main(["pull", "--webhook", sandbox.url, "--out", str(path)]) == 0
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The clone of an ordinary sandbox."""
    with _sandbox() as sandbox:
        return _clone(sandbox, tmp_path_factory.mktemp("clone") / "layout.json")


@pytest.fixture
def special(ordinary: dict[str, Any], tmp_path: Path) -> Path:
    """The layout of a portal that has what an ordinary sandbox has not."""
    said = json.loads(json.dumps(ordinary))
    fields = said["fields"]
    for name in [name for name in fields["2"] if name != "UF_CRM_1700000001"]:
        del fields["2"][name]

    def field(kind: str, title: str, **more: Any) -> dict[str, Any]:
        about = {"isRequired": False, "isReadOnly": False, "isImmutable": False, "isMultiple": False, "isDynamic": True}
        return {"type": kind, **about, "title": title, "settings": {}, **more}

    items = [{"ID": "9001", "VALUE": "Оптовый"}, {"ID": "9002", "VALUE": "Розничный"}]
    fields["2"] |= {
        "UF_CRM_CHANNEL": field("enumeration", "Канал", items=items),
        "UF_CRM_CHANNELS": field("enumeration", "Каналы", items=items, isMultiple=True),
        "UF_CRM_1800000001": field("date", "Дата договора"),
        "UF_CRM_1800000002": field("double", "Маржа", settings={"PRECISION": 4}),
        "UF_CRM_1800000003": field("boolean", "Срочно"),
        "UF_CRM_1800000004": field("string", "Теги", isMultiple=True),
        "UF_CRM_1800000005": field("money", "Бюджет"),
        "UF_CRM_1800000006": field("employee", "Куратор", isRequired=True),
        "UF_CRM_1800000007": field("rest_17_rating", "Оценка", settings={"token": "a-secret-of-an-application"}),
        "parentId1040": {**field("crm_entity", "Проект"), "isDynamic": False},
    }
    said["types"].append(
        {"id": 21, "title": "Проекты", "code": "", "entityTypeId": 1040, "isStagesEnabled": "Y", "isClientEnabled": "Y"}
    )
    said["pipelines"]["1040"] = [{"id": 1, "name": "Основная", "sort": 100, "isDefault": "Y"}]  # as one of deals has
    said["statuses"] += [
        {"ENTITY_ID": "DYNAMIC_1040_STAGE_1", "STATUS_ID": "DT1040_1:PLAN", "NAME": "План", "SORT": "10",
         "SYSTEM": "Y"},
        {"ENTITY_ID": "DYNAMIC_1040_STAGE_1", "STATUS_ID": "DT1040_1:DONE", "NAME": "Готов", "SORT": "20",
         "SYSTEM": "Y", "SEMANTICS": "S"},
        {"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "UC_QWERTY", "NAME": "Тендер", "SORT": "5", "SYSTEM": "N"},
    ]  # fmt: skip
    fields["1040"] = {
        "UF_CRM_21_1800000010": field("string", "Шифр"),
        "UF_CRM_21_1800000011": field("enumeration", "Вид", items=[{"ID": "9101", "VALUE": "Стройка"}]),
    }
    said["currencies"] = [{"CURRENCY": "BYN", "AMOUNT": "27.5", "AMOUNT_CNT": "1", "BASE": "Y", "SORT": "100"}]
    path = tmp_path / "special.json"
    path.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_sandbox_with_a_cloned_layout_is_pulled_as_the_portal_itself(
    ordinary: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "layout.json"
    with _sandbox() as sandbox:
        assert _clone(sandbox, path) == ordinary
        fields = sum(len([name for name in about if name.startswith("UF_")]) for about in ordinary["fields"].values())
        assert fields >= sum(len(USER_FIELDS[key]) for key in (*BASES, *PROCESSES))
        stages = len(sandbox.ids("status"))
        said = f"{path}: {fields} user fields, {stages} stages and values of dictionaries, 2 smart processes\n"
        assert capsys.readouterr().out == said
        text = path.read_text(encoding="utf-8")
        assert sandbox.code not in text
        assert "127.0.0.1" not in text
        with _sandbox(path) as other:
            assert _pulled(other, tmp_path / "theirs.py") == _pulled(sandbox, tmp_path / "ours.py")
            assert _clone(other, tmp_path / "again.json") == ordinary
            assert other.books.crashes == sandbox.books.crashes == []


def test_a_special_layout_survives_clone_and_clone(special: Path, tmp_path: Path) -> None:
    with _sandbox(special) as sandbox:
        path = tmp_path / "layout.json"
        _clone(sandbox, path)
        assert "a-secret-of-an-application" not in path.read_text(encoding="utf-8")
        with _sandbox(path) as other:
            ours = _pulled(sandbox, tmp_path / "ours.py")
            assert _pulled(other, tmp_path / "theirs.py") == ours
            assert other.books.crashes == sandbox.books.crashes == []
    for word in ("class Proekty(", "kanal: ", "DT1040_1:PLAN", "UC_QWERTY", "parent_id_1040", "# Оптовый"):
        assert word in ours
    assert "class ZayavkiNaRemont(" in ours
    assert "uf_crm_1700000002" not in ours.lower()


def test_rows_of_a_cloned_layout_are_made_stored_filtered_selected_and_answered_by_each_family(special: Path) -> None:
    fields = {
        "title": "T",
        "UF_CRM_CHANNEL": 9002,
        "UF_CRM_CHANNELS": [9001, 9002],
        "UF_CRM_1800000001": "2025-03-04",
        "UF_CRM_1800000002": 0.25,
        "UF_CRM_1800000003": "Y",
        "UF_CRM_1800000004": ["a", "б&в"],
        "UF_CRM_1800000005": "10.50|BYN",
        "UF_CRM_1800000006": 1,
        "UF_CRM_1800000007": "5",
    }
    original = {"entityTypeId": 2, "useOriginalUfNames": "Y"}
    with _sandbox(special) as sandbox, Portal(sandbox.url, limits=Limits.none()) as portal:

        def call(method: str, **params: Any) -> Any:
            return portal.call(method, params).run_sync().result

        project = sandbox.ids("smart_process_1040")[0]
        new = call("crm.item.add", **original, fields={**fields, "parentId1040": project, "currencyId": "BYN"})["item"]
        assert {name: new[name] for name in fields} == {
            **fields,
            "UF_CRM_1800000001": "2025-03-04T03:00:00+03:00",
        }
        assert (new["parentId1040"], new["stageId"], new["currencyId"]) == (project, "UC_QWERTY", "BYN")
        found = call(
            "crm.item.list",
            **original,
            filter={"=UF_CRM_CHANNEL": 9002, "UF_CRM_1800000004": "б&в", "parentId1040": project, ">=id": new["id"]},
            select=["id", "UF_CRM_1800000005"],
        )["items"]
        assert found == [{"id": new["id"], "UF_CRM_1800000005": "10.50|BYN"}]
        camel = call("crm.item.get", entityTypeId=2, id=new["id"])["item"]
        assert (camel["ufCrmChannel"], camel["ufCrm_1800000004"]) == (9002, ["a", "б&в"])
        classic = call("crm.deal.get", id=new["id"])
        assert (classic["UF_CRM_CHANNEL"], classic["UF_CRM_1800000003"]) == ("9002", "1")
        listed = call("crm.deal.list", filter={"UF_CRM_CHANNEL": 9002, ">=ID": new["id"]}, select=["ID", "UF_*"])
        assert [row["UF_CRM_1800000005"] for row in listed] == ["10.50|BYN"]
        assert "UF_CRM_1700000005" not in classic
        described = call("crm.deal.fields")
        assert described["UF_CRM_1800000006"]["isRequired"] is True
        assert described["UF_CRM_CHANNEL"]["items"][0] == {"ID": "9001", "VALUE": "Оптовый"}
        names = [row["FIELD_NAME"] for row in call("crm.deal.userfield.list")]
        assert names[:3] == ["UF_CRM_1700000001", "UF_CRM_CHANNEL", "UF_CRM_CHANNELS"]
        configured = call("userfieldconfig.list", moduleId="crm", filter={"entityId": "CRM_21"})["fields"]
        assert [row["fieldName"] for row in configured] == ["UF_CRM_21_1800000010", "UF_CRM_21_1800000011"]
        item = call("crm.item.add", entityTypeId=1040, fields={"ufCrm21_1800000011": 9101})["item"]
        assert (item["ufCrm21_1800000011"], item["stageId"], item["categoryId"]) == (9101, "DT1040_1:PLAN", 1)
        assert item["title"] == f"Проекты #{item['id']}"
        moved = call("crm.item.update", entityTypeId=1040, id=item["id"], fields={"stageId": "DT1040_1:DONE"})["item"]
        assert moved["stageId"] == "DT1040_1:DONE"
        assert sandbox.books.crashes == []


def test_the_rows_that_a_cloned_portal_begins_with_fit_its_layout(special: Path) -> None:
    with _sandbox(special, seed=3) as sandbox:
        deals = [sandbox.row("deal", one) or {} for one in sandbox.ids("deal")]
        assert {deal["uf_crm_channel"] for deal in deals} == {9001, 9002, None}
        assert {deal["currency_id"] for deal in deals} == {"BYN"}
        assert any(deal["stage_id"] == "UC_QWERTY" and deal["closed"] == "N" for deal in deals)
        assert {deal["parent_id_1040"] for deal in deals} <= {*sandbox.ids("smart_process_1040"), None}
        projects = [sandbox.row("smart_process_1040", one) or {} for one in sandbox.ids("smart_process_1040")]
        assert {(row["category_id"], row["stage_id"]) for row in projects} == {
            (1, "DT1040_1:PLAN"),
            (1, "DT1040_1:DONE"),
        }
        assert sandbox.ids("smart_process_156") != []
    with _sandbox(special, seed=3) as again:
        assert [again.row("deal", one) for one in again.ids("deal")] == deals


def test_pipelines_of_deals_and_of_others_may_share_an_id(special: Path) -> None:
    with _sandbox(special) as sandbox, Portal(sandbox.url, limits=Limits.none()) as portal:

        def call(method: str, **params: Any) -> Any:
            return portal.call(method, params).run_sync().result

        def names(kind: int) -> dict[int, str]:
            return {row["id"]: row["name"] for row in call("crm.category.list", entityTypeId=kind)["categories"]}

        assert names(2)[1] == "Закупки"
        assert names(1040) == {1: "Основная"}
        call("crm.category.update", entityTypeId=1040, id=1, fields={"name": "Другая"})
        assert (names(2)[1], names(1040)[1]) == ("Закупки", "Другая")
        new = call("crm.category.add", entityTypeId=1040, fields={"name": "Новая"})["category"]["id"]
        assert names(1040) == {1: "Другая", new: "Новая"}
        assert new not in names(2)
        call("crm.category.delete", entityTypeId=1040, id=new)
        assert names(1040) == {1: "Другая"}
        assert call("crm.item.add", entityTypeId=2, fields={"categoryId": 1})["item"]["stageId"] == "C1:NEW"


def test_a_portal_in_a_file_keeps_its_layout(special: Path, tmp_path: Path) -> None:
    path = tmp_path / "portal.sqlite"
    with _sandbox(special, path=path) as sandbox:
        new = sandbox.insert("deal", uf_crm_channel=9001)
    with _sandbox(path=path) as sandbox:
        assert (sandbox.row("deal", new) or {})["uf_crm_channel"] == 9001
        with sandbox.copy(plan="none") as other:
            assert (other.row("deal", new) or {})["uf_crm_channel"] == 9001
    other_layout = tmp_path / "other.json"
    other_layout.write_text(json.dumps({"format": "b24orm sandbox layout", "version": 1}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="of another layout"):
        _sandbox(other_layout, path=path)


def test_what_the_webhook_may_not_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _sandbox() as sandbox:
        sandbox.denied.update(("crm.type.list", "userfieldconfig.list", "crm.currency.list"))
        path = tmp_path / "layout.json"
        said = _clone(sandbox, path)
        assert said["types"] == said["user_fields"] == said["currencies"] == []
        assert "not read: smart processes: crm.type.list (ACCESS_DENIED)" in capsys.readouterr().err
        with _sandbox(path) as other:
            with pytest.raises(ConfigurationError, match="no entity 'smart_process_156'"):
                other.ids("smart_process_156")
            assert len(other.ids("currency")) == 3
            known = [row["id"] for row in _clone(other, tmp_path / "again.json")["user_fields"]]
            of_processes = sum(len(USER_FIELDS[key]) for key in PROCESSES)
            assert len(set(known)) == len(known) == sum(map(len, USER_FIELDS.values())) - of_processes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no JSON", "a layout is JSON"),
        ("[]", "no layout; `b24orm sandbox clone` makes one"),
        ('{"format": "b24orm sandbox layout", "version": 2}', "reads layouts of version 1"),
        (
            '{"format": "b24orm sandbox layout", "version": 1, "types": [{"id": "x", "entityTypeId": 3000}]}',
            "the layout is damaged: ValueError",
        ),
    ],
)
def test_what_is_no_layout_is_refused_with_its_path(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "layout.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=f"{path}: .*{said}"):
        Sandbox(layout=path)
    with pytest.raises(ConfigurationError, match="cannot read the layout"):
        Sandbox(layout=tmp_path / "no.json")


def test_a_file_that_cannot_be_written_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _sandbox(deals=1) as sandbox:
        assert main(["sandbox", "clone", "--webhook", sandbox.url, "--output", str(tmp_path)]) == 2
        assert f"b24orm: cannot write {tmp_path}" in capsys.readouterr().err


def test_a_webhook_that_may_not_read_pipelines_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _sandbox(deals=1) as sandbox:
        sandbox.denied.add("crm.category.list")
        path = tmp_path / "layout.json"
        assert main(["sandbox", "clone", "--webhook", sandbox.url, "--output", str(path)]) == 2
        assert "b24orm: crm.category.list: ACCESS_DENIED" in capsys.readouterr().err
        assert not path.exists()


@pytest.mark.parametrize("stages", [["DT1040_7:A"], []])
def test_a_process_whose_pipelines_were_not_read_has_those_of_its_stages(tmp_path: Path, stages: list[str]) -> None:
    said = {
        "format": "b24orm sandbox layout",
        "version": 1,
        "types": [{"id": 21, "title": "Проекты", "entityTypeId": 1040, "isStagesEnabled": "Y"}],
        "statuses": [{"ENTITY_ID": "DYNAMIC_1040_STAGE_7", "STATUS_ID": one, "NAME": "А"} for one in stages]
        + [{"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW", "NAME": "Новая"}],
    }
    path = tmp_path / "layout.json"
    path.write_text(json.dumps(said), encoding="utf-8")
    with _sandbox(path, deals=2, smart_items=2) as sandbox:
        items = [sandbox.row("smart_process_1040", one) or {} for one in sandbox.ids("smart_process_1040")]
        pipeline, stage = (7, "DT1040_7:A") if stages else (0, None)
        assert [(item["category_id"], item["stage_id"]) for item in items] == [(pipeline, stage)] * 2
        new = sandbox.row("smart_process_1040", sandbox.insert("smart_process_1040")) or {}
        assert (new["category_id"], new["stage_id"]) == (pipeline, stage)
        assert {(sandbox.row("deal", one) or {})["stage_id"] for one in sandbox.ids("deal")} == {"NEW"}
