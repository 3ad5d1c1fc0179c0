"""Streams: leaving early, cancelling, two at once, and the progress bar. Nothing may be left running."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from b24orm import Deal, Limits, Portal
from b24orm.errors import ConfigurationError, IncompleteResult
from b24orm.sandbox import Sandbox


@pytest.fixture(scope="module")
def slow() -> Iterator[Sandbox]:
    """Enough deals for several batches of lanes, and time to interrupt them."""
    with Sandbox(deals=6000, contacts=0, companies=0, leads=0, limits=Limits.none(), latency=0.05) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


def others() -> set[str]:
    """Names of the tasks on this loop, but for the test and the portal's own."""
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()} - {
        "b24orm-dispatcher"
    }


async def quiet(sandbox: Sandbox) -> None:
    """Waits until all that was started has ended, and the portal is asked nothing more."""
    async with asyncio.timeout(10):
        while others():
            gc.collect()  # a stream that was left is closed when it is collected
            await asyncio.sleep(0.01)
        while True:
            before = sandbox.books.requests
            await asyncio.sleep(0.2)
            if sandbox.books.requests == before:
                return


@pytest.mark.parametrize("rows", [1, 51, 120])
async def test_leaving_a_stream_early_leaves_nothing_running(slow: Sandbox, rows: int) -> None:
    async with Portal(slow.url, limits=Limits.none()):
        slow.books.reset()
        left = rows
        async for _ in Deal.objects.select("id"):
            left -= 1
            if not left:
                break
        await quiet(slow)
        assert slow.books.rows < 6000
        assert await Deal.objects.count() == 6000


async def test_the_first_row_comes_after_the_first_request(slow: Sandbox) -> None:
    async with Portal(slow.url, limits=Limits.none()):
        slow.books.reset()
        async for _ in Deal.objects.select("id"):
            assert slow.books.requests == 1
            break


async def test_an_error_in_the_loop_s_body_leaves_nothing_running(slow: Sandbox) -> None:
    async def fail() -> None:
        async for _ in Deal.objects.select("id"):
            _ = 1 / 0

    async with Portal(slow.url, limits=Limits.none()):
        with pytest.raises(ZeroDivisionError):
            await fail()
        await quiet(slow)


@pytest.mark.parametrize("after", [0.0, 0.02, 0.08, 0.12])
@pytest.mark.parametrize("streaming", [True, False])
async def test_a_cancelled_task_ends_at_once_and_leaves_nothing_running(
    slow: Sandbox, after: float, streaming: bool
) -> None:
    async def work() -> None:
        if streaming:
            async for _ in Deal.objects.select("id"):
                pass
        else:
            await Deal.objects.select("id")

    async with Portal(slow.url, limits=Limits.none()):
        task = asyncio.create_task(work())
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await quiet(slow)
        assert await Deal.objects.exists()
    assert others() == set()


async def test_a_timeout_ends_a_list(slow: Sandbox) -> None:
    async with Portal(slow.url, limits=Limits.none()):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await Deal.objects
        await quiet(slow)


async def test_two_streams_of_one_queryset_do_not_disturb_each_other(slow: Sandbox) -> None:
    ids = slow.ids("deal")
    qs = Deal.objects.select("id")

    async def read() -> list[int]:
        return [deal.id async for deal in qs]

    async with Portal(slow.url, limits=Limits.none()):
        both = await asyncio.gather(read(), read())
        assert both[0] == both[1] == ids
        first, second = aiter(qs), aiter(qs)
        taken = [(await anext(stream)).id for stream in (first, second, first, second, first)]
        assert taken == [ids[0], ids[0], ids[1], ids[1], ids[2]]
        await first.aclose()
        await second.aclose()
        await quiet(slow)


async def test_a_stream_outlives_neither_its_portal_nor_its_silence(slow: Sandbox) -> None:
    async with Portal(slow.url, limits=Limits.none()):
        stream = aiter(Deal.objects.select("id"))
        for _ in range(60):
            await anext(stream)
    with pytest.raises((ConfigurationError, IncompleteResult)):
        _ = [row async for row in stream]
    await stream.aclose()
    assert others() == set()


async def test_without_a_portal_every_way_of_asking_says_so() -> None:
    match = r"no portal: use `async with Portal\(url\):`"
    with pytest.raises(ConfigurationError, match=match):
        await Deal.objects
    with pytest.raises(ConfigurationError, match=match):
        await Deal.objects.count()
    with pytest.raises(ConfigurationError, match=match):
        await anext(aiter(Deal.objects))
    with pytest.raises(ConfigurationError, match=match):
        await anext(Deal.objects.pages())
    with pytest.raises(ConfigurationError, match=match):
        next(iter(Deal.objects))
    with pytest.raises(ConfigurationError, match=match):
        Deal.objects.first().run_sync()


async def test_a_progress_bar_is_drawn_on_stderr_with_the_right_total_for_one_more_command(
    slow: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Portal(slow.url, limits=Limits.none()):
        slow.books.reset()
        assert len(await Deal.objects.select("id")) == 6000
        plain = slow.books.commands
        assert capsys.readouterr() == ("", "")
        slow.books.reset()
        assert len(await Deal.objects.select("id").progress()) == 6000
        drawn = capsys.readouterr()
        assert drawn.out == ""
        assert "Deal: 100%" in drawn.err
        assert "6000/6000" in drawn.err
        assert slow.books.commands <= plain + 1
        assert slow.books.methods["crm.item.list"] == slow.books.commands
        await Deal.objects[:10].progress().values_list("id")
        assert "10row" in capsys.readouterr().err


async def test_a_portal_may_draw_progress_bars_unless_a_queryset_says_no(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Portal(sandbox.url, limits=Limits.none(), progress=True):
        assert len([page async for page in Deal.objects.pages()]) > 1
        assert "260/260" in capsys.readouterr().err
        await Deal.objects.progress(False)
        await Deal.objects.get(sandbox.ids("deal")[0])
        await Deal.objects.count()
        assert capsys.readouterr().err == ""


async def test_a_progress_bar_of_a_stream_that_is_left_is_closed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Portal(sandbox.url, limits=Limits.none()):
        async for _ in Deal.objects.progress():
            break
        await quiet(sandbox)
        assert capsys.readouterr().err.endswith("\n")
