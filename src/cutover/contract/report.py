"""What came of a run, as plain facts that all checks read: what each operation was asked and what
it answered, and whatever is in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cutover.contract.configuration import PHASES, WHOLE, Plan
from cutover.contract.document import READING, Described, Entry
from cutover.contract.findings import SILENT, grouped
from cutover.contract.running import Course

REFUSALS = frozenset({"401", "403"})
UNANSWERED = frozenset({"Network Error", "Unresponsive Operation"})
DONE = frozenset({"success", "failure"})
NOTHING_TO_DO = frozenset({"not_applicable", "nothing_to_test"})


def facts(described: Described, plan: Plan, course: Course) -> dict[str, Any]:
    """The facts of a run (JSON-able).

    `operations` are those that the mode asks; `left_out` those that it does not, for all to see.
    """
    meant = [
        entry for entry in described.operations if plan.mode == "deep" or entry.method in READING
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
        "troubles": list(troubles(plan, course, described.linked)),
        "operations": {str(entry): _operation(entry, plan, course.notes) for entry in meant},
        "left_out": [str(entry) for entry in described.operations if entry not in meant],
        "findings": grouped(
            [
                *(note for note in course.notes if note["kind"] == "failure"),
                *_silences(course.notes),
            ]
        ),
        "warnings": {
            name: list(where) for name, where in (report.get("warnings") or {}).items() if where
        },
        "tokens": course.tokens,
    }


def _silences(notes: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Requests without an answer, as failures: not in time, or cut where others are answered.

    Where nothing answers at all the target is gone.
    """
    answering = {
        note["operation"] for note in notes if note["kind"] == "asked" and note["statuses"]
    }
    for note in notes:
        if (
            note["kind"] == "error"
            and note["title"] in UNANSWERED
            and (note["operation"] in answering or "Timeout" in note["type"])
        ):
            yield {**note, "check": SILENT, "shape": note["type"], "message": "", "status": None}


def troubles(plan: Plan, course: Course, linked: bool) -> Iterable[str]:
    """Why the run as a whole proves less than it was meant to.

    A safe run has an end of its own. A deep one is ended by its time, once everything was done:
    what was under way at that moment is not counted. `linked`: the document has links, so that
    there is something to follow.
    """
    why, key = (
        course.report.get("stop_reason"),
        "deep_seconds" if plan.mode == "deep" else "seconds",
    )
    if course.ended:
        yield course.ended
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
        if why != "max_time" or number < len(ended) or one[1] in NOTHING_TO_DO
    ]
    done = {
        phase
        for phase, how in whole
        if how in DONE | {"error"}
        or (how in NOTHING_TO_DO and not (phase == "stateful" and linked))
    }
    yield from (
        f"the phase {phase} was not done: {dict(ended).get(phase, 'never begun')}"
        for phase in PHASES[plan.mode]
        if phase not in done and not course.ended
    )
    yield from (
        f"schemathesis could not go on at {note['operation'] or 'the start'}: {note['title']}"
        f" ({note['type']})"
        for note in course.notes
        if note["kind"] == "error" and not _of_an_operation(note)
    )


def _operation(entry: Entry, plan: Plan, notes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
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
        "documented": sorted(entry.answers),
        "parameters": sorted(parameters & given),
        "parameters_not_sent": sorted(parameters - given),
        "slowest": max([note["slowest"] for note in asked], default=0.0),
        "gave_up": dict(Counter(map(_gave_up, errors))),
        "unproven": list(_unproven(entry, plan, asked, errors)),
    }


def _unproven(
    entry: Entry, plan: Plan, asked: list[Mapping[str, Any]], errors: list[Mapping[str, Any]]
) -> Iterable[str]:
    """What is not known of an operation."""
    where = {phase: Counter[str]() for phase in WHOLE[plan.mode]}
    for note in asked:
        where.get(note["phase"], Counter()).update(note["signed_in"])
    for phase in WHOLE[plan.mode]:
        ends = {
            note["ended"]
            for note in asked
            if note["phase"] == phase and note["requests"] > note["unanswered"]
        }
        if not ends & DONE:
            yield (
                f"{entry} was not tested to the end:"
                f" {f'its {phase} was {ends.pop()}' if ends else f'{phase} never asked it'}"
            )
    if not sum(note["requests"] - note["unanswered"] for note in asked):
        yield f"{entry} never answered"
    done = {
        note["phase"] for note in asked if note["ended"] in DONE
    }  # in another turn of the same phase it could
    yield from dict.fromkeys(
        f"{entry}: {_gave_up(note)}" for note in errors if note["phase"] not in done
    )
    for phase, signed in where.items() if entry.protected else ():
        if set(signed) <= REFUSALS:
            said = (
                ", ".join(f"{count} times {status}" for status, count in signed.items())
                or "nothing"
            )
            yield (
                f"{entry} never let the run's account in ({phase}): with a token it answered"
                f" {said}. What lies behind the door was not tried"
            )
            break


def _gave_up(note: Mapping[str, Any]) -> str:
    return f"schemathesis could not go on ({note['phase']}): {note['title']} ({note['type']})"


def _of_an_operation(note: Mapping[str, Any]) -> bool:
    return note["operation"].partition(" ")[0].isupper() and " /" in note["operation"]
