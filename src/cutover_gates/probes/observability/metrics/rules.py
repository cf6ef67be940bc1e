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
