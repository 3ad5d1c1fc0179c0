"""Whether a command that failed may be sent again, and when: the rules, without the sending."""

from __future__ import annotations

from b24orm.engine.work import Work
from b24orm.errors import B24OrmError, OperatingLimit, PortalError, TransportError
from b24orm.limits import backoff
from b24orm.transport import expired, retryable

__all__ = ["attempts_for", "may_be_under_way", "may_repeat", "pause"]

_MAX_ATTEMPTS = 6
_FIRST_CONTACT_ATTEMPTS = 3


def may_repeat(work: Work, error: B24OrmError, *, reached: bool, keyed: bool = False) -> bool:
    """Whether *work* may be sent again after *error*: if that is safe, worth it, and still wanted.

    Args:
        reached: whether the portal ever answered. One that never did is more likely a wrong address than a passing
            trouble, and is given up soon.
        keyed: whether the portal has shown that it knows a write that comes again by its Idempotency-Key. That helps
            where an answer was lost: answers of errors are not kept, and the method runs again.
    """
    verdict = retryable(error)
    answered = isinstance(error, PortalError) or (isinstance(error, TransportError) and error.status == 500)
    known_again = keyed and work.key is not None and not answered
    allowed = verdict == "always" or (verdict == "reads" and (work.replay_safe or known_again))
    return allowed and work.attempts < attempts_for(error, reached=reached) and not work.future.done()


def may_be_under_way(error: B24OrmError) -> bool:
    """Whether what failed so may still run at the portal: no word of its answer has come."""
    return isinstance(error, TransportError) and error.sent and (error.status is None or error.status >= 500)


def attempts_for(error: B24OrmError, *, reached: bool) -> int:
    """How often something that failed so is tried at most; *reached* as for `may_repeat`."""
    return _MAX_ATTEMPTS if reached or not isinstance(error, TransportError) else _FIRST_CONTACT_ATTEMPTS


def pause(error: B24OrmError, attempts: int) -> float:
    """Seconds until the next attempt after *error*: longer each time, and not the same for all clients."""
    if isinstance(error, OperatingLimit) or expired(error):
        return 0.0  # the budget has a waiting time of its own, and another token is waited for anyway
    return backoff(attempts)
