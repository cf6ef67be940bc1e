"""What a run stands on that only reads: things of its own that are there to be found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from cutover.hospital import Hospital, MappingError, Misbehaved, NotOffered, Refused, Role, Session
from cutover.synthetic import Files, People


def own_ids(
    hospital: Hospital, sessions: Callable[[Role], Session], tag: str, document_type: str
) -> dict[str, str]:
    """A patient, a visit and a document, made for the run: their ids by the names that path
    parameters give them. Fewer where one cannot be made.
    """
    ids: dict[str, str] = {}
    with suppress(Refused, Misbehaved, NotOffered, MappingError):
        for kind, made in _made(hospital, sessions, tag, document_type):
            ids |= {f"{kind}_id": made, f"{kind}Id": made}
    return ids


def _made(
    hospital: Hospital, sessions: Callable[[Role], Session], tag: str, document_type: str
) -> Iterator[tuple[str, str]]:
    patient = hospital.register(sessions(Role.REGISTRAR), People(tag).draft())
    yield "patient", patient.id
    clinician = sessions(Role.CLINICIAN)
    yield "visit", hospital.open_visit(clinician, patient.id, f"contract {tag}").id
    yield "document", hospital.upload(clinician, patient.id, Files(tag).of(document_type)).id
