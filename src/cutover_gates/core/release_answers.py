"""Which release may answer at a gate, and whether the releases that answered are those.

A plan says for each gate what may answer: the previous release before the cutover and after a
rollback, either while it is deployed, the release under judgement afterwards. Pure: the answers are
counted elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cutover_gates.core.gates import named_gates
from cutover_gates.core.plan import Item, Plan

APPLICATION_SUITES = frozenset({"smoke", "performance", "contract"})
"""The suites whose checks ask the running application. Migrations only look at the database."""

SHOWN_CHARACTERS = 200
"""Characters of a release that are kept: it comes from the target, and may be anything."""


def shorten_release(release: str) -> str:
    """Return a release, or of one that is too long its beginning and what tells it from others."""
    if len(release) <= SHOWN_CHARACTERS:
        return release
    digest = sha256(release.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{release[:SHOWN_CHARACTERS]}… ({len(release)} characters, SHA-256 {digest})"


@dataclass(frozen=True)
class ReleaseAnswers:
    """The releases that answered at one moment ("before the checks", "after the checks").

    `counts` maps each release to how many answers named it, out of `asked` questions. `untold` is
    why there is no release, where the target answers and tells none. `cached` are the answers that
    came from a cache, and `problem` what was wrong with the questions that got no answer.
    `backends` maps each declared backend that was asked directly to the release that it named.
    """

    moment: str
    asked: int
    counts: Mapping[str, int] = field(default_factory=dict)
    untold: str = ""
    cached: int = 0
    problem: str = ""
    backends: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The number of answers that named a release."""
        return sum(self.counts.values())

    def describe(self) -> str:
        """Return the releases with their counts: `'2.0.0' (26 of 29), '1.9.0' (3 of 29)`."""
        ordered = sorted(self.counts.items(), key=lambda entry: (-entry[1], entry[0]))
        return ", ".join(f"{release!r} ({count} of {self.asked})" for release, count in ordered)


@dataclass(frozen=True)
class DeclaredReleases:
    """The releases that a target's settings declare, and what it need not tell.

    `untold_reason` is the declared reason for a target that reports no release; empty where it must
    report one.
    """

    target: str
    release: str
    previous: str | None = None
    untold_reason: str = ""

    def allowed_by(self, answers: str) -> frozenset[str]:
        """Return the releases that `previous`, `either` or `release` allows; empty if unknown."""
        if answers == "release":
            return frozenset({self.release})
        if self.previous is None:
            return frozenset()
        only = {self.previous}
        return frozenset(only | {self.release} if answers == "either" else only)


@dataclass(frozen=True)
class ReleaseRequirement:
    """What must answer for some items of a gate. `of_items` is False for the gate's own key."""

    gate: str
    answers: str
    items: tuple[str, ...]
    of_items: bool

    @property
    def subject(self) -> str:
        """The gate, or the items that have a key of their own."""
        return f"{self.gate}: {', '.join(self.items)}" if self.of_items else self.gate


def _answers_of_gate(plan: Plan, gate: str, item: Item) -> frozenset[str]:
    """Return what may answer when `gate` (an expression) asks for an item, by its gates' own keys.

    An expression that names no gate, such as a suite, asks for the release under judgement. One
    that names several asks for what each of them asks.
    """
    words = [name for name in named_gates(gate) if name in item.gates]
    found = frozenset(plan.gate_answers[name] for name in words) or {"release"}
    return frozenset(found - {"either"}) or frozenset({"either"})


def find_requirements(plan: Plan, gate: str) -> tuple[ReleaseRequirement, ...]:
    """Return what must answer for the items of a gate whose checks ask the application."""
    found: dict[tuple[str, bool], dict[str, None]] = {}
    for item in plan.select_items(gate):
        for inherited in sorted(_answers_of_gate(plan, gate, item)):
            for below, answers, own in _walk(plan, item, inherited, own=False):
                if below.suite in APPLICATION_SUITES and not below.asked_of:
                    found.setdefault((answers, own), {})[below.id] = None
    return tuple(
        ReleaseRequirement(gate, answers, tuple(items), own)
        for (answers, own), items in found.items()
    )


def _walk(plan: Plan, item: Item, answers: str, *, own: bool) -> Iterator[tuple[Item, str, bool]]:
    """Yield an item and all that it rests on, with what may answer and whether an item says so."""
    if item.answers:
        answers, own = item.answers, True
    yield item, answers, own
    for other in item.rests_here:
        yield from _walk(plan, plan.item(other), answers, own=own)


def find_conflict(plan: Plan, gates: tuple[str, ...]) -> str:
    """Return a sentence where the gates of one run need different releases; empty otherwise."""
    needed: dict[str, str] = {}
    for gate in gates:
        for requirement in find_requirements(plan, gate):
            if not requirement.of_items and requirement.answers != "either":
                needed.setdefault(requirement.answers, gate)
    if len(needed) < 2:
        return ""
    return (
        f"{needed['previous']} is judged on the release before the cutover, and"
        f" {needed['release']} on the one under judgement: one target cannot answer with both, so"
        " run these gates one after the other"
    )


def explain_hold(
    requirement: ReleaseRequirement, declared: DeclaredReleases, answers: ReleaseAnswers
) -> str:
    """Return why the answers are not proof for a requirement; empty where they are."""
    allowed = declared.allowed_by(requirement.answers)
    if answers.untold and declared.untold_reason and not answers.counts:
        return ""
    if not allowed:
        return (
            f"{requirement.subject} is judged on the release before the cutover, and none is"
            f" declared: write previous_release in [targets.{declared.target}], or give"
            " --previous-release"
        )
    if told := _find_other_releases(answers, allowed):
        return _explain_other_release(requirement.subject, told, answers.moment, allowed)
    return "" if declared.untold_reason else _explain_missing_answers(declared.target, answers)


def _find_other_releases(answers: ReleaseAnswers, allowed: frozenset[str]) -> str:
    """Return what was reported, where it is not only what may answer; else an empty text."""
    if answers.counts.keys() - allowed:
        return answers.describe()
    others = [entry for entry in answers.backends.items() if entry[1] not in allowed]
    return ", ".join(f"{release!r} at its backend {backend}" for backend, release in others)


def _explain_missing_answers(target: str, answers: ReleaseAnswers) -> str:
    """Return why too few answers name what runs now; empty where enough do."""
    if answers.untold:
        return _explain_untold(target, answers)
    if answers.cached:
        return (
            f"{answers.cached} of {answers.asked} answers to the question for the release came from"
            f" a cache {answers.moment}, so they do not show what runs: take the version endpoint"
            " out of the cache"
        )
    if answers.total < answers.asked:
        return (
            f"target {target!r} reported its release {answers.total} times of {answers.asked}"
            f" {answers.moment} ({answers.problem or 'no reason is known'}): an instance of another"
            " release may be missed, so run the gate again when every question is answered"
        )
    return ""


def _explain_untold(target: str, answers: ReleaseAnswers) -> str:
    return (
        f"target {target!r} tells no release ({answers.untold}), so nothing shows which one was"
        " judged: correct its version operation, or declare with a reason that it tells none"
        f" (reported_release in [targets.{target}.capabilities])"
    )


def _explain_other_release(subject: str, told: str, moment: str, allowed: frozenset[str]) -> str:
    expected = " or ".join(map(repr, sorted(allowed)))
    return (
        f"{subject} is judged on release {expected}, and {moment} the target reported {told}:"
        f" deploy {expected} on every instance, or name the release as the target reports it"
        " (release, previous_release)"
    )
