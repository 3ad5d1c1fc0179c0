"""Locks that hold between processes, on systems that have them."""

from __future__ import annotations

import sys
from typing import IO

__all__ = ["locked"]

if sys.platform == "win32":

    def locked(file: IO[bytes], *, wait: bool) -> bool:
        """True: there are no such locks here, so the file is for one process at a time."""
        del file, wait
        return True

else:
    import fcntl

    def locked(file: IO[bytes], *, wait: bool) -> bool:
        """Whether the lock of *file* was had, until it is closed; waits for it if asked to."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
