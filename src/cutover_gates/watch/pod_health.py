"""Asks the ready path of each pod by its address, as the kubelet does."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cutover_gates.core.triggers.evaluation import HealthReading, ProbeAnswer
from cutover_gates.core.triggers.trigger_names import (
    INSTANCE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.probes.deployment.kubernetes.pods import parse_repository
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_client import BoundedHttpClient

LOWEST_REDIRECT = 300


@dataclass
class PodHealth:
    """The health checks of the pods of one image; each has a subject of its own.

    A pod without an HTTP readiness probe, or without an address yet, is no subject.
    """

    image: str | None
    seconds: float
    _asked: dict[str, str] = field(default_factory=dict)

    def probe(self, pods: Sequence[Any]) -> Sequence[HealthReading]:
        """Return one reading of each live pod, and one of each that was asked and is gone."""
        urls = {pod.metadata.name: url for pod in pods if (url := self._find_url(pod))}
        names = list(urls)
        answers = run_concurrently(partial(self._ask, urls[name]) for name in names)
        gone = [name for name in self._asked if name not in urls]
        self._asked = urls
        return [
            *(HealthReading(_key(name), one) for name, one in zip(names, answers, strict=True)),
            *(HealthReading(_key(name), ProbeAnswer.NONE, terminating=True) for name in gone),
        ]

    def _find_url(self, pod: Any) -> str | None:
        for container in pod.spec.containers:
            probe = container.readiness_probe
            if parse_repository(container.image) != self.image or probe is None:
                continue
            asked = probe.http_get
            if asked is not None and pod.status.pod_ip:
                port = _find_port(asked.port, container.ports or [])
                scheme = (asked.scheme or "HTTP").lower()
                host = f"[{pod.status.pod_ip}]" if ":" in pod.status.pod_ip else pod.status.pod_ip
                return f"{scheme}://{host}:{port}{asked.path or '/'}"
        return None

    def _ask(self, url: str) -> ProbeAnswer:
        # As the kubelet does: a pod's certificate names its service and not its address.
        client = BoundedHttpClient(self.seconds, tls=ssl._create_unverified_context())
        try:
            is_ready = client.get(url).status < LOWEST_REDIRECT
        except SourceUnavailable:
            is_ready = False
        return ProbeAnswer.OK if is_ready else ProbeAnswer.FAIL


def _find_port(port: Any, named: Iterable[Any]) -> int:
    """Return the number of a port, which a probe may give by its name."""
    numbers = {each.name: each.container_port for each in named}
    return int(numbers.get(port, port))


def _key(pod: str) -> ConditionKey:
    return ConditionKey(TriggerName.HEALTH, f"{INSTANCE}{pod}", SignalSource.KUBERNETES)
