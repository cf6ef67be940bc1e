"""As many rows as before with other content, which only a comparison of every value finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cutover_gates.probes.database.rows import rules as rows_rules
from tests.faults.data.data_fault import DataFault


class _Content(DataFault):
    item = "content-unchanged"


class NamesOfTwoPatientsAreSwapped(_Content):
    """One patient gets the other's medicine."""

    statements = """
        WITH two AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM patients ORDER BY id LIMIT 2)
        UPDATE patients SET family_name = other.family_name, given_name = other.given_name
        FROM two JOIN two AS twin ON twin.n = 3 - two.n JOIN patients AS other ON other.id = twin.id
        WHERE patients.id = two.id
    """
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class ColumnsAreShifted(_Content):
    """Family and given names are exchanged: a script inserted its columns in another order."""

    statements = (
        "UPDATE patients SET family_name = given_name, given_name = family_name WHERE given_name"
        " <> ''"
    )
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class AddressesAreCutOff(_Content):
    """Letters come back: a column was copied through a column that is too short."""

    statements = "UPDATE patients SET address = left(address, 12) WHERE length(address) > 12"
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class TimesAreInAnotherZone(_Content):
    """Every discharge is an hour late: local times were read as UTC."""

    statements = (
        "UPDATE visits SET discharged_at = discharged_at + interval '1 hour' WHERE discharged_at IS"
        " NOT NULL"
    )
    breaks = (rows_rules.CONTENT,)
    shows = "visits"


class ABirthdayIsOffByOne(_Content):
    """A child's dose is computed for the wrong age, in one chart of ten thousand."""

    statements = (
        "UPDATE patients SET birth_date = birth_date + 1 WHERE id = (SELECT id FROM patients ORDER"
        " BY mrn OFFSET 4321 LIMIT 1)"
    )
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class NamesAreMangled(_Content):
    """Names outside of ASCII were decoded as Latin-1 and written as UTF-8."""

    statements = (
        "UPDATE patients SET family_name = convert_from(convert_to(family_name, 'UTF8'), 'LATIN1')"
        " WHERE family_name ~ '[^ -~]'"
    )
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class AVisitIsInAnotherChart(_Content):
    """A finding is in the chart of a patient who was never there."""

    statements = """
        UPDATE visits SET patient_id = (SELECT id FROM patients ORDER BY id DESC LIMIT 1)
        WHERE id = (SELECT id FROM visits ORDER BY id LIMIT 1)
    """
    breaks = (rows_rules.CONTENT,)
    shows = "visits"


class OneBitOfADocument(_Content):
    """One pixel of an image differs, or one digit of a dose."""

    statements = """
        UPDATE documents SET content = set_bit(content, 17, 1 - get_bit(content, 17))
        WHERE id = (SELECT id FROM documents ORDER BY id LIMIT 1)
    """
    breaks = (rows_rules.CONTENT,)
    shows = "documents"


class SexIsTranslatedWrongly(_Content):
    """The migration's own work is wrong: "unknown" became "other"."""

    statements = "UPDATE patients SET sex_in_words = 'other' WHERE sex_in_words = 'unknown'"
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class PhonesAreLost(_Content):
    """The script cleared all phones, and not only the empty ones."""

    statements = "UPDATE patients SET phone = NULL"
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class StatesAreTranslatedWrongly(_Content):
    """Cancelled visits are admitted: the clinician looks for patients who are not there."""

    statements = (
        "UPDATE visits SET status = 'admitted', admitted_at = opened_at WHERE status = 'cancelled'"
    )
    breaks = (rows_rules.CONTENT,)
    shows = "visits"


class RowsAreExchangedForOthers(_Content):
    """One visit is lost and another one invented: the count is the same."""

    statements = """
        DELETE FROM visits WHERE id = (SELECT id FROM visits ORDER BY id LIMIT 1);
        INSERT INTO visits (patient_id, status, reason, opened_at)
        SELECT id, 'open', 'Not recorded', '2025-01-01' FROM patients ORDER BY id LIMIT 1
    """
    breaks = (rows_rules.KEYS,)
    shows = "visits"


class AScaleIsLost(_Content):
    """A dose of 1.50 becomes 1.5, which a printed prescription shows.

    PostgreSQL's own hash treats both as equal.
    """

    before = "ALTER TABLE visits ADD COLUMN dose numeric; UPDATE visits SET dose = 1.50"
    statements = "UPDATE visits SET dose = 1.5"
    also: ClassVar[Mapping[str, str]] = {
        "migration-verified": "the column of this trial is in no script"
    }
    breaks = (rows_rules.CONTENT,)
    shows = "visits"


class AnOldRowIsLostUnderTraffic(_Content):
    """New entries must not hide that an old one is gone.

    The ward works on while the gate runs.
    """

    item = "row-counts"
    also: ClassVar[Mapping[str, str]] = {"content-unchanged": "what is left holds less"}
    statements = """
        DELETE FROM audit_entries WHERE id = (SELECT min(id) FROM audit_entries);
        INSERT INTO audit_entries (username, action, outcome) VALUES ('north-ward-01', 'patient.read', 'allowed')
    """
    breaks = (rows_rules.ROW_COUNT,)
    shows = "audit_entries"
