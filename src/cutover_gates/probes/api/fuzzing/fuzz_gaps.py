"""What a fuzzing run did not prove: of the run as a whole, and of each operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cutover_gates.core.findings import Finding
from cutover_gates.probes.api.document.openapi_document import DocumentedOperation
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.declared_refusals import REFUSED_MARK
from cutover_gates.probes.api.fuzzing.fuzz_configuration import FULL_PHASES, PHASES, FuzzProfile
from cutover_gates.probes.api.fuzzing.model import FuzzResult, Note

REJECTION_STATUSES = frozenset({"401", "403"})
COMPLETED_STATES = frozenset({"success", "failure"})
EMPTY_STATES = frozenset({"not_applicable", "nothing_to_test"})
RUN = "the run"


def find_run_gaps(profile: FuzzProfile, result: FuzzResult, has_links: bool) -> Iterator[Finding]:
    """Yield why the run as a whole proves less than it was meant to.

    `has_links`: the document has links, so that there is something to follow.
    """
    if reason := _unfinished_reason(profile, result):
        yield Finding(rules.RUN_COMPLETE, RUN, "", reason)
    for note in result.notes:
        if note["kind"] == "shut out":
            reason = f"the account was locked out, though it signed in again: {note['why']}"
            yield Finding(rules.ACCOUNT_ADMITTED, RUN, "", reason)
    if not result.end_reason:
        yield from _unfinished_phases(profile, result, has_links)
    for note in result.notes:
        if note["kind"] == "error" and not _has_operation(note):
            subject = note["operation"] or "the start"
            reason = f"schemathesis failed: {note['title']} ({note['type']})"
            yield Finding(rules.RUN_COMPLETE, subject, "", reason)


def _unfinished_reason(profile: FuzzProfile, result: FuzzResult) -> str:
    """Return why the run did not come to its end; empty where it did.

    A safe run has an end of its own. A deep one is ended by its time, once everything was done.
    """
    deep = profile.mode == "deep"
    stop_reason = result.report.get("stop_reason")
    if result.end_reason:
        return result.end_reason
    if stop_reason == "interrupted":
        key = "deep_seconds" if deep else "seconds"
        return f"the time was over before the end ({key} = {profile.seconds})"
    expected = {"completed", "max_time"} if deep else {"completed"}
    if stop_reason not in expected:
        return f"the run did not come to its end: {stop_reason}"
    return "" if result.report.get("complete") else "schemathesis reports the run as incomplete"


def _unfinished_phases(
    profile: FuzzProfile, result: FuzzResult, has_links: bool
) -> Iterator[Finding]:
    ended = [(note["phase"], note["ended"]) for note in result.notes if note["kind"] == "phase"]
    counted = ended
    # What was under way when the time of a deep run was over is not counted.
    cut_short = result.report.get("stop_reason") == "max_time"
    if cut_short and ended and ended[-1][1] not in EMPTY_STATES:
        counted = ended[:-1]
    done = {phase for phase, state in counted if _is_phase_done(phase, state, has_links)}
    for phase in PHASES[profile.mode]:
        if phase not in done:
            state = dict(ended).get(phase, "never started")
            yield Finding(rules.RUN_COMPLETE, f"phase {phase}", "", f"not done: {state}")


def _is_phase_done(phase: str, state: str, has_links: bool) -> bool:
    if state in EMPTY_STATES:
        # Where there are links, "nothing to test" means that they were not followed.
        return not (phase == "stateful" and has_links)
    return state in COMPLETED_STATES or state == "error"


def find_operation_gaps(
    operation: DocumentedOperation,
    profile: FuzzProfile,
    asked: Sequence[Note],
    errors: Sequence[Note],
) -> Iterator[Finding]:
    """Yield what is not known of an operation.

    `asked` are the notes of its requests, `errors` those of errors of schemathesis.
    """
    name = str(operation)
    for phase in FULL_PHASES[profile.mode]:
        if reason := _untested_reason(phase, asked):
            yield Finding(rules.OPERATION_TESTED, name, "", reason)
    if not sum(note["requests"] - note["unanswered"] for note in asked):
        yield Finding(rules.OPERATION_TESTED, name, "", "it never answered")
    # An error in one turn of a phase does not matter where another turn succeeded.
    done = {note["phase"] for note in asked if note["ended"] in COMPLETED_STATES}
    reasons = [describe_error(note) for note in errors if note["phase"] not in done]
    for reason in dict.fromkeys(reasons):
        yield Finding(rules.OPERATION_TESTED, name, "", reason)
    if operation.protected and (reason := _locked_out_reason(profile, asked)):
        yield Finding(rules.ACCOUNT_ADMITTED, name, "", reason)


def _untested_reason(phase: str, asked: Sequence[Note]) -> str:
    answered = [
        note for note in asked if note["phase"] == phase and note["requests"] > note["unanswered"]
    ]
    states = {note["ended"] for note in answered}
    if states & COMPLETED_STATES:
        return ""
    return f"phase {phase}: {states.pop()}" if states else f"phase {phase} never requested it"


def _locked_out_reason(profile: FuzzProfile, asked: Sequence[Note]) -> str:
    """Return why a protected operation was not tested behind its authentication; empty if it was.

    Each full phase counts by itself: a token that dies between two phases leaves the second one
    locked out.
    """
    for phase in FULL_PHASES[profile.mode]:
        statuses = Counter[str]()
        for note in asked:
            if note["phase"] == phase:
                statuses.update(note["signed_in"])
        if all(_is_rejection(status) for status in statuses):
            counts = ", ".join(f"{status} ×{count}" for status, count in statuses.items())
            return f"every request with a token was rejected ({counts or 'none sent'}, {phase})"
    return ""


def _is_rejection(status: str) -> bool:
    """Return whether a status, as it was counted, says that the caller was not let in."""
    return status in REJECTION_STATUSES or status.endswith(REFUSED_MARK)


def describe_error(note: Note) -> str:
    """Describe an error of schemathesis."""
    return f"schemathesis failed ({note['phase']}): {note['title']} ({note['type']})"


def _has_operation(note: Note) -> bool:
    method, _, path = str(note["operation"]).partition(" ")
    return method.isupper() and path.startswith("/")
