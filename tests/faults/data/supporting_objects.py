"""Faults of objects beside the tables: nothing is lost yet, and something goes wrong from now on."""

from __future__ import annotations

from typing import ClassVar

from cutover_gates.probes.database.schema import rules as schema_rules
from tests.faults.data.data_fault import DataFault
from tests.faults.data.hospital_stages import EVERYTHING


class _Beside(DataFault):
    """Something that no row shows."""

    hospital = EVERYTHING
    item = "migration-verified"
    breaks = (schema_rules.SUPPORTING_OBJECTS,)


class TheLaboratoryHearsNothing(_Beside):
    """Free beds no longer reach the laboratory: its publication, made by hand, is gone."""

    statements = "DROP PUBLICATION to_the_laboratory"
    shows = "publication to_the_laboratory"


class TheWarehouseMissesReadings(_Beside):
    """The warehouse has no reading since the night."""

    statements = "ALTER PUBLICATION to_the_warehouse DROP TABLE readings"
    shows = "publication to_the_warehouse"


class ANewPublicationIsMissing(_Beside):
    """The script that announces notes to the ward ran on staging only."""

    statements = "DROP PUBLICATION to_the_ward"
    shows = "publication to_the_ward"


class AForeignPublicationSendsAll(_Beside):
    """Somebody publishes every table of the hospital."""

    statements = "CREATE PUBLICATION everything_to_somebody FOR ALL TABLES"
    shows = "publication everything_to_somebody"


class ASubscriptionWasLeft(_Beside):
    """Another server writes into this database."""

    statements = """
        CREATE SUBSCRIPTION from_elsewhere CONNECTION 'host=127.0.0.1 dbname=nowhere'
        PUBLICATION anything WITH (connect = false, enabled = false, slot_name = NONE)
    """
    undo = "DROP SUBSCRIPTION from_elsewhere"
    shows = "subscription from_elsewhere"


class DeletedPicturesStayElsewhere(_Beside):
    """The warehouse cannot tell which picture was changed: the replica identity is another one."""

    statements = "ALTER TABLE pictures REPLICA IDENTITY NOTHING"
    shows = 'replica identity "the whole row"'


class NobodyCleansUp(_Beside):
    """Vacuuming was switched off for the migration and stayed off: the table grows for ever."""

    statements = "ALTER TABLE pictures SET (autovacuum_enabled = off)"
    shows = "autovacuum_enabled=off"


class TheTuningOfATableIsLost(_Beside):
    """A table was made anew, and its options stayed behind."""

    statements = "ALTER TABLE beds_free RESET (autovacuum_analyze_threshold)"
    shows = "autovacuum_analyze_threshold=20"


class AnOptionOfTheScriptIsMissing(_Beside):
    """The option that the release brings was not set."""

    statements = "ALTER TABLE beds_free RESET (fillfactor)"
    shows = "fillfactor=80"


class AColumnIsStoredOtherwise(_Beside):
    """Every read of a ward now goes through another table."""

    statements = "ALTER TABLE beds_free ALTER COLUMN ward SET STORAGE EXTERNAL"
    shows = "storage"


class ATargetOfStatisticsIsLost(_Beside):
    """The planner guesses where it was told to look closely."""

    statements = "ALTER TABLE pictures ALTER COLUMN taken SET STATISTICS -1"
    shows = "pictures.taken"


class ACastIsGone(_Beside):
    """A blood group can no longer be stored as its number."""

    statements = "DROP CAST (blood_group AS int)"
    shows = "cast blood_group to integer"


class ACastBecameImplicit(_Beside):
    """Blood groups are compared with numbers, and nobody is told."""

    statements = """
        DROP CAST (blood_group AS int);
        CREATE CAST (blood_group AS int) WITH FUNCTION blood_group_number(blood_group) AS IMPLICIT
    """
    shows = "implicit"


class TheOrderOfLettersIsAnother(_Beside):
    """Lists of names are sorted otherwise."""

    statements = """
        DROP COLLATION by_letter;
        CREATE COLLATION by_letter (lc_collate = 'POSIX', lc_ctype = 'POSIX')
    """
    shows = "collation by_letter"


class AnOperatorCallsItselfSymmetric(_Beside):
    """The planner may exchange giver and receiver: a patient gets blood of the wrong group."""

    statements = """
        DROP OPERATOR <~ (blood_group, blood_group);
        CREATE OPERATOR <~ (
            LEFTARG = blood_group, RIGHTARG = blood_group, FUNCTION = may_receive, COMMUTATOR = <~
        )
    """
    shows = "commutator"


class NotesAreNotFound(_Beside):
    """Words of a note are looked up otherwise than they are stored."""

    statements = "ALTER TEXT SEARCH CONFIGURATION notes DROP MAPPING FOR asciiword"
    shows = "text search configuration notes"


class AnotherServerWasLinked(_Beside):
    """A link to another server was left behind."""

    statements = """
        CREATE FOREIGN DATA WRAPPER nothing;
        CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing OPTIONS (host '10.0.0.1')
    """
    shows = "foreign server elsewhere"


class TheLakeIsNotReached(_Beside):
    """The application is refused by the other server: its mapping, made by hand, is gone."""

    statements = "DROP USER MAPPING FOR hospital_app SERVER lake"
    shows = "user mapping hospital_app on lake"


class EverybodyReachesTheLake(_Beside):
    """Whoever signs in may read the other server in the name of one account."""

    statements = "CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (user 'app')"
    shows = "user mapping PUBLIC on lake"


class OldReadingsComeFromElsewhere(_Beside):
    """The readings of ten years ago are those of another file."""

    statements = "ALTER FOREIGN TABLE old_readings OPTIONS (SET file 'readings-2021')"
    shows = "foreign table old_readings"


class ChangesAreNotNoted(_Beside):
    """Nobody learns any more who changes the schema: a trigger that was made by hand is gone."""

    statements = "DROP EVENT TRIGGER noted"
    shows = "event trigger noted"


class AMaskHidesPictures(_Beside):
    """A label of an extension hides the pictures from all who are not its own."""

    statements = """
        INSERT INTO pg_seclabel (objoid, classoid, objsubid, provider, label)
        VALUES ('pictures'::regclass, 'pg_class'::regclass, 0, 'anon', 'MASKED')
    """
    shows = "security label anon on table"


class OptionsOfTheReleaseStayed(_Beside):
    """After a rollback the options of the release stayed behind."""

    gate = "rollback"
    item = "database-rolled-back"
    breaks = (schema_rules.RECORDED_SCHEMA,)
    statements: ClassVar[str] = "ALTER TABLE beds_free SET (fillfactor = 80)"
    shows = "fillfactor=80"
