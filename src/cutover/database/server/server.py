"""The questions to the health of a database server; each method answers one."""

from __future__ import annotations

from collections.abc import Callable

from cutover.database.integrity.reading import Reader, Seen, Unseen
from cutover.database.server import copies, load, standing
from cutover.database.session import DatabaseSilent
from cutover.database.site import Site
from cutover.evidence.examination import Examination


class Server:
    """The server of a target's database.

    What the role of the DSN does not see is not proven: it needs `pg_monitor`.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def writable(self) -> Examination:
        """It answers, is the primary, and takes writes."""
        return self._examine("The server answers and takes writes", standing.writable)

    def headroom(self) -> Examination:
        """There are connections left, of the server and within the limits of databases and roles."""
        return self._examine("Connections are left", load.headroom)

    def sessions(self) -> Examination:
        """Nobody holds a transaction too long, waits for a lock too long, or has left a prepared
        transaction behind.
        """
        return self._examine("No session is in the way", load.sessions)

    def replication(self) -> Examination:
        """Standbys keep up, and no slot fills the disk."""
        return self._examine("Standbys keep up", copies.replication)

    def copies(self) -> Examination:
        """There are as many standbys as declared, and an archive where one is declared."""
        return self._examine("The copies are there", copies.declared)

    def archiving(self) -> Examination:
        """The archive of the write-ahead log, where there is one, works."""
        return self._examine("The archive works", copies.archiving)

    def storage(self) -> Examination:
        """No checksum failed, no database is invalid, transaction ids are far from their end, and
        collations are those of the indexes.
        """
        return self._examine("The storage is intact", standing.storage)

    def as_before(self) -> Examination:
        """Server, database, version and extensions are those of the newest snapshot."""
        return self._examine("The server is the one it was", standing.as_before)

    def _examine(self, title: str, look: Callable[[Site, Reader], Seen]) -> Examination:
        try:
            self.site.connect().close()
            with Reader(self.site, primary=True) as reader:
                seen = look(self.site, reader)
        except DatabaseSilent as silent:
            seen = Seen(findings=[f"{title}: {silent}."])
        except Unseen as why:
            seen = Seen(unproven=[f"{title}: {why}."])
        return self.site.examined(seen.examination(title))
