"""`Model`: an entity as a Pydantic class whose class attributes are columns and whose instances are rows.

Called by entities and applications; calls queryset, query and schema.
No request lives here: a model knows how to read a row, not where it comes from.
"""

from b24orm.model.base import Model, column
from b24orm.model.columns import Col, Column, DecimalCol, DecimalColumn, OptionalDecimalCol
from b24orm.model.crm import Convertible, HasContacts, HasProducts, HasStage, HasTimeline
from b24orm.model.disk import HasFile
from b24orm.model.relations import Related, ToMany, ToOne
from b24orm.model.values import File, Multifield

__all__ = [
    "Col",
    "Column",
    "Convertible",
    "DecimalCol",
    "DecimalColumn",
    "File",
    "HasContacts",
    "HasFile",
    "HasProducts",
    "HasStage",
    "HasTimeline",
    "Model",
    "Multifield",
    "OptionalDecimalCol",
    "Related",
    "ToMany",
    "ToOne",
    "column",
]
