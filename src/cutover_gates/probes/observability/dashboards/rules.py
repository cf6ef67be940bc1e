"""Rules for the dashboards that the team watches."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

DASHBOARDS_DECLARED = Rule(
    "DASH-001",
    "Grafana and the dashboards are declared",
    "A dashboard that the gate does not know is not checked.",
    "Set the key in [targets.NAME.monitoring.dashboards]. Where there are no dashboards, give the"
    " reason in [targets.NAME.not_applicable].",
)
GRAFANA_ANSWERS = Rule(
    "DASH-002",
    "Grafana answers the check",
    "Nothing is known of dashboards that cannot be read.",
    "Start Grafana, or correct monitoring.dashboards.grafana, token_file or ca_file.",
)
TOKEN_ACCEPTED = Rule(
    "DASH-003",
    "Grafana accepts the token, and it may view the dashboard",
    "Without access no panel can be checked.",
    "Renew the token in monitoring.dashboards.token_file, and let its account view the dashboard.",
)
DASHBOARD_EXISTS = Rule(
    "DASH-004",
    "Every declared dashboard exists",
    "A dashboard that is gone shows nothing during the cutover.",
    "Restore the dashboard, or correct monitoring.dashboards.uids.",
)
DASHBOARD_HAS_QUERY = Rule(
    "DASH-005",
    "Every declared dashboard has a panel with a query",
    "A dashboard without a query shows nothing.",
    "Add the panels, or correct monitoring.dashboards.uids.",
)
QUERY_SUCCEEDS = Rule(
    "DASH-006",
    "Every query of every panel succeeds",
    "A panel whose query fails shows nothing.",
    "Correct the query or the data source of the panel.",
)
PANEL_HAS_DATA = Rule(
    "DASH-007",
    "Every query of every panel finds data",
    "An empty panel looks like a quiet system.",
    "Correct the query, or declare the panel in monitoring.dashboards.empty with the reason.",
)
