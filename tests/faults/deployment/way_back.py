"""Faults of a rollback in Kubernetes: the image, the configuration, what is left behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cutover_gates.probes.deployment.kubernetes import rules
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.faults.deployment.deployment_fault import DeploymentFault
from tests.standins.deployment_objects import (
    IMAGE,
    ago,
    configuration,
    containers,
    deployment_objects,
    helm,
    pod,
    replica_set,
    start_pod,
)

OTHER = f"sha256:{'0' * 63}1"
RUNS, SETTLED = (
    "test_every_pod_runs_the_release_before",
    "test_the_rollback_of_the_deployment_has_ended",
)
GONE = "test_the_failed_release_is_gone_from_the_cluster"
CONFIGURED = "test_the_configuration_of_the_release_before_is_back"
REVISION = "test_the_previous_revision_is_there"


class _Rollback(DeploymentFault):
    """The cluster after a rollback; `spoil` harms it."""

    item, file, gate = "previous-version", "rollback", "rollback"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.roll_back()
        self.spoil(environment)

    def spoil(self, environment: DeploymentEnvironment) -> None:
        """Do the harm."""
        raise NotImplementedError

    @staticmethod
    def pods(environment: DeploymentEnvironment) -> list[dict[str, Any]]:
        return environment.kubernetes.objects["pods"]


# ── the image ──


class EveryPodRunsTheNewImage(_Rollback):
    """Somebody undid the wrong deployment: the answers come from a cache, and all pods are new."""

    breaks = (rules.PREVIOUS_RELEASE_RUNS, rules.PREVIOUS_RELEASE_WANTED)
    check, shows = RUNS, "(digest)"
    also: ClassVar[Mapping[str, str]] = {
        GONE: "they are pods of the failed release",
        CONFIGURED: "no pod was started since",
    }

    def spoil(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects = deployment_objects(
            environment.digest, environment.previous
        )


class TheTagLeadsToAnotherImage(_Rollback):
    """The old tag was pushed again for a correction: the same name, and another program."""

    breaks = (rules.PREVIOUS_RELEASE_RUNS,)
    check, shows = RUNS, OTHER

    def spoil(self, environment: DeploymentEnvironment) -> None:
        for one in self.pods(environment):
            one["spec"]["containers"][0]["image"] = f"{IMAGE}:1.9.0"
            one["status"]["containerStatuses"][0]["imageID"] = f"{IMAGE}@{OTHER}"


class APodThatIsNotReadyHasAnotherImage(_Rollback):
    """It starts slowly. When it is ready, every third click goes to another program."""

    breaks = (rules.PREVIOUS_RELEASE_RUNS,)
    check, shows = RUNS, OTHER

    def spoil(self, environment: DeploymentEnvironment) -> None:
        self.pods(environment)[1]["status"]["containerStatuses"][0].update(
            imageID=f"{IMAGE}@{OTHER}", ready=False
        )


class APodHasNotPulledYet(_Rollback):
    """Its image is too large or the registry is slow; what will run is a tag."""

    breaks = (rules.PREVIOUS_RELEASE_RUNS,)
    check, outcome, shows = RUNS, "not proven", "is not known"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        waiting = self.pods(environment)[2]
        waiting["spec"]["containers"][0]["image"] = f"{IMAGE}:1.9.0"
        waiting["status"] = {"phase": "Pending"}


class TheDeploymentStillAsksForTheNewImage(_Rollback):
    """The rollback was paused: the next pod that is moved starts as the failed release."""

    breaks = (rules.PREVIOUS_RELEASE_WANTED,)
    check, shows = RUNS, "(previous_digest)"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        spec = environment.kubernetes.objects["deployments"][0]["spec"]["template"]["spec"]
        spec["containers"][0]["image"] = f"{IMAGE}@{environment.digest}"


class TheOldReleaseIsTooSmall(_Rollback):
    """Two of three pods are not available when the whole hospital comes back."""

    breaks = (rules.DECLARED_REPLICAS,)
    check, shows = SETTLED, "1 available"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["deployments"][0]["status"].update(
            availableReplicas=1, readyReplicas=1
        )


# ── what is left behind ──


class _LeftBehind(_Rollback):
    item = "traffic-stopped"
    breaks = (rules.FAILED_RELEASE_GONE,)
    check = GONE


class ACanaryIsKept(_LeftBehind):
    """A deployment of its own, with other labels: nobody looks at it, and one in ten meets it."""

    shows = "pod canary"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        kept = pod("canary", environment.digest)
        kept["metadata"]["labels"] = {"app": "canary"}
        self.pods(environment).append(kept)


class AnAbortedCanaryIsScaledUpAgain(_LeftBehind):
    """No pod is there yet: the cluster is about to start three."""

    shows = "3 wanted"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        wanted = replica_set(1, environment.digest, 3)
        wanted["metadata"].update(name="canary-r1", labels={"app": "canary"}, ownerReferences=[])
        environment.kubernetes.objects["replicasets"].append(wanted)


class APodOfTheFailedReleaseIsEnding(_LeftBehind):
    """It is being deleted, and holds its connections for another minute."""

    outcome, shows = "not proven", "wait until it is gone"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        ending = pod("ending", environment.digest)
        ending["metadata"].update(labels={"app": "canary"}, deletionTimestamp=ago(seconds=5))
        self.pods(environment).append(ending)


# ── configuration and secrets ──


class _Configuration(_Rollback):
    check = CONFIGURED
    breaks = (rules.CONFIGURATION_BACK,)


class TheConfigMapIsStillTheNewOne(_Configuration):
    """The old release reads the settings of the new one, and writes where nobody looks."""

    shows = "ConfigMap backend-config | as at"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["configmaps"] = [
            configuration("backend-config", {"POOL": "20", "MODE": "contracted"}, version=9)
        ]


class TheSecretIsStillTheNewOne(_Configuration):
    """The password was changed with the release: the next pod of the old one cannot sign in."""

    shows = "Secret backend-secrets"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        secrets = environment.kubernetes.objects["secrets"]
        secrets[-1] = configuration("backend-secrets", {"password": "bmV3"}, "Opaque", 9)


class TheConfigMapIsGone(_Configuration):
    """The chart of the new release removed it: no pod of the old one can start any more."""

    shows = "ConfigMap backend-config | as at"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["configmaps"] = []


class OnlyTheImageWasSetBack(_Configuration):
    """`kubectl set image` leaves the variables of the new release."""

    shows = "container backend: env"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        changed = containers(environment.previous)
        changed[0]["env"].append({"name": "WRITES_TO", "value": "new_columns"})
        template = environment.kubernetes.objects["deployments"][0]["spec"]["template"]
        template["spec"]["containers"] = changed


class TheOldReleaseWasNotStartedAnew(_Configuration):
    """The pods that were left run with what they read two days ago: nobody knows the next start."""

    outcome, shows = "not proven", "the next start is not known"
    breaks = (rules.STARTED_ANEW,)

    def spoil(self, environment: DeploymentEnvironment) -> None:
        for one in self.pods(environment):
            start_pod(one, ago(days=2))


class APodStillHasTheConfigurationOfTheNight(_Configuration):
    """The ConfigMap came back after the pod was started, so it works with that of the new one."""

    shows = "a start after ConfigMap backend-config was written"
    breaks = (rules.STARTED_ANEW,)

    def spoil(self, environment: DeploymentEnvironment) -> None:
        (config_map,) = environment.kubernetes.objects["configmaps"]
        config_map["metadata"]["resourceVersion"] = "9"
        config_map["metadata"]["managedFields"][0]["time"] = ago(minutes=5)


class NobodyRecordedTheConfiguration(_Configuration):
    """What was there before the cutover is in nobody's hands."""

    outcome, shows = "not proven", "there is none"
    breaks = (rules.CONFIGURATION_RECORDED,)

    def spoil(self, environment: DeploymentEnvironment) -> None:
        environment.record_path.unlink()


class TheRecordWasEdited(_Configuration):
    """Somebody made it fit."""

    outcome, shows = "not proven", "damaged or was edited"
    breaks = (rules.CONFIGURATION_RECORDED,)

    def spoil(self, environment: DeploymentEnvironment) -> None:
        text = environment.record_path.read_text(encoding="utf-8")
        environment.record_path.write_text(text.replace('"taken": 1', '"taken": 2'), "utf-8")


class TheSecretMayNotBeRead(_Configuration):
    """The token is not allowed to get it."""

    outcome, shows = "not proven", "may not read them"

    def spoil(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.forbidden = frozenset({"secrets"})


# ── Helm's revision, before it is needed ──


class _HelmRevision(DeploymentFault):
    item, file, check = "kubernetes-cluster", "kubernetes", REVISION
    breaks = (rules.HELM_REVISION_KNOWN,)

    @staticmethod
    def history(environment: DeploymentEnvironment, *revisions: dict[str, Any]) -> None:
        secrets = environment.kubernetes.objects["secrets"]
        environment.kubernetes.objects["secrets"] = [*secrets[2:], *revisions]


class AnEarlierRevisionOfHelmHasTheNewImage(_HelmRevision):
    """Helm keeps two revisions, both of the new release: its rollback changes nothing."""

    shows = "other images in revision 2"

    def harm(self, environment: DeploymentEnvironment) -> None:
        digest = environment.digest
        self.history(environment, helm(2, "superseded", digest), helm(3, "deployed", digest))


class TheImageOfHelmsRevisionsIsUnknown(_HelmRevision):
    """Two revisions could be meant, and nobody can say which image they hold."""

    outcome, shows = "not proven", "the image of revision 1, 2 is not known"

    def harm(self, environment: DeploymentEnvironment) -> None:
        revisions = [helm(1, "superseded"), helm(2, "superseded"), helm(3, "deployed")]
        self.history(environment, *revisions)


class HelmForgotTheFirstRevision(_HelmRevision):
    """One earlier revision is left, and it need not be the one of the release before."""

    outcome, shows = "not proven", "the image of revision 2 is not known"

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.history(environment, helm(2, "superseded"), helm(3, "deployed"))


class TheDeclaredRevisionOfHelmHasFailed(_HelmRevision):
    """The first install never served anybody."""

    breaks = (rules.HELM_PREVIOUS_KEPT,)
    shows = "1 failed"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {"cluster": {"helm_revision": 1}}

    def harm(self, environment: DeploymentEnvironment) -> None:
        digest = environment.digest
        self.history(environment, helm(1, "failed"), helm(2, "deployed", digest))


class TheDeclaredRevisionOfHelmHasTheNewImage(_HelmRevision):
    """A typing error in the settings: the command of the plan leaves the failed release running."""

    shows = "other images in revision 2"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {"cluster": {"helm_revision": 2}}

    def harm(self, environment: DeploymentEnvironment) -> None:
        old, new = environment.previous, environment.digest
        self.history(
            environment,
            helm(1, "superseded", old),
            helm(2, "superseded", new),
            helm(3, "deployed", new),
        )
