"""The driver for FHIR R4, with Patient, Encounter and DocumentReference resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from cutover_gates.config.fhir import Fhir
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.fhir import capability_operations
from cutover_gates.drivers.fhir.answer_interpretation import describe_refusal, read_reason
from cutover_gates.drivers.fhir.audit_events import list_audit_entries, list_newest_entries
from cutover_gates.drivers.fhir.authentication import FhirAuthentication
from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.fhir_charts import FhirCharts
from cutover_gates.drivers.fhir.resource_elements import IN_ERROR
from cutover_gates.drivers.http_client import HttpClient
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import (
    Answer,
    AuditEntry,
    Credentials,
    DriverFeatures,
    Health,
    Operation,
    Session,
    Unsupported,
)

_RETIREMENTS: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "patient": ("Patient", {"active": False}, "inactive"),
    "visit": ("Encounter", {"status": IN_ERROR}, IN_ERROR),
}
"""For each kind: the type, the change where the server deletes nothing, and the word for it."""


class FhirDriver(FhirCharts):
    """A driver behind a FHIR R4 server.

    `unsupported` are the names that the settings declare so, each with its reason: operations, and
    `encounter-rules` (the server stores any status over any other).
    """

    def __init__(
        self,
        base_url: str,
        settings: Fhir,
        client: HttpClient,
        *,
        run_tag: str,
        recorder: Recorder,
        unsupported: Mapping[str, str] | None = None,
        source: str = "cutover.toml",
        transport: GuardedTransport | None = None,
    ) -> None:
        # A session that the client remembered would sign in a request that must have none.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        server = FhirClient(base_url, settings, client, run_tag, recorder, source)
        super().__init__(server, dict(unsupported or {}), transport)
        self._client, self._auth, self._source = client, FhirAuthentication(server), source
        self._requests = capability_operations.DocumentedRequests(server, self.resources)

    @property
    def features(self) -> DriverFeatures:
        """The features of a FHIR server: it says itself what it does not offer."""
        return DriverFeatures(
            reason_of=read_reason,
            unsupported_operations=self.unsupported_operations,
            session_header=self._session_header,
            documented_operations=lambda: capability_operations.DOCUMENTED,
            with_page_size=self._with_page_size,
            served_document=lambda: self._statements.load("describe").statement,
            sends_undocumented=True,
            audit_entries=self._audit_entries,
            newest_audit_entries=self._newest_audit_entries,
        )

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    # -- sessions

    def sign_in(self, credentials: Credentials) -> Session:
        """Sign in, in the way that the settings name."""
        self._check_declaration("sign_in")
        return self._auth.sign_in(credentials)

    def refresh(self, session: Session) -> Session:
        """Renew the session by its refresh token. Client credentials usually bring none."""
        if session.refresh is None or self.server.settings.auth in ("basic", "none"):
            reason = self._unsupported.get("refresh", "the server gave no refresh token")
            raise Unsupported("refresh", reason)
        return self._auth.refresh(session)

    def sign_out(self, session: Session) -> None:
        """End the session."""
        self._check_declaration("sign_out")
        self._auth.sign_out(session)

    # -- the target itself

    def live(self) -> Health:
        """Return the liveness."""
        return self._health("live", self.server.settings.live_path)

    def ready(self) -> Health:
        """Return the readiness."""
        return self._health("ready", self.server.settings.ready_path)

    def release(self) -> str:
        """Return the version in the capability statement, which is requested anew."""
        self._check_declaration("release")
        release = self._statements.load("release").release
        if release is None:
            raise Unsupported("release", "its capability statement names no software.version")
        return release

    def retire(
        self,
        session: Session,
        kind: str,
        thing_id: str,
        patient_id: str | None,  # noqa: ARG002  # the protocol's signature
    ) -> str:
        """Delete where the server offers that, else mark as inactive or entered in error."""
        self._check_declaration(f"retire_{kind}")
        if kind == "document":
            return self.documents.retire(self.capability, session, thing_id)
        name, changes, word = _RETIREMENTS[kind]
        if self.capability.lists(name, "delete") and self.charts.delete(name, thing_id, session):
            return "deleted"
        current = self.charts.read("retire", name, thing_id, session)
        self.charts.update_elements(current, changes, session)
        return word

    def operations(self) -> Sequence[Operation]:
        """Return the operations that the capability statement lists."""
        return capability_operations.list_operations(self.capability)

    def attempt(
        self, operation: Operation, session: Session | None, values: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one listed operation; return the answer as it is, with its reason."""
        request = self._requests.request(operation, session, values or {})
        answer = self.server.send(str(operation), request)
        return replace(answer, reason=read_reason(answer))

    # -- internals

    def _with_page_size(self, size: int) -> FhirDriver:
        """Return the same server with pages of `size` entries, on the same client."""
        server = self.server
        return FhirDriver(
            server.base_url,
            server.settings.model_copy(update={"page_size": size}),
            self._client,
            run_tag=server.run_tag,
            recorder=server.recorder,
            unsupported=self._unsupported,
            source=self._source,
            transport=self._transport,
        )

    def _audit_entries(self, session: Session, patient_id: str) -> Sequence[AuditEntry]:
        return list_audit_entries(self.server, self.require("audit"), session, patient_id)

    def _newest_audit_entries(
        self, session: Session, account: str, since: datetime
    ) -> Sequence[AuditEntry]:
        del account  # no search parameter of R4 is the name that somebody signs in with
        self.require("audit")
        return list_newest_entries(self.server, session, since)

    def _session_header(self, session: Session) -> tuple[str, str]:
        return "Authorization", f"{self.server.scheme} {session.access}"

    def _health(self, operation: str, path: str | None) -> Health:
        self._check_declaration(operation)
        if path is None:
            statement = self._statements.load(operation).statement
            return Health(True, f"its capability statement of {statement.get('date')}")
        url = self.server.url_on_host(path)
        request = self.server.request("GET", url, None, accept="*/*")
        answer = self.server.send(operation, request)
        redactor = self.server.recorder.redactor
        message = f": {describe_refusal(answer, redactor)}" if answer.status >= 300 else ""
        return Health(answer.status < 300, f"HTTP {answer.status}{message}")
