"""Sandboxes for tests: each a copy of one that was filled once, which takes some milliseconds."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pydantic_core

from b24orm.context import default_portal
from b24orm.errors import ConfigurationError, nearest
from b24orm.portal import Portal, connect
from b24orm.sandbox import Knobs, Sandbox

__all__ = ["Templates", "connected", "merged", "read_options"]

_MOST: Final = 8  # sandboxes that are held at a time to be copied
_OPTIONS: Final = frozenset(inspect.signature(Sandbox).parameters)


def read_options(lines: Iterable[str]) -> dict[str, Any]:
    """Options as ``name = value``: the values are JSON, or else texts.

    Raises:
        ConfigurationError: a line says something else.
    """
    options: dict[str, Any] = {}
    for line in lines:
        name, equals, text = (part.strip() for part in line.partition("="))
        if not equals or not name:
            raise ConfigurationError(f"b24_sandbox: an option is `name = value`, not {line!r}")
        try:
            options[name] = pydantic_core.from_json(text)
        except ValueError:
            options[name] = text
    return options


def merged(*given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a sandbox, of which the later ones count. ``plan`` and ``limits`` replace each other.

    Raises:
        ConfigurationError: a sandbox has no such option.
    """
    options: dict[str, Any] = {}
    for one in given:
        for name, value in one.items():
            if name not in _OPTIONS:
                raise ConfigurationError(f"a sandbox has no option {name!r}{nearest(name, _OPTIONS)}")
            if name in {"plan", "limits"}:
                options.pop("plan", None)
                options.pop("limits", None)
            options[name] = value
    return options


class Templates:
    """Filled sandboxes by the options that say what they hold."""

    def __init__(self) -> None:
        self._filled: dict[str, Sandbox] = {}

    @contextmanager
    def sandbox(self, options: Mapping[str, Any]) -> Generator[Sandbox]:
        """A running sandbox with these options, which nobody else uses."""
        knobs = Knobs.__annotations__
        contents = {name: value for name, value in options.items() if name not in knobs}
        behaviour: Any = {name: value for name, value in options.items() if name in knobs}
        if contents.get("path") is not None:  # kept in a file, so it is no copy
            with Sandbox(**options) as sandbox:
                yield sandbox
            return
        with self._template(contents).copy(**behaviour) as sandbox:
            yield sandbox

    def _template(self, contents: Mapping[str, Any]) -> Sandbox:
        key = repr(sorted(contents.items()))
        found = self._filled.pop(key, None) or Sandbox(**contents).start()
        self._filled[key] = found  # the one that was asked for last is the last one
        if len(self._filled) > _MOST:
            self._filled.pop(next(iter(self._filled))).stop()
        return found

    def close(self) -> None:
        """Stop all of them."""
        while self._filled:
            self._filled.popitem()[1].stop()


@contextmanager
def connected(sandbox: Sandbox) -> Generator[Portal]:
    """An open portal, the default of the process meanwhile: contexts and loops of test frameworks come and go."""
    before, default_portal.portal = default_portal.portal, None
    trust = sandbox.ssl_context() if sandbox.url.startswith("https:") else None
    portal = connect(sandbox.url, limits=sandbox.limits, ssl=trust)
    try:
        portal.run_sync(_nothing)  # opens it
        yield portal
    finally:
        portal.close()
        default_portal.portal = before


async def _nothing() -> None:
    """What a portal is opened for before it has anything to do."""
