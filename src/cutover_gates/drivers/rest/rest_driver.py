"""The driver for REST backends.

The mapping says what is sent and where values stand. This module says what each operation means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from http.cookiejar import DefaultCookiePolicy

import httpx

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.http_client import HttpClient
from cutover_gates.drivers.rest.api_description import (
    ApiDescription,
    RecordedDocument,
    list_used_operations,
)
from cutover_gates.drivers.rest.documented_operations import find_documented
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.operation_runner import OperationRunner
from cutover_gates.drivers.rest.rest_charts import RestCharts
from cutover_gates.drivers.rest.stored_forms import StoredForms
from cutover_gates.drivers.rest.value_mapping import AnswerReader
from cutover_gates.drivers.sign_in_rate_limit import SignInRateLimit
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import (
    Answer,
    AuditEntry,
    Credentials,
    DriverFeatures,
    Health,
    Operation,
    Reason,
    Session,
)


class RestDriver(RestCharts):
    """A driver behind a REST interface.

    `client` should stand on a `GuardedTransport`. `secrets` are the templates' `secret.NAME`.
    `recorded_document` returns the document of the release before, where one was recorded.
    """

    def __init__(
        self,
        base_url: str,
        mapping: TargetMapping,
        client: HttpClient,
        *,
        run_tag: str,
        recorder: Recorder,
        secrets: Mapping[str, str] | None = None,
        transport: GuardedTransport | None = None,
        recorded_document: RecordedDocument = lambda: None,
    ) -> None:
        # Cookies are never kept: a session that the client remembered would sign in a request that
        # must have none.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        runner = OperationRunner(base_url, mapping, client, run_tag, recorder, secrets)
        super().__init__(runner, AnswerReader(mapping, runner), recorder, transport)
        self.mapping, self._client = mapping, client
        self._run_tag, self._secrets = run_tag, secrets
        self._recorded_document = recorded_document
        self._rate_limit = SignInRateLimit(base_url, *mapping.token.limit)
        self._description = ApiDescription(self._runner, recorded_document)
        self._stored_forms = StoredForms(mapping, self._runner.always, self._read)

    @property
    def features(self) -> DriverFeatures:
        """The features that the mapping gives."""
        return DriverFeatures(
            refresh_margin=self.mapping.token.refresh_margin,
            stored_form=self._stored_forms.stored_form,
            reason_of=self._runner.judge.reason_of,
            session_header=self._session_header,
            with_page_size=self._with_page_size,
            api_document=self._description.document_and_root,
            served_document=self._description.load_document,
            parameter_meanings=self._description.parameter_meanings,
            assumed_protected=self._description.assumed_protected,
            unauthenticated=self._runner.judge.list_rules(Reason.UNAUTHENTICATED),
            lost_meanings=self._description.find_lost_meanings,
            documented_operations=self._documented_operations,
            sends_undocumented=True,
            audit_entries=self._audit_entries,
            newest_audit_entries=self._newest_audit_entries,
            used_operations=partial(list_used_operations, self.mapping),
        )

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    # -- sessions

    def sign_in(self, credentials: Credentials) -> Session:
        """Sign in, within the target's limit of sign-ins."""
        self._runner.operation("sign_in")  # raises at once where it is unsupported
        with self._rate_limit.wait_for_slot():
            result = self._runner.run("sign_in", credentials=credentials)
        session = self._read.session(result, credentials.username)
        self._runner.remember_session(session)
        return session

    def refresh(self, session: Session) -> Session:
        """Renew the session's tokens."""
        return self._read.session(self._runner.run("refresh", session), session.username, session)

    def sign_out(self, session: Session) -> None:
        """End the session."""
        self._runner.run("sign_out", session)

    # -- the target itself

    def live(self) -> Health:
        """Return the liveness."""
        return self._read.health(self._runner.run("live"))

    def ready(self) -> Health:
        """Return the readiness."""
        return self._read.health(self._runner.run("ready"))

    def release(self) -> str:
        """Return the version that the target says it is."""
        return self._read.text(self._runner.run("release"), "release")

    def retire(self, session: Session, kind: str, thing_id: str, patient_id: str | None) -> str:
        """Remove what the run made; return what was done, in the mapping's word."""
        name = f"retire_{kind}"
        variables = {"patient": {"id": thing_id if kind == "patient" else patient_id}}
        if kind != "patient":
            variables[kind] = {"id": thing_id}
        self._runner.run(name, session, **variables)
        return self._runner.operation(name).how

    def operations(self) -> Sequence[Operation]:
        """Return the operations of the target's own API document."""
        return self._description.load().operations

    def attempt(
        self,
        operation: Operation,
        session: Session | None,
        values: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one documented operation; return the answer as it is, with its reason."""
        request = self._description.load().request(operation, session, values or {})
        slot = self._rate_limit.wait_for_slot() if self._signs_in(request) else nullcontext()
        try:
            with slot:
                answer = self._runner.send(request)
        except httpx.TransportError as error:
            raise self._runner.judge.unreachable(
                str(operation), "operations.describe", request, error
            ) from error
        return replace(answer, reason=self._runner.judge.reason_of(answer))

    # -- features and internals

    def _documented_operations(self) -> Mapping[str, Sequence[str]]:
        return find_documented(self.mapping, self._description.load(), self._runner.base_url)

    def _with_page_size(self, size: int) -> RestDriver:
        """Return the same target with pages of `size` entries, on the same client."""
        operations = dict(self.mapping.operations)
        for name, operation in operations.items():
            if operation.paging is not None:
                paging = operation.paging.model_copy(update={"size": size})
                operations[name] = operation.model_copy(update={"paging": paging})
        return RestDriver(
            self._runner.base_url,
            self.mapping.model_copy(update={"operations": operations}),
            self._client,
            run_tag=self._run_tag,
            recorder=self._recorder,
            secrets=self._secrets,
            transport=self._transport,
            recorded_document=self._recorded_document,
        )

    def _audit_entries(self, session: Session, patient_id: str) -> Sequence[AuditEntry]:
        patient = {"id": patient_id}
        return self._pages.list_all("audit", session, self._read.audit_entry, patient=patient)

    def _newest_audit_entries(
        self, session: Session, account: str, since: datetime
    ) -> Sequence[AuditEntry]:
        variables = {"account": account, "since": since}
        page = next(self._pages.iterate_pages("newest_audit", session, **variables))
        return [self._read.audit_entry(page.result, item) for item in page.items]

    def _session_header(self, session: Session) -> tuple[str, str]:
        return self.mapping.token.header, self._runner.build.token_value(session.access)

    def _signs_in(self, request: httpx.Request) -> bool:
        """Return whether the target counts this request as a sign-in, by its address."""
        sign_in = self.mapping.operations.get("sign_in")
        if sign_in is None:
            return False
        root = f"{self._runner.base_url}{self.mapping.base_path}"
        addresses = {(step.method, f"{root}{step.path}") for step in sign_in.steps}
        return (request.method, str(request.url.copy_with(query=None))) in addresses
