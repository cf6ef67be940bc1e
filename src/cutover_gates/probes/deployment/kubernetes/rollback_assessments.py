"""The questions about a deployment after a rollback, and the record that they are compared with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.deployment.deployment_context import DeploymentContext, add_failure
from cutover_gates.probes.deployment.kubernetes import (
    configuration_check,
    deployment_state,
    rollback_pods,
    rules,
)
from cutover_gates.probes.deployment.kubernetes.assessments import LOCATION_KEYS, SECTION
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.kubernetes.rollback_client import RollbackClient
from cutover_gates.util.http import SourceUnavailable


class KubernetesRollback:
    """The questions about a deployment that went back to the release before.

    `no_cluster` is the reason for which there is none, where that is declared; then nothing is
    asked. `began` is when the rollback began, where that is known.
    """

    def __init__(
        self,
        context: DeploymentContext,
        settings: ClusterSettings,
        client: RollbackClient,
        record: Path,
        *,
        no_cluster: str = "",
        began: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._context, self._settings, self._client = context, settings, client
        self._record, self._no_cluster, self._began = record, no_cluster, began

    def assess_previous_release(self) -> Assessment:
        """Every pod runs the previous digest, and the deployment asks for it."""
        return self._assess(
            "Every pod runs the release before",
            lambda builder: rollback_pods.check_previous_release(
                self._settings, self._state, builder
            ),
            *("image", "previous_digest"),
        )

    def assess_availability(self) -> Assessment:
        """The rollback has ended, and as many pods are available as are declared."""
        return self._assess(
            "The deployment is available after the rollback",
            lambda builder: deployment_state.check_availability(
                self._settings, self._state, builder
            ),
            "replicas",
        )

    def assess_failed_release(self) -> Assessment:
        """No pod and no replica set of the failed release is left in the namespace."""
        return self._assess(
            "The failed release is gone from the cluster",
            lambda builder: rollback_pods.check_failed_release_gone(
                self._settings, self._state, builder
            ),
            "digest",
        )

    def assess_configuration(self) -> Assessment:
        """ConfigMaps, Secrets and the template are as recorded, and the pods have read them."""
        return self._assess(
            "The configuration of the release before is back",
            lambda builder: configuration_check.compare_configuration(
                self._settings, self._client, self._state, self._record, self._began(), builder
            ),
            *("image", "previous_digest"),
        )

    def record_configuration(self) -> Assessment:
        """Write down the configuration of the release before. Nothing without a cluster."""
        builder, title = AssessmentBuilder(), "The configuration of the release before is recorded"
        if not self._no_cluster and self._settings.api is None:
            builder.checked.append("no cluster is declared")
            return self._context.finish(builder, title)
        return self._assess(
            title,
            lambda builder: configuration_check.record_configuration(
                self._settings, self._client, self._record, builder
            ),
            *("image", "previous_digest"),
        )

    @cached_property
    def _state(self) -> DeploymentState:
        return self._client.load_rollback()

    def _assess(
        self, title: str, check: Callable[[AssessmentBuilder], None], *keys: str
    ) -> Assessment:
        builder, settings = AssessmentBuilder(), self._settings
        if self._no_cluster:
            builder.checked.append(f"no cluster is declared: {self._no_cluster}")
            return self._context.finish(builder, title)
        needed, rule = (*LOCATION_KEYS, *keys), rules.DEPLOYMENT_DECLARED
        if not self._context.add_undeclared(builder, rule, SECTION, settings, needed):
            try:
                check(builder)
            except SourceUnavailable as error:
                add_failure(builder, rules.API_ANSWERS, error)
        return self._context.finish(builder, title)
