"""The question about the instances of both releases at the end of a step, and its client."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.deployment.deployment_context import DeploymentContext, add_failure
from cutover_gates.probes.deployment.kubernetes.client import DeploymentClient, Query, load_client
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.step_health import rules, step_pods
from cutover_gates.probes.deployment.step_health.route_weights import (
    KINDS,
    RouteWeight,
    read_weights,
)
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import SourceUnavailable

NEEDED = ("api", "namespace", "deployment", "image", "digest", "previous_digest")


PARTS = ("pods", "replica_sets")


class StepClient(DeploymentClient):
    """Reads one deployment, and what bounds it. `further` are the declared further parts."""

    def load_step(self, further: tuple[str, ...]) -> DeploymentState:
        """Return the state, or what could be read of it within the time bound."""
        load_client()
        state = self.load_state(PARTS)
        ends = time.monotonic() + self._seconds
        queries: dict[str, Query] = {
            "events": self._list_events,
            "autoscalers": self._list_autoscalers,
            "quotas": self._list_quotas,
        }
        calls = (partial(self._run, ends, name, queries[name]) for name in further)
        found = run_concurrently(calls)
        return DeploymentState({**state.parts, **dict(zip(further, found, strict=True))})

    def read_route_weights(self, route: str, new_backend: str) -> list[RouteWeight]:
        """Return what a route (`kind/name`) tells of the weights, or why it tells nothing."""
        kind, _, name = route.partition("/")
        found = self.ask(route, partial(self._read_route, kind, name))
        if isinstance(found, SourceUnavailable):
            return [RouteWeight("", problem=f"the cluster {found.reason}")]
        return read_weights(kind, found, new_backend)

    def _read_route(self, kind: str, name: str, client: Any) -> Any:
        from kubernetes.client import CustomObjectsApi

        place = KINDS[kind]
        return CustomObjectsApi(client).get_namespaced_custom_object(
            place.group,
            place.version,
            self._namespace,
            place.plural,
            name,
            _request_timeout=self._seconds,
        )

    def _list_events(self, client: Any) -> Any:
        from kubernetes.client import CoreV1Api

        events = CoreV1Api(client).list_namespaced_event
        return events(
            self._namespace, field_selector="type=Warning", _request_timeout=self._seconds
        ).items

    def _list_autoscalers(self, client: Any) -> Any:
        from kubernetes.client import AutoscalingV2Api

        scalers = AutoscalingV2Api(client).list_namespaced_horizontal_pod_autoscaler
        return scalers(self._namespace, _request_timeout=self._seconds).items

    def _list_quotas(self, client: Any) -> Any:
        from kubernetes.client import CoreV1Api

        quotas = CoreV1Api(client).list_namespaced_resource_quota
        return quotas(self._namespace, _request_timeout=self._seconds).items


@dataclass(frozen=True)
class StepInstances:
    """The instances during one step, which began at `began`.

    `load` asks the cluster for the pods and the `further` parts. `no_cluster` is the reason
    for which there is none, where that is declared: then nothing is asked.
    """

    context: DeploymentContext
    settings: ClusterSettings
    load: Callable[[], DeploymentState]
    began: datetime
    further: tuple[str, ...]
    no_cluster: str = ""

    @cached_property
    def state(self) -> DeploymentState:
        """What the cluster told, once."""
        return self.load()

    def count_ready_pods(self) -> step_pods.PodCounts | None:
        """Return the ready pods of each release; None where the cluster does not tell."""
        settings = self.settings
        if self.no_cluster or any(getattr(settings, name) is None for name in NEEDED):
            return None
        try:
            return step_pods.count_ready_pods(settings, self.state.get_part("pods"))
        except SourceUnavailable:
            return None

    def assess_instances(self) -> Assessment:
        """Return whether every instance was well during the step, as the cluster tells."""
        builder, title = AssessmentBuilder(), "The instances during the step"
        if self.no_cluster:
            builder.checked.append(f"no cluster: {self.no_cluster}")
        elif not self.context.add_undeclared(
            builder, rules.CLUSTER_TELLS, "cluster", self.settings, NEEDED
        ):
            self._check(builder)
        return self.context.finish(builder, title)

    def _check(self, builder: AssessmentBuilder) -> None:
        checks: dict[str, Callable[[Any], None]] = {
            "pods": lambda pods: step_pods.check_step_pods(
                self.settings, pods, self.began, builder
            ),
            "replica_sets": lambda sets: step_pods.tell_replica_sets(self.settings, sets, builder),
            "events": lambda events: step_pods.check_step_events(
                self.settings, events, self.state.get_part("pods"), self.began, builder
            ),
            "autoscalers": lambda scalers: step_pods.check_autoscalers(
                self.settings, scalers, builder
            ),
            "quotas": lambda quotas: step_pods.check_quotas(quotas, builder),
        }
        for part in (*PARTS, *self.further):
            try:
                checks[part](self.state.get_part(part))
            except SourceUnavailable as error:
                add_failure(builder, rules.CLUSTER_TELLS, error, part)
