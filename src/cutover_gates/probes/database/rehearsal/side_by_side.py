"""The two questions about both releases at work in one database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.config.previous import RolloutConnections
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.health.assessments import ServerAssessments


@dataclass(frozen=True)
class SideBySideAssessments:
    """Both releases on the new schema.

    `try_previous` starts the release before there: that takes a driver and a gate of its own, so
    the plugin hands it in.
    """

    try_previous: Callable[[], Assessment]
    server: ServerAssessments
    connections: RolloutConnections

    def assess_release_before(self) -> Assessment:
        """Check that the release before goes on, starts and works on the new schema."""
        return self.try_previous()

    def assess_connections(self) -> Assessment:
        """Check that the pools of both releases fit into the connections of the database."""
        return self.server.assess_connection_budget(self.connections)
