"""The certificate of a portal that is reached by https: made by an authority of its own, which nobody else trusts.

Facts: the SDKs of the vendor take https only, and so do webhooks (``_includes/system-errors.md`` of the vendor's
documentation: INVALID_REQUEST, "Https required").
"""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from b24orm.errors import ConfigurationError

__all__ = ["Certificate", "how_to_trust"]

_NAMES = ("localhost", "127.0.0.1", "::1")
_AUTHORIZATION_SERVERS = ("oauth.bitrix24.tech", "oauth.bitrix.info")
"""Some clients cannot be told another one: whoever leads their connections here finds the name that they ask for."""

_READERS = {
    "SSL_CERT_FILE": "Python's ssl: aiohttp, httpx, fast_bitrix24",
    "REQUESTS_CA_BUNDLE": "requests: b24pysdk",
    "NODE_EXTRA_CA_CERTS": "node: @bitrix24/b24jssdk",
    "CURL_CA_BUNDLE": "curl",
}


class Certificate:
    """A certificate for this machine, and the authority that signed it. The keys stay in this process.

    Args:
        host: the name or address that the portal listens at; loopback is in the certificate anyway.

    Raises:
        ConfigurationError: trustme is not installed.
    """

    def __init__(self, host: str) -> None:
        try:
            import trustme
        except ImportError as error:
            raise ConfigurationError(
                "Sandbox(tls=True) makes its certificate with trustme, which is not installed: "
                "pip install 'b24orm[sandbox]'"
            ) from error
        names = dict.fromkeys((*_NAMES, host, *_AUTHORIZATION_SERVERS))
        self._authority = trustme.CA(organization_name="b24orm sandbox")
        self._own = self._authority.issue_cert(*names, organization_name="b24orm sandbox")
        self._file: Path | None = None

    @property
    def file(self) -> Path:
        """The authority's certificate, in PEM.

        Raises:
            ConfigurationError: it has not been written, or it has been removed.
        """
        if self._file is None:
            raise ConfigurationError("ca_file exists while the sandbox runs: start it first")
        return self._file

    def server_context(self) -> ssl.SSLContext:
        """What the portal listens with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._own.configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - pyOpenSSL's are taken, too
        return context

    def client_context(self) -> ssl.SSLContext:
        """What clients in this process connect with; it trusts this authority and no other."""
        return ssl.create_default_context(cadata=self._authority.cert_pem.bytes().decode())

    def write(self) -> None:
        """Put the authority's certificate into a temporary file, for clients that want one."""
        handle, path = tempfile.mkstemp(prefix="b24orm-sandbox-", suffix=".pem")
        with os.fdopen(handle, "wb") as file:
            file.write(self._authority.cert_pem.bytes())
        self._file = Path(path)

    def remove(self) -> None:
        """Remove the file; removing it twice does no harm."""
        file, self._file = self._file, None
        if file is not None:
            file.unlink(missing_ok=True)


def how_to_trust(ca_file: Path) -> str:
    """What to set where, so that clients trust the portal; several lines."""
    width = max(len(f"{name}={ca_file}") for name in _READERS)
    lines = [f"  {f'{name}={ca_file}':{width}}  # {readers}" for name, readers in _READERS.items()]
    return "\n".join(
        [
            f"its certificate is signed by {ca_file}, which is removed when it ends; to trust it:",
            *lines,
            f'  Portal(url, ssl="{ca_file}")',
        ]
    )
