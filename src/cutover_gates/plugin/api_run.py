"""The document behind the suite `contract`, and the run over it: made once a run, by the first
process that asks.

A gate makes it before its first check. So its checks know the operations when they are collected:
there is one check for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cutover_gates.core.evidence.assessment import NotProven, assessment_recorder
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.gates import MARKER_WORD
from cutover_gates.hospital import Driver, ProtocolViolation, Rejected, Role, Session
from cutover_gates.plugin.progress import ProgressPrinter
from cutover_gates.plugin.run import RUN_KEY, PytestRun
from cutover_gates.targets import RunningTarget
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.util.files import compute_once

if TYPE_CHECKING:
    from cutover_gates.probes.api.document.assessments import DocumentAssessments
    from cutover_gates.probes.api.document.openapi_document import ApiDocument
    from cutover_gates.probes.api.fuzzing.acceptances import AcceptedFinding
    from cutover_gates.probes.api.fuzzing.assessments import FuzzAssessments
    from cutover_gates.probes.api.fuzzing.fuzz_configuration import FuzzProfile
    from cutover_gates.probes.api.fuzzing.fuzz_runner import FuzzPlan

DOCUMENT_KEY, FUZZING_KEY = "document", "tried"
OPERATION_PARAMETER = "tried_operation"


@pytest.fixture(scope="session")
def shape(
    run: PytestRun,
    running_target: RunningTarget,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
) -> DocumentAssessments:
    """The API's own document, put to questions."""
    from cutover_gates.probes.api.document.assessments import DocumentAssessments
    from cutover_gates.probes.api.document.openapi_document import ApiDocument

    _require_package("openapi_spec_validator")
    try:
        return DocumentAssessments(
            load_document(run, running_target, _shared_or_temporary_folder(run, tmp_path_factory)),
            "",
            assessment_recorder(recorder),
        )
    except ProtocolViolation as error:
        return DocumentAssessments(
            ApiDocument({}, running_target.url), str(error), assessment_recorder(recorder)
        )


@pytest.fixture(scope="session")
def fuzzing(
    run: PytestRun,
    running_target: RunningTarget,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> FuzzAssessments:
    """The run over the API's document."""
    from cutover_gates.probes.api.fuzzing.assessments import FuzzAssessments

    accepted = load_acceptances(run)
    facts = fuzz_once(
        run,
        running_target,
        _shared_or_temporary_folder(run, tmp_path_factory),
        ProgressPrinter(pytestconfig.pluginmanager.getplugin("capturemanager")),
    )
    return FuzzAssessments(facts, accepted, datetime.now(UTC).date(), assessment_recorder(recorder))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One check for each operation that the run tried; one for all of them where it is yet to be
    made, or could not be.
    """
    if OPERATION_PARAMETER in metafunc.fixturenames:
        from cutover_gates.probes.api.fuzzing.assessments import ALL_OPERATIONS

        run = metafunc.config.stash[RUN_KEY]
        path = shared_folder(run) / f"{FUZZING_KEY}.json" if run.folders else None
        found = (
            json.loads(path.read_text(encoding="utf-8")).get("found", {})
            if path and path.exists()
            else {}
        )
        metafunc.parametrize(
            OPERATION_PARAMETER, list(found.get("operations", ())) or [ALL_OPERATIONS]
        )


def _require_package(package: str) -> None:
    if find_spec(package) is None:
        raise NotProven(
            f"{package} is not installed; install this project with its extra `contract`"
        )


def shared_folder(run: PytestRun) -> Path:
    """Where a gate's processes share what was found."""
    return run.first_folder / "contract"


def _shared_or_temporary_folder(run: PytestRun, elsewhere: pytest.TempPathFactory) -> Path:
    """Without a gate, too, xdist's workers make one run together."""
    base = elsewhere.getbasetemp()
    return shared_folder(run) if run.folders else (base.parent if run.worker else base) / "contract"


def load_document(run: PytestRun, standing: RunningTarget, folder: Path) -> ApiDocument:
    """The document, fetched once.

    Raises `Misbehaved`, `NotOffered`, `NotProven` or `SettingsError`.
    """
    from cutover_gates.probes.api.document.openapi_document import ApiDocument, load_document

    def fetched() -> dict[str, Any]:
        hospital = open_driver(run.settings, standing, Recorder(run.redactor, cap=1), run.tag)
        file = run.settings.chosen_target.contract.document
        found = load_document(
            hospital, standing.url, run.settings.resolve_path(file) if file else None
        )
        return {"document": found.document, "root": found.root}

    found = compute_once(folder, DOCUMENT_KEY, fetched)
    return ApiDocument(found["document"], found["root"])


def load_acceptances(run: PytestRun) -> tuple[AcceptedFinding, ...]:
    """The findings that somebody answers for. Raises `SettingsError`."""
    from cutover_gates.probes.api.fuzzing.acceptances import load_acceptances

    return load_acceptances(
        run.settings.resolve_path(
            run.settings.chosen_target.contract.accepted
            or Path("known_failures", f"{run.settings.target}.toml")
        )
    )


def fuzzing_plan(run: PytestRun, standing: RunningTarget) -> FuzzProfile:
    """How the run is made here."""
    from cutover_gates.probes.api.fuzzing.fuzz_configuration import build_profile, choose_mode

    target = run.settings.chosen_target
    nightly = any("nightly" in MARKER_WORD.findall(gate) for gate in run.gates)
    mode = choose_mode(
        target.contract,
        production=standing.production,
        embedded=standing.kind == "embedded",
        nightly=nightly,
    )
    return build_profile(target.contract, mode, target.limits.request_seconds)


def fuzz_once(
    run: PytestRun, standing: RunningTarget, folder: Path, say: Callable[[str], None]
) -> dict[str, Any]:
    """The facts of the run (`report.facts`).

    Raises `NotProven` where none could be made, and `NotOffered` where there is no document.
    """
    try:
        described = load_document(run, standing, folder)
    except ProtocolViolation as error:
        raise NotProven(
            f"the API's document cannot be read, so nothing can be held to it: {error}"
        ) from None
    return compute_once(folder, FUZZING_KEY, lambda: _fuzz(run, standing, described, say))


def _fuzz(
    run: PytestRun, standing: RunningTarget, described: ApiDocument, say: Callable[[str], None]
) -> dict[str, Any]:
    """Prepare, run, clean up."""
    _require_package("schemathesis")
    from cutover_gates.probes.api.fuzzing import fuzz_runner
    from cutover_gates.probes.api.fuzzing.fuzz_summary import summarize_run
    from cutover_gates.targets.cleanup_scope import open_with_cleanup

    plan = fuzzing_plan(run, standing)
    ledger = Ledger(run.ledgers / f"{run.tag}-contract.jsonl", run.tag, standing.name)
    try:
        with open_with_cleanup(run.settings, standing, ledger, run.redactor) as (
            hospital,
            sessions,
        ):
            course = fuzz_runner.run_schemathesis(
                _build_fuzzing_order(run, standing, described, plan, say, hospital, sessions)
            )
    except (Rejected, ProtocolViolation) as error:
        raise NotProven(f"the run's account is not let in: {error}") from None
    finally:
        ledger.close()
    return dict(run.redactor.redact_value(summarize_run(described, plan, course)))


def _build_fuzzing_order(
    run: PytestRun,
    standing: RunningTarget,
    described: ApiDocument,
    plan: FuzzProfile,
    say: Callable[[str], None],
    hospital: Driver,
    sessions: Callable[[Role], Session],
) -> FuzzPlan:
    from cutover_gates.drivers.sessions import SessionPool
    from cutover_gates.probes.api.fuzzing.fuzz_configuration import create_example_ids
    from cutover_gates.probes.api.fuzzing.fuzz_runner import FuzzPlan

    limits, role = (
        run.settings.chosen_target.limits,
        Role(run.settings.chosen_target.contract.account),
    )
    if role not in standing.users:
        raise NotProven(
            "the API cannot be tried without an account: give"
            f" [targets.{standing.name}.users.{role.value}], or name another that may read all as"
            f" `account` in [targets.{standing.name}.contract]"
        )
    keeper = SessionPool(hospital, standing.users, redactor=run.redactor)
    session_header = hospital.features.session_header
    header, _ = session_header(keeper.session(role))
    given: set[str] = set()

    def token() -> str:
        """Asked for where there is none, where the last one's time is over (the keeper has another
        by then), and where it was refused.
        """
        if keeper.session(role).access in given:
            keeper.forget(role)
        session = keeper.session(role)
        given.add(session.access)
        return str(session_header(session)[1])

    document_type = (
        "text/plain" if "text/plain" in limits.document_types else limits.document_types[0]
    )
    ids = (
        create_example_ids(hospital, sessions, run.tag, document_type)
        if plan.mode == "safe"
        else {}
    )
    return FuzzPlan(
        described,
        plan,
        header,
        token,
        tuple(user.username for user in standing.users.values()),
        ids,
        say,
        lambda: keeper.remaining_seconds(role),
    )
