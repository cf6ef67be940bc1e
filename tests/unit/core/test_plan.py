"""The plan as data: it holds the whole cutover plan, refuses what is not one, and says what an `-m`
expression asks for.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from cutover_gates.core.gates import GATES, SUITES, split_gates
from cutover_gates.core.plan import Plan, PlanError
from cutover_gates.core.plan_file import load_plan

ROOT = Path(__file__).resolve().parents[3]

CHECKBOXES = {
    "Pre-Cutover Checklist / Infrastructure": 8,
    "Pre-Cutover Checklist / Application": 7,
    "Pre-Cutover Checklist / Data": 4,
    "Pre-Cutover Checklist / Team": 4,
    "Cutover Timeline / T-24 Hours": 4,
    "Cutover Timeline / T-12 Hours": 4,
    "Cutover Timeline / T-1 Hour": 3,
    "Phase 3: Validation / Functional Testing": 5,
    "Phase 3: Validation / Performance Validation": 4,
    "Phase 3: Validation / Monitoring Validation": 3,
    "Post-Cutover / Immediate (First Hour)": 4,
    "Post-Cutover / Short-term (First 24 Hours)": 4,
    "Post-Cutover / Long-term (First Week)": 4,
    "Success Criteria": 7,
}
OTHER_LINES = {
    "Phase 1: Database Migration": 4,  # numbered steps
    "Phase 1: Database Migration / Run Data Validation": 3,  # the lines below its step 4
    "Phase 2: Application Deployment": 3,
    "Phase 3: Validation": 3,
    "Rollback Procedures / Automatic Rollback Triggers": 4,
    "Rollback Procedures / Manual Rollback Steps": 4,
    # of three lines, the one that no other item proves
    "Rollback Procedures / Manual Rollback Steps / Verify Rollback": 1,
    "Communication Plan / Status Updates": 6,
    "Added to the plan": 11,
}

NEVER_WAIVED = {
    "data loss: there is a copy to come back to": {
        "database-cluster",
        "backups-verified",
        "restoration-tested",
        "final-backups",
        "backup-taken",
        "database-rolled-back",
    },
    "data loss: the migration leaves the data whole": {
        "migrations-applied",
        "migration-verified",
        "data-validation",
        "key-tables",
        "row-counts",
        "constraints-hold",
        "content-unchanged",
        "no-data-loss",
    },
    "data loss: what was acknowledged is kept": {"acknowledged-writes"},
    "access control: only those get in, and only to what is theirs": {
        "authentication-flow",
        "access-control",
        "contract-access",
    },
}

ITEM = (
    '[[item]]\nid = "{id}"\nsection = "S"\ntitle = "T"\ngates = ["phase3"]\nproof = "check"\nsuite'
    ' = "smoke"\n'
)
SIGNED = '[[item]]\nid = "{id}"\nsection = "S"\ntitle = "T"\ngates = ["t24"]\nproof = "sign-off"\n'


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of this repository."""
    return load_plan(ROOT / "plan.toml")


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def ids(plan: Plan, expression: str) -> set[str]:
    return {item.id for item in plan.select_items(expression)}


# ── the plan of this repository ──


def test_the_plan_has_65_checkboxes() -> None:
    """The table above is the cutover plan, counted."""
    assert sum(CHECKBOXES.values()) == 65


def test_every_line_of_the_cutover_plan_is_an_item(plan: Plan) -> None:
    """Section by section: nothing is left out, and nothing slipped in."""
    assert Counter(item.section for item in plan.items) == CHECKBOXES | OTHER_LINES


def test_data_loss_and_access_control_are_never_waivable(plan: Plan) -> None:
    """Nobody, not even by name and with a reason, goes live without these; every other item can be
    waived.
    """
    assert {item.id for item in plan.items if not item.waivable} == set().union(
        *NEVER_WAIVED.values()
    )


def test_every_gate_and_every_suite_asks_for_something(plan: Plan) -> None:
    """A gate without items could only ever say NO-GO."""
    assert not [name for name in GATES + SUITES if not plan.select_items(name)]


def test_an_item_rests_on_items_of_its_own_suite(plan: Plan) -> None:
    """`-m smoke` runs the checks of smoke/ only: an item that rests on another suite's could never
    be proven by it.
    """
    assert not [
        (item.id, other)
        for item in plan.items
        for other in item.rests_on
        if plan.item(other).suite != item.suite
    ]


def test_what_a_gate_of_the_night_asks_for_is_asked_every_night(plan: Plan) -> None:
    """Nobody should learn at 2 a.m. what could have been known the week before."""
    assert ids(plan, "phase3") == ids(plan, "nightly")


# ── what a run judges ──


@pytest.mark.parametrize(
    ("expression", "gates"),
    [
        ("phase3", ["phase3"]),
        ("contract", ["contract"]),
        ("phase3 and contract", ["phase3 and contract"]),
        ("phase3 or nightly", ["phase3", "nightly"]),
        ("(phase3 or nightly)", ["phase3", "nightly"]),
        ("(phase3 or nightly) and smoke", ["(phase3 or nightly) and smoke"]),
        ("phase3 or phase3", ["phase3"]),
        ("phase3 or nightly and contract", ["phase3", "nightly and contract"]),
        ("not phase3", ["not phase3"]),
        ("phase3 and not contract", ["phase3 and (not contract)"]),
        (" phase3 ", ["phase3"]),
        ("phase3 and slow", ["phase3 and slow"]),
        ("phase3 or slow", ["phase3"]),
        ("phase3 and mark(x=1)", ["phase3 and mark(x=1)"]),
        ("phase3 or mark(x='phase1')", ["phase3"]),
        ("phase3 and not mark(x=1)", ["phase3 and (not mark(x=1))"]),
    ],
)
def test_a_gate_is_each_alternative_that_speaks_of_the_plan(
    expression: str, gates: list[str]
) -> None:
    """`or` asks two questions, `and` asks one.

    A marker that the plan does not know narrows the run, never the question.
    """
    assert list(split_gates(expression)) == [
        ast.unparse(ast.parse(gate, mode="eval")) for gate in gates
    ]


@pytest.mark.parametrize(
    "expression", ["", "  ", "slow", "not slow", "mark(x=1)", "slow and fast", "phase3(x=1)"]
)
def test_without_gate_or_suite_there_is_nothing_to_judge(plan: Plan, expression: str) -> None:
    """Someone works on one check: pytest behaves as ever."""
    assert split_gates(expression) == ()
    assert plan.select_items(expression) == ()


@pytest.mark.parametrize(
    "expression",
    [
        "phase3 and",
        "(phase3",
        "phase3 nightly",
        "phase3)",
        "or",
        "phase3 | nightly",
        "phase3, nightly",
        "phase3 if x else y",
        "phase3 == nightly",
        "lambda: phase3",
        "\0",
    ],
)
def test_what_pytest_refuses_is_no_gate(expression: str) -> None:
    """pytest ends such a run itself, with a status that is not 0."""
    assert split_gates(expression) == ()


@pytest.mark.parametrize(
    "word", ["class", "2nd-night", "a.b", "a:b", "x[1]", "is", "True", "a/b", "01", "mark(x=01)"]
)
def test_a_word_that_is_no_name_in_python_does_not_hide_the_gate(plan: Plan, word: str) -> None:
    """pytest takes it as a marker and runs the gate's checks: unjudged, they would end in status 0."""
    assert split_gates(f"phase3 or {word}") == ("phase3",)
    assert len(split_gates(f"phase3 and {word}")) == 1
    assert plan.select_items(split_gates(f"phase3 and {word}")[0]) == plan.select_items("phase3")


def test_the_judged_items_are_those_that_satisfy_the_expression(plan: Plan) -> None:
    """Gates and suites of an item together; signed items belong to gates only."""
    for item in plan.items:
        assert (item.id in ids(plan, "phase3")) == ("phase3" in item.gates)
        assert (item.id in ids(plan, "contract")) == (item.suite == "contract")
        assert (item.id in ids(plan, "phase3 and contract")) == (
            "phase3" in item.gates and item.suite == "contract"
        )
        assert (item.id in ids(plan, "phase3 or t24")) == bool({"phase3", "t24"} & set(item.gates))
        assert (item.id in ids(plan, "not phase3")) == ("phase3" not in item.gates)


@pytest.mark.parametrize(
    "expression",
    [
        "phase3 and slow",
        "phase3 or slow",
        "phase3 and not slow",
        "slow and phase3",
        "phase3 and mark(x=1)",
    ],
)
def test_an_unknown_marker_narrows_the_run_and_not_the_question(
    plan: Plan, expression: str
) -> None:
    """`-m "phase3 and slow"` still asks for the whole of phase3: what it leaves out is not proven."""
    assert plan.select_items(expression) == plan.select_items("phase3")


def test_each_gate_that_is_named_can_be_judged_by_its_name(plan: Plan) -> None:
    """A gate's text is an expression again, with the same meaning."""
    gates = split_gates("phase3 or (nightly and not contract) or slow")
    assert set().union(*(ids(plan, gate) for gate in gates)) == ids(
        plan, "phase3 or (nightly and not contract)"
    )


# ── checks and items ──


def test_a_check_serves_its_item_and_all_that_rest_on_it(plan: Plan) -> None:
    """Whoever asks for an item gets the checks of what it rests on, too: their gate markers follow."""
    assert plan.find_dependents(["access-control"]) == {"access-control", "critical-features"}
    assert plan.gates_of(["access-control"]) == {"phase3", "nightly", "post"}
    assert plan.gates_of(["patient-creation"]) == {"phase3", "nightly", "t24", "post"}
    assert plan.gates_of(["health-checks"]) == {"phase3", "nightly", "post", "t1", "rollback"}


def test_resting_goes_all_the_way_down(tmp_path: Path) -> None:
    """`top` rests on `middle`, which rests on `bottom`: a check of `bottom` serves all three."""
    text = (
        ITEM.format(id="top")
        + 'rests_on = ["middle"]\n'
        + ITEM.format(id="middle")
        + 'rests_on = ["bottom"]\n'
        + ITEM.format(id="bottom")
    )
    plan = load_plan(written(tmp_path, text))
    assert plan.item_with_dependencies("top") == {"top", "middle", "bottom"}
    assert plan.find_dependents(["bottom"]) == {"top", "middle", "bottom"}
    assert plan.find_dependents(["top"]) == {"top"}


def test_an_unknown_item_is_answered_with_the_nearest(plan: Plan) -> None:
    with pytest.raises(
        PlanError, match=r"no item 'patient-creatoin'. Did you mean 'patient-creation'\?"
    ):
        plan.item("patient-creatoin")


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
                "item 1 (a): gates is 'phsae3'; allowed: t24, t12, t1, phase1, phase2, phase3,"
                " rollback, post, nightly. Did you mean 'phase3'?"
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
            "proof is 'cheque'; allowed: check, sign-off. Did you mean 'check'?",
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
        (SIGNED.format(id="a") + 'suite = "smoke"', "a sign-off has neither suite nor rests_on"),
        (SIGNED.format(id="a") + 'rests_on = ["a"]', "a sign-off has neither suite nor rests_on"),
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
