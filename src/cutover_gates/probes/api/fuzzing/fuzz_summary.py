"""The summary of a fuzzing run, computed from the notes of its process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from cutover_gates.core.findings import Finding
from cutover_gates.probes.api.document.openapi_document import (
    READ_METHODS,
    ApiDocument,
    DocumentedOperation,
)
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.fuzz_configuration import PHASES, FuzzProfile
from cutover_gates.probes.api.fuzzing.fuzz_findings import group_failures
from cutover_gates.probes.api.fuzzing.fuzz_gaps import (
    describe_error,
    find_operation_gaps,
    find_run_gaps,
)
from cutover_gates.probes.api.fuzzing.model import FuzzedOperation, FuzzResult, FuzzSummary, Note

NO_ANSWER_TITLES = frozenset({"Network Error", "Unresponsive Operation"})


def summarize_run(document: ApiDocument, profile: FuzzProfile, result: FuzzResult) -> FuzzSummary:
    """Return the summary of a run."""
    requested = [
        operation
        for operation in document.operations
        if profile.mode == "deep" or operation.method in READ_METHODS
    ]
    left_out = [str(one) for one in document.operations if one not in requested]
    failures = [note for note in result.notes if note["kind"] == "failure"]
    failures += _no_answer_failures(result.notes)
    report = result.report
    warnings = (report.get("warnings") or {}).items()
    return FuzzSummary(
        mode=profile.mode,
        seed=profile.seed if profile.mode == "deep" else None,
        seconds=result.seconds,
        limit=profile.seconds,
        rate=profile.rate,
        complete=bool(report.get("complete")),
        stop_reason=report.get("stop_reason"),
        version=report.get("schemathesis_version"),
        gaps=tuple(find_run_gaps(profile, result, document.has_links)),
        operations={
            str(operation): _summarize_operation(operation, profile, result.notes)
            for operation in requested
        },
        left_out=tuple(left_out),
        findings=group_failures(failures),
        warnings={name: list(where) for name, where in warnings if where},
        token_requests=result.token_requests,
    )


def _no_answer_failures(notes: Sequence[Note]) -> Iterator[Note]:
    """Yield requests without an answer as failures.

    Those are late ones, answers beyond a bound, and those of an operation that answers others.
    Where nothing answers at all the target is gone.
    """
    answering = {
        note["operation"] for note in notes if note["kind"] == "asked" and note["statuses"]
    }
    for note in notes:
        if note["kind"] != "error" or note["title"] not in NO_ANSWER_TITLES:
            continue
        if note["bound"]:
            yield _build_failure(note, rules.BOUNDS_CHECK, note["bound"])
        elif note["operation"] in answering or "Timeout" in note["type"]:
            yield _build_failure(note, rules.NO_ANSWER_CHECK, note["type"])


def _build_failure(note: Note, check: str, shape: str) -> Note:
    return {**note, "check": check, "shape": shape, "message": "", "status": None}


def _summarize_operation(
    operation: DocumentedOperation, profile: FuzzProfile, notes: Iterable[Note]
) -> FuzzedOperation:
    own = [note for note in notes if note.get("operation") == str(operation)]
    asked = [note for note in own if note["kind"] == "asked"]
    errors = [note for note in own if note["kind"] == "error"]
    statuses = Counter[str]()
    for note in asked:
        statuses.update(note["statuses"])
    phases = dict.fromkeys(PHASES[profile.mode], 0)
    for note in asked:
        if note["phase"] in phases:
            phases[note["phase"]] += note["requests"]
    sent = {name for note in asked for name in note["parameters"]}
    parameters = {f"{one.get('in')} {one.get('name')}" for one in operation.parameters}
    gaps: list[Finding] = list(find_operation_gaps(operation, profile, asked, errors))
    return FuzzedOperation(
        requests=sum(phases.values()),
        phases=phases,
        statuses=dict(sorted(statuses.items())),
        documented=tuple(sorted(operation.documented_statuses)),
        parameters=tuple(sorted(parameters & sent)),
        parameters_not_sent=tuple(sorted(parameters - sent)),
        slowest=max([note["slowest"] for note in asked], default=0.0),
        gave_up=dict(Counter(map(describe_error, errors))),
        gaps=tuple(gaps),
    )
