"""b24pysdk at work: ``pysdk.py JOB``, with the webhook in B24_WEBHOOK. Prints what it got as JSON.

The jobs for applications have their keys and tokens in B24_APPLICATION instead.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from b24pysdk import BitrixApp, BitrixToken, BitrixWebhook, Client


def webhook() -> Any:
    address = urlsplit(os.environ["B24_WEBHOOK"])
    return BitrixWebhook(domain=address.netloc, webhook_token=address.path.removeprefix("/rest/").strip("/"))


def ids(rows: Iterable[dict[str, Any]], key: str = "ID") -> list[int]:
    return [int(row[key]) for row in rows]


def lists() -> dict[str, Any]:
    token = webhook()
    select = {"select": ["ID"]}
    deals = ids(token.call_list("crm.deal.list", select)["result"])
    return {
        "deals": deals,
        "fast": ids(token.call_list_fast("crm.deal.list", select)["result"]),
        "backwards": ids(token.call_list_fast("crm.deal.list", select, descending=True)["result"]),
        "by_id": ids(token.call_list("crm.deal.list", {**select, "filter": {"@ID": deals[:130]}})["result"]),
        "items": ids(token.call_list("crm.item.list", {"entityTypeId": 2})["result"], "id"),
        "tasks": ids(token.call_list_fast("tasks.task.list", select)["result"], "id"),
        "users": ids(token.call_list_fast("user.get")["result"]),
    }


def facades() -> dict[str, Any]:
    bitrix = Client(webhook())
    deals = bitrix.crm.deal.list(select=["ID"])
    return {
        "page": ids(deals.result),
        "deals": ids(deals.as_list().result),
        "fast": ids(deals.as_list_fast().result),
        "profile": int(bitrix.profile().result["ID"]),
        "scope": bitrix.scope().result,
    }


def batches() -> dict[str, Any]:
    token = webhook()
    bitrix = Client(token)
    linked = {"list": ("crm.deal.list", {"select": ["ID"]}), "get": ("crm.deal.get", {"id": "$result[list][0][ID]"})}
    found = token.call_batch(linked)["result"]
    deals = ids(token.call_list("crm.deal.list", {"select": ["ID"]})["result"])[:75]
    many = token.call_batches([("crm.deal.get", {"id": number}) for number in deals])["result"]
    missing = token.call_batch({"a": ("crm.deal.get", {"id": 10**9}), "b": ("crm.deal.get", {"id": deals[0]})})
    requests = {"deal": bitrix.crm.deal.get(bitrix_id=deals[0]), "me": bitrix.user.current()}
    facade = bitrix.call_batch(requests).result.result
    return {
        "first": ids(found["result"]["list"]),
        "same": int(found["result"]["get"]["ID"]),
        "total": found["result_total"]["list"],
        "wanted": deals,
        "many": ids(many["result"].values()),
        "errors": missing["result"]["result_error"],
        "after": int(missing["result"]["result"]["b"]["ID"]),
        "facade": {key: int(value["ID"]) for key, value in facade.items()},
    }


def writes() -> dict[str, Any]:
    token = webhook()
    deal = Client(token).crm.deal
    made = deal.add(fields={"TITLE": "Сделка & 1 + #"}).result
    title = deal.get(bitrix_id=made).result["TITLE"]
    updated = deal.update(bitrix_id=made, fields={"TITLE": "z"}).result
    deleted = deal.delete(bitrix_id=made).result
    calls = [("crm.deal.add", {"fields": {"TITLE": f"Сделка {n}"}}) for n in range(75)]
    many = token.call_batches(calls)["result"]["result"]
    return {"made": made, "title": title, "updated": updated, "deleted": deleted, "many": many}


def modern() -> dict[str, Any]:
    token = webhook()
    select = {"select": ["id", "title"]}
    tasks = token.call_method("tasks.task.list", {**select, "order": {"id": "ASC"}}, prefer_version=3)
    first = tasks["result"]["items"][0]["id"]
    return {
        "page": ids(tasks["result"]["items"], "id"),
        "first": token.call_method("tasks.task.get", {"id": first, **select}, prefer_version=3)["result"]["item"],
    }


def application() -> dict[str, Any]:
    given = json.loads(os.environ["B24_APPLICATION"])
    token = BitrixToken(
        domain=given["portal"],
        auth_token=given["tokens"]["access_token"],
        refresh_token=given["tokens"]["refresh_token"],
        bitrix_app=BitrixApp(client_id=given["client_id"], client_secret=given["client_secret"]),
    )
    deals = ids(token.call_list_fast("crm.deal.list", {"select": ["ID"]})["result"])
    return {
        "deals": deals,
        "user": int(token.call_method("profile")["result"]["ID"]),
        "renewed": token.auth_token != given["tokens"]["access_token"],
        "client": token.get_app_info().result.client_id,
    }


JOBS = {
    "lists": lists,
    "facades": facades,
    "batches": batches,
    "writes": writes,
    "modern": modern,
    "application": application,
}
print(json.dumps(JOBS[sys.argv[1]]()))
