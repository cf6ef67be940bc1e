"""A verdict in words: what it is, why, and what to do now.

Plain texts; the other modules of this package only lay them out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cutover.reporting.moments import moment
from cutover.reporting.text import first_sentence, listed, printable, utc
from cutover.verdict import HOLES, LADDER, ItemResult, Outcome, Subject, Verdict, Word

DEMONSTRATION = "EMBEDDED DEMONSTRATION, not your hospital"
WAIVER_KEYS = "item, target, release, by, at, reason, expires"
BROKEN = {Outcome.FAILED: "failed", Outcome.ERROR: "ended in an error"}
MOST_BROKEN = 5
MOST_OTHERS = 3
MOST_IDS = 24


def place(subject: Subject) -> str:
    """Where the verdict holds.

    The three kinds of place never share a word, so that none is taken for another.
    """
    if subject.kind == "embedded":
        return DEMONSTRATION
    return (
        f"PRODUCTION ({printable(subject.target)})"
        if subject.production
        else f"{printable(subject.target)} (not production)"
    )


def headline(verdict: Verdict) -> str:
    """The one line that says it all: 'NO-GO  PRODUCTION (main) · release 2.4.0 · phase3'."""
    return (
        f"{verdict.word.value}  {place(verdict.subject)} · release"
        f" {printable(verdict.subject.release)} · {printable(verdict.gate)}"
    )


def tally(verdict: Verdict) -> str:
    """'17 items: 1 failed, 2 not proven, 14 passed', worst first."""
    counts = Counter(result.outcome for result in verdict.items)
    parts = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in LADDER if counts[outcome])
    return (
        f"{len(verdict.items)}"
        f" item{'' if len(verdict.items) == 1 else 's'}{': ' if parts else ''}{parts}"
    )


def because(verdict: Verdict) -> list[str]:
    """Why the word is what it is, worst first, a handful of lines: holds, what failed, what is not
    proven, refused decisions, waivers.
    """
    reasons = [*_holds(verdict), *_broken(verdict), *_not_proven(verdict)]
    if not verdict.is_go and not reasons:
        reasons = ["no item of this gate was proven, and a gate of nothing is not a GO"]
    if verdict.is_go:
        reasons = [tally(verdict)]
    return reasons + _refused(verdict) + _waived(verdict) + _left_out(verdict)


def _holds(verdict: Verdict) -> list[str]:
    return _shortened(
        [f"the run itself: {first_sentence(hold)}" for hold in verdict.holds],
        MOST_OTHERS,
        "faults of the run",
    )


def _broken(verdict: Verdict) -> list[str]:
    """The first few with what they say; the rest by id, and so those that only repeat a fault of
    the run (a file that could not be collected).
    """
    broken = sorted(_roots(verdict, BROKEN), key=lambda result: LADDER.index(result.outcome))
    told = [result for result in broken if not result.why.startswith(verdict.holds)][:MOST_BROKEN]
    lines = [
        f"{result.item.id} {BROKEN[result.outcome]}:"
        f" {first_sentence(result.why) or 'it did not say why'}"
        for result in told
    ]
    rest = [result.item.id for result in broken if result not in told]
    return [*lines, f"also failed: {listed(rest)}"] if rest else lines


def _not_proven(verdict: Verdict) -> list[str]:
    missing = _roots(verdict, (Outcome.NOT_PROVEN,))
    if len(missing) == 1:
        return [f"{missing[0].item.id} is not proven: {first_sentence(missing[0].why)}"]
    return (
        [f"not proven: {listed([result.item.id for result in missing], most=MOST_IDS)}"]
        if missing
        else []
    )


def _refused(verdict: Verdict) -> list[str]:
    lines = [
        f"refused {refusal.kind} of {printable(refusal.decision.by)} for"
        f" {printable(refusal.decision.item)}: {first_sentence(refusal.why)}"
        for refusal in verdict.refusals
    ]
    return _shortened(lines, MOST_OTHERS, "refused decisions")


def _waived(verdict: Verdict) -> list[str]:
    return _shortened(waivers(verdict), MOST_OTHERS, "waivers")


def _left_out(verdict: Verdict) -> list[str]:
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
    return _shortened(lines, MOST_OTHERS, "declared not applicable")


def waivers(verdict: Verdict) -> list[str]:
    """One line for each waived item: what, who, until when, why, and what the item would have been."""
    return [
        f"{result.item.id} is waived by {printable(result.decision.by)} until"
        f" {utc(result.decision.expires)}: {first_sentence(result.decision.reason)}"
        f" ({first_sentence(result.why)})"
        for result in verdict.with_outcome(Outcome.WAIVED)
        if result.decision is not None
    ]


def _shortened(lines: list[str], most: int, what: str) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"{what}: {len(lines) - most} more"]


def _roots(verdict: Verdict, outcomes: Iterable[Outcome]) -> list[ItemResult]:
    """The items with these outcomes, without those that are open only because an item that they
    rest on is (and is named for itself).
    """
    open_ids = {result.item.id for result in verdict.with_outcome(*HOLES)}
    return [
        result
        for result in verdict.with_outcome(*outcomes)
        if _has_own_hole(result) or not open_ids & set(result.item.rests_on)
    ]


def _has_own_hole(result: ItemResult) -> bool:
    return any(check.outcome in HOLES for check in result.checks)


def next_step(verdict: Verdict) -> str:
    """What the captain does now, in a few sentences."""
    return _go_on(verdict) if verdict.is_go else _stop(verdict)


def _go_on(verdict: Verdict) -> str:
    words = moment(verdict.gate).go.format(target=verdict.subject.target)
    if verdict.subject.kind == "embedded":
        return (
            "This was a demonstration and says nothing of your hospital: describe it in"
            f" cutover.toml, then run {_command(verdict, 'NAME')}."
        )
    if not verdict.subject.production:
        return (
            f"This was {verdict.subject.target}, not production. On production the plan goes on so:"
            f" {words}"
        )
    carry = (
        "Name the waivers in the status update. " if verdict.word is Word.GO_WITH_WAIVERS else ""
    )
    return carry + words


def _stop(verdict: Verdict) -> str:
    words = moment(verdict.gate)
    if _tripped(verdict):
        return (
            f"A rollback trigger has tripped ({listed(_tripped(verdict))}): start the rollback now"
            " (plan: Manual Rollback Steps)."
        )
    again = f"Then run {_command(verdict, verdict.subject.target)} again."
    return " ".join(part for part in (words.stop, *_mending(verdict), again, words.last) if part)


def _tripped(verdict: Verdict) -> list[str]:
    """The plan's automatic rollback rules that were seen to fail; an unproven one is not a tripped
    one.
    """
    return [
        result.item.id
        for result in verdict.with_outcome(Outcome.FAILED)
        if result.item.section.endswith("Automatic Rollback Triggers")
    ]


def _command(verdict: Verdict, target: str) -> str:
    gate = f'"{verdict.gate}"' if " " in verdict.gate else verdict.gate
    return f"`pytest -m {gate} --target {target}`"


def _mending(verdict: Verdict) -> list[str]:
    """What would turn each hole into proof.

    A waiver is offered only where it is possible, and never for an item that rests on others.

    A run that was held may have left much unproven: then only what it saw fail is named, and the
    next run tells the rest.
    """
    holes = _roots(verdict, BROKEN if verdict.holds else HOLES)
    checked = [result.item for result in holes if result.item.proof == "check"]
    waivable = [item.id for item in checked if item.waivable and not item.rests_on]
    firm = [item.id for item in checked if not item.waivable]
    resting = [
        f"{item.id} (rests on {listed(item.rests_on)})"
        for item in checked
        if item.waivable and item.rests_on
    ]
    unsigned = [result.item.id for result in holes if result.item.proof == "sign-off"]
    return [
        sentence
        for ids, sentence in (
            (list(verdict.holds), "Clear what is wrong with the run itself: no waiver covers it."),
            (firm, f"Mend or prove {listed(firm)}: no waiver is possible."),
            (
                waivable,
                (
                    f"Mend or prove {listed(waivable)}, or have a named person waive what you can"
                    f" go without in waivers.toml ({WAIVER_KEYS})."
                ),
            ),
            (resting, f"Mend or prove {listed(resting)}."),
            (unsigned, f"Have a named person sign off {listed(unsigned)} in signoffs.toml."),
        )
        if ids
    ]
