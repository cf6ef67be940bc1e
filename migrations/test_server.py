"""The database server is well: it has room, keeps up with its standbys and its archive, and is the
one it was.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.database.health.assessments import ServerAssessments

pytestmark = pytest.mark.plan("database-health")


def test_the_server_answers_and_takes_writes(server: ServerAssessments) -> None:
    """A standby, or a database that was left read-only, takes no patient.

    The server is the primary, and nothing makes it read-only.
    """
    assert_passed(server.assess_writability())


def test_connections_are_left(server: ServerAssessments) -> None:
    """The cutover opens connections of its own.

    The server, the database and the roles have room for them.
    """
    assert_passed(server.assess_headroom())


def test_no_session_is_in_the_way(server: ServerAssessments) -> None:
    """An open transaction blocks the migration, and then everybody behind it.

    None is old, none waits for another, none was left prepared.
    """
    assert_passed(server.assess_sessions())


def test_standbys_keep_up(server: ServerAssessments) -> None:
    """Who falls behind cannot take over.

    Every standby is close, and no slot keeps the log for nobody.
    """
    assert_passed(server.assess_replication())


def test_the_archive_works(server: ServerAssessments) -> None:
    """Without its archive a backup is worth what it was when it was taken.

    The last attempt to archive succeeded.
    """
    assert_passed(server.assess_archive())


def test_the_storage_is_intact(server: ServerAssessments) -> None:
    """Pages carry checksums, rows an age, indexes the order of their collation.

    None of them has gone wrong.
    """
    assert_passed(server.assess_storage())


def test_the_server_is_the_one_it_was(server: ServerAssessments) -> None:
    """What was measured before can only be compared on the same server.

    Its identity, version and extensions are those of the snapshot.
    """
    assert_passed(server.assess_identity())
