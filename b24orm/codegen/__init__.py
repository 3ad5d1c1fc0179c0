"""From schemas or a portal to Python: ``b24orm generate`` brings up to date what follows from ``schemas/``, or says
what has drifted; ``b24orm pull`` renders the models of one portal.

Called by the command line and the tests; calls schema, discovery, and the compiler (which tells what queries can say).
Nothing that a program needs at run time lives here, and no import of the modules that it writes.
"""

from b24orm.codegen.files import generate
from b24orm.codegen.index import render_index
from b24orm.codegen.module import render_module
from b24orm.codegen.pull import render_portal

__all__ = ["generate", "render_index", "render_module", "render_portal"]
