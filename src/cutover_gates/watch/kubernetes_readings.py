"""The deployment in Kubernetes as a source of the triggers.

It says which instances the deployment takes away, and which image of the new release runs. Its own
verdict on readiness is told and fires nothing: four evaluations of one state are no four health
checks. With `cluster.pods_by_address` the watcher asks the ready path of each pod itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.triggers.evaluation import HealthReading, ProbeAnswer, TriggerReading
from cutover_gates.core.triggers.trigger_names import (
    INSTANCE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pods import (
    find_digests,
    select_live_pods,
)
from cutover_gates.watch.reading_sources import SourceReadings

PARTS = ("pods",)
PodProbe = Callable[[Sequence[Any]], Sequence[HealthReading]]
"""Asks the ready paths of live pods."""


def _ask_no_pod(_pods: Sequence[Any]) -> Sequence[HealthReading]:
    return ()


@dataclass
class KubernetesReadings:
    """Reads the pods of the deployment at each evaluation. `load` asks the API.

    `instances` are the instances that the watcher asks for their health: host and port. `tell` gets
    a sentence where a pod was restarted, is not ready or is ready again, where another number of
    pods is wanted, or another image runs.
    """

    settings: ClusterSettings
    load: Callable[[], DeploymentState]
    instances: Sequence[str]
    tell: Callable[[str], None]
    probe_pods: PodProbe = _ask_no_pod
    clock: Callable[[], float] = time.monotonic
    source: SignalSource = SignalSource.KUBERNETES
    _known: dict[str, str] = field(default_factory=dict)
    _ending: frozenset[str] = frozenset()
    _before: frozenset[str] | None = None
    _restarts: dict[str, int] = field(default_factory=dict)
    _not_ready: frozenset[str] = frozenset()
    _digest: str | None = None
    _replicas: int | None = None

    def list_terminating(self) -> frozenset[str]:
        """Return the names of the pods, and the addresses, that the deployment takes away."""
        return self._ending

    def read(self, now: float) -> SourceReadings:
        """Return which instances go, and the image of the new release. Raises `SourceUnavailable`.

        A pod that is gone stays one that terminates, until its address is another pod's: the
        watcher goes on asking it.
        """
        del now
        state = self.load()
        pods = state.get_part("pods")
        self._tell_replicas(state.get_part("deployment").spec.replicas)
        live = select_live_pods(pods)
        self._find_ending(pods, live)
        self._tell_restarts(live)
        self._tell_readiness(live)
        readings: list[TriggerReading] = list(self._retire_instances())
        readings += self.probe_pods(live)
        return SourceReadings(tuple(readings), True, {}, self._find_digest(live))

    def _find_ending(self, pods: Sequence[Any], live: Sequence[Any]) -> None:
        here = {pod.metadata.name: pod.status.pod_ip or "" for pod in live}
        self._known |= {pod.metadata.name: pod.status.pod_ip or "" for pod in pods}
        gone = {name: ip for name, ip in self._known.items() if name not in here}
        addresses = {ip for ip in gone.values() if ip} - set(here.values())
        self._ending = frozenset(gone) | addresses

    def _retire_instances(self) -> Iterator[HealthReading]:
        for instance in self.instances:
            host = urlsplit(f"//{instance}").hostname or ""
            if host in self._ending:
                key = ConditionKey(TriggerName.HEALTH, f"{INSTANCE}{instance}", SignalSource.PROBES)
                yield HealthReading(key, ProbeAnswer.NONE, terminating=True)

    def _tell_replicas(self, count: int | None) -> None:
        """Tell that the deployment wants another number of pods: what is measured changes, too."""
        if self._replicas is not None and count != self._replicas:
            self.tell(f"the deployment wants {count} pods, before {self._replicas}")
        self._replicas = count

    def _tell_restarts(self, pods: Sequence[Any]) -> None:
        for pod in pods:
            for status in pod.status.container_statuses or []:
                name = f"container {status.name} of the pod {pod.metadata.name}"
                count = status.restart_count
                before = self._restarts.get(name, count)
                self._restarts[name] = count
                if count > before:
                    self.tell(f"{name} was restarted ({count - before} times, {count} in all)")

    def _tell_readiness(self, pods: Sequence[Any]) -> None:
        not_ready = frozenset(pod.metadata.name for pod in pods if not _is_ready(pod))
        for name in sorted(not_ready - self._not_ready):
            self.tell(f"the pod {name} is not ready")
        live = {pod.metadata.name for pod in pods}
        for name in sorted((self._not_ready - not_ready) & live):
            self.tell(f"the pod {name} is ready again")
        self._not_ready = not_ready

    def _find_digest(self, pods: Sequence[Any]) -> str | None:
        """Return the digest of the new release's image: that of the youngest pod which has one.

        The image of the release before is no new one: the declared one, and without that what ran
        when the watch began. The declared image under judgement is always new.
        """
        digests = find_digests(self.settings, pods)
        old = self._list_old_digests(digests)
        new = [
            (str(pod.metadata.creation_timestamp or ""), pod.metadata.name, digest)
            for pod, digest in digests
            if digest not in old
        ]
        if not new:
            return None
        digest = max(new)[2]
        if self._digest not in (None, digest):
            self.tell(f"another image of the new release runs: {digest}, before {self._digest}")
        elif self._digest is None and self.settings.digest not in (None, digest):
            self.tell(f"the pods run {digest}, expected {self.settings.digest} (cluster.digest)")
        self._digest = digest
        return digest

    def _list_old_digests(self, digests: Sequence[tuple[Any, str]]) -> frozenset[str]:
        if self.settings.previous_digest:
            return frozenset({self.settings.previous_digest})
        if self._before is None:
            ran = {digest for _, digest in digests}
            self._before = frozenset(ran - {self.settings.digest})
        return self._before


def _is_ready(pod: Any) -> bool:
    conditions: Mapping[str, str] = {each.type: each.status for each in pod.status.conditions or []}
    statuses = pod.status.container_statuses or []
    if "Ready" in conditions:
        return conditions["Ready"] == "True"
    return bool(statuses) and all(status.ready for status in statuses)
