"""The health of the database server: room, standbys, archive, storage, identity."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.health.assessments import ServerAssessments

pytestmark = pytest.mark.plan("database-health")


def test_the_server_answers_and_takes_writes(server: ServerAssessments) -> None:
    """The server answers and takes writes.

    It is the primary, and nothing makes it read-only. A standby, or a database that was left
    read-only, takes no patient.
    """
    assert_passed(server.assess_writability())


def test_connections_are_left(server: ServerAssessments) -> None:
    """Connections are left for the cutover.

    The cutover opens connections of its own. The server, the database and the roles have room for
    them.
    """
    assert_passed(server.assess_headroom())


def test_no_session_is_in_the_way(server: ServerAssessments) -> None:
    """No session blocks the migration.

    An open transaction blocks the migration, and then everybody behind it. None is old, none waits
    for another, none was left prepared.
    """
    assert_passed(server.assess_sessions())


def test_standbys_keep_up(server: ServerAssessments) -> None:
    """The standbys keep up.

    A standby that is behind cannot take over. Every standby is close, and no slot holds back the
    log for nobody.
    """
    assert_passed(server.assess_replication())


def test_the_archive_works(server: ServerAssessments) -> None:
    """The archive of the log works.

    Without its archive a backup is worth what it was when it was taken. The last attempt to archive
    succeeded.
    """
    assert_passed(server.assess_archive())


def test_the_storage_is_intact(server: ServerAssessments) -> None:
    """The storage is sound.

    No page has a wrong checksum, no row is near the wraparound, and no collation has changed.
    """
    assert_passed(server.assess_storage())


def test_the_server_is_the_one_it_was(server: ServerAssessments) -> None:
    """The server is the one of the snapshot.

    What was measured before can be compared only on the same server. Its identity, version and
    extensions are those of the snapshot.
    """
    assert_passed(server.assess_identity())
