"""What a watcher does by its settings: the paths that it asks, how often, and what is late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cutover_gates.config.settings import Settings
from cutover_gates.targets.driver_factory import load_unsupported_operations, rollout_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.watch.extra_probes import READING, FillSettings
from cutover_gates.watch.probe_paths import IDEMPOTENCY, NEEDED, SLOW_PATHS, STREAM

OLDER_LACKS = "the release before does not have it (previous.differs)"


def _is_absent(declared: object) -> bool:
    """Return whether a capability is declared absent, by its value alone or with its reason."""
    return (declared.get("value") if isinstance(declared, Mapping) else declared) is False


@dataclass(frozen=True)
class WatchPlan:
    """The plan of one target. Raises `SettingsError` as the settings of the target do."""

    settings: Settings
    target: RunningTarget

    @cached_property
    def unsupported(self) -> Mapping[str, str]:
        """What the target does not offer, with the reasons.

        Both releases are asked the same, so what only the new one has is left out, too.
        """
        older = self.settings.chosen_target.previous.differs.get("capabilities", {})
        absent = {name: OLDER_LACKS for name, declared in older.items() if _is_absent(declared)}
        return {**absent, **load_unsupported_operations(self.settings)}

    @cached_property
    def intervals(self) -> dict[str, float]:
        """The mean seconds between two probes of each path that this target has."""
        table = self.settings.chosen_target.watch
        left_out = {STREAM} if table.stream.path is None else set()
        return {
            path: interval
            for path, interval in table.paths.intervals().items()
            if NEEDED.get(path, "") not in self.unsupported and path not in left_out
        }

    @property
    def fill_settings(self) -> FillSettings:
        """How a step of the rollout is filled up with further probes of reading paths."""
        rollout = rollout_of(self.settings, self.target)
        return FillSettings(
            rollout.proof.extra_rate,
            rollout.proof.extra_probes,
            [path for path in READING if path in self.intervals],
            rollout.longest_seconds,
            is_pinned=rollout.pin_header is not None,
        )

    def late_seconds(self, path: str) -> float:
        """Return the seconds after which a right answer of this path is a failure."""
        table = self.settings.chosen_target.watch
        slow = table.slow_seconds if path in SLOW_PATHS else 0.0
        return table.longest_gap_seconds + slow

    def describe(self, tag: str) -> dict[str, object]:
        """Return the first line of a record: what is watched, and with which limits."""
        table = self.settings.chosen_target.watch
        return {
            "target": self.target.name,
            "url": self.target.url,
            "release": self.target.release,
            "tag": tag,
            "intervals": self.intervals,
            "repeats": not {IDEMPOTENCY, "register"} & {*self.unsupported},
            "late_seconds": {path: self.late_seconds(path) for path in self.intervals},
            "limits": table.model_dump(mode="json", exclude={"paths", "folder"}),
        }
