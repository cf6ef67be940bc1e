"""The rules of the watcher's record."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

WATCHED = Rule(
    "WATCH-001",
    "The cutover was watched from its begin to its end",
    "A time without probes may have been an outage.",
    "Start `cutover-gates watch` before watch.begins, let it run until watch.ends, and give it a"
    " machine that is not busy.",
)
RECORD_WHOLE = Rule(
    "WATCH-002",
    "Every line of the record is as the watcher wrote it",
    "A record that was edited or lost a part proves nothing.",
    "Find out who changed the folder. Keep it where only the watcher writes.",
)
NO_LONG_GAP = Rule(
    "WATCH-003",
    "No gap of the service was longer than watch.longest_gap_seconds",
    "A ward that gets no answer goes back to paper.",
    "Look what was deployed, stopped or reloaded then: readiness, draining, the balancer.",
)
GAPS_TOGETHER = Rule(
    "WATCH-004",
    "All gaps of the service together were at most watch.gap_share of the time",
    "Many short gaps are an outage in pieces.",
    "Look what the gaps have in common: a path, an instance, a release.",
)
FEW_FAILURES = Rule(
    "WATCH-005",
    "Fewer probes failed than watch.error_share allows",
    "What failed for the watcher failed for people, too.",
    "Look at the reasons of the failures, and at the release and instance that gave them.",
)
PATHS_ASKED = Rule(
    "WATCH-006",
    "Every critical path was asked as often as its interval says",
    "A path that was hardly asked may have been broken.",
    "Shorten the interval of the path in watch.paths, or give the watcher a machine that is not"
    " busy.",
)
READ_AFTER_EACH_STEP = Rule(
    "WATCH-008",
    "After each step that was marked, every acknowledged write was read again",
    "A loss that is found at the end of the night is found after the way back is closed.",
    "Let the watcher run when you mark a step, or run `cutover-gates watch --read-back` after it.",
)
WRITES_READ_BACK = Rule(
    "WATCH-007",
    "Every write that the watcher got acknowledged was read again after it",
    "What was not read again may be lost.",
    "Run `cutover-gates watch --read-back`.",
)
