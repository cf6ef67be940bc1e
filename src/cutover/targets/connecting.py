"""The way to the target: its driver, built as the settings say. Used by fixtures, by the survey before a run, the sweep after one, and by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.evidence import Recorder
from cutover.hospital import Hospital
from cutover.settings import Settings, SettingsError
from cutover.tables import read_table
from cutover.targets import Standing


def open_hospital(settings: Settings, standing: Standing, recorder: Recorder, run_tag: str) -> Hospital:
    """The driver of the chosen target; nothing is sent yet. Raises `MappingError` or `SettingsError`."""
    from cutover.drivers import connect  # here, because it takes long and not every run needs it
    from cutover.drivers.vocabulary import OPERATIONS

    target = settings.chosen
    mapping, source = mapping_of(settings)
    if operations := {name: why for name, why in target.unsupported.items() if name in OPERATIONS}:
        table = mapping or {"extends": "default"}
        mapping = {**table, "unsupported": {**table.get("unsupported", {}), **operations}}
    return connect(
        standing.url, recorder=recorder, run_tag=run_tag, driver=target.driver, mapping=mapping, source=source, production=standing.production,
        connect_seconds=target.limits.connect_seconds, deadline=target.limits.request_seconds, patience=target.limits.patience_seconds,
    )


def declared_unsupported(settings: Settings) -> dict[str, str]:
    """The operations and other things that settings or mapping declare unsupported, each with its reason. Raises `SettingsError`."""
    table, _ = mapping_of(settings)
    return {**(table or {}).get("unsupported", {}), **settings.chosen.unsupported}


def mapping_of(settings: Settings) -> tuple[Mapping[str, Any] | None, str]:
    """The mapping's table and the file that it stands in; no table for the default dialect."""
    target = settings.chosen
    if target.mapping is None:
        return target.rest, "cutover.toml"
    path = settings.path(target.mapping)
    return read_table(path, SettingsError), path.name
