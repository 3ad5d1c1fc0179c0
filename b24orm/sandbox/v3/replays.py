"""Idempotency-Key: the answers of writes, kept for a day for whoever repeats the call.

Facts: api-reference/rest-v3.md, "Repeated calls without duplicates". Kept per application or webhook, user and method;
errors are not. The same body is the same bytes here. Nothing is said about ``batch``: a key has no effect there, and
so is not sent back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from b24orm.sandbox.caller import Caller
from b24orm.sandbox.shelf import Shelf
from b24orm.sandbox.state import State
from b24orm.sandbox.v3.refusals import Refused

__all__ = ["Replays", "check_key"]

_DAY = 24 * 3600
_LONGEST = 255
_MANY = 1000
_Key = tuple[str, int, str, str]


def check_key(key: str) -> None:
    """Raise Refused unless *key* is 1 to 255 printable characters of ASCII."""
    if not 0 < len(key) <= _LONGEST or not key.isascii() or not key.isprintable():
        raise Refused("INVALIDIDEMPOTENCYKEYEXCEPTION", "Invalid value of the Idempotency-Key header")


@dataclass(frozen=True, slots=True)
class Replays:
    """The answers kept by one portal, for one call: its caller, its method, its key and its body."""

    state: State
    key: _Key
    body: bytes

    @classmethod
    def of(cls, state: State, caller: Caller, method: str, key: str, body: bytes) -> Replays:
        """What is kept for a call."""
        return cls(state, (caller.client, caller.user_id, method, key), body)

    @property
    def _kept(self) -> Shelf[_Key]:
        return Shelf(self.state.store, "replays")

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def found(self) -> bytes | None:
        """The body of the kept answer, None if there is none. Raises Refused if the call had another body then."""
        kept = self._kept.get(self.key)
        if kept is None or kept["until"] <= self.state.clock.time():
            return None
        if kept["digest"] != self._digest:
            raise Refused("IDEMPOTENCYKEYREUSEDEXCEPTION", "The key was already used with another request body", 422)
        return str(kept["answer"]).encode()

    def keep(self, answer: bytes) -> None:
        """Keep the body of an answer; when there are many, those whose day is over go."""
        kept, now = self._kept, self.state.clock.time()
        if len(kept) >= _MANY:
            for key in [key for key, held in kept.items() if held["until"] <= now]:
                del kept[key]
        kept[self.key] = {"until": now + _DAY, "digest": self._digest, "answer": answer.decode()}
