"""Faults of rights: more people may see or change the data than before, or the wrong ones fewer."""

from __future__ import annotations

from typing import ClassVar

from cutover_gates.probes.database.schema import rules as schema_rules
from tests.faults.data.data_fault import DataFault
from tests.faults.data.hospital_stages import EVERYTHING


class _Rights(DataFault):
    """Something was granted by hand during the night."""

    hospital = EVERYTHING
    item = "migration-verified"
    breaks = (schema_rules.WIDER_RIGHTS,)


class PicturesCanBeChanged(_Rights):
    """The application may overwrite pictures, which it could only read."""

    statements = "GRANT UPDATE ON pictures TO hospital_app"
    shows = "pictures to hospital_app | no right that it had not before"


class OneColumnCanBeChanged(_Rights):
    """The day of a picture may be changed: a right on one column shows in no list of tables."""

    statements = "GRANT UPDATE (taken) ON pictures TO hospital_app"
    shows = "pictures.taken to hospital_app"


class ARightCanBePassedOn(_Rights):
    """Whoever takes over the application can let others in."""

    statements = "GRANT SELECT ON pictures TO hospital_app WITH GRANT OPTION"
    shows = "SELECT (and to pass it on)"


class StrangersGetEachNewTable(_Rights):
    """Every table that is made from now on can be read by whoever signs in."""

    statements = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC"
    shows = "to PUBLIC"


class TheApplicationMayMakeTables(_Rights):
    """The application may leave tables behind that no script knows."""

    statements = "GRANT CREATE ON SCHEMA public TO hospital_app"
    shows = "schema public to hospital_app"


class TriggersCanBeSwitchedOff(_Rights):
    """The application may switch off every trigger, also that of the audit log."""

    statements = "GRANT SET ON PARAMETER session_replication_role TO hospital_app"
    undo = "REVOKE SET ON PARAMETER session_replication_role FROM hospital_app"
    shows = "session_replication_role to hospital_app"


class EveryPictureCanBeRead(_Rights):
    """Whoever signs in to the database can read the picture of a patient."""

    statements = "GRANT SELECT ON LARGE OBJECT 50003 TO PUBLIC"
    shows = "large objects to PUBLIC"


class PicturesCannotBeRead(_Rights):
    """The right on every picture stayed behind, and the application shows none."""

    breaks = (schema_rules.GRANTED_RIGHTS,)
    statements = "REVOKE ALL ON LARGE OBJECT 50001 FROM hospital_app"
    shows = "large objects to hospital_app"


class TheNewTableIsReadByAll(_Rights):
    """Notes on pictures are open to everybody from their first day."""

    statements = "GRANT SELECT ON picture_notes TO PUBLIC"
    breaks = (schema_rules.PUBLIC_RIGHTS,)
    shows = "picture_notes"


class NotesCanBeRemoved(_Rights):
    """The new table was granted in full, and the script grants two rights only."""

    statements = "GRANT TRUNCATE ON picture_notes TO hospital_app"
    shows = "TRUNCATE"


class ReadingsAreStillOpen(_Rights):
    """A script closed the readings to the application, and somebody opened them again."""

    statements = "GRANT SELECT ON readings TO hospital_app"
    shows = "readings to hospital_app | no right that the scripts take back"


class EachNewTableIsStillGranted(_Rights):
    """A script ended that every new table is open to the application, and it goes on."""

    statements = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO hospital_app"
    shows = "no right that the scripts take back"


class AHelperIsSuperuser(_Rights):
    """The account that somebody made for the night reads everything."""

    breaks = (schema_rules.POWERFUL_ROLES,)
    statements = "CREATE ROLE helper LOGIN SUPERUSER"
    undo = "DROP ROLE helper"
    shows = "role helper"


class TheReaderSeesHiddenRows(_Rights):
    """The role of the reports sees the rows that a policy hides from it."""

    breaks = (schema_rules.POWERFUL_ROLES,)
    statements = "ALTER ROLE hospital_reader BYPASSRLS"
    undo = "ALTER ROLE hospital_reader NOBYPASSRLS"
    shows = "BYPASSRLS"


class AHelperIsTheApplication(_Rights):
    """An account of the night may do whatever the application may."""

    breaks = (schema_rules.POWERFUL_ROLES,)
    statements = "CREATE ROLE helper LOGIN IN ROLE hospital_app"
    undo = "DROP ROLE helper"
    shows = "member of hospital_app"


class ThePasswordHasExpired(_Rights):
    """The application is refused by its database at midnight."""

    breaks = (schema_rules.EXPIRED_ROLES,)
    statements = "ALTER ROLE hospital_app VALID UNTIL '2020-01-01 00:00:00+00'"
    undo: ClassVar[str] = "ALTER ROLE hospital_app VALID UNTIL 'infinity'"
    shows = "it expired at 2020-01-01 00:00:00 UTC"
