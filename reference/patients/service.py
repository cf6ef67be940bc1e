"""Rules for patients, between the routes and the database."""

from __future__ import annotations

from uuid import UUID

from reference.patients import idempotency, store
from reference.patients.model import Patient, PatientBody
from reference.problems import Problem, not_found
from reference.security import Access


def register(access: Access, body: PatientBody, key: str | None) -> Patient:
    """Register a patient in the caller's facility.

    Return the patient that was registered with the same key before, if there is one.
    """
    caller = access.caller
    with access.transaction() as connection:
        if key is not None:
            earlier = idempotency.take(
                connection, caller.username, key, body.model_dump(mode="json")
            )
            if earlier is not None:
                patient = Patient.model_validate_json(earlier)
                access.patient_id = patient.id
                return patient
        patient = Patient.model_validate(
            store.insert(connection, caller.facility, body.model_dump())
        )
        access.patient_id = patient.id
        if key is not None:
            idempotency.keep(
                connection, caller.username, key, patient.id, patient.model_dump_json()
            )
        return patient


def read(access: Access, patient_id: UUID) -> Patient:
    """Return the patient. Raises `not-found`."""
    with access.transaction() as connection:
        patient = store.find(connection, patient_id, access.caller.sees)
        if patient is None:
            raise not_found("patient")
        return Patient.model_validate(patient)


def change(access: Access, patient_id: UUID, body: PatientBody, if_match: str | None) -> Patient:
    """Replace the patient's values if `if_match` names the current version.

    Raises `stale` or `precondition-required` otherwise.
    """
    with access.transaction() as connection:
        if if_match is None:
            raise Problem("precondition-required", "Send the patient's ETag as If-Match.")
        patient = store.lock(connection, patient_id, access.caller.sees)
        if patient is None:
            raise not_found("patient")
        if not matches(if_match, patient["version"]):
            raise Problem("stale", "The patient was changed since that version; read it again.")
        return Patient.model_validate(store.update(connection, patient_id, body.model_dump()))


def remove(access: Access, patient_id: UUID) -> None:
    """Remove a synthetic patient with all its records; a real one is never removed."""
    with access.transaction() as connection:
        patient = store.lock(connection, patient_id, access.caller.sees)
        if patient is None:
            raise not_found("patient")
        if patient["tag"] is None:
            raise Problem("forbidden", "Only a tagged patient can be deleted.")
        store.delete(connection, patient_id)


def etag(version: int) -> str:
    """Return the version as an entity tag: `"3"`."""
    return f'"{version}"'


def matches(if_match: str, version: int) -> bool:
    """Return whether an If-Match header names this version.

    The header is `*` or a list of strong tags (RFC 9110).
    """
    return if_match.strip() == "*" or etag(version) in [tag.strip() for tag in if_match.split(",")]
