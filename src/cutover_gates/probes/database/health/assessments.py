"""The questions to the health of a database server; each method answers one."""

from __future__ import annotations

from collections.abc import Callable

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.health import replication, server_sessions, server_state


class ServerAssessments:
    """The server of a target's database.

    What the role of the DSN does not see is not proven: it needs `pg_monitor`.
    """

    def __init__(self, site: DatabaseContext) -> None:
        self.site = site

    def assess_writability(self) -> Assessment:
        """It answers, is the primary, and takes writes."""
        return self._assess("The server answers and takes writes", server_state.check_writability)

    def assess_headroom(self) -> Assessment:
        """There are connections left, of the server and within the limits of databases and roles."""
        return self._assess("Connections are left", server_sessions.check_headroom)

    def assess_sessions(self) -> Assessment:
        """Nobody holds a transaction too long, waits for a lock too long, or has left a prepared
        transaction behind.
        """
        return self._assess("No session is in the way", server_sessions.check_sessions)

    def assess_replication(self) -> Assessment:
        """Standbys keep up, and no slot fills the disk."""
        return self._assess("Standbys keep up", replication.check_replication)

    def assess_declared_copies(self) -> Assessment:
        """There are as many standbys as declared, and an archive where one is declared."""
        return self._assess("The copies are there", replication.check_declared_copies)

    def assess_archive(self) -> Assessment:
        """The archive of the write-ahead log, where there is one, works."""
        return self._assess("The archive works", replication.check_archive)

    def assess_storage(self) -> Assessment:
        """No checksum failed, no database is invalid, transaction ids are far from their end, and
        collations are those of the indexes.
        """
        return self._assess("The storage is intact", server_state.check_storage)

    def assess_identity(self) -> Assessment:
        """Server, database, version and extensions are those of the newest snapshot."""
        return self._assess("The server is the one it was", server_state.check_identity)

    def _assess(
        self, title: str, look: Callable[[DatabaseContext, BoundedReader], AssessmentBuilder]
    ) -> Assessment:
        try:
            self.site.connect().close()
            with BoundedReader(self.site, primary=True) as reader:
                seen = look(self.site, reader)
        except DatabaseUnreachable as silent:
            seen = AssessmentBuilder(findings=[f"{title}: {silent}."])
        except NotReadable as why:
            seen = AssessmentBuilder(not_proven=[f"{title}: {why}."])
        return self.site.record_assessment(seen.build(title))
