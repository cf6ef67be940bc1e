"""The trial of readiness without a database: made once, before the first check of a gate.

Nothing else is asked of the target meanwhile, since every check would fail.
"""

from __future__ import annotations

from functools import partial

from cutover_gates.config.database_outage import DatabaseOutageSettings
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import (
    Driver,
    MappingError,
    PatientQuery,
    ProtocolViolation,
    Rejected,
    Role,
    Session,
    Unsupported,
)
from cutover_gates.hospital.synthetic import PatientFactory
from cutover_gates.plugin.account_check import raise_if_rejected
from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.database.reachability import find_connection_problem
from cutover_gates.probes.network.readiness import rules
from cutover_gates.probes.network.readiness.outage_trial import BEGAN, ENDED, OutageTrial
from cutover_gates.probes.network.readiness.question_stream import QuestionStream
from cutover_gates.targets.driver_factory import infrastructure_of, open_driver
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.files import compute_once

NO_OUTAGE = "database-outage"
"""The capability of a target whose database cannot be taken away for a test."""
ROLE = "readiness"
"""The role of the items whose checks ask for the trial."""
OUTAGE_KEY = "database-outage"
READY_LANES = 10
"""Questions for readiness at a time, each on a new connection: every instance must be met."""
SEARCH_LANES = 4
"""Searches under way at a time: one that waits for a connection must not hide the next moment."""
REQUEST_ERRORS = (Rejected, ProtocolViolation, MappingError, OSError)


def is_outage_requested(run: PytestRun) -> bool:
    """Return whether a check of this gate asks for the trial."""
    return any(item.id in run.requested_items for item in run.plan.with_role(ROLE))


def run_outage_once(run: PytestRun, target: RunningTarget) -> Assessment:
    """Return the assessment of the trial, which the first process that asks makes.

    Raises `NotProven` where none can be made, and `Unsupported` where none is declared to be.
    """
    absent = run.settings.chosen_target.absent_capabilities
    if NO_OUTAGE in absent:
        raise Unsupported(NO_OUTAGE, absent[NO_OUTAGE])
    settings = infrastructure_of(run.settings, target).database_outage
    _refuse_untestable(settings, target)
    if not run.folders:
        raise Unsupported(NO_OUTAGE, "only a gate takes the database away, before its first check")
    folder = run.first_folder / "readiness"
    plain = compute_once(folder, OUTAGE_KEY, lambda: _make_trial(run, target, settings).to_plain())
    return Assessment.from_plain(plain)


def find_own_outage(run: PytestRun, target: RunningTarget) -> tuple[float, float] | None:
    """Return from when to when this gate took the database away; None where it did not."""
    if not (run.folders and is_outage_requested(run)):
        return None
    try:
        figures = run_outage_once(run, target).figures
    except (NotProven, Unsupported):
        return None
    return (figures[BEGAN], figures[ENDED]) if ENDED in figures else None


def _refuse_untestable(settings: DatabaseOutageSettings, target: RunningTarget) -> None:
    """Raise `NotProven` on production, and where there is no command."""
    if target.production:
        reason = "no database is taken away from production"
        raise gap_error(rules.OUTAGE_TESTABLE, target.name, reason)
    if not settings.command:
        key = f"targets.{target.name}.infrastructure.database_outage.command"
        raise gap_error(rules.OUTAGE_TESTABLE, key, "not set")


def _make_trial(
    run: PytestRun, target: RunningTarget, settings: DatabaseOutageSettings
) -> Assessment:
    print_line("Readiness: the database is taken away from the target, and comes back.")
    raise_if_rejected(target, Role.REGISTRAR)
    # What is recorded belongs to no check, and a silent target must not be given up.
    recorder, patience = Recorder(run.redactor, cap=1), settings.back_seconds * 2
    driver, fresh = (
        open_driver(run.settings, target, recorder, run.tag, fresh=is_fresh, patience=patience)
        for is_fresh in (False, True)
    )
    try:
        pool = SessionPool(driver, target.users, redactor=run.redactor)
        session = pool.session(Role.REGISTRAR)
    except REQUEST_ERRORS as error:
        raise gap_error(rules.OUTAGE_TESTABLE, target.name, str(error)) from None
    search = partial(_find_search_problem, driver, session, PatientFactory(run.tag))
    trial = OutageTrial(
        settings,
        QuestionStream(partial(_find_readiness_problem, fresh), READY_LANES),
        QuestionStream(search, SEARCH_LANES),
        _question_database(run, target),
    )
    try:
        return trial.run()
    finally:
        pool.close()


def _question_database(run: PytestRun, target: RunningTarget) -> QuestionStream | None:
    seconds = run.settings.chosen_target.database.connect_seconds
    if target.database is None:
        return None
    return QuestionStream(partial(find_connection_problem, target.database, seconds))


def _find_readiness_problem(driver: Driver) -> str:
    try:
        health = driver.ready()
    except REQUEST_ERRORS as error:
        return f"readiness: {str(error).splitlines()[0]}"
    return "" if health.healthy else f"it says that it is not ready: {health.detail}"


def _find_search_problem(driver: Driver, session: Session, people: PatientFactory) -> str:
    try:
        # A new number each time: an answer from a cache needs no database.
        list(driver.search(session, PatientQuery(mrn=people.mrn())))
    except REQUEST_ERRORS as error:
        return f"a search: {str(error).splitlines()[0]}"
    return ""
