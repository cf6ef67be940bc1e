"""Runs to be conducted against a hospital, as a gate orders them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cutover_gates.config.performance import Performance
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import Credentials, Role
from cutover_gates.probes.load.config_builder import (
    build_worker_config,
    choose_document_type,
    close_unused_entries,
)
from cutover_gates.probes.load.load_runner import LoadPlan, LoadRun
from cutover_gates.probes.load.objective_builder import build_objectives
from cutover_gates.probes.load.workload import (
    build_workload,
    create_patients,
    enter_planned_records,
    plan_record_counts,
)
from cutover_gates.targets.cleanup_scope import open_with_cleanup
from cutover_gates.targets.running_target import RunningTarget
from tests.faults.hospitals import ROOT, Hospital

TAG = "cutload"
SHORT = {"rate": 30, "ramp_seconds": 1, "min_seconds": 4, "max_seconds": 4}
"""Settings of a run that is long enough to be looked at."""


def performance(**others: Any) -> Performance:
    return Performance.model_validate({**SHORT, **others})


@contextmanager
def prepare_load(
    hospital: Hospital,
    url: str,
    folder: Path,
    load: Performance,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[LoadPlan]:
    """A run against the hospital, which is seen at `url` by all who make load.

    What it made is retired at the end.
    """
    settings = Settings.model_validate(
        {"target": "tried", "targets": {"tried": {"url": url, "release": "2", "performance": load}}}
    )
    users = {Role(name): Credentials(name, password) for name, password in hospital.staff.items()}
    standing = RunningTarget("tried", "remote", url, "2", False, users)
    work = build_workload(load, ROOT / "performance/journeys.py", {})
    ledger, redactor = Ledger(folder / "ledger.jsonl", TAG, "tried"), Redactor()
    with open_with_cleanup(settings, standing, ledger, redactor) as (opened, sessions):
        known = create_patients(
            opened,
            sessions,
            load.patients,
            TAG,
            choose_document_type(settings.chosen_target.limits),
        )
        stock = enter_planned_records(
            ledger,
            plan_record_counts(work, load.max_seconds + load.ramp_seconds + 10, known),
            known,
            TAG,
        )
        brief = build_worker_config(
            settings.chosen_target, standing, (None, ""), TAG, work, known, stock
        )
        yield LoadPlan(
            brief,
            load,
            build_objectives(load, work.operations, {}),
            folder / "samples.log",
            ledger,
            redactor,
            say,
        )
    ledger.close()


def clean_up(order: LoadPlan, run: LoadRun) -> None:
    """As a gate does after its run."""
    close_unused_entries(order.ledger, order.worker_config.stock, run.unknown_entries)
