"""What each step of the walk does, and how it sees that it came out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from cutover_gates.drivers.mapping_check.check_context import CheckContext, UnexpectedResult
from cutover_gates.hospital import (
    Document,
    Driver,
    Patient,
    PatientDraft,
    PatientQuery,
    Session,
    Transition,
    Visit,
    VisitStatus,
)
from cutover_gates.hospital.synthetic import token

Thing = TypeVar("Thing", Patient, Visit, Document)


# ── what it says of itself ──


def check_health(field_of: str) -> Callable[[CheckContext], Any]:
    def act(way: CheckContext) -> None:
        health = way.hospital.live() if field_of == "live" else way.hospital.ready()
        if not health.healthy:
            raise UnexpectedResult(
                f"operations.{field_of}.answer.healthy",
                "a target that says it is healthy",
                f"one that says {health.detail[:80]!r}",
                "write the condition that holds in the answer below, unless the target really"
                " is not",
            )

    return act


def release(way: CheckContext) -> None:
    said = way.hospital.release()
    if said != way.release:
        raise UnexpectedResult(
            "release",
            f"release {way.release}, as the settings say",
            f"a target that says it is {said[:40]!r}",
            "name the release that is deployed (release, --release or CUTOVER_RELEASE), or mend"
            " operations.release.answer.release",
        )


def describe(way: CheckContext) -> None:
    if not way.hospital.operations():
        raise UnexpectedResult(
            "operations.describe",
            "an OpenAPI document with operations",
            "one that has none",
            "ask for another document",
        )


# ── sessions ──


def present_forged_token(way: CheckContext) -> None:
    way.hospital.patient(
        Session("nobody", token() * 4, variables=way["registrar"].variables), way["patient"].id
    )


def refresh(way: CheckContext) -> Session:
    """A refresh that fails takes nothing away: the session before it still is the registrar's."""
    way.things["registrar"] = refreshed = way.hospital.refresh(way["registrar"])
    return refreshed


# ── patients ──


def register(way: CheckContext) -> Patient:
    return require_same(
        way, "register", way.draft(), way.hospital.register(way["registrar"], way.draft())
    )


def read_patient(way: CheckContext) -> Patient:
    return require_same(
        way, "patient", way.draft(), way.hospital.patient(way["registrar"], way["patient"].id)
    )


def register_duplicate(way: CheckContext) -> None:
    way.hospital.register(way["registrar"], replace(way.people.draft(), mrn=way["patient"].mrn))


def require_same(way: CheckContext, operation: str, draft: PatientDraft, came: Patient) -> Patient:
    """`came`, when it says what was sent, as the mapping declares that it is stored."""
    expected = way.hospital.stored_form(draft)
    for one in fields(PatientDraft):
        wanted, found = getattr(expected, one.name), getattr(came, one.name)
        if wanted != found:
            raise UnexpectedResult(
                f"answers.patient.{one.name}",
                f"{one.name} = {str(wanted)!r}, as it was sent",
                format_if_own(way, found),
                f"mend this line or operations.{operation}; where the target stores it otherwise on"
                f" purpose, say how in becomes.{one.name}",
            )
    return came


def format_if_own(way: CheckContext, came: object, *more: str) -> str:
    """A value that came, when all its words are of those that were sent; else only how long it is,
    for it may be somebody's.
    """
    sent = {
        word
        for text in (*(str(getattr(way.draft(), one.name)) for one in fields(PatientDraft)), *more)
        for word in _words(text)
    }
    if came is None or (_words(str(came)) and _words(str(came)) <= sent):
        return f"{came if came is None else str(came)!r}"
    return f"another value ({len(str(came))} characters)"


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def find(way: CheckContext, query: PatientQuery, field_of: str) -> Patient:
    patient: Patient = way["patient"]
    return pick_from(
        way.hospital.search(way["registrar"], query), patient, "search", f"query.{field_of}"
    )


def pick_from(found: Sequence[Thing], wanted: Thing, operation: str, key: str = "items") -> Thing:
    """The one of `found` that is `wanted`."""
    for one in found:
        if one.id == wanted.id:
            return one
    raise UnexpectedResult(
        f"operations.{operation}.{key}",
        "the entry that was just made",
        f"a list of {len(found)} without it",
        "mend what is asked for: the name of the filter, or a filter that must be given for a new"
        " entry to show",
    )


def search_for_nobody(way: CheckContext) -> None:
    found = way.hospital.search(way["registrar"], PatientQuery(mrn=way.people.mrn()))
    if found:
        raise UnexpectedResult(
            "operations.search.query.mrn",
            "no patient: nobody has that number",
            f"{len(found)} of them",
            "the target does not heed this filter: mend its name",
        )


def list_two_pages(
    way: CheckContext, list_them: Callable[[Driver], Sequence[Any]], operation: str
) -> None:
    """The list, turned page by page with one entry on each, is the same as in one."""
    whole, small = list_them(way.hospital), list_them(way.small or way.hospital)
    if {one.id for one in whole} != {one.id for one in small} or len(whole) < 2:
        raise UnexpectedResult(
            f"operations.{operation}.paging",
            f"the same {max(2, len(whole))} entries, one on each page",
            f"{len(small)}",
            "mend where a request says {{ page.… }}, and where the answer says what comes next",
        )


def register_namesake(way: CheckContext) -> Patient:
    draft = replace(way.draft(), mrn=way.people.mrn(), given_name=f"Ngozi-{token()}")
    return way.hospital.register(way["registrar"], draft)


def update(way: CheckContext) -> Patient:
    changed: Patient = replace(way["patient"], given_name=f"Chiamaka-{token()}")
    way.hospital.update(way["registrar"], changed)
    way.things["patient"] = updated = require_same(
        way, "update", changed.draft, way.hospital.patient(way["registrar"], changed.id)
    )
    return updated


def update_stale(way: CheckContext) -> None:
    way.hospital.update(way["registrar"], replace(way["first patient"], given_name="Stale"))


def register_invalid(way: CheckContext) -> None:
    way.hospital.register(way["registrar"], replace(way.people.draft(), family_name=""))


# ── visits ──


def open_visit(way: CheckContext) -> Visit:
    reason = f"walk {token()}"
    visit = way.hospital.open_visit(way["clinician"], way["patient"].id, reason)
    if visit.reason not in (reason, None):
        raise UnexpectedResult(
            "answers.visit.reason",
            f"{reason!r}, as it was sent",
            format_if_own(way, visit.reason, reason),
            "mend this line or operations.open_visit",
        )
    return require_status(visit, VisitStatus.OPEN)


def require_status(visit: Visit, status: VisitStatus) -> Visit:
    if visit.status is not status:
        raise UnexpectedResult(
            "answers.visit.status",
            f"a visit that is {status.value}",
            f"one that is {visit.status.value}",
            "mend this line, or the target's words for ours in words.status",
        )
    return visit


def read_visit(way: CheckContext) -> Visit:
    visit = way.hospital.visit(way["clinician"], way["patient"].id, way["visit"].id)
    require_own_id(visit.id, way["visit"].id, "answers.visit.id")
    require_own_id(visit.patient_id, way["patient"].id, "answers.visit.patient_id")
    return visit


def require_own_id(came: str, wanted: str, key: str) -> None:
    if came != wanted:
        raise UnexpectedResult(
            key,
            f"{wanted!r}, as before",
            "another",
            "say where this id stands; where it is not repeated, a template gives it",
        )


def move(
    move: Transition, status: VisitStatus, name: str = "visit"
) -> Callable[[CheckContext], Visit]:
    return lambda way: require_status(way.hospital.move(way["clinician"], way[name], move), status)


# ── documents ──


def upload(way: CheckContext) -> Document:
    upload = way.things["upload"] = way.files.of_type(way.document_type)
    document = way.hospital.upload(way["clinician"], way["patient"].id, upload)
    if document.size not in (None, len(upload.content)):
        raise UnexpectedResult(
            "answers.document.size",
            f"{len(upload.content)} bytes, as sent",
            f"{document.size}",
            "mend this line, or what is sent",
        )
    return document


def read_document(way: CheckContext) -> Document:
    document = way.hospital.document(way["clinician"], way["patient"].id, way["document"].id)
    require_own_id(document.id, way["document"].id, "answers.document.id")
    for name in ("file_name", "media_type"):
        sent, came = getattr(way["upload"], name), getattr(document, name)
        if sent != came:
            raise UnexpectedResult(
                f"answers.document.{name}",
                f"{sent!r}, as it was sent",
                format_if_own(way, came, sent),
                "mend this line or operations.upload",
            )
    return document


def read_content(way: CheckContext) -> None:
    came, sent = way.hospital.content(way["clinician"], way["document"]), way["upload"].content
    if came != sent:
        raise UnexpectedResult(
            "operations.content",
            f"the {len(sent)} bytes that were sent",
            f"{len(came)} others",
            'mend the way to the bytes; where they stand inside of JSON, say base64 = "where"',
        )


def upload_forbidden_type(way: CheckContext) -> None:
    way.hospital.upload(
        way["clinician"],
        way["patient"].id,
        way.files.of_forbidden_type("application/x-msdownload", "exe"),
    )


def upload_second(way: CheckContext) -> Document:
    return way.hospital.upload(
        way["clinician"], way["patient"].id, way.files.of_type(way.document_type)
    )


def search(way: CheckContext) -> Callable[[Driver], Sequence[Patient]]:
    return lambda hospital: hospital.search(
        way["registrar"], PatientQuery(name=way["patient"].family_name)
    )


def visits(way: CheckContext) -> Callable[[Driver], Sequence[Visit]]:
    return lambda hospital: hospital.visits_of(way["clinician"], way["patient"].id)


def documents(way: CheckContext) -> Callable[[Driver], Sequence[Document]]:
    return lambda hospital: hospital.documents_of(way["clinician"], way["patient"].id)


def retire(kind: str, *names: str) -> Callable[[CheckContext], None]:
    """Take away again all of a kind that is there.

    What only goes with its patient is settled with him.
    """

    def act(way: CheckContext) -> None:
        for thing in [way[name] for name in names if name in way.things]:
            how = way.hospital.retire(
                way["administrator"],
                kind,
                thing.id,
                None if kind == "patient" else thing.patient_id,
            )
            for left in way.hospital.ledger.remaining_records() if kind == "patient" else ():
                if left.patient_id == thing.id:
                    way.hospital.ledger.record_deleted(left, f"with its patient: {how}")

    return act
