from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from b24orm import Limits, Portal
from b24orm.sandbox import Sandbox
from b24orm.sandbox.faults import FaultSpec
from tests.browser import Page, browser_page

SLOW_LEAK = Limits(rate=0.001)  # what is in the bucket stays there while a test looks


async def _figures(http: aiohttp.ClientSession, sandbox: Sandbox) -> dict[str, Any]:
    async with http.get(sandbox.status_url + "status.json") as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        figures = await response.json()
        assert isinstance(figures, dict)
        return figures


@pytest.mark.parametrize(
    ("path", "kind", "part"),
    [
        ("", "text/html", "<h1>b24orm sandbox</h1>"),
        ("status.css", "text/css", "color-scheme"),
        ("status.js", "text/javascript", "textContent"),
    ],
)
async def test_the_page_comes_whole_and_loads_nothing_from_elsewhere(
    small: Sandbox, http: aiohttp.ClientSession, path: str, kind: str, part: str
) -> None:
    async with http.get(small.status_url + path) as response:
        text = await response.text()
        assert response.status == 200
        assert response.content_type == kind
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert part in text
    assert "//" not in text.replace("// ", "")  # no address of another host


async def test_looking_is_not_counted_not_metered_and_not_hit_by_faults(http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=3, limits=Limits(rate=0.001, burst=1), faults=[("reset", {"every": 1})]) as sandbox:
        for _ in range(5):
            figures = await _figures(http, sandbox)
            async with http.head(sandbox.status_url) as response:
                assert response.status == 200
        assert figures["books"]["requests"] == sandbox.books.requests == 0
        assert sandbox.bucket_level == 0
        assert not sandbox.books.log


async def test_the_page_only_looks(small: Sandbox, http: aiohttp.ClientSession) -> None:
    async with http.post(small.status_url, json={}) as response:
        assert response.status == 404
    async with http.post(small.status_url + "status.json") as response:
        assert response.status == 404


async def test_the_figures_are_those_of_the_books(small: Sandbox, http: aiohttp.ClientSession, call: Any) -> None:
    await call(small, "crm.deal.add", {"fields": {"TITLE": "x"}})
    await call(small, "batch", {"cmd": {"a": "crm.deal.list", "b": "crm.deal.list", "c": "scope"}})
    await call(small, "crm.deal.lst")
    figures, books = await _figures(http, small), small.books
    assert figures["books"] == {
        "requests": 3,
        "commands": 4,
        "rows": books.rows,
        "writes": 1,
        "refusals": 0,
        "bytes_out": books.bytes_out,
        "crashes": 0,
    }
    deals = books.method_rows["crm.deal.list"]
    assert deals
    assert figures["methods"] == [
        {"method": "crm.deal.list", "calls": 2, "rows": deals, "operating": None},
        {"method": "crm.deal.add", "calls": 1, "rows": 0, "operating": None},
        {"method": "scope", "calls": 1, "rows": 0, "operating": None},
    ]
    assert figures["writes"] == [{"entity": "deal", "verb": "add", "count": 1}]
    assert [request["method"] for request in figures["recent"]] == ["crm.deal.lst", "batch", "crm.deal.add"]
    assert [request["status"] for request in figures["recent"]] == [404, 200, 200]
    assert figures["recent"][1]["commands"] == [
        {"method": "crm.deal.list", "count": 2},
        {"method": "scope", "count": 1},
    ]
    assert (figures["seed"], figures["tls"]) == (1, False)
    assert figures["time"].endswith("+03:00")
    assert figures["limits"] == {"level": 0, "burst": 50, "rate": None, "operating": None}


async def test_entities_that_nobody_has_asked_for_are_not_made_for_the_page(
    small: Sandbox, http: aiohttp.ClientSession, call: Any
) -> None:
    def counts(figures: dict[str, Any]) -> dict[str, int | None]:
        return {entity["entity"]: entity["rows"] for entity in figures["entities"]}

    first = counts(await _figures(http, small))
    assert first["deal"] == 20
    assert first["task"] is None
    await call(small, "tasks.task.list")
    assert counts(await _figures(http, small))["task"] == len(small.ids("task"))


async def test_limits_and_faults_are_shown(http: aiohttp.ClientSession) -> None:
    faults: list[FaultSpec] = ["html", ("server_error", {"method": "scope", "every": 2})]
    async with Sandbox(deals=3, limits=SLOW_LEAK, faults=faults) as sandbox:
        sandbox.delays["profile"] = 0.2
        async with http.get(sandbox.url + "scope"):
            pass
        async with http.get(sandbox.url + "profile"):
            pass
        figures = await _figures(http, sandbox)
    assert figures["limits"]["burst"] == 50
    assert figures["limits"]["rate"] == 0.001
    assert figures["limits"]["operating"] == 480
    assert 0 < figures["limits"]["level"] <= 2
    assert figures["faults"] == [{"kind": "server_error", "method": "scope", "left": None}]
    (profile,) = [row for row in figures["methods"] if row["method"] == "profile"]
    assert profile["operating"] >= 0.2


async def test_no_secret_is_shown_wherever_a_client_has_put_it(http: aiohttp.ClientSession) -> None:
    async with Sandbox(deals=3, code="my.webhook.code", tls=False) as sandbox:
        app = sandbox.app()
        tokens = app.tokens()
        secrets = [sandbox.code, app.client_secret, app.application_token]
        secrets += [tokens["access_token"], tokens["refresh_token"]]
        root = sandbox.status_url
        for secret in secrets:
            for path in ("rest/{}", "rest/1/{}", "rest/1/x/{}", "rest/api/1/{}", "{}", "{}/x", "rest/1/{}/scope/more"):
                async with http.get(root + path.format(secret)):
                    pass
            batch = {"cmd": {secret: "scope", "b": secret, "c": f"x.{secret}" if secret == sandbox.code else "x.y"}}
            async with http.post(sandbox.url + "batch", json=batch):
                pass
        for token in ("access_token", "refresh_token"):
            async with http.get(f"{root}rest/profile?auth={tokens[token]}"):
                pass
        figures = json.dumps(await _figures(http, sandbox)).lower()
    for secret in secrets:
        assert secret.lower() not in figures


# ------------------------------------------------------------------------------------------ in a real browser


async def _shows(page: Page, element: str, text: str) -> None:
    await page.until(f"document.getElementById({json.dumps(element)}).textContent === {json.dumps(text)}")


@pytest.mark.slow
async def test_in_a_browser_the_numbers_appear_and_follow_the_calls() -> None:
    async with Sandbox(deals=300, seed=4, limits=SLOW_LEAK) as sandbox, browser_page() as page:
        await page.open(sandbox.status_url)
        await _shows(page, "state", "live")
        await _shows(page, "requests", "0")
        assert await page.text("#seed") == "4"
        assert "deal 300" in " ".join((await page.text("#entities")).split())
        assert await page.text("#methods tbody") == "none"

        async with Portal(sandbox.url) as portal:
            await portal.batch({"a": ("crm.deal.list", {}), "b": ("crm.deal.list", {"start": 50})})
            await portal.call("crm.deal.add", {"fields": {"TITLE": "x"}})
        await _shows(page, "requests", "2")
        await _shows(page, "commands", "3")
        await _shows(page, "rows", "100")
        await _shows(page, "writes", "1")
        assert "crm.deal.list 2 100" in " ".join((await page.text("#methods")).split())
        assert "2 × crm.deal.list" in await page.text("#recent")
        assert "deal add 1" in " ".join((await page.text("#applied")).split())
        assert "deal 301" in " ".join((await page.text("#entities")).split())
        assert "of 50, leaks 0.001 a second" in await page.text("#level-text")
        assert await page.evaluate("document.getElementById('level').value > 0")

        assert page.complaints == []
        assert sandbox.books.requests == 2
        assert all(address.startswith((sandbox.status_url, "data:")) for address in page.loaded)


@pytest.mark.slow
async def test_in_a_browser_what_is_shown_is_text_and_never_markup() -> None:
    async with Sandbox(deals=3) as sandbox, browser_page() as page:
        sandbox.faults.add("html", method="<img src=x onerror=alert(1)>")
        await page.open(sandbox.status_url)
        await page.until("document.querySelector('#faults tbody td')")
        assert "<img src=x onerror=alert(1)>" in await page.text("#faults")
        assert await page.evaluate("document.querySelectorAll('td img, td script').length") == 0
        assert page.complaints == []


@pytest.mark.slow
async def test_in_a_browser_the_page_can_be_read_aloud_and_in_the_dark() -> None:
    async with Sandbox(deals=3) as sandbox, browser_page() as page:
        await page.open(sandbox.status_url)
        await _shows(page, "state", "live")
        tree = (await page.send("Accessibility.getFullAXTree"))["nodes"]
        named = {(node["role"]["value"], node.get("name", {}).get("value")) for node in tree if not node["ignored"]}
        assert ("heading", "b24orm sandbox") in named
        assert ("meter", "Bucket") in named
        tables = {name for role, name in named if role == "table"}
        assert tables == {"Faults to come", "Methods", "Writes applied", "Last requests", "Entities"}

        paper = "getComputedStyle(document.body).backgroundColor"
        shades = []
        for scheme in ("light", "dark"):
            await page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            shades.append(await page.evaluate(paper))
        assert shades == ["rgb(255, 255, 255)", "rgb(15, 20, 26)"]
        assert page.complaints == []


@pytest.mark.slow
async def test_in_a_browser_a_portal_that_has_ended_is_said_to_have() -> None:
    async with browser_page() as page:
        async with Sandbox(deals=3) as sandbox:
            await page.open(sandbox.status_url)
            await _shows(page, "state", "live")
            assert page.complaints == []
        await page.until("document.getElementById('state').textContent.includes('does not answer')")
        assert await page.text("#seed") == "1"  # what was there can still be read
