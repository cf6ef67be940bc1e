"""Rules for the alerts of the rollback triggers, from their rules to their receiver."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

ALERTS_DECLARED = Rule(
    "ALERT-001",
    "Prometheus, Alertmanager, the receiver and the canary are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.monitoring] or [targets.NAME.monitoring.alerts]. Where there is"
    " none, give the reason in [targets.NAME.not_applicable].",
)
SERVICES_ANSWER = Rule(
    "ALERT-002",
    "Prometheus and Alertmanager answer the check",
    "Nothing is known of alerts that cannot be queried.",
    "Start the service, or correct its address, token_file or ca_file in"
    " [targets.NAME.monitoring].",
)
TRIGGER_HAS_ALERT = Rule(
    "ALERT-003",
    "Every rollback trigger has a declared alert",
    "Without an alert nobody learns that a rollback is due.",
    "Name the alert in monitoring.alerts.rules, or give the reason in"
    " [targets.NAME.not_applicable].",
)
RULE_LOADED = Rule(
    "ALERT-004",
    "Prometheus has loaded the rule of every declared alert",
    "A rule in a file that is not loaded never fires.",
    "Add the rule's file to rule_files and check it with `promtool check rules FILE`, or correct"
    " monitoring.alerts.rules.",
)
RULE_EVALUATED = Rule(
    "ALERT-005",
    "Prometheus evaluates the rule, in time and without an error",
    "A rule that is not evaluated never fires.",
    "Correct the rule's expression, or shorten the interval of its group.",
)
RULE_AS_PLANNED = Rule(
    "ALERT-006",
    "The rule waits and compares as the plan says",
    "An alert with another threshold comes too late or too often.",
    "Correct the rule, or monitoring.alerts.for_seconds and monitoring.alerts.thresholds.",
)
ALERTMANAGER_CONNECTED = Rule(
    "ALERT-007",
    "Prometheus sends its alerts to an Alertmanager",
    "Otherwise no alert leaves Prometheus.",
    "Name the Alertmanager in `alerting` of Prometheus' configuration.",
)
EXPRESSION_PARSED = Rule(
    "ALERT-008",
    "The expression of the rule can be parsed",
    "It is unknown what the rule reads.",
    "Write the expression without functions newer than promql-parser knows, and install the extra"
    " `surroundings`.",
)
SELECTOR_FINDS_SERIES = Rule(
    "ALERT-009",
    "Every selector of the rule finds series",
    "A rule over series that do not exist never fires.",
    "Correct the selector, or declare it in monitoring.alerts.absent_when_healthy with the reason.",
)
ABSENT_METRIC_EXISTS = Rule(
    "ALERT-010",
    "The metric and the labels of a selector that may be absent exist",
    "With a misspelled metric or label the selector never finds series.",
    "Correct the metric or the label in the rule.",
)
EXPRESSION_READS_SERIES = Rule(
    "ALERT-011",
    "The expression of the rule reads a series",
    "An expression of constants has the same result whatever happens.",
    "Write the expression of the trigger.",
)
RECEIVER_NOTIFIES = Rule(
    "ALERT-012",
    "The declared receiver has a way to send",
    "Alerts to a receiver without an integration reach nobody.",
    "Add an integration to the receiver in Alertmanager, or correct monitoring.alerts.receiver.",
)
ROUTED_TO_RECEIVER = Rule(
    "ALERT-013",
    "The routes lead the alert to the declared receiver",
    "An alert at another team's receiver is lost.",
    "Correct Alertmanager's routes, or monitoring.alerts.receiver.",
)
NOT_SILENCED = Rule(
    "ALERT-014",
    "No silence applies to the alert",
    "A silenced alert is not sent.",
    "Expire the silence with `amtool silence expire ID`.",
)
NOT_INHIBITED = Rule(
    "ALERT-015",
    "No active alert inhibits the alert",
    "An inhibited alert is not sent.",
    "Resolve the inhibiting alert, or correct inhibit_rules in Alertmanager.",
)
NOT_MUTED = Rule(
    "ALERT-016",
    "The route of the alert is not muted now",
    "An alert on a muted route is not sent.",
    "Correct the time intervals of the route in Alertmanager.",
)
NOT_SUPPRESSED = Rule(
    "ALERT-017",
    "An alert that fires is sent",
    "A suppressed alert reaches nobody.",
    "Expire the silence, or resolve the inhibiting alert.",
)
INTERVALS_PARSED = Rule(
    "ALERT-018",
    "The time intervals of the routes can be parsed",
    "It is unknown whether a route is muted now.",
    "Correct time_intervals in Alertmanager's configuration.",
)
CANARY_FIRES = Rule(
    "ALERT-019",
    "The canary alert fires in Prometheus in time",
    "An alert that cannot be made to fire tests nothing.",
    "Load the canary's rule, and lower its threshold to what the run's searches reach.",
)
CANARY_ACTIVE = Rule(
    "ALERT-020",
    "The canary alert becomes active in Alertmanager in time",
    "A suppressed or lost canary shows that alerts do not get through.",
    "Expire the silence or resolve the inhibiting alert, and check `alerting` in Prometheus.",
)
CANARY_ARRIVES = Rule(
    "ALERT-021",
    "The canary alert arrives at the run in time",
    "An alert that Alertmanager cannot deliver reaches nobody.",
    "Let a webhook of the canary's receiver send to monitoring.alerts.receiver_listen.",
)
CANARY_RECEIVER = Rule(
    "ALERT-022",
    "The canary alert arrives through its declared receiver",
    "A delivery through another receiver proves nothing about the team's own.",
    "Correct the canary's route, or monitoring.alerts.canary_receiver.",
)
CANARY_LABELS = Rule(
    "ALERT-023",
    "The canary alert arrives with its declared labels",
    "Services behind the receiver decide by labels whom to call.",
    "Correct relabelling, or monitoring.alerts.canary_labels.",
)
RUN_LISTENS = Rule(
    "ALERT-024",
    "The run can listen at receiver_listen",
    "Otherwise the canary cannot arrive.",
    "End the other program that listens there, or change monitoring.alerts.receiver_listen.",
)
EXTRA_INSTALLED = Rule(
    "ALERT-025",
    "The package that reads Alertmanager's configuration is installed",
    "Without it the routes are unknown.",
    "Install this project with its extra `surroundings`.",
)
RULE_AGREES = Rule(
    "ALERT-026",
    "The rule of each trigger fires when the plan says so, and only then",
    "A rule that fires too early rolls a good release back; one that fires too late leaves a bad"
    " one to the wards.",
    "Correct the rule (docs/triggers.md has an example), or name the series of your metrics in"
    " monitoring.alerts.series. A trigger that cannot be tried so is named in"
    " monitoring.alerts.untried with a reason.",
)
