"""The questions about the document itself: is it valid, complete, and true to its own examples?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.api.document import rules
from cutover_gates.probes.api.document.openapi_document import ApiDocument, DocumentedOperation

AUTHENTICATION_STATUSES = frozenset({"401", "403", "4XX", "default"})
REJECTION_STATUSES = frozenset({"400", "404", "409", "413", "415", "422", "4XX", "default"})
"""The statuses by which an operation says that it cannot use its input."""
MAX_MESSAGE_CHARACTERS = 300
_LITERALS = frozenset({"example", "examples", "default", "enum", "const"})
"""Keys that hold values: a `$ref` in them is no reference."""


@dataclass(frozen=True)
class DocumentAssessments:
    """Answers the checks about the document of an API.

    `unreadable_reason` says why there is no document that can be read; empty where there is one.
    """

    document: ApiDocument
    unreadable_reason: str = ""
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)

    def assess_validity(self) -> Assessment:
        """Check that it is an OpenAPI document in which every reference leads somewhere."""
        findings = [
            Finding(rules.REFERENCES_RESOLVE, where, "a place in the document", reference)
            for where, reference in _iterate_references(self.document.document)
            if self.document.lookup(reference) is None
        ]
        # A reference that leaves the document would make the validator ask other machines.
        if not findings:
            findings = list(_find_validation_errors(self.document.document))
        return self._record_assessment("the document is valid OpenAPI", findings)

    def assess_responses(self) -> Assessment:
        """Check that every operation documents its success and its refusals."""
        findings: list[Finding] = []
        for operation in self.document.operations:
            findings += _check_responses(operation, self.document.refusal_statuses)
        return self._record_assessment("every operation documents its answers", findings)

    def assess_security(self) -> Assessment:
        """Check that every operation declares who may use it; `security: []` means everybody."""
        components = self.document.document.get("components") or {}
        schemes = components.get("securitySchemes") or {}
        findings: list[Finding] = []
        for operation in self.document.operations:
            findings += _check_security(operation, schemes)
        return self._record_assessment("every operation documents its security", findings)

    def assess_operation_ids(self) -> Assessment:
        """Check that every operation has an `operationId` of its own."""
        names = {str(one): one.table.get("operationId") for one in self.document.operations}
        counts = Counter(name for name in names.values() if name)
        missing = [
            Finding(rules.OPERATION_ID_PRESENT, operation, "an operationId", "none")
            for operation, name in names.items()
            if not name
        ]
        repeated = [
            Finding(
                rules.OPERATION_ID_UNIQUE,
                operation,
                "an operationId of its own",
                f"{name!r}, {counts[name]} times",
            )
            for operation, name in names.items()
            if counts[name] > 1
        ]
        return self._record_assessment("every operation has a name of its own", missing + repeated)

    def assess_examples(self) -> Assessment:
        """Check that every example and every default is valid by its own schema."""
        # Here, because it is an optional extra, and takes 0.5 s to import.
        from cutover_gates.probes.api.document.schema_validation import find_invalid_examples

        invalid, count = find_invalid_examples(self.document)
        findings = [
            Finding(rules.EXAMPLES_VALID, where, "a value that its schema allows", reason)
            for where, reason in invalid
        ]
        return self._record_assessment("examples are true", findings, {"examples": count})

    def _record_assessment(
        self, title: str, findings: list[Finding], figures: Mapping[str, Any] | None = None
    ) -> Assessment:
        builder = AssessmentBuilder(
            checked=[str(operation) for operation in self.document.operations],
            findings=findings,
            figures=dict(figures or {}),
        )
        if self.unreadable_reason:
            root = self.document.root
            builder.findings = [Finding(rules.DOCUMENT_READABLE, root, "", self.unreadable_reason)]
        assessment = builder.build(title)
        self.record(assessment)
        return assessment


def _iterate_references(node: Any, where: str = "#") -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every `$ref`."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield where, node["$ref"]
        for name, inner in node.items():
            if name not in _LITERALS:
                yield from _iterate_references(inner, f"{where}/{name}")
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from _iterate_references(inner, f"{where}/{number}")


def _find_validation_errors(document: Mapping[str, Any]) -> Iterator[Finding]:
    # Here, because it is an optional extra, and takes 0.6 s to import.
    from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

    version = str(document.get("openapi"))
    if not re.match(r"3\.[01](\.|$)", version):
        yield Finding(rules.VALID_OPENAPI, "openapi", "3.0 or 3.1", version)
        return
    is_30 = version.startswith("3.0")
    validator = OpenAPIV30SpecValidator if is_30 else OpenAPIV31SpecValidator
    for error in validator(dict(document)).iter_errors():
        where = "/".join(map(str, ("#", *error.absolute_path)))
        message = error.message.splitlines()[0][:MAX_MESSAGE_CHARACTERS]
        yield Finding(rules.VALID_OPENAPI, where, "", message)


def _check_responses(
    operation: DocumentedOperation, refusals: Collection[str]
) -> Iterator[Finding]:
    statuses, name = operation.documented_statuses, str(operation)
    documented = ", ".join(sorted(statuses)) or "no status"
    if not any(status.upper().startswith(("2", "3")) for status in statuses):
        yield Finding(rules.SUCCESS_DOCUMENTED, name, "a 2xx or 3xx status", documented)
    if operation.protected and not statuses & {*AUTHENTICATION_STATUSES, *refusals}:
        expected = " or ".join(dict.fromkeys(("401", *refusals)))
        yield Finding(rules.UNAUTHENTICATED_DOCUMENTED, name, expected, documented)
    has_input = bool(operation.parameters) or "requestBody" in operation.table
    if has_input and not statuses & REJECTION_STATUSES:
        expected = f"one of {', '.join(sorted(REJECTION_STATUSES))}"
        yield Finding(rules.REJECTION_DOCUMENTED, name, expected, documented)


def _check_security(
    operation: DocumentedOperation, schemes: Mapping[str, Any]
) -> Iterator[Finding]:
    if operation.security is None:
        yield Finding(rules.SECURITY_DECLARED, str(operation), "security", "none")
    for requirement in operation.security or []:
        for name in requirement:
            if name not in schemes:
                yield Finding(
                    rules.SCHEME_DEFINED, str(operation), "a scheme in securitySchemes", repr(name)
                )
