"""The composition root: opening, closing, the current portal, and errors that say what happened but never the code."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

import b24orm
from b24orm import Deal, Limits, Portal, connect, errors
from b24orm.context import default_portal
from b24orm.sandbox import Sandbox

CODE = "s3cr3tc0de12345"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(deals=120, seed=5, limits=Limits.none(), code=CODE) as portal:
        yield portal


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(self: Any, seconds: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr("b24orm.limits.SystemClock.sleep", sleep)
    monkeypatch.setattr("b24orm.engine.again.backoff", lambda attempts: 0.001)


def everything_said(error: BaseException, caplog: pytest.LogCaptureFixture) -> str:
    """All that a user, a log or an error tracker would see of *error*, causes and local variables included."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    chain = "".join(traceback.format_exception(error)) + "".join(shown.format())
    return chain + repr(error) + str(error) + caplog.text


async def failing(url: str, **options: Any) -> BaseException:
    async with Portal(url, **options) as portal:
        del url
        with pytest.raises(errors.B24OrmError) as caught:
            await Deal.objects.filter(title="x")
        assert CODE not in repr(portal)
        return caught.value


async def test_a_wrong_code_is_an_auth_error_without_the_code(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = await failing(sandbox.url.replace(CODE, "wr0ngc0de9876"))
    assert isinstance(error, errors.AuthError)
    assert error.code == "INVALID_CREDENTIALS"
    assert "wr0ngc0de9876" not in everything_said(error, caplog)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("html", "HTML"),
        ("half_answer", "half an answer"),
        ("empty", "empty"),
        ("reset", "hung up"),
        ("bad_gateway", "502"),
    ],
)
async def test_a_broken_answer_is_a_transport_error_without_the_code(
    sandbox: Sandbox, fault: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.faults.add(fault, times=30)
    try:
        error = await failing(sandbox.url)
    finally:
        sandbox.faults.clear()
    assert isinstance(error, errors.TransportError)
    assert re.search(words, str(error), re.IGNORECASE), str(error)
    assert CODE not in everything_said(error, caplog)


async def test_a_portal_that_is_down_is_a_transport_error_without_the_code(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = await failing(f"http://127.0.0.1:9/rest/1/{CODE}/")
    assert isinstance(error, errors.TransportError)
    assert not error.sent
    assert "127.0.0.1" in str(error)
    assert CODE not in everything_said(error, caplog)


async def test_a_portal_that_does_not_answer_is_a_transport_error(caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox(deals=1, limits=Limits.none(), latency=30.0, code=CODE) as slow:
        error = await failing(slow.url, timeout=0.05)
    assert isinstance(error, errors.TransportError)
    assert "0.05" in str(error)
    assert CODE not in everything_said(error, caplog)


@pytest.mark.parametrize(
    "url",
    [
        f"http://my.bitrix24.ru/rest/1/{CODE}/",
        f"https://my.bitrix24.ru/{CODE}",
        f"ftp://my.bitrix24.ru/rest/1/{CODE}/",
        f"https://my.bitrix24.ru/rest/1/{CODE}/crm.deal.list.json",
        f"my.bitrix24.ru/rest/1/{CODE}/",
        "",
    ],
)
def test_an_unusable_url_is_refused_without_the_code(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        Portal(url)
    assert CODE not in str(caught.value)
    assert CODE not in repr(caught.value)


def test_unusable_options_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(errors.ConfigurationError, match="crm_api"):
        Portal(sandbox.url, crm_api="old")  # type: ignore[arg-type]
    with pytest.raises(errors.ConfigurationError, match="max_concurrency"):
        Portal(sandbox.url, max_concurrency=0)
    for timeout in (0, -1, "x", None, True):
        with pytest.raises(errors.ConfigurationError, match="timeout"):
            Portal(sandbox.url, timeout=timeout)  # type: ignore[arg-type]
    with pytest.raises(errors.ConfigurationError, match="limits"):
        Portal(sandbox.url, limits=5)  # type: ignore[arg-type]
    with pytest.raises(errors.ConfigurationError, match="session"):
        Portal(sandbox.url, session="x")  # type: ignore[arg-type]


def test_a_portal_that_could_not_be_made_can_be_shown() -> None:
    assert repr(Portal.__new__(Portal)) == "<Portal (no usable URL)>"


def test_raw_calls_of_the_wrong_shape_are_refused(sandbox: Sandbox) -> None:
    portal: Any = Portal(sandbox.url)
    calls: list[Any] = [
        lambda: portal.call("profile", [1]),
        lambda: portal.call_many("profile", None),
        lambda: portal.call_many("profile", [5]),
        lambda: portal.batch(["profile"]),
        lambda: portal.batch({"a": 5}),
        lambda: portal.batch({"a": ("profile", [1])}),
    ]
    for wrong in calls:
        with pytest.raises(errors.InvalidValue):
            wrong()


def test_the_webhook_may_stand_in_the_environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_WEBHOOK", sandbox.url)
    with Portal.from_env(limits=Limits.none()):
        assert Deal.objects.count().run_sync() == 120
    monkeypatch.delenv("B24_WEBHOOK")
    with pytest.raises(errors.ConfigurationError, match="B24_WEBHOOK"):
        Portal.from_env()


async def test_the_innermost_portal_is_the_current_one(sandbox: Sandbox) -> None:
    with Sandbox(deals=7, seed=1, limits=Limits.none()) as other:
        async with Portal(sandbox.url) as outer:
            async with Portal(other.url):
                assert await Deal.objects.count() == 7
                assert await Deal.objects.using(outer).count() == 120
            assert await Deal.objects.count() == 120
    with pytest.raises(errors.ConfigurationError, match="no portal"):
        await Deal.objects.count()


async def test_two_tasks_may_have_different_portals(sandbox: Sandbox) -> None:
    with Sandbox(deals=7, seed=1, limits=Limits.none()) as other:

        async def count(url: str) -> int:
            async with Portal(url):
                await asyncio.sleep(0.01)
                return await Deal.objects.count()

        assert list(await asyncio.gather(count(sandbox.url), count(other.url))) == [120, 7]


async def test_opening_twice_and_using_a_closed_portal_are_errors(sandbox: Sandbox) -> None:
    portal = Portal(sandbox.url)
    with pytest.raises(errors.ConfigurationError, match="not open"):
        await portal.call("profile")
    async with portal:
        with pytest.raises(errors.ConfigurationError, match="open already"):
            await portal.__aenter__()
        assert "open" in repr(portal)
    with pytest.raises(errors.ConfigurationError, match="not open"):
        await portal.call("profile")
    await portal.aclose()
    portal.close()
    async with portal:  # and it may be opened again
        assert (await portal.call("profile")).result["ID"] == "1"


async def test_a_session_of_the_users_own_stays_open(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        async with Portal(sandbox.url, session=session):
            assert await Deal.objects.count() == 120
        assert not session.closed


async def test_a_connected_portal_serves_every_loop_and_thread(sandbox: Sandbox) -> None:
    first = connect(sandbox.url, limits=Limits.none())
    try:
        assert await Deal.objects.count() == 120
        assert await asyncio.to_thread(lambda: Deal.objects.count().run_sync()) == 120
        assert Deal.objects.count().run_sync() == 120  # in a running loop, as in a notebook
        assert await asyncio.to_thread(lambda: asyncio.run(_count())) == 120
        assert first.stats.requests == 4
        second = connect(sandbox.url, limits=Limits.none())
        assert not first.is_open
        assert await Deal.objects.count() == 120
        await second.aclose()
        assert not second.is_open
    finally:
        default_portal.portal = None
        first.close()


async def _count() -> int:
    return await Deal.objects.count()


async def test_closing_the_default_portal_at_exit_is_harmless_without_one() -> None:
    from b24orm.portal import _close_default

    _close_default()
    assert default_portal.portal is None


def test_explain_of_raw_calls_names_the_commands(sandbox: Sandbox) -> None:
    portal = Portal(sandbox.url)
    assert "crm.deal.get" in str(portal.call("crm.deal.get", {"id": 1}).explain())
    assert portal.call_many("crm.deal.get", [{"id": i} for i in range(120)]).explain().requests == "3"
    assert portal.batch({"a": "profile"}).explain().commands == "1"
    assert portal.list("crm.deal.list").explain().strategy == "keyset"


def test_the_version_stands_in_one_place() -> None:
    assert b24orm.__version__
