"""Opens the watcher's own sources of the triggers: those that the settings declare."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.login_attempt import attempt_login
from cutover_gates.probes.deployment.kubernetes.client import DeploymentClient, load_client
from cutover_gates.probes.observability.logs.log_events import create_log_feed
from cutover_gates.targets.driver_factory import infrastructure_of, monitoring_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.concurrency import QUESTION_TIMEOUT_SECONDS
from cutover_gates.watch.declared_sources import DeclaredSources
from cutover_gates.watch.kept_triggers import STATE_FILE
from cutover_gates.watch.kubernetes_readings import PARTS, KubernetesReadings
from cutover_gates.watch.log_readings import LogPeriods, LogReadings
from cutover_gates.watch.login_readings import LOGIN_KEY, LoginReadings
from cutover_gates.watch.pod_health import PodHealth
from cutover_gates.watch.probe_baseline import FOLDER, ProbeBaseline
from cutover_gates.watch.record_lines import BASELINE, SEEN
from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.response_readings import ResponseReadings
from cutover_gates.watch.trigger_setup import list_ready_urls


@dataclass(frozen=True)
class SourceOpener:
    """Opens the declared sources. `report` gets a line for the person at the terminal.

    `asked` are the paths that the watcher asks.
    """

    settings: Settings
    target: RunningTarget
    writer: RecordWriter
    asked: frozenset[str]
    report: Callable[[str], None]

    def open(self) -> DeclaredSources:
        """Return the sources; nothing is asked yet. Raises `SettingsError`."""
        cluster = self._open_kubernetes()
        return DeclaredSources(
            self.open_response(), self._open_login(), self._open_logs(cluster), cluster
        )

    def open_response(self) -> ResponseReadings | None:
        """Return the response times of the probes, with the baseline that was recorded."""
        table = self._triggers
        if table.response_source != "probes":
            return None
        begins = self.settings.chosen_target.watch.begins
        moment = begins.timestamp() if begins else None
        found = self._make_response(moment)
        record = read_record(self.writer.folder, self.target.release)
        recorded = read_record(self.writer.folder / FOLDER, self.target.release).baselines
        for line in (record.baselines or recorded)[-1:]:
            found.baseline = ProbeBaseline.from_plain(line)
            self._keep_baseline(found.baseline)
        if found.baseline is None and moment is not None:
            found.recorder.add_record(record, moment)
        return found

    def open_for_baseline(self) -> DeclaredSources:
        """Return the response times alone, without a baseline. Raises `SettingsError`."""
        if self._triggers.response_source != "probes":
            raise SettingsError(
                "triggers.response_source is not probes, so the watcher's times are no baseline:"
                " gate t1 records the one of prometheus"
            )
        return DeclaredSources(self._make_response(None))

    def _make_response(self, begins: float | None) -> ResponseReadings:
        table, release = self._triggers, self.target.release
        return ResponseReadings(table, release, self.asked, begins, self._keep_baseline)

    @property
    def _triggers(self) -> TriggerSettings:
        return self.settings.chosen_target.triggers

    def _keep_baseline(self, baseline: ProbeBaseline) -> None:
        self.writer.write(BASELINE, **baseline.to_plain())
        self.report(baseline.describe(self._triggers.response_statistic))

    def _open_login(self) -> LoginReadings | None:
        dsn = self.target.database
        if dsn is None or "login" not in self._triggers.database_sources:
            return None
        seconds = min(
            self.settings.chosen_target.database.connect_seconds, self._triggers.evaluate_seconds
        )
        worked = has_login_worked(self.writer.folder)
        return LoginReadings(partial(attempt_login, dsn, seconds), has_worked=worked)

    def _open_logs(self, cluster: KubernetesReadings | None) -> LogReadings | None:
        table, declared = self._triggers, monitoring_of(self.settings, self.target).logs
        if "logs" not in table.database_sources:
            return None
        try:
            feed = create_log_feed(
                declared, self.target.log, self.settings.resolve_path, table.evaluate_seconds
            )
        except NotProven as error:
            if declared.kind is not None:
                self.report(f"the log is not read for the triggers: {error.reason}")
            return None
        limits = table.limits
        return LogReadings(
            feed,
            declared,
            self.target.release,
            LogPeriods(limits.evaluate_seconds, limits.blind_seconds, limits.log_seconds),
            cluster.list_terminating if cluster else frozenset,
        )

    def _open_kubernetes(self) -> KubernetesReadings | None:
        declared = infrastructure_of(self.settings, self.target).cluster
        if not (declared.api and declared.namespace and declared.deployment):
            return None
        # Before the first probe: it takes seconds to load, which would be a gap of the watcher's.
        load_client()
        seconds = min(QUESTION_TIMEOUT_SECONDS, self._triggers.evaluate_seconds)
        resolve = self.settings.resolve_path
        client = DeploymentClient(
            declared,
            resolve(declared.ca_file) if declared.ca_file else None,
            resolve(declared.token_file),
            Redactor(),
            seconds,
        )
        found = KubernetesReadings(
            declared,
            partial(client.load_state, PARTS),
            [name for name in list_ready_urls(self.settings, self.target) if name],
            self._tell,
        )
        if declared.pods_by_address:
            found.probe_pods = PodHealth(declared.image, seconds).probe
        return found

    def _tell(self, text: str) -> None:
        """Write down what the deployment did, and show it."""
        self.writer.write(SEEN, text=text)
        self.report(text)


def has_login_worked(folder: Path) -> bool:
    """Return whether the login of a watcher before this one was let in, or refused."""
    try:
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        return bool(state["state"]["coverage"][LOGIN_KEY.text]["known"] > 0)
    except (OSError, ValueError, KeyError, TypeError):
        return False
