"""b24pysdk: `as_list_fast` of crm.deal.list, row by row as it yields them.

It knows https only, and the sandbox plain HTTP on the loopback address: the scheme of its base URL is replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from b24pysdk import BitrixWebhook, Client

from benchmarks.clients.meter import Meter, main


def _base_url(caller: Any) -> str:
    return f"http://{caller._domain}/rest"


def _list(url: str, _: Sequence[int], meter: Meter) -> None:
    target = urlsplit(url)
    meter.start()
    token = BitrixWebhook(domain=target.netloc, webhook_token=target.path.removeprefix("/rest/"))
    client = Client(token)
    for row in client.crm.deal.list(select=["*", "UF_*"]).as_list_fast().result:
        meter.row(int(row["ID"]))
    meter.stop()


if __name__ == "__main__":
    # By its path: the package shows a function of this name in the place of the module.
    caller: Any = import_module("b24pysdk.api.callers.call_method")
    caller._MethodCaller._base_url = property(_base_url)
    main("b24pysdk", {"list": _list})
