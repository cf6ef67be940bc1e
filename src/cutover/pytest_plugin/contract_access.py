"""The fixtures behind access and compatibility in the suite `contract`.

The document, and the run that tries it out, are beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cutover.evidence import Recorder
from cutover.evidence.examination import examinations_to
from cutover.evidence.once import once
from cutover.hospital import Credentials, Door, NotOffered, Role, Session
from cutover.pytest_plugin.actors import arranging
from cutover.pytest_plugin.contract import described_in, folder_of
from cutover.pytest_plugin.run import Run
from cutover.settings import Settings
from cutover.synthetic import Files, Forgeries, People
from cutover.targets import Standing

if TYPE_CHECKING:
    from cutover.contract.access import Access
    from cutover.contract.compatibility import Compatibility
    from cutover.contract.matrix import Chart
    from cutover.drivers import Ledgered


NUMBERS = ("mrn", "number", "identifier")
NAMES = (
    "name",
    "family_name",
    "familyName",
    "last_name",
    "lastName",
    "family",
    "q",
    "query",
    "search",
)
"""What query parameters are called by which lists are searched, where people write APIs."""


@pytest.fixture
def access(
    run: Run,
    settings: Settings,
    standing: Standing,
    recorder: Recorder,
    hospital: Ledgered,
    sessions: Callable[[Role], Session],
    accounts: Callable[[Role], Credentials],
    door: Door,
    forgeries: Forgeries,
    new_chart: Callable[[], Chart],
    tmp_path_factory: pytest.TempPathFactory,
) -> Access:
    """Who is let in, and who is not: every operation, asked by everybody."""
    from cutover.contract.access import Access
    from cutover.contract.document import describe
    from cutover.contract.matrix import READING, Asking
    from cutover.contract.roles import RoleTable

    def own_session(role: Role) -> Session:
        with arranging(f"a session of its own of a {role.value}"):
            return door.sign_in(accounts(role))

    contract = settings.chosen.contract
    if contract.document:
        describe(
            hospital.inner, standing.url, settings.path(contract.document)
        )  # from now on the driver goes by that one
    every = hospital.operations()
    asked = [
        operation for operation in every if not standing.production or operation.method in READING
    ]
    asking = Asking(
        hospital,
        asked,
        every,
        RoleTable(standing.name, contract.roles),
        sessions,
        own_session,
        forgeries.expired_or_why_not,
        new_chart,
        contract.parameters,
        contract.untried,
    )
    return Access(asking, partial(once, _folder(run, tmp_path_factory)), examinations_to(recorder))


@pytest.fixture
def new_chart(
    hospital: Ledgered,
    sessions: Callable[[Role], Session],
    people: People,
    files: Files,
    settings: Settings,
) -> Callable[[], Chart]:
    """Makes a patient of this facility with an open visit and a document, as far as the target has
    such things.
    """
    from cutover.contract.matrix import Chart

    types = settings.chosen.limits.document_types
    media_type = "text/plain" if "text/plain" in types else types[0]

    def made() -> Chart:
        draft, reason, file = people.draft(), f"Harbour {people.mrn()}", files.of(media_type)
        with arranging("a chart to ask for"):
            patient = hospital.register(sessions(Role.REGISTRAR), draft)
            ids = {"patient": patient.id}
            for kind, make in (
                (
                    "visit",
                    lambda: hospital.open_visit(sessions(Role.CLINICIAN), patient.id, reason),
                ),
                ("document", lambda: hospital.upload(sessions(Role.CLINICIAN), patient.id, file)),
            ):
                try:
                    ids[kind] = make().id
                except NotOffered:
                    continue  # declared: the target has none
        by_number = dict.fromkeys(NUMBERS, draft.mrn)
        by_name = dict.fromkeys(NAMES, draft.family_name)
        return Chart(
            ids,
            (draft.mrn, draft.family_name, draft.given_name, reason, file.file_name),
            (by_number, by_name),
        )

    return made


@pytest.fixture
def compatibility(
    run: Run,
    settings: Settings,
    standing: Standing,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Compatibility:
    """The document of the release under judgement, against that of the release before."""
    from cutover.contract.compatibility import Compatibility

    described = described_in(run, standing, _folder(run, tmp_path_factory))
    before = settings.chosen.contract.previous_document
    return Compatibility(
        standing.name,
        standing.release,
        described.document,
        settings.path(before) if before else None,
        examinations_to(recorder),
    )


def _folder(run: Run, elsewhere: pytest.TempPathFactory) -> Path:
    """Where a gate's processes share what was found; without a gate each has its own."""
    if run.folders:
        return folder_of(run)
    base = elsewhere.getbasetemp()
    return (base.parent if run.worker else base) / "contract"
