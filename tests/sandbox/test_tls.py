from __future__ import annotations

import asyncio
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import aiohttp
import pytest

from b24orm import Deal, Limits, Portal
from b24orm.errors import ConfigurationError, TransportError
from b24orm.oauth import OAuthApp, OAuthTokens
from b24orm.sandbox import Sandbox


@pytest.fixture(scope="module")
def secure() -> Iterator[Sandbox]:
    """300 deals over https. Tests may not change it."""
    with Sandbox(deals=300, seed=3, limits=Limits.none(), tls=True) as sandbox:
        yield sandbox
        assert sandbox.books.crashes == []


async def test_all_deals_are_read_over_https_with_the_certificate_of_the_sandbox(secure: Sandbox) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    async with Portal(secure.url, ssl=secure.ca_file):
        assert [deal.id async for deal in Deal.objects] == secure.ids("deal")
    with Portal(secure.url, ssl=str(secure.ca_file)):
        assert Deal.objects.count().run_sync() == 300


async def test_localhost_is_in_the_certificate_too(secure: Sandbox) -> None:
    url = secure.url.replace("127.0.0.1", "localhost")
    async with Portal(url, ssl=secure.ssl_context()) as portal:
        assert (await portal.call("profile")).result["ID"] == "1"


async def test_a_client_that_was_not_told_whom_to_trust_says_so(secure: Sandbox) -> None:
    async with Portal(secure.url) as portal:
        with pytest.raises(TransportError, match="certificate that cannot be trusted") as caught:
            await portal.call("profile")
    assert not caught.value.sent


async def test_what_comes_without_tls_is_refused_in_the_portals_words(
    secure: Sandbox, http: aiohttp.ClientSession
) -> None:
    assert secure.plain_url.startswith("http://127.0.0.1:")
    assert secure.plain_url != secure.url.replace("https", "http")
    async with http.post(secure.plain_url + "profile") as response:
        assert response.status == 400
        assert await response.json() == {"error": "INVALID_REQUEST", "error_description": "Https required"}


async def test_links_to_files_are_https(secure: Sandbox) -> None:
    async with Portal(secure.url, ssl=secure.ca_file) as portal:
        file = (await portal.call("disk.storage.getchildren", {"id": 1})).result
        links = [row["DOWNLOAD_URL"] for row in file if row.get("DOWNLOAD_URL")]
        assert links
        assert {link.partition("//")[0] for link in links} == {"https:"}
        assert await portal.download(links[0]).read()


async def test_an_application_gets_in_and_renews_its_tokens_over_https() -> None:
    async with Sandbox(deals=3, limits=Limits.none(), tls=True) as sandbox:
        registered = sandbox.app()
        app = OAuthApp(registered.client_id, registered.client_secret, auth_server=sandbox.auth_server)
        assert sandbox.auth_server.startswith("https:")
        tokens = OAuthTokens.parse(registered.tokens())
        sandbox.advance(3601)
        async with Portal.oauth(f"https://{sandbox.domain}", app, tokens, ssl=sandbox.ca_file):
            assert await Deal.objects.count() == 3
        assert sandbox.books.refreshes == 1


async def test_a_portal_that_has_moved_is_followed_over_https() -> None:
    async with Sandbox(deals=3, limits=Limits.none(), tls=True) as sandbox:
        async with Portal(sandbox.url, ssl=sandbox.ca_file):
            before = sandbox.port
            sandbox.rename()
            assert await Deal.objects.count() == 3
            assert sandbox.port != before


async def test_a_copy_may_have_tls_where_its_original_has_none() -> None:
    async with Sandbox(deals=3) as original, original.copy(tls=True) as twin:
        async with Portal(twin.url, ssl=twin.ca_file):
            assert await Deal.objects.count() == 3
        assert original.url.startswith("http:")


async def test_without_tls_there_is_nothing_to_trust() -> None:
    with Sandbox(deals=0) as sandbox:
        assert sandbox.plain_url == sandbox.url
        with pytest.raises(ConfigurationError, match="tls=True"):
            _ = sandbox.ca_file
        with pytest.raises(ConfigurationError, match="tls=True"):
            sandbox.ssl_context()


async def test_the_certificate_is_a_file_while_the_sandbox_runs() -> None:
    sandbox = Sandbox(deals=0, tls=True)
    with pytest.raises(ConfigurationError, match="start it first"):
        _ = sandbox.ca_file
    async with sandbox:
        file = sandbox.ca_file
        assert "BEGIN CERTIFICATE" in file.read_text()
        assert "PRIVATE KEY" not in file.read_text()
    assert not file.exists()
    with pytest.raises(ConfigurationError, match="start it first"):
        _ = sandbox.ca_file


async def test_each_sandbox_has_an_authority_of_its_own(secure: Sandbox) -> None:
    async with Sandbox(deals=0, tls=True) as other, Portal(other.url, ssl=secure.ca_file) as portal:
        with pytest.raises(TransportError, match="certificate that cannot be trusted"):
            await portal.call("profile")


def test_without_trustme_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'b24orm\[sandbox\]'"):
        Sandbox(tls=True)
    assert Sandbox(deals=0).url  # nobody else needs it


def test_a_served_portal_says_how_to_trust_it() -> None:
    command = [sys.executable, "-m", "b24orm", "sandbox", "serve", "--tls", "--deals", "3", "--plan", "none"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            url = process.stdout.readline().strip()
            lines = list(_until(process.stderr, "Portal(url"))
            said = dict(line.partition("  ")[0].split("=", 1) for line in lines if line.partition("=")[0].isupper())
            file = Path(said["SSL_CERT_FILE"])
            assert asyncio.run(_count(url, file)) == 3
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate()
        finally:
            if process.poll() is None:
                process.kill()
    assert url.startswith("https://")
    assert rest == ""
    assert set(said) == {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"}
    assert set(said.values()) == {str(file)}
    assert f'Portal(url, ssl="{file}")' in lines
    assert f"its status page is {url.partition('rest/')[0]}" in lines
    assert not file.exists()


def _until(said: IO[str], last: str) -> Iterator[str]:
    for line in said:
        yield line.strip()
        if line.strip().startswith(last):
            return


async def _count(url: str, ca_file: Path) -> int:
    async with Portal(url, ssl=ssl.create_default_context(cafile=ca_file)):
        return await Deal.objects.count()
