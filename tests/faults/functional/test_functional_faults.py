"""The gates bite: each fault alone is a NO-GO that blames the right item, and without a fault
nothing is blamed.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.faults import gate_runs, hospitals
from tests.faults.access.staff_tables import OVERLAP, SPLIT
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.item_files import files_of_item
from tests.faults.judge import FUNCTIONAL, find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.results import Verdict
from tests.faults.selection import gates
from tests.faults.serve import NONE

BY_NAME = faults_of_kind("functional", FunctionalFault)
WHOLE = ("AnyPasswordOpens",)


@pytest.mark.parametrize(("name", "files"), gates(BY_NAME, WHOLE))
def test_the_gate_catches(
    name: str, files: tuple[str, ...], cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """With this one fault in the hospital, or on the way to it, the gate says NO-GO and names its
    item.
    """
    fault = BY_NAME[name]
    with hospitals.hospital(cluster, name, tmp_path) as hospital:
        verdict = gate_runs.run_functional_gate(
            hospital,
            tmp_path,
            *gate_runs.PLAIN,
            *files,
            waived=fault.waived,
            more=fault.more_settings(),
            outage=fault.outage,
        )
    wrong = find_problems(fault, verdict, files)
    assert not wrong, "\n".join([*wrong, verdict.output])


def test_without_a_fault_nothing_is_blamed(cluster: hospitals.Cluster, tmp_path: Path) -> None:
    """No false alarm as users do it: shuffled, in two processes and with every output."""
    judge_without_fault(cluster, tmp_path, "-n", "2")


@pytest.mark.thorough
def test_each_check_ends_alike_in_one_process_or_two(
    cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    one = judge_without_fault(cluster, tmp_path / "one", *gate_runs.PLAIN)
    two = judge_without_fault(cluster, tmp_path / "two", "-n", "2")
    assert one.checks == two.checks


@pytest.mark.thorough
def test_a_table_of_roles_that_is_true_blames_nobody(
    cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """One account has two roles, and two roles may do the same: access alone is asked."""
    with hospitals.hospital(cluster, NONE, tmp_path) as hospital:
        verdict = gate_runs.run_functional_gate(
            hospital, tmp_path, *gate_runs.PLAIN, *files_of_item("access-control"), more=OVERLAP
        )
    assert verdict.outcome("access-control") == "passed", verdict.output
    rights = [name for name in verdict.checks if "test_a_role_may_do_its_work[" in name]
    assert len(rights) > 25, rights


@pytest.mark.thorough
def test_two_roles_that_share_the_work_of_one_blame_nobody(
    cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """Where nurses admit and doctors cancel, every check finds somebody who may."""
    with hospitals.hospital(cluster, NONE, tmp_path) as hospital:
        verdict = gate_runs.run_functional_gate(hospital, tmp_path, more=SPLIT, seconds=120)
    outcomes = {item: verdict.outcome(item) for item in FUNCTIONAL}
    assert outcomes == dict.fromkeys(FUNCTIONAL, "passed"), verdict.output


def judge_without_fault(cluster: hospitals.Cluster, folder: Path, *options: str) -> Verdict:
    """Return the verdict on a hospital without a fault, in which nothing was blamed or left."""
    folder.mkdir(exist_ok=True)
    with hospitals.hospital(cluster, NONE, folder) as hospital:
        verdict = gate_runs.run_functional_gate(hospital, folder, *options)
        assert count_left_patients(hospital) == 0, verdict.output
    outcomes = {item: verdict.outcome(item) for item in FUNCTIONAL}
    assert outcomes == dict.fromkeys(FUNCTIONAL, "passed"), verdict.output
    return verdict


def count_left_patients(hospital: hospitals.Hospital) -> int:
    """Return how many patients of any run are left in a hospital."""
    with psycopg.connect(hospital.owner_database) as connection:
        row = connection.execute("SELECT count(*) FROM patients WHERE mrn LIKE 'cut%'").fetchone()
    assert row is not None  # A count is always a row.
    return int(row[0])
