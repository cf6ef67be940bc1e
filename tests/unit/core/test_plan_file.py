"""What is no plan is refused, with its place and its remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cutover_gates.core.plan import PlanError
from cutover_gates.core.plan_file import load_plan
from cutover_gates.core.plan_proofs import resolve_proofs

ROOT = Path(__file__).resolve().parents[3]

ITEM = (
    '[[item]]\nid = "{id}"\nsection = "S"\ntitle = "T"\ngates = ["phase3"]\nproof = "check"\nsuite'
    ' = "smoke"\n'
)
SIGNED = '[[item]]\nid = "{id}"\nsection = "S"\ntitle = "T"\ngates = ["t24"]\nproof = "sign-off"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


# ── what is no plan ──

A, B, C = (ITEM.format(id=name) for name in "abc")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no [[item]]: a plan without items proves nothing"),
        ("item = []", "has no [[item]]"),
        ("item = 5", "has no [[item]]"),
        ("[item]\nid = 'a'", "has no [[item]]"),
        ("item = [5]", "item 1 is 5; write a table"),
        ("x = [", "is not valid TOML"),
        (A + B.replace("[[item]]", "[[itme]]"), "unknown table 'itme'; write [[item]]"),
        (
            A.replace("title", "titel"),
            "item 1 (a): unknown key 'titel'. Did you mean 'title'? Allowed: id, section",
        ),
        (A.replace('title = "T"\n', ""), "item 1 (a): 'title' must be a text that is not empty"),
        (A.replace('"T"', '" "'), "'title' must be a text that is not empty"),
        (A.replace('id = "a"', "id = 5"), "item 1: 'id' must be a text"),
        (
            A.replace("phase3", "phsae3"),
            (
                "item 1 (a): gates is 'phsae3'; allowed: t24, t12, t1, phase1, phase2-10,"
                " phase2-50, phase2-100, phase2, phase3, rollback, post-hour, post-day, post-week,"
                " post, nightly. Did you mean 'phase3'?"
            ),
        ),
        (A.replace('["phase3"]', '"phase3"'), "gates must be a list of texts that is not empty"),
        (A.replace('["phase3"]', "[]"), "gates must be a list of texts that is not empty"),
        (A.replace('gates = ["phase3"]\n', ""), "gates must be a list of texts that is not empty"),
        (
            A.replace("smoke", "smoky"),
            (
                "suite is 'smoky'; allowed: smoke, migrations, performance, contract. Did you mean"
                " 'smoke'?"
            ),
        ),
        (A.replace('suite = "smoke"\n', ""), "suite is None; allowed: smoke"),
        (
            A.replace('"check"', '"cheque"'),
            "proof is 'cheque'; allowed: check, sign-off, check or sign-off. Did you mean 'check'?",
        ),
        (A + 'waivable = "no"', "waivable must be true or false"),
        (A + 'rests_on = "b"\n' + B, "rests_on must be a list of texts"),
        (
            A + 'rests_on = ["bb"]\n' + ITEM.format(id="bbb"),
            "'a' rests on 'bb', which is no item. Did you mean 'bbb'?",
        ),
        (A + 'rests_on = ["a"]', "'a' and 'a' rest on each other"),
        (A + 'rests_on = ["b"]\n' + B + 'rests_on = ["a"]', "rest on each other"),
        (
            A + 'rests_on = ["b"]\n' + B + 'rests_on = ["c"]\n' + C + 'rests_on = ["a"]',
            "rest on each other",
        ),
        (A + A, "two items are called 'a'; ids are unique"),
        (A + 'kind = "triger"', "kind is 'triger'; allowed: trigger. Did you mean 'trigger'?"),
        (
            A + 'needs = ["backups"]',
            "needs is 'backups'; allowed: front, monitoring, backup, switch, rollout.",
        ),
        (A + 'role = "history"', "role is 'history'; allowed: script-history, baseline"),
        (A + 'checks = "b"', "checks must be a list of texts"),
        (A + "[gates.phse3]\nanswers = 'release'", "[gates.phse3] is 'phse3'; allowed: t24, t12"),
        (A + "[gates.t24]\nanswers = 'prevoius'", "Did you mean 'previous'?"),
        (A + "[gates.t24]\nanswer = 'previous'", "unknown key 'answer'. Did you mean 'answers'?"),
        (A + "[gates.t24]", "[gates.t24]: answers is None; allowed: release, previous, either"),
        ("gates = 5\n" + A, 'write [gates.t24], then answers = "previous"'),
        ("gates.t24 = 5\n" + A, 'write a table with answers = "release"'),
        (A + 'answers = "new"', "item 1 (a): answers is 'new'; allowed: release, previous, either"),
        (A + 'asked_of = "stagng"', "asked_of is 'stagng'; allowed: staging."),
        (A + 'asked_of = "staging"', "asked_of needs rests_on"),
        (
            A + 'asked_of = "staging"\nrests_on = ["b"]\nanswers = "release"\n' + B,
            "an item with asked_of has neither checks nor answers",
        ),
        (A + "checks = []", "checks is empty, so nothing could prove the item"),
        (
            A + 'checks = ["error-rate"]',
            "the checks of 'error-rate' stand in performance, and suite is 'smoke'",
        ),
        (
            A.replace('"T"', '"under {error_rat}"'),
            "the name in braces in title is 'error_rat'; allowed: error_rate, coverage_percent.",
        ),
        (SIGNED.format(id="a") + 'checks = ["b"]', "a sign-off has none of suite, checks"),
        (SIGNED.format(id="a") + 'suite = "smoke"', "a sign-off has none of suite, checks"),
        (SIGNED.format(id="a") + 'kind = "trigger"', "a sign-off has none of suite, checks"),
    ],
)
def test_a_mistake_in_the_plan_is_told_with_its_place_and_its_remedy(
    tmp_path: Path, text: str, says: str
) -> None:
    """File, item, key, what is allowed, and the nearest word: no traceback at 2 a.m."""
    with pytest.raises(PlanError) as error:
        load_plan(written(tmp_path, text))
    assert str(error.value).startswith("plan.toml")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_plan_is_told_with_where_to_read_on(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"plan.toml is missing.*docs/your-plan.md"):
        load_plan(tmp_path / "plan.toml")


def test_a_plan_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder in its place, or bytes that are no text."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    for path in (tmp_path, tmp_path / "bytes.toml"):
        with pytest.raises(PlanError):
            load_plan(path)


def test_the_examples_of_the_documentation_are_a_plan(tmp_path: Path) -> None:
    """`docs/your-plan.md` is copied from: its items load, together."""
    blocks = re.findall(
        r"(?s)```toml\n(.*?)```", (ROOT / "docs/your-plan.md").read_text(encoding="utf-8")
    )
    plan = load_plan(written(tmp_path, "".join(block for block in blocks if "[[item]]" in block)))
    assert {item.proof for item in plan.items} == {"check", "sign-off"}
    assert {item.waivable for item in plan.items} == {True, False}
    assert any(item.rests_on for item in plan.items)


def test_a_plan_says_what_may_answer_at_its_gates(tmp_path: Path) -> None:
    """What it does not say has its default."""
    plan = load_plan(written(tmp_path, A + "[gates.t1]\nanswers = 'either'"))
    assert (plan.gate_answers["t1"], plan.gate_answers["t24"]) == ("either", "previous")


def test_what_is_asked_of_staging_asks_nothing_here(tmp_path: Path) -> None:
    """Its own checks, and those of what it rests on, do not run at its gate."""
    asked = SIGNED.format(id="b").replace('"sign-off"', '"check"') + 'suite = "smoke"\n'
    plan = load_plan(written(tmp_path, A + asked + 'rests_on = ["a"]\nasked_of = "staging"'))
    assert plan.item_with_dependencies("b") == {"b"}
    assert plan.gates_of(["a"]) == {"phase3"}
    assert plan.item("b").groups == ()


# ── proof = "check or sign-off" ──

EITHER = A.replace('"check"', '"check or sign-off"').replace('id = "a"', 'id = "security-scans"')


@pytest.mark.parametrize("declared", [True, False])
def test_an_item_of_both_proofs_is_one_or_the_other_for_a_target(
    tmp_path: Path, declared: bool
) -> None:
    plan = load_plan(written(tmp_path, EITHER))
    item = resolve_proofs(plan, {"security-scans"} if declared else ()).item("security-scans")
    expected = ("check", "smoke", ("security-scans",)) if declared else ("sign-off", None, ())
    assert (item.proof, item.suite, item.groups) == expected


@pytest.mark.parametrize("judged", [True, False])
def test_an_item_is_proven_by_staging_where_it_has_a_verdict_and_by_a_person_elsewhere(
    tmp_path: Path, judged: bool
) -> None:
    """A signature rests on what is asked at its own gate, a verdict on what was asked there."""
    there = A.replace('"phase3"', '"rollback"').replace('id = "a"', 'id = "back"')
    here = A.replace('id = "a"', 'id = "dry-run"')
    asked = EITHER.replace("security-scans", "tested")
    asked += 'asked_of = "staging"\nrests_on = ["back", "dry-run"]\n'
    plan = load_plan(written(tmp_path, there + here + asked))
    item = resolve_proofs(plan, {"tested"} if judged else ()).item("tested")
    expected = ("check", "staging", ("back",)) if judged else ("sign-off", "", ("dry-run",))
    assert (item.proof, item.asked_of, item.rests_on) == expected
    assert item.groups == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (EITHER.replace("security-scans", "dns-records"), "no setting says whether the checks of"),
        (EITHER + 'asked_of = "staging"', "asked_of needs rests_on"),
    ],
    ids=["a group that is always asked", "asked of staging for nothing"],
)
def test_an_item_of_both_proofs_takes_groups_with_a_setting(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        load_plan(written(tmp_path, text))
