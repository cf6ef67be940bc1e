"""A verdict in words: what it is, why, and what to do now.

Plain texts; the other modules of this package only lay them out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    SEVERITY_ORDER,
    ItemResult,
    Outcome,
    Verdict,
    VerdictSubject,
    VerdictWord,
)
from cutover_gates.reporting.gate_texts import texts_for_gate
from cutover_gates.util.text import (
    first_sentence,
    format_list,
    format_utc,
    strip_control_characters,
)

DEMONSTRATION = "EMBEDDED DEMONSTRATION, not your hospital"
WAIVER_KEYS = "item, target, release, by, at, reason, expires"
BROKEN_OUTCOMES = {Outcome.FAILED: "failed", Outcome.ERROR: "ended in an error"}
MAX_BROKEN = 5
MAX_OTHERS = 3
MAX_IDS = 24


def describe_target(subject: VerdictSubject) -> str:
    """Where the verdict holds.

    The three kinds of place never share a word, so that none is taken for another.
    """
    if subject.kind == "embedded":
        return DEMONSTRATION
    return (
        f"PRODUCTION ({strip_control_characters(subject.target)})"
        if subject.production
        else f"{strip_control_characters(subject.target)} (not production)"
    )


def headline(verdict: Verdict) -> str:
    """The one line that says it all: 'NO-GO  PRODUCTION (main) · release 2.4.0 · phase3'."""
    return (
        f"{verdict.word.value}  {describe_target(verdict.subject)} · release"
        f" {strip_control_characters(verdict.subject.release)} · {strip_control_characters(verdict.gate)}"
    )


def count_outcomes(verdict: Verdict) -> str:
    """'17 items: 1 failed, 2 not proven, 14 passed', worst first."""
    counts = Counter(result.outcome for result in verdict.items)
    parts = ", ".join(
        f"{counts[outcome]} {outcome.value}" for outcome in SEVERITY_ORDER if counts[outcome]
    )
    return (
        f"{len(verdict.items)}"
        f" item{'' if len(verdict.items) == 1 else 's'}{': ' if parts else ''}{parts}"
    )


def list_reasons(verdict: Verdict) -> list[str]:
    """Why the word is what it is, worst first, a handful of lines: holds, what failed, what is not
    proven, refused decisions, waivers.
    """
    reasons = [
        *_run_error_reasons(verdict),
        *_broken_reasons(verdict),
        *_not_proven_reasons(verdict),
    ]
    if not verdict.is_go and not reasons:
        reasons = ["no item of this gate was proven, and a gate of nothing is not a GO"]
    if verdict.is_go:
        reasons = [count_outcomes(verdict)]
    return (
        reasons
        + _rejected_decision_reasons(verdict)
        + _waiver_reasons(verdict)
        + _not_applicable_reasons(verdict)
    )


def _run_error_reasons(verdict: Verdict) -> list[str]:
    return _truncate_list(
        [f"the run itself: {first_sentence(hold)}" for hold in verdict.run_errors],
        MAX_OTHERS,
        "faults of the run",
    )


def _broken_reasons(verdict: Verdict) -> list[str]:
    """The first few with what they say; the rest by id, and so those that only repeat a fault of
    the run (a file that could not be collected).
    """
    broken = sorted(
        _root_causes(verdict, BROKEN_OUTCOMES),
        key=lambda result: SEVERITY_ORDER.index(result.outcome),
    )
    told = [result for result in broken if not result.why.startswith(verdict.run_errors)][
        :MAX_BROKEN
    ]
    lines = [
        f"{result.item.id} {BROKEN_OUTCOMES[result.outcome]}:"
        f" {first_sentence(result.why) or 'it did not say why'}"
        for result in told
    ]
    rest = [result.item.id for result in broken if result not in told]
    return [*lines, f"also failed: {format_list(rest)}"] if rest else lines


def _not_proven_reasons(verdict: Verdict) -> list[str]:
    missing = _root_causes(verdict, (Outcome.NOT_PROVEN,))
    if len(missing) == 1:
        return [f"{missing[0].item.id} is not proven: {first_sentence(missing[0].why)}"]
    return (
        [f"not proven: {format_list([result.item.id for result in missing], most=MAX_IDS)}"]
        if missing
        else []
    )


def _rejected_decision_reasons(verdict: Verdict) -> list[str]:
    lines = [
        f"refused {refusal.kind} of {strip_control_characters(refusal.decision.by)} for"
        f" {strip_control_characters(refusal.decision.item)}: {first_sentence(refusal.why)}"
        for refusal in verdict.rejected_decisions
    ]
    return _truncate_list(lines, MAX_OTHERS, "refused decisions")


def _waiver_reasons(verdict: Verdict) -> list[str]:
    return _truncate_list(list_waivers(verdict), MAX_OTHERS, "waivers")


def _not_applicable_reasons(verdict: Verdict) -> list[str]:
    """What settings declare not applicable: whole items, and parts of items that passed without
    them.
    """
    declared = [
        result
        for result in verdict.items
        if result.why and result.outcome in (Outcome.NOT_APPLICABLE, Outcome.PASSED)
    ]
    lines = [
        f"{result.item.id} {'passed' if result.outcome is Outcome.PASSED else 'is not applicable'}:"
        f" {first_sentence(result.why)}"
        for result in declared
    ]
    return _truncate_list(lines, MAX_OTHERS, "declared not applicable")


def list_waivers(verdict: Verdict) -> list[str]:
    """One line for each waived item: what, who, until when, why, and what the item would have been."""
    return [
        f"{result.item.id} is waived by {strip_control_characters(result.decision.by)} until"
        f" {format_utc(result.decision.expires)}: {first_sentence(result.decision.reason)}"
        f" ({first_sentence(result.why)})"
        for result in verdict.with_outcome(Outcome.WAIVED)
        if result.decision is not None
    ]


def _truncate_list(lines: list[str], most: int, what: str) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"{what}: {len(lines) - most} more"]


def _root_causes(verdict: Verdict, outcomes: Iterable[Outcome]) -> list[ItemResult]:
    """The items with these outcomes, without those that are open only because an item that they
    rest on is (and is named for itself).
    """
    open_ids = {result.item.id for result in verdict.with_outcome(*OPEN_OUTCOMES)}
    return [
        result
        for result in verdict.with_outcome(*outcomes)
        if _has_own_breach(result) or not open_ids & set(result.item.rests_on)
    ]


def _has_own_breach(result: ItemResult) -> bool:
    return any(check.outcome in OPEN_OUTCOMES for check in result.checks)


def describe_next_step(verdict: Verdict) -> str:
    """What the captain does now, in a few sentences."""
    return _steps_after_go(verdict) if verdict.is_go else _steps_after_no_go(verdict)


def _steps_after_go(verdict: Verdict) -> str:
    words = texts_for_gate(verdict.gate).after_go.format(target=verdict.subject.target)
    if verdict.subject.kind == "embedded":
        return (
            "This was a demonstration and says nothing of your hospital: describe it in"
            f" cutover.toml, then run {_rerun_command(verdict, 'NAME')}."
        )
    if not verdict.subject.production:
        return (
            f"This was {verdict.subject.target}, not production. On production the plan goes on so:"
            f" {words}"
        )
    carry = (
        "Name the waivers in the status update. "
        if verdict.word is VerdictWord.GO_WITH_WAIVERS
        else ""
    )
    return carry + words


def _steps_after_no_go(verdict: Verdict) -> str:
    words = texts_for_gate(verdict.gate)
    if _triggered_rollback_rules(verdict):
        return (
            f"A rollback trigger has tripped ({format_list(_triggered_rollback_rules(verdict))}): start the rollback now"
            " (plan: Manual Rollback Steps)."
        )
    again = f"Then run {_rerun_command(verdict, verdict.subject.target)} again."
    return " ".join(
        part
        for part in (words.after_no_go, *_steps_to_proof(verdict), again, words.closing_line)
        if part
    )


def _triggered_rollback_rules(verdict: Verdict) -> list[str]:
    """The plan's automatic rollback rules that were seen to fail; an unproven one is not a tripped
    one.
    """
    return [
        result.item.id
        for result in verdict.with_outcome(Outcome.FAILED)
        if result.item.section.endswith("Automatic Rollback Triggers")
    ]


def _rerun_command(verdict: Verdict, target: str) -> str:
    gate = f'"{verdict.gate}"' if " " in verdict.gate else verdict.gate
    return f"`pytest -m {gate} --target {target}`"


def _steps_to_proof(verdict: Verdict) -> list[str]:
    """What would turn each hole into proof.

    A waiver is offered only where it is possible, and never for an item that rests on others.

    A run that was held may have left much unproven: then only what it saw fail is named, and the
    next run tells the rest.
    """
    holes = _root_causes(verdict, BROKEN_OUTCOMES if verdict.run_errors else OPEN_OUTCOMES)
    checked = [result.item for result in holes if result.item.proof == "check"]
    waivable = [item.id for item in checked if item.waivable and not item.rests_on]
    firm = [item.id for item in checked if not item.waivable]
    resting = [
        f"{item.id} (rests on {format_list(item.rests_on)})"
        for item in checked
        if item.waivable and item.rests_on
    ]
    unsigned = [result.item.id for result in holes if result.item.proof == "sign-off"]
    return [
        sentence
        for ids, sentence in (
            (
                list(verdict.run_errors),
                "Clear what is wrong with the run itself: no waiver covers it.",
            ),
            (firm, f"Mend or prove {format_list(firm)}: no waiver is possible."),
            (
                waivable,
                (
                    f"Mend or prove {format_list(waivable)}, or have a named person waive what you can"
                    f" go without in waivers.toml ({WAIVER_KEYS})."
                ),
            ),
            (resting, f"Mend or prove {format_list(resting)}."),
            (unsigned, f"Have a named person sign off {format_list(unsigned)} in signoffs.toml."),
        )
        if ids
    ]
