"""Every shipped group of checks has its checks, and every shipped check its group.

Nothing here depends on `plan.toml`, so nobody who writes a plan of their own edits a test.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cutover_gates.core.check_groups import shipped_checks, shipped_groups
from cutover_gates.core.plan_file import NEEDS, ROLES, load_plan
from cutover_gates.plugin.check_inventory import CheckInventory, build_inventory
from cutover_gates.plugin.suite_folders import SuiteFolders
from tests.shipped_plan import PLAN_FILE

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src/cutover_gates"
RULES = ROOT / "docs/rules/checks.toml"
TO_UPDATE = "python -m docs.generate writes docs/rules/checks.toml anew"


@pytest.fixture(scope="module")
def inventory() -> CheckInventory:
    """Every check that is written in the suite folders."""
    return build_inventory(SuiteFolders(ROOT))


def test_the_shipped_list_of_groups_is_what_the_checks_name(inventory: CheckInventory) -> None:
    """Strict both ways: a group of no check, or a check of no group, would prove nothing."""
    named = {
        (group, check.check.partition("/")[0])
        for check in inventory.checks
        for group in check.groups or {"(none)"}
    }
    assert {(group.id, group.suite) for group in shipped_groups().values()} == named


def test_needs_and_roles_of_groups_are_those_that_the_code_knows() -> None:
    for group in shipped_groups().values():
        assert set(group.needs) <= set(NEEDS)
        assert group.role in ("", *ROLES)


def test_the_list_of_checks_as_rules_is_the_suites(inventory: CheckInventory) -> None:
    """A check's node is the id of the rule that it is: a rename is written down as an alias."""
    listed = tomllib.loads(RULES.read_text(encoding="utf-8"))
    ids = [check.check for check in inventory.checks]
    assert listed["checks"] == sorted(ids), TO_UPDATE
    assert shipped_checks() == set(ids), (
        "python -m docs.generate writes core/shipped_checks.toml anew"
    )
    assert set(listed["aliases"].values()) <= set(ids)
    assert not set(listed["aliases"]) & set(ids)


def test_every_check_has_a_title(inventory: CheckInventory) -> None:
    """The first sentence of its docstring."""
    assert [check.check for check in inventory.checks if not check.title] == []


def test_every_check_can_be_counted(inventory: CheckInventory) -> None:
    """What cannot be read without being run cannot be missed when it is lost."""
    assert inventory.checks
    assert inventory.unreadable == ()


def test_a_check_is_written_once(inventory: CheckInventory) -> None:
    """Of two functions of one name Python keeps the second: the first would never run, and nobody
    would notice.
    """
    names = [check.check for check in inventory.checks]
    assert not sorted({name for name in names if names.count(name) > 1})


# ── the code knows no item ──

ALLOWED = {
    # a sample of a verdict, for its documentation and tests: made of a plan of its own
    "reporting/sample_evidence.py": None,
    "reporting/sample_plan.py": None,
    "reporting/sample_verdict.py": None,
    # the names of alert triggers in the settings, which are no items
    "config/monitoring.py": {"error-rate"},
    "core/triggers/evaluation.py": {"error-rate"},
    "core/triggers/trigger_names.py": {"error-rate"},
    "core/triggers/truth_watch.py": {"error-rate"},
    "probes/observability/alerts/recorded_trouble.py": {"error-rate"},
    "probes/observability/alerts/agreement_assessments.py": {"error-rate"},
    # an English word
    "reporting/gate_texts.py": {"post-mortem"},
    # what objectives are about, as verdict.json has said since its first version
    "probes/load/objective_builder.py": {"error-rate", "response-times"},
    "probes/load/connection_objectives.py": {"error-rate", "response-times"},
    "probes/load/assessments.py": {"error-rate", "response-times"},
}
"""Words of the package that are also ids of the shipped plan, by module; None for all."""


def test_no_id_and_no_heading_of_the_plan_stands_in_the_package() -> None:
    """A plan calls its items and headings as it likes."""
    items = load_plan(PLAN_FILE).items
    headings = {part for item in items for part in [item.section, *item.section.split(" / ")]}
    words = {item.id for item in items} | {heading for heading in headings if " " in heading}
    pattern = re.compile(rf"(?<![\w/.-])({'|'.join(map(re.escape, sorted(words)))})(?![\w-])")
    found = {
        (path.relative_to(PACKAGE).as_posix(), word)
        for path in PACKAGE.rglob("*.py")
        for word in pattern.findall(path.read_text(encoding="utf-8"))
    }
    assert {one for one in found if not _is_allowed(*one)} == set()


def _is_allowed(module: str, word: str) -> bool:
    words = ALLOWED.get(module, set())
    return words is None or word in words
