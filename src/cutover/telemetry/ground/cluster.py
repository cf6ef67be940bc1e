"""The questions to a deployment in Kubernetes; each method answers one.

All of them go by one look, taken at the first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from cutover.evidence import Examination
from cutover.settings import ground
from cutover.telemetry.ground import containers, pods, revisions, rollout
from cutover.telemetry.ground.api import Look
from cutover.telemetry.ground.bounded import NotThere
from cutover.telemetry.ground.notes import Notes, undeclared
from cutover.telemetry.looks import TelemetrySilent

Examine = Callable[[ground.Cluster, Look, Notes], None]
ITEM, SECTION = "kubernetes-cluster", "cluster"
WHERE = ("api", "namespace", "deployment")


class Cluster:
    """A target's deployment.

    What is not declared of it, and what its API does not tell, is not proven.
    """

    def __init__(
        self,
        target: str,
        settings: ground.Cluster,
        look: Callable[[], Look],
        record: Callable[[Examination], None],
    ) -> None:
        self._target, self._settings, self._take, self._record = target, settings, look, record

    def available(self) -> Examination:
        """The rollout has ended, and as many pods are available as are declared."""
        return self._examine("The deployment is available", rollout.available, "replicas")

    def image(self) -> Examination:
        """Every pod runs the declared image: its digest, for a tag may be moved."""
        return self._examine(
            "Every pod runs the declared image", pods.image, "image", self._settings.running
        )

    def pods_are_well(self) -> Examination:
        """No pod waits, crashes or has been restarted."""
        return self._examine("The pods are well", pods.well)

    def disruption_budget(self) -> Examination:
        """A node can be emptied, and not all pods can be taken away at once."""
        return self._examine("A disruption budget guards the pods", rollout.budget)

    def probes(self) -> Examination:
        """A pod that hangs is restarted, and one that is not ready gets no traffic."""
        return self._examine("The container has probes", containers.probes, "image")

    def resources(self) -> Examination:
        """Every container says what it needs, and how much it may take."""
        return self._examine("Requests and limits are declared", containers.resources)

    def previous_revision(self) -> Examination:
        """The revision to go back to is there, with the image of the release before; in Helm's
        history, too, where Helm is declared.
        """
        return self._examine(
            "The previous revision is there", revisions.previous, "image", "previous_digest"
        )

    @cached_property
    def _look(self) -> Look:
        return self._take()

    def _examine(self, title: str, examine: Examine, *keys: str) -> Examination:
        notes = Notes(title)
        try:
            if lacking := undeclared(self._target, ITEM, SECTION, self._settings, (*WHERE, *keys)):
                notes.unproven.append(lacking)
            else:
                examine(self._settings, self._look, notes)
        except NotThere as missing:
            notes.findings.append(f"{title}: {missing}.")
        except TelemetrySilent as silent:
            notes.unproven.append(f"{title}: {silent}.")
        found = notes.done()
        self._record(found)
        return found
