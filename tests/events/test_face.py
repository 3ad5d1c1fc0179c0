"""What `import b24orm.events` gives, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

import b24orm.events
from b24orm.events import catalogue


def loaded_by(script: str) -> set[str]:
    names = subprocess.run(
        [sys.executable, "-c", f"{script}; import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout
    return set(names.split())


def test_every_name_can_be_had_and_is_listed() -> None:
    for name in (*b24orm.events.__all__, *catalogue.__all__):
        assert getattr(b24orm.events, name) is not None
        assert name in dir(b24orm.events)
    assert vars(b24orm.events)["OnCrmDealAdd"] is catalogue.OnCrmDealAdd  # asked for once


def test_a_misspelt_name_is_an_attribute_error_with_a_hint() -> None:
    with pytest.raises(AttributeError, match="did you mean 'OnCrmDealAdd'"):
        _ = b24orm.events.OnCrmDealAded  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = b24orm.events.nothing  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        exec("from b24orm.events import OnCrmDealAded")


def test_a_portal_loads_no_event_and_no_framework_until_it_is_asked_for_them() -> None:
    loaded = loaded_by("from b24orm import Portal; Portal('https://my.bitrix24.com/rest/1/code/')")
    assert {name for name in loaded if name.startswith("b24orm.events")} == set()
    loaded = loaded_by(
        "from b24orm import Portal; Portal('https://my.bitrix24.com/rest/1/code/').events.bind('ONCRMDEALADD', 'https://x/')"
    )
    assert "b24orm.events.calls" in loaded
    assert "b24orm.events.catalogue" not in loaded


def test_handlers_load_no_framework_no_tool_and_no_entity() -> None:
    loaded = loaded_by(
        "from b24orm.events import EventHandlers, OnCrmDealAdd; h = EventHandlers(application_token='x');"
        "h.on(OnCrmDealAdd)(print); import asyncio;"
        "asyncio.run(h.handle(b'event=ONCRMDEALADD&data[FIELDS][ID]=1&auth[application_token]=x'))"
    )
    assert loaded.isdisjoint({"starlette", "fastapi", "django", "aiohttp.web", "b24orm.sandbox", "b24orm.codegen"})
    assert {name for name in loaded if name.startswith("b24orm.entities.")} == set()
