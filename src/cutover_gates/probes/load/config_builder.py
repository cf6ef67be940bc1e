"""The config of load processes, built from the settings, and the limits of production."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cutover_gates.config.base import SettingsError
from cutover_gates.config.performance import Performance
from cutover_gates.config.target import Target
from cutover_gates.config.target_access import Limits
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.hospital import Credentials, Role
from cutover_gates.probes.load.journeys import KnownPatient
from cutover_gates.probes.load.worker_config import PlannedRecords, WorkerConfig
from cutover_gates.probes.load.workload import LoadWorkload

STREAMS_PER_PROCESS = 10
"""Streams of each load process."""


class LoadTarget(Protocol):
    """The address of a target, and its accounts (`targets.running_target.RunningTarget`)."""

    @property
    def name(self) -> str:
        """The target's name in the settings."""
        ...

    @property
    def url(self) -> str:
        """The base address of the API."""
        ...

    @property
    def production(self) -> bool:
        """True where the target is a production system."""
        ...

    @property
    def users(self) -> Mapping[Role, Credentials]:
        """The account of each role."""
        ...

    @property
    def mapping_secrets(self) -> Mapping[str, str]:
        """The secrets that the mapping names, by name."""
        ...


def check_production_limits(performance: Performance, address: LoadTarget) -> None:
    """Raise `SettingsError` for a load on production without a cap, or without a ramp."""
    section = f"[targets.{address.name}.performance]"
    if address.production and performance.max_rate is None:
        raise SettingsError(
            f"target {address.name!r} is production, and no load is put on it without a cap: set"
            f" max_rate in {section} to the requests per second that it can bear beside its work"
        )
    if address.production and not performance.ramp_seconds:
        raise SettingsError(
            f"target {address.name!r} is production, and its load must rise slowly: set"
            f" ramp_seconds in {section} above 0"
        )


def choose_document_type(limits: Limits) -> str:
    """Return the type of the documents that a run uploads."""
    return "text/plain" if "text/plain" in limits.document_types else limits.document_types[0]


def build_worker_config(
    target: Target,
    address: LoadTarget,
    dialect: tuple[Mapping[str, Any] | None, str],
    tag: str,
    work: LoadWorkload,
    known: tuple[KnownPatient, ...],
    stock: PlannedRecords,
) -> WorkerConfig:
    """Return the config of all processes of a run together.

    `dialect` is the mapping's table, and the place of its file.
    """
    performance, limits = target.performance, target.limits
    mapping, source = dialect
    most_waiting = round(performance.intended_rate * performance.request_seconds) + 20
    return WorkerConfig(
        address.url,
        target.driver,
        mapping,
        source,
        address.production,
        tag,
        address.users,
        work.source,
        work.weights,
        work.operations,
        work.rate,
        STREAMS_PER_PROCESS * performance.load_processes,
        performance.ramp_seconds,
        limits.connect_seconds,
        performance.request_seconds,
        most_waiting,
        performance.seed,
        choose_document_type(limits),
        known,
        stock,
        secrets=address.mapping_secrets,
        answer_bytes=limits.readable_bytes,
        new_connections=performance.new_connections,
    )


def close_unused_entries(ledger: Ledger, stock: PlannedRecords, perhaps_made: set[int]) -> None:
    """Close the entries of the ledger that the target was never asked to create.

    `perhaps_made` are the entries that it was, or may have been, asked to create.
    """
    for entry in stock.entries - perhaps_made:
        ledger.record_rejected(entry)
