"""Drives any REST backend by its mapping.

What is sent and where things stand is the mapping's; here is only what each operation means.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Table
from contextlib import nullcontext
from dataclasses import fields, replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import httpx

from cutover.drivers.building import UploadVariable
from cutover.drivers.client import Client
from cutover.drivers.cutting import send_half
from cutover.drivers.describing import Description
from cutover.drivers.exchanges import exchange_of
from cutover.drivers.models import Mapping
from cutover.drivers.pace import Pace
from cutover.drivers.pages import Pages
from cutover.drivers.reading import ReadFault, search
from cutover.drivers.running import Outcome, Runner
from cutover.drivers.teaching import wrong
from cutover.drivers.templates import TemplateFault, render
from cutover.drivers.transport import GuardedTransport
from cutover.drivers.values import Reader
from cutover.evidence import Recorder
from cutover.hospital import (
    Answer,
    Credentials,
    Document,
    Health,
    Misbehaved,
    Move,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Reason,
    Session,
    Sex,
    Upload,
    Visit,
)

T = TypeVar("T", Patient, Visit, Document)


class RestHospital:
    """A `Hospital` behind a REST interface.

    `client` should stand on a `GuardedTransport`; `secrets` are the templates' `secret.NAME`.
    """

    def __init__(
        self,
        base_url: str,
        mapping: Mapping,
        client: Client,
        *,
        run_tag: str,
        recorder: Recorder,
        secrets: Table[str, str] | None = None,
        transport: GuardedTransport | None = None,
    ) -> None:
        # Cookies are never kept: a session that the client remembered would sign in the request
        # that must have none.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mapping, self._client, self._recorder, self._transport = (
            mapping,
            client,
            recorder,
            transport,
        )
        self._run_tag, self._secrets = run_tag, secrets
        self._runner = Runner(base_url, mapping, client, run_tag, recorder, secrets)
        self._read = Reader(mapping, self._runner)
        self._pages = Pages(self._runner)
        self._pace = Pace(base_url, *mapping.token.limit)
        self.refresh_margin = mapping.token.refresh_margin
        self._description: Description | None = None

    def close(self) -> None:
        self._client.close()

    def in_pages_of(self, size: int) -> RestHospital:
        """The same target, asked for its lists in pages of so many entries: to see that they are
        turned. Shares the client.
        """
        paged = {
            name: operation.model_copy(
                update={"paging": operation.paging.model_copy(update={"size": size})}
            )
            for name, operation in self.mapping.operations.items()
            if operation.paging is not None
        }
        mapping = self.mapping.model_copy(
            update={"operations": {**self.mapping.operations, **paged}}
        )
        return RestHospital(
            self._runner.base_url,
            mapping,
            self._client,
            run_tag=self._run_tag,
            recorder=self._recorder,
            secrets=self._secrets,
            transport=self._transport,
        )

    # -- in and out

    def sign_in(self, credentials: Credentials) -> Session:
        self._runner.operation("sign_in")
        with self._pace.turn():
            outcome = self._runner.run("sign_in", credentials=credentials)
        session = self._read.session(outcome, credentials.username)
        self._runner.signed_in(session)
        return session

    def refresh(self, session: Session) -> Session:
        return self._read.session(self._runner.run("refresh", session), session.username, session)

    def sign_out(self, session: Session) -> None:
        self._runner.run("sign_out", session)

    # -- patients

    def register(
        self, session: Session, draft: PatientDraft, *, idempotency_key: str | None = None
    ) -> Patient:
        return self._read.patient(
            self._runner.run("register", session, draft=self._draft(draft), key=idempotency_key)
        )

    def patient(self, session: Session, patient_id: str) -> Patient:
        return self._read.patient(self._runner.run("patient", session, patient={"id": patient_id}))

    def search(self, session: Session, query: PatientQuery) -> Sequence[Patient]:
        asked = {"mrn": query.mrn, "name": query.name, "birth_date": query.birth_date}
        return self._all("search", session, self._read.patient, query=asked)

    def update(self, session: Session, patient: Patient) -> Patient:
        variable = {**self._draft(patient.draft), "id": patient.id, "version": patient.version}
        return self._read.patient(self._runner.run("update", session, patient=variable))

    def as_stored(self, draft: PatientDraft) -> PatientDraft:
        """What a draft becomes in this target, as the mapping declares it: for comparing what was
        sent with what comes back.
        """
        scope = {**self._runner.always, "draft": self._draft(draft), "key": None}
        kept: dict[str, Any] = {}
        for field in ("phone", "address", "sex", "given_name"):
            if field not in self.mapping.answers.get("patient", {}):
                kept[field] = {"sex": Sex.UNKNOWN, "given_name": ""}.get(field)
        for field, template in self.mapping.becomes.items():
            try:
                kept[field] = None if template is None else render(template, scope)
            except TemplateFault as fault:
                raise wrong(
                    self.mapping.source, f"becomes.{field}", template, str(fault)
                ) from fault
        return replace(draft, **kept)

    # -- visits

    def open_visit(self, session: Session, patient_id: str, reason: str) -> Visit:
        return self._read.visit(
            self._runner.run("open_visit", session, patient={"id": patient_id}, reason=reason)
        )

    def visit(self, session: Session, patient_id: str, visit_id: str) -> Visit:
        return self._read.visit(
            self._runner.run("visit", session, patient={"id": patient_id}, visit={"id": visit_id})
        )

    def visits_of(self, session: Session, patient_id: str) -> Sequence[Visit]:
        return self._all("visits_of", session, self._read.visit, patient={"id": patient_id})

    def move(self, session: Session, visit: Visit, move: Move) -> Visit:
        variable = {
            "id": visit.id,
            "patient_id": visit.patient_id,
            "reason": visit.reason,
            "status": self._read.theirs("status", visit.status),
        }
        word = self._read.theirs("move", move)
        return self._read.visit(
            self._runner.run(
                move.value, session, patient={"id": visit.patient_id}, visit=variable, move=word
            )
        )

    # -- documents

    def upload(self, session: Session, patient_id: str, upload: Upload) -> Document:
        return self._read.document(
            self._runner.run(
                "upload", session, patient={"id": patient_id}, upload=UploadVariable(upload)
            )
        )

    def cut_upload(self, session: Session, patient_id: str, upload: Upload) -> None:
        request = self._runner.request(
            "upload", session, patient={"id": patient_id}, upload=UploadVariable(upload)
        )
        started = time.monotonic()
        try:
            if self._transport is not None:
                self._transport.check_alive(request)
            send_half(request, self._transport.tls if self._transport else None)
        except (OSError, httpx.TransportError) as error:
            self._recorder.exchange(
                exchange_of(
                    request, None, time.monotonic() - started, f"{type(error).__name__}: {error}"
                )
            )
            raise self._runner.judge.misbehaved(
                "upload",
                "a connection",
                f"{type(error).__name__}: {error}",
                "operations.upload",
                request,
            ) from error
        self._recorder.exchange(
            exchange_of(request, None, time.monotonic() - started, "cut half way, on purpose")
        )

    def document(self, session: Session, patient_id: str, document_id: str) -> Document:
        return self._read.document(
            self._runner.run(
                "document", session, patient={"id": patient_id}, document={"id": document_id}
            )
        )

    def content(self, session: Session, document: Document) -> bytes:
        variable = {field.name: getattr(document, field.name) for field in fields(Document)}
        outcome = self._runner.run(
            "content", session, patient={"id": document.patient_id}, document=variable
        )
        where = self._runner.operation("content").base64
        return outcome.answer.content if where is None else self._decoded(outcome, where)

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        return self._all("documents_of", session, self._read.document, patient={"id": patient_id})

    # -- what it says of itself

    def live(self) -> Health:
        return self._read.health(self._runner.run("live"))

    def ready(self) -> Health:
        return self._read.health(self._runner.run("ready"))

    def release(self) -> str:
        return self._read.text(self._runner.run("release"), "release")

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        name = f"retire_{kind}"
        patient = {"id": thing_id if kind == "patient" else patient_id}
        variables = (
            {"patient": patient}
            if kind == "patient"
            else {"patient": patient, kind: {"id": thing_id}}
        )
        self._runner.run(name, session, **variables)
        return self._runner.operation(name).how

    def operations(self) -> Sequence[Operation]:
        return self._described().operations

    def attempt(
        self, operation: Operation, session: Session | None, values: Table[str, str] | None = None
    ) -> Answer:
        request = self._described().request(operation, session, values or {})
        try:
            with self._pace.turn() if self._signs_in(request) else nullcontext():
                answer = self._runner.send(request)
        except httpx.TransportError as error:
            raise self._runner.judge.unreachable(
                str(operation), "operations.describe", request, error
            ) from error
        return replace(answer, reason=self.reason_of(answer))

    def reason_of(self, answer: Answer) -> Reason | None:
        """The reason by which the mapping reads an answer to `attempt` as a refusal; None where it
        is none.
        """
        return self._runner.judge.reason_of(answer)

    # -- the document itself: what only a driver that knows one can give

    def described(self, document: Table[str, Any] | None = None) -> tuple[Table[str, Any], str]:
        """The OpenAPI document, and the address at which its paths begin.

        With `document`: from now on that one, instead of the target's own.

        Raises ValueError for a given one that is none, else as `operations` does.
        """
        if document is not None:
            try:
                self._description = Description(document, self._runner.build, self.mapping)
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(
                    f"no OpenAPI 3 document: {type(error).__name__}: {error}"
                ) from error
        found = self._described()
        return found.document, found.root

    def shown(self, session: Session) -> tuple[str, str]:
        """The header by which a session shows itself, and its value."""
        return self.mapping.token.header, self._runner.build.token(session.access)

    # -- below

    def _signs_in(self, request: httpx.Request) -> bool:
        """Whether the target counts this as somebody at its door: it is asked where the mapping
        signs in.
        """
        steps = (
            self.mapping.operations["sign_in"].steps if "sign_in" in self.mapping.operations else ()
        )
        doors = {
            (step.method, f"{self._runner.base_url}{self.mapping.base_path}{step.path}")
            for step in steps
        }
        return (request.method, str(request.url.copy_with(query=None))) in doors

    def _described(self) -> Description:
        if self._description is None:
            outcome = self._runner.run("describe")
            try:
                self._description = Description(
                    outcome.answer.json, self._runner.build, self.mapping
                )
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                came = (
                    f"{outcome.answer.media_type or 'no media type'}: {type(error).__name__}:"
                    f" {error}"
                )
                raise self._runner.judge.misbehaved(
                    "describe",
                    "an OpenAPI 3 document",
                    came,
                    "operations.describe",
                    outcome.request,
                ) from error
        return self._description

    def _draft(self, draft: PatientDraft) -> dict[str, Any]:
        """A draft as templates see it, in the target's words."""
        return {
            **{field.name: getattr(draft, field.name) for field in fields(PatientDraft)},
            "sex": self._read.theirs("sex", draft.sex),
        }

    def _all(
        self, name: str, session: Session, value: Callable[[Outcome, Any], T], **variables: Any
    ) -> list[T]:
        """Every entry of a list, all pages walked.

        A page that only repeats, or an end before the count is reached, is a misbehaviour.
        """
        found: list[T] = []
        for outcome, items, total in self._pages.walk(name, session, **variables):
            page = [value(outcome, item) for item in items]
            if page and found and {entry.id for entry in page} <= {entry.id for entry in found}:
                raise self._odd(name, outcome, "another page", "entries that were on a page before")
            found += page
            if total is not None and len(found) >= total:
                break
        if total is not None and len(found) != total:
            line = f"operations.{name}.total = {self.mapping.operations[name].total!r}"
            came = f"{len(found)} on all its pages"
            raise self._runner.judge.misbehaved(
                name, f"{total} entries, as its count says", came, line, outcome.request
            )
        return found

    def _odd(self, name: str, outcome: Outcome, expected: str, came: str) -> Misbehaved:
        paging = self.mapping.operations[name].paging
        line = f"operations.{name}.paging = {paging.style if paging else None}"
        return self._runner.judge.misbehaved(name, expected, came, line, outcome.request)

    def _decoded(self, outcome: Outcome, where: str) -> bytes:
        try:
            return base64.b64decode(search(where, outcome.answer.json), validate=True)
        except (ReadFault, TypeError, ValueError) as error:
            line = f"operations.content.base64 = {where!r}"
            raise self._runner.judge.misbehaved(
                "content", f"base64 at {where!r}", f"{type(error).__name__}", line, outcome.request
            ) from error
