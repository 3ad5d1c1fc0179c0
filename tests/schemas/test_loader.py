"""Schema files are found, read and checked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from b24orm.errors import ConfigurationError
from b24orm.schema import checked_entity, entity, entity_keys, kind_of, loader, schema_directory


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package whose schemas are in *tmp_path*/data, and nothing remembered of the real ones."""
    caches = (schema_directory, entity_keys, entity)
    for cached in caches:
        cached.cache_clear()
    package = tmp_path / "b24orm" / "schema"
    package.mkdir(parents=True)
    monkeypatch.setattr(loader, "__file__", str(package / "loader.py"))
    yield package
    for cached in caches:
        cached.cache_clear()


def test_an_entity_is_loaded_once() -> None:
    assert entity("deal") is entity("deal")


def test_an_unknown_entity_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"'dael'.*deal"):
        entity("dael")


def test_schemas_beside_the_package_win_as_in_an_installed_wheel(elsewhere: Path) -> None:
    (elsewhere.parents[1] / "schemas").mkdir()
    (elsewhere / "data").mkdir()
    assert schema_directory() == elsewhere / "data"


def test_schemas_at_the_top_of_a_checkout_are_found(elsewhere: Path) -> None:
    (elsewhere.parents[1] / "schemas").mkdir()
    assert schema_directory() == elsewhere.parents[1] / "schemas"
    assert entity_keys() == ()


def test_missing_schema_files_are_a_configuration_error(elsewhere: Path) -> None:
    assert elsewhere.is_dir()
    with pytest.raises(ConfigurationError, match="no schema files"):
        schema_directory()


def test_a_broken_schema_file_is_a_configuration_error_that_names_it(elsewhere: Path) -> None:
    (elsewhere / "data").mkdir()
    (elsewhere / "data" / "deal.json").write_text('{"key": "deal"}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"deal\.json"):
        entity("deal")


@pytest.mark.parametrize("key", entity_keys())
def test_a_schema_that_is_taken_at_its_word_is_the_one_that_was_checked(key: str) -> None:
    assert entity(key) == checked_entity(key)


def test_a_word_that_no_schema_has_is_found_when_the_file_is_checked(elsewhere: Path) -> None:
    good = (Path(__file__).parents[2] / "schemas" / "deal.json").read_text(encoding="utf-8")
    (elsewhere / "data").mkdir()
    (elsewhere / "data" / "deal.json").write_text(good.replace('"mode": "keyset"', '"mode": "guess"'), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"(?s)deal\.json.*paging\.mode"):
        checked_entity("deal")


def test_an_entity_falls_back_to_its_own_dialect_if_it_lacks_the_one_that_is_preferred() -> None:
    assert entity("deal").dialect_for("classic") == "classic"
    assert entity("smart_invoice").dialect_for("classic") == "item"
    assert entity("user").dialect_for("item") == "default"


def test_types_that_are_not_known_may_hold_anything() -> None:
    assert kind_of("rest_1_custom") == "any"
    assert kind_of("crm_status") == "str"
