"""What events cost: processor time of taking and handling one, by the registry alone and through an aiohttp server.

    python -m benchmarks.events [--events N]

The bar is ten thousand events a minute on one core: 6 ms of processor time each. The client that posts them is another
process.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from urllib.parse import urlencode

from aiohttp import web

from b24orm.events import EventHandlers, OnCrmDealAdd
from b24orm.integrations.aiohttp import setup_events

BAR = 60_000 / 10_000
"""Milliseconds of processor time that an event may cost."""

TOKEN = "51856fefc120afa4b628cc82d3935cce"
FORM = "application/x-www-form-urlencoded"

_CLIENT = """
import http.client, sys
port, times = int(sys.argv[1]), int(sys.argv[2])
body = sys.stdin.buffer.read()
connection = http.client.HTTPConnection("127.0.0.1", port)
for _ in range(times):
    connection.request("POST", "/events", body, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
"""


def body() -> bytes:
    """An event of an application, as the documentation shows it."""
    auth = {
        "access_token": "s6p6eclrvim6da22ft9ch94ekreb52lv",
        "expires_in": "3600",
        "scope": "crm",
        "domain": "some-domain.bitrix24.com",
        "server_endpoint": "https://oauth.bitrix.info/rest/",
        "status": "L",
        "client_endpoint": "https://some-domain.bitrix24.com/rest/",
        "member_id": "d897063e1ce7c5eb9f04b9751eef5915",
        "application_token": TOKEN,
    }
    fields = {"event": "ONCRMDEALADD", "event_handler_id": "185", "data[FIELDS][ID]": "7405", "ts": "1766047124"}
    return urlencode({**fields, **{f"auth[{name}]": value for name, value in auth.items()}}).encode()


class Counter:
    """Handlers that count what they get."""

    def __init__(self, *, background: bool) -> None:
        self.count = 0
        self.handlers = EventHandlers(application_token=TOKEN, background=background)
        self.handlers.on(OnCrmDealAdd)(self.take)

    async def take(self, event: OnCrmDealAdd) -> None:
        self.count += 1
        assert event.id == 7405


async def by_registry(events: int, *, background: bool) -> float:
    """Processor milliseconds an event, without HTTP."""
    counter, form = Counter(background=background), body()
    begun = time.process_time()
    for _ in range(events):
        assert await counter.handlers.handle(form, FORM) == 200
    await counter.handlers.drain()
    took = time.process_time() - begun
    assert counter.count == events
    return 1000 * took / events


async def by_server(events: int, *, background: bool) -> float:
    """The same through an aiohttp server, by one client on one connection."""
    counter = Counter(background=background)
    app = web.Application()
    setup_events(app, counter.handlers, "/events")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    command = [sys.executable, "-c", _CLIENT, str(runner.addresses[0][1]), str(events)]
    begun = time.process_time()
    client = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE)
    await client.communicate(body())
    took = time.process_time() - begun
    assert client.returncode == 0
    await runner.cleanup()
    assert counter.count == events
    return 1000 * took / events


def main() -> int:
    """Measures, prints, and fails if the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000, help="how many; 10,000 unless given")
    events = parser.parse_args().events
    missed = False
    for background in (False, True):
        for name, measure in (("registry", by_registry), ("aiohttp server", by_server)):
            took = asyncio.run(measure(events, background=background))
            when = "after the answer" if background else "before the answer"
            print(f"{name:16} handled {when:17} {took:6.3f} ms an event, {60_000 / took:9,.0f} a minute on one core")
            missed = missed or took > BAR
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
