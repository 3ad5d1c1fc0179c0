"""The plugin as a stranger's test suite has it: installed, found by pytest itself, and run by real pytest."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from b24orm import Deal, Limits, Portal, connect
from b24orm.context import default_portal
from b24orm.testing.templates import Templates

pytest_plugins = ["pytester"]

# Every run of pytest inside of a test forgets the modules that it was the first to load, so they are loaded before.
_LOADED = (Deal, Limits, Portal, Templates, connect)

_IMPORTS = """
    import pytest
    from b24orm import Deal, Portal
"""


def _suite(pytester: pytest.Pytester, tests: str, ini: str = "") -> None:
    pytester.makepyprojecttoml(f"""
        [tool.pytest.ini_options]
        asyncio_default_fixture_loop_scope = "function"
        filterwarnings = ["error"]
        {ini}
    """)
    pytester.makepyfile(_IMPORTS + tests)


def _run(pytester: pytest.Pytester, *more: str) -> pytest.RunResult:
    return pytester.runpytest("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:xdist", *more)


def test_a_plain_test_reads_and_writes_a_portal_of_its_own_without_being_told_which(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    def test_one(b24_portal, b24_sandbox):
        assert b24_portal.is_open
        assert len(list(Deal.objects.all())) == 100
        Deal.objects.create(title="mine").run_sync()
        assert Deal.objects.count().run_sync() == 101

    def test_another_sees_nothing_of_it(b24_portal, b24_sandbox):
        assert Deal.objects.count().run_sync() == 100
        assert b24_sandbox.books.applied == {}
""",
    )
    _run(pytester).assert_outcomes(passed=2)
    assert default_portal.portal is None


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_coroutines_await_the_same_portal(pytester: pytest.Pytester, mode: str) -> None:
    _suite(
        pytester,
        """
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def deal(b24_portal):
        return await Deal.objects.create(title="made by a fixture on a loop")

    @pytest.mark.asyncio
    async def test_a_coroutine(deal, b24_sandbox):
        assert await Deal.objects.count() == 101
        found = [one async for one in Deal.objects.filter(id=deal.id)]
        assert [one.title for one in found] == ["made by a fixture on a loop"]
        assert Deal.objects.count().run_sync() == 101

    @pytest.mark.asyncio
    async def test_its_own_portal_takes_precedence(b24_portal, b24_sandbox):
        async with Portal(b24_sandbox.url) as portal:
            assert await Deal.objects.count() == 100
            assert portal.stats.requests == 1
        assert b24_portal.stats.requests == 0
""",
        f'asyncio_mode = "{mode}"',
    )
    _run(pytester).assert_outcomes(passed=2)


def test_it_needs_no_plugin_for_coroutines(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        _IMPORTS
        + """
    import asyncio

    def test_code_that_runs_a_loop_by_itself(b24_portal):
        async def main():
            return await Deal.objects.count()

        assert asyncio.run(main()) == 100
"""
    )
    _run(pytester, "-p", "no:asyncio", "-p", "no:anyio").assert_outcomes(passed=1)


def test_anyio_on_asyncio_is_served_too(pytester: pytest.Pytester) -> None:
    pytest.importorskip("anyio")
    pytester.makepyfile(
        _IMPORTS
        + """
    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.mark.anyio
    async def test_a_coroutine(b24_portal):
        assert await Deal.objects.count() == 100
"""
    )
    _run(pytester, "-p", "no:asyncio").assert_outcomes(passed=1)


def test_markers_give_options_the_nearest_one_counts(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    from b24orm import Limits

    pytestmark = pytest.mark.b24_sandbox(deals=30, seed=2)

    def test_of_the_module(b24_sandbox):
        assert len(b24_sandbox.ids("deal")) == 30
        assert "seed=2" in repr(b24_sandbox)
        assert b24_sandbox.limits == Limits.none()

    @pytest.mark.b24_sandbox(deals=7, plan="enterprise")
    class TestOfAClass:
        @pytest.mark.b24_sandbox(limits=Limits(rate=5, burst=9), deal_ids=[4, 5])
        def test_of_its_own(self, b24_sandbox, b24_portal):
            assert b24_sandbox.ids("deal") == [4, 5]
            assert b24_sandbox.limits == Limits(rate=5, burst=9)
            assert b24_portal.limits == b24_sandbox.limits

        def test_of_the_class(self, b24_sandbox):
            assert len(b24_sandbox.ids("deal")) == 7
            assert b24_sandbox.limits == Limits.enterprise()
""",
    )
    _run(pytester).assert_outcomes(passed=3)


def test_the_configuration_gives_options_to_all_tests(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    def test_all(b24_sandbox):
        assert b24_sandbox.ids("deal") == [1, 2, 3]

    @pytest.mark.b24_sandbox(deals=4)
    def test_some(b24_sandbox):
        assert b24_sandbox.ids("deal") == [1, 2, 3, 4]
""",
        'b24_sandbox = ["deals = 3", "deal_ids = dense"]',
    )
    _run(pytester).assert_outcomes(passed=2)


def test_a_fault_of_the_marker_strikes_its_test_alone(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    @pytest.mark.b24_sandbox(faults=[("server_error", {"times": 2})])
    def test_struck(b24_portal, b24_sandbox):
        assert Deal.objects.count().run_sync() == 100
        assert b24_portal.stats.retries == 2
        assert b24_sandbox.faults.pending == 0

    def test_spared(b24_portal):
        assert Deal.objects.count().run_sync() == 100
        assert b24_portal.stats.retries == 0
""",
    )
    _run(pytester).assert_outcomes(passed=2)


def test_a_test_in_which_the_sandbox_fails_inside_fails(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    def test_unnoticed(b24_sandbox):
        b24_sandbox.books.crash("Traceback: the sandbox divides by zero")
""",
    )
    result = _run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*a bug of b24orm*", "*the sandbox divides by zero*"])


def test_a_failing_test_shows_what_it_asked_of_the_portal(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    def test_failing(b24_portal):
        for _ in range(25):
            b24_portal.call("profile").run_sync()
        b24_portal.batch({"a": "scope", "b": "methods"}).run_sync()
        assert Deal.objects.count().run_sync() == 5

    def test_failing_without_a_portal():
        assert False
""",
    )
    result = _run(pytester)
    result.assert_outcomes(failed=2)
    shown = ["<Books requests=27 *", "... 7 earlier requests", "200 profile", "200 batch: scope, methods"]
    result.stdout.fnmatch_lines(["*b24_sandbox call*", *shown])


def test_an_option_that_a_sandbox_has_not_is_named_with_the_nearest_one(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    @pytest.mark.b24_sandbox(deal=5)
    def test_misspelt(b24_sandbox):
        pass

    @pytest.mark.b24_sandbox(300)
    def test_nameless(b24_sandbox):
        pass
""",
    )
    result = _run(pytester)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*a sandbox has no option 'deal'*deals*", "*takes options by their names*"])


def test_a_line_of_the_configuration_without_a_value_is_an_error(pytester: pytest.Pytester) -> None:
    _suite(pytester, "    def test_it(b24_sandbox):\n        pass\n", 'b24_sandbox = ["deals"]')
    result = _run(pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*an option is `name = value`, not 'deals'*"])


def test_a_portal_that_was_the_default_before_is_so_again(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    from b24orm import connect
    from b24orm.context import current_portal, default_portal

    mine = connect("https://example.bitrix24.com/rest/1/code/")  # as applications do when they are imported

    def test_it(b24_portal):
        assert current_portal() is b24_portal

    def test_it_is_back():
        assert current_portal() is mine
        default_portal.portal = None
""",
    )
    _run(pytester).assert_outcomes(passed=2)


def test_a_sandbox_kept_in_a_file_goes_on_in_the_next_test(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    pytestmark = pytest.mark.b24_sandbox(deals=2, path="kept.sqlite")

    def test_one(b24_portal):
        Deal.objects.create(title="mine").run_sync()

    def test_two(b24_portal):
        assert Deal.objects.count().run_sync() == 3
""",
    )
    _run(pytester).assert_outcomes(passed=2)


def test_a_sandbox_behind_tls_is_trusted(pytester: pytest.Pytester) -> None:
    pytest.importorskip("trustme")
    _suite(
        pytester,
        """
    @pytest.mark.b24_sandbox(deals=2, tls=True)
    def test_it(b24_portal, b24_sandbox):
        assert b24_sandbox.url.startswith("https:")
        assert Deal.objects.count().run_sync() == 2
""",
    )
    _run(pytester).assert_outcomes(passed=1)


def test_more_kinds_of_portals_than_are_held_at_a_time(pytester: pytest.Pytester) -> None:
    _suite(
        pytester,
        """
    def _marked(deals):
        return pytest.param(deals, marks=pytest.mark.b24_sandbox(deals=deals))

    @pytest.mark.parametrize("deals", [*map(_marked, range(10)), *map(_marked, range(10))])
    def test_it(b24_sandbox, deals):
        assert len(b24_sandbox.ids("deal")) == deals
""",
    )
    _run(pytester).assert_outcomes(passed=20)


def test_pytest_starts_without_loading_anything_heavy(pytester: pytest.Pytester) -> None:
    program = """
import sys
import b24orm.testing.plugin
heavy = ("aiohttp", "asyncio", "pydantic", "b24orm.portal", "b24orm.sandbox")
print([name for name in heavy if name in sys.modules])
"""
    result = pytester.run(sys.executable, "-c", program)
    result.stdout.fnmatch_lines(["[[]]"])


def test_the_tests_in_the_documentation_pass(pytester: pytest.Pytester) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    tests = [block for block in blocks if "\ndef test_" in block or "async def test_" in block]
    assert len(tests) >= 5
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\nasyncio_default_fixture_loop_scope = "function"\n')
    pytester.makepyfile(**{f"test_{number}": block for number, block in enumerate(tests)})
    passed = sum(block.count("def test_") for block in tests)
    _run(pytester).assert_outcomes(passed=passed)
