"""The questions to the health of a database server; each method answers one."""

from __future__ import annotations

from collections.abc import Callable

from cutover_gates.config.previous import RolloutConnections
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotReadable
from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.health import replication, rules, server_sessions, server_state
from cutover_gates.probes.database.health.connection_budget import check_connection_budget
from cutover_gates.probes.database.rules import SERVER_ANSWERS

HealthCheck = Callable[[DatabaseContext, BoundedReader], AssessmentBuilder]


class ServerAssessments:
    """The server of a target's database.

    What the role of the DSN cannot see is not proven: it needs `pg_monitor`. A server that does not
    answer is a finding, since that is what its health means.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_writability(self) -> Assessment:
        """Check that it answers, is the primary, and takes writes."""
        return self._assess(rules.WRITABLE, server_state.check_writability)

    def assess_headroom(self) -> Assessment:
        """Check that connections of the server, the database and the roles are left."""
        return self._assess(rules.FREE_CONNECTIONS, server_sessions.check_headroom)

    def assess_connection_budget(self, connections: RolloutConnections) -> Assessment:
        """Check that the pools of both releases fit into the limits of the database."""
        return self._assess(
            rules.CONNECTION_BUDGET,
            lambda _context, reader: check_connection_budget(connections, reader),
        )

    def assess_sessions(self) -> Assessment:
        """Check for long transactions, long waits for locks, and prepared transactions."""
        return self._assess(rules.SESSIONS, server_sessions.check_sessions)

    def assess_replication(self) -> Assessment:
        """Check that standbys keep up, and that no slot fills the disk."""
        return self._assess(rules.STANDBYS_FOLLOW, replication.check_replication)

    def assess_declared_copies(self) -> Assessment:
        """Check that the declared number of standbys follows, and that a declared archive is on."""
        return self._assess(rules.STANDBY_COUNT, replication.check_declared_copies)

    def assess_archive(self) -> Assessment:
        """Check that the archive of the write-ahead log works, where there is one."""
        return self._assess(rules.ARCHIVING, replication.check_archive)

    def assess_storage(self) -> Assessment:
        """Check checksums, invalid databases, transaction ids, and collation versions."""
        return self._assess(rules.CHECKSUMS, server_state.check_storage)

    def assess_identity(self) -> Assessment:
        """Compare server, database, version and extensions with the newest snapshot."""
        return self._assess(rules.SAME_SERVER, server_state.check_identity)

    def _assess(self, rule: Rule, check: HealthCheck) -> Assessment:
        builder = AssessmentBuilder()
        try:
            # Tried first: a server that does not answer is a finding here, and a gap elsewhere.
            self.context.connect().close()
            with BoundedReader(self.context, primary=True) as reader:
                builder = check(self.context, reader)
        except DatabaseUnreachable as error:
            builder.add_finding(SERVER_ANSWERS, "the database", actual=str(error))
        except NotReadable as error:
            builder.add_unreadable(rule, "the server", error)
        return self.context.record_assessment(builder.build(rule.title))
