"""The verdict in one line: the word, target, release, gate and counts, or an order to roll back."""

from __future__ import annotations

from collections import Counter

from cutover_gates.core.attestation.keyless import KEYLESS_PREFIX
from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import SEVERITY_ORDER, Outcome, Verdict, VerdictSubject
from cutover_gates.util.text import format_duration, format_utc

UNKNOWN_KIND = "unknown"
"""The kind of a target whose settings could not be read: whether it is production is not known."""
DEMONSTRATION = "EMBEDDED DEMONSTRATION, not your hospital"


def describe_target(subject: VerdictSubject) -> str:
    """Return where the verdict holds.

    The three kinds of target share no word, so that a reader takes none for another.
    """
    if subject.kind == "embedded":
        return DEMONSTRATION
    name = strip_control_characters(subject.target)
    if subject.kind == UNKNOWN_KIND:
        return f"target {name}"
    return f"PRODUCTION ({name})" if subject.production else f"{name} (not production)"


def describe_signature(subject: VerdictSubject) -> str:
    """Return whether the evidence is signed, and by whom."""
    if subject.signer and subject.signer.startswith(KEYLESS_PREFIX):
        return f"signed by {subject.signer.removeprefix(KEYLESS_PREFIX)}"
    return f"signed with the key {subject.signer}" if subject.signer else "not signed"


def describe_word(verdict: Verdict) -> str:
    """Return the word and what it goes without: 'GO WITH WAIVERS · 2 waived · 7 declared absent'.

    What people decided stands before what the target is declared not to have.
    """
    counts = {
        "waived": len(verdict.with_outcome(Outcome.WAIVED)),
        "accepted": len(verdict.accepted_findings),
        "declared absent": len(verdict.declared),
    }
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    return " · ".join([verdict.word.value, *parts])


def headline(verdict: Verdict) -> str:
    """Return the whole verdict in a line: 'NO-GO  PRODUCTION (main) · release 2.4.0 · phase3'."""
    release = strip_control_characters(verdict.subject.release)
    gate = strip_control_characters(verdict.gate)
    target = describe_target(verdict.subject)
    return f"{describe_word(verdict)}  {target} · release {release} · {gate}"


def count_outcomes(verdict: Verdict) -> str:
    """Return '17 items: 1 failed, 2 not proven, 14 passed', the worst first."""
    counts = Counter(result.outcome for result in verdict.items)
    parts = [f"{counts[outcome]} {outcome.value}" for outcome in SEVERITY_ORDER if counts[outcome]]
    total = "1 item" if len(verdict.items) == 1 else f"{len(verdict.items)} items"
    return f"{total}: {', '.join(parts)}" if parts else total


def describe_counts_and_time(verdict: Verdict) -> str:
    """Return the counts, the time of the verdict and how long the run took."""
    duration = format_duration((verdict.finished - verdict.started).total_seconds())
    return f"{count_outcomes(verdict)}. {format_utc(verdict.finished)}, after {duration}."


def list_order_lines(verdict: Verdict) -> list[str]:
    """Return the lines of the order that stands, the order itself first; none where none does."""
    lines = verdict.rollback_order.splitlines()
    return [strip_control_characters(line) for line in lines[:-1] or lines]


def describe_order(verdict: Verdict) -> str:
    """Return the order in one line; empty where none stands."""
    return next(iter(list_order_lines(verdict)), "")


def list_step_lines(verdict: Verdict) -> list[str]:
    """Return a line for each step of a rollout: its word, when, how long it was live, its share."""
    return [
        f"{step.percent} %: {step.word.value}, {format_utc(step.started)}, live for"
        f" {format_duration(step.seconds)}{f', {step.share}' if step.share else ''}"
        f" ({step.folder}/verdict.html)"
        for step in verdict.steps
    ]
