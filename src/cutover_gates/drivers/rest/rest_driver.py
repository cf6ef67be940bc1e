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

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.http_exchange import HttpClient, make_exchange, send_half
from cutover_gates.drivers.rest.extraction import ReadFault, search_body
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.openapi_document import OpenApiDocument
from cutover_gates.drivers.rest.operation_runner import OperationResult, OperationRunner
from cutover_gates.drivers.rest.pagination import Paginator
from cutover_gates.drivers.rest.request_builder import UploadVariable
from cutover_gates.drivers.rest.templates import TemplateFault, render
from cutover_gates.drivers.rest.value_mapping import AnswerReader
from cutover_gates.drivers.rest.vocabulary import mapping_error
from cutover_gates.drivers.sign_in_rate_limit import SignInRateLimit
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import (
    Answer,
    Credentials,
    Document,
    Health,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    ProtocolViolation,
    Reason,
    Session,
    Sex,
    Transition,
    Upload,
    Visit,
)

T = TypeVar("T", Patient, Visit, Document)


class RestDriver:
    """A `Hospital` behind a REST interface.

    `client` should stand on a `GuardedTransport`; `secrets` are the templates' `secret.NAME`.
    """

    def __init__(
        self,
        base_url: str,
        mapping: TargetMapping,
        client: HttpClient,
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
        self._runner = OperationRunner(base_url, mapping, client, run_tag, recorder, secrets)
        self._read = AnswerReader(mapping, self._runner)
        self._pages = Paginator(self._runner)
        self._pace = SignInRateLimit(base_url, *mapping.token.limit)
        self.refresh_margin = mapping.token.refresh_margin
        self._description: OpenApiDocument | None = None

    def close(self) -> None:
        self._client.close()

    def with_page_size(self, size: int) -> RestDriver:
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
        return RestDriver(
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
        with self._pace.wait_for_slot():
            outcome = self._runner.run("sign_in", credentials=credentials)
        session = self._read.session(outcome, credentials.username)
        self._runner.remember_session(session)
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
        return self._list_all("search", session, self._read.patient, query=asked)

    def update(self, session: Session, patient: Patient) -> Patient:
        variable = {**self._draft(patient.draft), "id": patient.id, "version": patient.version}
        return self._read.patient(self._runner.run("update", session, patient=variable))

    def stored_form(self, draft: PatientDraft) -> PatientDraft:
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
                raise mapping_error(
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
        return self._list_all("visits_of", session, self._read.visit, patient={"id": patient_id})

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        variable = {
            "id": visit.id,
            "patient_id": visit.patient_id,
            "reason": visit.reason,
            "status": self._read.to_target("status", visit.status),
        }
        word = self._read.to_target("move", move)
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
        request = self._runner.upload_request(
            "upload", session, patient={"id": patient_id}, upload=UploadVariable(upload)
        )
        started = time.monotonic()
        try:
            if self._transport is not None:
                self._transport.check_alive(request)
            send_half(request, self._transport.tls if self._transport else None)
        except (OSError, httpx.TransportError) as error:
            self._recorder.record_exchange(
                make_exchange(
                    request, None, time.monotonic() - started, f"{type(error).__name__}: {error}"
                )
            )
            raise self._runner.judge.violation(
                "upload",
                "a connection",
                f"{type(error).__name__}: {error}",
                "operations.upload",
                request,
            ) from error
        self._recorder.record_exchange(
            make_exchange(request, None, time.monotonic() - started, "cut half way, on purpose")
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
        return outcome.answer.content if where is None else self._decode_base64(outcome, where)

    def documents_of(self, session: Session, patient_id: str) -> Sequence[Document]:
        return self._list_all(
            "documents_of", session, self._read.document, patient={"id": patient_id}
        )

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
        return self._load_description().operations

    def attempt(
        self, operation: Operation, session: Session | None, values: Table[str, str] | None = None
    ) -> Answer:
        request = self._load_description().request(operation, session, values or {})
        try:
            with self._pace.wait_for_slot() if self._signs_in(request) else nullcontext():
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

    def api_document(self, document: Table[str, Any] | None = None) -> tuple[Table[str, Any], str]:
        """The OpenAPI document, and the address at which its paths begin.

        With `document`: from now on that one, instead of the target's own.

        Raises ValueError for a given one that is none, else as `operations` does.
        """
        if document is not None:
            try:
                self._description = OpenApiDocument(document, self._runner.build, self.mapping)
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(
                    f"no OpenAPI 3 document: {type(error).__name__}: {error}"
                ) from error
        found = self._load_description()
        return found.document, found.root

    def session_header(self, session: Session) -> tuple[str, str]:
        """The header by which a session shows itself, and its value."""
        return self.mapping.token.header, self._runner.build.token_value(session.access)

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

    def _load_description(self) -> OpenApiDocument:
        if self._description is None:
            outcome = self._runner.run("describe")
            try:
                self._description = OpenApiDocument(
                    outcome.answer.json, self._runner.build, self.mapping
                )
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                came = (
                    f"{outcome.answer.media_type or 'no media type'}: {type(error).__name__}:"
                    f" {error}"
                )
                raise self._runner.judge.violation(
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
            "sex": self._read.to_target("sex", draft.sex),
        }

    def _list_all(
        self,
        name: str,
        session: Session,
        value: Callable[[OperationResult, Any], T],
        **variables: Any,
    ) -> list[T]:
        """Every entry of a list, all pages walked.

        A page that only repeats, or an end before the count is reached, is a misbehaviour.
        """
        found: list[T] = []
        for outcome, items, total in self._pages.iterate_pages(name, session, **variables):
            page = [value(outcome, item) for item in items]
            if page and found and {entry.id for entry in page} <= {entry.id for entry in found}:
                raise self._paging_violation(
                    name, outcome, "another page", "entries that were on a page before"
                )
            found += page
            if total is not None and len(found) >= total:
                break
        if total is not None and len(found) != total:
            line = f"operations.{name}.total = {self.mapping.operations[name].total!r}"
            came = f"{len(found)} on all its pages"
            raise self._runner.judge.violation(
                name, f"{total} entries, as its count says", came, line, outcome.request
            )
        return found

    def _paging_violation(
        self, name: str, outcome: OperationResult, expected: str, came: str
    ) -> ProtocolViolation:
        paging = self.mapping.operations[name].paging
        line = f"operations.{name}.paging = {paging.style if paging else None}"
        return self._runner.judge.violation(name, expected, came, line, outcome.request)

    def _decode_base64(self, outcome: OperationResult, where: str) -> bytes:
        try:
            return base64.b64decode(search_body(where, outcome.answer.json), validate=True)
        except (ReadFault, TypeError, ValueError) as error:
            line = f"operations.content.base64 = {where!r}"
            raise self._runner.judge.violation(
                "content", f"base64 at {where!r}", f"{type(error).__name__}", line, outcome.request
            ) from error
