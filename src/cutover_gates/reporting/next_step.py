"""The next step of the captain: after GO that of the plan, after NO-GO what to fix."""

from __future__ import annotations

from collections.abc import Sequence

from cutover_gates.core.plan import Item
from cutover_gates.core.verdict import OPEN_OUTCOMES, Outcome, Verdict, VerdictWord
from cutover_gates.reporting.causes import find_root_causes
from cutover_gates.reporting.gate_texts import texts_for_gate
from cutover_gates.util.text import format_list

BROKEN_OUTCOMES = (Outcome.FAILED, Outcome.ERROR)
WAIVER_KEYS = "item, target, release, by, at, reason, expires"


def describe_next_step(verdict: Verdict) -> str:
    """Return the next step in a few sentences. Commands stand between backticks."""
    if verdict.word is VerdictWord.NOT_JUDGED:
        return (
            "Nothing was asked of the target. Correct the call or the settings, and run it again."
        )
    if verdict.rollback_order:
        return (
            "Roll back now, by the steps at the top of this verdict. Then run `pytest -m rollback"
            f" --target {verdict.subject.target}`."
        )
    return _steps_after_go(verdict) if verdict.is_go else _steps_after_no_go(verdict)


def describe_fired_triggers(verdict: Verdict) -> str:
    """Return what a fired rollback trigger demands; empty where none fired.

    A trigger that is not proven has not fired.
    """
    failed = verdict.with_outcome(Outcome.FAILED)
    fired = [result.item.id for result in failed if result.item.is_trigger]
    if not fired:
        return ""
    return (
        f"A rollback trigger has fired ({format_list(fired)}): start the rollback now (the manual"
        " rollback steps of your plan)."
    )


def _steps_after_go(verdict: Verdict) -> str:
    next_step = texts_for_gate(verdict.gate).after_go.format(target=verdict.subject.target)
    if verdict.subject.kind == "embedded":
        return (
            "This was a demonstration and says nothing about your hospital. Describe your hospital"
            f" in cutover.toml, then run {_rerun_command(verdict, 'NAME')}."
        )
    if not verdict.subject.production:
        return (
            f"This was {verdict.subject.target}, not production. On production the next step is:"
            f" {next_step}"
        )
    if verdict.word is VerdictWord.GO_WITH_WAIVERS:
        return f"Name the waivers in the status update. {next_step}"
    return next_step


def _steps_after_no_go(verdict: Verdict) -> str:
    if fired := describe_fired_triggers(verdict):
        return fired
    texts = texts_for_gate(verdict.gate)
    again = f"Then run {_rerun_command(verdict, verdict.subject.target)} again."
    sentences = (texts.after_no_go, *_steps_to_proof(verdict), again, texts.closing_line)
    return " ".join(sentence for sentence in sentences if sentence)


def _rerun_command(verdict: Verdict, target: str) -> str:
    gate = f'"{verdict.gate}"' if " " in verdict.gate else verdict.gate
    return f"`pytest -m {gate} --target {target}`"


def _steps_to_proof(verdict: Verdict) -> list[str]:
    """Return what closes each open item, a sentence for each kind.

    A waiver is offered only where it is possible, and never for an item that rests on others. A
    fault of the run may leave much unproven: then only what failed is named, and the next run tells
    the rest.
    """
    outcomes = BROKEN_OUTCOMES if verdict.run_errors else OPEN_OUTCOMES
    items = [result.item for result in find_root_causes(verdict, tuple(outcomes))]
    checked = [item for item in items if item.proof == "check"]
    sentences = []
    if verdict.run_errors:
        sentences.append("Fix the run itself. A waiver cannot cover it.")
    sentences += _fix_sentences(checked)
    if unsigned := [item.id for item in items if item.proof == "sign-off"]:
        sentences.append(f"Have a named person sign off {format_list(unsigned)} in signoffs.toml.")
    return sentences


def _fix_sentences(items: Sequence[Item]) -> list[str]:
    sentences = []
    if firm := [item.id for item in items if not item.waivable]:
        sentences.append(f"Fix {_join_ids(firm)}: no waiver is possible.")
    if waivable := [item.id for item in items if item.waivable and not item.rests_here]:
        sentences.append(
            f"Fix {_join_ids(waivable)}. To accept the risk instead, add a waiver by a named person"
            f" to waivers.toml ({WAIVER_KEYS})."
        )
    resting = [item for item in items if item.waivable and item.rests_here]
    if resting:
        named = [f"{item.id} (rests on {format_list(item.rests_here)})" for item in resting]
        sentences.append(f"Fix {_join_ids(named)}.")
    return sentences


def _join_ids(ids: Sequence[str]) -> str:
    """Return 'a, b and c', or what `format_list` makes of many."""
    if len(ids) < 2 or len(ids) > 8:
        return format_list(ids)
    return f"{', '.join(ids[:-1])} and {ids[-1]}"
