"""The critical paths: what one probe of each does, in the words of the hospital's language.

Each looks at what came back: a 200 with somebody else's record is a failure as much as a 500.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from queue import Empty

from cutover_gates.config.watch import WatchPaths
from cutover_gates.hospital import Driver, Patient, PatientQuery, Rejected, Role, Unsupported
from cutover_gates.hospital.synthetic import token
from cutover_gates.watch.own_records import OwnDocument
from cutover_gates.watch.probe_context import Act, NotSent, ProbeContext, require_equal
from cutover_gates.watch.release_crossings import PATH, READ, REPEATED, SESSION, Registration

SAME_KEY = "the patient of the same idempotency key"
STREAM = "stream"
IDEMPOTENCY = "idempotency-keys"
"""The capability of a target that knows a repeated request by its key."""


def sign_in(context: ProbeContext) -> Role:
    """Sign in and out."""
    session = context.driver.sign_in(context.users[Role.REGISTRAR])
    context.driver.sign_out(session)
    return Role.REGISTRAR


def read(context: ProbeContext) -> Role:
    """Read the watcher's patient."""
    role, session = context.reader()
    _compare_patient(context, context.driver.patient(session, context.records.read.id))
    return role


def read_with_old_session(context: ProbeContext) -> Role:
    """Read with the session from before the cutover; its own token is renewed where it ends."""
    session = context.old_session
    try:
        patient = context.driver.patient(session, context.records.read.id)
    except Rejected:
        if session.refresh is None:
            raise
        # One at a time: a token for renewal may be good for one use only.
        with context.old_session_lock:
            if context.old_session is session:
                context.old_session = context.driver.refresh(session)
        patient = context.driver.patient(context.old_session, context.records.read.id)
    _compare_patient(context, patient)
    return Role.REGISTRAR


def read_over_new_connection(context: ProbeContext) -> Role:
    """Read the watcher's patient over a connection that is opened for it."""
    role, session = context.reader()
    _compare_patient(context, context.fresh.patient(session, context.records.read.id))
    return role


def search(context: ProbeContext) -> Role:
    """Find the watcher's patient, and nobody else, by the record number."""
    role, session = context.reader()
    own = context.records.read
    found = context.driver.search(session, PatientQuery(mrn=own.mrn))
    require_equal("the patients found", [own.id], [patient.id for patient in found])
    return role


def write(context: ProbeContext) -> Role:
    """Change a patient of the watcher's own that no other probe changes now."""
    session = context.keeper.session(Role.REGISTRAR)
    try:
        patient = context.records.writable.get_nowait()
    except Empty:
        raise NotSent("every patient of the watcher is being changed") from None
    driver, kept = context.driver, replace(patient, version=None)
    try:
        # Without an answer to the change before, its version is not known.
        known = patient if patient.version else driver.patient(session, patient.id)
        changed = replace(known, address=f"{token()} Harbour Road, Bremen")
        kept = driver.update(session, changed)
        require_equal("the patient", driver.features.stored_form(changed.draft), kept.draft)
    finally:
        context.records.writable.put(kept)
    return Role.REGISTRAR


def register(context: ProbeContext) -> Role:
    """Register a patient twice under one key: the second answer names the same patient."""
    session = context.keeper.session(Role.REGISTRAR)
    first = register_once(context)
    if IDEMPOTENCY in context.unsupported:
        return Role.REGISTRAR
    again = context.driver.register(session, first.draft, idempotency_key=first.key)
    require_equal(SAME_KEY, first.patient.id, again.id)
    return Role.REGISTRAR


def register_once(context: ProbeContext) -> Registration:
    """Register a patient under a key, and keep who answered: the other release shall know it."""
    session = context.keeper.session(Role.REGISTRAR)
    draft, key = context.records.people.draft(), token()
    patient = context.driver.register(session, draft, idempotency_key=key)
    made = Registration(patient, draft, key, context.headers.last.release)
    context.records.registrations.add(made)
    return made


def cross_releases(context: ProbeContext) -> Role:
    """Read a patient that perhaps the other release registered, and register it once more."""
    made, headers = context.records.registrations.choose(), context.headers
    session = context.keeper.session(Role.REGISTRAR)
    issuer = context.keeper.issuer(Role.REGISTRAR)
    with headers.note_crossing(READ, made.release), headers.note_crossing(SESSION, issuer):
        patient = context.driver.patient(session, made.patient.id)
        stored = context.driver.features.stored_form(made.draft)
        require_equal("the patient", stored, patient.draft)
    if IDEMPOTENCY not in context.unsupported:
        with headers.note_crossing(REPEATED, made.release):
            again = context.driver.register(session, made.draft, idempotency_key=made.key)
            require_equal(SAME_KEY, made.patient.id, again.id)
    return Role.REGISTRAR


def open_visit(context: ProbeContext) -> Role:
    """Open a visit of the watcher's patient."""
    session = context.keeper.session(Role.CLINICIAN)
    reason = f"watch {context.records.people.mrn()}"
    visit = context.driver.open_visit(session, context.records.read.id, reason)
    require_equal("the patient of the visit", context.records.read.id, visit.patient_id)
    return Role.CLINICIAN


def upload(context: ProbeContext) -> Role:
    """File a small document."""
    session = context.keeper.session(Role.CLINICIAN)
    context.driver.upload(session, context.records.read.id, context.records.new_upload())
    return Role.CLINICIAN


def upload_slowly(context: ProbeContext) -> Role:
    """File a document over a slow line."""
    session = context.keeper.session(Role.CLINICIAN)
    context.slow.upload(session, context.records.read.id, context.records.new_upload())
    return Role.CLINICIAN


def download(context: ProbeContext) -> Role:
    """Read the bytes of a small document."""
    return _download(context, context.driver, context.records.small)


def download_slowly(context: ProbeContext) -> Role:
    """Read the bytes of the largest document over a slow line."""
    return _download(context, context.slow, context.records.large)


def look_at_streams(context: ProbeContext) -> Role:
    """Look whether the streams that are held open are there."""
    if context.streams is None:
        raise Unsupported(STREAM, "no stream is declared")
    context.streams.require_alive()
    return Role.REGISTRAR


def _download(context: ProbeContext, driver: Driver, own: OwnDocument | None) -> Role:
    if own is None:
        raise Unsupported("upload", "there is no document to read")
    session = context.keeper.session(Role.CLINICIAN)
    content = driver.content(session, own.document)
    require_equal("the sum of the bytes", own.sha256, sha256(content).hexdigest())
    return Role.CLINICIAN


def _compare_patient(context: ProbeContext, patient: Patient) -> None:
    stored = context.driver.features.stored_form(context.records.read.draft)
    require_equal("the patient", stored, patient.draft)


ACTS: Mapping[str, Act] = {
    "sign-in": sign_in,
    "read": read,
    "search": search,
    "write": write,
    "registration": register,
    PATH: cross_releases,
    "visit": open_visit,
    "upload": upload,
    "download": download,
    "upload-slow": upload_slowly,
    "download-slow": download_slowly,
    STREAM: look_at_streams,
    "old-session": read_with_old_session,
    "new-connection": read_over_new_connection,
}
"""Every path by its name, as in `config.watch.WatchPaths`."""
SLOW_PATHS = WatchPaths.SLOW
"""The paths that take long by themselves."""
NEEDED: Mapping[str, str] = {
    "registration": "register",
    PATH: "register",
    "write": "update",
    "search": "search",
    "visit": "open_visit",
    "upload": "upload",
    "upload-slow": "upload",
    "download": "upload",
    "download-slow": "upload",
}
"""The operation of the language without which a path is not applicable."""
