"""One run of pytest: its settings, plan, target, tag, recorder.

Made in `pytest_configure`, in the controller and in every xdist worker.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cutover.evidence.record import Recorder
from cutover.evidence.redact import Redactor
from cutover.hospital import MappingError
from cutover.plan import GATES, SUITES, WORD, Plan, PlanError, judged_gates, load_plan
from cutover.pytest_plugin.ties import items_of
from cutover.settings import CONTAINERS, Settings, SettingsError, load_settings
from cutover.targets import Standing
from cutover.waivers import DecisionError

if TYPE_CHECKING:
    from cutover.pytest_plugin.gate import GateKeeper

RUN: pytest.StashKey[Run] = pytest.StashKey()
KEEPER: pytest.StashKey[GateKeeper] = pytest.StashKey()
STAGES = {"t24": "before", "t12": "before", "rollback": "restored"}
"""The moments at which an embedded hospital is not the one after its cutover."""
FRONT = frozenset({"tls-certificates", "load-balancer", "log-aggregation", "logs-flowing"})
WATCHED = frozenset(
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
BACKED_UP = "database-cluster"
"""The item that asks for a backup beside those of the suite `migrations`."""
MISTAKES = (SettingsError, PlanError, DecisionError, MappingError)
"""Mistakes of the user: one sentence, exit status 4, no traceback."""


@dataclass
class Run:
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
    standing: Standing | None = None
    folders: dict[str, Path] = field(default_factory=dict)
    snapshot_only: bool = False

    def stand(self, standing: Standing) -> Standing:
        """The target is up: learn its secrets before anything is said to it."""
        for name, value in standing.secrets().items():
            self.redactor.learn(name, value)
        self.standing = standing
        return standing

    @property
    def ledgers(self) -> Path:
        """The folder of this target's ledgers, beside the reports."""
        return self.settings.path(self.settings.reports).parent / "ledgers" / self.settings.target

    @property
    def suites(self) -> frozenset[str]:
        """The suites whose checks are asked for; all of them where no verdict is."""
        if not self.gates:
            return frozenset(SUITES)
        return frozenset(
            suite for item_id in self.asked if (suite := self.plan.item(item_id).suite)
        )

    @property
    def asked(self) -> frozenset[str]:
        """The items that are asked for, and all that they rest on; none where no verdict is."""
        return frozenset(
            below
            for gate in self.gates
            for item in self.plan.judged_by(gate)
            for below in self.plan.below(item.id)
        )

    @property
    def first_folder(self) -> Path:
        return next(iter(self.folders.values()))


def make_run(config: pytest.Config) -> Run:
    """The run of this process.

    Raises `pytest.UsageError` with one sentence for each mistake in settings or plan.
    """
    told: dict[str, Any] = getattr(config, "workerinput", {})
    option = config.option
    try:
        settings = load_settings(
            option.cutover_config, config.rootpath, target=option.target, release=option.release
        )
        _ = settings.chosen
        plan = load_plan(_plan_path(settings, config.rootpath))
    except MISTAKES as mistake:
        raise pytest.UsageError(str(mistake)) from None
    redactor = Redactor()
    run = Run(
        config.rootpath,
        settings,
        plan,
        judged_gates(option.markexpr or ""),
        told.get("cutover_tag") or _new_tag(),
        told.get("workerid", ""),
        redactor,
        Recorder(redactor),
    )
    if told.get("cutover_standing"):
        run.stand(Standing.from_plain(told["cutover_standing"]))
    if told.get("cutover_folder"):
        run.folders = {"": Path(told["cutover_folder"])}
    return run


def _plan_path(settings: Settings, root: Path) -> Path:
    """The plan beside the settings file; where that has none of its own, the plan of the
    repository.
    """
    beside = settings.path(settings.plan)
    return (
        beside if beside.exists() or "plan" in settings.model_fields_set else root / settings.plan
    )


def _new_tag() -> str:
    """Marks everything that this run creates.

    Short enough for a medical record number, unique enough for two runs in a second.
    """
    return f"cut{datetime.now(UTC):%y%m%d%H%M}{secrets.token_hex(2)}"


def bring_up(run: Run, tied: frozenset[str] = frozenset()) -> Iterator[Standing]:
    """The target of this run, for as long as the iterator is held.

    An embedded hospital is started here and stopped at the end.

    `tied`: items that are asked for beside those of the gates, because a check of them runs without
    one.
    """
    if run.standing is not None:
        yield run.standing
    elif run.settings.chosen.kind == "embedded":
        from cutover.targets import embedded

        if run.settings.target == CONTAINERS:
            _await_engine()
        asked = run.asked | tied
        hospital = embedded.start(
            run.settings,
            run.root,
            embedded_stage(run),
            surroundings=surroundings_for(asked),
            backed_up="migrations" in run.suites or BACKED_UP in asked,
        )
        for why in hospital.standing.surroundings.get("absent", {}).values() if run.gates else ():
            _say(f"not with the embedded hospital: {why}")
        try:
            yield run.stand(hospital.standing)
        finally:
            hospital.stop()
    elif run.settings.chosen.kind == "containers":
        from cutover.targets import containers

        with containers.started(run.settings) as standing:
            yield run.stand(standing)
    else:
        from cutover.targets import remote

        yield run.stand(remote.given(run.settings))


def _say(sentence: str) -> None:
    from cutover.pytest_plugin.outputs import say  # which imports this module

    say(sentence)


def surroundings_for(items: frozenset[str]) -> str | None:
    """What an embedded hospital must bring along so that these items can be proven, as
    `embedded.start` has it.
    """
    return "all" if items & WATCHED else "front" if items & FRONT else None


def _await_engine() -> None:
    """Nothing is started for a target that cannot come up. Raises `SettingsError`."""
    from cutover.database.scratch.container import refuse_without_engine
    from cutover.evidence import NotProven

    try:
        refuse_without_engine()
    except NotProven as missing:
        raise SettingsError(f"target {CONTAINERS!r}: {missing}") from None


def embedded_stage(run: Run) -> str:
    """The moment at which an embedded hospital stands for these gates.

    Raises `SettingsError` where they ask for two moments at once.
    """
    words = {word for gate in run.gates for word in WORD.findall(gate)}
    stages = {STAGES.get(gate, "after") for gate in words & set(GATES)} | (
        {"before"} if run.snapshot_only else set()
    )
    if len(stages) > 1:
        raise SettingsError(
            f"{' and '.join(sorted(words & set(GATES)))} are different moments of a cutover, and an"
            " embedded hospital stands at one: run them one after the other"
        )
    return next(iter(stages), "after")


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """This run of pytest."""
    return pytestconfig.stash[RUN]


@pytest.fixture(scope="session")
def settings(run: Run) -> Settings:
    """The typed settings: command line over environment over file."""
    return run.settings


@pytest.fixture(scope="session")
def standing(run: Run, request: pytest.FixtureRequest) -> Iterator[Standing]:
    """The target that is up: where it is, who may sign in, which release is judged."""
    yield from bring_up(
        run, frozenset(item_id for item in request.session.items for item_id in items_of(item))
    )


@pytest.fixture(scope="session")
def run_tag(run: Run) -> str:
    """The tag that everything of this run carries."""
    return run.tag


@pytest.fixture(scope="session")
def redactor(run: Run) -> Redactor:
    """The one place that masks secrets."""
    return run.redactor


@pytest.fixture(scope="session")
def recorder(run: Run) -> Recorder:
    """Where a check leaves what it saw."""
    return run.recorder


@pytest.fixture(scope="session")
def ledger_path(run: Run) -> Path:
    """This process's ledger file."""
    return run.ledgers / f"{run.tag}-{run.worker or 'main'}.jsonl"
