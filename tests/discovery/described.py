"""A portal whose CRM a test describes, word by word, behind a real socket: for what no sandbox would have."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

__all__ = ["DescribedPortal"]

Answer = Mapping[str, Any]


class DescribedPortal:
    """Answers what discovery asks for; everything is empty until a test fills it.

    Attributes:
        fields: the descriptions of fields by the number of the type.
        types: the rows of ``crm.type.list``, which come two a page.
        statuses: what ``crm.status.list`` answers.
        pipelines: the rows of ``crm.category.list`` by the number of the type.
        refused: error codes by method.
        asked: methods in the order of the calls.
    """

    def __init__(self) -> None:
        self.fields: dict[int, Any] = {}
        self.types: list[dict[str, Any]] = []
        self.statuses: Any = []
        self.pipelines: dict[int, list[dict[str, Any]]] = {}
        self.refused: dict[str, str] = {}
        self.asked: list[str] = []
        self._runner = web.ServerRunner(web.Server(self._handle))
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/rest/1/code/"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        method = request.path.rsplit("/", 1)[-1].removesuffix(".json")
        params: dict[str, Any] = await request.json()
        if method != "batch":
            return web.json_response(self._answer(method, params))
        answers: dict[str, Answer] = {}
        for key, command in params["cmd"].items():
            name, _, query = command.partition("?")
            answers[key] = self._answer(name, dict(parse_qsl(query)))
        whole = {
            "result": {key: answer["result"] for key, answer in answers.items() if "result" in answer},
            "result_error": {key: answer for key, answer in answers.items() if "error" in answer},
            "result_next": {key: answer["next"] for key, answer in answers.items() if "next" in answer},
            "result_total": {},
            "result_time": {},
        }
        return web.json_response({"result": whole})

    def _answer(self, method: str, params: Mapping[str, Any]) -> Answer:
        self.asked.append(method)
        if code := self.refused.get(method):
            return {"error": code, "error_description": "no"}
        number = int(params.get("entityTypeId", 0))
        match method:
            case "crm.status.list":
                return {"result": self.statuses}
            case "crm.type.list":
                start = int(params["start"])
                page: dict[str, Any] = {"result": {"types": self.types[start : start + 2]}}
                return page | ({"next": start + 2} if start + 2 < len(self.types) else {})
            case "crm.item.fields":
                return {"result": {"fields": self.fields.get(number, [])}}  # PHP's way to write an empty map
            case "crm.category.list":
                return {"result": {"categories": self.pipelines.get(number, [])}}
            case _:
                return {"result": []}
