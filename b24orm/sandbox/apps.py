"""`SandboxApp`: an application of a sandbox, in a test's hands: its keys, its tokens, and what its handlers get."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any

from b24orm.errors import ConfigurationError
from b24orm.sandbox.oauth import ACCESS_SECONDS, Application, OAuth

__all__ = ["SandboxApp", "register"]

_STATUSES = ("L", "F", "D", "T", "P")


def register(
    oauth: OAuth,
    *,
    scope: Collection[str],
    user_id: int,
    redirect_uri: str | None,
    status: str,
    installed: bool,
    client_id: str | None,
    client_secret: str | None,
    known_user: Callable[[int], bool],
) -> SandboxApp:
    """A new application on the portal.

    Raises:
        ConfigurationError: there is no such user or status, or the client id is taken.
    """
    if isinstance(scope, str):
        raise ConfigurationError(f"scope is a collection of names such as ('crm', 'user'), not the text {scope!r}")
    if status not in _STATUSES:
        raise ConfigurationError(f"status is one of {', '.join(_STATUSES)}, not {status!r}")
    if not known_user(user_id):
        raise ConfigurationError(f"the sandbox has no user {user_id!r}")
    if client_id is not None and oauth.application(client_id) is not None:
        raise ConfigurationError(f"there is an application {client_id!r} already")
    kind = "local" if status == "L" else "app"
    application = Application(
        id=len(oauth.applications) + 1,
        client_id=client_id or f"{kind}.{secrets.token_hex(7)}.{secrets.randbelow(10**8):08}",
        client_secret=client_secret or secrets.token_hex(25),
        application_token=secrets.token_hex(16),
        scope=tuple(scope),
        user_id=user_id,
        redirect_uri=redirect_uri,
        status=status,
        installed=installed,
    )
    oauth.add(application)
    return SandboxApp(oauth, application, known_user)


class SandboxApp:
    """An application that was registered with ``sandbox.app(...)``."""

    def __init__(self, oauth: OAuth, application: Application, known_user: Callable[[int], bool]) -> None:
        self._oauth = oauth
        self._application = application
        self._known_user = known_user

    @property
    def client_id(self) -> str:
        """Its code."""
        return self._application.client_id

    @property
    def client_secret(self) -> str:
        """Its secret key."""
        return self._application.client_secret

    @property
    def application_token(self) -> str:
        """What the portal shows to its handlers."""
        return self._application.application_token

    @property
    def scope(self) -> tuple[str, ...]:
        """What it may use."""
        return self._application.scope

    def __repr__(self) -> str:
        return f"<SandboxApp {self.client_id} {self._application.status}>"

    def tokens(self, user_id: int | None = None) -> dict[str, Any]:
        """A new pair of tokens, as the authorization server tells it: ``access_token``, ``refresh_token`` and so on."""
        return dict(self._oauth.answer(self._oauth.issue(self._application, self._user(user_id)), renewed=True))

    def code(self, user_id: int | None = None) -> str:
        """A new authorization code, as if a person had just agreed; it lives 30 seconds of the portal's time."""
        return self._oauth.code(self._application, self._user(user_id))

    def install_payload(self, user_id: int | None = None) -> dict[str, str]:
        """What the installation handler gets, as the fields of a form: ``event``, ``data[VERSION]``, ``auth[…]``.

        Facts: api-reference/common/events/on-app-install.md.
        """
        installed = "Y" if self._application.installed else "N"
        data = {"VERSION": "1", "ACTIVE": "Y", "INSTALLED": installed, "LANGUAGE_ID": "en"}
        auth = self._oauth.block(self._application, self._user(user_id), refresh=True)
        return {
            "event": "ONAPPINSTALL",
            **{f"data[{name}]": value for name, value in data.items()},
            "ts": str(int(self._oauth.clock.time())),
            **{f"auth[{name}]": value for name, value in auth.items()},
        }

    def placement_payload(
        self, placement: str = "DEFAULT", options: Mapping[str, Any] | None = None, *, user_id: int | None = None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """What a page gets that is shown in a frame of the portal: the query of its address, and a form's fields.

        Facts: settings/oauth/simple-way.md.

        Args:
            placement: where it is shown; ``DEFAULT`` is the application's own page.
            options: what the place says about itself, ``{"ID": "1"}``; it travels as JSON.
            user_id: who looks at it.
        """
        pair = self._oauth.issue(self._application, self._user(user_id))
        secure = self._oauth.portal.startswith("https:")
        query = {
            "DOMAIN": self._oauth.domain,
            "PROTOCOL": "1" if secure else "0",
            "LANG": "en",
            "APP_SID": secrets.token_hex(16),
        }
        body = {
            "AUTH_ID": pair.access_token,
            "AUTH_EXPIRES": str(ACCESS_SECONDS),
            "REFRESH_ID": pair.refresh_token,
            "SERVER_ENDPOINT": f"{self._oauth.server}/rest/",
            "APPLICATION_TOKEN": self.application_token,
            "APPLICATION_SCOPE": ",".join(self.scope),
            "member_id": self._oauth.member_id,
            "status": self._application.status,
            "PLACEMENT": placement,
        }
        if options is not None:
            body["PLACEMENT_OPTIONS"] = json.dumps(options).replace("/", "\\/")  # as PHP writes it
        return query, body

    def finish_installation(self) -> None:
        """What ``BX24.installFinish()`` does."""
        self._application.installed = True

    def stop_paying(self) -> None:
        """Its trial or paid period is over: no tokens are issued, and calls are refused."""
        self._application.paid = False

    def drop_refresh_tokens(self) -> None:
        """From now on its refresh tokens are worth nothing (``invalid_grant``); access tokens live on."""
        self._oauth.drop_refresh_tokens(self._application)

    def uninstall(self) -> None:
        """Take it off the portal."""
        self._oauth.forget(self._application)

    def _user(self, user_id: int | None) -> int:
        if user_id is None:
            return self._application.user_id
        if not self._known_user(user_id):
            raise ConfigurationError(f"the sandbox has no user {user_id!r}")
        return user_id
