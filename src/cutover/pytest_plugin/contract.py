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

from cutover.evidence import Ledger, NotProven, Recorder
from cutover.evidence.examination import examinations_to
from cutover.evidence.once import once
from cutover.hospital import Hospital, Misbehaved, Refused, Role, Session
from cutover.plan import WORD
from cutover.pytest_plugin.progress import Teller
from cutover.pytest_plugin.run import RUN, Run
from cutover.targets import Standing
from cutover.targets.connecting import open_hospital

if TYPE_CHECKING:
    from cutover.contract.configuration import Plan
    from cutover.contract.document import Described
    from cutover.contract.fuzzing import Fuzzing
    from cutover.contract.known import Accepted
    from cutover.contract.running import Order
    from cutover.contract.shape import Shape

DOCUMENT, TRIED = "document", "tried"
OPERATION = "tried_operation"


@pytest.fixture(scope="session")
def shape(
    run: Run, standing: Standing, recorder: Recorder, tmp_path_factory: pytest.TempPathFactory
) -> Shape:
    """The API's own document, put to questions."""
    from cutover.contract.document import Described
    from cutover.contract.shape import Shape

    _installed("openapi_spec_validator")
    try:
        return Shape(
            described_in(run, standing, _folder(run, tmp_path_factory)),
            "",
            examinations_to(recorder),
        )
    except Misbehaved as error:
        return Shape(Described({}, standing.url), str(error), examinations_to(recorder))


@pytest.fixture(scope="session")
def fuzzing(
    run: Run,
    standing: Standing,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Fuzzing:
    """The run over the API's document."""
    from cutover.contract.fuzzing import Fuzzing

    accepted = accepted_in(run)
    facts = tried(
        run,
        standing,
        _folder(run, tmp_path_factory),
        Teller(pytestconfig.pluginmanager.getplugin("capturemanager")),
    )
    return Fuzzing(facts, accepted, datetime.now(UTC).date(), examinations_to(recorder))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One check for each operation that the run tried; one for all of them where it is yet to be
    made, or could not be.
    """
    if OPERATION in metafunc.fixturenames:
        from cutover.contract.fuzzing import EVERY

        run = metafunc.config.stash[RUN]
        path = folder_of(run) / f"{TRIED}.json" if run.folders else None
        found = (
            json.loads(path.read_text(encoding="utf-8")).get("found", {})
            if path and path.exists()
            else {}
        )
        metafunc.parametrize(OPERATION, list(found.get("operations", ())) or [EVERY])


def _installed(package: str) -> None:
    if find_spec(package) is None:
        raise NotProven(
            f"{package} is not installed; install this project with its extra `contract`"
        )


def folder_of(run: Run) -> Path:
    """Where a gate's processes share what was found."""
    return run.first_folder / "contract"


def _folder(run: Run, elsewhere: pytest.TempPathFactory) -> Path:
    """Without a gate, too, xdist's workers make one run together."""
    base = elsewhere.getbasetemp()
    return folder_of(run) if run.folders else (base.parent if run.worker else base) / "contract"


def described_in(run: Run, standing: Standing, folder: Path) -> Described:
    """The document, fetched once.

    Raises `Misbehaved`, `NotOffered`, `NotProven` or `SettingsError`.
    """
    from cutover.contract.document import Described, describe

    def fetched() -> dict[str, Any]:
        hospital = open_hospital(run.settings, standing, Recorder(run.redactor, cap=1), run.tag)
        file = run.settings.chosen.contract.document
        found = describe(hospital, standing.url, run.settings.path(file) if file else None)
        return {"document": found.document, "root": found.root}

    found = once(folder, DOCUMENT, fetched)
    return Described(found["document"], found["root"])


def accepted_in(run: Run) -> tuple[Accepted, ...]:
    """The findings that somebody answers for. Raises `SettingsError`."""
    from cutover.contract.known import load_accepted

    return load_accepted(
        run.settings.path(
            run.settings.chosen.contract.accepted
            or Path("known_failures", f"{run.settings.target}.toml")
        )
    )


def plan_in(run: Run, standing: Standing) -> Plan:
    """How the run is made here."""
    from cutover.contract.configuration import mode_of, plan_of

    target = run.settings.chosen
    nightly = any("nightly" in WORD.findall(gate) for gate in run.gates)
    mode = mode_of(
        target.contract,
        production=standing.production,
        embedded=standing.kind == "embedded",
        nightly=nightly,
    )
    return plan_of(target.contract, mode, target.limits.request_seconds)


def tried(run: Run, standing: Standing, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The facts of the run (`report.facts`).

    Raises `NotProven` where none could be made, and `NotOffered` where there is no document.
    """
    try:
        described = described_in(run, standing, folder)
    except Misbehaved as error:
        raise NotProven(
            f"the API's document cannot be read, so nothing can be held to it: {error}"
        ) from None
    return once(folder, TRIED, lambda: _tried(run, standing, described, say))


def _tried(
    run: Run, standing: Standing, described: Described, say: Callable[[str], None]
) -> dict[str, Any]:
    """Prepare, run, clean up."""
    _installed("schemathesis")
    from cutover.contract import running
    from cutover.contract.report import facts
    from cutover.targets.entered import entered

    plan = plan_in(run, standing)
    ledger = Ledger(run.ledgers / f"{run.tag}-contract.jsonl", run.tag, standing.name)
    try:
        with entered(run.settings, standing, ledger, run.redactor) as (hospital, sessions):
            course = running.run(_order(run, standing, described, plan, say, hospital, sessions))
    except (Refused, Misbehaved) as error:
        raise NotProven(f"the run's account is not let in: {error}") from None
    finally:
        ledger.close()
    return dict(run.redactor.value(facts(described, plan, course)))


def _order(
    run: Run,
    standing: Standing,
    described: Described,
    plan: Plan,
    say: Callable[[str], None],
    hospital: Hospital,
    sessions: Callable[[Role], Session],
) -> Order:
    from cutover.contract.ground import own_ids
    from cutover.contract.running import Order
    from cutover.drivers import TokenKeeper

    limits, role = run.settings.chosen.limits, Role(run.settings.chosen.contract.account)
    if role not in standing.users:
        raise NotProven(
            "the API cannot be tried without an account: give"
            f" [targets.{standing.name}.users.{role.value}], or name another that may read all as"
            f" `account` in [targets.{standing.name}.contract]"
        )
    keeper = TokenKeeper(hospital, standing.users, redactor=run.redactor)
    shown = getattr(
        getattr(hospital, "inner", hospital),
        "shown",
        lambda session: ("Authorization", f"Bearer {session.access}"),
    )
    header, _ = shown(keeper.session(role))
    given: set[str] = set()

    def token() -> str:
        """Asked for where there is none, where the last one's time is over (the keeper has another
        by then), and where it was refused.
        """
        if keeper.session(role).access in given:
            keeper.forget(role)
        session = keeper.session(role)
        given.add(session.access)
        return str(shown(session)[1])

    document_type = (
        "text/plain" if "text/plain" in limits.document_types else limits.document_types[0]
    )
    ids = own_ids(hospital, sessions, run.tag, document_type) if plan.mode == "safe" else {}
    return Order(
        described,
        plan,
        header,
        token,
        tuple(user.username for user in standing.users.values()),
        ids,
        say,
        lambda: keeper.remaining(role),
    )
