"""The questions about a deployment in Kubernetes; each method answers one.

All of them judge one state, which the first of them loads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.deployment.deployment_context import DeploymentContext, add_failure
from cutover_gates.probes.deployment.kubernetes import (
    deployment_state,
    pods,
    rollback_revisions,
    rules,
)
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.util.http import SourceUnavailable

StateCheck = Callable[[ClusterSettings, DeploymentState, AssessmentBuilder], None]
SECTION = "cluster"
LOCATION_KEYS = ("api", "namespace", "deployment")


class KubernetesAssessments:
    """The questions about a target's deployment.

    What is not declared, and what the API does not answer, is not proven.
    """

    def __init__(
        self,
        context: DeploymentContext,
        settings: ClusterSettings,
        load_state: Callable[[], DeploymentState],
    ) -> None:
        self._context, self._settings, self._load_state = context, settings, load_state

    def assess_availability(self) -> Assessment:
        """The rollout has ended, and as many pods are available as are declared."""
        return self._assess(
            "The deployment is available", deployment_state.check_availability, "replicas"
        )

    def assess_images(self) -> Assessment:
        """Every pod runs the declared image, by its digest: a tag may be moved."""
        keys = ("image", *self._settings.running_digest_keys)
        return self._assess("Every pod runs the declared image", pods.check_images, *keys)

    def assess_pods(self) -> Assessment:
        """No pod waits, crashes or has been restarted."""
        return self._assess("The pods are well", pods.check_pods)

    def assess_disruption_budgets(self) -> Assessment:
        """A node can be drained, and not all pods can be evicted at once."""
        return self._assess(
            "A disruption budget guards the pods", deployment_state.check_disruption_budgets
        )

    def assess_probes(self) -> Assessment:
        """A container that hangs is restarted, and one that is not ready gets no traffic."""
        return self._assess("The container has probes", deployment_state.check_probes, "image")

    def assess_resources(self) -> Assessment:
        """Every container declares what it needs, and how much it may take."""
        return self._assess("Requests and limits are declared", deployment_state.check_resources)

    def assess_previous_revision(self) -> Assessment:
        """The revision to go back to is kept, with the image of the release before.

        In Helm's history too, where Helm is declared.
        """
        return self._assess(
            "The previous revision is there",
            rollback_revisions.check_previous_revision,
            "image",
            "previous_digest",
        )

    @cached_property
    def _state(self) -> DeploymentState:
        return self._load_state()

    def _assess(self, title: str, check: StateCheck, *keys: str) -> Assessment:
        builder, settings = AssessmentBuilder(), self._settings
        needed = (*LOCATION_KEYS, *keys)
        rule = rules.DEPLOYMENT_DECLARED
        if not self._context.add_undeclared(builder, rule, SECTION, settings, needed):
            try:
                check(settings, self._state, builder)
            except SourceUnavailable as error:
                add_failure(builder, rules.API_ANSWERS, error)
        return self._context.finish(builder, title)
