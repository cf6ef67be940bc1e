"""The questions about compatibility: do clients that were built for the release before still work?

The recorded document of that release is compared with that of the release under judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding, gap_error
from cutover_gates.probes.api.compatibility import rules
from cutover_gates.util.api_document_text import parse_api_document

if TYPE_CHECKING:
    from cutover_gates.probes.api.compatibility.document_comparison import (
        DocumentChange,
        DocumentPart,
    )

Json = Mapping[str, Any]
MAX_SHOWN_OPERATIONS = 3


@dataclass(frozen=True)
class CompatibilityAssessments:
    """Answers the checks about compatibility.

    `document` is that of the release under judgement, `previous_document` the file with that of the
    release before, if there is one.
    """

    target: str
    release: str
    document: Json = field(repr=False)
    previous_document: Path | None
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)

    def assess_operations(self) -> Assessment:
        """Check that every operation is still there."""
        return self._assess_part("operations that clients use", "operations")

    def assess_requests(self) -> Assessment:
        """Check that everything that clients send is still accepted."""
        return self._assess_part("what clients send", "requests")

    def assess_responses(self) -> Assessment:
        """Check that everything that clients read still comes back."""
        return self._assess_part("what clients read", "answers")

    def _assess_part(self, title: str, part: DocumentPart) -> Assessment:
        # Here, because jsonschema takes 0.4 s to import, and collecting the checks needs none.
        from cutover_gates.probes.api.compatibility.document_comparison import compare_documents
        from cutover_gates.probes.api.compatibility.document_index import DocumentIndex

        before = self._load_previous_document()
        changes = [one for one in compare_documents(before, self.document) if one.part == part]
        builder = AssessmentBuilder(
            checked=list(DocumentIndex(before).operations()),
            findings=fold_changes(one for one in changes if one.difference.kind == "breaking"),
            not_proven=fold_changes(one for one in changes if one.difference.kind == "unclear"),
        )
        additions = fold_changes(one for one in changes if one.difference.kind == "added")
        builder.figures = {
            "before": str(before["info"]["version"]),
            "after": str(self.document["info"]["version"]),
            "added": [f"{addition.subject}: {addition.actual}" for addition in additions],
        }
        assessment = builder.build(title)
        self.record(assessment)
        return assessment

    def _load_previous_document(self) -> Json:
        """Return the recorded document.

        Raises `NotProven` where there is none, `SettingsError` where the file holds none.
        """
        key = f"previous_document in [targets.{self.target}.contract]"
        if self.previous_document is None:
            raise gap_error(rules.PREVIOUS_DOCUMENT, self.target, f"no file is named as {key}")
        document = read_previous_document(self.previous_document, key)
        # Compared with itself every release is compatible.
        if str(document["info"]["version"]) == self.release:
            raise gap_error(
                rules.PREVIOUS_DOCUMENT,
                self.target,
                f"{self.previous_document} is of release {self.release}, which is under judgement",
            )
        return document


def fold_changes(changes: Iterable[DocumentChange]) -> list[Finding]:
    """Return one finding for each cause.

    A change of a shared schema is reported where it is met first, with the number of operations.
    """
    causes: dict[tuple[str, str, str, str], list[DocumentChange]] = {}
    for change in changes:
        difference = change.difference
        place = difference.schema or f"{change.operation} {change.where}{difference.place}"
        cause = place, difference.rule.id, difference.expected, difference.actual
        causes.setdefault(cause, []).append(change)
    return [_fold_cause(group) for group in causes.values()]


def _fold_cause(changes: Sequence[DocumentChange]) -> Finding:
    first, difference = changes[0], changes[0].difference
    operations = list(dict.fromkeys(change.operation for change in changes))
    return Finding(
        difference.rule,
        _format_subject(first, operations[1:]),
        difference.expected,
        difference.actual,
        count=len(operations),
    )


def _format_subject(first: DocumentChange, others: Sequence[str]) -> str:
    """Return the operation and the place in it, such as `GET /patients: 200 .mrn (also …)`."""
    places = [place for place in (first.where, first.difference.place) if place]
    subject = ": ".join([first.operation, " ".join(places)]) if places else first.operation
    if not others:
        return subject
    shown = ", ".join(others[:MAX_SHOWN_OPERATIONS])
    hidden = len(others) - MAX_SHOWN_OPERATIONS
    more = f" and {hidden} more" if hidden > 0 else ""
    return f"{subject} (also {shown}{more})"


def read_previous_document(path: Path, key: str = "contract.previous_document") -> Json:
    """Return the document in a file. Raises `SettingsError` where it holds none."""
    try:
        document = parse_api_document(path.read_bytes())
        is_3 = str(document["openapi"]).startswith("3.")
        has_paths = isinstance(document["paths"], Mapping)
        if not is_3 or not has_paths or "version" not in document["info"]:
            raise ValueError("no OpenAPI 3 document")
    except OSError as error:
        raise SettingsError(f"{key}: {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{key}: {path} holds no OpenAPI 3 document: {error}") from None
    return dict(document)
