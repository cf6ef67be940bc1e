"""Every documented endpoint answers as documented, and reveals nothing of the server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
    SECURITY_HEADERS,
    TargetCapabilities,
    act_concurrently,
    assert_equal,
    assert_no_findings,
    find_document_mismatch,
    find_failure,
    find_leaked_internals,
    find_missing_security_headers,
    find_refusal,
)
from cutover_gates.hospital.synthetic import HOSTILE_IDS, PatientFactory, make_unused_id

pytestmark = pytest.mark.plan("api-endpoints")

Ask = Callable[..., Answer]
Own = Mapping[str, str]


@pytest.mark.plan("previous-version")
def test_the_release_under_judgement_answers(
    hospital: Driver, answering_releases: frozenset[str]
) -> None:
    """The target runs the release under judgement.

    Before the cutover and after a rollback this is the previous release, as the plan says.
    """
    reported = hospital.release()
    expected = " or ".join(sorted(answering_releases))
    assert_equal(reported if reported in answering_releases else expected, reported, "release")


def test_every_reading_operation_answers_as_documented(
    ask: Ask, operations: Sequence[Operation], own_ids: Own, administrator: Session
) -> None:
    """Every reading operation answers as documented.

    It returns existing records, with a documented status and type.
    """
    reading = [operation for operation in operations if operation.method == "GET"]
    assert reading, "the document has no operation that reads"
    findings = []
    for operation in reading:
        answer = ask(operation, administrator, own_ids)
        findings.append(find_document_mismatch(operation, answer))
        if operation.protected and parameters(operation) <= own_ids.keys():
            findings.append(find_refusal(f"{operation} of an existing thing", answer))
    assert_no_findings(findings)


def test_every_writing_operation_answers_as_documented(
    ask: Ask,
    operations: Sequence[Operation],
    own_ids: Own,
    administrator: Session,
    spent_session: Session,
) -> None:
    """Every operation that changes something answers as documented.

    It answers with a documented status and type. Requests on the check's own chart are sent by an
    administrator. All others are sent by an account that may change nothing, and whose session may
    be lost.
    """
    changing = [operation for operation in operations if operation.method != "GET"]
    findings = []
    for operation in sorted(changing, key=removes):
        inside = parameters(operation) and parameters(operation) <= own_ids.keys()
        answer = ask(operation, administrator if inside else spent_session, own_ids)
        findings.append(find_document_mismatch(operation, answer))
    assert_no_findings(findings)


def test_every_operation_answers_a_stranger_as_documented(
    ask: Ask, operations: Sequence[Operation]
) -> None:
    """Every operation answers a caller without a token as documented.

    It answers with a documented status and type.
    """
    findings = [find_document_mismatch(operation, ask(operation, None)) for operation in operations]
    assert_no_findings(findings)


def test_what_is_not_there_is_refused_as_documented(
    ask: Ask, operations: Sequence[Operation], administrator: Session
) -> None:
    """Every operation answers a request for an unknown id as documented.

    It answers with a documented status and type.
    """
    named = [operation for operation in operations if parameters(operation)]
    findings = [
        find_document_mismatch(operation, ask(operation, administrator)) for operation in named
    ]
    assert_no_findings(findings)


def test_every_answer_carries_the_security_headers(
    ask: Ask,
    operations: Sequence[Operation],
    own_ids: Own,
    administrator: Session,
    capabilities: TargetCapabilities,
    headers_not_judged: Collection[str],
) -> None:
    """Every answer carries the security headers, rejections too.

    Browsers protect patients only where the server asks for it.
    """
    assert operations, "the document has no operations"
    name, findings, missing = "security-headers", [], 0
    headers = capabilities.choose(name, SECURITY_HEADERS)
    for operation in operations:
        for session in (None, administrator) if operation.method == "GET" else (None,):
            answer = ask(operation, session, own_ids)
            all_findings, asked = (
                find_missing_security_headers(
                    str(operation),
                    answer,
                    personal=operation.protected,
                    headers=chosen,
                    not_judged=headers_not_judged,
                )
                for chosen in (SECURITY_HEADERS, headers)
            )
            findings += asked
            missing += len(all_findings) - len(asked)
    assert_no_findings(findings)
    capabilities.allow_lack(name, is_lacking=missing > 0)


@pytest.mark.parametrize("hostile", HOSTILE_IDS, ids=ascii)
def test_a_hostile_id_brings_nothing_to_light(
    ask: Ask, operations: Sequence[Operation], administrator: Session, hostile: str
) -> None:
    """A hostile id is rejected without an internal error and reveals nothing of the server."""
    findings = []
    for operation in operations:
        if names := parameters(operation):
            answer = ask(operation, administrator, dict.fromkeys(names, hostile))
            failure = find_failure(str(operation), answer)
            findings.append(failure or find_leaked_internals(str(operation), answer))
    assert_no_findings(findings)


def test_refusals_tell_nothing_of_the_server(
    front_desk: FrontDesk,
    ward: Ward,
    door: SignInDesk,
    people: PatientFactory,
    registered: Patient,
    discharged: Visit,
) -> None:
    """Everyday rejections reveal nothing of the server.

    A stack trace belongs in the log, not in an answer.
    """
    answers = act_concurrently(
        lambda: front_desk.register(replace(people.draft(), mrn=registered.mrn)),
        lambda: front_desk.register(replace(people.draft(), birth_date=date.max)),
        lambda: front_desk.patient(make_unused_id(registered.id)),
        lambda: ward.admit(discharged),
        lambda: door.sign_in(people.unknown_credentials()),
    )
    refusals = [answer for answer in answers if isinstance(answer, Rejected)]
    assert refusals, "no action was refused"
    findings = [
        find_leaked_internals(f"refusal as {refusal.reason.value}", refusal.answer)
        for refusal in refusals
    ]
    assert_no_findings(findings)


def parameters(operation: Operation) -> frozenset[str]:
    """Return the names of the parameters in an operation's path."""
    return frozenset(part.partition("}")[0] for part in operation.path.split("{")[1:])


def removes(operation: Operation) -> tuple[bool, int]:
    """Return the sort key: operations that remove come last, the innermost of them first."""
    return operation.method == "DELETE", -len(parameters(operation))
