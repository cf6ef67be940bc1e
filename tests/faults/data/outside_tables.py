"""Faults of what stands outside of tables: every row is whole, and something is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cutover_gates.probes.database.backup import rules as backup_rules
from cutover_gates.probes.database.integrity import rules as integrity_rules
from cutover_gates.probes.database.outside_tables import rules as outside_rules
from cutover_gates.probes.database.schema import rules as schema_rules
from tests.faults.data.data_environment import DataEnvironment
from tests.faults.data.data_fault import DataFault
from tests.faults.data.hospital_stages import EVERYTHING


class _Pictures(DataFault):
    """Pictures are large objects: no row changes with them."""

    hospital = EVERYTHING
    item = "content-unchanged"


class APictureIsGone(_Pictures):
    """The row names a picture, and nobody can open it."""

    statements = "SELECT lo_unlink(50003)"
    breaks = (outside_rules.LARGE_OBJECTS_KEPT,)
    shows = "1 gone: 50003"


class EveryPictureIsGone(_Pictures):
    """The tables came from a dump that left all large objects out."""

    statements = "SELECT lo_unlink(oid) FROM pg_largeobject_metadata"
    breaks = (outside_rules.REFERENCES,)
    shows = "pictures.content | 0 references without their object, as before | 40 of 40"


class APictureShowsAnotherPatient(_Pictures):
    """The picture of one patient stands behind the name of another."""

    statements = "SELECT lo_put(50004, 0, lo_get(50005))"
    breaks = (outside_rules.LARGE_OBJECT_CONTENT,)
    shows = "1 with other content: 50004"


class APictureIsCutOff(_Pictures):
    """Only the upper edge of a picture is left."""

    statements = "SELECT lo_truncate(lo_open(50006, x'20000'::int), 100)"
    breaks = (outside_rules.LARGE_OBJECT_CONTENT,)
    shows = "1 with other content: 50006"


class APictureHasZerosAtItsEnd(_Pictures):
    """A picture was filled up, so its signature no longer fits."""

    statements = "SELECT lo_truncate(lo_open(50007, x'20000'::int), 9000)"
    breaks = (outside_rules.LARGE_OBJECT_CONTENT,)
    shows = "1 with other content: 50007"


class APreviewLeadsNowhere(_Pictures):
    """A script wrote the numbers of another server's pictures into a column."""

    statements = "UPDATE pictures SET preview = 91234 WHERE id = 9"
    breaks = (outside_rules.REFERENCES,)
    shows = "pictures.preview | 0 references without their object, as before | 1 of 40"


class WristbandsAreGivenOutTwice(DataFault):
    """Two patients lie in one ward with one number, and one of them gets the other's blood."""

    hospital = EVERYTHING
    item = "constraints-hold"
    statements = "SELECT setval('wristbands', 1000)"
    breaks = (outside_rules.SEQUENCE_KEPT,)
    shows = "wristbands | at least 48212 as the next number | 1001"


class ASequenceWasMadeAnew(DataFault):
    """The sequence was dropped and made again, and counts from its beginning."""

    hospital = EVERYTHING
    item = "constraints-hold"
    statements = """
        DROP SEQUENCE places_left;
        CREATE SEQUENCE places_left INCREMENT -1 MINVALUE 1 MAXVALUE 9000 START 9000
    """
    breaks = (outside_rules.SEQUENCE_KEPT,)
    shows = "places_left | at most 4099 as the next number | 9000"


class AReadingIsInAnotherYear(DataFault):
    """The reading is not found under its day: the query looks into another partition."""

    hospital = EVERYTHING
    item = "constraints-hold"
    also: ClassVar[Mapping[str, str]] = {"content-unchanged": "the reading has another day"}
    # The bounds are changed as a faulty tool would: in the catalog, without a look at the rows.
    statements = """
        ALTER TABLE readings DETACH PARTITION readings_2025;
        UPDATE readings_2025 SET at = at + 365 WHERE id = 5;
        ALTER TABLE readings_2025 ADD CONSTRAINT in_2025
            CHECK (at IS NOT NULL AND at >= '2025-01-01' AND at < '2026-01-01') NOT VALID;
        UPDATE pg_constraint SET convalidated = true WHERE conname = 'in_2025';
        ALTER TABLE readings ATTACH PARTITION readings_2025
            FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        ALTER TABLE readings_2025 DROP CONSTRAINT in_2025
    """
    breaks = (integrity_rules.PARTITION_BOUNDS,)
    shows = "readings_2025"


class ADoseIsNotThatOfTheWeight(DataFault):
    """The computed dose is that of a heavier child: nobody wrote it, and everybody reads it."""

    hospital = EVERYTHING
    item = "constraints-hold"
    also: ClassVar[Mapping[str, str]] = {"content-unchanged": "the dose was another one"}
    # PostgreSQL never computes a stored column anew, whatever a restore or a faulty tool put there.
    statements = """
        UPDATE pg_attribute SET attgenerated = '' WHERE attrelid = 'doses'::regclass AND attname = 'mg';
        UPDATE doses SET mg = 1500 WHERE id = 5;
        UPDATE pg_attribute SET attgenerated = 's' WHERE attrelid = 'doses'::regclass AND attname = 'mg'
    """
    breaks = (integrity_rules.GENERATED_COLUMNS,)
    shows = "doses.mg | 0 rows that break it | 1 row: id 5"


class AViewShowsYesterday(DataFault):
    """The figures by day lack a picture that the table holds."""

    hospital = EVERYTHING
    item = "content-unchanged"
    statements = """
        CREATE TEMP TABLE kept AS SELECT * FROM pictures WHERE id = 7;
        DELETE FROM pictures WHERE id = 7;
        REFRESH MATERIALIZED VIEW pictures_by_day;
        INSERT INTO pictures SELECT * FROM kept
    """
    breaks = (outside_rules.MATERIALIZED_VIEW,)
    shows = "pictures_by_day | 40 rows, as its query gives | 39 rows"


class AViewIsNotFilled(DataFault):
    """Whoever opens the figures by day gets an error: the view has not been populated."""

    hospital = EVERYTHING
    item = "content-unchanged"
    also: ClassVar[Mapping[str, str]] = {"migration-verified": "the schema says so, too"}
    statements = "REFRESH MATERIALIZED VIEW pictures_by_day WITH NO DATA"
    breaks = (outside_rules.MATERIALIZED_VIEW,)
    shows = "pictures_by_day | filled | not filled"


class TablesStandInASchemaOfNobody(DataFault):
    """Half of the visits were moved to an archive, where no check looks."""

    hospital = EVERYTHING
    item = "migration-verified"
    outcome = "not proven"
    statements = """
        CREATE SCHEMA archive;
        CREATE TABLE archive.visits (LIKE visits INCLUDING ALL)
    """
    breaks = (schema_rules.DECLARED_SCHEMAS,)
    shows = 'add "archive" to migrations.schemas'


class AScriptUsesASchemaOfNobody(DataFault):
    """The release keeps its consents in a schema that nobody told the gates of."""

    hospital = EVERYTHING
    item = "migration-verified"
    also: ClassVar[Mapping[str, str]] = {
        "migrations-applied": "the script waits",
        "backup-taken": "the script waits",
    }
    outcome = "not proven"
    breaks = (schema_rules.DECLARED_SCHEMAS,)
    shows = "the scripts of the release make in it consents"

    def harm(self, ground: DataEnvironment) -> None:
        (ground.scripts / "V13__consents.sql").write_text(
            "CREATE SCHEMA law; CREATE TABLE law.consents (id int PRIMARY KEY);", encoding="utf-8"
        )


class ThePlannerKnowsNothing(DataFault):
    """A query of a ward takes a minute: the server was upgraded, and nobody ran ANALYZE."""

    hospital = EVERYTHING
    item = "migration-verified"
    statements = "DELETE FROM pg_statistic"
    breaks = (schema_rules.PLANNER_STATISTICS,)
    shows = "readings_rest | statistics of its columns | none"


class AColumnLostItsStatistics(DataFault):
    """A script rewrote one column, and searches by it read the whole table."""

    hospital = EVERYTHING
    item = "migration-verified"
    statements = """
        DELETE FROM pg_statistic s USING pg_attribute a
        WHERE a.attrelid = s.starelid AND a.attnum = s.staattnum
        AND s.starelid = 'readings_rest'::regclass AND a.attname = 'value'
    """
    breaks = (schema_rules.PLANNER_STATISTICS,)
    shows = "none of value"


class ADumpWithoutPictures(DataFault):
    """The backup brings back every row, and no picture."""

    hospital = EVERYTHING
    gate = "t12"
    item = "final-backups"
    also: ClassVar[Mapping[str, str]] = {
        "backups-verified": "the same backup",
        "restoration-tested": "the same backup",
    }
    breaks = (backup_rules.LARGE_OBJECTS_INCLUDED,)
    shows = "none in the backup"

    def harm(self, ground: DataEnvironment) -> None:
        ground.put(ground.dump("--format=custom", "--no-large-objects"))


class ThePlainDumpHasNoPictures(ADumpWithoutPictures):
    """The dump as plain SQL lacks them, too."""

    def harm(self, ground: DataEnvironment) -> None:
        ground.put(ground.dump("--no-large-objects"))


class TheOldBackupHasNoPictures(DataFault):
    """After the migration there is no way back to the pictures."""

    hospital = EVERYTHING
    item = "backup-taken"
    breaks = (backup_rules.LARGE_OBJECTS_INCLUDED,)
    shows = "40 gone"

    def harm(self, ground: DataEnvironment) -> None:
        ground.put(ground.dump("--format=custom", "--no-large-objects", database="before"))


class PicturesDidNotComeBack(DataFault):
    """The rollback brought the tables back, and nobody looked at the pictures."""

    hospital = EVERYTHING
    gate = "rollback"
    item = "database-rolled-back"
    statements = "SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid > 50020"
    breaks = (outside_rules.LARGE_OBJECTS_KEPT,)
    shows = "20 gone"


class WristbandsBeginAgainAfterTheRollback(DataFault):
    """The schema was made by the scripts, and only the rows were loaded."""

    hospital = EVERYTHING
    gate = "rollback"
    item = "database-rolled-back"
    statements = "ALTER SEQUENCE wristbands RESTART"
    breaks = (outside_rules.SEQUENCE_KEPT,)
    shows = "wristbands | at least 48212 as the next number | 1000"
