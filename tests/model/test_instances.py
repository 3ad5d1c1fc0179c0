"""Objects: new ones, whole ones from the portal, and ones of which only some fields were selected."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import PrivateAttr, ValidationError

from b24orm import Col, Deal, column, errors
from b24orm.errors import FieldNotLoaded, InvalidValue, UnknownField

ROW: dict[str, Any] = {
    "id": 5,
    "title": "Сделка",
    "opportunity": 10.5,
    "UF_CRM_1700000001": "gold",
    "parentId128": 7,
    "newFieldOf2027": "kept",
}


class MyDeal(Deal):
    segment: Col[str | None] = column("UF_CRM_1700000001", default=None)
    _seen: int = PrivateAttr(default=3)

    @property
    def shout(self) -> str:
        return self.title.upper()

    @property
    def broken(self) -> str:
        return self.nonsense  # type: ignore[attr-defined,no-any-return]

    @property
    def label(self) -> str:
        return self.title

    @label.setter
    def label(self, value: str) -> None:
        self.title = value


def loaded(model: type[Deal] = Deal, **extra: Any) -> Any:
    return model.__load__("item", [{**ROW, **extra}])[0]


def some() -> Any:
    return Deal.__load__("item", [{"id": 5, "title": "Сделка"}])[0]


def new() -> Any:
    return Deal(title="x", opportunity=5.5)


@pytest.fixture(params=[loaded, some, new, lambda: loaded(MyDeal)], ids=["loaded", "selected", "new", "own class"])
def deal(request: pytest.FixtureRequest) -> Any:
    make: Callable[[], Any] = request.param
    return make()


def test_objects_can_be_shown_compared_copied_pickled_dumped_and_hashed_however_much_they_hold(deal: Any) -> None:
    names = deal.loaded_fields
    assert type(deal).__name__ in repr(deal)
    assert "title" in str(deal)
    for twin in (copy.copy(deal), copy.deepcopy(deal), deal.model_copy(), pickle.loads(pickle.dumps(deal))):
        assert twin == deal
        assert hash(twin) == hash(deal)
        assert twin.loaded_fields == names
        assert twin.changed_fields == deal.changed_fields
        twin.title = "other"
        assert twin != deal
        assert "title" in twin.changed_fields
    assert deal.model_dump().keys() == names
    assert deal.model_dump(mode="json").keys() == names
    assert deal.model_dump_json().startswith("{")
    assert len({deal, copy.copy(deal)}) == 1
    assert deal != 5


def test_a_field_that_was_not_selected_is_absent_and_never_none() -> None:
    deal = some()
    with pytest.raises(FieldNotLoaded, match=r"Deal\.opportunity was not loaded: add it to select"):
        _ = deal.opportunity
    assert not hasattr(deal, "opportunity")
    assert getattr(deal, "opportunity", "absent") == "absent"
    assert deal.loaded_fields == {"id", "title"}
    assert deal.model_dump() == {"id": 5, "title": "Сделка"}
    assert repr(deal) == "Deal(id=5, title='Сделка')"


def test_an_unknown_attribute_is_an_attribute_error_with_the_nearest_right_name() -> None:
    deal = some()
    with pytest.raises(AttributeError, match="no attribute 'titel'; did you mean 'title'") as caught:
        _ = deal.titel
    assert not isinstance(caught.value, FieldNotLoaded)
    with pytest.raises(AttributeError, match="no attribute '_private'"):
        _ = deal._private
    with pytest.raises(AttributeError, match="has no column 'titel'; did you mean 'title'"):
        _ = Deal.titel  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="declare it with column"):
        _ = Deal.uf_crm_17  # type: ignore[attr-defined]


def test_fields_that_no_class_declares_are_kept_under_their_names_in_lower_case() -> None:
    deal = loaded()
    assert deal.uf_crm_1700000001 == "gold"
    assert deal.parent_id_128 == 7
    assert deal.new_field_of_2027 == "kept"
    with pytest.raises(FieldNotLoaded, match="was not loaded, or the portal has no such field"):
        _ = deal.uf_crm_99
    assert loaded(MyDeal).segment == "gold"
    with pytest.raises(FieldNotLoaded):
        _ = loaded(MyDeal).uf_crm_1700000001


def test_a_documented_field_that_comes_unexpectedly_can_be_read_as_it_came() -> None:
    # `is_work` belongs to the item dialect alone.
    deal: Any = Deal.__load__("classic", [{"ID": "5", "IS_WORK": "Y"}])[0]
    assert deal.is_work == "Y"


def test_addresses_that_hold_a_token_are_not_shown() -> None:
    file = {"id": 1, "url": "https://x.example/a", "urlMachine": "https://x.example/?token=SECRET"}
    deal = loaded(UF_CRM_1=file, UF_CRM_2=[file])
    assert "SECRET" not in repr(deal)
    assert "SECRET" not in str(deal)
    assert "https://x.example/a" in repr(deal)
    assert deal.uf_crm_2[0]["urlMachine"].endswith("SECRET")
    with pytest.raises(errors.InvalidRow) as caught:
        loaded(opportunity=[file])
    assert "SECRET" not in str(caught.value)


def test_changed_fields_are_those_given_to_a_new_object_or_assigned_to_a_loaded_one() -> None:
    assert new().changed_fields == {"title", "opportunity"}
    first, second = Deal.__load__("item", [ROW, {**ROW, "id": 6}])
    assert first.changed_fields == frozenset()
    first.title = "b"
    first.stage_id = "NEW"
    first.uf_crm_5 = 1  # type: ignore[attr-defined]
    assert first.changed_fields == {"title", "stage_id", "uf_crm_5"}
    assert first.stage_id == "NEW"
    assert second.changed_fields == frozenset()
    assert second.loaded_fields == {
        "id",
        "title",
        "opportunity",
        "uf_crm_1700000001",
        "parent_id_128",
        "new_field_of_2027",
    }
    assert second.model_copy(update={"title": "c"}).changed_fields == {"title"}
    assert second.changed_fields == frozenset()


def test_pydantic_counts_loaded_fields_as_set() -> None:
    deal = some()
    assert deal.model_dump(exclude_unset=True) == {"id": 5, "title": "Сделка"}
    deal.stage_id = "NEW"
    assert deal.model_dump(exclude_unset=True) == {"id": 5, "title": "Сделка", "stage_id": "NEW"}
    assert new().model_dump(exclude_unset=True).keys() == {"title", "opportunity"}


def test_an_assigned_value_is_checked_and_a_wrong_one_changes_nothing() -> None:
    deal = loaded()
    with pytest.raises(InvalidValue, match=r"Deal\.opportunity cannot hold 'a lot'") as caught:
        deal.opportunity = "a lot"
    assert isinstance(caught.value, ValueError)
    assert deal.opportunity == Decimal("10.5")
    assert deal.changed_fields == frozenset()
    with pytest.raises(InvalidValue):
        deal.title = None
    deal.opportunity = 0.1
    assert deal.opportunity == Decimal("0.1")
    deal.opportunity = 3
    assert isinstance(deal.opportunity, Decimal)


def test_unknown_names_are_refused_in_constructors_and_assignments() -> None:
    with pytest.raises(UnknownField, match="Deal has no field 'titel'; did you mean 'title'"):
        Deal(titel="x", title="y")  # type: ignore[call-arg]
    with pytest.raises(UnknownField, match="did you mean 'title'"):
        some().titel = "x"
    with pytest.raises(AttributeError):
        some().objects = 5
    with pytest.raises(AttributeError):
        some().changed_fields = set()
    assert Deal(title="x", uf_crm_17="y").uf_crm_17 == "y"  # type: ignore[call-arg,attr-defined]


def test_the_constructor_asks_for_what_is_required_as_pydantic_does() -> None:
    with pytest.raises(ValidationError, match="title"):
        Deal()  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="opportunity"):
        Deal(title="x", opportunity="a")  # type: ignore[arg-type]
    assert Deal.model_validate({"title": "x", "opportunity": 0.1}).opportunity == Decimal("0.1")
    assert Deal.model_validate_json('{"title": "x", "opportunity": 0.1}').opportunity == Decimal("0.1")
    assert "title" in Deal.model_json_schema()["properties"]


def test_private_attributes_and_properties_of_a_subclass_work() -> None:
    deal = loaded(MyDeal)
    assert deal._seen == 3
    deal._seen = 4
    assert copy.copy(deal)._seen == 4
    assert deal.shout == "СДЕЛКА"
    deal.label = "b"
    assert deal.title == "b"
    assert deal.changed_fields == {"title"}


def test_a_property_that_fails_says_why() -> None:
    with pytest.raises(FieldNotLoaded, match="title was not loaded"):
        _ = MyDeal.__load__("item", [{"id": 1}])[0].shout
    with pytest.raises(AttributeError, match="nonsense"):
        _ = loaded(MyDeal).broken


def test_rows_share_what_they_can() -> None:
    first, second = Deal.__load__("item", [ROW, {**ROW, "id": 6}])
    assert first.__pydantic_fields_set__ is second.__pydantic_fields_set__
