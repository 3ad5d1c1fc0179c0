"""An embedded Bitrix24 portal for tests, demos and benchmarks: aiohttp and sqlite3 behind a real socket.

Called by tests, the demo and the command line; calls the schemas, the errors and the value class of the limits.
Must not import compiler, plan, engine, transport or query: client and sandbox must not share a misreading.
"""

from b24orm.sandbox.apps import SandboxApp
from b24orm.sandbox.books import Books, Record, TokenRequest, Write
from b24orm.sandbox.faults import Faults
from b24orm.sandbox.knobs import Knobs
from b24orm.sandbox.sandbox import Sandbox

__all__ = ["Books", "Faults", "Knobs", "Record", "Sandbox", "SandboxApp", "TokenRequest", "Write"]
