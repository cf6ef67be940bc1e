"""What stands around a target, as the settings have it, and over them what an embedded target
brought along itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from cutover.settings import Infrastructure, Monitoring, Settings
from cutover.settings.base import Table
from cutover.targets import Standing

Kind = TypeVar("Kind", bound=Table)


def infrastructure_of(settings: Settings, standing: Standing) -> Infrastructure:
    """The ground that this target stands on."""
    return _over(settings.chosen.infrastructure, standing.surroundings.get("infrastructure", {}))


def monitoring_of(settings: Settings, standing: Standing) -> Monitoring:
    """What watches this target."""
    return _over(settings.chosen.monitoring, standing.surroundings.get("monitoring", {}))


def _over(table: Kind, brought: Mapping[str, Any]) -> Kind:
    """The table with what was brought along in the places of its keys; tables in it are merged, all
    else is replaced.
    """
    return table.model_copy(
        update={
            name: (
                _over(getattr(table, name), value)
                if isinstance(getattr(table, name), Table)
                else getattr(type(table).model_validate({name: value}), name)
            )
            for name, value in brought.items()
        }
    )
