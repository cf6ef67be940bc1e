"""What each worker of xdist tells the controller at its end: which parts of the plugin it missed.

A worker without a report is a hold: it is not known what guarded its checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from cutover_gates.plugin.parts import Parts, describe_missing_parts

OUTPUT = "cutover_worker_report"
"""The key of the report in xdist's `workeroutput`."""


@dataclass(frozen=True)
class WorkerReport:
    """The report of one worker. `missing_parts` are names; `holds` are sentences."""

    missing_parts: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, list[str]]:
        """Return the report as xdist can carry it."""
        return {"missing_parts": list(self.missing_parts), "holds": list(self.holds)}

    @classmethod
    def from_plain(cls, plain: dict[str, list[str]]) -> WorkerReport:
        """Return the report that `to_plain` wrote."""
        return cls(tuple(plain["missing_parts"]), tuple(plain["holds"]))


class ProcessReporter:
    """Hooks that look for the parts at the start and at the end. In a worker they report, too."""

    def __init__(self, parts: Parts, holds: list[str]) -> None:
        self.parts, self.holds = parts, holds

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Look when everything is configured."""
        self.parts.find_missing()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Look when the last conftest.py is loaded."""
        self.parts.find_missing()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Put a worker's report into what xdist sends to the controller."""
        missing = tuple(sorted(self.parts.find_missing()))
        output: dict[str, Any] = getattr(session.config, "workeroutput", {})
        output[OUTPUT] = WorkerReport(missing, tuple(self.holds)).to_plain()


class WorkerReportCollector:
    """Hooks in the controller that take the workers' reports."""

    def __init__(self) -> None:
        self._reports: dict[str, WorkerReport | None] = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take the report of a worker that ended; a worker that crashed has none."""
        plain = getattr(node, "workeroutput", {}).get(OUTPUT)
        report = WorkerReport.from_plain(plain) if plain else None
        self._reports[node.gateway.id] = report

    def find_holds(self) -> list[str]:
        """Return a sentence for each fault that a worker told, and for each that told nothing."""
        holds: list[str] = []
        for name, report in sorted(self._reports.items()):
            if report is None:
                holds.append(
                    f"worker {name} ended without its report, so it is unknown what it left out:"
                    " run again, or without -n"
                )
            else:
                holds += describe_missing_parts(report.missing_parts, name)
                holds += report.holds
        return list(dict.fromkeys(holds))
