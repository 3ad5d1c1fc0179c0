"""What one portal has of its own: user fields and their values, stages, pipelines, smart processes.

Called by the code generator (``b24orm pull``) and by models that are made at run time; asks a portal by the protocol of
`context`. No Python source and no model is made here.
"""

from b24orm.discovery.layout import Choice, Layout, OwnEntity, OwnField, Stage
from b24orm.discovery.names import attribute_name_of, attribute_names, class_name_of
from b24orm.discovery.reading import BASES, SMART_PROCESS, read_entity, read_layout

__all__ = [
    "BASES",
    "SMART_PROCESS",
    "Choice",
    "Layout",
    "OwnEntity",
    "OwnField",
    "Stage",
    "attribute_name_of",
    "attribute_names",
    "class_name_of",
    "read_entity",
    "read_layout",
]
