"""The violations that drivers report: a finding with the request that shows it again."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import THIS_CHECK, Finding
from cutover_gates.drivers.bounded_response import AnswerTooLarge
from cutover_gates.drivers.http_exchange import exchange_of
from cutover_gates.drivers.transport import TargetUnavailable
from cutover_gates.hospital import ProtocolViolation, Unreachable


@dataclass(frozen=True)
class ViolationReporter:
    """Creates violations. `source` is the file of the mapping, empty where there is none."""

    redactor: Redactor
    source: str = ""

    def violation(
        self,
        operation: str,
        expected: str,
        actual: str,
        request: httpx.Request,
        mapping_key: str = "",
    ) -> ProtocolViolation:
        """Return the violation of an operation. `mapping_key` is the line that expects else."""
        return ProtocolViolation(
            finding=self._finding(operation, expected, actual, request),
            mapping_line=self._mapping_line(mapping_key),
            request_id=exchange_of(request).request_id,
        )

    def unreachable(
        self,
        operation: str,
        request: httpx.Request,
        error: httpx.TransportError,
        mapping_key: str = "",
    ) -> ProtocolViolation:
        """Return the violation that no answer came, or one that was too large to be read."""
        if isinstance(error, AnswerTooLarge):
            expected = "an answer within limits.answer_bytes"
            return self.violation(operation, expected, str(error), request, mapping_key)
        actual = f"no answer: {type(error).__name__}: {error}"
        return Unreachable(
            finding=self._finding(operation, "an answer", actual, request),
            mapping_line=self._mapping_line(mapping_key),
            final=isinstance(error, TargetUnavailable),
        )

    def _finding(
        self, operation: str, expected: str, actual: str, request: httpx.Request
    ) -> Finding:
        redact = self.redactor.redact_text
        subject = f"{operation}: {request.method} {request.url.path}"
        reproduce = exchange_of(request).curl()
        return Finding(
            THIS_CHECK, redact(subject), redact(expected), redact(actual), redact(reproduce)
        )

    def _mapping_line(self, key: str) -> str:
        return self.redactor.redact_text(f"{key} ({self.source})") if key else ""
