"""One run of pytest: its settings, plan, target, tag and recorder.

A run is made in `pytest_configure`, in the controller and in every xdist worker.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.declared_proofs import find_declared_groups
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.gates import SUITES, split_gates
from cutover_gates.core.judged_by import JudgedBy
from cutover_gates.core.plan import Plan, PlanError
from cutover_gates.core.plan_file import load_plan
from cutover_gates.core.plan_proofs import resolve_proofs
from cutover_gates.core.waivers import DecisionError
from cutover_gates.hospital import MappingError
from cutover_gates.plugin.gate_settings import adapt_to_gates
from cutover_gates.plugin.settings_files import find_plan, load_run_settings
from cutover_gates.plugin.staged_verdicts import list_judged_elsewhere
from cutover_gates.plugin.step_selection import refuse_mixed_steps
from cutover_gates.plugin.suite_folders import SuiteFolders, find_suite_folders
from cutover_gates.targets.running_target import RunningTarget

RUN_KEY: pytest.StashKey[PytestRun] = pytest.StashKey()
USER_ERRORS = (SettingsError, PlanError, DecisionError, MappingError)
"""Mistakes of the user: one sentence, exit status 4, no traceback."""


@dataclass
class PytestRun:
    """The values that every part of the plugin asks for.

    `gates` is empty where no verdict is asked for. `worker` is empty in the controller and without
    xdist. `folders` holds the output folder of each gate; a worker knows one only. With
    `snapshot_only` nothing is judged, and a snapshot of the database is taken (`pytest
    --snapshot`). `signer` is the id of the key that signs the evidence, `served_document` the
    SHA-256 of the target's document about itself. `notes` are sentences for the
    verdict. With `advances` and `aborts` declared commands begin the steps of a rollout, and
    take it back.
    """

    root: Path
    settings: Settings
    plan: Plan
    gates: tuple[str, ...]
    tag: str
    worker: str
    redactor: Redactor
    recorder: Recorder
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    running_target: RunningTarget | None = None
    folders: dict[str, Path] = field(default_factory=dict)
    snapshot_only: bool = False
    signer: str | None = None
    served_document: str | None = None
    judged_by: JudgedBy | None = None
    notes: list[str] = field(default_factory=list)
    advances: bool = False
    aborts: bool = False

    def attach(self, target: RunningTarget) -> RunningTarget:
        """Take over a target that is up: its secrets are learnt before anything is sent to it."""
        for name, value in target.secrets().items():
            self.redactor.learn(name, value)
        self.running_target = target
        return target

    @property
    def ledgers(self) -> Path:
        """The folder of this target's ledgers, beside the reports."""
        reports = self.settings.resolve_path(self.settings.reports)
        return reports.parent / "ledgers" / self.settings.target

    @property
    def sent_messages(self) -> Path:
        """The record of the test messages to this target's channels, beside the reports."""
        reports = self.settings.resolve_path(self.settings.reports)
        return reports.parent / "test-messages" / f"{self.settings.target}.json"

    @cached_property
    def suite_folders(self) -> SuiteFolders:
        """The folders of the checks that this run collects and counts."""
        return find_suite_folders(self.plan, self.root)

    @property
    def suites(self) -> frozenset[str]:
        """The suites whose checks are asked for; all of them where no verdict is."""
        if not self.gates:
            return frozenset(SUITES)
        items = [self.plan.item(item_id) for item_id in self.requested_items]
        return frozenset(item.suite for item in items if item.suite)

    @property
    def requested_items(self) -> frozenset[str]:
        """The items that are asked for, and all that they rest on; none where no verdict is."""
        selected = [item for gate in self.gates for item in self.plan.select_items(gate)]
        return frozenset(
            below for item in selected for below in self.plan.item_with_dependencies(item.id)
        )

    @property
    def first_folder(self) -> Path:
        """The output folder of the first gate; it also has what speaks of the whole run."""
        return next(iter(self.folders.values()))


def make_run(config: pytest.Config) -> PytestRun:
    """Return the run of this process.

    Raises `pytest.UsageError` with one sentence for each mistake in settings or plan.
    """
    from_controller: dict[str, Any] = getattr(config, "workerinput", {})
    redactor, gates = Redactor(), split_gates(config.option.markexpr or "")
    settings, plan = _load_settings_and_plan(config, gates)
    run = PytestRun(
        config.rootpath,
        settings,
        plan,
        gates,
        from_controller.get("cutover_tag") or new_tag(),
        from_controller.get("workerid", ""),
        redactor,
        Recorder(redactor),
        advances=bool(config.option.advance),
        aborts=bool(config.option.abort_on_trigger),
    )
    if target := from_controller.get("cutover_target"):
        run.attach(RunningTarget.from_plain(target))
    if folder := from_controller.get("cutover_folder"):
        run.folders = {"": Path(folder)}
    return run


def _load_settings_and_plan(config: pytest.Config, gates: tuple[str, ...]) -> tuple[Settings, Plan]:
    try:
        settings = load_run_settings(config)
        limits = _limits_in_force(settings)
        plan = load_plan(find_plan(settings, config.rootpath)).with_limits(limits)
        judged = list_judged_elsewhere(settings, plan)
        plan = resolve_proofs(plan, find_declared_groups(settings.chosen_target) | judged)
        refuse_mixed_steps(plan, gates, settings)
        settings = adapt_to_gates(settings, plan, gates)
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    return settings, plan


def _limits_in_force(settings: Settings) -> dict[str, str]:
    """Return the limits that a title of the plan may hold (`core.plan_file.LIMITS`)."""
    target = settings.chosen_target
    return {
        "error_rate": f"{target.performance.error_rate * 100:g} %",
        "coverage_percent": f"{target.infrastructure.pipeline.coverage_percent:g} %",
    }


def new_tag() -> str:
    """Return the tag of everything that this run creates.

    It is short enough for a medical record number, and unique enough for two runs in a second.
    """
    return f"cut{datetime.now(UTC):%y%m%d%H%M}{secrets.token_hex(2)}"
