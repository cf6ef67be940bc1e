"""The way to the target: its driver, built as the settings say.

Used by fixtures, by the survey before a run, the sweep after one, and by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cutover.evidence import Recorder
from cutover.hospital import Hospital
from cutover.settings import Settings, SettingsError
from cutover.tables import read_table
from cutover.targets import Standing

if TYPE_CHECKING:
    from cutover.drivers.transport import Watcher

FHIR = "fhir"
"""The driver's name, and what checks that only make sense for FHIR ask for: a target that is spoken
to otherwise does not offer it.
"""


def open_hospital(
    settings: Settings,
    standing: Standing,
    recorder: Recorder,
    run_tag: str,
    seen: Watcher | None = None,
) -> Hospital:
    """The driver of the chosen target; nothing is sent yet.

    `seen` is shown what is sent and what comes. Raises `MappingError` or `SettingsError`.
    """
    from cutover.drivers import connect  # here, because it takes long and not every run needs it

    target = settings.chosen
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
        seen=seen,
        secrets=standing.of_the_mapping,
    )


def declared_unsupported(settings: Settings) -> dict[str, str]:
    """The operations and other things that settings or mapping declare unsupported, each with its
    reason. Raises `SettingsError`.
    """
    table, _ = _written(settings)
    follows = (
        {}
        if settings.chosen.driver == FHIR
        else {FHIR: f"it is spoken to by the driver {settings.chosen.driver!r}"}
    )
    return {**follows, **(table or {}).get("unsupported", {}), **settings.chosen.unsupported}


def mapping_of(settings: Settings) -> tuple[Mapping[str, Any] | None, str]:
    """The mapping's table, as `drivers.connect` takes it, and the file that it stands in; no table
    for the default dialect.
    """
    from cutover.drivers.vocabulary import (
        OPERATIONS,
    )  # here, because it takes long and not every run needs it

    target = settings.chosen
    table, source = _written(settings)
    if target.driver == FHIR:
        return {**(table or {}), "unsupported": target.unsupported}, source
    operations = {name: why for name, why in target.unsupported.items() if name in OPERATIONS}
    if not operations:
        return table, source
    base = table or ({"extends": "default"} if target.driver == "rest" else {})
    return {**base, "unsupported": {**base.get("unsupported", {}), **operations}}, source


def _written(settings: Settings) -> tuple[Mapping[str, Any] | None, str]:
    """The mapping's table as it stands in its file."""
    target = settings.chosen
    if target.driver == FHIR:
        return target.fhir.model_dump(mode="json"), "cutover.toml"
    if target.mapping is None:
        return target.rest, "cutover.toml"
    path = settings.path(target.mapping)
    return read_table(path, SettingsError), path.name
