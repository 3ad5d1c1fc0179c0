"""Whether a command that failed may be sent again, and when: the rules, without the sending."""

from __future__ import annotations

from b24orm.engine.work import Work
from b24orm.errors import B24OrmError, OperatingLimit, TransportError
from b24orm.limits import backoff
from b24orm.transport import retryable

__all__ = ["attempts_for", "may_repeat", "pause"]

_MAX_ATTEMPTS = 6
_FIRST_CONTACT_ATTEMPTS = 3


def may_repeat(work: Work, error: B24OrmError, *, reached: bool) -> bool:
    """Whether *work* may be sent again after *error*: if that is safe, worth it, and still wanted.

    Args:
        reached: whether the portal ever answered. One that never did is more likely a wrong address than a passing
            trouble, and is given up soon.
    """
    verdict = retryable(error)
    allowed = verdict == "always" or (verdict == "reads" and work.replay_safe)
    return allowed and work.attempts < attempts_for(error, reached=reached) and not work.future.done()


def attempts_for(error: B24OrmError, *, reached: bool) -> int:
    """How often something that failed so is tried at most; *reached* as for `may_repeat`."""
    return _MAX_ATTEMPTS if reached or not isinstance(error, TransportError) else _FIRST_CONTACT_ATTEMPTS


def pause(error: B24OrmError, attempts: int) -> float:
    """Seconds until the next attempt after *error*: longer each time, and not the same for all clients."""
    if isinstance(error, OperatingLimit):
        return 0.0  # the budget has a waiting time of its own
    return backoff(attempts)
