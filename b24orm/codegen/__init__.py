"""From the schemas to Python: writes ``b24orm/entities/`` and the meta-schema, or says what has drifted.

Called by the command line and the tests; calls schema and query (for the names of lookups).
Nothing that a program needs at run time lives here, and no import of the modules that it writes.
"""

from b24orm.codegen.files import generate
from b24orm.codegen.index import render_index
from b24orm.codegen.module import render_module

__all__ = ["generate", "render_index", "render_module"]
