"""Are the dashboards there, and do the queries of their panels find data? (Grafana's HTTP API.)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from cutover_gates.config.logs_and_dashboards import DashboardSettings
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.observability.model import (
    AssessmentSink,
    SignalAssessmentBuilder,
    run_assessment,
)
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService, UnexpectedStatus

TABLE = "monitoring.dashboards"
MAX_CONCURRENT_PANELS = 8
"""Panels that are asked at the same time: Grafana is shared."""


DASHBOARD_SOURCE_UID = "-- Dashboard --"
"""Grafana's name for what another panel found."""


@dataclass(frozen=True)
class DashboardPanel:
    """One panel with queries. Its title may repeat; `key` is how the settings name it."""

    key: str
    targets: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class DashboardAssessments:
    """`grafana` None: none is declared."""

    settings: DashboardSettings
    grafana: JsonService | None
    target: str
    record: AssessmentSink = field(default=lambda _examination: None, repr=False)

    def assess_dashboards(self) -> Assessment:
        """Is each dashboard there, and does every query of every panel find data?"""
        return run_assessment(
            SignalAssessmentBuilder("dashboards", self.target),
            self.record,
            self._check_dashboards,
        )

    def _check_dashboards(self, seen: SignalAssessmentBuilder) -> None:
        if self.grafana is None or not self.settings.uids:
            seen.add_undeclared_setting(
                TABLE, "grafana and uids", "which dashboards the team watches"
            )
            return
        for uid, (panels, wrong, silent) in zip(
            self.settings.uids,
            run_concurrently(
                [partial(self._fetch_panels, self.grafana, uid) for uid in self.settings.uids]
            ),
            strict=True,
        ):
            seen.findings += wrong
            seen.not_proven += silent
            self._check_panels(seen, self.grafana, panels)
            seen.figures[uid] = [panel.key for panel in panels]

    def _check_panels(
        self, seen: SignalAssessmentBuilder, grafana: JsonService, panels: Sequence[DashboardPanel]
    ) -> None:
        for start in range(0, len(panels), MAX_CONCURRENT_PANELS):
            some = panels[start : start + MAX_CONCURRENT_PANELS]
            for panel, (wrong, silent) in zip(
                some,
                run_concurrently(
                    [partial(self._find_panel_problems, grafana, panel) for panel in some]
                ),
                strict=True,
            ):
                seen.findings += wrong
                seen.not_proven += silent
                if not wrong and not silent:
                    seen.checked.append(f"panel {panel.key}")

    def _fetch_panels(
        self, grafana: JsonService, uid: str
    ) -> tuple[Sequence[DashboardPanel], list[str], list[str]]:
        """The panels of one dashboard; or what is wrong with it, or why it could not be seen."""
        path = f"/api/dashboards/uid/{quote(uid, safe='')}"
        try:
            board = grafana.get(path)["dashboard"]
            every = [
                _resolve_library_panel(panel, grafana)
                for panel in _iterate_panels(board.get("panels") or ())
            ]
            panels = list(
                _select_query_panels(
                    uid, every, {**_parse_variables(board), **self.settings.variables}
                )
            )
        except UnexpectedStatus as declined:
            return (
                (),
                [
                    f"dashboard {uid!r}:"
                    f" {_STATUS_REASONS.get(declined.status, 'expected the dashboard')}; {declined}"
                ],
                [],
            )
        except SourceUnavailable as silent:
            return (), [], [f"dashboard {uid!r}: {silent}"]
        except (KeyError, TypeError, AttributeError):
            return (
                (),
                [],
                [
                    f"dashboard {uid!r}: {grafana.format_url(path)} gave an answer that is not that of a"
                    " Grafana"
                ],
            )
        return (
            panels,
            (
                []
                if panels
                else [f"dashboard {uid!r} is there and has no panel with a query: it shows nothing"]
            ),
            [],
        )

    def _find_panel_problems(
        self, grafana: JsonService, panel: DashboardPanel
    ) -> tuple[list[str], list[str]]:
        """What is wrong with a panel, and why it could not be seen."""
        body = {"queries": panel.targets, "from": f"now-{self.settings.minutes}m", "to": "now"}
        try:
            results = grafana.post("/api/ds/query", body)["results"]
            bare = [
                str(target["refId"])
                for target in panel.targets
                if not _has_data(results.get(str(target["refId"]), {}))
            ]
            failed = {
                name: grafana.mask(result["error"])
                for name, result in results.items()
                if result.get("error")
            }
        except UnexpectedStatus as declined:
            return [f"panel {panel.key!r}: its queries are refused: {declined}"], []
        except SourceUnavailable as silent:
            return [], [f"panel {panel.key!r}: {silent}"]
        except (KeyError, TypeError, AttributeError):
            return [], [
                f"panel {panel.key!r}: {grafana.format_url('/api/ds/query')} gave an answer that is not"
                " that of a Grafana"
            ]
        wrong = [f"panel {panel.key!r}: query {name} fails: {why}" for name, why in failed.items()]
        if panel.key not in self.settings.empty:
            wrong += [
                f"panel {panel.key!r}: query {name} finds no data in the last"
                f" {self.settings.minutes} minutes; open it at"
                f" {grafana.format_url('/d/' + panel.key.partition('/')[0])}, or say in"
                f" [targets.{self.target}.{TABLE}.empty] why it may be empty"
                for name in bare
                if name not in failed
            ]
        return wrong, []


_STATUS_REASONS = {
    401: "the token in token_file is refused",
    403: "the token in token_file may not see it",
    404: "expected, and it is gone",
}


def _parse_variables(board: Mapping[str, Any]) -> dict[str, str]:
    """Each variable's saved value, as it stands in a query; several values as a regular expression."""
    found = {}
    for variable in (board.get("templating") or {}).get("list") or ():
        value = (variable.get("current") or {}).get("value", variable.get("query", ""))
        values = [str(one) for one in (value if isinstance(value, list) else [value])]
        everything = "$__all" in values or not any(values)
        found[str(variable["name"])] = (
            str(variable.get("allValue") or ".*") if everything else "|".join(values)
        )
    return found


def _resolve_library_panel(panel: Mapping[str, Any], grafana: JsonService) -> Mapping[str, Any]:
    """A panel that several dashboards share is told by its uid only. Raises `TelemetrySilent`."""
    shared = (panel.get("libraryPanel") or {}).get("uid")
    if not shared or panel.get("targets"):
        return panel
    model = grafana.get(f"/api/library-elements/{quote(str(shared), safe='')}")["result"]["model"]
    return {**model, "title": panel.get("title") or model.get("title")}


def _select_query_panels(
    uid: str, panels: Sequence[Mapping[str, Any]], variables: Mapping[str, str]
) -> Iterator[DashboardPanel]:
    """Every panel with a query of its own. One that shows what another panel found has none."""
    for panel in panels:
        targets = [
            target
            for target in panel.get("targets") or ()
            if not target.get("hide")
            and _find_data_source(target, panel).get("uid") != DASHBOARD_SOURCE_UID
        ]
        if targets:
            yield DashboardPanel(
                f"{uid}/{panel.get('title') or panel.get('id')}",
                [_build_query(target, panel, variables) for target in targets],
            )


def _iterate_panels(panels: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Also those in folded rows."""
    for panel in panels:
        yield panel
        yield from _iterate_panels(panel.get("panels") or ())


def _build_query(
    target: Mapping[str, Any], panel: Mapping[str, Any], variables: Mapping[str, str]
) -> Mapping[str, Any]:
    """The query as Grafana's own pages send it."""
    source = _find_data_source(target, panel)
    sized = {
        "refId": "A",
        "intervalMs": 15000,
        "maxDataPoints": 100,
        **target,
        **({"datasource": source} if source else {}),
    }
    filled: Mapping[str, Any] = _substitute_variables(sized, variables)
    return filled


def _find_data_source(target: Mapping[str, Any], panel: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data source that is asked; old dashboards give its name alone."""
    named = target.get("datasource") or panel.get("datasource") or {}
    return named if isinstance(named, Mapping) else {"uid": str(named)}


def _substitute_variables(tree: Any, variables: Mapping[str, str]) -> Any:
    """Variables replaced: `$name`, `${name}`, `${name:format}`, `[[name]]`.

    Those of Grafana itself (`$__…`) are filled in by it.
    """
    if isinstance(tree, Mapping):
        return {name: _substitute_variables(value, variables) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_substitute_variables(value, variables) for value in tree]
    if not isinstance(tree, str):
        return tree
    return _VARIABLE.sub(
        lambda found: variables.get(
            found["braced"] or found["old"] or found["plain"], found.group()
        ),
        tree,
    )


_VARIABLE = re.compile(
    r"\$\{(?P<braced>\w+)(?::[^}]*)?\}|\[\[(?P<old>\w+)(?::[^\]]*)?\]\]|\$(?P<plain>\w+)"
)


def _has_data(result: Mapping[str, Any]) -> bool:
    """Whether a query found at least one value. The first column of several holds the times."""
    for frame in result.get("frames") or ():
        columns = (frame.get("data") or {}).get("values") or ()
        if any(value is not None for column in columns[1:] or columns for value in column):
            return True
    return False
