"""Faults of the deployment in Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from cutover_gates.probes.deployment.kubernetes import rules
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.faults.deployment.deployment_fault import DeploymentFault
from tests.standins.deployment_objects import IMAGE, LABELS, NAME, ago, budget, helm, pod

EVERY = (
    "test_the_deployment_is_available",
    "test_every_pod_runs_the_declared_image",
    "test_no_pod_waits_crashes_or_restarts",
    "test_a_disruption_budget_guards_the_pods",
    "test_probes_are_defined",
    "test_requests_and_limits_are_declared",
    "test_the_previous_revision_is_there",
)
OTHER = f"sha256:{'0' * 63}1"


class _Cluster(DeploymentFault):
    item, file = "kubernetes-cluster", "kubernetes"

    @staticmethod
    def status(environment: DeploymentEnvironment, number: int = 1) -> dict[str, Any]:
        """Return the status of the hospital's container in one of its pods."""
        found: dict[str, Any] = environment.kubernetes.objects["pods"][number]["status"][
            "containerStatuses"
        ][0]
        return found

    @staticmethod
    def deployment(environment: DeploymentEnvironment) -> dict[str, Any]:
        return environment.kubernetes.objects["deployments"][0]


# ── what runs ──


class ATagWasMoved(_Cluster):
    """One pod of three was started after a tag was pushed again, and runs another program."""

    breaks = (rules.DECLARED_IMAGE,)
    check, shows = "test_every_pod_runs_the_declared_image", OTHER

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.status(environment)["imageID"] = f"{IMAGE}@{OTHER}"


class SomebodyDeployedAhead(_Cluster):
    """The new release runs the day before, on a database that is not migrated yet."""

    breaks = (rules.DECLARED_IMAGE,)
    check, shows = "test_every_pod_runs_the_declared_image", "(previous_digest)"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {"cluster": {"runs": "previous"}}


class AnImageWasPutOnANodeByHand(_Cluster):
    """It is in no registry, so that nobody can say what it is."""

    breaks = (rules.DECLARED_IMAGE,)
    check, outcome, shows = "test_every_pod_runs_the_declared_image", "not proven", "by hand"

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.status(environment)["imageID"] = f"sha256:{'7' * 64}"


class APodOfTheReleaseBeforeServesOn(_Cluster):
    """Its labels still match, and the service sends it requests."""

    breaks = (rules.DECLARED_IMAGE,)
    check, shows = "test_every_pod_runs_the_declared_image", "left-over"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["pods"].append(pod("left-over", environment.previous))


class APodCrashLoops(_Cluster):
    """It starts, crashes, and waits longer each time."""

    breaks = (rules.PODS_RUN,)
    check, shows = "test_no_pod_waits_crashes_or_restarts", "CrashLoopBackOff"

    def harm(self, environment: DeploymentEnvironment) -> None:
        ended = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": ago(hours=2)}
        self.status(environment).update(
            ready=False,
            restartCount=12,
            state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            lastState={"terminated": ended},
        )


class APodRestartsNowAndThen(_Cluster):
    """Between two crashes it looks well, and its users are signed out each time."""

    breaks = (rules.FEW_RESTARTS,)
    check, shows = "test_no_pod_waits_crashes_or_restarts", "1 restarts, the last at"

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.status(environment).update(
            restartCount=1,
            lastState={
                "terminated": {"exitCode": 1, "reason": "Error", "finishedAt": ago(minutes=20)}
            },
        )


class APodWasRestartedAtATimeThatNobodyKnows(_Cluster):
    """The node does not know when: it may have been a moment ago."""

    breaks = (rules.FEW_RESTARTS,)
    check, outcome, shows = (
        "test_no_pod_waits_crashes_or_restarts",
        "not proven",
        "does not report when",
    )

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.status(environment).update(restartCount=3)


class APodIsPending(_Cluster):
    """No node has room for it: when the next pod fails, too few are left."""

    breaks = (rules.PODS_RUN,)
    check, shows = "test_no_pod_waits_crashes_or_restarts", "Insufficient memory"
    also: ClassVar[Mapping[str, str]] = {
        "test_every_pod_runs_the_declared_image": "it has not pulled anything yet"
    }

    def harm(self, environment: DeploymentEnvironment) -> None:
        placed = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/3 nodes are available: 3 Insufficient memory.",
        }
        environment.kubernetes.objects["pods"][2]["status"] = {
            "phase": "Pending",
            "conditions": [placed],
        }


class APodIsNotReady(_Cluster):
    """It runs and gets no requests."""

    breaks = (rules.PODS_RUN,)
    check, shows = "test_no_pod_waits_crashes_or_restarts", "is not ready"

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.status(environment)["ready"] = False


class AReplicaIsMissing(_Cluster):
    """Two pods carry the load of three."""

    breaks = (rules.DECLARED_REPLICAS,)
    check, shows = "test_the_deployment_is_available", "2 available"

    def harm(self, environment: DeploymentEnvironment) -> None:
        del environment.kubernetes.objects["pods"][2]
        self.deployment(environment)["status"].update(
            replicas=2, readyReplicas=2, availableReplicas=2, updatedReplicas=2
        )


class SomebodyScaledItDown(_Cluster):
    """The deployment is available, with one pod less than was planned."""

    breaks = (rules.DECLARED_REPLICAS,)
    check, shows = "test_the_deployment_is_available", "2 wanted"

    def harm(self, environment: DeploymentEnvironment) -> None:
        AReplicaIsMissing().harm(environment)
        self.deployment(environment)["spec"]["replicas"] = 2


class TheNewestChangeWasNotActedUpon(_Cluster):
    """The controller hangs: the whole status describes the change before."""

    breaks = (rules.CHANGE_OBSERVED,)
    check, shows = "test_the_deployment_is_available", "generation 10"

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.deployment(environment)["metadata"]["generation"] = 10


class TheRolloutIsHalfDone(_Cluster):
    """Two releases answer in turn."""

    breaks = (rules.DECLARED_REPLICAS,)
    check, shows = "test_the_deployment_is_available", "1 updated"

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.deployment(environment)["status"]["updatedReplicas"] = 1


# ── what is declared ──


class NoReadinessProbe(_Cluster):
    """A pod that is just starting gets requests, and answers them with errors."""

    breaks = (rules.PROBES_DEFINED,)
    check, shows = "test_probes_are_defined", "readiness"

    def harm(self, environment: DeploymentEnvironment) -> None:
        for one in environment.kubernetes.objects["pods"]:
            del one["spec"]["containers"][0]["readinessProbe"]


class NoLivenessProbe(_Cluster):
    """A pod that hangs stays until somebody notices."""

    breaks = (rules.PROBES_DEFINED,)
    check, shows = "test_probes_are_defined", "liveness"

    def harm(self, environment: DeploymentEnvironment) -> None:
        for one in environment.kubernetes.objects["pods"]:
            del one["spec"]["containers"][0]["livenessProbe"]


class NoLimitOfMemory(_Cluster):
    """One memory leak takes down the node, and all that runs there."""

    breaks = (rules.RESOURCES_DECLARED,)
    check, shows = "test_requests_and_limits_are_declared", "| no limits.memory |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        for one in environment.kubernetes.objects["pods"]:
            one["spec"]["containers"][0]["resources"] = {
                "requests": {"cpu": "1", "memory": "1Gi"},
                "limits": {"cpu": "1"},
            }


class NothingIsDeclaredBesideTheBackend(_Cluster):
    """The log shipper takes the memory that the backend needs."""

    breaks = (rules.RESOURCES_DECLARED,)
    check, shows = "test_requests_and_limits_are_declared", "log-shipper"

    def harm(self, environment: DeploymentEnvironment) -> None:
        for one in environment.kubernetes.objects["pods"]:
            del one["spec"]["containers"][1]["resources"]


class NoDisruptionBudget(_Cluster):
    """Draining the nodes for an update evicts all pods at once."""

    breaks = (rules.BUDGET_SELECTS,)
    check, shows = "test_a_disruption_budget_guards_the_pods", "| 1 disruption budget | 0 |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["poddisruptionbudgets"] = [
            budget("of-another", {"app": "another"}, 3)
        ]


class TheBudgetLetsNobodyGo(_Cluster):
    """No node can be drained, not even a broken one."""

    breaks = (rules.BUDGET_ALLOWS_SOME,)
    check, shows = "test_a_disruption_budget_guards_the_pods", "| 0 |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["poddisruptionbudgets"][0]["status"][
            "disruptionsAllowed"
        ] = 0


class TheBudgetLetsAllGo(_Cluster):
    """The budget protects nothing."""

    breaks = (rules.BUDGET_ALLOWS_SOME,)
    check, shows = "test_a_disruption_budget_guards_the_pods", "| 3 |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["poddisruptionbudgets"][0]["status"][
            "disruptionsAllowed"
        ] = 3


class TwoBudgetsSelectOnePod(_Cluster):
    """Kubernetes then refuses every eviction."""

    breaks = (rules.BUDGET_SELECTS,)
    check, shows = "test_a_disruption_budget_guards_the_pods", "| 2: "

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["poddisruptionbudgets"].append(budget("second", LABELS, 3))


# ── the way back ──


class ThePreviousRevisionIsGone(_Cluster):
    """There is nothing to roll back to."""

    breaks = (rules.PREVIOUS_REVISION_KEPT,)
    check, shows = "test_the_previous_revision_is_there", "| no earlier revision |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        del environment.kubernetes.objects["replicasets"][1]


class ThePreviousRevisionIsAnotherRelease(_Cluster):
    """The rollback would lead to a release that was never tested with this database."""

    breaks = (rules.PREVIOUS_REVISION_KEPT,)
    check, shows = "test_the_previous_revision_is_there", OTHER

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["replicasets"][1]["spec"]["template"]["spec"]["containers"][
            0
        ]["image"] = f"{IMAGE}@{OTHER}"


class ThePreviousRevisionIsOnlyATag(_Cluster):
    """The tag may lead to any image by now."""

    breaks = (rules.PREVIOUS_REVISION_KEPT,)
    check, outcome, shows = "test_the_previous_revision_is_there", "not proven", "tags only"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["replicasets"][1]["spec"]["template"]["spec"]["containers"][
            0
        ]["image"] = f"{IMAGE}:1.9.0"


class NoRevisionIsKept(_Cluster):
    """The next change of the deployment removes the revision to go back to."""

    breaks = (rules.HISTORY_KEPT,)
    check, shows = "test_the_previous_revision_is_there", "| revisionHistoryLimit 0 |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        self.deployment(environment)["spec"]["revisionHistoryLimit"] = 0


class HelmsHistoryIsGone(_Cluster):
    """`helm rollback`, the command of the plan, answers that the release is not found."""

    breaks = (rules.HELM_PREVIOUS_KEPT,)
    check, shows = "test_the_previous_revision_is_there", "a history in the namespace"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["secrets"] = [
            one for one in environment.kubernetes.objects["secrets"] if one["type"] == "Opaque"
        ]


class HelmHasOneRevisionOnly(_Cluster):
    """There is a release, and nothing before it."""

    breaks = (rules.HELM_PREVIOUS_KEPT,)
    check, shows = (
        "test_the_previous_revision_is_there",
        "an earlier revision that was deployed | none |",
    )

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["secrets"] = [helm(2, "deployed")]


class HelmIsHalfDone(_Cluster):
    """An upgrade was interrupted: Helm refuses every action until somebody cleans up."""

    breaks = (rules.HELM_RELEASE_DEPLOYED,)
    check, shows = "test_the_previous_revision_is_there", "pending-upgrade"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["secrets"].append(helm(3, "pending-upgrade"))


# ── what cannot be seen ──


class TheDeploymentIsGone(_Cluster):
    """It was deleted, or it never existed."""

    breaks = (rules.DEPLOYMENT_EXISTS,)
    check, shows = EVERY[0], f"{NAME} | "
    also: ClassVar[Mapping[str, str]] = dict.fromkeys(EVERY[1:], "there is nothing to look at")

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.objects["deployments"] = []


class TheClusterRefusesTheToken(_Cluster):
    """It was renewed, and the gate has the old one."""

    breaks = (rules.API_ANSWERS,)
    check, outcome, shows = EVERY[0], "not proven", "is the token in token_file still valid?"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys(EVERY[1:], "nothing can be seen")

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.token = "t0ken-number-two"


class TheApiIsDead(_Cluster):
    """No rollback is possible either."""

    breaks = (rules.API_ANSWERS,)
    check, outcome, shows = EVERY[0], "not proven", "cannot be asked"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys(EVERY[1:], "nothing can be seen")
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {"cluster": {"api": "https://127.0.0.1:1"}}


class HelmsSecretsMayNotBeRead(_Cluster):
    """Helm's history is not known; everything else is."""

    breaks = (rules.API_ANSWERS,)
    check, outcome, shows = "test_the_previous_revision_is_there", "not proven", "may not read them"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.kubernetes.forbidden = frozenset({"secrets"})
