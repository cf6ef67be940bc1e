"""The release that may answer, through a real pytest process: no false alarm, and wrong calls."""

from __future__ import annotations

import pytest

from tests.gate.holes.catalogue import Change, both
from tests.gate.holes.release_holes import (
    AT_T24,
    STAGED,
    TO_T24,
    add_to_plan,
    plan,
    reports,
    settings,
)
from tests.gate.holes.toy_project import Toy
from tests.selection import further

NO_RELEASE = (
    '[targets.toy.capabilities]\nreported_release = { value = false, reason = "it is old",'
    ' by = "Ada Example", at = 2026-01-01 }'
)
TO_PHASE2 = plan('gates = ["phase3", "nightly"]', 'gates = ["phase2"]')


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (both(TO_T24, reports("old"), settings('previous_release = "0.9"')), AT_T24),
        (
            both(TO_PHASE2, reports("previous-then-release"), settings('previous_release = "0.9"')),
            ("-m", "phase2"),
        ),
        (both(reports("none"), settings(NO_RELEASE)), ("-m", "phase3")),
        (reports("fresh-of-a-cache"), ("-m", "phase3")),
        further(
            both(TO_T24, add_to_plan('[gates.t24]\nanswers = "release"\n')),
            AT_T24,
        ),
    ],
    ids=[
        "the release before the cutover",
        "one replaces the other",
        "declared to tell none",
        "behind a cache that asks",
        "a plan that wants the release at t24",
    ],
)
def test_the_release_that_may_answer_is_a_go(
    toy: Toy, change: Change, words: tuple[str, ...]
) -> None:
    change(toy)
    ran = toy.run(*words, cwd=None)
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output


def test_the_verdict_shows_what_answered(toy: Toy) -> None:
    """How often each release answered, before the checks and after them."""
    (verdict,) = toy.gate().verdicts.values()
    before, after = verdict["subject"]["release_answers"]
    assert (before["moment"], before["counts"]) == ("before the checks", {"1.0": 29})
    assert (after["moment"], after["counts"]) == ("after the checks", {"1.0": 29})


@pytest.mark.parametrize("proof", ["check", further("check or sign-off")])
def test_a_verdict_of_staging_proves_what_is_asked_of_it(toy: Toy, proof: str) -> None:
    """First staging's own gate on the new release, then the gate before the cutover."""
    add_to_plan(STAGED.replace('["phase3"]', '["t24"]').replace('"check"', f'"{proof}"'))(toy)
    staging = (
        f'[targets.staging]\nurl = "{toy.url}"\nrelease = "1.0"\n'
        f'[targets.toy]\nurl = "{toy.url}/release/old/{toy.folder.name}"\n'
        'release = "1.0"\nprevious_release = "0.9"\n'
        '[targets.toy.users.clinician]\nusername = "c"\n'
    )
    toy.write("cutover.toml", f'target = "toy"\n{staging}')
    assert toy.run("-m", "phase3", "--target", "staging", cwd=None).status == 0
    ran = toy.run(*AT_T24, cwd=None)
    assert (ran.verdicts["t24"]["verdict"], ran.status) == ("GO", 0), ran.output
    # Its own checks did not run again here, where the new release does not run yet.
    assert [check["check"] for check in ran.verdicts["t24"]["items"][0]["checks"]] == [
        "on-staging: verdict of staging"
    ]


def delete_plan(toy: Toy) -> None:
    """The hospital's plan is gone."""
    (toy.folder / "plan.toml").unlink()


WRONG_CALLS: dict[str, tuple[Change, tuple[str, ...], str]] = {
    "gates of two moments": (
        both(TO_T24, settings('previous_release = "0.9"')),
        ("-m", "t24 or phase3"),
        "run these gates one after the other",
    ),
    "one release twice": (settings('previous_release = "1.0"'), (), "are both '1.0'"),
    "pods of the other release": (
        both(
            plan("[[item]]", '[[item]]\nrole = "cluster"'),
            settings('[targets.toy.infrastructure.cluster]\nruns = "previous"'),
        ),
        (),
        "remove runs, it follows the gate",
    ),
    "a plan that was deleted": (delete_plan, (), "has no plan.toml beside it"),
}


USUAL = ("gates of two moments", "a plan that was deleted")


@pytest.mark.parametrize("name", [name if name in USUAL else further(name) for name in WRONG_CALLS])
def test_a_contradiction_is_one_sentence(toy: Toy, name: str) -> None:
    """Nothing is asked of the target, and nothing is judged."""
    change, words, says = WRONG_CALLS[name]
    change(toy)
    ran = toy.run(*(words or ("-m", "phase3")), cwd=None)
    assert (ran.status, ran.verdicts) == (4, {}), ran.output
    assert says in ran.output
    assert "Traceback" not in ran.output
