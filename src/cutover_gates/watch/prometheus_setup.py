"""Opens Prometheus as a source of the triggers, where the settings declare one."""

from __future__ import annotations

from collections.abc import Callable

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.settings import Settings
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.metric_pages import PageQuery
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.targets.driver_factory import monitoring_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.http_services import JsonService
from cutover_gates.watch.counted_readings import ReadingMaker
from cutover_gates.watch.histogram_baseline import (
    BaselineQuery,
    NoBaseline,
    baseline_path,
    read_baselines,
)
from cutover_gates.watch.prometheus_readings import PrometheusReadings, ReleaseNames
from cutover_gates.watch.prometheus_scrapes import ScrapeFollower

SHARE_OF_EVALUATION = 0.45
"""The part of the time between two evaluations that a query may take; two follow each other."""


def open_prometheus(
    settings: Settings,
    target: RunningTarget,
    serves_new: Callable[[], bool],
    redactor: Redactor,
) -> PrometheusReadings | None:
    """Return the reader; None where no Prometheus is declared: it is absent, and not blind.

    Nothing is asked yet. Raises `SettingsError` where a file cannot be used.
    """
    declared, table = monitoring_of(settings, target), settings.chosen_target.triggers
    series, triggers = declared.triggers, table
    if not declared.prometheus or not _reads_anything(series, triggers):
        return None
    token, authority = (
        path and settings.resolve_path(path) for path in (declared.token_file, declared.ca_file)
    )
    service = JsonService(
        declared.prometheus,
        token_file=token,
        ca_file=authority,
        redactor=redactor,
        seconds=SHARE_OF_EVALUATION * triggers.evaluate_seconds,
    )
    operations = triggers.response_operations if _compares_times(triggers) else ()
    query = PageQuery(series, declared.labels, operations)
    # Two scrapes, or a few evaluations: enough to see how often Prometheus scrapes.
    first = max(2 * declared.scrape_seconds, 4 * triggers.evaluate_seconds)
    return PrometheusReadings(
        ScrapeFollower(PrometheusApi(service), query, triggers.evaluate_seconds, first),
        _open_maker(settings, target, series, triggers, declared.labels),
        series,
        triggers,
        ReleaseNames(target.release, target.previous_release),
        serves_new,
    )


def _reads_anything(series: TriggerSeries, triggers: TriggerSettings) -> bool:
    return bool(series.requests or series.pool) or _compares_times(triggers)


def _compares_times(triggers: TriggerSettings) -> bool:
    return triggers.response_source == "prometheus"


def _open_maker(
    settings: Settings,
    target: RunningTarget,
    series: TriggerSeries,
    triggers: TriggerSettings,
    labels: str,
) -> ReadingMaker:
    if not _compares_times(triggers):
        return ReadingMaker(series, triggers)
    path = baseline_path(settings.resolve_path(settings.reports), target.name)
    hours = settings.chosen_target.performance.baseline.max_age_hours
    try:
        baselines = read_baselines(BaselineQuery(series, triggers, labels), path, hours)
    except NoBaseline as error:
        return ReadingMaker(series, triggers, no_baselines=str(error))
    return ReadingMaker(series, triggers, baselines)
