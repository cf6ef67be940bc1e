"""The questions to a deployment in Kubernetes; each method answers one.

All of them go by one look, taken at the first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from cutover_gates.config import deployment
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.deployment.kubernetes import deployment_state, pods, rollback_revisions
from cutover_gates.probes.deployment.kubernetes.client import DeploymentState
from cutover_gates.probes.deployment.model import (
    DeploymentAssessmentBuilder,
    format_undeclared_keys,
)
from cutover_gates.util.concurrency import ObjectNotFound
from cutover_gates.util.http import SourceUnavailable

StateCheck = Callable[
    [deployment.ClusterSettings, DeploymentState, DeploymentAssessmentBuilder], None
]
ITEM, SECTION = "kubernetes-cluster", "cluster"
LOCATION_KEYS = ("api", "namespace", "deployment")


class KubernetesAssessments:
    """A target's deployment.

    What is not declared of it, and what its API does not tell, is not proven.
    """

    def __init__(
        self,
        target: str,
        settings: deployment.ClusterSettings,
        look: Callable[[], DeploymentState],
        record: Callable[[Assessment], None],
    ) -> None:
        self._target, self._settings, self._load_state, self._record = (
            target,
            settings,
            look,
            record,
        )

    def assess_availability(self) -> Assessment:
        """The rollout has ended, and as many pods are available as are declared."""
        return self._assess(
            "The deployment is available", deployment_state.check_availability, "replicas"
        )

    def assess_images(self) -> Assessment:
        """Every pod runs the declared image: its digest, for a tag may be moved."""
        return self._assess(
            "Every pod runs the declared image",
            pods.check_images,
            "image",
            self._settings.running_digest_key,
        )

    def assess_pods(self) -> Assessment:
        """No pod waits, crashes or has been restarted."""
        return self._assess("The pods are well", pods.check_pods)

    def assess_disruption_budgets(self) -> Assessment:
        """A node can be emptied, and not all pods can be taken away at once."""
        return self._assess(
            "A disruption budget guards the pods", deployment_state.check_disruption_budgets
        )

    def assess_probes(self) -> Assessment:
        """A pod that hangs is restarted, and one that is not ready gets no traffic."""
        return self._assess("The container has probes", deployment_state.check_probes, "image")

    def assess_resources(self) -> Assessment:
        """Every container says what it needs, and how much it may take."""
        return self._assess("Requests and limits are declared", deployment_state.check_resources)

    def assess_previous_revision(self) -> Assessment:
        """The revision to go back to is there, with the image of the release before; in Helm's
        history, too, where Helm is declared.
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

    def _assess(self, title: str, examine: StateCheck, *keys: str) -> Assessment:
        notes = DeploymentAssessmentBuilder(title)
        try:
            if lacking := format_undeclared_keys(
                self._target, ITEM, SECTION, self._settings, (*LOCATION_KEYS, *keys)
            ):
                notes.not_proven.append(lacking)
            else:
                examine(self._settings, self._state, notes)
        except ObjectNotFound as missing:
            notes.findings.append(f"{title}: {missing}.")
        except SourceUnavailable as silent:
            notes.not_proven.append(f"{title}: {silent}.")
        found = notes.finish()
        self._record(found)
        return found
