"""What can be asked of a plan, and what an `-m` expression asks for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cutover_gates.core.gates import GATE_PARTS, named_gates, split_gates
from cutover_gates.core.plan import Plan, PlanError
from cutover_gates.core.plan_file import load_plan
from tests.shipped_plan import PLAN_FILE

ITEM = (
    '[[item]]\nid = "{id}"\nsection = "S"\ntitle = "T"\ngates = ["phase3"]\nproof = "check"\nsuite'
    ' = "smoke"\n'
)
SIGNED = '[[item]]\nid = "{id}"\nsection = "S"\ntitle = "T"\ngates = ["t24"]\nproof = "sign-off"\n'


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The shipped plan."""
    return load_plan(PLAN_FILE)


def written(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def ids(plan: Plan, expression: str) -> set[str]:
    return {item.id for item in plan.select_items(expression)}


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


@pytest.mark.parametrize("part", ["post-hour", "post-day", "post-week"])
def test_a_gate_with_a_hyphen_is_a_gate_of_its_own(plan: Plan, part: str) -> None:
    """Python reads `post-day` as a subtraction: taken so, the gate would run and not be judged."""
    assert split_gates(f"{part} or phase3") == (part, "phase3")
    asked = [item.id for item in plan.select_items(part)]
    assert asked
    assert asked == [item.id for item in plan.items if part in item.gates]
    assert named_gates(f"{part} and smoke") == (part,)
    assert not {item.id for item in plan.select_items(f"not {part}")} & set(asked)


def test_the_parts_of_a_gate_are_the_whole(plan: Plan) -> None:
    """`-m post` asks whatever one of the three asks: none of it can be forgotten."""
    parts = [plan.select_items(part) for part in GATE_PARTS["post"]]
    assert {item.id for part in parts for item in part} == {
        item.id for item in plan.select_items("post")
    }


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
    """Such a run is ended by pytest itself, with a status that is not 0."""
    assert split_gates(expression) == ()


@pytest.mark.parametrize(
    "word", ["class", "2nd-night", "a.b", "a:b", "x[1]", "is", "True", "a/b", "01", "mark(x=01)"]
)
def test_a_word_that_is_no_name_in_python_does_not_hide_the_gate(plan: Plan, word: str) -> None:
    """The word is a marker to pytest, which runs the gate's checks: unjudged, they would end in status 0."""
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
    """A gate that asks for an item gets the checks of what it rests on, too."""
    assert plan.find_dependents(["access-control"]) == {"access-control", "critical-features"}
    assert plan.gates_of(["access-control"]) == {"phase3", "nightly", "post-hour", "post"}
    assert plan.gates_of(["patient-creation"]) == {
        *("phase2-50", "phase2", "phase3", "nightly", "post-hour", "post")
    }
    assert plan.gates_of(["health-checks"]) == {
        "phase2-10",
        "phase2",
        "phase3",
        "nightly",
        "post-hour",
        "post",
        "t1",
        "rollback",
    }


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


# ── items take groups of checks ──


def made(folder: Path, *items: str) -> Plan:
    return load_plan(written(folder, "\n".join(items)))


def taking(item_id: str, *groups: str, more: str = "") -> str:
    return ITEM.format(id=item_id) + f"checks = {list(groups)}\n".replace("'", '"') + more


def test_an_item_takes_the_group_of_its_own_id_by_default(tmp_path: Path) -> None:
    plan = made(tmp_path, ITEM.format(id="visit-creation"), SIGNED.format(id="on-call"))
    assert [item.groups for item in plan.items] == [("visit-creation",), ()]


def test_an_item_may_have_any_id_and_take_several_groups(tmp_path: Path) -> None:
    """And a group may be taken by several items."""
    plan = made(
        tmp_path,
        taking("line-1", "visit-creation", "our-own"),
        taking("line-2", "visit-creation"),
    )
    assert [item.id for item in plan.items_of_groups(["visit-creation"])] == ["line-1", "line-2"]
    assert [item.id for item in plan.items_of_groups(["our-own"])] == ["line-1"]


def test_a_shipped_group_that_no_item_takes_has_no_items(tmp_path: Path) -> None:
    """It is no error: the plan is smaller than the suite."""
    plan = made(tmp_path, ITEM.format(id="visit-creation"))
    assert plan.items_of_groups(["dns-records"]) == ()


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("vist-creation", "Did you mean 'visit-creation'?"),
        ("line-1", "takes the checks of visit-creation"),
        ("on-call", "sign-off"),
    ],
)
def test_a_name_that_no_check_can_prove_is_an_error(tmp_path: Path, group: str, names: str) -> None:
    """Neither a group of the plan nor a shipped one: misspelt, an id that takes others, signed."""
    plan = made(tmp_path, taking("line-1", "visit-creation"), SIGNED.format(id="on-call"))
    with pytest.raises(PlanError) as error:
        plan.items_of_groups([group])
    assert repr(group) in str(error.value)
    assert names in str(error.value)


def test_needs_and_roles_follow_from_the_groups_or_stand_in_the_item(tmp_path: Path) -> None:
    plan = made(
        tmp_path,
        taking("a", "tls-certificates", "metrics-reporting"),
        taking("b", "our-own", more='needs = ["backup"]\nrole = "baseline"\n'),
        ITEM.format(id="migrations-applied").replace("smoke", "migrations"),
        SIGNED.format(id="c") + 'role = "test-messages"\n',
    )
    assert plan.needs_of(["a"]) == {"front", "monitoring"}
    assert plan.needs_of(["b"]) == {"backup"}
    assert [item.id for item in plan.with_role("script-history")] == ["migrations-applied"]
    assert [item.id for item in plan.with_role("baseline")] == ["b"]
    assert [item.id for item in plan.with_role("test-messages")] == ["c"]


def test_triggers_are_those_of_that_kind(plan: Plan, tmp_path: Path) -> None:
    """Their ids and headings do not matter."""
    assert len(plan.triggers()) == 4
    own = made(tmp_path, ITEM.format(id="a") + 'kind = "trigger"\n', ITEM.format(id="b"))
    assert [item.id for item in own.triggers()] == ["a"]


def test_a_declaration_names_an_item_or_its_groups(tmp_path: Path) -> None:
    """By groups only where all of them are declared. Others have no effect, and can be listed."""
    plan = made(
        tmp_path,
        taking("a", "dns-records"),
        taking("b", "dns-records", "redis-cluster"),
        ITEM.format(id="c"),
    )
    declared = {"dns-records": "no name", "c": "none here", "tls-certificates": "x", "ours": "x"}
    assert plan.apply_declarations(declared) == {"a": "no name", "c": "none here"}
    assert plan.unknown_declarations(declared) == ["ours"]


def test_a_title_shows_the_limit_in_force(plan: Plan) -> None:
    shown = plan.with_limits({"error_rate": "0.5 %", "coverage_percent": "75 %"})
    assert "0.5 %" in shown.item("error-rate").title
    assert "75 %" in shown.item("code-coverage").title
    assert not [item.id for item in shown.items if "{" in item.title]
