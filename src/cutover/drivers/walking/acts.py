"""What each step of the walk does, and how it sees that it came out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from cutover.drivers.walking.way import Astray, Way
from cutover.hospital import (
    Document,
    Hospital,
    Move,
    Patient,
    PatientDraft,
    PatientQuery,
    Session,
    Status,
    Visit,
)
from cutover.synthetic import token

Thing = TypeVar("Thing", Patient, Visit, Document)


# ── what it says of itself ──


def healthy(field_of: str) -> Callable[[Way], Any]:
    def act(way: Way) -> None:
        health = way.hospital.live() if field_of == "live" else way.hospital.ready()
        if not health.healthy:
            raise Astray(
                f"operations.{field_of}.answer.healthy",
                "a target that says it is healthy",
                f"one that says {health.detail[:80]!r}",
                "write the condition that holds in the answer below, unless the target really"
                " is not",
            )

    return act


def release(way: Way) -> None:
    said = way.hospital.release()
    if said != way.release:
        raise Astray(
            "release",
            f"release {way.release}, as the settings say",
            f"a target that says it is {said[:40]!r}",
            "name the release that is deployed (release, --release or CUTOVER_RELEASE), or mend"
            " operations.release.answer.release",
        )


def describe(way: Way) -> None:
    if not way.hospital.operations():
        raise Astray(
            "operations.describe",
            "an OpenAPI document with operations",
            "one that has none",
            "ask for another document",
        )


# ── sessions ──


def forged(way: Way) -> None:
    way.hospital.patient(
        Session("nobody", token() * 4, variables=way["registrar"].variables), way["patient"].id
    )


def refresh(way: Way) -> Session:
    """A refresh that fails takes nothing away: the session before it still is the registrar's."""
    way.things["registrar"] = refreshed = way.hospital.refresh(way["registrar"])
    return refreshed


# ── patients ──


def register(way: Way) -> Patient:
    return same(way, "register", way.draft(), way.hospital.register(way["registrar"], way.draft()))


def read(way: Way) -> Patient:
    return same(
        way, "patient", way.draft(), way.hospital.patient(way["registrar"], way["patient"].id)
    )


def taken(way: Way) -> None:
    way.hospital.register(way["registrar"], replace(way.people.draft(), mrn=way["patient"].mrn))


def same(way: Way, operation: str, draft: PatientDraft, came: Patient) -> Patient:
    """`came`, when it says what was sent, as the mapping declares that it is stored."""
    expected = way.hospital.as_stored(draft)
    for one in fields(PatientDraft):
        wanted, found = getattr(expected, one.name), getattr(came, one.name)
        if wanted != found:
            raise Astray(
                f"answers.patient.{one.name}",
                f"{one.name} = {str(wanted)!r}, as it was sent",
                shown(way, found),
                f"mend this line or operations.{operation}; where the target stores it otherwise on"
                f" purpose, say how in becomes.{one.name}",
            )
    return came


def shown(way: Way, came: object, *more: str) -> str:
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


def find(way: Way, query: PatientQuery, field_of: str) -> Patient:
    patient: Patient = way["patient"]
    return among(
        way.hospital.search(way["registrar"], query), patient, "search", f"query.{field_of}"
    )


def among(found: Sequence[Thing], wanted: Thing, operation: str, key: str = "items") -> Thing:
    """The one of `found` that is `wanted`."""
    for one in found:
        if one.id == wanted.id:
            return one
    raise Astray(
        f"operations.{operation}.{key}",
        "the entry that was just made",
        f"a list of {len(found)} without it",
        "mend what is asked for: the name of the filter, or a filter that must be given for a new"
        " entry to show",
    )


def find_nobody(way: Way) -> None:
    found = way.hospital.search(way["registrar"], PatientQuery(mrn=way.people.mrn()))
    if found:
        raise Astray(
            "operations.search.query.mrn",
            "no patient: nobody has that number",
            f"{len(found)} of them",
            "the target does not heed this filter: mend its name",
        )


def two_pages(way: Way, list_them: Callable[[Hospital], Sequence[Any]], operation: str) -> None:
    """The list, turned page by page with one entry on each, is the same as in one."""
    whole, small = list_them(way.hospital), list_them(way.small or way.hospital)
    if {one.id for one in whole} != {one.id for one in small} or len(whole) < 2:
        raise Astray(
            f"operations.{operation}.paging",
            f"the same {max(2, len(whole))} entries, one on each page",
            f"{len(small)}",
            "mend where a request says {{ page.… }}, and where the answer says what comes next",
        )


def namesake(way: Way) -> Patient:
    draft = replace(way.draft(), mrn=way.people.mrn(), given_name=f"Ngozi-{token()}")
    return way.hospital.register(way["registrar"], draft)


def update(way: Way) -> Patient:
    changed: Patient = replace(way["patient"], given_name=f"Chiamaka-{token()}")
    way.hospital.update(way["registrar"], changed)
    way.things["patient"] = updated = same(
        way, "update", changed.draft, way.hospital.patient(way["registrar"], changed.id)
    )
    return updated


def update_stale(way: Way) -> None:
    way.hospital.update(way["registrar"], replace(way["first patient"], given_name="Stale"))


def invalid(way: Way) -> None:
    way.hospital.register(way["registrar"], replace(way.people.draft(), family_name=""))


# ── visits ──


def open(way: Way) -> Visit:
    reason = f"walk {token()}"
    visit = way.hospital.open_visit(way["clinician"], way["patient"].id, reason)
    if visit.reason not in (reason, None):
        raise Astray(
            "answers.visit.reason",
            f"{reason!r}, as it was sent",
            shown(way, visit.reason, reason),
            "mend this line or operations.open_visit",
        )
    return stands(visit, Status.OPEN)


def stands(visit: Visit, status: Status) -> Visit:
    if visit.status is not status:
        raise Astray(
            "answers.visit.status",
            f"a visit that is {status.value}",
            f"one that is {visit.status.value}",
            "mend this line, or the target's words for ours in words.status",
        )
    return visit


def read_visit(way: Way) -> Visit:
    visit = way.hospital.visit(way["clinician"], way["patient"].id, way["visit"].id)
    own(visit.id, way["visit"].id, "answers.visit.id")
    own(visit.patient_id, way["patient"].id, "answers.visit.patient_id")
    return visit


def own(came: str, wanted: str, key: str) -> None:
    if came != wanted:
        raise Astray(
            key,
            f"{wanted!r}, as before",
            "another",
            "say where this id stands; where it is not repeated, a template gives it",
        )


def move(move: Move, status: Status, name: str = "visit") -> Callable[[Way], Visit]:
    return lambda way: stands(way.hospital.move(way["clinician"], way[name], move), status)


# ── documents ──


def upload(way: Way) -> Document:
    upload = way.things["upload"] = way.files.of(way.document_type)
    document = way.hospital.upload(way["clinician"], way["patient"].id, upload)
    if document.size not in (None, len(upload.content)):
        raise Astray(
            "answers.document.size",
            f"{len(upload.content)} bytes, as sent",
            f"{document.size}",
            "mend this line, or what is sent",
        )
    return document


def read_document(way: Way) -> Document:
    document = way.hospital.document(way["clinician"], way["patient"].id, way["document"].id)
    own(document.id, way["document"].id, "answers.document.id")
    for name in ("file_name", "media_type"):
        sent, came = getattr(way["upload"], name), getattr(document, name)
        if sent != came:
            raise Astray(
                f"answers.document.{name}",
                f"{sent!r}, as it was sent",
                shown(way, came, sent),
                "mend this line or operations.upload",
            )
    return document


def content(way: Way) -> None:
    came, sent = way.hospital.content(way["clinician"], way["document"]), way["upload"].content
    if came != sent:
        raise Astray(
            "operations.content",
            f"the {len(sent)} bytes that were sent",
            f"{len(came)} others",
            'mend the way to the bytes; where they stand inside of JSON, say base64 = "where"',
        )


def forbidden_type(way: Way) -> None:
    way.hospital.upload(
        way["clinician"], way["patient"].id, way.files.forbidden("application/x-msdownload", "exe")
    )


def file(way: Way) -> Document:
    return way.hospital.upload(way["clinician"], way["patient"].id, way.files.of(way.document_type))


def search(way: Way) -> Callable[[Hospital], Sequence[Patient]]:
    return lambda hospital: hospital.search(
        way["registrar"], PatientQuery(name=way["patient"].family_name)
    )


def visits(way: Way) -> Callable[[Hospital], Sequence[Visit]]:
    return lambda hospital: hospital.visits_of(way["clinician"], way["patient"].id)


def documents(way: Way) -> Callable[[Hospital], Sequence[Document]]:
    return lambda hospital: hospital.documents_of(way["clinician"], way["patient"].id)


def retire(kind: str, *names: str) -> Callable[[Way], None]:
    """Take away again all of a kind that is there.

    What only goes with its patient is settled with him.
    """

    def act(way: Way) -> None:
        for thing in [way[name] for name in names if name in way.things]:
            how = way.hospital.retire(
                way["administrator"],
                kind,
                thing.id,
                None if kind == "patient" else thing.patient_id,
            )
            for left in way.hospital.ledger.left() if kind == "patient" else ():
                if left.patient_id == thing.id:
                    way.hospital.ledger.retired(left, f"with its patient: {how}")

    return act
