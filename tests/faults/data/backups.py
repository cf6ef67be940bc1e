"""Backups that are not what they should be, and a rollback that does not restore the data."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import ClassVar

from cutover_gates.probes.database.backup import rules as backup_rules
from cutover_gates.probes.database.rows import rules as rows_rules
from cutover_gates.probes.database.schema import rules as schema_rules
from tests.faults.data.data_environment import DataEnvironment
from tests.faults.data.data_fault import DataFault


class AtNoonFault(DataFault):
    """A fault twelve hours before the cutover: nothing is migrated yet."""

    item = "final-backups"
    gate = "t12"
    also: ClassVar[Mapping[str, str]] = {"backups-verified": "it is the same backup"}


class TheBackupIsCutOff(AtNoonFault):
    """The disk was full: a restore gives back half of the hospital."""

    breaks = (backup_rules.BACKUP_READABLE,)
    shows = "end of file"

    def harm(self, ground: DataEnvironment) -> None:
        with ground.backup.open("r+b") as archive:
            archive.truncate(ground.backup.stat().st_size * 2 // 3)


class OneBitOfTheBackup(AtNoonFault):
    """One bit of an uncompressed archive is wrong: it restores, and one value differs."""

    breaks = (backup_rules.SAME_CONTENT,)
    shows = "documents"

    def harm(self, ground: DataEnvironment) -> None:
        uncompressed = ground.dump("--format=custom", "--compress=0")
        content = bytearray(uncompressed.read_bytes())
        place = (
            content.index("Nota clínica".encode().hex().encode()) + 21
        )  # in the text of a bytea, among hex digits
        content[place] ^= 1
        uncompressed.write_bytes(content)
        ground.put(uncompressed)


class TheBackupIsOld(AtNoonFault):
    """A restore would lose a day of the hospital."""

    breaks = (backup_rules.RECENT,)
    shows = "h ago"

    def harm(self, ground: DataEnvironment) -> None:
        plain = ground.dump(
            "--format=plain"
        )  # it does not say when it was made, so the file's own time counts
        ground.put(plain)
        yesterday = time.time() - 30 * 3600
        os.utime(ground.backup, (yesterday, yesterday))


class TheBackupIsOfAnotherDatabase(AtNoonFault):
    """The backup of the test hospital is in the place of the real one."""

    breaks = (backup_rules.SAME_DATABASE,)
    shows = "another"

    def harm(self, ground: DataEnvironment) -> None:
        ground.server.copy("before", "another")
        try:
            ground.put(ground.dump("--format=custom", database="another"))
        finally:
            ground.server.drop("another")


class ThePlainBackupEndsInTheMiddle(AtNoonFault):
    """psql reads the dump to its end without an error."""

    breaks = (backup_rules.BACKUP_READABLE,)
    shows = "end"

    def harm(self, ground: DataEnvironment) -> None:
        plain = ground.dump("--format=plain")
        text = plain.read_bytes()
        plain.write_bytes(text[: text.index(b"COPY public.visits")])
        ground.put(plain)


class ATableIsNotInTheBackup(AtNoonFault):
    """The large table was left out to save time."""

    breaks = (backup_rules.TABLES_INCLUDED,)
    shows = "documents"

    def harm(self, ground: DataEnvironment) -> None:
        ground.put(ground.dump("--format=custom", "--exclude-table=documents"))


class DataOfATableAreNotInTheBackup(AtNoonFault):
    """The table is there, and empty."""

    breaks = (backup_rules.TABLE_ROWS_INCLUDED,)
    shows = "documents"

    def harm(self, ground: DataEnvironment) -> None:
        ground.put(ground.dump("--format=custom", "--exclude-table-data=documents"))


class ThereIsNoBackup(AtNoonFault):
    """The job did not run."""

    outcome = "not proven"
    breaks = (backup_rules.BACKUP_EXISTS,)
    shows = "backup"

    def harm(self, ground: DataEnvironment) -> None:
        ground.backup.unlink()


class TheBackupIsCutOffOnTheNight(DataFault):
    """The backup of Phase 1 is cut off, so there is no way back."""

    item = "backup-taken"
    breaks = (backup_rules.RESTORES,)
    shows = "end of file"

    def harm(self, ground: DataEnvironment) -> None:
        with ground.backup.open("r+b") as archive:
            archive.truncate(ground.backup.stat().st_size * 2 // 3)


class TheBackupWasMadeAfterTheMigration(DataFault):
    """It holds the new release's data, so there is no way back to the old one."""

    item = "backup-taken"
    breaks = (backup_rules.BEFORE_MIGRATION,)
    shows = "before"

    def harm(self, ground: DataEnvironment) -> None:
        ground.put(ground.dump("--format=custom"))


class _WayBack(DataFault):
    """A fault after a rollback: the database should be what it was."""

    item = "database-rolled-back"
    gate = "rollback"


class NothingWasRestored(_WayBack):
    """The old release runs on the new release's database."""

    breaks = (schema_rules.RECORDED_SCHEMA,)
    shows = "visits.status"

    def harm(self, ground: DataEnvironment) -> None:
        ground.restore_template("migrated")


class TheRestoreLeftAConstraintOut(_WayBack):
    """pg_restore went on after an error: the data is there, and a key is missing."""

    statements = "ALTER TABLE visits DROP CONSTRAINT visits_patient_id_fkey"
    breaks = (schema_rules.RECORDED_SCHEMA,)
    shows = "visits_patient_id_fkey"


class TheRestoreDoubledRows(_WayBack):
    """psql restored the dump into a database that was not empty.

    Tables without a key have each row twice.
    """

    before = (
        "INSERT INTO sign_in_failures SELECT 'nobody', '2025-10-01'::timestamptz + n * interval '1"
        " minute' FROM generate_series(1, 50) AS n"
    )
    statements = "INSERT INTO sign_in_failures SELECT * FROM sign_in_failures"
    breaks = (rows_rules.ROW_COUNT,)
    shows = "sign_in_failures"


class AnOlderBackupWasRestored(_WayBack):
    """The visits of the last hours are missing."""

    statements = (
        "DELETE FROM visits WHERE opened_at > (SELECT max(opened_at) - interval '6 hours' FROM"
        " visits)"
    )
    breaks = (rows_rules.ROW_COUNT,)
    shows = "visits"
