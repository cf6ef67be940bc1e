"""Faults of dashboards: gone, empty, or refused.

A stand-in for Grafana answers the paths that are queried.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cutover_gates.config.logs_and_dashboards import DashboardSettings
from cutover_gates.probes.observability.dashboards import rules
from cutover_gates.probes.observability.dashboards.assessments import DashboardAssessments
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.util.http_services import JsonService
from tests.faults.observability.observability_fault import ObservabilityFault
from tests.standins.http_server import (
    HttpServerStandin,
    ReceivedRequest,
    Reply,
    json_reply,
    running_http_standin,
)

TOKEN = "glsa_t0ken-of-the-dashboards"
SOURCE = {"type": "prometheus", "uid": "p1"}
BOARD: dict[str, Any] = {
    "title": "Cutover",
    "templating": {
        "list": [
            {"name": "job", "current": {"value": ["hospital"]}},
            {"name": "where", "current": {"value": "$__all"}},
        ]
    },
    "panels": [
        {"type": "text", "title": "Read me"},
        {
            "id": 2,
            "title": "Requests",
            "type": "timeseries",
            "datasource": SOURCE,
            "targets": [
                {
                    "refId": "A",
                    "expr": (
                        'rate(http_requests_total{job="$job",site=~"${where:regex}"}[$__rate_interval])'
                    ),
                }
            ],
        },
        {
            "type": "row",
            "title": "Folded",
            "panels": [
                {
                    "id": 4,
                    "title": "Pool",
                    "datasource": SOURCE,
                    "targets": [
                        {"refId": "A", "expr": 'db_pool_in_use{job="[[job]]"}'},
                        {"refId": "B", "expr": "never", "hide": True},
                    ],
                }
            ],
        },
        {
            "id": 5,
            "title": "The same again",
            "datasource": {"uid": "-- Dashboard --"},
            "targets": [{"refId": "A", "panelId": 2}],
        },
        {"id": 6, "libraryPanel": {"uid": "shared", "name": "Errors"}},
    ],
}
SHARED = {
    "title": "Errors",
    "datasource": "by-name",
    "targets": [{"refId": "A", "expr": 'rate(http_requests_total{status=~"5.."}[5m])'}],
}
DATA = {"frames": [{"data": {"values": [[1, 2], [3.5, 4]]}}]}


@contextmanager
def grafana() -> Iterator[HttpServerStandin]:
    """Yield a stand-in without a fault. It answers only requests with the token."""

    def guarded(reply: Any) -> Any:
        def answer(asked: ReceivedRequest) -> Reply:
            if asked.headers.get("authorization") != f"Bearer {TOKEN}":
                return json_reply({"message": "Invalid API key"}, 401)
            body: Reply = reply(asked)
            return body

        return answer

    with running_http_standin() as stand_in:
        stand_in.answers["GET /api/dashboards/uid/cutover"] = guarded(
            lambda _: json_reply({"dashboard": BOARD, "meta": {}})
        )
        stand_in.answers["GET /api/library-elements/shared"] = guarded(
            lambda _: json_reply({"result": {"model": SHARED}})
        )
        stand_in.answers["POST /api/ds/query"] = guarded(
            lambda asked: json_reply(
                {"results": {one["refId"]: DATA for one in asked.json["queries"]}}
            )
        )
        yield stand_in


class DashboardFault(ObservabilityFault):
    """`change` puts the fault into the stand-in."""

    item, check = "dashboards-verified", "test_the_dashboards_show_data"
    token = TOKEN

    @classmethod
    def asked(cls, stand_in: HttpServerStandin, folder: Path) -> DashboardAssessments:
        cls.change(stand_in)
        (folder / "token").write_text(f"{cls.token}\n", encoding="utf-8")
        settings = DashboardSettings(
            grafana=stand_in.url, uids=("cutover",), token_file=folder / "token"
        )
        return DashboardAssessments(
            settings,
            JsonService(stand_in.url, token_file=folder / "token"),
            ObservabilityContext("staging"),
        )

    @classmethod
    def change(cls, stand_in: HttpServerStandin) -> None:
        """Change nothing; a fault overrides it."""


class ADashboardIsGone(DashboardFault):
    """Somebody deleted the dashboard last week."""

    breaks, shows = (rules.DASHBOARD_EXISTS,), "cutover | the dashboard | answered 404"

    @classmethod
    def change(cls, stand_in: HttpServerStandin) -> None:
        stand_in.answers["GET /api/dashboards/uid/cutover"] = json_reply(
            {"message": "Dashboard not found"}, 404
        )


class APanelHasNoData(DashboardFault):
    """Its metric has another name since the release, and the panel says "No data" all night."""

    breaks, shows = (rules.PANEL_HAS_DATA,), "cutover/Pool query A |"

    @classmethod
    def change(cls, stand_in: HttpServerStandin) -> None:
        times = {"frames": [{"data": {"values": [[1, 2], [None, None]]}}]}
        stand_in.answers["POST /api/ds/query"] = lambda asked: json_reply(
            {
                "results": {
                    one["refId"]: times if "pool" in one["expr"] else DATA
                    for one in asked.json["queries"]
                }
            }
        )


class AQueryFails(DashboardFault):
    """Its data source was moved."""

    breaks, shows = (rules.QUERY_SUCCEEDS,), "| bad gateway |"

    @classmethod
    def change(cls, stand_in: HttpServerStandin) -> None:
        stand_in.answers["POST /api/ds/query"] = json_reply(
            {"results": {"A": {"status": 502, "error": "bad gateway"}}}
        )


class TheTokenIsRefused(DashboardFault):
    """The service account expired, so no panel can be checked."""

    token = "glsa_another-one"
    breaks, shows = (rules.TOKEN_ACCEPTED,), "cutover | the dashboard | answered 401"


class ADashboardIsEmpty(DashboardFault):
    """The dashboard has only a text panel."""

    breaks, shows = (rules.DASHBOARD_HAS_QUERY,), "cutover | a panel with a query | none |"

    @classmethod
    def change(cls, stand_in: HttpServerStandin) -> None:
        stand_in.answers["GET /api/dashboards/uid/cutover"] = json_reply(
            {"dashboard": {"panels": [{"type": "text"}]}}
        )


class GrafanaAnswersSomethingElse(DashboardFault):
    """A login page answers instead of Grafana."""

    outcome = "not proven"
    breaks, shows = (rules.GRAFANA_ANSWERS,), "answered 200, and not in usable JSON: not JSON"

    @classmethod
    def change(cls, stand_in: HttpServerStandin) -> None:
        stand_in.answers["GET /api/dashboards/uid/cutover"] = (
            200,
            {"Content-Type": "text/html"},
            b"<html>sign in</html>",
        )
