"""The registry of all faults: by name, by subject and by item.

Modules are imported when their subject is asked for: a hospital's process needs a few of them only,
and starts sooner without the rest.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import TypeVar

from tests.faults.fault import Fault

Kind = TypeVar("Kind", bound=Fault)

MODULES: Mapping[str, tuple[str, ...]] = {
    "functional": (
        "access.sign_in",
        "access.sessions",
        "access.permissions",
        "access.own_roles",
        "functional.charts",
        "functional.lost_writes",
        "functional.kept_fields",
        "functional.patient_records",
        "functional.patient_registration",
        "functional.visits",
        "functional.documents",
        "functional.uploads",
        "functional.critical_paths",
        "functional.endpoints",
        "functional.health_endpoints",
        "functional.transport",
        "functional.outages",
        "functional.releases",
        "functional.hostile_answers",
        "functional.lists",
        "functional.after_discharge",
        "functional.instances",
        "functional.methods",
        "functional.audit_log",
        "functional.answer_headers",
        "functional.declared_absences",
        "functional.declared_openness",
        "functional.typed_texts",
        "functional.side_effects",
        "functional.search_results",
        "functional.simultaneous_acts",
        "functional.callers",
        "functional.browsers",
        "functional.record_numbers",
    ),
    "data": (
        "data.migration_history",
        "data.schema",
        "data.rows",
        "data.content",
        "data.told_places",
        "data.constraints",
        "data.backups",
        "data.way_back",
        "data.restored_copies",
        "data.declarations",
        "data.migration_run",
        "data.release_before",
        "data.moved_rows",
        "data.outside_tables",
        "data.wider_rights",
        "data.supporting_objects",
    ),
    "load": (
        "load.request_errors",
        "load.lost_writes",
        "load.response_times",
        "load.connections",
        "load.connection_handling",
        "load.baseline_tails",
        "load.resource_usage",
        "load.jvm_resources",
        "load.load_generator",
        "load.baselines",
    ),
    "api": (
        "api.behaviour",
        "api.fuzzing_runs",
        "api.access",
        "api.document_changes",
        "api.invalid_documents",
        "api.served_documents",
        "api.other_refusals",
    ),
    "network": ("network.certificates", "network.dns", "network.backends", "network.redis"),
    "deployment": (
        "deployment.kubernetes",
        "deployment.way_back",
        "deployment.registry_images",
        "deployment.pipelines",
        "deployment.databases",
    ),
    "observability": (
        "observability.metrics",
        "observability.alerts",
        "observability.rule_agreement",
        "observability.logs",
        "observability.dashboards",
    ),
    "proofs": (
        "proofs.scan_reports",
        "proofs.pull_requests",
        "proofs.channel_arrivals",
        "proofs.first_hour",
        "proofs.first_day",
    ),
    "watch": (
        "watch.service_gaps",
        "watch.watcher_gaps",
        "watch.lost_writes",
        "watch.fired_triggers",
        "watch.night_criteria",
        "watch.slow_answers",
        "watch.wrong_answers",
        "watch.failed_connections",
        "watch.deployment_changes",
        "watch.release_crossings",
        "watch.streams",
        "watch.scraped_releases",
        "watch.rollbacks",
        "watch.way_back",
        "watch.filled_steps",
    ),
    "steps": (
        "steps.told_weights",
        "steps.side_effects",
        "steps.instance_memory",
        "steps.answering_releases",
        "steps.kept_releases",
    ),
}
"""The modules of each subject, in the order in which their faults are tried."""
IN_HOSPITAL = ("functional", "load", "api")
"""The subjects whose faults are put into a hospital's process."""


def is_fault(kind: type[Fault]) -> bool:
    """Tell whether a class is a fault, and not a base that faults share."""
    name = kind.__name__
    return hasattr(kind, "item") and not name.startswith("_") and not name.endswith("Fault")


@cache
def faults_of(subject: str) -> Mapping[str, type[Fault]]:
    """Return the faults of a subject by name, in the order in which they are written."""
    modules = [importlib.import_module(f"tests.faults.{name}") for name in MODULES[subject]]
    return {fault.__name__: fault for module in modules for fault in _faults_in(module)}


def faults_of_kind(subject: str, kind: type[Kind]) -> Mapping[str, type[Kind]]:
    """Return the faults of a subject that are of one kind."""
    return {name: fault for name, fault in faults_of(subject).items() if issubclass(fault, kind)}


@cache
def all_faults() -> Mapping[str, type[Fault]]:
    """Return all faults, by name. Raise `ValueError` where two have the same."""
    found = [pair for subject in MODULES for pair in faults_of(subject).items()]
    twice = [name for name, times in Counter(name for name, _ in found).items() if times > 1]
    if twice:
        raise ValueError(f"names of two faults each: {', '.join(sorted(twice))}")
    return dict(found)


def subject_of(name: str) -> str:
    """Return the subject of a fault."""
    return next(subject for subject in MODULES if name in faults_of(subject))


def count_by_item(subject: str) -> Mapping[str, int]:
    """Return how many faults each item must catch."""
    return Counter(fault.item for fault in faults_of(subject).values())


def _faults_in(module: ModuleType) -> Iterator[type[Fault]]:
    for value in vars(module).values():
        if (
            isinstance(value, type)
            and issubclass(value, Fault)
            and value.__module__ == module.__name__
            and is_fault(value)
        ):
            yield value
