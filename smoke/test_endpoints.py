"""Every documented endpoint answers as documented, and tells no secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest

from cutover_gates.hospital import (
    Answer,
    Driver,
    FrontDesk,
    Operation,
    Patient,
    Rejected,
    Session,
    SignInDesk,
    Visit,
    Ward,
)
from cutover_gates.hospital.matchers import (
    act_concurrently,
    find_document_mismatch,
    find_leaked_internals,
    find_missing_security_headers,
)
from cutover_gates.hospital.synthetic import HOSTILE_IDS, PatientFactory, make_unused_id

pytestmark = pytest.mark.plan("api-endpoints")

Ask = Callable[..., Answer]
Own = Mapping[str, str]


@pytest.mark.plan("previous-version")
def test_the_release_under_judgement_answers(hospital: Driver, release: str) -> None:
    """A verdict is about one release: in a rollback the previous one, else the new one.

    It is the one that the target says it is.
    """
    said = hospital.release()
    assert said == release, (
        f"expected: release {release}, which is under judgement\ncame:     release {said}"
    )


def test_every_reading_operation_answers_as_documented(
    ask: Ask, operations: Sequence[Operation], own_ids: Own, administrator: Session
) -> None:
    """A document is a promise to whoever builds on it.

    What reads answers with a documented status and type, and gives what is there.
    """
    reading = [operation for operation in operations if operation.method == "GET"]
    assert reading, "expected: a document with operations that read\ncame:     none"
    wrong = []
    for operation in reading:
        answer = ask(operation, administrator, own_ids)
        said = find_document_mismatch(operation, answer)
        if operation.protected and parameters(operation) <= own_ids.keys() and answer.status >= 300:
            said = (
                f"came {answer.status}, expected success: an administrator asked for what is there"
            )
        wrong += [f"{operation}: {said}"] if said else []
    assert not wrong, "expected: every operation answers as documented\ncame:\n  " + "\n  ".join(
        wrong
    )


def test_every_writing_operation_answers_as_documented(
    ask: Ask,
    operations: Sequence[Operation],
    own_ids: Own,
    administrator: Session,
    spent_session: Session,
) -> None:
    """A document is a promise to whoever builds on it.

    Every operation that changes something answers with a documented status and type.

    Inside the check's own chart an administrator asks. Elsewhere someone asks who may change
    nothing, and whose session may be lost.
    """
    wrong = []
    for operation in sorted(
        (operation for operation in operations if operation.method != "GET"), key=removes
    ):
        inside = parameters(operation) and parameters(operation) <= own_ids.keys()
        said = find_document_mismatch(
            operation, ask(operation, administrator if inside else spent_session, own_ids)
        )
        wrong += [f"{operation}: {said}"] if said else []
    assert not wrong, "expected: every operation answers as documented\ncame:\n  " + "\n  ".join(
        wrong
    )


def test_every_operation_answers_a_stranger_as_documented(
    ask: Ask, operations: Sequence[Operation]
) -> None:
    """A refusal is an answer, too.

    Asked without a token, every operation answers with a documented status and type.
    """
    wrong = [
        f"{operation}: {said}"
        for operation in operations
        if (said := find_document_mismatch(operation, ask(operation, None)))
    ]
    assert not wrong, "expected: every operation answers as documented\ncame:\n  " + "\n  ".join(
        wrong
    )


def test_what_is_not_there_is_refused_as_documented(
    ask: Ask, operations: Sequence[Operation], administrator: Session
) -> None:
    """A refusal is an answer, too.

    Asked for what nobody has, every operation that names something answers with a documented status
    and type.
    """
    named = [operation for operation in operations if parameters(operation)]
    wrong = [
        f"{operation}: {said}"
        for operation in named
        if (said := find_document_mismatch(operation, ask(operation, administrator)))
    ]
    assert not wrong, "expected: every operation answers as documented\ncame:\n  " + "\n  ".join(
        wrong
    )


def test_every_answer_carries_the_security_headers(
    ask: Ask, operations: Sequence[Operation], own_ids: Own, administrator: Session
) -> None:
    """A browser protects patients only where it is told to.

    Refusals and answers of every operation carry the security headers.
    """
    assert operations, "expected: a document with operations\ncame:     none"
    wrong = {}
    for operation in operations:
        for session in (None, administrator) if operation.method == "GET" else (None,):
            if lacking := find_missing_security_headers(
                ask(operation, session, own_ids), personal=operation.protected
            ):
                wrong[str(operation)] = "; ".join(lacking)
    assert not wrong, "expected: the security headers on every answer\ncame:\n  " + "\n  ".join(
        f"{name}: {said}" for name, said in wrong.items()
    )


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=ascii)
def test_a_hostile_id_brings_nothing_to_light(
    ask: Ask, operations: Sequence[Operation], administrator: Session, hostile: str
) -> None:
    """What strangers put into an address is refused, never stumbled over.

    No operation fails inside, and none tells how the server is made.
    """
    wrong = []
    for operation in operations:
        if names := parameters(operation):
            answer = ask(operation, administrator, dict.fromkeys(names, hostile))
            said = (
                f"came {answer.status}" if answer.status >= 500 else find_leaked_internals(answer)
            )
            wrong += [f"{operation}: {said}"] if said else []
    assert not wrong, "expected: refusals that tell nothing\ncame:\n  " + "\n  ".join(wrong)


def test_refusals_tell_nothing_of_the_server(
    front_desk: FrontDesk,
    ward: Ward,
    door: SignInDesk,
    people: PatientFactory,
    registered: Patient,
    discharged: Visit,
) -> None:
    """An error is for the user, a stack trace is for the log.

    None of the everyday refusals tells how the server is made.
    """
    answers = act_concurrently(
        lambda: front_desk.register(replace(people.draft(), mrn=registered.mrn)),
        lambda: front_desk.register(replace(people.draft(), birth_date=date.max)),
        lambda: front_desk.patient(make_unused_id(registered.id)),
        lambda: ward.admit(discharged),
        lambda: door.sign_in(people.unknown_credentials()),
    )
    refusals = [answer for answer in answers if isinstance(answer, Rejected)]
    assert refusals, "expected: refusals\ncame:     none"
    told = [said for refusal in refusals if (said := find_leaked_internals(refusal.answer))]
    assert not told, "expected: refusals that tell nothing of the server\ncame:\n  " + "\n  ".join(
        told
    )


def parameters(operation: Operation) -> frozenset[str]:
    """The names of what stands in braces in an operation's path."""
    return frozenset(part.partition("}")[0] for part in operation.path.split("{")[1:])


def removes(operation: Operation) -> tuple[bool, int]:
    """What removes comes last, and the innermost of it first."""
    return operation.method == "DELETE", -len(parameters(operation))
