"""Sends many commands that have nothing to do with each other: groups of 50, several under way, answers in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator

from b24orm.command import Command, Outcome
from b24orm.engine.dispatcher import Dispatcher

__all__ = ["write"]


async def write(
    dispatcher: Dispatcher, groups: AsyncIterator[list[Command]]
) -> AsyncGenerator[tuple[list[Command], list[Outcome]]]:
    """Each group with what became of its commands, in order.

    No more groups are taken than can be under way at once, and one that waits for its turn: however many there are, few
    are held. Whoever leaves early cancels what is under way.
    """
    flying: deque[tuple[list[Command], asyncio.Task[list[Outcome]]]] = deque()
    more = True
    try:
        while more or flying:
            while more and len(flying) <= dispatcher.concurrency:
                group = await anext(groups, None)
                if group is None:
                    more = False
                else:
                    flying.append((group, asyncio.create_task(dispatcher.run_all(group))))
                    if flying[0][1].done():
                        break  # making a group may take long: hand out what is there
            if flying:
                group, task = flying[0]
                outcomes = await task
                flying.popleft()
                yield group, outcomes
    finally:
        for _, task in flying:
            task.cancel()
        await asyncio.gather(*(task for _, task in flying), return_exceptions=True)
