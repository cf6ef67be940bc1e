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
WRITES_READ_BACK = Rule(
    "WATCH-007",
    "Every write that the watcher got acknowledged was read again after it",
    "What was not read again may be lost.",
    "Run `cutover-gates watch --read-back`.",
)
READ_AFTER_EACH_STEP = Rule(
    "WATCH-008",
    "After each step that was marked, every acknowledged write was read again",
    "A loss that is found at the end of the night is found after the way back is closed.",
    "Let the watcher run when you mark a step, or run `cutover-gates watch --read-back` after it.",
)
FEW_FAIL_FOR_CERTAIN = Rule(
    "WATCH-009",
    "It is certain that fewer probes failed in the whole night than watch.error_share allows",
    "Too few probes to be sure of it prove nothing.",
    "Look at what failed. Where too few were sent, watch for longer or shorten the intervals.",
)
FAST_ALL_NIGHT = Rule(
    "WATCH-010",
    "It is certain that the probes of the whole night were within the objectives",
    "A service that was slow for an hour of the night made people wait.",
    "Look when it was slow: a migration, a cold start, too few instances.",
)
UNDERSTOOD_ACROSS_RELEASES = Rule(
    "WATCH-011",
    "What one release wrote, the other one reads, and knows again when it is repeated",
    "A patient who was registered before the switch is unknown after it, or is there twice.",
    "Let both releases read the same form. Keep idempotency keys where both find them.",
)
STREAM_CAME_BACK = Rule(
    "WATCH-012",
    "A stream that was held open came back within watch.stream.interruption_seconds",
    "A screen that is not told of an alarm looks as calm as one without an alarm.",
    "Let streams drain, or end them so that clients open them again; look whether the new release"
    " and the balancer take them.",
)
NO_RECONNECT_STORM = Rule(
    "WATCH-013",
    "At most watch.stream.most_new_connections streams were opened anew within a second",
    "All screens that call back in the same second take the new release down.",
    "End streams one after the other, and give each another time for its return (`retry`).",
)
TAKEN_BACK_IS_SILENT = Rule(
    "WATCH-014",
    "After the rollback nothing of the release that was taken back answers",
    "An instance that was left writes what the release before does not understand.",
    "Look which instance answered; scale its deployment to none, and let nobody scale it up again.",
)
NOT_FIRED = Rule(
    "TRIGGER-001",
    "The rollback trigger did not fire",
    "The plan orders a rollback where it does.",
    "Follow the manual rollback steps of the plan, then run the gate `rollback`.",
)
DECIDED = Rule(
    "TRIGGER-002",
    "The rollback trigger was decided all the time, and is not pending",
    "A trigger that nobody could see cannot fire.",
    "Let the watch go on until the trigger is clear. Declare the source that is missing: the"
    " reasons stand in the record as lines `unknown`.",
)
EVALUATED = Rule(
    "TRIGGER-003",
    "The triggers were evaluated from watch.begins to the moment of the gate",
    "Nothing fires in a time that is not watched.",
    "Start `cutover-gates watch` before watch.begins, and let it run until the gate is judged.",
)
SAME_DECISIONS = Rule(
    "TRIGGER-004",
    "The record of the evaluations comes to what the watcher decided",
    "A record that lost evaluations, or got others, hides what fired.",
    "Find out who changed the folder. Keep it where only the watcher writes, and watch anew.",
)
SAME_LIMITS = Rule(
    "TRIGGER-005",
    "The watcher decided by the limits that are in force at the gate",
    "A trigger with other limits is another trigger.",
    "Start the watcher again after a change of [targets.NAME.triggers].",
)
OWN_RECORD = Rule(
    "TRIGGER-006",
    "The record is that of this target",
    "The record of another hospital says nothing about this one.",
    "Give each target a folder of its own in watch.folder.",
)
