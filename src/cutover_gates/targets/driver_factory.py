"""The driver of a target and the settings of its environment, from the settings file.

Settings that an embedded target brings along replace those of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cutover_gates.config.base import SettingsError, SettingsTable
from cutover_gates.config.infrastructure import Infrastructure
from cutover_gates.config.monitoring import Monitoring
from cutover_gates.config.previous import PreviousRelease, Rollout
from cutover_gates.config.role_checks import SEPARATION
from cutover_gates.config.settings import Settings
from cutover_gates.config.watch import Watch
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.tables import read_table
from cutover_gates.drivers.deputy_driver import add_deputies
from cutover_gates.hospital import Driver
from cutover_gates.probes.api.compatibility.assessments import read_previous_document
from cutover_gates.targets.running_target import RunningTarget

if TYPE_CHECKING:
    from cutover_gates.drivers.request_pace import RequestPace
    from cutover_gates.drivers.transport import ExchangeObserver

Kind = TypeVar("Kind", bound=SettingsTable)


def infrastructure_of(settings: Settings, target: RunningTarget) -> Infrastructure:
    """Return the infrastructure settings of this target."""
    return _merge_table(
        settings.chosen_target.infrastructure, target.environment.get("infrastructure", {})
    )


def monitoring_of(settings: Settings, target: RunningTarget) -> Monitoring:
    """Return the monitoring settings of this target."""
    return _merge_table(settings.chosen_target.monitoring, target.environment.get("monitoring", {}))


def watch_of(settings: Settings, target: RunningTarget) -> tuple[Path, Watch]:
    """Return the folder of the watcher's record of this target, and the settings of the watcher."""
    brought, declared = target.environment.get("watch", {}), settings.chosen_target.watch
    if not brought:
        return settings.resolve_path(declared.folder) / settings.target, declared
    return Path(brought["folder"]), _merge_table(declared, brought)


def previous_of(settings: Settings, target: RunningTarget) -> PreviousRelease:
    """Return how the release before this target is started."""
    return _merge_table(settings.chosen_target.previous, target.environment.get("previous", {}))


def rollout_of(settings: Settings, target: RunningTarget) -> Rollout:
    """Return what runs side by side during the rollout of this target."""
    return _merge_table(settings.chosen_target.rollout, target.environment.get("rollout", {}))


def _merge_table(table: Kind, brought: Mapping[str, Any]) -> Kind:
    """Return the table with the brought values. Tables in it are merged, all else is replaced."""
    return table.model_copy(
        update={name: _merge_value(table, name, value) for name, value in brought.items()}
    )


def _merge_value(table: SettingsTable, name: str, value: Any) -> Any:
    own = getattr(table, name)
    if isinstance(own, SettingsTable):
        return _merge_table(own, value)
    return getattr(type(table).model_validate({name: value}), name)


FHIR = "fhir"
"""The driver's name. Checks for FHIR only are unsupported by a target with another driver."""


def open_driver(
    settings: Settings,
    target: RunningTarget,
    recorder: Recorder,
    run_tag: str,
    observer: ExchangeObserver | None = None,
    *,
    fresh: bool = False,
    patience: float | None = None,
    deadline: float | None = None,
    asks_again: bool = False,
    pace: RequestPace | None = None,
    more_headers: Mapping[str, str] | None = None,
) -> Driver:
    """Return the driver of the chosen target. Nothing is sent yet.

    `observer` is called with each request and its answer. With `fresh` each
    request makes a new connection, past caches. `patience` and `deadline` go over those of the
    settings; `asks_again` and `pace` are explained in `GuardedTransport`, `more_headers` are sent
    with each request. Raises `MappingError` or `SettingsError`.
    """
    from cutover_gates.drivers.factory import (
        connect,  # here, because it takes long and not every run needs it
    )

    chosen = settings.chosen_target
    mapping, source = mapping_of(settings)
    driver = connect(
        target.url,
        recorder=recorder,
        run_tag=run_tag,
        driver=chosen.driver,
        mapping=mapping,
        source=source,
        production=target.production,
        connect_seconds=chosen.limits.connect_seconds,
        deadline=deadline or chosen.limits.request_seconds,
        patience=patience or chosen.limits.patience_seconds,
        answer_bytes=chosen.limits.readable_bytes,
        observer=observer,
        fresh=fresh,
        asks_again=asks_again,
        pace=pace,
        secrets=target.mapping_secrets,
        more_headers=more_headers,
        recorded_document=partial(_read_recorded_document, settings),
    )
    return add_deputies(driver, target.users.values())


def _read_recorded_document(settings: Settings) -> Mapping[str, Any] | None:
    """Return the recorded document of the release before; None where the settings name none."""
    file = settings.chosen_target.contract.previous_document
    return read_previous_document(settings.resolve_path(file)) if file else None


def load_unsupported_operations(settings: Settings) -> dict[str, str]:
    """Return what settings or mapping declare unsupported, with the reasons.

    Raises `SettingsError`.
    """
    table, _ = _read_mapping_table(settings)
    target = settings.chosen_target
    unsupported = {**(table or {}).get("unsupported", {}), **target.absent_capabilities}
    separation = target.capabilities.get(SEPARATION)
    if separation is not None:
        # Also as "changes", where every role may read everything: no look is then refused.
        unsupported[SEPARATION] = separation.reason
    if target.driver == FHIR:
        return unsupported
    return {FHIR: f"its driver is {target.driver!r}", **unsupported}


def mapping_of(settings: Settings) -> tuple[Mapping[str, Any] | None, str]:
    """Return the mapping's table, as `connect` takes it, and the file in which it stands.

    The table is None for the default dialect.
    """
    from cutover_gates.drivers.rest.vocabulary import (
        OPERATIONS,  # here, because it takes long and not every run needs it
    )

    target = settings.chosen_target
    table, source = _read_mapping_table(settings)
    if target.driver == FHIR:
        return {**(table or {}), "unsupported": target.absent_capabilities}, source
    absent = target.absent_capabilities
    operations = {name: why for name, why in absent.items() if name in OPERATIONS}
    if not operations:
        return table, source
    base = table or ({"extends": "default"} if target.driver == "rest" else {})
    return {**base, "unsupported": {**base.get("unsupported", {}), **operations}}, source


def _read_mapping_table(settings: Settings) -> tuple[Mapping[str, Any] | None, str]:
    """Return the mapping's table as it stands in its file."""
    target = settings.chosen_target
    if target.driver == FHIR:
        return target.fhir.model_dump(mode="json"), "cutover.toml"
    if target.mapping is None:
        return target.rest, "cutover.toml"
    path = settings.resolve_path(target.mapping)
    return read_table(path, SettingsError), path.name
