"""The rules of a step of a rollout."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

STEP_WATCHED = Rule(
    "ROLLOUT-001",
    "The step was watched from its beginning to its end",
    "A time without probes may have been an outage of the new release.",
    "Start `cutover-gates watch` before the rollout, and give it a machine that is not busy.",
)
TRAFFIC_ON_NEW = Rule(
    "ROLLOUT-002",
    "The new release answered during the whole step",
    "A canary without traffic proves nothing, and is advanced all the same.",
    "Look at the weight, at the route and at the pods of the new release. Set limits.release_header"
    " to the header that names the release.",
)
SHARE_AS_DECLARED = Rule(
    "ROLLOUT-003",
    "The new release answers the share of the step",
    "A step with another share is another step: at 33 % a third of the wards is the canary.",
    "Look at the weights that the balancer has, and at the number of instances: 10 % of three pods"
    " are 33 %.",
)
EACH_OPERATION_ASKED = Rule(
    "ROLLOUT-004",
    "Each critical path was answered by the new release",
    "A path that only the old release answered is not known to work.",
    "Raise the rate of the path in watch.paths, prolong the step, or let the balancer deal by"
    " chance instead of in a fixed order.",
)
ONE_NEW_RELEASE = Rule(
    "ROLLOUT-005",
    "Only the two releases answered, and the new one had one image during the step",
    "What was proven of one image says nothing of another.",
    "Find out who deployed meanwhile, and begin the step again.",
)
NO_MORE_ERRORS = Rule(
    "ROLLOUT-006",
    "The new release fails no more often than the old one at the same time",
    "What the new release breaks grows with its share.",
    "Roll back, and look at the first failures: the operation, the instance and the reason.",
)
NOT_SLOWER = Rule(
    "ROLLOUT-007",
    "The new release answers no slower than the old one at the same time",
    "Slow answers become time-outs when all of the traffic is on the new release.",
    "Roll back, or compare queries, pools and limits of both releases. Where only its start is"
    " slow, set rollout.proof.warm_up_seconds.",
)
ERRORS_WITHIN_LIMIT = Rule(
    "ROLLOUT-008",
    "The new release fails at most as often as the step allows",
    "A release that fails as often as the one before may still fail too often.",
    "Look at the failures. Where there were too few answers, raise rollout.longest_seconds, or have"
    " the watcher fill up the step (rollout.proof.extra_rate).",
)
WARM_UP_ENDS = Rule(
    "ROLLOUT-009",
    "The new release was past its warm-up for most of the step",
    "What the comparison leaves out is not compared.",
    "Find out why instances are started again and again, or shorten rollout.proof.warm_up_seconds.",
)
WEIGHT_OF_STEP = Rule(
    "STEP-001",
    "The route and the proxy have the weight of the step",
    "A weight that is not the step's is another step, also where chance hides it in the answers.",
    "Look at the route and at the proxy. Set the weight of the step, and begin it again.",
)
STEP_REACHED = Rule(
    "STEP-002",
    "The rolling rollout reached the share of the step",
    "While a pod of the release before serves, nothing is known of all of the traffic.",
    "Wait until so many pods are replaced (kubectl rollout status), and judge the step again.",
)
JOB_RAN_ONCE = Rule(
    "STEP-003",
    "Each scheduled job ran once in each interval",
    "With two releases there are two schedulers: patients get each letter twice.",
    "Let one release alone run the scheduler, or let a run take a lock in the database.",
)
COUNT_STAYED = Rule(
    "STEP-004",
    "No count that must stay grew within the step",
    "What one release writes into a queue, the other may not understand: the message is lost.",
    "Look at the messages that were added. Let both releases read both forms before one of them"
    " writes the new one.",
)
OLD_RELEASE_KEPT = Rule(
    "STEP-007",
    "After the switch of a blue-green rollout the release before stands ready",
    "Without it the way back is a deployment of minutes, and not a switch.",
    "Start the instances of the release before again, or correct rollout.kept_urls.",
)
ANSWERED_BY_NEW = Rule(
    "STEP-006",
    "The new release answered the functional checks of the step",
    "Checks that the old release alone answered say nothing of the new one.",
    "Declare rollout.pin_header and let the balancer obey it; or let it deal each connection anew,"
    " and run the step again.",
)
