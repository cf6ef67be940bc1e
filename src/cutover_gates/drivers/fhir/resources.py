"""The resources of a run: Patient, Encounter, DocumentReference and Binary, built and read."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from cutover_gates.config.fhir import Fhir
from cutover_gates.drivers.fhir.resource_elements import (
    ACT_CODE,
    ENCOUNTER_STATUS,
    IN_ERROR,
    KEY_SYSTEM,
    STATUS,
    Resource,
    UnreadableResource,
    attachment_of,
    drop_empty,
    first_value,
    hash_of,
    now,
    parse_date,
    parse_sex,
    preferred_name,
    require_id,
    subject_of,
    version_of,
)
from cutover_gates.hospital import Document, Patient, PatientDraft, Upload, Visit, VisitStatus


class ResourceMapper:
    """Builds and reads the resources of one run on one server."""

    def __init__(self, settings: Fhir, run_tag: str) -> None:
        self._settings, self._run_tag = settings, run_tag

    # -- building

    def tagged_resource(self, kind: str) -> Resource:
        """Return an empty resource that carries the run's tag."""
        return {
            "resourceType": kind,
            "meta": {"tag": [{"system": self._settings.tag_system, "code": self._run_tag}]},
        }

    def patient(self, draft: PatientDraft, key: str | None = None) -> Resource:
        """Return a Patient. `key` is an idempotency key, which becomes a second identifier."""
        identifiers = [{"use": "usual", "system": self._settings.mrn_system, "value": draft.mrn}]
        if key:
            identifiers.append({"use": "secondary", "system": KEY_SYSTEM, "value": key})
        name = {
            "use": "official",
            "family": draft.family_name,
            "given": [draft.given_name] if draft.given_name else None,
        }
        return drop_empty(
            {
                **self.tagged_resource("Patient"),
                "identifier": identifiers,
                "active": True,
                "name": [drop_empty(name)],
                "gender": draft.sex.value,
                "birthDate": draft.birth_date.isoformat(),
                "telecom": [{"system": "phone", "value": draft.phone}] if draft.phone else None,
                "address": [{"text": draft.address}] if draft.address else None,
            }
        )

    def encounter(self, patient_id: str, reason: str) -> Resource:
        """Return a planned Encounter."""
        kind = {"system": ACT_CODE, "code": self._settings.encounter_class}
        return {
            **self.tagged_resource("Encounter"),
            "status": ENCOUNTER_STATUS[VisitStatus.OPEN],
            "class": kind,
            "subject": {"reference": f"Patient/{patient_id}"},
            "reasonCode": [{"text": reason}],
        }

    def binary(self, patient_id: str, upload: Upload) -> Resource:
        """Return a Binary that everybody may read who may read the patient's record."""
        return {
            **self.tagged_resource("Binary"),
            "contentType": upload.media_type,
            "securityContext": {"reference": f"Patient/{patient_id}"},
            "data": base64.b64encode(upload.content).decode(),
        }

    def document(self, patient_id: str, upload: Upload, url: str | None) -> Resource:
        """Return a DocumentReference. It holds the bytes where `url` (of a Binary) is None."""
        data = base64.b64encode(upload.content).decode() if url is None else None
        attachment = {
            "contentType": upload.media_type,
            "url": url,
            "data": data,
            "size": len(upload.content),
            "hash": hash_of(upload.content),
            "title": upload.file_name,
        }
        return {
            **self.tagged_resource("DocumentReference"),
            "status": "current",
            "subject": {"reference": f"Patient/{patient_id}"},
            "date": now(),
            "content": [{"attachment": drop_empty(attachment)}],
        }

    # -- reading

    def read_patient(self, resource: Mapping[str, Any], etag: str | None) -> Patient:
        """Return the patient.

        A missing record number or family name is empty, an incomplete birth date the year 1: other
        people's patients may lack them.
        """
        name = preferred_name(resource.get("name", []))
        system = self._settings.mrn_system
        return Patient(
            mrn=first_value(resource.get("identifier", []), "value", system=system) or "",
            family_name=name.get("family", ""),
            given_name=" ".join(name.get("given", [])),
            birth_date=parse_date(resource.get("birthDate")),
            sex=parse_sex(resource.get("gender", "unknown")),
            phone=first_value(resource.get("telecom", []), "value", system="phone"),
            address=first_value(resource.get("address", []), "text"),
            id=require_id(resource),
            version=version_of(resource, etag),
        )

    def read_visit(self, resource: Mapping[str, Any]) -> Visit | None:
        """Return the visit; None where the encounter was entered in error."""
        if resource.get("status") == IN_ERROR:
            return None
        if resource.get("status") not in STATUS:
            raise UnreadableResource(
                f"Encounter.status = {resource.get('status')!r}: expected one of"
                f" {', '.join(STATUS)}"
            )
        return Visit(
            require_id(resource),
            subject_of(resource),
            STATUS[resource["status"]],
            first_value(resource.get("reasonCode", []), "text"),
        )

    def read_document(self, resource: Mapping[str, Any]) -> Document | None:
        """Return the document; None where it was entered in error."""
        if resource.get("status") == IN_ERROR:
            return None
        attachment = attachment_of(resource)
        return Document(
            require_id(resource),
            subject_of(resource),
            attachment.get("title", ""),
            attachment.get("contentType", ""),
            attachment.get("size"),
        )
