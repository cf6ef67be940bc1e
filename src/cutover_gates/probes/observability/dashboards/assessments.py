"""The question about the dashboards that the team watches, put to Grafana's HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from cutover_gates.config.logs_and_dashboards import DashboardSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.observability.dashboards import rules
from cutover_gates.probes.observability.dashboards.grafana_panels import (
    DashboardPanel,
    dashboard_path,
    fetch_query_panels,
    has_data,
)
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService, UnexpectedStatus

TABLE = "monitoring.dashboards"
MAX_CONCURRENT_PANELS = 8
"""Panels that are queried at the same time: other people use the same Grafana."""
STRANGE_ANSWER = "gave an answer that is not that of a Grafana"
FORBIDDEN = (401, 403)


@dataclass(frozen=True)
class DashboardResult:
    """The panels of a dashboard; what is wrong with it or a panel; why it could not be queried."""

    panels: Sequence[DashboardPanel] = ()
    findings: Sequence[Finding] = ()
    gaps: Sequence[Finding] = ()


@dataclass(frozen=True)
class DashboardAssessments:
    """The questions about a target's dashboards. `grafana` is None where none is declared."""

    settings: DashboardSettings
    grafana: JsonService | None
    context: ObservabilityContext

    def assess_dashboards(self) -> Assessment:
        """Every dashboard exists, and every query of every panel finds data."""
        return self.context.assess("dashboards", rules.GRAFANA_ANSWERS, self._check_dashboards)

    def _check_dashboards(self, builder: AssessmentBuilder) -> None:
        values = {"grafana": self.grafana, "uids": self.settings.uids}
        missing = [key for key, value in values.items() if not value]
        self.context.add_undeclared(builder, rules.DASHBOARDS_DECLARED, TABLE, missing)
        if self.grafana is None or missing:
            return
        uids = self.settings.uids
        calls = [partial(self._query_dashboard, self.grafana, uid) for uid in uids]
        for uid, board in zip(uids, run_concurrently(calls), strict=True):
            builder.findings += board.findings
            builder.not_proven += board.gaps
            self._check_panels(builder, self.grafana, board.panels)
            builder.figures[uid] = [panel.key for panel in board.panels]

    def _check_panels(
        self, builder: AssessmentBuilder, grafana: JsonService, panels: Sequence[DashboardPanel]
    ) -> None:
        # In batches, since each query costs Grafana's data source work.
        for start in range(0, len(panels), MAX_CONCURRENT_PANELS):
            batch = panels[start : start + MAX_CONCURRENT_PANELS]
            calls = [partial(self._query_panel, grafana, panel) for panel in batch]
            for panel, result in zip(batch, run_concurrently(calls), strict=True):
                builder.findings += result.findings
                builder.not_proven += result.gaps
                if not result.findings and not result.gaps:
                    builder.checked.append(f"panel {panel.key}")

    def _query_dashboard(self, grafana: JsonService, uid: str) -> DashboardResult:
        def query() -> DashboardResult:
            panels = fetch_query_panels(grafana, uid, self.settings.variables)
            if panels:
                return DashboardResult(panels)
            expected, actual = "a panel with a query", "none"
            return DashboardResult(
                findings=[Finding(rules.DASHBOARD_HAS_QUERY, uid, expected, actual)]
            )

        def judge_status(error: UnexpectedStatus) -> Finding:
            # A refused token says nothing about the dashboard itself.
            is_refused = error.status in FORBIDDEN
            rule = rules.TOKEN_ACCEPTED if is_refused else rules.DASHBOARD_EXISTS
            command = f"curl {grafana.format_url(dashboard_path(uid))}"
            return Finding(rule, uid, "the dashboard", error.reason, command)

        return _try_query(query, judge_status, uid, grafana.format_url(dashboard_path(uid)))

    def _query_panel(self, grafana: JsonService, panel: DashboardPanel) -> DashboardResult:
        """Return what is wrong with a panel, or why it could not be queried."""
        url = grafana.format_url("/api/ds/query")

        def query() -> DashboardResult:
            return DashboardResult(findings=self._find_panel_problems(grafana, panel))

        def judge_status(error: UnexpectedStatus) -> Finding:
            return Finding(rules.QUERY_SUCCEEDS, panel.key, "data", error.reason)

        return _try_query(query, judge_status, panel.key, url)

    def _find_panel_problems(
        self, grafana: JsonService, panel: DashboardPanel
    ) -> Sequence[Finding]:
        window = f"now-{self.settings.minutes}m"
        body = {"queries": panel.targets, "from": window, "to": "now"}
        results = grafana.post("/api/ds/query", body)["results"]
        errors = {name: result["error"] for name, result in results.items() if result.get("error")}
        page = grafana.format_url(f"/d/{panel.key.partition('/')[0]}")
        expected = f"data of the last {self.settings.minutes} minutes"
        findings = [
            Finding(
                rules.QUERY_SUCCEEDS, f"{panel.key} query {name}", expected, grafana.mask(error)
            )
            for name, error in errors.items()
        ]
        # A query that fails is wrong even where the panel may be empty.
        if panel.key in self.settings.empty:
            return findings
        names = [str(target["refId"]) for target in panel.targets]
        for name in names:
            if name not in errors and not has_data(results.get(name, {})):
                subject = f"{panel.key} query {name}"
                findings.append(
                    Finding(rules.PANEL_HAS_DATA, subject, expected, "no data", f"open {page}")
                )
        return findings


def _try_query(
    query: Callable[[], DashboardResult],
    judge_status: Callable[[UnexpectedStatus], Finding],
    subject: str,
    url: str,
) -> DashboardResult:
    """Return what `query` returns; a refusal is a finding, and no usable answer is a gap."""
    try:
        return query()
    except UnexpectedStatus as error:
        return DashboardResult(findings=[judge_status(error)])
    except SourceUnavailable as error:
        reason = f"{error.url or url} {error.reason}"
    except (KeyError, TypeError, AttributeError):
        reason = f"{url} {STRANGE_ANSWER}"
    return DashboardResult(gaps=[Finding(rules.GRAFANA_ANSWERS, subject, "", reason)])
