"""Hospitals with other protocols are judged by their settings only.

Without a fault the verdict is GO. With a fault it is NO-GO, for the same item as on the reference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.functional_capabilities import FUNCTIONAL_CAPABILITIES
from tests.dialects import running
from tests.dialects.catalogue import DIALECTS
from tests.dialects.judging import find_problems, not_passed
from tests.faults.item_files import files_of_item
from tests.faults.registry import faults_of
from tests.selection import further

REFERENCES = ("ward", "clinic", "rpc")
"""Dialects whose faults are those of the reference."""
POOR = ("district", "county", "infirmary")
"""Dialects that lack much, and declare it. Their faults are of their own."""
OURS = (*REFERENCES, *POOR)
ALWAYS = {
    "ward": {"RegistrarsReadDocuments"},
    "clinic": set[str](),
    "rpc": {"AnyPasswordOpens"},
    "district": {"TheSecondCorrectionIsLost"},
    "county": set[str](),
    "infirmary": set[str](),
}
"""What every run tries, by the files of its item; `tox run -e thorough` tries all, by whole gates.

The clinic is judged by settings as the ward is: what is caught there is caught here. Every run
shows that each is a GO without a fault.
"""
FEWEST = 10
FEWEST_OF_THE_POOR = 40
CLASSES = {
    "access",
    "after discharge",
    "audit",
    "headers",
    "instances that differ",
    "lost fields",
    "lost moves",
    "lost updates",
    "lost updates without versions",
    "pages",
    "repeated requests",
    "served document",
    "stale cache",
    "undocumented methods",
}
CASES = [
    *(
        pytest.param(name, fault, files_of_item(DIALECTS[name].faults[fault].item))
        for name in OURS
        for fault in sorted(ALWAYS[name])
    ),
    *(further(name, fault, ()) for name in OURS for fault in DIALECTS[name].faults),
]
"""Dialect, fault, and the files that are asked: those of its item, or none for a whole gate."""


SELDOM = ("district", "infirmary")
"""Dialects whose whole gate on a hospital without a fault is judged in the thorough run only."""


@pytest.mark.parametrize("name", [further(name) if name in SELDOM else name for name in OURS])
def test_a_hospital_without_a_fault_is_a_go(name: str, tmp_path: Path, compiled: Path) -> None:
    """The whole functional suite passes, and the exit status is 0."""
    verdict = DIALECTS[name].judged(None, tmp_path, compiled)
    assert not not_passed(verdict), verdict.output
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output


@pytest.mark.parametrize(("name", "fault", "files"), CASES)
def test_the_gate_catches(
    name: str, fault: str, files: tuple[str, ...], tmp_path: Path, compiled: Path
) -> None:
    """With this one fault the gate is NO-GO, and names the same item as on the reference."""
    verdict = DIALECTS[name].judged(fault, tmp_path, compiled, *files)
    wrong = find_problems(DIALECTS[name].faults[fault], verdict, files)
    assert not wrong, "\n".join([*wrong, verdict.output])


@pytest.mark.parametrize("name", REFERENCES)
def test_every_dialect_has_faults_that_the_reference_has(name: str) -> None:
    assert len(DIALECTS[name].faults) >= FEWEST
    assert DIALECTS[name].faults.items() <= faults_of("functional").items()
    assert ALWAYS[name] <= set(DIALECTS[name].faults)


def test_the_poor_dialects_have_faults_of_every_class() -> None:
    """What is declared absent must not hide what is broken: each class is tried in one of them."""
    faults = [fault for name in POOR for fault in DIALECTS[name].faults.values()]
    assert len(faults) >= FEWEST_OF_THE_POOR
    assert {fault.kind for fault in faults} == CLASSES


def test_the_poor_dialects_declare_every_rule_of_functions_absent() -> None:
    """Each rule that a target may be declared not to keep is declared by one of them."""
    declared = {name for dialect in POOR for name in running.read_target(dialect)["capabilities"]}
    assert {capability.name for capability in FUNCTIONAL_CAPABILITIES} <= declared


@pytest.mark.parametrize("name", OURS)
def test_a_dialect_shares_nothing(name: str) -> None:
    """A server that shared code with the suite would share its mistakes."""
    for path in sorted((Path(__file__).parent / name).glob("*.py")):
        if path.name == "driver.py":
            continue  # it is the team's own driver, and speaks the language of the suite
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        known = [
            line
            for line in lines
            if line.startswith(
                (
                    "from cutover",
                    "import cutover",
                    "from reference",
                    "import reference",
                    "from tests",
                )
            )
        ]
        allowed = [f"from tests.dialects.{name}."]
        if path.name == "faults.py":
            allowed.append(
                "from tests.dialects.seeded_fault "
            )  # says what a fault is, and acts not
        assert all(line.startswith(tuple(allowed)) for line in known), f"{path.name}: {known}"
