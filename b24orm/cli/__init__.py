"""The command line: ``b24orm demo``, ``pull``, ``generate``, ``sandbox serve`` and ``sandbox clone``.

Called by the console script and by ``python -m b24orm``; calls the public face, the generator and the sandbox.
No logic that a program could want lives here: a command reads arguments, calls, and prints. Nothing imports it.
"""

from b24orm.cli.entry import main

__all__ = ["main"]
