"""The verdict's table of truth: a GO is proof, and nothing else is a GO."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations, product
from typing import Any

import pytest

from cutover_gates.core.declarations import ITEM, Declaration
from cutover_gates.core.judge import judge
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    PROVEN_OUTCOMES,
    SEVERITY_ORDER,
    CheckResult,
    ItemResult,
    Outcome,
    Verdict,
    VerdictSubject,
    VerdictWord,
    worst_outcome,
)
from cutover_gates.core.waivers import Decision

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SUBJECT = VerdictSubject(
    "staging",
    "remote",
    "https://staging.example",
    "2.0.0",
    "2.0.0",
    "10",
    "0.1.0",
    "abc",
    "0" * 64,
    "runner",
)
FINE = frozenset({Outcome.PASSED, Outcome.ATTESTED, Outcome.NOT_APPLICABLE})


def check(
    item_id: str, *rests_on: str, waivable: bool = True, gates: tuple[str, ...] = ("phase3",)
) -> Item:
    return Item(item_id, "S", item_id, gates, "check", "smoke", rests_on, waivable)


def signed(item_id: str, *rests_on: str) -> Item:
    return Item(item_id, "S", item_id, ("phase3",), "sign-off", rests_on=rests_on)


def result(
    item_id: str, outcome: Outcome, why: str = "because", name: str = "test_it"
) -> CheckResult:
    return CheckResult(
        f"smoke/test_{item_id}.py::{name}",
        frozenset({item_id}),
        outcome,
        "" if outcome is Outcome.PASSED else why,
    )


def decision(item_id: str, **changed: Any) -> Decision:
    made = Decision(
        item_id,
        "staging",
        "2.0.0",
        "Ada Example",
        NOW - timedelta(hours=1),
        "we can live with it",
        NOW + timedelta(hours=1),
    )
    return replace(made, **changed)


def judged(
    items: Iterable[Item], results: Sequence[CheckResult] = (), gate: str = "phase3", **given: Any
) -> Verdict:
    absent = given.pop("not_applicable", {})
    given["declarations"] = [
        *(Declaration(ITEM, name, why, "Ada Example", NOW.date()) for name, why in absent.items()),
        *given.get("declarations", ()),
    ]
    return judge(
        Plan(tuple(items)),
        gate,
        results,
        subject=given.pop("subject", SUBJECT),
        started=NOW - timedelta(minutes=5),
        now=NOW,
        **given,
    )


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {found.item.id: found.outcome for found in verdict.items}


def only(verdict: Verdict) -> ItemResult:
    (found,) = verdict.items
    return found


def coming_out(wanted: Sequence[Outcome], **given: Any) -> Verdict:
    """A verdict over one item for each wanted outcome, brought about the way a run does."""
    items, results, waivers, signoffs = [], [], [], []
    absent: dict[str, str] = {}
    for number, outcome in enumerate(wanted):
        name = f"item-{number}"
        items.append(signed(name) if outcome is Outcome.ATTESTED else check(name))
        if outcome is Outcome.ATTESTED:
            signoffs.append(decision(name))
        elif outcome is Outcome.NOT_APPLICABLE:
            absent[name] = "the target has none"
        elif outcome is Outcome.WAIVED:
            waivers.append(decision(name))
            results.append(result(name, Outcome.FAILED))
        else:
            results.append(result(name, outcome))
    return judged(
        items, results, waivers=waivers, signoffs=signoffs, not_applicable=absent, **given
    )


# ── the word ──


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_word_follows_from_the_outcomes_alone(size: int) -> None:
    """Every combination of outcomes.

    GO: all is proven or not applicable, and something is proven. With waivers: the rest is waived.
    Else NO-GO.
    """
    for wanted in product(Outcome, repeat=size):
        verdict = coming_out(wanted)
        assert tuple(found.outcome for found in verdict.items) == wanted
        is_proven = bool(set(wanted) & PROVEN_OUTCOMES)
        if is_proven and set(wanted) <= FINE:
            assert verdict.word is VerdictWord.GO, wanted
        elif is_proven and set(wanted) <= FINE | {Outcome.WAIVED}:
            assert verdict.word is VerdictWord.GO_WITH_WAIVERS, wanted
        else:
            assert verdict.word is VerdictWord.NO_GO, wanted
        assert verdict.is_go == (verdict.word is not VerdictWord.NO_GO)


def test_a_fault_of_the_run_is_no_go_whatever_else() -> None:
    """An interrupted run, a leak, a changed target: no item and no waiver makes up for it."""
    for wanted in product(Outcome, repeat=2):
        verdict = coming_out(wanted, run_errors=["the run was interrupted"])
        assert verdict.word is VerdictWord.NO_GO
        assert verdict.run_errors == ("the run was interrupted",)


@pytest.mark.parametrize(
    "gate", ["phase1", "phase3 and contract", "slow", "", "phase3 and", "phase3 and not phase3"]
)
def test_a_gate_without_items_is_no_go(gate: str) -> None:
    """Nothing was asked, so nothing is proven."""
    assert judged([check("a")], [result("a", Outcome.PASSED)], gate).word is VerdictWord.NO_GO


def test_another_gates_items_do_not_count() -> None:
    """Neither for it nor against it."""
    items = [check("ours"), check("theirs", gates=("t24",))]
    assert (
        judged(items, [result("ours", Outcome.PASSED), result("theirs", Outcome.FAILED)]).word
        is VerdictWord.GO
    )
    assert judged(items, [result("theirs", Outcome.PASSED)]).word is VerdictWord.NO_GO


# ── from checks to an item ──


def test_the_ladder_is_in_order() -> None:
    """The worst comes first."""
    assert [outcome.value for outcome in SEVERITY_ORDER] == [
        "error",
        "failed",
        "not proven",
        "waived",
        "attested",
        "passed",
        "not applicable",
    ]
    for better, worse in combinations(reversed(SEVERITY_ORDER), 2):
        assert worst_outcome([better, worse]) is worst_outcome([worse, better]) is worse


def test_the_worst_of_nothing_is_not_proven() -> None:
    assert worst_outcome([]) is Outcome.NOT_PROVEN


def test_an_item_is_as_good_as_its_worst_check() -> None:
    """Whatever the order of its checks, and however many passed."""
    came = [
        Outcome.ERROR,
        Outcome.FAILED,
        Outcome.NOT_PROVEN,
        Outcome.PASSED,
        Outcome.NOT_APPLICABLE,
    ]
    for several in permutations(came, 3):
        results = [
            result("a", outcome, name=f"test_{number}") for number, outcome in enumerate(several)
        ]
        assert only(judged([check("a")], results)).outcome is worst_outcome(several)


def test_an_item_without_a_check_is_not_proven() -> None:
    """Also where other items have checks, and where a signature was offered instead."""
    found = only(judged([check("a")], [result("b", Outcome.PASSED)], signoffs=[decision("a")]))
    assert (found.outcome, found.why) == (Outcome.NOT_PROVEN, "no check proves it")


def test_an_item_nobody_signed_is_not_proven() -> None:
    """Also where a check of that name passed."""
    found = only(judged([signed("a")], [result("a", Outcome.PASSED)]))
    assert (found.outcome, found.why) == (Outcome.NOT_PROVEN, "it has no sign-off that counts")


@pytest.mark.parametrize("below", list(Outcome))
def test_a_signature_is_no_better_than_what_it_rests_on(below: Outcome) -> None:
    """Also where this gate does not ask for that: a person attests the item, and not its proof."""
    items = [signed("top", "bottom"), check("bottom", gates=("t24",))]
    given = decision("top", expires=NOW + LONG_ENOUGH)
    found = only(judged(items, [result("bottom", below)], signoffs=[given]))
    is_open = below in OPEN_OUTCOMES | {Outcome.WAIVED}
    assert found.outcome is (below if is_open else Outcome.ATTESTED)


def test_an_item_is_as_good_as_what_it_rests_on() -> None:
    """Its own checks and those below together; what is below counts also where this gate does not
    ask for it.
    """
    for own, below in product(
        [Outcome.ERROR, Outcome.FAILED, Outcome.NOT_PROVEN, Outcome.PASSED], repeat=2
    ):
        items = [check("top", "bottom"), check("bottom", gates=("t24",))]
        assert only(
            judged(items, [result("top", own), result("bottom", below)])
        ).outcome is worst_outcome([own, below])


def test_an_item_without_checks_of_its_own_is_what_it_rests_on() -> None:
    """All of it: one that is missing leaves it not proven."""
    items = [check("top", "one", "two"), check("one"), check("two")]
    assert (
        outcomes(judged(items, [result("one", Outcome.PASSED), result("two", Outcome.PASSED)]))[
            "top"
        ]
        is Outcome.PASSED
    )
    verdict = judged(items, [result("one", Outcome.PASSED)])
    assert (outcomes(verdict)["top"], verdict.items[0].why) == (
        Outcome.NOT_PROVEN,
        "two is not proven",
    )


def test_why_tells_the_first_and_counts_the_others() -> None:
    """One line for a tired reader."""
    results = [
        result("a", Outcome.FAILED, "the first"),
        result("a", Outcome.FAILED, "the second"),
        result("a", Outcome.NOT_PROVEN, "milder"),
    ]
    assert only(judged([check("a")], results)).why == "the first (and 1 more)"


@pytest.mark.parametrize("outcome", sorted(OPEN_OUTCOMES))
def test_a_hole_that_belongs_to_no_item_is_a_fault_of_the_run(outcome: Outcome) -> None:
    """A file that nobody can read might have held the checks of any item."""
    stray = CheckResult("smoke/test_b.py::test_it", frozenset(), outcome, "it cannot be counted")
    elsewhere = CheckResult("smoke/test_b.py::test_it", frozenset({"in-no-plan"}), outcome)
    verdict = judged([check("a")], [result("a", Outcome.PASSED), stray, elsewhere])
    assert verdict.word is VerdictWord.NO_GO
    told, untold = verdict.run_errors
    assert told == stray.why
    assert elsewhere.check in untold
    assert outcome.value in untold


def test_a_pass_that_belongs_to_no_item_is_nothing() -> None:
    """It neither proves nor harms."""
    stray = CheckResult("smoke/test_b.py::test_it", frozenset(), Outcome.PASSED)
    assert judged([check("a")], [result("a", Outcome.PASSED), stray]).word is VerdictWord.GO
    assert judged([check("a")], [stray]).word is VerdictWord.NO_GO


# ── waivers and sign-offs ──

LONG_ENOUGH = timedelta(days=2)
REFUSED = {
    "expired": ({"expires": NOW - timedelta(seconds=1)}, "it expired at 2026-11-23 01:59 UTC"),
    "dated in the future": (
        {"at": NOW + timedelta(seconds=1)},
        "in the future (it is 2026-11-23 02:00 UTC)",
    ),
    "dated in the future of every time zone": (
        {"at": datetime(2026, 11, 24, tzinfo=UTC), "is_local": True},
        "in the future in every time zone (it is 2026-11-23 02:00 UTC)",
    ),
    "wrong release": (
        {"release": "1.9.0"},
        "it is for release 1.9.0, and 2.0.0 is under judgement",
    ),
    "unknown item": ({"item": "aa"}, "the plan has no item 'aa' (did you mean 'a'?)"),
}


@pytest.mark.parametrize("outcome", sorted(OPEN_OUTCOMES))
def test_a_waiver_goes_without_any_hole(outcome: Outcome) -> None:
    """The item is waived, by name, and the verdict still says what its check saw."""
    given = decision("a")
    verdict = judged(
        [check("a"), check("b")],
        [result("a", outcome), result("b", Outcome.PASSED)],
        waivers=[given],
    )
    found = verdict.items[0]
    assert (verdict.word, found.outcome, found.decision) == (
        VerdictWord.GO_WITH_WAIVERS,
        Outcome.WAIVED,
        given,
    )
    assert (found.why, [ran.outcome for ran in found.checks]) == (
        f"{outcome.value}: because",
        [outcome],
    )


@pytest.mark.parametrize("kind", ["waiver", "sign-off"])
def test_a_decision_of_today_counts_wherever_its_person_is(kind: str) -> None:
    """In Auckland it is tomorrow already; a time with its zone is exact."""
    given = decision("a", at=NOW + timedelta(hours=14), is_local=True, expires=NOW + LONG_ENOUGH)
    items = [check("a") if kind == "waiver" else signed("a"), check("b")]
    file: dict[str, Any] = {"waivers" if kind == "waiver" else "signoffs": [given]}
    verdict = judged(items, [result("b", Outcome.PASSED)], **file)
    assert not verdict.rejected_decisions


def test_a_waiver_of_what_is_not_proven_is_none_of_what_failed() -> None:
    """Whoever goes without a proof has not decided to go with a fault."""
    given = decision("a", covers="not proven")
    for outcome, word in (
        (Outcome.NOT_PROVEN, VerdictWord.GO_WITH_WAIVERS),
        (Outcome.FAILED, VerdictWord.NO_GO),
        (Outcome.ERROR, VerdictWord.NO_GO),
    ):
        verdict = judged(
            [check("a"), check("b")],
            [result("a", outcome), result("b", Outcome.PASSED)],
            waivers=[given],
        )
        assert verdict.word is word


def test_a_waiver_that_covers_more_goes_over_one_that_lasts_longer() -> None:
    narrow, wide = (
        decision("a", covers="not proven", expires=NOW + timedelta(days=900)),
        decision("a"),
    )
    for given in ([narrow, wide], [wide, narrow]):
        verdict = judged(
            [check("a"), check("b")],
            [result("a", Outcome.FAILED), result("b", Outcome.PASSED)],
            waivers=given,
        )
        assert verdict.items[0].decision == wide


def test_a_waiver_of_a_passed_item_changes_nothing() -> None:
    """What is proven needs no waiver: the verdict is a plain GO."""
    verdict = judged([check("a")], [result("a", Outcome.PASSED)], waivers=[decision("a")])
    assert (verdict.word, verdict.rejected_decisions) == (VerdictWord.GO, ())


def test_a_gate_of_waivers_only_is_no_go() -> None:
    """Something must be proven."""
    assert (
        judged([check("a")], [result("a", Outcome.FAILED)], waivers=[decision("a")]).word
        is VerdictWord.NO_GO
    )


def test_a_signature_attests_an_item_that_no_program_can_check() -> None:
    given = decision("a")
    verdict = judged([signed("a")], signoffs=[given])
    found = only(verdict)
    assert (verdict.word, found.outcome, found.decision) == (
        VerdictWord.GO,
        Outcome.ATTESTED,
        given,
    )
    assert found.why == "Ada Example: we can live with it"


def test_an_item_that_is_to_be_signed_can_be_waived_instead() -> None:
    verdict = judged(
        [signed("a"), check("b")], [result("b", Outcome.PASSED)], waivers=[decision("a")]
    )
    assert verdict.word is VerdictWord.GO_WITH_WAIVERS


@pytest.mark.parametrize(("changed", "says"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("kind", ["waiver", "sign-off"])
def test_a_decision_that_does_not_count_is_refused_and_named(
    kind: str, changed: dict[str, Any], says: str
) -> None:
    """Its item is what it is without it."""
    given = decision("a", **changed)
    items = [check("a") if kind == "waiver" else signed("a"), check("b")]
    file: dict[str, Any] = {"waivers" if kind == "waiver" else "signoffs": [given]}
    verdict = judged(items, [result("b", Outcome.PASSED)], **file)
    assert (verdict.word, outcomes(verdict)["a"]) == (VerdictWord.NO_GO, Outcome.NOT_PROVEN)
    (refusal,) = verdict.rejected_decisions
    assert (refusal.kind, refusal.decision) == (kind, given)
    assert says in refusal.why


def test_a_decision_counts_from_its_first_to_its_last_moment() -> None:
    """Both are within."""
    for changed in ({"at": NOW}, {"expires": NOW}):
        assert judged([signed("a")], signoffs=[decision("a", **changed)]).word is VerdictWord.GO


@pytest.mark.parametrize("kind", ["waivers", "signoffs"])
def test_a_decision_for_another_target_is_not_for_us(kind: str) -> None:
    """Neither counted nor refused: one file serves all targets."""
    items = [check("a") if kind == "waivers" else signed("a"), check("b")]
    file: dict[str, Any] = {kind: [decision("a", target="production")]}
    verdict = judged(items, [result("b", Outcome.PASSED)], **file)
    assert (verdict.word, verdict.rejected_decisions) == (VerdictWord.NO_GO, ())


def test_a_refused_decision_does_not_stand_in_the_way_of_one_that_counts() -> None:
    """The old waiver is named, the new one counts; of two that count the one that lasts longest
    does.
    """
    old, short, long = (
        decision("a", expires=NOW - timedelta(days=1)),
        decision("a"),
        decision("a", expires=NOW + timedelta(days=9)),
    )
    verdict = judged(
        [check("a"), check("b")], [result("b", Outcome.PASSED)], waivers=[old, short, long]
    )
    assert (
        verdict.word,
        verdict.items[0].decision,
        [refusal.decision for refusal in verdict.rejected_decisions],
    ) == (VerdictWord.GO_WITH_WAIVERS, long, [old])


def test_a_signature_cannot_replace_a_check() -> None:
    verdict = judged([check("a")], [result("a", Outcome.FAILED)], signoffs=[decision("a")])
    assert (verdict.word, outcomes(verdict)["a"]) == (VerdictWord.NO_GO, Outcome.FAILED)
    assert "a signature cannot replace them" in verdict.rejected_decisions[0].why


# ── what is never waived ──


@pytest.mark.parametrize("outcome", sorted(OPEN_OUTCOMES))
def test_data_loss_and_open_doors_are_never_waived(outcome: Outcome) -> None:
    """Whoever signs, the item is what it is, and the refusal is named."""
    verdict = judged(
        [check("a", waivable=False), check("b")],
        [result("a", outcome), result("b", Outcome.PASSED)],
        waivers=[decision("a")],
    )
    assert (verdict.word, outcomes(verdict)["a"]) == (VerdictWord.NO_GO, outcome)
    assert (
        verdict.rejected_decisions[0].why
        == "a is not waivable: data loss and access control never are"
    )


def test_a_waiver_below_does_not_reach_an_item_that_is_never_waived() -> None:
    """`firm` rests on `soft`: without `soft` it is not proven."""
    items = [check("firm", "soft", waivable=False), check("soft")]
    verdict = judged(
        items,
        [result("firm", Outcome.PASSED), result("soft", Outcome.FAILED)],
        waivers=[decision("soft")],
    )
    assert (verdict.word, outcomes(verdict)) == (
        VerdictWord.NO_GO,
        {"firm": Outcome.NOT_PROVEN, "soft": Outcome.WAIVED},
    )
    assert verdict.items[0].why == "soft is waived"


def test_a_waiver_below_is_a_waiver_above() -> None:
    """Where the item above can be waived, it shows the waiver, and the verdict names it."""
    items = [check("top", "soft"), check("soft"), check("b")]
    verdict = judged(
        items,
        [result("soft", Outcome.FAILED), result("b", Outcome.PASSED)],
        waivers=[decision("soft")],
    )
    assert (verdict.word, outcomes(verdict)["top"]) == (VerdictWord.GO_WITH_WAIVERS, Outcome.WAIVED)


@pytest.mark.parametrize("way", ["waiver", "not applicable"])
def test_what_is_never_waived_cannot_be_hidden_from_above(way: str) -> None:
    """This gate asks for `top` alone: going without it would go without `firm`, unseen."""
    items = [check("top", "firm"), check("firm", waivable=False, gates=("t24",)), check("b")]
    given: dict[str, Any] = (
        {"waivers": [decision("top")]}
        if way == "waiver"
        else {"not_applicable": {"top": "we have none"}}
    )
    verdict = judged(items, [result("firm", Outcome.FAILED), result("b", Outcome.PASSED)], **given)
    assert verdict.word is VerdictWord.NO_GO
    assert outcomes(verdict)["top"] is (Outcome.FAILED if way == "waiver" else Outcome.NOT_PROVEN)
    said = verdict.rejected_decisions[0].why if way == "waiver" else verdict.items[0].why
    assert "rests on firm" in said


# ── not applicable ──


def test_not_applicable_is_shown_with_its_reason() -> None:
    """Redis is 'if applicable' in the plan. What its checks cannot see is excused then."""
    results = [result("redis", Outcome.NOT_PROVEN), result("b", Outcome.PASSED)]
    verdict = judged(
        [check("redis"), check("b")], results, not_applicable={"redis": "there is none"}
    )
    assert (verdict.word, verdict.items[0].outcome, verdict.items[0].why) == (
        VerdictWord.GO,
        Outcome.NOT_APPLICABLE,
        "there is none",
    )


def test_a_passed_item_tells_what_was_left_out_of_it() -> None:
    """Some checks of it are declared not applicable: an auditor reads how many, and why."""
    passed, left_out = (
        result("a", Outcome.PASSED, "", "test_one"),
        result("a", Outcome.NOT_APPLICABLE, "no Redis here", "test_two"),
    )
    found = only(judged([check("a")], [passed, left_out]))
    assert (found.outcome, found.why) == (
        Outcome.PASSED,
        "1 of its 2 checks are declared not applicable: no Redis here",
    )


def test_what_is_never_waived_is_never_not_applicable() -> None:
    """Declared so in settings, it is not proven; not even where its checks passed."""
    for came in (Outcome.PASSED, Outcome.FAILED):
        results = [result("a", came), result("b", Outcome.PASSED)]
        verdict = judged(
            [check("a", waivable=False), check("b")], results, not_applicable={"a": "we trust them"}
        )
        expected = Outcome.FAILED if came is Outcome.FAILED else Outcome.NOT_PROVEN
        assert (verdict.word, outcomes(verdict)["a"]) == (VerdictWord.NO_GO, expected)
        assert verdict.items[0].why != "we trust them"


def test_what_is_never_waived_needs_a_check_that_applies() -> None:
    """Were every operation declared unsupported, every check of it would be not applicable, and
    nothing would prove it.
    """
    firm = replace(check("a", waivable=False), at_least=("test_in",))
    other = result("b", Outcome.PASSED)
    verdict = judged([firm, check("b")], [result("a", Outcome.NOT_APPLICABLE, "no sign-in"), other])
    assert (verdict.word, outcomes(verdict)["a"], verdict.items[0].why) == (
        VerdictWord.NO_GO,
        Outcome.NOT_PROVEN,
        "nothing proves it: no sign-in",
    )
    partly = [
        result("a", Outcome.NOT_APPLICABLE, "no sign-out"),
        result("a", Outcome.PASSED, name="test_in"),
    ]
    assert judged([firm, check("b")], [*partly, other]).word is VerdictWord.GO


def test_a_declaration_for_an_unknown_item_changes_nothing() -> None:
    """A misspelt id leaves the item that was meant not proven."""
    assert (
        judged(
            [check("redis"), check("b")],
            [result("b", Outcome.PASSED)],
            not_applicable={"redsi": "there is none"},
        ).word
        is VerdictWord.NO_GO
    )


# ── the judge ──


def test_the_judge_is_pure() -> None:
    """The same input gives the same verdict, and no input is changed."""
    items = (check("top", "a", "soft"), check("a"), check("soft"), signed("s"), check("n"))
    results = [result("a", Outcome.PASSED), result("soft", Outcome.FAILED)]
    waivers, signoffs = [decision("soft"), decision("a", release="1")], [decision("s")]
    absent: Mapping[str, str] = {"n": "none"}
    run_errors = ["it was cut off"]
    before = copy.deepcopy((results, waivers, signoffs, absent, run_errors))
    given: dict[str, Any] = {
        "waivers": waivers,
        "signoffs": signoffs,
        "not_applicable": absent,
        "run_errors": run_errors,
    }
    first, second = (judged(items, results, **given) for _ in range(2))
    assert first == second
    assert (results, waivers, signoffs, absent, run_errors) == before


def test_the_order_of_what_is_given_does_not_matter() -> None:
    """Under xdist checks end in any order: the items' outcomes and the word are the same."""
    items = (check("a"), check("b"), check("c"))
    results = [
        result("a", Outcome.FAILED),
        result("a", Outcome.PASSED, name="test_2"),
        result("b", Outcome.PASSED),
        result("c", Outcome.NOT_PROVEN),
    ]
    verdicts = [
        judged(items, several, waivers=[decision("a"), decision("c")])
        for several in permutations(results)
    ]
    assert {(verdict.word, tuple(outcomes(verdict).items())) for verdict in verdicts} == {
        (
            VerdictWord.GO_WITH_WAIVERS,
            (("a", Outcome.WAIVED), ("b", Outcome.PASSED), ("c", Outcome.WAIVED)),
        )
    }


def test_a_verdict_is_bound_to_what_was_judged() -> None:
    """Target, release, moment, and the items in the order of the plan."""
    verdict = judged([check("b"), check("a")], [result("a", Outcome.PASSED)])
    assert (verdict.gate, verdict.subject, verdict.finished) == ("phase3", SUBJECT, NOW)
    assert [found.item.id for found in verdict.items] == ["b", "a"]
    assert verdict.started < verdict.finished
