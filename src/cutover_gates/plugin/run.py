"""One run of pytest: its settings, plan, target, tag, recorder.

Made in `pytest_configure`, in the controller and in every xdist worker.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import CONTAINER_TARGET, Settings
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.plan import (
    GATES,
    MARKER_WORD,
    SUITES,
    Plan,
    PlanError,
    load_plan,
    split_gates,
)
from cutover_gates.core.waivers import DecisionError
from cutover_gates.hospital import MappingError
from cutover_gates.plugin.collection import items_of
from cutover_gates.plugin.settings_files import find_plan, load_run_settings
from cutover_gates.plugin.suite_folders import SuiteFolders, find_suite_folders
from cutover_gates.targets import RunningTarget
from cutover_gates.util.shipped_files import shipped_root

if TYPE_CHECKING:
    from cutover_gates.plugin.session import GateSession

RUN_KEY: pytest.StashKey[PytestRun] = pytest.StashKey()
GATE_SESSION_KEY: pytest.StashKey[GateSession] = pytest.StashKey()
EMBEDDED_STAGES = {"t24": "before", "t12": "before", "rollback": "restored"}
"""The moments at which an embedded hospital is not the one after its cutover."""
FRONT_ITEMS = frozenset({"tls-certificates", "load-balancer", "log-aggregation", "logs-flowing"})
MONITORED_ITEMS = frozenset(
    {
        "monitoring-configured",
        "metrics-reporting",
        "alerts-configured",
        "alert-rules-tested",
        "dashboards-verified",
    }
)
"""Items that are proven on what stands around a target: on its reverse proxy and second instance,
and on what watches it. An embedded hospital brings along what is asked for, and no more: it costs
time to start, and shares the machine with the load.
"""
BACKUP_ITEM = "database-cluster"
"""The item that asks for a backup beside those of the suite `migrations`."""
USER_ERRORS = (SettingsError, PlanError, DecisionError, MappingError)
"""Mistakes of the user: one sentence, exit status 4, no traceback."""


@dataclass
class PytestRun:
    """What every part of the plugin asks.

    `gates` is empty where no verdict is asked for; `worker` is '' in the controller and without
    xdist.

    `snapshot_only`: nothing is judged, a snapshot of the database is taken (`pytest --snapshot`).
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

    def attach(self, standing: RunningTarget) -> RunningTarget:
        """The target is up: learn its secrets before anything is said to it."""
        for name, value in standing.secrets().items():
            self.redactor.learn(name, value)
        self.running_target = standing
        return standing

    @property
    def ledgers(self) -> Path:
        """The folder of this target's ledgers, beside the reports."""
        return (
            self.settings.resolve_path(self.settings.reports).parent
            / "ledgers"
            / self.settings.target
        )

    @cached_property
    def suite_folders(self) -> SuiteFolders:
        """The folders of the checks that this run collects and counts."""
        return find_suite_folders(self.plan, self.root)

    @property
    def suites(self) -> frozenset[str]:
        """The suites whose checks are asked for; all of them where no verdict is."""
        if not self.gates:
            return frozenset(SUITES)
        return frozenset(
            suite for item_id in self.requested_items if (suite := self.plan.item(item_id).suite)
        )

    @property
    def requested_items(self) -> frozenset[str]:
        """The items that are asked for, and all that they rest on; none where no verdict is."""
        return frozenset(
            below
            for gate in self.gates
            for item in self.plan.select_items(gate)
            for below in self.plan.item_with_dependencies(item.id)
        )

    @property
    def first_folder(self) -> Path:
        return next(iter(self.folders.values()))


def make_run(config: pytest.Config) -> PytestRun:
    """The run of this process.

    Raises `pytest.UsageError` with one sentence for each mistake in settings or plan.
    """
    told: dict[str, Any] = getattr(config, "workerinput", {})
    option = config.option
    try:
        settings = load_run_settings(config)
        _ = settings.chosen_target
        plan = load_plan(find_plan(settings, config.rootpath))
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    redactor = Redactor()
    run = PytestRun(
        config.rootpath,
        settings,
        plan,
        split_gates(option.markexpr or ""),
        told.get("cutover_tag") or _new_tag(),
        told.get("workerid", ""),
        redactor,
        Recorder(redactor),
    )
    if told.get("cutover_standing"):
        run.attach(RunningTarget.from_plain(told["cutover_standing"]))
    if told.get("cutover_folder"):
        run.folders = {"": Path(told["cutover_folder"])}
    return run


def _new_tag() -> str:
    """Marks everything that this run creates.

    Short enough for a medical record number, unique enough for two runs in a second.
    """
    return f"cut{datetime.now(UTC):%y%m%d%H%M}{secrets.token_hex(2)}"


def start_target(run: PytestRun, tied: frozenset[str] = frozenset()) -> Iterator[RunningTarget]:
    """The target of this run, for as long as the iterator is held.

    An embedded hospital is started here and stopped at the end.

    `tied`: items that are asked for beside those of the gates, because a check of them runs without
    one.
    """
    if run.running_target is not None:
        yield run.running_target
    elif run.settings.chosen_target.kind == "embedded":
        from cutover_gates.targets import embedded

        if run.settings.target == CONTAINER_TARGET:
            _require_container_engine()
        asked = run.requested_items | tied
        hospital = embedded.start_embedded_target(
            run.settings,
            shipped_root(),
            embedded_stage(run),
            surroundings=environment_for(asked),
            backed_up="migrations" in run.suites or BACKUP_ITEM in asked,
        )
        for why in hospital.standing.surroundings.get("absent", {}).values() if run.gates else ():
            _print_line(f"not with the embedded hospital: {why}")
        try:
            yield run.attach(hospital.standing)
        finally:
            hospital.stop()
    elif run.settings.chosen_target.kind == "containers":
        from cutover_gates.targets import containers

        with containers.run_containers(run.settings) as standing:
            yield run.attach(standing)
    else:
        from cutover_gates.targets import running_target

        yield run.attach(running_target.describe_remote(run.settings))


def _print_line(sentence: str) -> None:
    from cutover_gates.plugin.artifacts import print_line  # which imports this module

    print_line(sentence)


def environment_for(items: frozenset[str]) -> str | None:
    """What an embedded hospital must bring along so that these items can be proven, as
    `embedded.start` has it.
    """
    return "all" if items & MONITORED_ITEMS else "front" if items & FRONT_ITEMS else None


def _require_container_engine() -> None:
    """Nothing is started for a target that cannot come up. Raises `SettingsError`."""
    from cutover_gates.core.evidence.assessment import NotProven
    from cutover_gates.probes.database.scratch.scratch_container import require_engine

    try:
        require_engine()
    except NotProven as missing:
        raise SettingsError(f"target {CONTAINER_TARGET!r}: {missing}") from None


def embedded_stage(run: PytestRun) -> str:
    """The moment at which an embedded hospital stands for these gates.

    Raises `SettingsError` where they ask for two moments at once.
    """
    words = {word for gate in run.gates for word in MARKER_WORD.findall(gate)}
    stages = {EMBEDDED_STAGES.get(gate, "after") for gate in words & set(GATES)} | (
        {"before"} if run.snapshot_only else set()
    )
    if len(stages) > 1:
        raise SettingsError(
            f"{' and '.join(sorted(words & set(GATES)))} are different moments of a cutover, and an"
            " embedded hospital stands at one: run them one after the other"
        )
    return next(iter(stages), "after")


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> PytestRun:
    """This run of pytest."""
    return pytestconfig.stash[RUN_KEY]


@pytest.fixture(scope="session")
def settings(run: PytestRun) -> Settings:
    """The typed settings: command line over environment over file."""
    return run.settings


@pytest.fixture(scope="session")
def running_target(run: PytestRun, request: pytest.FixtureRequest) -> Iterator[RunningTarget]:
    """The target that is up: where it is, who may sign in, which release is judged."""
    yield from start_target(
        run, frozenset(item_id for item in request.session.items for item_id in items_of(item))
    )


@pytest.fixture(scope="session")
def run_tag(run: PytestRun) -> str:
    """The tag that everything of this run carries."""
    return run.tag


@pytest.fixture(scope="session")
def redactor(run: PytestRun) -> Redactor:
    """The one place that masks secrets."""
    return run.redactor


@pytest.fixture(scope="session")
def recorder(run: PytestRun) -> Recorder:
    """Where a check leaves what it saw."""
    return run.recorder


@pytest.fixture(scope="session")
def ledger_path(run: PytestRun) -> Path:
    """This process's ledger file."""
    return run.ledgers / f"{run.tag}-{run.worker or 'main'}.jsonl"
