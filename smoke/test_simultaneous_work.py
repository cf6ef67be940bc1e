"""What several people do at the same moment stays apart."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from cutover_gates.hospital import (
    Credentials,
    Document,
    Driver,
    Patient,
    Reason,
    Records,
    Rejected,
    Role,
    Session,
    SignInDesk,
)
from cutover_gates.hospital.matchers import (
    act_concurrently,
    assert_equal,
    assert_same_bytes,
    expect_rejection,
)
from cutover_gates.hospital.synthetic import FileFactory

Accounts = Callable[[Role], Credentials]

PAIRS = 2


@pytest.mark.plan("authentication-flow")
def test_people_who_sign_in_at_the_same_moment_get_their_own_sessions(
    hospital: Driver, door: SignInDesk, accounts: Accounts, registered: Patient
) -> None:
    """People who sign in at the same moment each get a session of their own.

    A clinician of this facility sees its patient. A clinician of another facility, who signed in
    at the same moment, does not.
    """
    clinician, outsider = accounts(Role.CLINICIAN), accounts(Role.OUTSIDER)
    answers = act_concurrently(
        *[partial(door.sign_in, one) for one in [clinician, outsider] * PAIRS]
    )
    sessions = [one for one in answers if isinstance(one, Session)]
    assert len(sessions) == 2 * PAIRS, f"a sign-in was refused: {answers}"
    for here, elsewhere in zip(sessions[::2], sessions[1::2], strict=True):
        shown = hospital.patient(here, registered.id)
        assert_equal(registered.id, shown.id, "id of the patient")
        with expect_rejection(Reason.NOT_FOUND, Reason.FORBIDDEN):
            hospital.patient(elsewhere, registered.id)


@pytest.mark.plan("document-upload")
def test_documents_of_one_name_at_the_same_moment_stay_apart(
    records: Records, registered: Patient, neighbour: Patient, files: FileFactory
) -> None:
    """Documents of one name that are filed at the same moment each keep their own bytes.

    Two scanners call each file scan.txt. A conflict is no answer yet: it is asked again once.
    """
    patients = [registered, neighbour] * PAIRS
    uploads = [files.with_name("scan.txt") for _ in patients]
    acts = [
        partial(records.file, patient, upload)
        for patient, upload in zip(patients, uploads, strict=True)
    ]
    filed = [
        file_again(answer, act) for answer, act in zip(act_concurrently(*acts), acts, strict=True)
    ]
    for document, patient, upload in zip(filed, patients, uploads, strict=True):
        assert_equal(patient.id, document.patient_id, "patient of the document")
        assert_same_bytes(upload.content, records.content(document))


def file_again(answer: Document | Rejected, act: Callable[[], Document]) -> Document:
    """Return the document of an answer; a conflict is asked once more."""
    if isinstance(answer, Document):
        return answer
    if answer.reason is not Reason.STALE:
        raise answer
    return act()
