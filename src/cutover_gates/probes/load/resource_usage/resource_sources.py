"""The source that the settings name, and the metrics API of a cluster (metrics.k8s.io).

The API reports CPU and memory of the pods that a label selector finds. It reports a rate of CPU and
no counter, so a restart is not seen. Memory is the working set. The figures are some ten seconds
old.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from cutover_gates.config.base import SettingsError
from cutover_gates.config.resources import ORIGIN, PodMetricsSettings, ResourceSettings
from cutover_gates.core.bounded_json import parse_json
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.load.resource_usage.metrics_page import SECTION, MetricsPageSource
from cutover_gates.probes.load.resource_usage.prometheus_source import PrometheusResourceSource
from cutover_gates.probes.load.resource_usage.resource_sample import (
    MeasuredFigure,
    ResourceSample,
    ResourceSource,
    build_resource_sample,
)
from cutover_gates.util.http import ERROR_TEXT_LIMIT, BoundedResponse, SourceUnavailable, redact_url
from cutover_gates.util.http_client import SAMPLE_TIMEOUT_SECONDS, BoundedHttpClient
from cutover_gates.util.http_services import TokenFileAuth, create_tls_context
from cutover_gates.util.kubernetes_notation import parse_duration, parse_quantity

_HINTS = {
    401: "is the token in token_file still valid?",
    403: "the token may not list pods of metrics.k8s.io in this namespace",
    404: "does a metrics-server run in the cluster?",
}


class KubernetesResourceSource:
    """The pods of one namespace as a source."""

    def __init__(
        self,
        settings: PodMetricsSettings,
        seconds: float = SAMPLE_TIMEOUT_SECONDS,
        redactor: Redactor | None = None,
    ) -> None:
        """Prepare the client.

        Raises `SettingsError` where the token would be sent unencrypted, or the authority cannot be
        read.
        """
        if not settings.api.startswith("https://"):
            raise SettingsError(
                f"{SECTION}.kubernetes.api must begin with https://: a token is sent there"
            )
        path = f"apis/metrics.k8s.io/v1beta1/namespaces/{quote(settings.namespace, safe='')}/pods"
        self._url, self._selector = f"{settings.api.rstrip('/')}/{path}", settings.selector
        self._redactor = redactor or Redactor()
        bearer = TokenFileAuth(Path(settings.token_file), self._redactor, name="kubernetes token")
        tls = create_tls_context(settings.ca_file, f"{SECTION}.kubernetes.ca_file")
        self._client = BoundedHttpClient(seconds, tls=tls, auth=bearer, redactor=self._redactor)
        self._clock_offset: float | None = None

    def take_sample(self) -> ResourceSample:
        """Return the CPU and memory of the selected pods, as the metrics API reports them now."""
        answer = self._client.get(
            self._url, {"labelSelector": self._selector}, accept="application/json"
        )
        pods = self._parse_pods(answer)
        if (
            self._clock_offset is None
        ):  # kept: a measurement has one moment, at whichever look it is met
            self._clock_offset = answer.at - (answer.date or time.time())
        try:
            measured = (
                min(datetime.fromisoformat(pod["timestamp"]).timestamp() for pod in pods)
                + self._clock_offset
            )
            over = max(parse_duration(pod["window"]) for pod in pods)
            cpu, memory = (
                MeasuredFigure(float(_sum_usage(pods, what)), measured, len(pods))
                for what in ("cpu", "memory")
            )
        except (KeyError, TypeError, ValueError):
            raise SourceUnavailable(
                f"{redact_url(self._url)} gave an answer that is no list of pod metrics"
            ) from None
        return build_resource_sample(answer.at, {"cpu_cores": cpu, "memory": memory}, {}, over)

    def _parse_pods(self, answer: BoundedResponse) -> list[dict[str, Any]]:
        content = _parse_object(self._redactor.redact_text(answer.text))
        if answer.status != 200:
            said = (
                _HINTS.get(answer.status)
                or str(content.get("message", "no reason"))[:ERROR_TEXT_LIMIT]
            )
            raise SourceUnavailable(f"{redact_url(self._url)} answered {answer.status}: {said}")
        pods = content.get("items")
        if not isinstance(pods, list):
            raise SourceUnavailable(
                f"{redact_url(self._url)} gave an answer that is no list of pod metrics"
            )
        if not pods:
            raise SourceUnavailable(
                f"{redact_url(self._url)} knows no pod with {self._selector!r}; see"
                f" {SECTION}.kubernetes.selector"
            )
        return pods


def _sum_usage(pods: list[dict[str, Any]], what: str) -> Fraction:
    return sum(
        (
            parse_quantity(container["usage"][what])
            for pod in pods
            for container in pod["containers"]
        ),
        Fraction(0),
    )


def _parse_object(text: str) -> dict[str, Any]:
    try:
        content = parse_json(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


CLUSTER_FIGURES = ("cpu_cores", "memory")


def create_resource_source(
    resources: ResourceSettings,
    url: str,
    *,
    seconds: float = SAMPLE_TIMEOUT_SECONDS,
    redactor: Redactor | None = None,
) -> ResourceSource | None:
    """Return the source for the target at `url`; None where the settings name none.

    `seconds` bounds a sample, `redactor` learns the cluster's token. With a cluster there are two
    sources: the cluster for CPU and memory, the other one for the pool. Raises `SettingsError`.
    """
    share = seconds / 2 if resources.kubernetes else seconds
    source: ResourceSource | None = None
    if resources.prometheus:
        source = PrometheusResourceSource(resources, share)
    elif resources.metrics_path:
        source = MetricsPageSource(_join_url(resources.metrics_path, url), resources, share)
    if resources.kubernetes:
        return CombinedResourceSource(
            KubernetesResourceSource(resources.kubernetes, share, redactor), source
        )
    return source


class CombinedResourceSource:
    """CPU and memory from a cluster, and the rest from another source.

    Where one fails, the figures of the other remain.
    """

    def __init__(self, cluster: ResourceSource, other: ResourceSource | None) -> None:
        self._cluster, self._other = cluster, other

    def take_sample(self) -> ResourceSample:
        """Return one sample of both sources, also where one of two fails."""
        cluster = (
            self._cluster.take_sample()
            if self._other is None
            else _sample_or_failure(self._cluster)
        )
        if self._other is None:
            return cluster
        other = _sample_or_failure(self._other)
        kept = {name: why for name, why in other.missing.items() if name not in CLUSTER_FIGURES}
        lost = {name: why for name, why in cluster.missing.items() if name in CLUSTER_FIGURES}
        measured = {
            name: moment for name, moment in other.measured.items() if name not in CLUSTER_FIGURES
        }
        return replace(
            other,
            cpu_cores=cluster.cpu_cores,
            memory=cluster.memory,
            missing={**kept, **lost},
            over=cluster.over,
            parts=cluster.parts,
            measured={**measured, **cluster.measured},
        )


def _sample_or_failure(source: ResourceSource) -> ResourceSample:
    """Take a sample, or return a failed one."""
    try:
        return source.take_sample()
    except SourceUnavailable as silent:
        return ResourceSample.from_failure(time.time(), str(silent))


def _join_url(path: str, url: str) -> str:
    if path.startswith(("http://", "https://")):
        return path
    if path.startswith(ORIGIN):
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}{path.removeprefix(ORIGIN)}"
    return f"{url.rstrip('/')}/{path.lstrip('/')}"
