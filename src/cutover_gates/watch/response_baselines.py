"""The question whether the baseline of response times from Prometheus is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.watch.histogram_baseline import (
    BaselineQuery,
    NoBaseline,
    record_baseline,
)


@dataclass(frozen=True)
class ResponseBaselines:
    """Records the baselines where the settings compare response times from Prometheus."""

    monitoring: Monitoring
    triggers: TriggerSettings
    api: PrometheusApi | None
    path: Path
    release: str
    leave: Callable[[Assessment], None]

    def record(self) -> Assessment:
        """Record them. Where the watcher's probes are compared, the watcher records its own."""
        builder = AssessmentBuilder()
        if self.triggers.response_source == "prometheus":
            self._record(builder)
        else:
            builder.checked.append("triggers.response_source = probes")
        assessment = builder.build("the baseline of the response times of the triggers")
        self.leave(assessment)
        return assessment

    def _record(self, builder: AssessmentBuilder) -> None:
        if self.api is None:
            builder.add_gap(rules.METRICS_DECLARED, "monitoring.prometheus", "not set")
            return
        table = self.monitoring
        query = BaselineQuery(table.triggers, self.triggers, table.labels)
        try:
            plain = record_baseline(query, self.api, self.path, self.release)
        except NoBaseline as error:
            builder.add_gap(rules.TIMES_RECORDED, table.triggers.durations, str(error))
        except SourceUnavailable as error:
            builder.add_gap(rules.PROMETHEUS_ANSWERS, error.url, error.reason)
        else:
            builder.checked += plain["operations"]
            builder.figures["response times"] = plain
