"""Are the dashboards there, and do the queries of their panels find data? (Grafana's HTTP API.)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote

from cutover.evidence import Examination
from cutover.settings.signals import Dashboards as DashboardSettings
from cutover.telemetry.abreast import abreast
from cutover.telemetry.looks import TelemetrySilent
from cutover.telemetry.signals.seen import Record, Seen, examined
from cutover.telemetry.signals.service import Declined, Service

TABLE = "monitoring.dashboards"
AT_ONCE = 8
"""Panels that are asked at the same time: Grafana is shared."""


OTHER_PANEL = "-- Dashboard --"
"""Grafana's name for what another panel found."""


@dataclass(frozen=True)
class Panel:
    """One panel with queries. Its title may repeat; `key` is how the settings name it."""

    key: str
    targets: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Dashboards:
    """`grafana` None: none is declared."""

    settings: DashboardSettings
    grafana: Service | None
    target: str
    record: Record = field(default=lambda _examination: None, repr=False)

    def showing(self) -> Examination:
        """Is each dashboard there, and does every query of every panel find data?"""
        return examined(
            Seen("dashboards", self.target, ("dashboards-verified",)), self.record, self._showing
        )

    def _showing(self, seen: Seen) -> None:
        if self.grafana is None or not self.settings.uids:
            seen.undeclared(TABLE, "grafana and uids", "which dashboards the team watches")
            return
        for uid, (panels, wrong, silent) in zip(
            self.settings.uids,
            abreast([partial(self._panels, self.grafana, uid) for uid in self.settings.uids]),
            strict=True,
        ):
            seen.findings += wrong
            seen.unproven += silent
            self._look_at(seen, self.grafana, panels)
            seen.facts[uid] = [panel.key for panel in panels]

    def _look_at(self, seen: Seen, grafana: Service, panels: Sequence[Panel]) -> None:
        for start in range(0, len(panels), AT_ONCE):
            some = panels[start : start + AT_ONCE]
            for panel, (wrong, silent) in zip(
                some, abreast([partial(self._empty, grafana, panel) for panel in some]), strict=True
            ):
                seen.findings += wrong
                seen.unproven += silent
                if not wrong and not silent:
                    seen.examined.append(f"panel {panel.key}")

    def _panels(self, grafana: Service, uid: str) -> tuple[Sequence[Panel], list[str], list[str]]:
        """The panels of one dashboard; or what is wrong with it, or why it could not be seen."""
        path = f"/api/dashboards/uid/{quote(uid, safe='')}"
        try:
            board = grafana.get(path)["dashboard"]
            every = [_from_the_library(panel, grafana) for panel in _all(board.get("panels") or ())]
            panels = list(
                _with_queries(uid, every, {**_variables(board), **self.settings.variables})
            )
        except Declined as declined:
            return (
                (),
                [
                    f"dashboard {uid!r}:"
                    f" {_DECLINED.get(declined.status, 'expected the dashboard')}; {declined}"
                ],
                [],
            )
        except TelemetrySilent as silent:
            return (), [], [f"dashboard {uid!r}: {silent}"]
        except (KeyError, TypeError, AttributeError):
            return (
                (),
                [],
                [
                    f"dashboard {uid!r}: {grafana.shown(path)} gave an answer that is not that of a"
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

    def _empty(self, grafana: Service, panel: Panel) -> tuple[list[str], list[str]]:
        """What is wrong with a panel, and why it could not be seen."""
        body = {"queries": panel.targets, "from": f"now-{self.settings.minutes}m", "to": "now"}
        try:
            results = grafana.post("/api/ds/query", body)["results"]
            bare = [
                str(target["refId"])
                for target in panel.targets
                if not _data(results.get(str(target["refId"]), {}))
            ]
            failed = {
                name: grafana.masked(result["error"])
                for name, result in results.items()
                if result.get("error")
            }
        except Declined as declined:
            return [f"panel {panel.key!r}: its queries are refused: {declined}"], []
        except TelemetrySilent as silent:
            return [], [f"panel {panel.key!r}: {silent}"]
        except (KeyError, TypeError, AttributeError):
            return [], [
                f"panel {panel.key!r}: {grafana.shown('/api/ds/query')} gave an answer that is not"
                " that of a Grafana"
            ]
        wrong = [f"panel {panel.key!r}: query {name} fails: {why}" for name, why in failed.items()]
        if panel.key not in self.settings.empty:
            wrong += [
                f"panel {panel.key!r}: query {name} finds no data in the last"
                f" {self.settings.minutes} minutes; open it at"
                f" {grafana.shown('/d/' + panel.key.partition('/')[0])}, or say in"
                f" [targets.{self.target}.{TABLE}.empty] why it may be empty"
                for name in bare
                if name not in failed
            ]
        return wrong, []


_DECLINED = {
    401: "the token in token_file is refused",
    403: "the token in token_file may not see it",
    404: "expected, and it is gone",
}


def _variables(board: Mapping[str, Any]) -> dict[str, str]:
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


def _from_the_library(panel: Mapping[str, Any], grafana: Service) -> Mapping[str, Any]:
    """A panel that several dashboards share is told by its uid only. Raises `TelemetrySilent`."""
    shared = (panel.get("libraryPanel") or {}).get("uid")
    if not shared or panel.get("targets"):
        return panel
    model = grafana.get(f"/api/library-elements/{quote(str(shared), safe='')}")["result"]["model"]
    return {**model, "title": panel.get("title") or model.get("title")}


def _with_queries(
    uid: str, panels: Sequence[Mapping[str, Any]], variables: Mapping[str, str]
) -> Iterator[Panel]:
    """Every panel with a query of its own. One that shows what another panel found has none."""
    for panel in panels:
        targets = [
            target
            for target in panel.get("targets") or ()
            if not target.get("hide") and _source(target, panel).get("uid") != OTHER_PANEL
        ]
        if targets:
            yield Panel(
                f"{uid}/{panel.get('title') or panel.get('id')}",
                [_whole(target, panel, variables) for target in targets],
            )


def _all(panels: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Also those in folded rows."""
    for panel in panels:
        yield panel
        yield from _all(panel.get("panels") or ())


def _whole(
    target: Mapping[str, Any], panel: Mapping[str, Any], variables: Mapping[str, str]
) -> Mapping[str, Any]:
    """The query as Grafana's own pages send it."""
    source = _source(target, panel)
    sized = {
        "refId": "A",
        "intervalMs": 15000,
        "maxDataPoints": 100,
        **target,
        **({"datasource": source} if source else {}),
    }
    filled: Mapping[str, Any] = _filled(sized, variables)
    return filled


def _source(target: Mapping[str, Any], panel: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data source that is asked; old dashboards give its name alone."""
    named = target.get("datasource") or panel.get("datasource") or {}
    return named if isinstance(named, Mapping) else {"uid": str(named)}


def _filled(tree: Any, variables: Mapping[str, str]) -> Any:
    """Variables replaced: `$name`, `${name}`, `${name:format}`, `[[name]]`.

    Those of Grafana itself (`$__…`) are filled in by it.
    """
    if isinstance(tree, Mapping):
        return {name: _filled(value, variables) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_filled(value, variables) for value in tree]
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


def _data(result: Mapping[str, Any]) -> bool:
    """Whether a query found at least one value. The first column of several holds the times."""
    for frame in result.get("frames") or ():
        columns = (frame.get("data") or {}).get("values") or ()
        if any(value is not None for column in columns[1:] or columns for value in column):
            return True
    return False
