"""The ledger of a dead run names ids that are somebody else's now: nothing of theirs is removed."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.ledger_lines import LedgerBinding
from cutover_gates.probes.database.identity import fetch_system_name
from tests.faults import gate_runs
from tests.faults.hospitals import Hospital
from tests.selection import further

NUMBER = "100234"
_INSERT = """
INSERT INTO patients (facility, mrn, family_name, given_name, birth_date, sex_in_words, tag)
VALUES ('north', %s, 'Real', 'Rita', '1960-02-29', 'female', 'imported') RETURNING id::text
"""
_VISIT = "INSERT INTO visits (patient_id, reason, tag) VALUES (%s, 'pain', 'x') RETURNING id::text"


@pytest.fixture
def patient(hospital: Hospital) -> tuple[str, str]:
    """The ids of a real patient and of a visit. The tag lets the target delete them."""
    with psycopg.connect(hospital.owner_database) as connection:
        patient = connection.execute(_INSERT, [NUMBER]).fetchone()
        assert patient is not None  # The statement returns the row that it wrote.
        visit = connection.execute(_VISIT, [patient[0]]).fetchone()
        assert visit is not None
    return patient[0], visit[0]


@pytest.fixture
def binding(hospital: Hospital) -> LedgerBinding:
    """The system that is behind the hospital."""
    return LedgerBinding(hospital.url, fetch_system_name(hospital.database, DatabaseSettings()))


def leave_ledger(folder: Path, patient: tuple[str, str], binding: LedgerBinding | None) -> None:
    """Leave the ledger of a killed run whose ids are this patient's now."""
    path = folder / "reports/ledgers/tried/cut2611200000abcd-main.jsonl"
    ledger = Ledger(path, "cut2611200000abcd", "tried", binding)
    key = "cut2611200000abcd-0123456789"
    entry = ledger.intend("patient", key, family_name="Okafor", given_name="Ada")
    ledger.record_created(entry, patient[0])
    ledger.record_created(ledger.intend("visit", "pain", patient_id=patient[0]), patient[1])
    ledger.release()


def count_real(hospital: Hospital) -> int:
    with psycopg.connect(hospital.owner_database) as connection:
        query = "SELECT count(*) FROM visits JOIN patients p ON p.id = patient_id WHERE mrn = %s"
        row = connection.execute(query, [NUMBER]).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize(
    "bound", [True, further(False)], ids=["this system", "an older version's ledger"]
)
def test_a_real_patient_with_an_id_of_the_ledger_is_left_and_told(
    hospital: Hospital,
    patient: tuple[str, str],
    binding: LedgerBinding,
    tmp_path: Path,
    bound: bool,
) -> None:
    """No DELETE reaches the target. The sweep says what it left, and no value of the patient."""
    leave_ledger(tmp_path, patient, binding if bound else None)
    swept = gate_runs.sweep(hospital, tmp_path)
    assert count_real(hospital) == 1, swept.stdout
    assert '"DELETE' not in (tmp_path / "hospital.jsonl").read_text()
    assert "another record number now" in swept.stdout, swept.stdout
    assert (swept.returncode, "Rita" in swept.stdout) == (1, False), swept.stdout


def test_a_ledger_of_another_database_is_not_swept(
    hospital: Hospital, patient: tuple[str, str], tmp_path: Path
) -> None:
    """The address is the same, and a restored database is behind it."""
    leave_ledger(tmp_path, patient, LedgerBinding(hospital.url, "database 1/hospital"))
    swept = gate_runs.sweep(hospital, tmp_path)
    assert count_real(hospital) == 1, swept.stdout
    assert "not swept" in swept.stdout, swept.stdout
    assert swept.returncode == 1
