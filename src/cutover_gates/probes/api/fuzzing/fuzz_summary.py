"""What came of a run, as plain facts that all checks read: what each operation was asked and what
it answered, and whatever is in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cutover_gates.probes.api.document.openapi_document import (
    READ_METHODS,
    ApiDocument,
    DocumentedOperation,
)
from cutover_gates.probes.api.fuzzing.fuzz_configuration import FULL_PHASES, PHASES, FuzzProfile
from cutover_gates.probes.api.fuzzing.fuzz_findings import NO_ANSWER_CHECK, group_failures
from cutover_gates.probes.api.fuzzing.fuzz_runner import FuzzResult

REJECTION_STATUSES = frozenset({"401", "403"})
NO_ANSWER_TITLES = frozenset({"Network Error", "Unresponsive Operation"})
COMPLETED_STATES = frozenset({"success", "failure"})
EMPTY_STATES = frozenset({"not_applicable", "nothing_to_test"})


def summarize_run(described: ApiDocument, plan: FuzzProfile, course: FuzzResult) -> dict[str, Any]:
    """The facts of a run (JSON-able).

    `operations` are those that the mode asks; `left_out` those that it does not, for all to see.
    """
    meant = [
        entry
        for entry in described.operations
        if plan.mode == "deep" or entry.method in READ_METHODS
    ]
    report = course.report
    return {
        "mode": plan.mode,
        "seed": plan.seed if plan.mode == "deep" else None,
        "seconds": course.seconds,
        "limit": plan.seconds,
        "rate": plan.rate,
        "complete": bool(report.get("complete")),
        "stop_reason": report.get("stop_reason"),
        "version": report.get("schemathesis_version"),
        "troubles": list(find_run_problems(plan, course, described.has_links)),
        "operations": {
            str(entry): _summarize_operation(entry, plan, course.notes) for entry in meant
        },
        "left_out": [str(entry) for entry in described.operations if entry not in meant],
        "findings": group_failures(
            [
                *(note for note in course.notes if note["kind"] == "failure"),
                *_no_answer_failures(course.notes),
            ]
        ),
        "warnings": {
            name: list(where) for name, where in (report.get("warnings") or {}).items() if where
        },
        "tokens": course.token_requests,
    }


def _no_answer_failures(notes: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Requests without an answer, as failures: not in time, or cut where others are answered.

    Where nothing answers at all the target is gone.
    """
    answering = {
        note["operation"] for note in notes if note["kind"] == "asked" and note["statuses"]
    }
    for note in notes:
        if (
            note["kind"] == "error"
            and note["title"] in NO_ANSWER_TITLES
            and (note["operation"] in answering or "Timeout" in note["type"])
        ):
            yield {
                **note,
                "check": NO_ANSWER_CHECK,
                "shape": note["type"],
                "message": "",
                "status": None,
            }


def find_run_problems(plan: FuzzProfile, course: FuzzResult, linked: bool) -> Iterable[str]:
    """Why the run as a whole proves less than it was meant to.

    A safe run has an end of its own. A deep one is ended by its time, once everything was done:
    what was under way at that moment is not counted. `linked`: the document has links, so that
    there is something to follow.
    """
    why, key = (
        course.report.get("stop_reason"),
        "deep_seconds" if plan.mode == "deep" else "seconds",
    )
    if course.end_reason:
        yield course.end_reason
    elif why == "interrupted":
        yield f"the run did not come to its end: its time was over ({key} = {plan.seconds})"
    elif why not in ("completed", *(["max_time"] if plan.mode == "deep" else [])):
        yield f"the run did not come to its end: {why}"
    elif not course.report.get("complete"):
        yield "the run is not complete, says schemathesis"
    yield from (
        f"the run's account was let in no more, though it signed in anew: {note['why']}"
        for note in course.notes
        if note["kind"] == "shut out"
    )
    ended = [(note["phase"], note["ended"]) for note in course.notes if note["kind"] == "phase"]
    whole = [
        one
        for number, one in enumerate(ended, 1)
        if why != "max_time" or number < len(ended) or one[1] in EMPTY_STATES
    ]
    done = {
        phase
        for phase, how in whole
        if how in COMPLETED_STATES | {"error"}
        or (how in EMPTY_STATES and not (phase == "stateful" and linked))
    }
    yield from (
        f"the phase {phase} was not done: {dict(ended).get(phase, 'never begun')}"
        for phase in PHASES[plan.mode]
        if phase not in done and not course.end_reason
    )
    yield from (
        f"schemathesis could not go on at {note['operation'] or 'the start'}: {note['title']}"
        f" ({note['type']})"
        for note in course.notes
        if note["kind"] == "error" and not _has_operation(note)
    )


def _summarize_operation(
    entry: DocumentedOperation, plan: FuzzProfile, notes: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    mine = [note for note in notes if note.get("operation") == str(entry)]
    asked = [note for note in mine if note["kind"] == "asked"]
    statuses = Counter[str]()
    for note in asked:
        statuses.update(note["statuses"])
    phases = {
        phase: sum(note["requests"] for note in asked if note["phase"] == phase)
        for phase in PHASES[plan.mode]
    }
    errors = [note for note in mine if note["kind"] == "error"]
    given = {name for note in asked for name in note["parameters"]}
    parameters = {f"{one.get('in')} {one.get('name')}" for one in entry.parameters}
    return {
        "requests": sum(phases.values()),
        "phases": phases,
        "statuses": dict(sorted(statuses.items())),
        "documented": sorted(entry.documented_statuses),
        "parameters": sorted(parameters & given),
        "parameters_not_sent": sorted(parameters - given),
        "slowest": max([note["slowest"] for note in asked], default=0.0),
        "gave_up": dict(Counter(map(_describe_error, errors))),
        "unproven": list(_find_gaps(entry, plan, asked, errors)),
    }


def _find_gaps(
    entry: DocumentedOperation,
    plan: FuzzProfile,
    asked: list[Mapping[str, Any]],
    errors: list[Mapping[str, Any]],
) -> Iterable[str]:
    """What is not known of an operation."""
    where = {phase: Counter[str]() for phase in FULL_PHASES[plan.mode]}
    for note in asked:
        where.get(note["phase"], Counter()).update(note["signed_in"])
    for phase in FULL_PHASES[plan.mode]:
        ends = {
            note["ended"]
            for note in asked
            if note["phase"] == phase and note["requests"] > note["unanswered"]
        }
        if not ends & COMPLETED_STATES:
            yield (
                f"{entry} was not tested to the end:"
                f" {f'its {phase} was {ends.pop()}' if ends else f'{phase} never asked it'}"
            )
    if not sum(note["requests"] - note["unanswered"] for note in asked):
        yield f"{entry} never answered"
    done = {
        note["phase"] for note in asked if note["ended"] in COMPLETED_STATES
    }  # in another turn of the same phase it could
    yield from dict.fromkeys(
        f"{entry}: {_describe_error(note)}" for note in errors if note["phase"] not in done
    )
    for phase, signed in where.items() if entry.protected else ():
        if set(signed) <= REJECTION_STATUSES:
            said = (
                ", ".join(f"{count} times {status}" for status, count in signed.items())
                or "nothing"
            )
            yield (
                f"{entry} never let the run's account in ({phase}): with a token it answered"
                f" {said}. What lies behind the door was not tried"
            )
            break


def _describe_error(note: Mapping[str, Any]) -> str:
    return f"schemathesis could not go on ({note['phase']}): {note['title']} ({note['type']})"


def _has_operation(note: Mapping[str, Any]) -> bool:
    return note["operation"].partition(" ")[0].isupper() and " /" in note["operation"]
