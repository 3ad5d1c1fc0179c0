"""The pytest plugin: `b24_sandbox`, a portal for one test, and `b24_portal`, which talks to it.

pytest finds it by itself once b24orm is installed; ``-p no:b24orm`` leaves it out.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from b24orm.portal import Portal
    from b24orm.sandbox import Sandbox
    from b24orm.testing.templates import Templates

__all__ = ["b24_portal", "b24_sandbox", "b24_templates", "pytest_addoption", "pytest_configure", "pytest_runtest_call"]

_NAME = "b24_sandbox"  # of the fixture, the marker and the option alike
_DEFAULTS = {"deals": 100, "plan": "none"}
_SHOWN = 20  # requests
_sandbox = pytest.StashKey["Sandbox"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option of pytest.ini."""
    parser.addini(_NAME, "options of the fixture b24_sandbox, one `name = value` a line", type="linelist", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Adds the marker."""
    marker = f"{_NAME}(**options): options of the b24_sandbox of this test, those of b24orm.sandbox.Sandbox"
    config.addinivalue_line("markers", marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fails a test in which the sandbox itself failed; shows what other failing tests asked of it."""
    try:
        result = yield
    except BaseException:
        _tell(item)
        raise
    sandbox = item.stash.get(_sandbox, None)
    if sandbox is not None and sandbox.books.crashes:
        _tell(item)
        said = f"the sandbox failed inside, which is a bug of b24orm:\n\n{sandbox.books.crashes[0]}"
        pytest.fail(said, pytrace=False)
    return result


def _tell(item: pytest.Item) -> None:
    sandbox = item.stash.get(_sandbox, None)
    if sandbox is None:
        return
    records = list(sandbox.books.log)
    lines = [repr(sandbox.books)]
    if len(records) > _SHOWN:
        lines.append(f"... {len(records) - _SHOWN} earlier requests")
    for record in records[-_SHOWN:]:
        commands = ", ".join(method for _, method in record.commands)
        lines.append(f"{record.status or 'no answer'} {record.method}" + (f": {commands}" if commands else ""))
    item.add_report_section("call", _NAME, "\n".join(lines))


@pytest.fixture(scope="session")
def b24_templates() -> Iterator[Templates]:
    """The portals that those of the tests are copies of; of no use to tests."""
    from b24orm.testing.templates import Templates

    templates = Templates()
    yield templates
    templates.close()


@pytest.fixture
def b24_sandbox(request: pytest.FixtureRequest, b24_templates: Templates) -> Iterator[Sandbox]:
    """A portal of 100 deals without limits for this test alone, behind a real socket.

    ``@pytest.mark.b24_sandbox(deals=300, seed=2, plan="standard", faults=["html"])`` gives it other options, those of
    `b24orm.sandbox.Sandbox`; the option ``b24_sandbox`` of pytest's configuration does so for all tests.
    """
    with b24_templates.sandbox(_options(request)) as sandbox:
        request.node.stash[_sandbox] = sandbox
        yield sandbox


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    from b24orm.testing.templates import merged, read_options

    markers = [*request.node.iter_markers(_NAME)][::-1]  # the nearest one last
    for marker in markers:
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{_NAME} takes options by their names, such as deals=300")
    given = read_options(request.config.getini(_NAME))
    return merged(_DEFAULTS, given, *(dict(marker.kwargs) for marker in markers))


@pytest.fixture
def b24_portal(b24_sandbox: Sandbox) -> Iterator[Portal]:
    """An open portal on the `b24_sandbox` of this test; querysets use it without being told.

    It serves blocking code, coroutines on any asyncio loop, and threads.
    """
    from b24orm.testing.templates import connected

    with connected(b24_sandbox) as portal:
        yield portal
