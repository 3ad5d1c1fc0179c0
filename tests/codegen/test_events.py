"""The catalogue of events follows from ``schemas/meta/events.json``."""

from __future__ import annotations

from pathlib import Path

import b24orm.events.catalogue
from b24orm.codegen.events import render_events
from b24orm.schema.events import EventSpec, event_specs


def test_the_catalogue_is_not_stale() -> None:
    text = Path(b24orm.events.catalogue.__file__).read_text(encoding="utf-8")
    assert text == render_events(event_specs().values()), "run `b24orm generate`"


def test_each_event_is_one_class_with_its_values_where_they_stand() -> None:
    specs = [
        EventSpec("ONX", "OnX", "crm", "x.html", {"id": "int FIELDS.ID", "on": "flag ON", "who": "str A.WHO|B.WHO"}),
        EventSpec("ONA", "OnA", "basic", "a.html", {}, outdated=True),
        EventSpec(
            "ONT", "OnT", "task", "t.html", {"id": "str ID", "any": "any Y", "token": "secret T"}, "Task", ("x",)
        ),
    ]
    text = render_events(specs)
    assert (
        text.index("class OnA(Event):") < text.index('class OnT(RowEvent["Task"]):') < text.index("class OnX(Event):")
    )
    assert "``ONA``, scope ``basic``; outdated." in text
    assert "https://apidocs.bitrix24.com/x.html" in text
    assert 'id = values.whole_id("FIELDS.ID")' in text
    assert 'who = values.text("A.WHO", "B.WHO")' in text
    assert 'id = values.text_id("ID")' in text
    assert 'needs: ClassVar[tuple[str, ...]] = ("x",)' in text
    compile(text, "catalogue", "exec")


def test_facts_are_sorted_by_class_and_name_no_type_that_nothing_reads() -> None:
    specs = list(event_specs().values())
    assert [spec.name for spec in specs] == sorted(spec.name for spec in specs)
    for spec in specs:
        assert spec.doc.startswith("api-reference/")
        assert spec.doc.endswith(".html")
        assert {said.partition(" ")[0] for said in spec.fields.values()} <= {"int", "str", "flag", "secret", "any"}
    assert sum(not spec.bindable for spec in specs) == 18
