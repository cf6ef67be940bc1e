"""A clinic in memory that can be asked like a driver, right as it stands; what a test sets
otherwise is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital import (
    Answer,
    DriverFeatures,
    Operation,
    Reason,
    Role,
    Session,
    StaffRoles,
    Unreachable,
)
from cutover_gates.hospital.staff_roles import SHIPPED_ROLES
from cutover_gates.probes.api.access.assessments import AccessAssessments
from cutover_gates.probes.api.access.model import AccessContext, PatientChart
from cutover_gates.probes.api.access.role_table import RoleTable

VERSION = Operation("GET", "/version", False, frozenset({200}))
ME = Operation("GET", "/me", True, frozenset({200}))
LEAVE = Operation("POST", "/leave", True, frozenset({204}))
FIND = Operation("GET", "/patients", True, frozenset({200}))
PATIENT = Operation("GET", "/patients/{patient_id}", True, frozenset({200}))
REMOVE = Operation("DELETE", "/patients/{patient_id}", True, frozenset({204}))
AUDIT = Operation("GET", "/audit", True, frozenset({200}))
SETTINGS = Operation("PUT", "/settings", True, frozenset({200}))
LETTER = Operation("GET", "/patients/{patient_id}/letters/{document_id}", True, frozenset({200}))
WARD = Operation("GET", "/wards/{ward_id}", True, frozenset({200}))

TABLE: Mapping[str, Sequence[str]] = {
    "anybody": ["GET /version"],
    "registrar": ["GET /me", "POST /leave", "GET /patients", "GET /patients/*"],
    "clinician": ["GET /me", "POST /leave", "GET /patients", "GET /patients/*"],
    "auditor": ["GET /me", "POST /leave", "GET /audit"],
    "administrator": ["GET /me", "POST /leave", "* /patients*", "GET /audit"],
}
STATUS = {
    Reason.UNAUTHENTICATED: 401,
    Reason.FORBIDDEN: 403,
    Reason.NOT_FOUND: 404,
    Reason.INVALID: 422,
    Reason.THROTTLED: 429,
}


@dataclass
class Clinic:
    """`answers`: operation, who, and what is answered whatever is right: a `Reason`, a status, or a
    text that comes with 200. `chatty`: its refusals name the patient. `mixing`: a letter is found
    below any patient. `talkative`: whoever searches finds. `picky`: a list wants a name.
    """

    operations: Sequence[Operation] = (VERSION, ME, LEAVE, FIND, PATIENT, REMOVE, AUDIT)
    may: Mapping[str, Sequence[str]] = field(default_factory=lambda: TABLE)
    answers: Sequence[tuple[Operation, str, Reason | int | str]] = ()
    takes_expired: bool = False
    silent: bool = False
    chatty: bool = False
    mixing: bool = False
    talkative: bool = False
    picky: bool = False
    charts: dict[str, str] = field(default_factory=dict)
    living: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[Operation, str]] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))

    def sign_in(self, role: str) -> Session:
        token = f"{role}-{next(self.numbers)}"
        self.living[token] = str(role)
        return Session(str(role), token)

    def chart(self) -> PatientChart:
        number = next(self.numbers)
        self.charts[f"p{number}"] = f"Okafor-{number}"
        return PatientChart(
            {"patient": f"p{number}", "document": f"d{number}"},
            (f"Okafor-{number}",),
            ({"name": f"Okafor-{number}"},),
        )

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        who = self._who(session)
        self.asked.append((operation, who))
        if self.silent:
            raise Unreachable("no answer", final=True)
        told = next(
            (told for asked, by, told in self.answers if (asked, by) == (operation, who)), None
        )
        found = told if told is not None else self._right(operation, who, values or {})
        if found == 204 and operation is LEAVE and session is not None:
            self.living.pop(session.access, None)
        about = self.charts.get((values or {}).get("patient_id", ""), "")
        if found == 204 and operation is REMOVE:
            del self.charts[(values or {})["patient_id"]]
        if isinstance(found, Reason):
            return Answer(
                STATUS[found],
                {"x-request-id": "r1"},
                f"not yours: {about}".encode() if self.chatty else b"",
            )
        return Answer(found, {}, b"") if isinstance(found, int) else Answer(200, {}, found.encode())

    @property
    def features(self) -> DriverFeatures:
        return DriverFeatures(reason_of=_reason_of)

    def _who(self, session: Session | None) -> str:
        if session is None:
            return "nobody"
        return (
            "expired" if session.access == "expired" else self.living.get(session.access, "ended")
        )

    def _right(
        self, operation: Operation, who: str, values: Mapping[str, str]
    ) -> Reason | int | str:
        patient = values.get("patient_id", "nobody")
        if not operation.protected:
            return 200
        if who in ("nobody", "ended") or (who == "expired" and not self.takes_expired):
            return Reason.UNAUTHENTICATED
        role = {"outsider": "clinician", "expired": "administrator"}.get(who, who)
        if not RoleTable("", self.may).allows(role, operation):
            return Reason.FORBIDDEN
        if "{" in operation.path and (patient not in self.charts or who == "outsider"):
            return Reason.NOT_FOUND
        if (
            operation is LETTER
            and values.get("document_id", "")[1:] != patient[1:]
            and not self.mixing
        ):
            return Reason.NOT_FOUND
        if operation is FIND and self.picky and "name" not in values:
            return Reason.INVALID
        if operation is FIND and "name" in values and (self.talkative or who != "outsider"):
            return f"[{values['name']}]"
        return (
            204
            if operation.method != "GET"
            else f"about {self.charts.get(patient, '')}"
            if operation is PATIENT
            else "[]"
        )


def access(
    clinic: Clinic,
    table: Mapping[str, Sequence[str]] = TABLE,
    *,
    kept: list[Assessment] | None = None,
    sessions: Callable[[str], Session] | None = None,
    staff: StaffRoles = SHIPPED_ROLES,
    words: Mapping[str, Sequence[str]] = MappingProxyType({}),
    expired: Session | Exception | None = None,
    names: Mapping[str, str] | None = None,
    untried: Mapping[str, str] | None = None,
    asked: Sequence[Operation] | None = None,
) -> AccessAssessments:
    """The questions, put to a clinic."""
    living = {role: clinic.sign_in(role) for role in (*staff.names, Role.OUTSIDER.value)}
    made: dict[str, dict[str, Any]] = {}

    def once(key: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if key not in made:
            made[key] = compute()
        return made[key]

    asking = AccessContext(
        clinic,
        clinic.operations if asked is None else asked,
        clinic.operations,
        RoleTable("staging", table, staff, words),
        sessions or living.__getitem__,
        clinic.sign_in,
        expired or Session("expired", "expired"),
        clinic.chart,
        names or {},
        untried or {},
    )
    return AccessAssessments(asking, once, kept.append if kept is not None else lambda _: None)


def _reason_of(answer: Answer) -> Reason | None:
    return next((reason for reason, status in STATUS.items() if status == answer.status), None)
