"""Other clients at work: each job is a program of its own under ``clients``, which knows nothing of b24orm."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from b24orm.sandbox import Sandbox
from tests.needs import lacking

__all__ = ["NODE", "PYTHON", "deals", "work"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = "python"
NODE = "node"

_PATIENCE = 120.0  # seconds; they take one or two, but a machine may be busy
_REMEDY = "make test installs it"
# What tells clients whom to trust, and what would lead them elsewhere.
_TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_ASTRAY = ("SSL_CERT_DIR", "NODE_OPTIONS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


async def work(kind: str, client: str, job: str, sandbox: Sandbox, **environment: str) -> Any:
    """What *client*, a file of ``clients``, prints when it is told to do *job* at *sandbox*."""
    program = [_executable(kind), str(HERE / "clients" / client), job]
    clean = {name: value for name, value in os.environ.items() if name.upper() not in _ASTRAY}
    trust = dict.fromkeys(_TRUST, str(sandbox.ca_file))
    process = await asyncio.create_subprocess_exec(
        *program,
        env={**clean, **trust, "B24_WEBHOOK": sandbox.url, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        printed, said = await asyncio.wait_for(process.communicate(), _PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    return json.loads(printed)


def deals(sandbox: Sandbox) -> list[int]:
    """The deals that ``crm.deal.list`` knows of, which leaves out those that only make others again and again."""
    rows = ((number, sandbox.row("deal", number)) for number in sandbox.ids("deal"))
    return [number for number, row in rows if row is not None and row["is_recurring"] != "Y"]


def _executable(kind: str) -> str:
    return _python() if kind == PYTHON else _node()


def _python() -> str:
    path = ROOT / ".venv-bench" / "bin" / "python"
    if not path.exists():
        lacking("the other Python clients are not installed", _REMEDY)
    return str(path)


def _node() -> str:
    if not (HERE / "node_modules" / "@bitrix24" / "b24jssdk").is_dir():
        lacking("the client for node is not installed", _REMEDY)
    # What set-up put beside this Python goes first: it did so because the system's node is missing or too old.
    for path in (shutil.which("node", path=str(Path(sys.executable).parent)), shutil.which("node")):
        if path is not None and _fits(path):
            return path
    return lacking("there is no node 20, or 22 and newer", _REMEDY)


@cache
def _fits(path: str) -> bool:
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    major = version.removeprefix("v").partition(".")[0]
    return major == "20" or (major.isdigit() and int(major) >= 22)
