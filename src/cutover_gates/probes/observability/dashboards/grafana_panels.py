"""The panels of a Grafana dashboard, and their queries as Grafana's own pages send them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cutover_gates.util.http_services import JsonService

DASHBOARD_SOURCE_UID = "-- Dashboard --"
"""Grafana's name for the result of another panel."""
QUERY_DEFAULTS: Mapping[str, Any] = {"refId": "A", "intervalMs": 15000, "maxDataPoints": 100}
"""What Grafana adds to a query. Few points: only their presence matters."""
_VARIABLE = re.compile(
    r"\$\{(?P<braced>\w+)(?::[^}]*)?\}|\[\[(?P<old>\w+)(?::[^\]]*)?\]\]|\$(?P<plain>\w+)"
)


@dataclass(frozen=True)
class DashboardPanel:
    """One panel with queries. `key` (`UID/title`) is how the settings name it; it may repeat."""

    key: str
    targets: Sequence[Mapping[str, Any]]


def fetch_query_panels(
    grafana: JsonService, uid: str, variables: Mapping[str, str]
) -> Sequence[DashboardPanel]:
    """Return the panels of a dashboard that have queries of their own.

    `variables` have precedence over the values that the dashboard has saved.

    Raises:
        SourceUnavailable: no usable answer; `UnexpectedStatus` for any status other than 200.
        KeyError, TypeError, AttributeError: the answer is not that of a Grafana.
    """
    board = grafana.get(dashboard_path(uid))["dashboard"]
    panels = [
        _resolve_library_panel(panel, grafana)
        for panel in _iterate_panels(board.get("panels") or ())
    ]
    # The saved value may be of another environment.
    values = {**_parse_variables(board), **variables}
    return list(_select_query_panels(uid, panels, values))


def dashboard_path(uid: str) -> str:
    """Return the path of a dashboard in Grafana's API."""
    return f"/api/dashboards/uid/{quote(uid, safe='')}"


def has_data(result: Mapping[str, Any]) -> bool:
    """Return whether a query found at least one value."""
    return any(map(_frame_has_data, result.get("frames") or ()))


def _frame_has_data(frame: Mapping[str, Any]) -> bool:
    columns = (frame.get("data") or {}).get("values") or ()
    # The first of several columns holds the times, which are no data.
    return any(value is not None for column in columns[1:] or columns for value in column)


def _parse_variables(board: Mapping[str, Any]) -> dict[str, str]:
    """Return the saved value of each variable, as it stands in a query."""
    variables = (board.get("templating") or {}).get("list") or ()
    return {str(variable["name"]): _saved_value(variable) for variable in variables}


def _saved_value(variable: Mapping[str, Any]) -> str:
    """Return the value of a variable; several values become a regular expression."""
    saved = (variable.get("current") or {}).get("value", variable.get("query", ""))
    values = list(map(str, saved if isinstance(saved, list) else [saved]))
    # The value of "All": Grafana itself sends a regular expression that matches everything.
    if "$__all" in values or not any(values):
        return str(variable.get("allValue") or ".*")
    return "|".join(values)


def _resolve_library_panel(panel: Mapping[str, Any], grafana: JsonService) -> Mapping[str, Any]:
    """Return the panel; of one that several dashboards share, its model from the library."""
    shared = (panel.get("libraryPanel") or {}).get("uid")
    # Older Grafana versions store the model in the dashboard, too.
    if not shared or panel.get("targets"):
        return panel
    model = grafana.get(f"/api/library-elements/{quote(str(shared), safe='')}")["result"]["model"]
    return {**model, "title": panel.get("title") or model.get("title")}


def _iterate_panels(panels: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield every panel, also those in folded rows."""
    for panel in panels:
        yield panel
        yield from _iterate_panels(panel.get("panels") or ())


def _select_query_panels(
    uid: str, panels: Sequence[Mapping[str, Any]], variables: Mapping[str, str]
) -> Iterator[DashboardPanel]:
    """Yield every panel with a query of its own."""
    for panel in panels:
        targets = [target for target in panel.get("targets") or () if _is_query(target, panel)]
        if targets:
            key = f"{uid}/{panel.get('title') or panel.get('id')}"
            queries = [_build_query(target, panel, variables) for target in targets]
            yield DashboardPanel(key, queries)


def _is_query(target: Mapping[str, Any], panel: Mapping[str, Any]) -> bool:
    """Return whether a target is shown and does not repeat the result of another panel."""
    source = _find_data_source(target, panel)
    return not target.get("hide") and source.get("uid") != DASHBOARD_SOURCE_UID


def _build_query(
    target: Mapping[str, Any], panel: Mapping[str, Any], variables: Mapping[str, str]
) -> Mapping[str, Any]:
    query = {**QUERY_DEFAULTS, **target}
    if source := _find_data_source(target, panel):
        query["datasource"] = source
    filled: Mapping[str, Any] = _substitute_variables(query, variables)
    return filled


def _find_data_source(target: Mapping[str, Any], panel: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data source of a target; old dashboards give its name alone."""
    source = target.get("datasource") or panel.get("datasource") or {}
    return source if isinstance(source, Mapping) else {"uid": str(source)}


def _substitute_variables(tree: Any, variables: Mapping[str, str]) -> Any:
    """Replace variables in all texts: `$name`, `${name}`, `${name:format}`, `[[name]]`.

    Grafana itself replaces its own (`$__…`).
    """
    # A variable may stand in any text of a query, not only in `expr`.
    if isinstance(tree, Mapping):
        return {name: _substitute_variables(value, variables) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_substitute_variables(value, variables) for value in tree]
    if not isinstance(tree, str):
        return tree

    def substitute(match: re.Match[str]) -> str:
        name = match["braced"] or match["old"] or match["plain"]
        return variables.get(name, match.group())

    return _VARIABLE.sub(substitute, tree)
