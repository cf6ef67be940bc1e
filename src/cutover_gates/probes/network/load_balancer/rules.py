"""Rules for the load balancer and the backends behind it."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

BACKENDS_DECLARED = Rule(
    "LB-001",
    "The backends and how they name themselves are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.infrastructure.balancer]. Where there is no load balancer, give"
    " the reason in [targets.NAME.not_applicable].",
)
BACKEND_ANSWERS = Rule(
    "LB-002",
    "Every backend answers when it is asked directly",
    "A backend that is down is missing when another one fails.",
    "Start the backend, or remove it from balancer.backends.",
)
REQUESTS_ANSWERED = Rule(
    "LB-003",
    "Every request through the load balancer is answered",
    "Users meet the errors at random, and cannot work.",
    "Take the failing backend out of rotation, or repair the load balancer.",
)
ALL_IN_ROTATION = Rule(
    "LB-004",
    "Every declared backend answers requests through the load balancer",
    "A backend that gets no traffic takes no load, and is untested when it must.",
    "Add the backend to the load balancer's pool.",
)
NO_UNKNOWN_BACKEND = Rule(
    "LB-005",
    "Only declared backends answer through the load balancer",
    "A backend of the old system in the pool writes into the old database.",
    "Remove it from the load balancer's pool, or add it to balancer.backends.",
)
ANSWERS_NAME_BACKEND = Rule(
    "LB-006",
    "Every answer names its backend",
    "Without the name it cannot be seen which backend answered.",
    "Let the backend send the header, or correct balancer.instance_header.",
)
ENOUGH_REQUESTS = Rule(
    "LB-007",
    "Enough requests are answered to meet every backend",
    "With few requests a backend can be missed by chance.",
    "Find out why the load balancer answers slowly.",
)
FAILOVER_TESTABLE = Rule(
    "LB-008",
    "One of several backends can be stopped for the test",
    "Whether requests survive the loss of a backend shows only when one is lost.",
    "Set balancer.kill to a command that stops exactly one backend. Where this is tested elsewhere,"
    " give the reason in [targets.NAME.capabilities] under balancer-failover.",
)
NO_REQUEST_LOST = Rule(
    "LB-009",
    "No request is lost when a backend dies",
    "Machines fail at work, and each lost request is a form that a nurse fills in again.",
    "Let the load balancer check the backends' health and retry on another one.",
)
BACK_IN_ROTATION = Rule(
    "LB-010",
    "A backend that died is back in rotation within balancer.back_seconds",
    "After two failures nothing is left that answers.",
    "Let the backend restart by itself, and the load balancer probe it again.",
)
CLIENT_ADDRESS_KNOWN = Rule(
    "LB-011",
    "The target's log holds the client's own address",
    "An audit that knows only the load balancer's address cannot tell who acted.",
    "Let the load balancer send X-Forwarded-For and the target read it; set balancer.client_field."
    " Where the log does not hold it, give the reason in [targets.NAME.capabilities] under"
    " client-address.",
)
