"""Checks of the database server, its standbys and its backups."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.backup.assessments import BackupAssessments
from cutover_gates.probes.database.health.assessments import ServerAssessments

pytestmark = pytest.mark.plan("database-cluster")


def test_the_database_answers_and_takes_writes(server: ServerAssessments) -> None:
    """The server is the primary, and nothing makes it read-only.

    A standby, or a database that was left read-only, takes no patient.
    """
    assert_passed(server.assess_writability())


def test_connections_are_left_for_the_cutover(server: ServerAssessments) -> None:
    """The server, the database and the roles have connections left for two releases.

    Two releases are connected at once while one replaces the other.
    """
    assert_passed(server.assess_headroom())


def test_standbys_keep_up(server: ServerAssessments) -> None:
    """Every standby keeps up, and no slot keeps the log for nobody.

    A standby that is behind cannot take over.
    """
    assert_passed(server.assess_replication())


def test_no_standby_is_missing(server: ServerAssessments) -> None:
    """Every declared standby follows, and the archive is on where it must be.

    A standby that is gone is behind nobody, and no other check sees it.
    """
    assert_passed(server.assess_declared_copies())


def test_the_archive_works(server: ServerAssessments) -> None:
    """The last attempt to archive the log succeeded.

    Without its archive a backup is worth what it was when it was taken.
    """
    assert_passed(server.assess_archive())


def test_backups_are_made_and_one_is_recent(backups: BackupAssessments) -> None:
    """The newest backup is no older than is allowed.

    A backup job that failed leaves the last good file behind.
    """
    assert_passed(backups.assess_age())


def test_the_newest_backup_is_whole(backups: BackupAssessments) -> None:
    """The newest backup is readable to its end, is of this database, and holds every table.

    A truncated archive can still be listed.
    """
    assert_passed(backups.assess_completeness())
