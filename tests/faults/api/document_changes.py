"""Faults of a release that breaks the clients of the one before: its document promises less than
theirs did, or asks for more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cutover_gates.probes.api.compatibility import rules
from tests.faults.api.api_fault import ApiFault, fields, operation


class _Change(ApiFault):
    """Whatever breaks a client, one item finds it."""

    item = "contract-compatibility"


# ── what is there ──


class AnOperationIsGone(_Change):
    """The desk's program cancels a visit that was opened by mistake, and is told that there is no
    such thing.
    """

    breaks, shows = (rules.OPERATION_KEPT,), "cancel"
    also: ClassVar[Mapping[str, str]] = {"contract-document": "the mapping cancels visits"}
    only = ("openVisit", "getVisit", "cancelVisit")

    def change(self, document: dict[str, Any]) -> None:
        del document["paths"]["/api/v1/patients/{patient_id}/visits/{visit_id}/cancel"]
        del operation(document, "openVisit")["responses"]["201"]["links"]["cancelVisit"]


# ── what is sent ──


class AFieldIsNowRequired(_Change):
    """Newborns without a given name cannot be registered by a program that never sends an empty
    one.
    """

    breaks, shows = (rules.NOTHING_NEWLY_REQUIRED,), "given_name"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        document["components"]["schemas"]["PatientBody"]["required"].append("given_name")


class AnEnumIsNarrowed(_Change):
    """An unconscious patient, whose sex the ambulance's program sends as unknown, is refused at the
    door.
    """

    breaks, shows = (rules.VALUES_KEPT,), "sex"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        fields(document, "PatientBody")["sex"]["enum"].remove("unknown")


class AFieldIsTakenNoMore(_Change):
    """Telephone numbers are refused, and with them the patient."""

    breaks, shows = (rules.FIELD_KEPT,), "phone"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        del fields(document, "PatientBody")["phone"]


class ALimitIsTightened(_Change):
    """The letter of referral was a reason for a visit, and is too long now."""

    breaks, shows = (rules.BOUNDS_KEPT,), "reason"
    only = ("openVisit", "getVisit")

    def change(self, document: dict[str, Any]) -> None:
        fields(document, "VisitBody")["reason"]["maxLength"] = 100


class AHeaderIsNowRequired(_Change):
    """A program that never heard of keys can register nobody."""

    breaks, shows = (rules.NOTHING_NEWLY_REQUIRED,), "Idempotency-Key"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        next(
            one
            for one in operation(document, "createPatient")["parameters"]
            if one["name"] == "Idempotency-Key"
        )["required"] = True


# ── what is read ──


class AFieldIsGone(_Change):
    """The program that calls patients up has no number to call."""

    breaks, shows = (rules.FIELD_KEPT,), "phone"
    only = ("getPatient", "deletePatient")

    def change(self, document: dict[str, Any]) -> None:
        schema = document["components"]["schemas"]["Patient"]
        del schema["properties"]["phone"]
        schema["required"].remove("phone")


class AStateIsAdded(_Change):
    """A program that knows four states of a visit breaks down at the fifth."""

    breaks, shows = (rules.VALUES_KEPT,), "status"
    only = ("openVisit", "getVisit")

    def change(self, document: dict[str, Any]) -> None:
        fields(document, "Visit")["status"]["enum"].append("transferred")


class AStatusIsAnother(_Change):
    """A program that waits for 201 takes 202 for a failure, and registers the patient again."""

    breaks, shows = (rules.STATUS_KEPT,), "201"
    only = ("createPatient", "getPatient")

    def change(self, document: dict[str, Any]) -> None:
        responses = operation(document, "createPatient")["responses"]
        responses["202"] = responses.pop("201")


class WhatAlwaysCameMayBeMissing(_Change):
    """The wristband is printed without a medical record number."""

    breaks, shows = (rules.FIELD_ALWAYS_SENT,), "mrn"
    only = ("getPatient", "deletePatient")

    def change(self, document: dict[str, Any]) -> None:
        document["components"]["schemas"]["Patient"]["required"].remove("mrn")
