"""Baselines: recorded figures of a named, good run, with which later runs are compared.

A baseline is compared only with runs of the same target under the same load on the same machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cutover_gates.config.performance import Performance
from cutover_gates.core.findings import Finding, NotProven, gap_error
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.baseline_record import (
    Baseline,
    BaselineComparison,
    compute_ratio,
    compute_tail_ratios,
    select_tails,
)
from cutover_gates.probes.load.model import LoadSummary
from cutover_gates.util.files import write_atomically

LOAD_INDEPENDENT_SETTINGS = {
    "baseline",
    "resources",
    "objectives",
    "min_seconds",
    "max_seconds",
    "confidence",
    "error_rate",
    "master_host",
    "master_port",
    "asked_again",
}
"""Settings that do not change what a target is asked.

Two runs that differ only in these can be compared.
"""
CLOCK_TOLERANCE = timedelta(minutes=1)
"""A baseline may seem to be this far in the future, where two machines' clocks differ."""
SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class LoadBaselines:
    """The baselines of one target.

    `folder` holds them. `address` is where the target answers, `journeys` the text of the journeys'
    file.
    """

    folder: Path
    target: str
    release: str
    address: str
    performance: Performance
    journeys: str = field(repr=False)

    @property
    def path(self) -> Path:
        """Return the file of the baseline that the settings name."""
        return self.folder / f"{self.performance.baseline.name}.json"

    def load_medians(self) -> dict[str, tuple[float, float]]:
        """Return the bounds of each operation's median in the baseline, in seconds.

        Empty where no baseline is named, or the named one cannot be compared (`compare` says why).
        """
        baseline = self.find()
        medians = baseline.medians.items() if baseline else ()
        return {name: (low or 0.0, high or float("inf")) for name, (_, low, high) in medians}

    def find(self) -> Baseline | None:
        """Return the named baseline; None where this run cannot be compared with one."""
        if self.performance.baseline.name is None:
            return None
        try:
            return self._read()
        except NotProven:
            return None

    def compare(self, summary: LoadSummary) -> BaselineComparison:
        """Return the comparison with the baseline. Raises `NotProven` where there is none."""
        if self.performance.baseline.name is None:
            raise gap_error(rules.BASELINE_NAMED, self.target, "no baseline is named")
        baseline = self._read()
        medians = {one.name: one.percentiles.get("p50") for one in summary.operations}
        missing = [self._missing(name) for name in medians if name not in baseline.medians]
        if not baseline.tails:
            missing.append(self._missing("p95 and p99"))
        if missing:
            raise NotProven(gaps=missing)
        ratios = {
            name: compute_ratio(median, baseline.medians[name])
            for name, median in medians.items()
            if median
        }
        return BaselineComparison(baseline, ratios, compute_tail_ratios(summary, baseline))

    def record(self, summary: LoadSummary, problems: Sequence[Finding]) -> Baseline:
        """Write the baseline of this run, and return it.

        Raises `NotProven` where there are `problems`: only a run that is proven to be good becomes
        a baseline.
        """
        name = self.performance.baseline.name
        if name is None:
            raise gap_error(rules.BASELINE_NAMED, self.target, "the baseline has no name")
        if problems:
            raise gap_error(
                rules.BASELINE_FROM_GOOD_RUN,
                name,
                f"this run does not pass, so it is not recorded: {problems[0]}",
            )
        medians = {one.name: one.percentiles["p50"] for one in summary.operations}
        baseline = Baseline(
            name=name,
            recorded=datetime.now(UTC).isoformat(timespec="seconds"),
            release=self.release,
            requests=summary.requests,
            seconds=summary.judged_seconds,
            medians=medians,
            tails={one.name: select_tails(one) for one in summary.operations},
            distributions={one.name: list(one.distribution) for one in summary.operations},
            **self._run_identity(),
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, json.dumps(baseline.to_plain(), indent=1))
        return baseline

    def _missing(self, what: str) -> Finding:
        reason = f"the baseline {self.performance.baseline.name!r} does not hold it"
        return Finding(rules.BASELINE_COMPLETE, what, "", reason)

    def _read(self) -> Baseline:
        """Return the baseline, where this run may be compared with it. Raises `NotProven`."""
        plain = self._read_file()
        subject = str(self.performance.baseline.name)
        for key, own in self._run_identity().items():
            if plain.get(key) != own:
                raise gap_error(
                    rules.BASELINE_COMPARABLE,
                    subject,
                    f"its {key} is {_shorten(plain.get(key))}, the {key} of this run is"
                    f" {_shorten(own)}",
                )
        baseline = Baseline(**{key: plain[key] for key in plain if key != "schema"})
        age = datetime.now(UTC) - datetime.fromisoformat(baseline.recorded)
        limit = self.performance.baseline.max_age_hours
        if age > timedelta(hours=limit) or age < -CLOCK_TOLERANCE:
            raise gap_error(
                rules.BASELINE_RECENT,
                subject,
                f"it was recorded at {baseline.recorded}, at most {limit:g} h ago is allowed",
            )
        return baseline

    def _read_file(self) -> dict[str, Any]:
        name = str(self.performance.baseline.name)
        try:
            return dict(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            reason = f"{self.target} has no baseline of this name"
        except (OSError, ValueError) as error:
            reason = f"it cannot be read ({type(error).__name__})"
        raise gap_error(
            rules.BASELINE_READABLE, name, reason, reproduce=f"pytest -m t1 --target {self.target}"
        )

    def _run_identity(self) -> dict[str, str]:
        """Return what two runs must have in common to be compared; only the release may differ."""
        settings = self.performance.model_dump(mode="json", exclude=LOAD_INDEPENDENT_SETTINGS)
        load = json.dumps(settings, sort_keys=True) + self.journeys
        return {
            "target": self.target,
            "address": self.address,
            "load": hashlib.sha256(load.encode()).hexdigest(),
            "machine": describe_machine(),
        }


def describe_machine() -> str:
    """Describe the machine that makes the load, as far as it matters to the times."""
    return f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}"


def _shorten(value: object) -> str:
    text = str(value)
    return text if len(text) < SHOWN_CHARACTERS else f"{text[:12]}…"
