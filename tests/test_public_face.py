"""What `import b24orm` gives, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

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
        _ = b24orm.Contatc
    with pytest.raises(AttributeError):
        _ = b24orm._private
    with pytest.raises(ImportError):
        exec("from b24orm import Nothing")


def test_importing_the_package_loads_no_entity_no_tool_and_no_progress_bar() -> None:
    script = "import sys, b24orm; print([m for m in sys.modules if m.startswith(('b24orm.', 'tqdm'))])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "b24orm.portal" in loaded
    for module in ("b24orm.entities", "b24orm.cli", "b24orm.codegen", "b24orm.sandbox", "tqdm"):
        assert f"'{module}" not in loaded
