"""Blocking code: scripts, threads, notebooks; interrupts; portals that are used across event loops."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from b24orm import Deal, Limits, Portal, connect, sync
from b24orm.context import default_portal
from b24orm.errors import ConfigurationError
from b24orm.sandbox import Sandbox
from b24orm.sync import background_loop, iterate_across, iterate_blocking, run_across, run_blocking

FREE = Limits.none()


@pytest.fixture
def ids(sandbox: Sandbox) -> list[int]:
    return sandbox.ids("deal")


@pytest.fixture
def blocking(sandbox: Sandbox) -> Iterator[Portal]:
    with Portal(sandbox.url, limits=FREE) as portal:
        yield portal


@pytest.fixture
def connected(sandbox: Sandbox) -> Iterator[Portal]:
    portal = connect(sandbox.url, limits=FREE)
    yield portal
    portal.close()
    default_portal.portal = None


def running() -> set[str]:
    """Names of the tasks on the background loop, but for the portal's own."""

    async def names() -> set[str]:
        return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    return run_blocking(background_loop(), names) - {"b24orm-dispatcher"}


# -- plain scripts and threads ---------------------------------------------------------------------------------------


def test_blocking_code_reads_rows_by_loops_and_by_run_sync(ids: list[int], blocking: Portal) -> None:
    assert [deal.id for deal in Deal.objects.select("id")] == ids
    assert [deal.id for deal in Deal.objects.select("id").run_sync()] == ids
    assert Deal.objects.get(ids[3]).run_sync().id == ids[3]
    assert Deal.objects.count().run_sync() == len(ids)
    assert list(Deal.objects[:2].values("id")) == [
        {"id": ids[0]},
        {"id": ids[1]},
    ]
    assert blocking.call("profile").run_sync().result
    assert len(list(blocking.list("crm.item.list", {"entityTypeId": 2, "select": ["id"]}))) == len(ids)


@pytest.mark.parametrize("rows", [1, 60, 120])
def test_leaving_a_blocking_loop_early_leaves_nothing_running(blocking: Portal, rows: int) -> None:
    for number, _ in enumerate(Deal.objects.select("id"), 1):
        if number == rows:
            break
    gc.collect()
    assert running() == set()
    assert Deal.objects.exists().run_sync()


def test_an_error_in_a_blocking_loop_leaves_nothing_running(blocking: Portal) -> None:
    def fail() -> None:
        for _ in Deal.objects.select("id"):
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    gc.collect()
    assert running() == set()


def test_threads_share_a_portal(ids: list[int], blocking: Portal) -> None:
    def read(_: int) -> list[int]:
        return [deal.id for deal in Deal.objects.using(blocking).select("id")]

    def get(id: int) -> int:
        return Deal.objects.using(blocking).get(id).run_sync().id

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(4))) == [ids] * 4
        assert list(pool.map(get, ids[:20])) == ids[:20]


def test_another_thread_does_not_inherit_the_current_portal(blocking: Portal) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ConfigurationError, match="no portal"):
        pool.submit(Deal.objects.count().run_sync).result()


# -- a loop runs already ---------------------------------------------------------------------------------------------


def test_blocking_code_works_where_a_loop_runs_already(ids: list[int], sandbox: Sandbox) -> None:
    async def notebook() -> None:
        with Portal(sandbox.url, limits=FREE):
            assert Deal.objects.count().run_sync() == len(ids)
            assert [deal.id for deal in Deal.objects.select("id")] == ids
            assert await Deal.objects.count() == len(ids)
            assert [deal.id async for deal in Deal.objects.select("id")] == ids
            assert [len(page) async for page in Deal.objects[:60].pages()] == [50, 10]
            for _ in Deal.objects:
                break

    asyncio.run(notebook())
    assert running() == set()


def test_a_connected_portal_serves_one_loop_after_the_other(ids: list[int], connected: Portal) -> None:
    async def program() -> list[int]:
        found = await asyncio.gather(*(asyncio.ensure_future(get(id)) for id in ids[:5]))
        return [*found, await Deal.objects.count(), *[deal.id async for deal in Deal.objects.select("id")[:60]]]

    async def get(id: int) -> int:
        return (await Deal.objects.get(id)).id

    wanted = [*ids[:5], len(ids), *ids[:60]]
    assert asyncio.run(program()) == wanted
    assert asyncio.run(program()) == wanted
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: asyncio.run(program()), range(4))) == [wanted] * 4
        assert list(pool.map(lambda id: Deal.objects.get(id).run_sync().id, ids[:8])) == ids[:8]
    assert connected.stats.requests > 0


def test_a_connected_portal_opens_once_however_many_use_it_first(ids: list[int], sandbox: Sandbox) -> None:
    for _ in range(3):
        portal = connect(sandbox.url, limits=FREE)
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: Deal.objects.count().run_sync(), range(8))) == {len(ids)}
        assert portal.stats.commands == 8
    portal.close()
    default_portal.portal = None
    assert running() == set()


async def test_leaving_or_cancelling_a_stream_across_loops_leaves_nothing_running(connected: Portal) -> None:
    stream = aiter(Deal.objects.select("id"))
    await anext(stream)
    await stream.aclose()
    assert await asyncio.to_thread(running) == set()
    async for _ in Deal.objects.pages():
        break

    async def read() -> None:
        async for _ in Deal.objects.select("id"):
            await asyncio.sleep(60)

    async def gather() -> None:
        while True:
            await Deal.objects

    for work in (read, gather):
        task = asyncio.create_task(work())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    gc.collect()
    await asyncio.sleep(0.2)
    assert await asyncio.to_thread(running) == set()
    assert await Deal.objects.exists()


def test_a_portal_that_another_thread_closes_ends_the_iteration_with_an_error(connected: Portal) -> None:
    rows = iter(Deal.objects.select("id"))
    next(rows)
    connected.close()
    with pytest.raises(ConfigurationError):
        for _ in rows:
            pass
    assert Deal.objects.exists().run_sync()  # it opens again


# -- what would never end is refused ---------------------------------------------------------------------------------


async def test_a_blocking_call_inside_the_portal_s_own_loop_is_refused_and_leaves_no_coroutine(portal: Portal) -> None:
    for ask in (
        Deal.objects.count().run_sync,
        Deal.objects.run_sync,
        lambda: next(iter(Deal.objects)),
        portal.call("profile").run_sync,
        portal.close,
    ):
        with pytest.raises(ConfigurationError, match="a blocking call inside the event loop that the portal lives on"):
            ask()
    gc.collect()  # a coroutine that nobody awaited would warn now
    assert await asyncio.to_thread(Deal.objects.count().run_sync) == 260


def test_a_loop_that_has_ended_is_refused_and_not_waited_for(sandbox: Sandbox) -> None:
    ended = asyncio.new_event_loop()
    ended.close()

    async def nothing() -> None: ...

    async def items() -> AsyncGenerator[int]:
        yield 1

    with pytest.raises(ConfigurationError, match="has ended"):
        run_blocking(ended, nothing)
    with pytest.raises(ConfigurationError, match="has ended"):
        asyncio.run(run_across(ended, nothing))
    with pytest.raises(ConfigurationError, match="has ended"):
        next(iterate_blocking(ended, items))

    async def across() -> None:
        stream = iterate_across(ended, items)
        with pytest.raises(ConfigurationError, match="has ended"):
            await anext(stream)
        await stream.aclose()

    asyncio.run(across())


# -- the bridges themselves ------------------------------------------------------------------------------------------


async def _numbers(closed: threading.Event) -> AsyncGenerator[int]:
    try:
        for number in range(3):
            yield number
    finally:
        closed.set()


async def test_iteration_across_loops_behaves_like_a_generator() -> None:
    closed = threading.Event()
    assert [n async for n in iterate_across(background_loop(), lambda: _numbers(closed))] == [0, 1, 2]
    assert closed.is_set()

    closed.clear()
    stream = iterate_across(background_loop(), lambda: _numbers(closed))
    assert await anext(stream) == 0
    with pytest.raises(KeyError):
        await stream.athrow(KeyError("x"))
    assert closed.is_set()

    closed.clear()
    here = iterate_across(asyncio.get_running_loop(), lambda: _numbers(closed))
    assert await anext(here) == 0
    await here.aclose()
    assert closed.is_set()


def test_an_iterator_that_is_disposed_of_in_the_loop_s_own_thread_does_not_wait_for_itself() -> None:
    closed = threading.Event()
    rows = iterate_blocking(background_loop(), lambda: _numbers(closed))
    assert next(rows) == 0

    async def dispose() -> None:
        nonlocal rows
        del rows
        gc.collect()

    run_blocking(background_loop(), dispose)
    assert closed.wait(10)


def test_the_background_loop_is_started_again_after_it_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = asyncio.new_event_loop()
    dead.close()
    monkeypatch.setattr(sync, "_loop", dead)
    fresh = background_loop()
    assert fresh is not dead

    async def answer() -> int:
        return 42

    assert run_blocking(fresh, answer) == 42
    stopped = threading.Event()

    def stop() -> None:
        fresh.stop()
        stopped.set()

    fresh.call_soon_threadsafe(stop)
    assert stopped.wait(10)
    while fresh.is_running():
        time.sleep(0.001)
    fresh.close()


# -- Ctrl-C, and the end of a process --------------------------------------------------------------------------------

HEAD = """
import asyncio, sys
from b24orm import Deal, Limits, Portal, connect
url, free = sys.argv[1], Limits.none()
def ready():
    print("ready", flush=True)
"""

LOOP = """
    for number, deal in enumerate(Deal.objects.select("id")):
        if number == 0:
            ready()
"""

INTERRUPTED = {
    "a blocking loop": f"with Portal(url, limits=free):{LOOP}",
    "a blocking loop of a connected portal": f"connect(url, limits=free)\nif True:{LOOP}",
    "a blocking loop with a bar": f"with Portal(url, limits=free, progress=True):{LOOP}",
    "a blocking list": """
connect(url, limits=free)
Deal.objects.exists().run_sync()
ready()
Deal.objects.run_sync()
""",
    "a stream": """
async def main():
    async with Portal(url, limits=free):
        first = True
        async for deal in Deal.objects.select("id"):
            if first:
                ready()
            first = False
asyncio.run(main())
""",
    "a stream of a connected portal": """
connect(url, limits=free)
async def main():
    first = True
    async for deal in Deal.objects.select("id"):
        if first:
            ready()
        first = False
asyncio.run(main())
""",
    "a list": """
async def main():
    async with Portal(url, limits=free):
        await Deal.objects.exists()
        ready()
        await Deal.objects
asyncio.run(main())
""",
    "a wait for the limits": """
async def main():
    async with Portal(url, limits=Limits(rate=0.001, burst=1)):
        await Deal.objects.exists()
        ready()
        await Deal.objects.exists()
asyncio.run(main())
""",
}

ENDED = {
    "a loop that was left": 'connect(url, limits=free)\nfor deal in Deal.objects.select("id"):\n    break',
    "an iterator that was kept": 'connect(url, limits=free)\nrows = iter(Deal.objects.select("id"))\nnext(rows)',
    "an iterator that outlives its portal": """
with Portal(url, limits=free):
    rows = iter(Deal.objects.select("id"))
    next(rows)
""",
    "a stream across loops that was left": """
connect(url, limits=free)
async def main():
    async for deal in Deal.objects.select("id"):
        break
asyncio.run(main())
""",
    "a stream across loops that was kept": """
connect(url, limits=free)
async def main():
    global rows
    rows = aiter(Deal.objects.select("id"))
    for _ in range(110):
        await anext(rows)
asyncio.run(main())
""",
    "a stream that was kept": """
async def main():
    global rows
    async with Portal(url, limits=free):
        rows = aiter(Deal.objects.select("id"))
        for _ in range(110):
            await anext(rows)
asyncio.run(main())
""",
}

NOISE = (
    "Task was destroyed",
    "Unclosed",
    "unclosed",
    "never awaited",
    "never retrieved",
    "Exception ignored",
    "already running",
    "Fatal Python error",
)


@pytest.fixture(scope="module")
def slow() -> Iterator[Sandbox]:
    with Sandbox(deals=6000, contacts=0, companies=0, leads=0, limits=Limits.none(), latency=0.3) as sandbox:
        yield sandbox


def _start(sandbox: Sandbox, script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", HEAD + script, sandbox.url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts a process by a signal")
@pytest.mark.parametrize("script", INTERRUPTED.values(), ids=INTERRUPTED.keys())
def test_an_interrupt_ends_a_program_at_once_and_in_silence(slow: Sandbox, script: str) -> None:
    with _start(slow, script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        try:
            _, complaints = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode not in (0, None, -signal.SIGKILL)
    assert complaints.rstrip().endswith("KeyboardInterrupt"), complaints
    assert not [noise for noise in NOISE if noise in complaints], complaints


@pytest.mark.parametrize("script", ENDED.values(), ids=ENDED.keys())
def test_a_program_that_leaves_things_open_still_ends_in_silence(slow: Sandbox, script: str) -> None:
    with _start(slow, script) as process:
        try:
            _, complaints = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, complaints) == (0, "")
