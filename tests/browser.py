"""A real browser without a screen, driven over its DevTools protocol: Chromium, and nothing else to install.

``python -m tests.browser`` says where the browser is, or exits with 1 and says what to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.needs import lacking

__all__ = ["Page", "browser_page", "find_browser"]

CHOSEN = "B24ORM_BROWSER"
REMEDY = f"install Chromium (Debian: apt-get install chromium-headless-shell), or name yours in {CHOSEN}"

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_FLAGS = (
    "--headless",
    "--no-sandbox",  # it shows our own pages, and as root it would not start otherwise
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
)
_PATIENCE = 60.0  # seconds
_LISTENING = b"DevTools listening on "
_WAIT = """
new Promise((resolve) => {
  const holds = () => Boolean(%s);
  if (holds()) return resolve(true);
  const observer = new MutationObserver(() => {
    if (!holds()) return;
    observer.disconnect();
    resolve(true);
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
})
"""


def find_browser() -> str | None:
    """Where a browser is that can be driven; None if there is none."""
    named = os.environ.get(CHOSEN)
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in (*_NAMES, _MAC))
    return next((path for path in found if path), None)


class Page:
    """One page.

    Attributes:
        complaints: errors and warnings of its scripts, of its console, and of what it loads.
        loaded: the addresses that it asked for.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.complaints: list[str] = []
        self.loaded: list[str] = []
        self._socket = socket
        self._session: str | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._shown = asyncio.Event()

    async def listen(self) -> None:
        """Take in what the browser says, until it has gone."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
            else:
                self._happened(said["method"], said["params"])

    def _happened(self, event: str, about: dict[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._shown.set()
        elif event == "Network.requestWillBeSent":
            self.loaded.append(about["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(about["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled" and about["type"] in {"error", "warning", "assert"}:
            self.complaints.append(" ".join(str(argument.get("value")) for argument in about["args"]))
        elif event == "Log.entryAdded" and about["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(f"{about['entry']['text']} ({about['entry'].get('url')})")

    async def send(self, method: str, **params: Any) -> Any:
        """One command of the protocol, and its result."""
        number = next(self._numbers)
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        session = {} if self._session is None else {"sessionId": self._session}
        await self._socket.send_json({"id": number, "method": method, "params": params, **session})
        said = await asyncio.wait_for(answer, _PATIENCE)
        assert "error" not in said, f"{method}: {said}"
        return said["result"]

    async def attach(self) -> None:
        """Make the page, and watch it."""
        target = await self.send("Target.createTarget", url="about:blank")
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")

    async def open(self, url: str) -> None:
        """Go there, and wait until everything is loaded."""
        self._shown.clear()
        await self.send("Page.navigate", url=url)
        await asyncio.wait_for(self._shown.wait(), _PATIENCE)

    async def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise."""
        answer = await self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{script}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true, which is asked whenever the page changes."""
        await self.evaluate(_WAIT % condition)

    async def text(self, selector: str) -> str:
        """What is to be read in an element."""
        return str(await self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    """An empty page of a new browser, which ends with the block."""
    path = find_browser()
    if path is None:
        lacking("there is no browser", REMEDY)
    with tempfile.TemporaryDirectory(prefix="b24orm-browser-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            *(path, *_FLAGS, f"--user-data-dir={profile}", "about:blank"),
            stderr=subprocess.PIPE,
            start_new_session=True,  # Debian's is a script, and a group of processes ends as one
        )
        try:
            address = await asyncio.wait_for(_address(process), _PATIENCE)
            async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                tasks = [asyncio.create_task(page.listen()), asyncio.create_task(_drain(process))]
                try:
                    await page.attach()
                    yield page
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    said: list[bytes] = []
    while line := await process.stderr.readline():
        if line.startswith(_LISTENING):
            return line.removeprefix(_LISTENING).decode().strip()
        said.append(line)
    raise AssertionError(f"the browser did not start: {b''.join(said).decode(errors='replace')}")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while await process.stderr.readline():
        pass


if __name__ == "__main__":
    found = find_browser()
    print(found or f"there is no browser: {REMEDY}", file=sys.stdout if found else sys.stderr)
    sys.exit(0 if found else 1)
