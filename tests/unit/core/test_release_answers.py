"""Which release may answer at a gate, and what is said of another one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cutover_gates.core.gates import GATES, named_gates
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.release_answers import (
    DeclaredReleases,
    ReleaseAnswers,
    ReleaseRequirement,
    explain_hold,
    find_conflict,
    find_requirements,
)

BEFORE = "before the checks"
DECLARED = DeclaredReleases("tried", "2.0.0", "1.9.0")
ALL_RIGHT = ReleaseAnswers(BEFORE, 29, {"2.0.0": 29})


def make_item(name: str, *gates: str, suite: str = "smoke", **other: object) -> Item:
    return replace(Item(name, "S", "T", gates, "check", suite), **other)  # type: ignore[arg-type]  # any field


def requirement(answers: str, *, of_items: bool = False) -> ReleaseRequirement:
    return ReleaseRequirement("gate", answers, ("item",), of_items)


def found(plan: Plan, gate: str) -> dict[str, str]:
    """What may answer, by item."""
    return {
        item: requirement.answers
        for requirement in find_requirements(plan, gate)
        for item in requirement.items
    }


@pytest.mark.parametrize(
    ("gate", "answers"),
    [
        ("t24", "previous"),
        ("t12", "previous"),
        ("t1", "previous"),
        ("phase1", "previous"),
        ("phase2", "either"),
        ("phase3", "release"),
        ("rollback", "previous"),
        ("post", "release"),
        ("nightly", "release"),
        ("smoke", "release"),
        ("phase2 and smoke", "either"),
        ("smoke and not t24", "release"),
    ],
)
def test_a_plan_that_says_nothing_has_these_defaults(gate: str, answers: str) -> None:
    """A suite, and what stands below `not`, is no gate: the release under judgement answers."""
    in_all = tuple(name for name in GATES if f"not {name}" not in gate)
    assert found(Plan((make_item("a", *in_all),)), gate) == {"a": answers}


def test_an_item_goes_over_its_gate_and_hands_it_down() -> None:
    plan = Plan(
        (
            make_item("first", "phase2"),
            make_item("last", "phase2", answers="release", rests_on=("below",)),
            make_item("below", "phase3"),
        )
    )
    assert found(plan, "phase2") == {"first": "either", "last": "release", "below": "release"}


@pytest.mark.parametrize(
    "item",
    [
        make_item("a", "phase1", suite="migrations"),
        Item("a", "S", "T", ("phase1",), "sign-off"),
        make_item("a", "phase1", rests_on=("b",), asked_of="staging"),
    ],
    ids=["database", "sign-off", "staging"],
)
def test_what_asks_no_application_needs_no_release(item: Item) -> None:
    assert not find_requirements(Plan((item, make_item("b", "phase3"))), "phase1")


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        (("t24", "phase3"), "t24 is judged on the release before the cutover, and phase3"),
        (("(t24 or phase3) and smoke",), "run these gates one after the other"),
        (("phase2", "phase3"), ""),
        (("t24", "t1"), ""),
        (("smoke", "phase3"), ""),
    ],
)
def test_gates_that_need_different_releases_are_no_run(gates: tuple[str, ...], says: str) -> None:
    plan = Plan((make_item("a", "t24", "t1", "phase2"), make_item("b", "phase3")))
    assert says in find_conflict(plan, gates)
    assert bool(says) == bool(find_conflict(plan, gates))


@pytest.mark.parametrize(
    ("answers", "counts", "holds"),
    [
        ("release", {"2.0.0": 29}, ""),
        ("release", {"2.0.0": 28, "1.9.0": 1}, "'1.9.0' (1 of 29)"),
        ("release", {"2.0.0-rc": 29}, "'2.0.0-rc' (29 of 29)"),
        ("release", {"v2.0.0": 29}, "'v2.0.0'"),
        ("release", {"2.0.0 ": 29}, "'2.0.0 '"),
        ("previous", {"1.9.0": 29}, ""),
        ("previous", {"2.0.0": 29}, "judged on release '1.9.0'"),
        ("either", {"2.0.0": 3, "1.9.0": 26}, ""),
        ("either", {"2.0.0": 28, "1.8.0": 1}, "'1.9.0' or '2.0.0'"),
        ("release", {"2.0.0": 28}, "28 times of 29"),
    ],
)
def test_every_answer_must_be_a_release_that_may_answer(
    answers: str, counts: dict[str, int], holds: str
) -> None:
    hold = explain_hold(requirement(answers), DECLARED, ReleaseAnswers(BEFORE, 29, counts))
    assert holds in hold
    assert bool(holds) == bool(hold)


@pytest.mark.parametrize("answers", ["previous", "either"])
def test_a_previous_release_must_be_declared(answers: str) -> None:
    hold = explain_hold(requirement(answers), DeclaredReleases("tried", "2.0.0"), ALL_RIGHT)
    assert "previous_release in [targets.tried]" in hold


def test_a_hold_of_items_names_them() -> None:
    hold = explain_hold(requirement("previous", of_items=True), DECLARED, ALL_RIGHT)
    assert hold.startswith("gate: item is judged on release '1.9.0'")


UNTOLD = ReleaseAnswers(BEFORE, 29, {}, untold="no version")


def test_a_target_that_tells_no_release_is_held_unless_it_is_declared() -> None:
    assert "tells no release (no version)" in explain_hold(requirement("release"), DECLARED, UNTOLD)
    declared = replace(DECLARED, untold_reason="it comes with 2.1")
    assert not explain_hold(requirement("release"), declared, UNTOLD)
    # Not even a previous release need be declared: nothing could be compared with it.
    assert not explain_hold(requirement("previous"), replace(declared, previous=None), UNTOLD)


def test_a_release_that_is_told_counts_whatever_is_declared() -> None:
    declared = replace(DECLARED, untold_reason="it comes with 2.1")
    wrong = replace(UNTOLD, counts={"1.9.0": 4})
    assert "'1.9.0' (4 of 29)" in explain_hold(requirement("release"), declared, wrong)
    right = replace(UNTOLD, counts={"2.0.0": 4})
    assert not explain_hold(requirement("release"), declared, right)
    assert "tells no release" in explain_hold(requirement("release"), DECLARED, right)


def test_an_answer_of_a_cache_shows_what_once_ran() -> None:
    hold = explain_hold(requirement("release"), DECLARED, replace(ALL_RIGHT, cached=2))
    assert "2 of 29 answers" in hold


def test_a_backend_that_is_asked_directly_counts() -> None:
    backends = {"http://10.0.0.1": "2.0.0", "http://10.0.0.2": "1.9.0"}
    hold = explain_hold(requirement("release"), DECLARED, replace(ALL_RIGHT, backends=backends))
    assert "'1.9.0' at its backend http://10.0.0.2" in hold


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("phase3", ("phase3",)),
        ("phase3 and t24", ("t24", "phase3")),
        ("smoke", ()),
        ("not phase3", ()),
        ("(t1 or t12) and not contract", ("t12", "t1")),
        ("", ()),
        ("a b", ()),
    ],
)
def test_the_gates_that_an_expression_names(expression: str, names: tuple[str, ...]) -> None:
    assert named_gates(expression) == names
