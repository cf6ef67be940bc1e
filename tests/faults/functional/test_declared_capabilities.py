"""What a hospital lacks is declared and not held against it; what it has all the same is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.functional_capabilities import FUNCTIONAL_CAPABILITIES
from tests.faults import gate_runs, hospitals
from tests.faults.functional.functional_fault import declare_absent
from tests.faults.functional.poor_hospital import ABSENT, TheHospitalOfConflicts, ThePoorHospital
from tests.faults.judge import FUNCTIONAL
from tests.faults.results import Verdict
from tests.faults.serve import NONE

EVERY = (
    *(capability.name for capability in FUNCTIONAL_CAPABILITIES),
    *("audit-reads", "audit-refusals", "audit-once", "audit-searches", "audit-sign-ins"),
    *("visit-reason", "immediate-lists", "undocumented-requests"),
    *("download-names", "download-types"),
)
"""What the checks of functions try all the same where it is declared absent."""


def run_gate(
    cluster: hospitals.Cluster, name: str, folder: Path, absent: tuple[str, ...]
) -> tuple[Verdict, Any]:
    """The verdict on a hospital that declares what is absent, and `verdict.json`."""
    with hospitals.hospital(cluster, name, folder) as hospital:
        verdict = gate_runs.run_functional_gate(
            hospital, folder, *gate_runs.PLAIN, more=declare_absent(absent), seconds=90
        )
    (written,) = folder.glob("reports/runs/2*/verdict.json")
    return verdict, json.loads(written.read_text(encoding="utf-8"))


def open_items(verdict: Verdict) -> dict[str, str]:
    return {item: verdict.message(item) for item in FUNCTIONAL if verdict.outcome(item) != "passed"}


def test_whatever_works_all_the_same_is_told(cluster: hospitals.Cluster, tmp_path: Path) -> None:
    """A whole hospital that declares to lack everything: nothing is left out, and each is told."""
    verdict, written = run_gate(cluster, NONE, tmp_path, EVERY)
    assert open_items(verdict) == {}, verdict.output
    told = {
        note.partition(" ")[0] for note in written["notes"] if "is declared absent, and" in note
    }
    assert told == set(EVERY), verdict.output
    assert not [fact for fact in written["declared"] if fact["name"] in EVERY]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "absent"),
    [(ThePoorHospital.__name__, ABSENT), (TheHospitalOfConflicts.__name__, ())],
)
def test_what_is_truly_absent_is_not_held_against_it(
    cluster: hospitals.Cluster, tmp_path: Path, name: str, absent: tuple[str, ...]
) -> None:
    """Each item is proven, and each declaration is counted: no GO hides what it does not say."""
    verdict, written = run_gate(cluster, name, tmp_path, absent)
    assert open_items(verdict) == {}, verdict.output
    assert {fact["name"] for fact in written["declared"]} >= set(absent)
    assert not [note for note in written["notes"] if "is declared absent, and" in note]
