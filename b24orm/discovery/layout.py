"""The layout of a portal as plain values, in an order that does not depend on when or how it was read."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Choice", "Layout", "OwnEntity", "OwnField", "Stage"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a list: the id that rows hold, and its text."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field that the portal's users made, or that ties an object to a parent.

    Attributes:
        wire: its original name, ``UF_CRM_1700000001`` or ``PARENT_ID_156``.
        type: the portal's type name.
        label: what forms call it; the name itself if it has no label.
        multiple: whether it holds several values.
        read_only: whether the portal sets it.
        choices: the values of a list (``enumeration``), as people sorted them.
    """

    wire: str
    type: str
    label: str
    multiple: bool = False
    read_only: bool = False
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a pipeline.

    Attributes:
        code: what rows hold in ``stageId``.
        name: what people call it.
        pipeline: name of its pipeline; "" where there is but one.
    """

    code: str
    name: str
    pipeline: str = ""


@dataclass(frozen=True, slots=True)
class OwnEntity:
    """What a portal adds to an entity.

    Attributes:
        base: key of the schema that it builds upon.
        entity_type_id: the number of the CRM type.
        title: the name of a smart process; "" for the portal's own entities.
        fields: its own fields, by wire name.
        stages: its stages, pipeline by pipeline.
    """

    base: str
    entity_type_id: int
    title: str = ""
    fields: tuple[OwnField, ...] = ()
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """What a portal adds to the CRM.

    Attributes:
        entities: the portal's own entities first, then its smart processes by their number.
        missing: what could not be read, in words: the webhook may lack a right.
    """

    entities: tuple[OwnEntity, ...]
    missing: tuple[str, ...] = ()
