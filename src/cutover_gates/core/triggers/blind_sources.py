"""The rule for a watch that sees nothing: its own probes and the telemetry are both blind.

A dead Prometheus must not roll back a good release, and a dead prober neither: one of them alone
holds the rollout. Only time in which the watcher itself ran counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_names import SignalSource, TriggerState


@dataclass
class BlindSources:
    """For how long each declared source has delivered nothing, in seconds of running watcher."""

    state: TriggerState = TriggerState.CLEAR
    since: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def advance(
        self,
        now: float,
        step: float,
        sources: Mapping[SignalSource, bool],
        limits: TriggerLimits,
    ) -> None:
        """Take in which source delivered; `step`: seconds in which the watcher ran."""
        for source, delivered in sources.items():
            self.seconds[source] = 0.0 if delivered else self.seconds.get(source, 0.0) + step
        self.seconds = {name: self.seconds[name] for name in map(str, sources)}
        blind = self.find_both()
        if self.state is TriggerState.FIRED:
            return
        self.state = TriggerState.PENDING if blind else TriggerState.CLEAR
        self.since = now - blind if blind else None
        if blind >= limits.blind_seconds:
            self.state = TriggerState.FIRED

    def find_both(self) -> float:
        """Return for how long probes and telemetry have both been blind; 0: one is not."""
        telemetry = SignalSource.PROMETHEUS
        if telemetry not in self.seconds:
            telemetry = SignalSource.LOGS
        both = (SignalSource.PROBES, telemetry)
        return min(self.seconds.get(source, 0.0) for source in both)

    def list_blind(self, limits: TriggerLimits) -> list[str]:
        """Return each source that has been blind for too long: the rollout holds."""
        return sorted(
            source for source, blind in self.seconds.items() if blind >= limits.blind_seconds
        )

    def interrupt(self) -> None:
        """Begin anew after time that was not watched."""
        self.seconds = dict.fromkeys(self.seconds, 0.0)
        if self.state is not TriggerState.FIRED:
            self.state, self.since = TriggerState.CLEAR, None
