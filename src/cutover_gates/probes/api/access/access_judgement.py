"""The judgement of one answer, and the requests that are not made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from cutover_gates.core.findings import Finding, Rule
from cutover_gates.hospital import Answer, Operation, Reason
from cutover_gates.probes.api.access import rules
from cutover_gates.probes.api.access.model import (
    EXPIRED_TOKEN,
    NO_TOKEN,
    OTHER_FACILITY,
    OTHER_PATIENT,
    SAFE_METHODS,
    AccessCell,
    AccessContext,
    ExpectedAccess,
    PatientChart,
    format_subject,
    path_parameters,
)

_INPUT_REJECTIONS = frozenset(
    {Reason.INVALID, Reason.TOO_LARGE, Reason.UNSUPPORTED_TYPE, Reason.THROTTLED}
)
"""Refusals that say nothing of who asks."""
_LOCKED_OUT = frozenset({Reason.UNAUTHENTICATED, Reason.FORBIDDEN, Reason.NOT_FOUND})
_ASKER_RULES = {
    NO_TOKEN: rules.TOKEN_REQUIRED,
    EXPIRED_TOKEN: rules.EXPIRED_TOKEN_REFUSED,
    OTHER_FACILITY: rules.OTHER_FACILITY_HIDDEN,
    OTHER_PATIENT: rules.OTHER_PATIENT_HIDDEN,
}
_REJECTED_FIRST = ", before the caller was checked: give the document a valid example"


class JudgementKind(Enum):
    """Whether an answer is as expected, wrong, or says nothing."""

    FINE = auto()
    WRONG = auto()
    UNCLEAR = auto()


@dataclass(frozen=True)
class Judgement:
    """A judgement, with what is to be said beside what came."""

    kind: JudgementKind
    detail: str = ""


FINE = Judgement(JudgementKind.FINE)
WRONG = Judgement(JudgementKind.WRONG)


def access_rule(asker: str, expected: ExpectedAccess) -> Rule:
    """Return the rule that a request by this asker tests."""
    if expected is ExpectedAccess.NO_FAILURE:
        return rules.PUBLIC_WORKS
    by_role = {ExpectedAccess.ALLOWED: rules.ROLE_ALLOWED}
    return _ASKER_RULES.get(asker) or by_role.get(expected, rules.ROLE_REFUSED)


def describe_answer(context: AccessContext, answer: Answer) -> str:
    """Return the reason of a refusal with its status, or the status alone."""
    reason = context.hospital.features.reason_of(answer)
    return f"{reason.value} (HTTP {answer.status})" if reason else f"HTTP {answer.status}"


def judge_answer(
    context: AccessContext,
    expected: ExpectedAccess,
    operation: Operation,
    answer: Answer,
    chart: PatientChart,
) -> Judgement:
    """Judge one answer."""
    reason = context.hospital.features.reason_of(answer)
    if expected is ExpectedAccess.NO_FAILURE:
        failed = answer.status >= 500 and answer.status not in operation.statuses
        return WRONG if failed else FINE
    leaks = any(word in answer.text for word in chart.words)
    if leaks and expected is not ExpectedAccess.ALLOWED:
        return Judgement(JudgementKind.WRONG, ", with data of the patient")
    if answer.status >= 500:
        return WRONG
    if expected is ExpectedAccess.UNAUTHENTICATED:
        is_closed = reason is Reason.UNAUTHENTICATED or context.is_refusal(operation, answer)
        return FINE if is_closed else WRONG
    if expected is ExpectedAccess.NO_FOREIGN_DATA:
        rejected = reason in _INPUT_REJECTIONS
        return Judgement(JudgementKind.UNCLEAR, _REJECTED_FIRST) if rejected else FINE
    values = chart.parameter_values(operation, context.names)
    unknown = sorted(path_parameters(operation) - values.keys())
    if expected is ExpectedAccess.REFUSED_TO_ROLE and not unknown:
        return _judge_role_refusal(
            reason, is_refusal=context.is_role_refusal(operation, answer, reason)
        )
    return _judge_by_role(expected, reason, unknown)


def _judge_role_refusal(reason: Reason | None, *, is_refusal: bool) -> Judgement:
    if reason in _INPUT_REJECTIONS:
        return Judgement(JudgementKind.UNCLEAR, _REJECTED_FIRST)
    return FINE if is_refusal else WRONG


def _judge_by_role(
    expected: ExpectedAccess, reason: Reason | None, unknown: list[str]
) -> Judgement:
    """Judge the answer to a signed-in asker. `unknown` are names in the path without a value."""
    if reason is Reason.NOT_FOUND and unknown:
        return _judge_unknown_parameters(expected, unknown)
    if expected is ExpectedAccess.ALLOWED:
        return _judge_allowed(reason)
    if reason in _INPUT_REJECTIONS:
        return Judgement(JudgementKind.UNCLEAR, _REJECTED_FIRST)
    return FINE if reason in (Reason.FORBIDDEN, Reason.NOT_FOUND) else WRONG


def _judge_unknown_parameters(expected: ExpectedAccess, unknown: list[str]) -> Judgement:
    """Judge "not found" where nobody has an id for some names in the path: it says nothing."""
    if expected is ExpectedAccess.ALLOWED:
        return FINE
    return Judgement(
        JudgementKind.UNCLEAR,
        f", and no value is known of {', '.join(unknown)}: set it in contract.parameters",
    )


def _judge_allowed(reason: Reason | None) -> Judgement:
    if reason in _LOCKED_OUT:
        return WRONG
    return Judgement(JudgementKind.UNCLEAR) if reason is Reason.THROTTLED else FINE


def is_own_record(context: AccessContext, operation: Operation, chart: PatientChart) -> bool:
    """Return whether an operation names a record of the chart."""
    values = chart.parameter_values(operation, context.names)
    ids = set(chart.ids.values())
    return any(values.get(name) in ids for name in path_parameters(operation))


def find_patient_names(
    context: AccessContext, operation: Operation, chart: PatientChart
) -> list[str]:
    """Return the names in a path that mean the patient, where it also names a record of theirs."""
    values = chart.parameter_values(operation, context.names)
    # Reversed, so that of two records with one id the first kind counts.
    kinds = {record_id: kind for kind, record_id in reversed(list(chart.ids.items()))}
    named = {name: kinds.get(values.get(name, "")) for name in path_parameters(operation)}
    has_record = bool(set(named.values()) - {"patient", None})
    return [name for name, kind in named.items() if kind == "patient" and has_record]


def says_unauthenticated(cell: AccessCell) -> bool:
    """Return whether a cell was judged wrong because the caller was not known."""
    return cell.finding is not None and cell.actual.startswith(Reason.UNAUTHENTICATED.value)


def must_skip(context: AccessContext, operation: Operation, chart: PatientChart) -> bool:
    """Return whether a role that may use an operation does not try it.

    It would change something that is not the run's own, and nobody could put it back.
    """
    names = path_parameters(operation)
    foreign = any(context.names.get(name, "patient") not in chart.ids for name in names)
    changes = operation.method not in SAFE_METHODS
    lasting = changes and (foreign or (not names and operation.method != "POST"))
    return lasting or str(operation) in context.untried


def skipped_cell(context: AccessContext, operation: Operation, role: str) -> AccessCell:
    """Return the cell of an operation that is not tried; a gap unless the settings say why not."""
    cell = AccessCell(str(operation), role, ExpectedAccess.ALLOWED, "not tried")
    if str(operation) in context.untried:
        return cell
    reason = "not tried, because it changes something that is not this run's own"
    gap = Finding(rules.ALLOWED_TRIED, format_subject(operation, role), "", reason)
    return replace(cell, gap=gap)


def unlisted_cell(context: AccessContext, operation: Operation, role: str) -> AccessCell:
    """Return the cell of an operation that the table neither allows to a role nor refuses."""
    why = "the table lists it neither under may nor under may_not"
    if context.role_table.is_divided(role, operation):
        why = "the role may do a part of it: the checks of smoke ask each part"
    return AccessCell(str(operation), role, ExpectedAccess.NOT_ASKED, why)
