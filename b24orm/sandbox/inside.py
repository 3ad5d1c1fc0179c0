"""What a test may see of a portal and change in it, past its REST."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

import pydantic_core

from b24orm.errors import ConfigurationError, nearest
from b24orm.sandbox.apps import SandboxApp, register
from b24orm.sandbox.books import Books, Delivery
from b24orm.sandbox.clock import ZONE
from b24orm.sandbox.events import scope_of_event
from b24orm.sandbox.faults import Faults
from b24orm.sandbox.fields import Table
from b24orm.sandbox.rules import create, delete
from b24orm.sandbox.state import State
from b24orm.schema.events import event_specs

__all__ = ["Inside"]


class Inside:
    """The inside of a portal: its books, its clock, its rows, its applications."""

    _state: State

    @property
    def books(self) -> Books:
        """What the portal counted."""
        return self._state.books

    @property
    def faults(self) -> Faults:
        """What it will do wrong."""
        return self._state.faults

    @property
    def domain(self) -> str:
        """The portal's name, ``127.0.0.1:PORT``, which applications know it by."""
        return self._state.oauth.domain

    @property
    def member_id(self) -> str:
        """The portal's identity, which it keeps when its address changes."""
        return self._state.oauth.member_id

    @property
    def auth_server(self) -> str:
        """The address of the authorization server, ``http://127.0.0.1:PORT``; there in the place of the vendor's."""
        return self._state.oauth.server

    def app(
        self,
        *,
        scope: Collection[str] = ("crm", "user", "task", "department", "disk", "im", "userfieldconfig"),
        user_id: int = 1,
        redirect_uri: str | None = "https://app.example.test/oauth",
        status: str = "L",
        installed: bool = True,
        client_id: str | None = None,
        client_secret: str | None = None,
    ) -> SandboxApp:
        """Register an application on the portal; what comes back has its keys, its tokens and its payloads.

        Args:
            scope: what it may use.
            user_id: who installs it; user 1 is the portal's administrator, and nobody else is.
            redirect_uri: where the portal sends people back to who agreed; None: they are shown a code.
            status: L for a local application; F, D, T and P for one of the market.
            installed: whether its installation is finished already.
            client_id: by default a new one.
            client_secret: the same.

        Raises:
            ConfigurationError: there is no such user or status, or the client id is taken.
        """
        return register(
            self._state.oauth,
            scope=scope,
            user_id=user_id,
            redirect_uri=redirect_uri,
            status=status,
            installed=installed,
            client_id=client_id,
            client_secret=client_secret,
            known_user=lambda user: self._state.store.row("user", user) is not None,
        )

    def emit(self, event: str, data: Mapping[str, Any] | None = None, *, user_id: int = 1) -> None:
        """Let an event happen by hand: it is sent to whoever bound it, and queued where it is bound offline.

        Args:
            event: its name, in any case. ``OnCrmDealAdd`` and its kind happen by themselves when methods write.
            data: what it tells, ``{"FIELDS": {"ID": 1}}``.
            user_id: who caused it; 0 for nobody, which brings no tokens.

        Raises:
            ConfigurationError: there is no such event.
        """
        name = event.strip().upper()
        if scope_of_event(name) is None:
            raise ConfigurationError(f"the portal knows no event {event!r}{nearest(name, event_specs())}")
        self._state.events.happened(name, data or {}, user_id)

    async def deliveries(self, timeout: float = 30.0) -> list[Delivery]:
        """Every attempt to send an event so far, once nothing is under way any more: ``books.events`` at rest.

        Raises:
            TimeoutError: handlers do not answer within *timeout* seconds.
        """
        return await asyncio.to_thread(self.wait_for_deliveries, timeout)

    def wait_for_deliveries(self, timeout: float = 30.0) -> list[Delivery]:
        """The same, blocking the calling thread, in which no handler may run.

        Raises:
            TimeoutError: handlers do not answer within *timeout* seconds.
        """
        if not self._state.events.courier.wait(timeout):
            raise TimeoutError(f"events are still under way after {timeout:g} s")
        return list(self.books.events)

    @property
    def portal_time(self) -> datetime:
        """The portal's time, in its zone."""
        return datetime.fromtimestamp(self._state.clock.time(), ZONE)

    def advance(self, seconds: float) -> None:
        """Move the portal's clock forward: its bucket leaks and its operating time expires."""
        self._state.clock.advance(seconds)

    @property
    def bucket_level(self) -> float:
        """How full the leaky bucket is, in requests; of several addresses that ask, the fullest one."""
        return self._state.buckets.level

    @property
    def costs(self) -> dict[str, float]:
        """Extra seconds of operating time that each call of a method is booked with; change it at will."""
        return self._state.costs

    @property
    def delays(self) -> dict[str, float]:
        """Extra seconds that each call of a method takes, by its name in lower case; change it at will.

        They pass without using the processor, before the answer is sent, are part of the call's ``time``, and are
        booked as operating time. A call that is refused takes none.
        """
        return self._state.delays

    @property
    def denied(self) -> set[str]:
        """The methods, in lower case, that answer ACCESS_DENIED and do not run; change it at will."""
        return self._state.denied

    @property
    def before_command(self) -> Callable[[str, dict[str, Any], int], object] | None:
        """Called before each command with its method, its parameters and its place in the batch (0 if alone).

        It runs in the server's thread, and may insert and remove rows.
        """
        return self._state.before_command

    @before_command.setter
    def before_command(self, hook: Callable[[str, dict[str, Any], int], object] | None) -> None:
        self._state.before_command = hook

    def insert(self, entity_key: str, **values: Any) -> int:
        """Insert a row past the REST methods, by attribute names; returns its id. Lists may be given as lists."""
        source = self._table(entity_key)
        unknown = [name for name in values if name not in source.by_name]
        if unknown:
            raise ConfigurationError(f"{entity_key} has no field {unknown[0]!r}")
        return create(self._state, source, {name: _held(value) for name, value in values.items()})

    def update(self, entity_key: str, row_id: int, **values: Any) -> bool:
        """Change a row past the REST methods and its automatic fields; False if there is none."""
        held = {name: _held(value) for name, value in values.items()}
        return self._state.store.update(self._table(entity_key).key, row_id, held)

    def remove(self, entity_key: str, row_id: int) -> bool:
        """Delete a row past the REST methods; False if there is none."""
        return delete(self._state, self._table(entity_key), row_id)

    def ids(self, entity_key: str) -> list[int]:
        """All ids, ascending."""
        return self._state.store.ids(self._table(entity_key).key)

    def _table(self, key: str) -> Table:
        keys = self._state.store.layout.keys
        if key not in keys:
            raise ConfigurationError(f"the sandbox has no entity {key!r}; it has {', '.join(keys)}")
        return self._state.table(key)

    def row(self, entity_key: str, row_id: int) -> Mapping[str, Any] | None:
        """One row as the portal holds it, by attribute names; None if there is none."""
        return self._state.store.row(self._table(entity_key).key, row_id)


def _held(value: Any) -> Any:
    if isinstance(value, list | dict):
        return pydantic_core.to_json(value).decode()
    if isinstance(value, bool):
        return "Y" if value else "N"
    return value
