"""What stands around a target, as the settings have it, and over them what an embedded target
brought along itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from cutover_gates.config.base import SettingsError, SettingsTable
from cutover_gates.config.infrastructure import Infrastructure
from cutover_gates.config.monitoring import Monitoring
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.tables import read_table
from cutover_gates.hospital import Driver
from cutover_gates.targets import RunningTarget

if TYPE_CHECKING:
    from cutover_gates.drivers.transport import ExchangeObserver

Kind = TypeVar("Kind", bound=SettingsTable)


def infrastructure_of(settings: Settings, standing: RunningTarget) -> Infrastructure:
    """The ground that this target stands on."""
    return _merge_table(
        settings.chosen_target.infrastructure, standing.surroundings.get("infrastructure", {})
    )


def monitoring_of(settings: Settings, standing: RunningTarget) -> Monitoring:
    """What watches this target."""
    return _merge_table(
        settings.chosen_target.monitoring, standing.surroundings.get("monitoring", {})
    )


def _merge_table(table: Kind, brought: Mapping[str, Any]) -> Kind:
    """The table with what was brought along in the places of its keys; tables in it are merged, all
    else is replaced.
    """
    return table.model_copy(
        update={
            name: (
                _merge_table(getattr(table, name), value)
                if isinstance(getattr(table, name), SettingsTable)
                else getattr(type(table).model_validate({name: value}), name)
            )
            for name, value in brought.items()
        }
    )


FHIR = "fhir"
"""The driver's name, and what checks that only make sense for FHIR ask for: a target that is spoken
to otherwise does not offer it.
"""


def open_driver(
    settings: Settings,
    standing: RunningTarget,
    recorder: Recorder,
    run_tag: str,
    observer: ExchangeObserver | None = None,
) -> Driver:
    """The driver of the chosen target; nothing is sent yet.

    `seen` is shown what is sent and what comes. Raises `MappingError` or `SettingsError`.
    """
    from cutover_gates.drivers.factory import (
        connect,  # here, because it takes long and not every run needs it
    )

    target = settings.chosen_target
    mapping, source = mapping_of(settings)
    return connect(
        standing.url,
        recorder=recorder,
        run_tag=run_tag,
        driver=target.driver,
        mapping=mapping,
        source=source,
        production=standing.production,
        connect_seconds=target.limits.connect_seconds,
        deadline=target.limits.request_seconds,
        patience=target.limits.patience_seconds,
        observer=observer,
        secrets=standing.of_the_mapping,
    )


def load_unsupported_operations(settings: Settings) -> dict[str, str]:
    """The operations and other things that settings or mapping declare unsupported, each with its
    reason. Raises `SettingsError`.
    """
    table, _ = _read_mapping_table(settings)
    follows = (
        {}
        if settings.chosen_target.driver == FHIR
        else {FHIR: f"it is spoken to by the driver {settings.chosen_target.driver!r}"}
    )
    return {**follows, **(table or {}).get("unsupported", {}), **settings.chosen_target.unsupported}


def mapping_of(settings: Settings) -> tuple[Mapping[str, Any] | None, str]:
    """The mapping's table, as `drivers.connect` takes it, and the file that it stands in; no table
    for the default dialect.
    """
    from cutover_gates.drivers.rest.vocabulary import (
        OPERATIONS,  # here, because it takes long and not every run needs it
    )

    target = settings.chosen_target
    table, source = _read_mapping_table(settings)
    if target.driver == FHIR:
        return {**(table or {}), "unsupported": target.unsupported}, source
    operations = {name: why for name, why in target.unsupported.items() if name in OPERATIONS}
    if not operations:
        return table, source
    base = table or ({"extends": "default"} if target.driver == "rest" else {})
    return {**base, "unsupported": {**base.get("unsupported", {}), **operations}}, source


def _read_mapping_table(settings: Settings) -> tuple[Mapping[str, Any] | None, str]:
    """The mapping's table as it stands in its file."""
    target = settings.chosen_target
    if target.driver == FHIR:
        return target.fhir.model_dump(mode="json"), "cutover.toml"
    if target.mapping is None:
        return target.rest, "cutover.toml"
    path = settings.resolve_path(target.mapping)
    return read_table(path, SettingsError), path.name
