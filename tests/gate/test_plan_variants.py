"""A plan of one's own: other ids and headings, or fewer items, through a real pytest process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults import gate_runs
from tests.gate.environment import environment_without_settings
from tests.gate.holes.catalogue import documents_fail
from tests.gate.holes.toy_project import PLAN, ROOT, GateResult, Toy, read_verdicts, target
from tests.gate.plan_variants import keep_items, rename_plan
from tests.pytest_processes.forked_pytest import start_pytest
from tests.selection import further
from tests.shipped_plan import PLAN_FILE

GROUPS = ("sign-in", "patients", "documents")
TEN_ITEMS = {
    *(
        "tls-certificates",
        "log-aggregation",
        "team-briefing",
        "migrations-applied",
        "on-call-assigned",
    ),
    *(
        "health-checks",
        "critical-paths",
        "acknowledged-writes",
        "post-mortem",
        "error-logs-checked",
    ),
}


@pytest.fixture(scope="module")
def toy_target() -> Iterator[str]:
    """A toy target that answers."""
    with target() as url:
        yield url


@pytest.fixture
def toy(tmp_path: Path, toy_target: str) -> Toy:
    """A toy project whose gate is a GO."""
    return Toy(tmp_path, toy_target)


# ── ids and headings are free ──


@pytest.mark.parametrize("fails", [further(False), True], ids=["all hold", "one fails"])
def test_a_renamed_plan_ends_in_the_same_verdict(toy: Toy, fails: bool) -> None:
    """Item by item the same outcome, from the same checks."""
    if fails:
        documents_fail(toy)
    before = toy.gate()
    toy.write("plan.toml", rename_plan(PLAN, GROUPS))
    after = toy.gate()
    assert (after.verdict, after.status) == (before.verdict, before.status)
    assert outcomes(after) == outcomes(before)
    assert {item["id"] for item in after.verdicts["phase3"]["items"]} == {
        "line-1",
        "line-2",
        "line-3",
    }


def outcomes(ran: GateResult) -> list[tuple[str, list[str]]]:
    return [
        (item["outcome"], sorted(check["check"] for check in item["checks"]))
        for item in ran.verdicts["phase3"]["items"]
    ]


@pytest.mark.parametrize("kind", ["", 'kind = "trigger"\n'], ids=["an item", "a trigger"])
def test_a_trigger_is_known_by_its_kind(toy: Toy, kind: str) -> None:
    """A failed trigger asks for the rollback, and for no waiver."""
    documents_fail(toy)
    renamed = rename_plan(PLAN, GROUPS).replace('id = "line-3"\n', f'id = "line-3"\n{kind}')
    toy.write("plan.toml", renamed)
    ran = toy.gate()
    assert ran.verdict == "NO-GO"
    assert ("rollback trigger has fired" in ran.output) == bool(kind)


def test_a_misspelt_group_is_not_proven_by_the_others(toy: Toy) -> None:
    """The item takes two groups, and the checks of one would be lost."""
    both = 'id = "documents"\nchecks = ["documents", "visit-creatin"]'
    toy.write("plan.toml", PLAN.replace('id = "documents"', both))
    ran = toy.gate()
    assert (ran.verdict, ran.outcome("documents")) == ("NO-GO", "not proven")
    assert "no check is of the group 'visit-creatin'" in ran.why("documents")


def test_an_own_check_of_a_group_that_no_item_takes_is_an_error(toy: Toy) -> None:
    """A smaller plan leaves shipped checks out. An own check was written to be judged."""
    toy.write(
        "smoke/test_names.py",
        "import pytest\n\n@pytest.mark.plan('dns-records')\ndef test_a_name() -> None:\n    pass\n",
    )
    ran = toy.gate()
    assert ran.verdict == "NO-GO"
    assert ran.status != 0
    text = " ".join(ran.output.split())
    assert "no item of the plan takes the checks of dns-records" in text


# ── a smaller plan ──


def test_a_plan_of_ten_items_judges_those_ten(tmp_path: Path) -> None:
    """With the shipped suites: what belongs to none of the ten is neither run nor held against it.

    One line counts those checks. The settings declare items that this plan has not.
    """
    plan = tmp_path / "plan.toml"
    shipped = PLAN_FILE.read_text(encoding="utf-8")
    plan.write_text(keep_items(shipped, TEN_ITEMS.__contains__), encoding="utf-8")
    status, output = run_embedded(tmp_path, plan)
    (verdict,) = read_verdicts(tmp_path).values()
    assert (verdict["verdict"], status) == ("GO", 0), output
    assert {item["id"]: item["outcome"] for item in verdict["items"]} == {
        "health-checks": "passed",
        "critical-paths": "passed",
        "acknowledged-writes": "passed",
    }
    (line,) = [one for one in output.splitlines() if "belong to no item" in one]
    assert "checks belong to no item of the plan" in line


@pytest.mark.thorough
@pytest.mark.parametrize("variant", ["renamed", "without dns-records"])
def test_the_shipped_suite_ends_in_the_same_verdict(tmp_path: Path, variant: str) -> None:
    """Every id and heading is another, or an item is left out that this gate does not ask for."""
    shipped = PLAN_FILE.read_text(encoding="utf-8")
    plan = tmp_path / "plan.toml"
    changed = keep_items(shipped, lambda item: item != "dns-records")
    plan.write_text(rename_plan(shipped) if variant == "renamed" else changed, encoding="utf-8")
    found = {}
    for name, file in (("shipped", PLAN_FILE), ("changed", plan)):
        folder = tmp_path / name
        status, output = run_embedded(folder, file)
        (verdict,) = read_verdicts(folder).values()
        found[name] = (status, [item["outcome"] for item in verdict["items"]])
        assert status == 0, output
    assert found["changed"] == found["shipped"]


def run_embedded(folder: Path, plan: Path) -> tuple[int, str]:
    """Run `phase3 and smoke` on the embedded hospital; return the status and the output."""
    ours = environment_without_settings()
    reports = {"CUTOVER_PLAN": str(plan), "CUTOVER_REPORTS": str(folder / "reports/runs")}
    process = start_pytest(
        ["-m", "phase3 and smoke", *gate_runs.PLAIN],
        ROOT,
        {**ours, **reports, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "400"},
    )
    output, _ = process.communicate(timeout=110)
    return process.returncode, output


# ── a check where the settings say what it reads, a person elsewhere ──

SIGNED = """
[[signoff]]
item = "security-scans"
target = "toy"
release = "1.0"
by = "Grace Example"
at = {day}
reason = "I have read the report"
expires = {day}
"""


SCAN_CHECK = """
import pytest

@pytest.mark.plan("security-scans")
def test_scans(recorder):
    recorder.observe("scan")
    assert not "critical"
"""


@pytest.mark.parametrize("declared", [True, further(False)], ids=["declared", "undeclared"])
def test_a_signature_does_not_stand_where_a_check_can_see(toy: Toy, declared: bool) -> None:
    """Without the table a person attests the item; with it the check decides, whoever signs."""
    item = 'id = "security-scans"\nsection = "Toy"\ntitle = "T"\ngates = ["phase3"]\n'
    proof = 'proof = "check or sign-off"\nsuite = "smoke"\n'
    toy.write("plan.toml", f"{PLAN}\n[[item]]\n{item}{proof}")
    if declared:
        toy.write("smoke/test_scans.py", SCAN_CHECK)
    toy.write("signoffs.toml", SIGNED.format(day=datetime.now(UTC).date()))
    settings = (toy.folder / "cutover.toml").read_text(encoding="utf-8")
    table = "[targets.toy.infrastructure.security_scans]\nmax_age_hours = 24\n" * declared
    toy.write("cutover.toml", settings + table)
    ran = toy.gate()
    assert ran.outcome("security-scans") == ("failed" if declared else "attested"), ran.output
    assert ran.verdict == ("NO-GO" if declared else "GO")
    assert ("a signature cannot replace them" in " ".join(ran.output.split())) is declared
