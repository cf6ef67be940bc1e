"""The load run behind the suite `performance`: made once a run, by the first process that asks, and
while nothing else disturbs it.

A gate makes it before its first check. Without a gate the first check that asks for the fixture
does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cutover.evidence import Ledger, NotProven, Recorder
from cutover.evidence.examination import examinations_to
from cutover.evidence.once import once
from cutover.hospital import Hospital, Misbehaved, NotOffered, Refused, Role, Session
from cutover.pytest_plugin import outputs
from cutover.pytest_plugin.progress import Teller
from cutover.pytest_plugin.run import Run
from cutover.targets import Standing
from cutover.targets.connecting import declared_unsupported, mapping_of

if TYPE_CHECKING:
    from cutover.load.baseline import Baselines
    from cutover.load.ground import Work
    from cutover.load.questions import Load
    from cutover.load.resources import Watcher

JOURNEYS = Path("performance/journeys.py")
KEY = "load"
RECORDED = "baseline-recorded"
"""The item for which a load is made only to be remembered."""


@pytest.fixture(scope="session")
def load(
    run: Run,
    standing: Standing,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Load:
    """The load run of this run of pytest."""
    from cutover.load.questions import Load

    base = tmp_path_factory.getbasetemp()
    folder = (
        folder_of(run) or (base.parent if run.worker else base) / "load"
    )  # without a gate, too, xdist's workers make one load together
    facts = conducted(
        run, standing, folder, Teller(pytestconfig.pluginmanager.getplugin("capturemanager"))
    )
    return Load(
        facts,
        run.settings.chosen.performance,
        baselines_of(run, standing),
        run.settings.chosen.unsupported,
        examinations_to(recorder),
    )


def folder_of(run: Run) -> Path | None:
    """Where a gate's processes share what was found."""
    return run.first_folder / "load" if run.folders else None


def conducted(
    run: Run, standing: Standing, folder: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """The facts of the run's load (`load.course`).

    Raises `NotProven` where none could be made, `SettingsError` where none may be, and `NotOffered`
    where only a baseline is asked for, and the target has none.
    """
    from cutover.load.briefing import refuse

    declared = declared_unsupported(run.settings)
    if "baseline" in declared and {
        item for item in run.asked if run.plan.item(item).suite == "performance"
    } == {RECORDED}:
        raise NotOffered("baseline", declared["baseline"])
    refuse(run.settings.chosen.performance, standing)
    return once(folder, KEY, lambda: _conducted(run, standing, folder, say))


def baselines_of(run: Run, standing: Standing) -> Baselines:
    from cutover.load.baseline import Baselines

    folder = run.settings.path(run.settings.reports).parent / "baselines" / standing.name
    address = "embedded" if standing.kind == "embedded" else standing.url
    journeys = (run.root / JOURNEYS).read_text(encoding="utf-8")
    return Baselines(
        folder, standing.name, standing.release, address, run.settings.chosen.performance, journeys
    )


def _conducted(
    run: Run, standing: Standing, folder: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """Prepare, conduct, clean up."""
    try:
        # here, because numpy takes long to load and only this suite needs it
        import cutover.load.conductor
    except ImportError as missing:
        raise NotProven(
            f"no load can be made: {missing.name} is not installed; install this project with its"
            " extra `performance`"
        ) from None
    from cutover.load.briefing import settle
    from cutover.load.claims import claims_of, hopeless
    from cutover.load.course import course
    from cutover.load.ground import work_of
    from cutover.targets.entered import entered

    assert cutover.load.conductor
    performance = run.settings.chosen.performance
    work = work_of(performance, run.root / JOURNEYS, declared_unsupported(run.settings))
    claims = claims_of(performance, work.operations, baselines_of(run, standing).medians())
    if why := hopeless(
        claims, lambda operation: work.expected(operation, performance.max_seconds)
    ):  # it may still refute
        outputs.say(
            f"this load cannot prove what it must: {why}. Raise rate or max_seconds in"
            f" [targets.{standing.name}.performance], or take the objective away"
        )
    ledger = Ledger(run.ledgers / f"{run.tag}-load.jsonl", run.tag, standing.name)
    try:
        with entered(run.settings, standing, ledger, run.redactor) as (hospital, sessions):
            order = _order(run, standing, ledger, work, claims, folder, say, hospital, sessions)
            watcher = _watcher(run, standing)
            result = cutover.load.conductor.conduct(order, watcher)
            settle(ledger, order.brief.stock, result.perhaps_made)
        facts = course(order, result)
    except (Refused, Misbehaved, NotOffered) as error:
        raise NotProven(f"the load could not be prepared: {error}") from None
    finally:
        ledger.close()
    return {**facts, "resources": _resources(run, watcher, result)}


def _order(
    run: Run,
    standing: Standing,
    ledger: Ledger,
    work: Work,
    claims: list[Any],
    folder: Path,
    say: Callable[[str], None],
    hospital: Hospital,
    sessions: Callable[[Role], Session],
) -> Any:
    from cutover.load.briefing import brief_of, document_type
    from cutover.load.conductor import Order
    from cutover.load.ground import people_for, planned, prepare, stocked

    target = run.settings.chosen
    performance = target.performance
    known = prepare(
        hospital, sessions, people_for(performance, work), run.tag, document_type(target.limits)
    )
    stock = stocked(
        ledger,
        planned(work, performance.max_seconds + performance.ramp_seconds + 10, known),
        known,
        run.tag,
    )
    brief = brief_of(target, standing, mapping_of(run.settings), run.tag, work, known, stock)
    return Order(brief, performance, claims, folder / "samples.log", ledger, run.redactor, say)


def _watcher(run: Run, standing: Standing) -> Watcher:
    from cutover.database.pressure import Gauge
    from cutover.load.questions import NO_POOL, NO_USAGE
    from cutover.load.resources import Watcher
    from cutover.telemetry import source_of

    performance, declared = run.settings.chosen.performance, run.settings.chosen.unsupported
    asked = not {NO_POOL, NO_USAGE} <= set(declared)
    source = (
        source_of(performance.resources, standing.url, redactor=run.redactor) if asked else None
    )
    return Watcher(
        source,
        Gauge(standing.database, run.settings.chosen.database) if standing.database else None,
    )


def _resources(run: Run, watcher: Watcher, result: Any) -> dict[str, Any]:
    """The two examinations of what the target used in the judged part of the run, as plain facts."""
    from cutover.load.questions import NO_POOL
    from cutover.load.resources import pool, usage

    performance, declared = run.settings.chosen.performance, run.settings.chosen.unsupported
    looks, pressures = watcher.within(result.judged_from, result.until)
    of_pool = pool(
        None if NO_POOL in declared else looks, pressures, performance.resources, result.started
    )
    of_usage = usage(looks, performance.resources, performance.confidence, result.started)
    where = (
        "set metrics_path, prometheus or kubernetes in [targets.{}.performance.resources], or say"
        ' in unsupported why not: {} = "…"'
    )
    silent = (
        [where.format(run.settings.target, NO_POOL)]
        if looks is None and NO_POOL not in declared
        else []
    )
    blind = (
        ["nobody says where the target's database is"]
        if pressures is None and "database" not in declared
        else []
    )
    return {
        "pool": {**vars(of_pool), "unproven": [*of_pool.unproven, *silent, *blind]},
        "usage": vars(of_usage),
    }
