"""Rules for the deployment in Kubernetes."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

DEPLOYMENT_DECLARED = Rule(
    "K8S-001",
    "The deployment in Kubernetes is declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.infrastructure.cluster]. Where there is no cluster, give the"
    " reason in [targets.NAME.not_applicable].",
)
API_ANSWERS = Rule(
    "K8S-002",
    "The cluster's API answers the gate's queries",
    "Nothing is known of a deployment that cannot be read.",
    "Correct cluster.api, cluster.ca_file or cluster.token_file, and let the token read"
    " deployments, pods, replica sets and disruption budgets (with Helm also secrets; for the way"
    " back the config maps and secrets that the deployment names).",
)
DEPLOYMENT_EXISTS = Rule(
    "K8S-003",
    "The deployment exists",
    "Without it nothing runs.",
    "Deploy the release, or correct cluster.namespace and cluster.deployment.",
)
CHANGE_OBSERVED = Rule(
    "K8S-004",
    "The cluster has acted on the newest change of the deployment",
    "Until then its status describes the change before.",
    "Wait and run again. If it stays, look at the controller manager.",
)
NOT_PAUSED = Rule(
    "K8S-005",
    "The rollout is not paused",
    "A paused deployment does not roll out any change.",
    "Resume the rollout.",
)
DECLARED_REPLICAS = Rule(
    "K8S-006",
    "Every count of pods is the one that cluster.replicas declares",
    "Fewer pods carry more load, and a rollout that is half done serves two releases.",
    "Finish the rollout or scale the deployment, or correct cluster.replicas.",
)
CONDITIONS_TRUE = Rule(
    "K8S-007",
    "The deployment is available and its rollout progresses",
    "Kubernetes itself reports that the deployment has failed.",
    "Look at the reason, and at the events of the pods.",
)
PODS_EXIST = Rule(
    "K8S-008",
    "The deployment has pods",
    "Without pods nothing answers.",
    "Find out with kubectl describe why no pod is started.",
)
DECLARED_IMAGE = Rule(
    "K8S-009",
    "Every pod runs the declared image, by its digest",
    "A pod with another image works with another program, at every third click.",
    "Deploy the declared digest. A tag may have been moved: deploy by digest.",
)
PODS_RUN = Rule(
    "K8S-010",
    "Every pod runs and is ready",
    "A pod that waits or crashes carries no load.",
    "Find the cause with kubectl describe pod.",
)
FEW_RESTARTS = Rule(
    "K8S-011",
    "No container was restarted more often than cluster.restarts allows",
    "Each restart throws its users out.",
    "Read the log of the container before its restart.",
)
BUDGET_SELECTS = Rule(
    "K8S-012",
    "Exactly one disruption budget selects every pod",
    "Without a budget a drained node takes all pods at once; with two Kubernetes evicts none.",
    "Correct the selectors of the disruption budgets.",
)
BUDGET_ALLOWS_SOME = Rule(
    "K8S-013",
    "The disruption budget lets at least one pod go, and not all of them",
    "With none no node can be drained, with all of them nothing is left.",
    "Correct minAvailable or maxUnavailable of the disruption budget.",
)
PROBES_DEFINED = Rule(
    "K8S-014",
    "The container has a liveness and a readiness probe",
    "Without them a container that hangs stays, and one that starts gets requests too early.",
    "Add the probe to the deployment.",
)
RESOURCES_DECLARED = Rule(
    "K8S-015",
    "Every container declares the requests and limits in cluster.must_declare",
    "Under load a container without them starves its neighbours, or is killed for them.",
    "Add the resources to the deployment.",
)
HISTORY_KEPT = Rule(
    "K8S-016",
    "The deployment keeps old revisions",
    "Without them no rollout can be undone.",
    "Set revisionHistoryLimit to 2 or more.",
)
PREVIOUS_REVISION_KEPT = Rule(
    "K8S-017",
    "A revision with the previous digest is kept",
    "kubectl rollout undo needs it to go back.",
    "Deploy the previous release by its digest before the cutover, or correct"
    " cluster.previous_digest.",
)
HELM_RELEASE_DEPLOYED = Rule(
    "K8S-018",
    "The newest revision of the Helm release is deployed",
    "Helm refuses every action while a revision is pending.",
    "Finish or undo the pending revision.",
)
HELM_PREVIOUS_KEPT = Rule(
    "K8S-019",
    "Helm's history holds an earlier revision that was deployed",
    "helm rollback needs it to go back.",
    "Keep Helm's history (--history-max), or correct cluster.helm_release.",
)
HELM_REVISION_KNOWN = Rule(
    "K8S-020",
    "The Helm revision to go back to has the previous digest",
    "An earlier revision may hold the new image with other values; then helm rollback changes"
    " nothing.",
    "Set cluster.helm_revision, or let the token get the secrets sh.helm.release.v1.NAME.vN. Do not"
    " use kubectl rollout undo on a Helm release: Helm then names an image that does not run.",
)
PREVIOUS_RELEASE_WANTED = Rule(
    "K8S-021",
    "The deployment asks for the previous digest",
    "The next pod that is started runs what the deployment asks for, whatever runs now.",
    "Finish the rollback: helm rollback, or kubectl rollout undo where Helm is not used.",
)
PREVIOUS_RELEASE_RUNS = Rule(
    "K8S-022",
    "Every pod of the deployment runs the previous digest, ready or not",
    "A pod of the failed release that becomes ready gets requests at once.",
    "Find out why the pod was not replaced. A tag may have been moved: deploy by digest.",
)
FAILED_RELEASE_GONE = Rule(
    "K8S-023",
    "No pod and no replica set of the failed release is left in the namespace",
    "A canary that was forgotten, or is scaled up again, serves people the failed release.",
    "Scale it to 0 or delete it, and wait until its pods are gone.",
)
CONFIGURATION_RECORDED = Rule(
    "K8S-024",
    "The configuration of the release before was recorded before the cutover",
    "Without it nobody can say whether a ConfigMap or a Secret came back.",
    "Run the gate t12 while the release before runs. Let the token get the ConfigMaps and Secrets"
    " that its pods name.",
)
CONFIGURATION_BACK = Rule(
    "K8S-025",
    "The configuration and the secrets are those of the release before",
    "A rollback of the deployment does not bring back a ConfigMap or a Secret: the old release"
    " works with the settings of the new one, or cannot start.",
    "Apply the configuration of the release before, and restart its pods.",
)
STARTED_ANEW = Rule(
    "K8S-026",
    "The release before was started anew, with the configuration that came back",
    "What was only left running shows nothing of the next start, and holds what it read before.",
    "kubectl rollout restart the deployment, wait until it is available, and run again.",
)
