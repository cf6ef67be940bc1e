"""The rules of the instances during a step of a rollout."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

STEP_PODS_READY = Rule(
    "ROLLOUT-010",
    "Every pod was ready at the end of the step",
    "A pod that is not ready leaves its share to the others.",
    "Find the cause with kubectl describe pod.",
)
NO_RESTARTS_IN_STEP = Rule(
    "ROLLOUT-011",
    "No container ended within the step",
    "What ends at a tenth of the traffic ends more often at all of it.",
    "Read the log of the container before its restart.",
)
NO_MEMORY_KILLS = Rule(
    "ROLLOUT-012",
    "No container was killed within the step because its memory was used up",
    "More traffic needs more memory: it will be killed again, with all of its requests.",
    "Raise the limit of memory, or find what holds it. Roll back meanwhile.",
)
STEP_IMAGES = Rule(
    "ROLLOUT-013",
    "Every pod runs one of the two declared images, by its digest",
    "A third image is neither judged nor compared.",
    "Find out who deployed it. Correct cluster.digest or cluster.previous_digest.",
)
NO_GRAVE_WARNINGS = Rule(
    "ROLLOUT-014",
    "The cluster gave no grave warning about the deployment within the step",
    "A pod that cannot be started or is thrown out is missing at the next step.",
    "Look at the event: kubectl get events.",
)
AUTOSCALER_AT_REST = Rule(
    "ROLLOUT-015",
    "The autoscaler did not change the number of pods at the end of the step",
    "While pods come and go, the share of the new release moves.",
    "Wait until it is at rest, and judge the step again.",
)
ROOM_TO_SCALE = Rule(
    "ROLLOUT-016",
    "The deployment can get further pods",
    "At its bound neither a surge nor more traffic gets a pod, and a rollback waits for one.",
    "Raise maxReplicas or the quota before the next step.",
)
CLUSTER_TELLS = Rule(
    "ROLLOUT-017",
    "The cluster tells what happened to the instances during the step",
    "Restarts and killed containers are not seen from outside.",
    "Set [targets.NAME.infrastructure.cluster], and let the token list what"
    " rollout.proof.cluster_reads names. Where there is no cluster, say so in"
    " [targets.NAME.not_applicable].",
)
