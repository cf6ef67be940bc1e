"""The database cluster is ready: a primary that takes writes and has room, copies that keep up, and
a backup to fall back on.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.backup.assessments import BackupAssessments
from cutover_gates.probes.database.health.assessments import ServerAssessments

pytestmark = pytest.mark.plan("database-cluster")


def test_the_database_answers_and_takes_writes(server: ServerAssessments) -> None:
    """A standby, or a database that was left read-only, takes no patient.

    The server is the primary, and nothing makes it read-only.
    """
    assert_passed(server.assess_writability())


def test_connections_are_left_for_the_cutover(server: ServerAssessments) -> None:
    """Two releases are connected at once while one replaces the other.

    The server, the database and the roles have room for both.
    """
    assert_passed(server.assess_headroom())


def test_standbys_keep_up(server: ServerAssessments) -> None:
    """Who falls behind cannot take over.

    Every standby is close, and no slot keeps the log for nobody.
    """
    assert_passed(server.assess_replication())


def test_no_standby_is_missing(server: ServerAssessments) -> None:
    """One that is gone keeps up with nobody, and nothing else tells of it.

    As many follow as are declared, and the archive is on where it must be.
    """
    assert_passed(server.assess_declared_copies())


def test_the_archive_works(server: ServerAssessments) -> None:
    """Without its archive a backup is worth what it was when it was taken.

    The last attempt to archive succeeded.
    """
    assert_passed(server.assess_archive())


def test_backups_are_made_and_one_is_recent(backups: BackupAssessments) -> None:
    """A backup job that failed leaves the last good file behind.

    The newest backup is no older than is allowed.
    """
    assert_passed(backups.assess_age())


def test_the_newest_backup_is_whole(backups: BackupAssessments) -> None:
    """A truncated archive lists well.

    The newest backup is read to its end, is of this database, and holds every table.
    """
    assert_passed(backups.assess_completeness())
