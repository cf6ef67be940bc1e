"""The rules of the way back."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

TRAFFIC_STOPPED = Rule(
    "BACK-001",
    "No answer comes from the failed release",
    "One pod that is left serves people the release that was given up.",
    "Remove every instance of it from the balancer, and stop it. Look for a canary, a route and a"
    " second deployment.",
)
QUIET_LONG_ENOUGH = Rule(
    "BACK-002",
    "The failed release has not answered for rollout.rollback.quiet_seconds",
    "A canary that is scaled up again, or a route that flaps, is quiet for a moment only.",
    "Find out what brings it back, and run again when it has been quiet for so long.",
)
READY_BEFORE_TRAFFIC = Rule(
    "BACK-003",
    "The release before was ready when the traffic came back to it",
    "An instance that starts under full load answers with errors, and may never get up.",
    "Start the release before, wait until it is ready, and only then move the traffic.",
)
RESTORED_IN_TIME = Rule(
    "BACK-004",
    "The service was good again within rollout.rollback.restore_seconds",
    "A ward that waits longer has gone back to paper.",
    "Find out what took the time: the decision, the deployment, the start, the database.",
)
ROLLBACK_WATCHED = Rule(
    "BACK-005",
    "The rollback was watched, and when it began is known",
    "What nobody watched may have been an outage.",
    "Let `cutover-gates watch` run until the rollback has ended, and say when it begins:"
    " `cutover-gates watch --mark rollback-begins`, or rollout.rollback.began.",
)
