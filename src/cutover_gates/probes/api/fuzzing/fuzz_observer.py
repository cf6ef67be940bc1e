"""The observer of a run: it writes notes of what may be kept.

Of requests, which are ours, everything may be kept; of answers only the status, never the content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from schemathesis.cli import EventHandler
from schemathesis.engine import events
from schemathesis.engine.recorder import Interaction, ScenarioRecorder

from cutover_gates.probes.api.fuzzing.bounded_answers import find_bound_reason
from cutover_gates.probes.api.fuzzing.declared_refusals import DeclaredRefusals
from cutover_gates.probes.api.fuzzing.failure_text import failure_message, failure_shape

PARAMETER_LOCATIONS = {
    "path_parameters": "path",
    "query": "query",
    "headers": "header",
    "cookies": "cookie",
}
"""The attributes of a case that hold parameters, with the document's name for the place."""

NoteSink = Callable[[dict[str, Any]], None]


def create_observer(
    send_note: NoteSink, header: str, refusals: DeclaredRefusals
) -> type[EventHandler[Any]]:
    """Return a handler class for schemathesis. `header` is the one that shows the token."""

    class Observer(EventHandler[Any]):
        def handle_event(self, _ctx: Any, event: events.EngineEvent) -> None:
            if isinstance(event, events.ScenarioFinished):
                for note in build_notes(
                    event.recorder,
                    event.phase.value,
                    event.status.value,
                    header,
                    refusals,
                    label=event.label,
                ):
                    send_note(note)
            elif isinstance(event, events.PhaseFinished):
                reason = event.phase.skip_reason
                send_note(
                    {
                        "kind": "phase",
                        "phase": event.phase.name.value,
                        "ended": reason.value if reason else event.status.value,
                    }
                )
            elif isinstance(event, events.NonFatalError):
                send_note(
                    {
                        "kind": "error",
                        "operation": event.label,
                        "phase": event.phase.value if event.phase else "",
                        "title": event.info.title,
                        "type": type(event.value).__name__,
                        "bound": find_bound_reason(event.value),
                        "curl": event.info.code_sample or "",
                    }
                )
            elif isinstance(event, events.FatalError):
                send_note(
                    {
                        "kind": "error",
                        "operation": "",
                        "phase": "",
                        "title": "the run broke",
                        "type": type(event.exception).__name__,
                        "bound": "",
                        "curl": "",
                    }
                )

    return Observer


def build_notes(
    recorder: ScenarioRecorder,
    phase: str,
    status: str,
    header: str,
    refusals: DeclaredRefusals,
    label: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield a note for each operation that a scenario requested, and one for each failure.

    A stateful scenario requests many operations. `status` is how the scenario ended.
    """
    by_operation: dict[str, list[str]] = {}
    for case_id, node in recorder.cases.items():
        by_operation.setdefault(node.value.operation.label, []).append(case_id)
    if label and label not in by_operation and status != "skip":
        by_operation[label] = []
    for operation, case_ids in by_operation.items():
        exchanges = [
            recorder.interactions[case_id]
            for case_id in case_ids
            if case_id in recorder.interactions
        ]
        yield {
            "kind": "asked",
            "operation": operation,
            "phase": phase,
            "ended": status,
            **_count_exchanges(exchanges, header, refusals),
            "parameters": sorted(
                {
                    name
                    for case_id in case_ids
                    for name in _case_parameters(recorder.cases[case_id].value)
                }
            ),
        }
    yield from _build_failures(recorder, phase)


def _count_exchanges(
    exchanges: list[Interaction], header: str, refusals: DeclaredRefusals
) -> dict[str, Any]:
    answers = [exchange.response for exchange in exchanges if exchange.response is not None]
    signed = [
        exchange.response
        for exchange in exchanges
        if exchange.response is not None and _has_header(exchange, header)
    ]
    return {
        "requests": len(exchanges),
        "unanswered": len(exchanges) - len(answers),
        "statuses": dict(Counter(str(answer.status_code) for answer in answers)),
        "signed_in": dict(
            Counter(
                refusals.describe_status(answer.status_code, answer.content) for answer in signed
            )
        ),
        "slowest": round(max((answer.elapsed for answer in answers), default=0.0), 3),
    }


def _has_header(exchange: Interaction, header: str) -> bool:
    return any(name.lower() == header.lower() for name in exchange.request.headers)


def _case_parameters(case: Any) -> Iterator[str]:
    for where, word in PARAMETER_LOCATIONS.items():
        yield from (f"{word} {name}" for name in getattr(case, where, None) or {})
    if isinstance(case.body, dict):
        yield from (f"body {name}" for name in case.body)


def _build_failures(recorder: ScenarioRecorder, phase: str) -> Iterator[dict[str, Any]]:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            failure = check.failure_info.failure
            mine = failure.case_id if failure.case_id in recorder.interactions else case_id
            exchange = recorder.interactions.get(mine)
            answer = exchange.response if exchange else None
            operation = failure.operation or recorder.cases[case_id].value.operation.label
            curls = [step.curl for step in check.failure_info.steps] or [
                check.failure_info.code_sample
            ]
            yield {
                "kind": "failure",
                "operation": operation,
                "phase": phase,
                "check": check.name,
                "title": failure.title,
                "shape": failure_shape(failure),
                "message": failure_message(failure),
                "status": answer.status_code if answer else None,
                "curl": "\n".join(curls),
            }
