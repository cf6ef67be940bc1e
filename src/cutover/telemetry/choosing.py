"""Which source the settings ask for."""

from __future__ import annotations

import time
from dataclasses import replace

from cutover.evidence import Redactor
from cutover.settings import Resources
from cutover.telemetry.asking import SECONDS
from cutover.telemetry.kubernetes import Cluster
from cutover.telemetry.looks import Look, Source, TelemetrySilent
from cutover.telemetry.page import Page
from cutover.telemetry.prometheus import Prometheus

OF_THE_CLUSTER = ("cpu_cores", "memory")


def source_of(
    resources: Resources, url: str, *, seconds: float = SECONDS, redactor: Redactor | None = None
) -> Source | None:
    """What tells of the target at `url`; None where the settings name nothing.

    `seconds` bound a look, `redactor` learns the cluster's token.

    With a cluster two are asked: it for CPU and memory, the other one for the pool. Raises
    `SettingsError`.
    """
    share = seconds / 2 if resources.kubernetes else seconds
    told: Source | None = None
    if resources.prometheus:
        told = Prometheus(resources, share)
    elif resources.metrics_path:
        told = Page(_address(resources.metrics_path, url), resources, share)
    if resources.kubernetes:
        return Together(Cluster(resources.kubernetes, share, redactor), told)
    return told


class Together:
    """A cluster's CPU and memory, and all else from another source.

    When one is silent the other's figures remain.
    """

    def __init__(self, cluster: Source, other: Source | None) -> None:
        self._cluster, self._other = cluster, other

    def look(self) -> Look:
        cluster = self._cluster.look() if self._other is None else _answered(self._cluster)
        if self._other is None:
            return cluster
        other = _answered(self._other)
        kept = {name: why for name, why in other.missing.items() if name not in OF_THE_CLUSTER}
        lost = {name: why for name, why in cluster.missing.items() if name in OF_THE_CLUSTER}
        measured = {
            name: moment for name, moment in other.measured.items() if name not in OF_THE_CLUSTER
        }
        return replace(
            other,
            cpu_cores=cluster.cpu_cores,
            memory=cluster.memory,
            missing={**kept, **lost},
            over=cluster.over,
            parts=cluster.parts,
            measured={**measured, **cluster.measured},
        )


def _answered(source: Source) -> Look:
    """A look that does not raise."""
    try:
        return source.look()
    except TelemetrySilent as silent:
        return Look.blind(time.time(), str(silent))


def _address(path: str, url: str) -> str:
    return (
        path
        if path.startswith(("http://", "https://"))
        else f"{url.rstrip('/')}/{path.lstrip('/')}"
    )
