"""Faults of the schema: an object was lost, left behind, or changed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cutover_gates.probes.database.schema import rules as schema_rules
from tests.faults.data.data_fault import DataFault


class ACheckWasDropped(DataFault):
    """A visit could be stored with a status that no screen knows: the patient is in nobody's list."""

    item = "migration-verified"
    statements = "ALTER TABLE visits DROP CONSTRAINT visits_status_check"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "visits_status_check"


class AReferenceWasDropped(DataFault):
    """Documents could be filed for patients who do not exist."""

    item = "migration-verified"
    statements = "ALTER TABLE documents DROP CONSTRAINT documents_patient_id_fkey"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "documents_patient_id_fkey"


class AUniqueKeyWasDropped(DataFault):
    """Two patients could get one medical record number, and one of them the other's blood."""

    item = "migration-verified"
    statements = "ALTER TABLE patients DROP CONSTRAINT patients_mrn_key"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "patients_mrn_key"


class AColumnDrifted(DataFault):
    """Long reasons for a visit would be refused, on one server and not on the other."""

    item = "migration-verified"
    statements = "ALTER TABLE visits ALTER COLUMN reason TYPE varchar(2000)"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "reason"


class ATimeLostItsZone(DataFault):
    """Admissions would be off by an hour twice a year."""

    item = "migration-verified"
    statements = (
        "ALTER TABLE visits ALTER COLUMN opened_at TYPE timestamp USING opened_at AT TIME ZONE"
        " 'UTC'"
    )
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "opened_at"


class ADefaultWasLost(DataFault):
    """A visit would be opened without a time."""

    item = "migration-verified"
    statements = "ALTER TABLE visits ALTER COLUMN opened_at DROP DEFAULT"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "opened_at"


class NothingMayNowBeMissing(DataFault):
    """A document could be stored without its type, and nobody could tell how to open it."""

    item = "migration-verified"
    statements = "ALTER TABLE documents ALTER COLUMN media_type DROP NOT NULL"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "media_type"


class TheSearchKeyIsMadeOtherwise(DataFault):
    """Patients would be searched for by given name first, and not be found."""

    item = "migration-verified"
    statements = """
        ALTER TABLE patients DROP COLUMN search_key;
        ALTER TABLE patients ADD COLUMN search_key text GENERATED ALWAYS AS (upper(given_name) || E'\\n' || upper(family_name)) STORED
    """
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "search_key"


class AnIndexWasLost(DataFault):
    """Every look into a chart would read all visits of the hospital."""

    item = "migration-verified"
    statements = "DROP INDEX visits_by_patient"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "visits_by_patient"


class ATableWasLeftBehind(DataFault):
    """A copy of all patients was left behind, which nobody knows and nobody guards."""

    item = "migration-verified"
    also: ClassVar[Mapping[str, str]] = {"row-counts": "a table that nobody declared"}
    statements = "CREATE TABLE patients_backup AS SELECT * FROM patients"
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "patients_backup"


class ARightWasForgotten(DataFault):
    """The new release could not read one document."""

    item = "migration-verified"
    statements = "REVOKE SELECT ON documents FROM hospital_app"
    breaks = (schema_rules.GRANTED_RIGHTS,)
    shows = "documents"


class ARightTooMany(DataFault):
    """Everybody who can sign in to the database could read all patients."""

    item = "migration-verified"
    statements = "GRANT SELECT ON patients TO PUBLIC"
    breaks = (schema_rules.PUBLIC_RIGHTS,)
    shows = "patients"


class RowsAreHidden(DataFault):
    """Row security was switched on without a policy: the application would see no patient at all."""

    item = "migration-verified"
    also: ClassVar[Mapping[str, str]] = {
        "key-tables": "the gate sees no patient either",
        "row-counts": "so it counts none",
        "content-unchanged": "compares none",
        "constraints-hold": "and cannot say whether any keeps the rules",
        "indexes-agree": "nor whether it is found",
    }
    statements = "ALTER TABLE patients ENABLE ROW LEVEL SECURITY"
    breaks = (schema_rules.ROW_SECURITY,)
    shows = "patients"


class ATriggerChangesWhatIsWritten(DataFault):
    """A trigger of some trial would write other reasons than the clinician's."""

    item = "migration-verified"
    statements = """
        CREATE FUNCTION shorten() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.reason := left(NEW.reason, 10); RETURN NEW; END';
        CREATE TRIGGER shorten BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION shorten()
    """
    breaks = (schema_rules.SCRIPTED_SCHEMA,)
    shows = "shorten"


class AKeyTableIsMissing(DataFault):
    """Everybody would be signed out at once, and nobody could stay signed in."""

    item = "key-tables"
    also: ClassVar[Mapping[str, str]] = {
        "migration-verified": "the table is missing from the schema, too",
        "row-counts": "and from the count",
    }
    statements = "DROP TABLE refresh_tokens"
    breaks = (schema_rules.KEY_TABLES,)
    shows = "refresh_tokens"


class AKeyTableIsEmpty(DataFault):
    """All documents are gone."""

    item = "key-tables"
    also: ClassVar[Mapping[str, str]] = {
        "row-counts": "its rows are gone",
        "content-unchanged": "with what they held",
    }
    statements = "TRUNCATE documents"
    breaks = (schema_rules.KEY_TABLES,)
    shows = "documents"
