"""The smart processes of the sandbox's portal: what their owner switched on, their pipelines, stages and parents.

Facts: api-reference/crm/universal/user-defined-object-types/*.md; what an item has follows from the switches of its
process (api-reference/crm/universal/object-fields.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["EQUIPMENT", "PROCESSES", "REPAIRS", "STAGES", "SmartProcess"]

STAGES: tuple[tuple[str, str, str | None], ...] = (
    ("NEW", "Начало", None),
    ("PREPARATION", "Подготовка", None),
    ("CLIENT", "Согласование", None),
    ("SUCCESS", "Успех", "S"),
    ("FAIL", "Провал", "F"),
)
"""(code, name, semantics) of the stages that the portal gives a new pipeline of a smart process."""

_NEEDED_BY: Mapping[str, tuple[str, ...]] = {
    "is_stages_enabled": ("stage_id", "previous_stage_id", "moved_by", "moved_time"),
    "is_begin_close_dates_enabled": ("begindate", "closedate"),
    "is_client_enabled": ("company_id", "contact_id", "contact_ids", "contact_bindings", "contacts"),
    "is_link_with_products_enabled": (
        "opportunity",
        "is_manual_opportunity",
        "tax_value",
        "currency_id",
        "opportunity_account",
        "tax_value_account",
        "account_currency_id",
    ),
    "is_mycompany_enabled": ("mycompany_id",),
    "is_source_enabled": ("source_id", "source_description"),
    "is_observers_enabled": ("observers",),
}


@dataclass(frozen=True)
class SmartProcess:
    """One smart process.

    Attributes:
        id: its id as a type, which names its user fields; items are asked for by *entity_type_id*.
        enabled: the switches that are on, by the attribute names of ``crm_type``.
        pipelines: (id, name); the first is the default one.
        parents: (entityTypeId, title) of what its items can be bound to by ``parentId…``.
    """

    id: int
    entity_type_id: int
    title: str
    enabled: frozenset[str]
    pipelines: tuple[tuple[int, str], ...]
    parents: tuple[tuple[int, str], ...] = ()

    @property
    def key(self) -> str:
        """What tables and the helpers of `Sandbox` call it."""
        return f"smart_process_{self.entity_type_id}"

    @property
    def user_field_entity(self) -> str:
        """What methods about user fields call it."""
        return f"CRM_{self.id}"

    @property
    def default_pipeline(self) -> int:
        """The pipeline of items that name none."""
        return self.pipelines[0][0]

    def stage_entity(self, pipeline: int) -> str:
        """The ENTITY_ID under which ``crm.status.list`` shows the stages of a pipeline."""
        return f"DYNAMIC_{self.entity_type_id}_STAGE_{pipeline}"

    def stage(self, pipeline: int, code: str) -> str:
        """The id of a stage."""
        return f"DT{self.entity_type_id}_{pipeline}:{code}"

    @cached_property
    def absent(self) -> frozenset[str]:
        """The documented fields that its items lack, since the switch they hang on is off."""
        return frozenset(name for switch, names in _NEEDED_BY.items() if switch not in self.enabled for name in names)


REPAIRS = SmartProcess(
    id=7,
    entity_type_id=156,
    title="Заявки на ремонт",
    enabled=frozenset(
        {
            "is_categories_enabled",
            "is_stages_enabled",
            "is_begin_close_dates_enabled",
            "is_client_enabled",
            "is_use_in_userfield_enabled",
            "is_link_with_products_enabled",
            "is_source_enabled",
            "is_observers_enabled",
            "is_recyclebin_enabled",
            "is_automation_enabled",
            "is_set_open_permissions",
        }
    ),
    pipelines=((11, "Платный ремонт"), (13, "Гарантия")),
    parents=((2, "Сделка"),),
)
"""A process with nearly everything on."""

EQUIPMENT = SmartProcess(
    id=9,
    entity_type_id=1038,
    title="Оборудование",
    enabled=frozenset({"is_stages_enabled", "is_recyclebin_enabled", "is_set_open_permissions"}),
    pipelines=((37, "Общая воронка"),),
)
"""A process with little on: no client, no dates, no amount, and no pipeline beside the default one."""

PROCESSES: Mapping[str, SmartProcess] = {process.key: process for process in (REPAIRS, EQUIPMENT)}
"""The smart processes by the key of their table."""
