"""A team's own driver for a backend that no mapping fits.

The backend has one address, calls by name, errors inside a 200, and files as base64 in JSON. The
driver knows the language of `cutover_gates.hospital` and the client that it is given, which bounds,
guards and records every request.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import count
from typing import Any, TypeVar

import httpx

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.partial_upload import send_half
from cutover_gates.drivers.transport import TargetUnavailable
from cutover_gates.hospital import (
    Answer,
    Credentials,
    Document,
    DriverBase,
    Health,
    Patient,
    PatientDraft,
    PatientQuery,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Sex,
    Transition,
    Unreachable,
    Unsupported,
    Upload,
    Visit,
    VisitStatus,
)

T = TypeVar("T")
REASONS = {
    "SESSION": Reason.UNAUTHENTICATED,
    "RIGHTS": Reason.FORBIDDEN,
    "NONE": Reason.NOT_FOUND,
    "CODE": Reason.DUPLICATE,
    "PARAMS": Reason.INVALID,
    "REV": Reason.STALE,
    "STATE": Reason.ILLEGAL_TRANSITION,
    "SIZE": Reason.TOO_LARGE,
    "MIME": Reason.UNSUPPORTED_TYPE,
    "LATER": Reason.THROTTLED,
}
STATES = {
    "new": VisitStatus.OPEN,
    "in": VisitStatus.ADMITTED,
    "out": VisitStatus.DISCHARGED,
    "off": VisitStatus.CANCELLED,
}
STEPS = {Transition.ADMIT: "in", Transition.DISCHARGE: "out", Transition.CANCEL: "off"}
SEXES = {"f": Sex.FEMALE, "m": Sex.MALE, "d": Sex.OTHER, None: Sex.UNKNOWN}
LETTERS = {sex: letter for letter, sex in SEXES.items()}
SYNTHETIC = "cutover.synthetic"


class Driver(DriverBase):
    """The driver. `settings` holds `endpoint`, the path of the one address."""

    def __init__(
        self,
        base_url: str,
        *,
        client: httpx.Client,
        run_tag: str,
        recorder: Recorder,
        settings: Mapping[str, Any],
    ) -> None:
        self._url, self._client, self._tag, self._redactor = (
            base_url + settings["endpoint"],
            client,
            run_tag,
            recorder.redactor,
        )
        self._numbers = count(1)

    # ── in and out ──

    def sign_in(self, credentials: Credentials) -> Session:
        told = self._call(
            "session.open", None, login=credentials.username, password=credentials.password
        )
        return self._session(credentials.username, told)

    def refresh(self, session: Session) -> Session:
        return self._session(
            session.username, self._call("session.renew", None, renewal=session.refresh)
        )

    def sign_out(self, session: Session) -> None:
        self._call("session.close", session)

    def _session(self, username: str, told: Any) -> Session:
        session = self._read(
            told, lambda: Session(username, told["sid"], told["renewal"], float(told["seconds"]))
        )
        self._redactor.learn("session id", session.access)
        self._redactor.learn("renewal", session.refresh)
        return session

    # ── patients ──

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        return self._patient(
            self._call("person.add", session, **_told(draft), once=idempotency_key, tag=self._tag)
        )

    def patient(self, session: Session, patient_id: str) -> Patient:
        return self._patient(self._call("person.get", session, person=patient_id))

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        asked = {
            "code": query.mrn,
            "text": query.name,
            "born": query.birth_date and query.birth_date.isoformat(),
        }
        return [self._patient(one) for one in self._all("person.find", session, **asked)]

    def update(self, session: Session, patient: Patient) -> Patient:
        rev = int(patient.version or 0)
        return self._patient(
            self._call("person.set", session, person=patient.id, rev=rev, **_told(patient.draft))
        )

    def _patient(self, one: Any) -> Patient:
        def read() -> Patient:
            family_name, given_name = one["names"]
            return Patient(
                one["code"],
                family_name,
                given_name,
                date.fromisoformat(one["born"]),
                SEXES[one["sex"]],
                one["phone"],
                one["home"],
                id=one["id"],
                version=str(one["rev"]),
            )

        return self._read(one, read)

    # ── visits ──

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        return self._visit(
            self._call("case.add", session, person=patient_id, why=reason, tag=self._tag)
        )

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        return self._visit(self._call("case.get", session, person=patient_id, case=visit_id))

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        return [self._visit(one) for one in self._all("case.all", session, person=patient_id)]

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        return self._visit(
            self._call(
                "case.step", session, person=visit.patient_id, case=visit.id, step=STEPS[move]
            )
        )

    def _visit(self, one: Any) -> Visit:
        return self._read(
            one, lambda: Visit(one["id"], one["person"], STATES[one["state"]], one["why"])
        )

    # ── documents ──

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        return self._document(self._call("blob.add", session, person=patient_id, **_file(upload)))

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        try:
            send_half(self._request("blob.add", session, person=patient_id, **_file(upload)), None)
        except OSError as error:
            raise ProtocolViolation(
                f"blob.add: expected a connection, came {type(error).__name__}: {error}"
            ) from error

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        return self._document(self._call("blob.get", session, person=patient_id, blob=document_id))

    def content(self, session: Session, document: Document) -> bytes:
        told = self._call("blob.data", session, person=document.patient_id, blob=document.id)
        return self._read(told, lambda: base64.b64decode(told["data"], validate=True))

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        return [self._document(one) for one in self._all("blob.all", session, person=patient_id)]

    def _document(self, one: Any) -> Document:
        return self._read(
            one, lambda: Document(one["id"], one["person"], one["name"], one["mime"], one["length"])
        )

    # ── what it says of itself ──

    def live(self) -> Health:
        return self.ready()

    def ready(self) -> Health:
        healthy = self._state()["healthy"]
        return Health(healthy is True, f"healthy: {healthy}")

    def release(self) -> str:
        return str(self._state()["version"])

    def _state(self) -> Mapping[str, Any]:
        told = self._call("system.state", None)
        return self._read(told, lambda: {"healthy": told["healthy"], "version": told["version"]})

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        if kind == "visit":
            raise Unsupported("retire_visit", "a case goes with its person")
        self._call(
            "person.drop" if kind == "patient" else "blob.drop",
            session,
            person=patient_id or thing_id,
            blob=thing_id,
        )
        return "dropped"

    def close(self) -> None:
        self._client.close()

    # ── below ──

    def _request(self, method: str, session: Session | None, **params: Any) -> httpx.Request:
        shown = {"sid": session.access} if session else {}
        body = {"id": next(self._numbers), "method": method, "params": {**params, **shown}}
        return self._client.build_request(
            "POST", self._url, json=body, extensions={SYNTHETIC: True}
        )

    def _call(self, method: str, session: Session | None, **params: Any) -> Any:
        """Return the result of a call.

        Raises `Rejected` for an error inside the answer, `ProtocolViolation` for any other answer.
        """
        request = self._request(method, session, **params)
        try:
            response = self._client.send(request)
        except httpx.TransportError as error:
            raise Unreachable(
                f"{method}: expected an answer, came {type(error).__name__}: {error}",
                final=isinstance(error, TargetUnavailable),
            ) from error
        try:
            body = response.json()
        except ValueError:
            body = None
        if (
            response.status_code != 200
            or not isinstance(body, dict)
            or not body.keys() & {"result", "error"}
        ):
            raise ProtocolViolation(
                f"{method}: expected a result or an error in a 200, came HTTP"
                f" {response.status_code}, {len(response.content)} bytes"
            )
        if "error" not in body:
            return body["result"]
        code, text = self._read(body, lambda: (body["error"]["code"], body["error"]["text"]))
        if code not in REASONS:
            raise ProtocolViolation(f"{method}: expected an error that is known, came {code!r}")
        raise Rejected(
            REASONS[code], str(text), Answer(200, response.headers, response.content, body)
        )

    def _all(self, method: str, session: Session, **params: Any) -> list[Any]:
        """Return a whole list, read in parts."""
        found: list[Any] = []
        start: int | None = 0
        while start is not None:
            told = self._call(method, session, **params, start=start)
            some, after = self._read(told, partial(_some, told))
            if after is not None and after <= start:
                raise ProtocolViolation(
                    f"{method}: expected the next of the list, came the same again"
                )
            found, start = found + some, after
        return found

    @staticmethod
    def _read(told: Any, value: Callable[[], T]) -> T:
        try:
            return value()
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            keys = sorted(told) if isinstance(told, dict) else type(told).__name__
            raise ProtocolViolation(
                f"expected a result of another shape, came {keys}: {type(error).__name__}: {error}"
            ) from error


def _some(told: Any) -> tuple[list[Any], int | None]:
    return list(told["some"]), told["start"]


def _told(draft: PatientDraft) -> dict[str, Any]:
    return {
        "code": draft.mrn,
        "names": [draft.family_name, draft.given_name],
        "born": draft.birth_date.isoformat(),
        "sex": LETTERS[draft.sex],
        "phone": draft.phone,
        "home": draft.address,
    }


def _file(upload: Upload) -> dict[str, Any]:
    return {
        "name": upload.file_name,
        "mime": upload.media_type,
        "data": base64.b64encode(upload.content).decode(),
    }
