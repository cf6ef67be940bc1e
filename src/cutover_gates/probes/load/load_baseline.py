"""Baselines: recorded figures of a named, good run, that later runs of the same target under the
same load are held against.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.util.files import write_atomically

BASELINE_SCHEMA = "cutover/baseline/1"
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
}
"""Settings that do not change what a target is asked: a baseline may be compared when only these
are others.
"""


@dataclass(frozen=True)
class LoadBaselines:
    """The baselines of one target.

    `folder` holds them, `address` is where the target answers, `journeys` the text of the journeys'
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
        return self.folder / f"{self.performance.baseline.name}.json"

    def load_medians(self) -> dict[str, tuple[float, float]]:
        """The bounds of each operation's median in the baseline; none where nothing is to be, or
        can be, compared (`compare` says why).
        """
        if self.performance.baseline.name is None:
            return {}
        try:
            found = self._read()
        except NotProven:
            return {}
        return {name: (bounds[1], bounds[2]) for name, bounds in found["medians"].items()}

    def compare(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What is said of the comparison, with each operation's ratio and its interval.

        Raises `NotProven` where there is none.
        """
        if self.performance.baseline.name is None:
            raise NotProven(
                "no baseline is named to compare with: set performance.baseline.name and record one"
                " with `pytest -m t1`, or say in "
                f'[targets.{self.target}.unsupported] why there is none: baseline = "…"'
            )
        found = self._read()
        now = {one["name"]: one.get("p50") for one in facts["operations"]}
        ratios = {
            name: _compute_ratio(now[name], then)
            for name, then in found["medians"].items()
            if now.get(name)
        }
        if missing := [name for name in now if name not in found["medians"]]:
            raise NotProven(
                f"the baseline {found['name']!r} holds nothing of {', '.join(missing)}: record a"
                " new one with `pytest -m t1`"
            )
        return {
            "baseline": {key: found[key] for key in ("name", "release", "recorded", "machine")},
            "ratios": ratios,
        }

    def record(self, facts: Mapping[str, Any], bad: list[str]) -> tuple[str, dict[str, Any]]:
        """Write the baseline of this run.

        Raises `NotProven` for a run that is not proven to be a good one: it never becomes a
        baseline.
        """
        if self.performance.baseline.name is None:
            raise NotProven("the baseline has no name: set performance.baseline.name")
        if bad:
            raise NotProven(
                "this run is no good one, so it is not recorded as the baseline: "
                + bad[0].splitlines()[0]
            )
        whole = {
            "schema": BASELINE_SCHEMA,
            "name": self.performance.baseline.name,
            "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
            "release": self.release,
            **self._run_identity(),
            "requests": facts["requests"],
            "seconds": facts["judged_seconds"],
            "medians": {one["name"]: one["p50"] for one in facts["operations"]},
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, json.dumps(whole, indent=1))
        return self.path.name, whole

    def _read(self) -> dict[str, Any]:
        """The baseline, if this run may be compared with it. Raises `NotProven`."""
        name = self.performance.baseline.name
        try:
            found = dict(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise NotProven(
                f"there is no baseline {name!r} of {self.target}: record one with `pytest -m t1"
                f" --target {self.target}`"
            ) from None
        except (OSError, ValueError) as error:
            raise NotProven(
                f"the baseline {name!r} cannot be read ({type(error).__name__}): record a new one"
                " with `pytest -m t1`"
            ) from None
        for key, ours in self._run_identity().items():
            if found.get(key) != ours:
                raise NotProven(
                    f"the baseline {name!r} is no measure here: its {key} is"
                    f" {_shorten(found.get(key))}, this run's {_shorten(ours)}. Record a new one with"
                    " `pytest -m t1`, or give this run the other's settings"
                )
        age = datetime.now(UTC) - datetime.fromisoformat(found["recorded"])
        if age > timedelta(hours=self.performance.baseline.max_age_hours) or age < timedelta(
            minutes=-1
        ):
            raise NotProven(
                f"the baseline {name!r} is of {found['recorded']}, and one may be"
                f" {self.performance.baseline.max_age_hours:g} h old"
            )
        return found

    def _run_identity(self) -> dict[str, str]:
        """What a baseline is bound to.

        Two runs can be compared when all of it is the same: only the release is another.
        """
        asked = self.performance.model_dump(mode="json", exclude=LOAD_INDEPENDENT_SETTINGS)
        load = hashlib.sha256(
            (json.dumps(asked, sort_keys=True) + self.journeys).encode()
        ).hexdigest()
        return {
            "target": self.target,
            "address": self.address,
            "load": load,
            "machine": describe_machine(),
        }


def describe_machine() -> str:
    """The machine that makes the load, as far as it matters to the times."""
    return f"{platform.machine()}, {os.cpu_count()} processors, {platform.system()}"


def _compute_ratio(now: list[float], then: list[float]) -> list[float | None]:
    """(ratio, low, high) of two medians, each given with its bounds: at most and at least what the
    bounds allow.
    """
    low = now[1] / then[2] if now[1] and then[2] else None
    high = now[2] / then[1] if now[2] and then[1] else None
    return [
        round(now[0] / then[0], 3),
        None if low is None else round(low, 3),
        None if high is None else round(high, 3),
    ]


def _shorten(value: object) -> str:
    text = str(value)
    return text if len(text) < 60 else f"{text[:12]}…"
