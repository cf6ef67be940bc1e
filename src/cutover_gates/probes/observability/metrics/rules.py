"""Rules for the metrics of the target in Prometheus."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

METRICS_DECLARED = Rule(
    "METRIC-001",
    "Prometheus, the instances and the metrics of the target are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.monitoring] or [targets.NAME.monitoring.metrics]. Where there is"
    " none, give the reason in [targets.NAME.not_applicable].",
)
PROMETHEUS_ANSWERS = Rule(
    "METRIC-002",
    "Prometheus answers the check",
    "Nothing is known of metrics that cannot be queried.",
    "Start Prometheus, or correct monitoring.prometheus, monitoring.token_file or"
    " monitoring.ca_file.",
)
INSTANCE_SCRAPED = Rule(
    "METRIC-003",
    "Prometheus scrapes every declared instance",
    "A failure of an instance that is not scraped is not noticed.",
    "Add the instance to Prometheus' scrape configuration, or correct monitoring.targets and"
    " monitoring.labels.",
)
INSTANCE_UP = Rule(
    "METRIC-004",
    "Every scrape of a declared instance succeeds",
    "An instance that cannot be scraped is dead or cannot be watched.",
    "Start the instance, or make its metrics page reachable for Prometheus.",
)
SAMPLE_FRESH = Rule(
    "METRIC-005",
    "The newest sample is not older than scrape_seconds",
    "Old samples show a past state.",
    "Find out why no newer sample arrives, or correct monitoring.scrape_seconds.",
)
METRIC_PRESENT = Rule(
    "METRIC-006",
    "Every declared metric has a series of every instance",
    "A missing series looks like one at zero.",
    "Let the instance expose the metric, or correct monitoring.metrics and monitoring.labels.",
)
COUNTER_GROWS = Rule(
    "METRIC-007",
    "Every declared counter grows with requests",
    "A counter that stands still hides errors and load.",
    "Find out why it stands still (a cache, another process), or correct"
    " monitoring.metrics.moving.",
)
REQUESTS_COUNTED = Rule(
    "METRIC-008",
    "The request counter grows by as many requests as were sent",
    "A counter that misses or doubles requests makes every error rate wrong.",
    "Count every request of every instance once, or correct monitoring.metrics.requests.",
)
SCRAPES_CONTINUE = Rule(
    "METRIC-009",
    "Every instance has a new sample within scrape_seconds",
    "Without new samples no alert can fire.",
    "Shorten Prometheus' scrape interval, or correct monitoring.scrape_seconds.",
)
SEARCHES_ANSWERED = Rule(
    "METRIC-010",
    "The target answers the searches that the check sends",
    "Without answered requests no counter can grow.",
    "Repair the search, and run the check again.",
)
COUNTER_KEPT = Rule(
    "METRIC-011",
    "No counter falls while it is measured",
    "A restart of an instance resets its counters, so their growth is unknown.",
    "Run the check again when no instance restarts.",
)
TIMES_RECORDED = Rule(
    "METRIC-012",
    "The response times of the trigger's operations are recorded before the cutover",
    "Without a baseline from the same histogram nobody knows what twice the baseline is.",
    "Correct monitoring.triggers.operations and monitoring.triggers.durations, or let users and the"
    " run send more requests before the gate.",
)
NIGHT_ERRORS = Rule(
    "METRIC-013",
    "It is certain that few enough requests of people failed in the whole night",
    "What fails for people alone is seen by no probe.",
    "Look which route, status and release failed. Too few requests prove nothing: the reason says"
    " how many do.",
)
NIGHT_COUNTED = Rule(
    "METRIC-014",
    "Prometheus scraped the target all through the night",
    "Errors between two scrapes that are far apart are counted in no window.",
    "Find out why scrapes are missing, or correct monitoring.labels and monitoring.triggers.",
)
NIGHT_FAST = Rule(
    "METRIC-020",
    "It is certain that the requests of people were within the objectives in the whole night",
    "A service that was slow for people alone made them wait, and no probe saw it.",
    "Look which route, instance and release was slow, and when. The objectives are"
    " performance.objectives, the operations monitoring.triggers.operations.",
)
REVIEWED_DAY = Rule(
    "METRIC-015",
    "The day after monitoring.review.deployed is over, and not more than two weeks ago",
    "A day that is not over may still get worse, and an old one is of another cutover.",
    "Wait until the day is over, or correct monitoring.review.deployed.",
)
INSTANCE_STAYED = Rule(
    "METRIC-016",
    "Every declared instance was up in every quarter of an hour of the day after the cutover",
    "An instance that vanished takes its errors with it: the figures look better.",
    "Find out why it was away, or correct monitoring.targets and monitoring.labels.",
)
DAY_BEFORE_WATCHED = Rule(
    "METRIC-017",
    "Prometheus has samples of all of the day before the cutover",
    "There is nothing to hold the first day against.",
    "Let Prometheus keep two days and more, or correct monitoring.labels.",
)
FIGURE_KNOWN = Rule(
    "METRIC-018",
    "Every figure of monitoring.review.compared is one number, for both days",
    "A figure that is missing looks like one at zero.",
    "Correct the query; `or vector(0)` says that no series means zero. Set previous_release where"
    " the query holds $release.",
)
FIGURE_NOT_WORSE = Rule(
    "METRIC-019",
    "No figure of the first day is worse than the day before by more than its factor",
    "The new release works worse than the one before.",
    "Find the cause, or correct factor and ignored_below in monitoring.review.compared.",
)
MEMORY_LASTS = Rule(
    "STEP-005",
    "No instance of the new release grows until it is killed, while the old one does not",
    "An instance that is killed at night takes all of its requests with it, again and again.",
    "Roll back, and look for what the new release keeps in memory. Where so much is right, correct"
    " rollout.memory.limit_mib.",
)
