"""Faults of constraints: marked valid and not true of the data, or no longer enforced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import psycopg

from cutover_gates.probes.database.integrity import rules as integrity_rules
from tests.faults.data.data_environment import DataEnvironment
from tests.faults.data.data_fault import DataFault

_ROWS = {"row-counts": "the row that is gone", "content-unchanged": "and what it held"}


class VisitsWithoutAPatient(DataFault):
    """A visit belongs to nobody; the key that forbids it still calls itself valid, for triggers
    were off.
    """

    item = "constraints-hold"
    also = _ROWS
    statements = """
        SET session_replication_role = replica;
        DELETE FROM patients WHERE id = (SELECT patient_id FROM visits ORDER BY id LIMIT 1)
    """
    breaks = (integrity_rules.FOREIGN_KEYS,)
    shows = "visits"


class AConstraintIsNotValidated(DataFault):
    """NOT VALID was left behind: what stood there before may be wrong, and the next restore fails."""

    item = "constraints-hold"
    also: ClassVar[Mapping[str, str]] = {"migration-verified": "the scripts make it valid"}
    statements = """
        ALTER TABLE visits DROP CONSTRAINT visits_reason_check;
        ALTER TABLE visits ADD CONSTRAINT visits_reason_check CHECK (reason <> '') NOT VALID
    """
    breaks = (integrity_rules.DECLARATIONS,)
    shows = "visits_reason_check"


class AnIndexIsInvalid(DataFault):
    """A unique index that failed to be built stands there and forbids nothing."""

    item = "constraints-hold"
    also: ClassVar[Mapping[str, str]] = {"migration-verified": "the scripts make no such index"}
    breaks = (integrity_rules.UNIQUE_VALUES,)
    shows = "visits_once"

    def harm(self, ground: DataEnvironment) -> None:
        with psycopg.connect(ground.dsn, autocommit=True) as connection:
            try:
                connection.execute(
                    "CREATE UNIQUE INDEX CONCURRENTLY visits_once ON visits (patient_id)"
                )
            except psycopg.errors.UniqueViolation:
                return
        raise AssertionError("the index was built, so nothing is harmed")


class ReferencesAreNotEnforced(DataFault):
    """Somebody switched the triggers off for a faster load, and never on again."""

    item = "constraints-hold"
    also: ClassVar[Mapping[str, str]] = {"migration-verified": "the scripts leave them on"}
    statements = "ALTER TABLE visits DISABLE TRIGGER ALL"
    breaks = (integrity_rules.DECLARATIONS,)
    shows = "visits"


class AnIndexLacksARow(DataFault):
    """A visit that is in the table and not in its index: nobody who opens the chart finds it."""

    item = "indexes-agree"
    statements = """
        UPDATE pg_index SET indisready = false WHERE indexrelid = 'visits_by_patient'::regclass;
        COMMIT;
        INSERT INTO visits (patient_id, status, reason) SELECT id, 'open', 'Pain' FROM patients ORDER BY id LIMIT 1;
        UPDATE pg_index SET indisready = true WHERE indexrelid = 'visits_by_patient'::regclass
    """
    breaks = (integrity_rules.INDEX_CONTENT,)
    shows = "visits_by_patient"


class ASequenceIsBehind(DataFault):
    """The next audit entry would fail, and with it every look into a chart."""

    item = "constraints-hold"
    statements = "SELECT setval('audit_entries_id_seq', (SELECT max(id) - 5 FROM audit_entries))"
    breaks = (integrity_rules.SEQUENCE_POSITION,)
    shows = "audit_entries_id_seq"


class ACheckIsNotTrue(DataFault):
    """Visits that are discharged without ever having been admitted stand under a check that calls
    itself valid.
    """

    item = "constraints-hold"
    also: ClassVar[Mapping[str, str]] = {"content-unchanged": "the values that break it"}
    statements = """
        ALTER TABLE visits DROP CONSTRAINT visits_admitted_at_check;
        UPDATE visits SET admitted_at = NULL WHERE id = (SELECT id FROM visits WHERE status = 'discharged' ORDER BY id LIMIT 1);
        ALTER TABLE visits ADD CONSTRAINT visits_admitted_at_check
            CHECK ((admitted_at IS NOT NULL) = (status IN ('admitted', 'discharged'))) NOT VALID;
        UPDATE pg_constraint SET convalidated = true WHERE conname = 'visits_admitted_at_check'
    """
    breaks = (integrity_rules.CHECK_CONSTRAINTS,)
    shows = "visits_admitted_at_check"


class NothingStandsWhereSomethingMust(DataFault):
    """A document without a type, in a column that says NOT NULL."""

    item = "constraints-hold"
    also: ClassVar[Mapping[str, str]] = {"content-unchanged": "the type is gone"}
    before = "SELECT 1"
    statements = """
        ALTER TABLE documents ALTER COLUMN media_type DROP NOT NULL;
        UPDATE documents SET media_type = NULL WHERE id = (SELECT id FROM documents ORDER BY id LIMIT 1);
        UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 'documents'::regclass AND attname = 'media_type'
    """
    breaks = (integrity_rules.NOT_NULL,)
    shows = "media_type"


class AnAuditEntryOfNobody(DataFault):
    """An entry speaks of a patient who does not exist.

    No constraint forbids it; the model does, and so do the settings.
    """

    item = "constraints-hold"
    also: ClassVar[Mapping[str, str]] = {
        "content-unchanged": "the entry says something else than before"
    }
    statements = (
        "UPDATE audit_entries SET patient_id = gen_random_uuid() WHERE id = (SELECT min(id) FROM"
        " audit_entries WHERE patient_id IS NOT NULL)"
    )
    breaks = (integrity_rules.IMPLIED_KEYS,)
    shows = "patient_id"
