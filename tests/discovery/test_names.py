"""Names out of titles: readable, stable, and fit for Python."""

from __future__ import annotations

import keyword
import random
import unicodedata
from collections.abc import Collection, Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from b24orm import Deal, Model
from b24orm.discovery import OwnField, attribute_name_of, attribute_names, class_name_of

TAKEN = frozenset({*Deal.model_fields, *(name for name in dir(Model) if not name.startswith("__")), "objects"})


def field(wire: str, label: str = "") -> OwnField:
    return OwnField(wire, "string", label or wire)


def named(*fields: OwnField, taken: Collection[str] = TAKEN) -> dict[str, str]:
    """Wire names by attribute name."""
    return {name: field.wire for name, field in attribute_names(fields, taken).items()}


# ------------------------------------------------------------------------------------------------ transliteration


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Номер договора", "nomer_dogovora"),
        ("Объём, м³", "obyom_m3"),
        ("Щётка для чая", "shchyotka_dlya_chaya"),
        ("ЦЕХ №4", "tsekh_no4"),
        ("Їжак і ґанок", "yizhak_i_ganok"),
        ("Єдине підприємство", "yedine_pidpriyemstvo"),
        ("М'ята", "m_yata"),
        ("Ўзровень", "uzroven"),
        ("Қала, ауыл, үй", "kala_auyl_uy"),
        ("Әкімшілік өңірі", "akimshilik_oniri"),
        ("Ғылым һәм ұлт", "gylym_ham_ult"),
        ("Größe der Straße", "grosse_der_strasse"),
        ("Äpfel & Übungen", "apfel_ubungen"),
        ("Łódź, Ærø, cœur", "lodz_aero_coeur"),
        ("İstanbul", "istanbul"),
        ("ﬁnal price", "final_price"),
        ("Скидка, %", "skidka"),
        ("camelCase Title", "camelcase_title"),
        ("snake_case__twice", "snake_case_twice"),
        ("  spaces\tand\nlines ", "spaces_and_lines"),
        ("«Ромашка»", "romashka"),
        ("a🙂b", "a_b"),
        ("24/7, часов", "n_24_7_chasov"),
        ("1С", "n_1s"),
        ("²", "n_2"),
        ("㎴ ℡", "pv_tel"),
    ],
)
def test_a_title_is_spelled_in_latin_letters(title: str, name: str) -> None:
    assert attribute_name_of(title) == name
    assert attribute_name_of(unicodedata.normalize("NFD", title)) == name


@pytest.mark.parametrize("title", ["", " ", "🙂🚀", "日本語", "العربية", "---", "%", "\u202e", "'\"\\"])
def test_a_title_of_which_nothing_can_be_spelled_gives_no_name(title: str) -> None:
    assert attribute_name_of(title) == ""
    assert class_name_of(title) == ""
    assert named(field("UF_CRM_1700000001", title or "\t")) == {"uf_crm_1700000001": "UF_CRM_1700000001"}


@pytest.mark.parametrize(
    ("title", "name"),
    [("Class", "class_"), ("in", "in_"), ("Await", "await_"), ("match", "match"), ("TYPE", "type"), ("None", "none")],
)
def test_words_that_python_keeps_for_itself_get_an_underscore(title: str, name: str) -> None:
    assert attribute_name_of(title) == name


def test_a_long_title_is_cut_between_words_and_a_long_word_anywhere() -> None:
    sentence = "Дополнительные сведения о порядке согласования договора с поставщиком"
    assert attribute_name_of(sentence) == "dopolnitelnye_svedeniya_o"
    assert attribute_name_of("x" * 300) == "x" * 32
    assert attribute_name_of("a" * 32 + " b") == "a" * 32
    assert attribute_name_of("a" * 31 + " b") == "a" * 31
    assert len(attribute_name_of("9" * 300)) <= 34


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Заявки на ремонт", "ZayavkiNaRemont"),
        ("repair requests", "RepairRequests"),
        ("HR-запросы", "HrZaprosy"),
        ("1С: обмен", "N1sObmen"),
        ("  оборудование ", "Oborudovanie"),
        ("x" * 300, "X" + "x" * 23),
    ],
)
def test_the_title_of_a_process_is_the_name_of_its_class(title: str, name: str) -> None:
    assert class_name_of(title) == name


@pytest.mark.parametrize("title", ["None", "True", "false"])
def test_no_class_is_called_like_a_constant_of_the_language(title: str) -> None:
    assert not keyword.iskeyword(class_name_of(title))


# ----------------------------------------------------------------------------------------------------- collisions


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Stage ID", "stage_id_1700000001"),  # a documented field
        ("Title", "title_1700000001"),
        ("Objects", "objects_1700000001"),  # the queryset
        ("Changed fields", "changed_fields_1700000001"),  # a property of models
        ("to_wire", "to_wire_1700000001"),
        ("Copy", "copy_1700000001"),  # a method of Pydantic's
        ("Model config", "model_config_1700000001"),
    ],
)
def test_a_name_that_models_have_already_gets_the_digits_of_the_code(title: str, name: str) -> None:
    assert named(field("UF_CRM_1700000001", title)) == {name: "UF_CRM_1700000001"}
    assert named(field("UF_CRM_7_1700000001", title)) == {name: "UF_CRM_7_1700000001"}


def test_of_fields_with_the_same_title_the_younger_gets_the_digits_of_its_code() -> None:
    assert named(field("UF_CRM_7_1760000010", "Примечание"), field("UF_CRM_7_1760000009", "Примечание")) == {
        "primechanie": "UF_CRM_7_1760000009",
        "primechanie_1760000010": "UF_CRM_7_1760000010",
    }


def test_titles_that_are_spelled_alike_share_a_name_too() -> None:
    found = named(field("UF_CRM_1", "Е-mail"), field("UF_CRM_2", "E mail"), field("UF_CRM_3", "e, mail!"))
    assert found == {"e_mail": "UF_CRM_1", "e_mail_2": "UF_CRM_2", "e_mail_3": "UF_CRM_3"}


def test_a_name_with_digits_that_is_taken_too_gives_way_to_the_code() -> None:
    same = [field(wire, "Note") for wire in ("UF_CRM_5", "UF_CRM_5_7", "UF_CRM_7")]
    assert named(*same) == {"note": "UF_CRM_5", "note_7": "UF_CRM_5_7", "uf_crm_7": "UF_CRM_7"}


def test_a_parent_is_called_by_its_number_whatever_its_title() -> None:
    assert named(field("PARENT_ID_156", "Заявка")) == {"parent_id_156": "PARENT_ID_156"}


def test_a_field_without_a_title_is_called_by_its_code() -> None:
    assert named(field("UF_CRM_CONTRACT"), OwnField("UF_CRM_2", "string", "")) == {
        "uf_crm_2": "UF_CRM_2",
        "uf_crm_contract": "UF_CRM_CONTRACT",
    }


@pytest.mark.parametrize("title", ["UF CRM 7", "Parent ID", "Parent ID 7"])
def test_a_title_that_looks_like_a_code_takes_the_name_of_no_other_field(title: str) -> None:
    fields = [field("UF_CRM_2", title), field("UF_CRM_7_2"), field("PARENT_ID_2"), field("PARENT_ID_7_2")]
    found = named(*fields)
    assert sorted(found.values()) == sorted(one.wire for one in fields)
    assert found["uf_crm_7_2"] == "UF_CRM_7_2"


@pytest.mark.parametrize("title", ["Date", "Datetime", "Column", "Int", "Str", "Bool", "List", "Tuple"])
def test_no_field_is_called_like_what_the_lines_below_it_need(title: str) -> None:
    # In the body of a class, `date: Col[date | None] = column(…)` makes `date` and `column` of later lines the field.
    used = {"date", "datetime", "column", "int", "str", "bool", "float", "list", "tuple"}
    assert not used & named(field("UF_CRM_1700000001", title)).keys()


@pytest.mark.parametrize("label", ["", "Title"])
def test_no_name_can_be_mistaken_for_a_lookup(label: str) -> None:
    (name,) = named(field("UF_CRM_A__IN", label))
    assert "__" not in name


# ------------------------------------------------------------------------------------------------------ stability


def test_a_younger_field_with_the_same_title_does_not_rename_the_older() -> None:
    fields = [field(f"UF_CRM_{1700000000 + n}", title) for n, title in enumerate(["Сумма", "Дата", "Сумма", "Title"])]
    before = named(*fields)
    for title in ("Сумма", "Дата", "Title", "Сумма 1700000002", "Title 1700000003"):
        after = named(*fields, field("UF_CRM_1800000000", title))
        assert {name: wire for name, wire in after.items() if wire != "UF_CRM_1800000000"} == before


def test_the_names_of_others_do_not_change_when_a_field_goes() -> None:
    fields = [field(f"UF_CRM_{1700000000 + n}", title) for n, title in enumerate(["Сумма", "Дата", "Срок"])]
    before = named(*fields)
    for gone in fields:
        rest = named(*(one for one in fields if one is not gone))
        assert rest == {name: wire for name, wire in before.items() if wire != gone.wire}


def test_numbers_in_codes_are_compared_as_numbers() -> None:
    assert named(field("UF_CRM_100", "Note"), field("UF_CRM_99", "Note"))["note"] == "UF_CRM_99"


TITLES = st.one_of(
    st.sampled_from(
        [
            *("", "Сумма", "Summa", "сумма!", "Title", "ID", "class", "Objects", "24", "N 24", "🙂", "UF CRM 7"),
            *("parent id 3", "uf_crm_7_5", "Date", "model config", "_private", "a" * 60, "A " * 30, "__init__"),
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from("абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґўәғқңөұүһßøłæœ№ -_1"), max_size=12),
)
CODES = st.one_of(
    st.sampled_from(["UF_CRM_5", "UF_CRM_7", "UF_CRM_7_5", "UF_CRM_5_7", "UF_CRM_NAME", "UF_X", "PARENT_ID_3"]),
    st.from_regex(r"UF_(CRM_)?([0-9]{1,3}_)?[A-Z0-9_]{1,12}", fullmatch=True),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(titles=st.dictionaries(CODES, TITLES, max_size=8), seed=st.integers(0, 1000))
@example(titles={"UF_CRM_2": "UF CRM 7", "UF_CRM_7_2": ""}, seed=0)
@example(titles={"UF_CRM_1": "Date", "UF_CRM_2": "date"}, seed=0)
@example(titles={"UF_CRM_1": "²", "UF_CRM_2": "n 2", "UF_CRM_3": "ǅ"}, seed=0)
def test_names_are_identifiers_and_each_field_has_one_of_its_own(titles: Mapping[str, str], seed: int) -> None:
    fields = [field(wire, title) for wire, title in titles.items()]
    found = attribute_names(fields, TAKEN)
    assert sorted(one.wire for one in found.values()) == sorted(titles)
    for name in found:
        assert name.isidentifier()
        assert name.isascii()
        assert name == name.lower()
        assert not keyword.iskeyword(name)
        assert name not in TAKEN
        assert not name.startswith("_")
        assert len(name) <= 80
    random.Random(seed).shuffle(fields)
    again = attribute_names(fields, TAKEN)
    assert again == found
    assert list(again) == list(found)


@settings(max_examples=200, deadline=None)
@given(titles=st.lists(TITLES, min_size=1, max_size=6), younger=TITLES)
def test_the_youngest_field_never_renames_another(titles: list[str], younger: str) -> None:
    fields = [field(f"UF_CRM_{1700000000 + n}", title) for n, title in enumerate(titles)]
    before = named(*fields)
    after = named(*fields, field("UF_CRM_1800000000", younger))
    assert before.items() <= after.items()


@settings(max_examples=200, deadline=None)
@given(title=TITLES)
def test_names_of_classes_are_identifiers_or_nothing(title: str) -> None:
    name = class_name_of(title)
    assert not name or (name.isidentifier() and name.isascii() and name[0].isupper())
    assert len(name) <= 25
    assert not keyword.iskeyword(name)
