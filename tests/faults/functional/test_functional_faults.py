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
from tests.faults.judge import FUNCTIONAL, find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.selection import cases
from tests.faults.serve import NONE

BY_NAME = faults_of_kind("functional", FunctionalFault)


@pytest.mark.parametrize("name", cases(BY_NAME))
def test_the_gate_catches(name: str, cluster: hospitals.Cluster, tmp_path: Path) -> None:
    """With this one fault in the hospital, or on the way to it, the gate says NO-GO and names its
    item.
    """
    with hospitals.hospital(cluster, name, tmp_path) as hospital:
        fault = BY_NAME[name]
        verdict = gate_runs.run_functional_gate(
            hospital, tmp_path, waived=fault.waived, more=fault.staff, outage=fault.outage
        )
    wrong = find_problems(fault, verdict)
    assert not wrong, "\n".join([*wrong, verdict.output])


def test_without_a_fault_nothing_is_blamed_in_one_process_or_two(
    cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """No false alarm, twice: once in order and in one process, once shuffled, in two and with every
    output. Each check ends alike.
    """
    verdicts = []
    for kind, options in {"plain": gate_runs.PLAIN, "as-users-do": ("-n", "2")}.items():
        (tmp_path / kind).mkdir()
        with hospitals.hospital(cluster, NONE, tmp_path / kind) as hospital:
            verdicts.append(gate_runs.run_functional_gate(hospital, tmp_path / kind, *options))
            assert count_left_patients(hospital) == 0, verdicts[-1].output
    for verdict in verdicts:
        assert {item: verdict.outcome(item) for item in FUNCTIONAL} == dict.fromkeys(
            FUNCTIONAL, "passed"
        ), verdict.output
    one, two = verdicts
    assert one.checks == two.checks


def test_a_table_of_roles_that_is_true_blames_nobody(
    cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """One account has two roles, and two roles may do the same: access alone is asked."""
    with hospitals.hospital(cluster, NONE, tmp_path) as hospital:
        verdict = gate_runs.run_functional_gate(
            hospital, tmp_path, *gate_runs.PLAIN, "smoke/test_access.py", more=OVERLAP
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
        verdict = gate_runs.run_functional_gate(hospital, tmp_path, more=SPLIT)
    outcomes = {item: verdict.outcome(item) for item in FUNCTIONAL}
    assert outcomes == dict.fromkeys(FUNCTIONAL, "passed"), verdict.output


def count_left_patients(hospital: hospitals.Hospital) -> int:
    """Return how many patients of any run are left in a hospital."""
    with psycopg.connect(hospital.owner_database) as connection:
        row = connection.execute("SELECT count(*) FROM patients WHERE mrn LIKE 'cut%'").fetchone()
    assert row is not None  # A count is always a row.
    return int(row[0])
