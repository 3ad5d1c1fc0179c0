"""What `import b24orm` gives, and what it does not load."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import b24orm
from b24orm import errors
from b24orm.queryset import BaseQuerySet


def test_every_name_of_the_public_face_can_be_had_and_is_listed() -> None:
    for name in b24orm.__all__:
        assert getattr(b24orm, name) is not None
        assert name in dir(b24orm)


def test_every_entity_has_a_queryset_of_its_own_class_and_an_error_of_its_own() -> None:
    from b24orm import entities

    for name in entities.__all__:
        model = getattr(b24orm, name)
        assert isinstance(model.objects, BaseQuerySet)
        assert model.objects.model is model
        assert issubclass(model.DoesNotExist, LookupError)
        assert issubclass(model.DoesNotExist, errors.DoesNotExist)
        assert f"{name}.DoesNotExist" in repr(model.DoesNotExist)
        assert not issubclass(b24orm.Contact.DoesNotExist, b24orm.Deal.DoesNotExist)


def test_a_misspelt_name_of_the_package_is_an_attribute_error_with_a_hint() -> None:
    with pytest.raises(AttributeError, match="did you mean 'Contact'"):
        _ = b24orm.Contatc  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        _ = b24orm._private  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        exec("from b24orm import Nothing")


NOT_FOR_QUERIES = ("b24orm.cli", "b24orm.codegen", "b24orm.sandbox", "difflib", "jsonschema", "tqdm")
NOT_FOR_MODELS = (
    "aiohttp",
    "asyncio",
    "b24orm.engine",
    "b24orm.entities.deal",
    "b24orm.limits",
    "b24orm.portal",
    "b24orm.transport",
)


def loaded_by(script: str) -> set[str]:
    """The modules that a fresh Python has loaded after *script*, and the packages that they are in."""
    script += "; import sys; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    return {name[:end] for name in names for end, c in enumerate(f"{name}.") if c == "."}


def test_importing_the_package_loads_nothing_but_its_errors() -> None:
    loaded = loaded_by("import b24orm")
    assert {name for name in loaded if name.startswith("b24orm.")} == {"b24orm.entities", "b24orm.errors"}
    assert loaded.isdisjoint({"pydantic", "aiohttp", "asyncio"})


def test_defining_models_loads_no_entity_no_tool_and_nothing_of_the_network() -> None:
    loaded = loaded_by("from b24orm import Col, Model, Q, batch, column, errors")
    assert "b24orm.queryset" in loaded
    assert loaded.isdisjoint(NOT_FOR_QUERIES)
    assert loaded.isdisjoint(NOT_FOR_MODELS)


def test_a_query_loads_one_entity_and_neither_a_tool_nor_the_plugins_of_pydantic() -> None:
    loaded = loaded_by(
        "from b24orm import Deal, Limits, Portal, Q; "
        "Deal.objects.filter(Q(stage_id='NEW'), Deal.opportunity >= 1).select('id').order_by('-id').explain()"
    )
    assert "b24orm.portal" in loaded
    assert loaded.isdisjoint(NOT_FOR_QUERIES)
    assert "importlib.metadata" not in loaded  # where Pydantic looks for plugins when it builds a validator
    assert {name for name in loaded if name.startswith("b24orm.entities.")} == {"b24orm.entities.deal"}


def test_every_entity_and_every_lazy_name_is_where_the_package_says() -> None:
    from b24orm import entities

    homes: dict[str, str] = b24orm._HOMES
    assert homes.keys().isdisjoint(entities.__all__)
    for name in entities.__all__:
        assert getattr(b24orm, name) is getattr(entities, name)
    for name, home in homes.items():
        assert getattr(b24orm, name) is getattr(import_module(home), name)
