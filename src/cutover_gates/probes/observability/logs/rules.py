"""Rules for the log of the target and its store."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

LOG_DECLARED = Rule(
    "LOG-001",
    "The store of the target's log is declared",
    "A log that the gate does not know is not checked.",
    "Set the key in [targets.NAME.monitoring.logs]. Where there is no log, give the reason in"
    " [targets.NAME.not_applicable].",
)
STORE_ANSWERS = Rule(
    "LOG-002",
    "The log store answers the check",
    "Nothing is known of lines that cannot be read.",
    "Start the store, or correct url, path, token_file or ca_file in monitoring.logs.",
)
ANSWERS_CARRY_ID = Rule(
    "LOG-003",
    "The target's answers carry the header X-Request-Id",
    "Without it the line of a request cannot be told from others.",
    "Let the target answer with the id that it logs.",
)
LINE_ARRIVES = Rule(
    "LOG-004",
    "The line of a request arrives in the log store in time",
    "An error whose line is lost or late is not noticed in the night.",
    "Start the log collector, let the line hold the request's id, or correct"
    " monitoring.logs.seconds.",
)
LINE_HAS_ID = Rule(
    "LOG-005",
    "The line has the request's id in its field",
    "An id elsewhere in the line cannot be searched for.",
    "Log the id in a field of its own, or correct monitoring.logs.request_id.",
)
LINE_HAS_LEVEL = Rule(
    "LOG-006",
    "The line has a declared level",
    "Errors cannot be told from other lines without it.",
    "Log a level, or correct monitoring.logs.level and monitoring.logs.levels.",
)
LINE_HAS_TIME = Rule(
    "LOG-007",
    "The line has a time",
    "Lines without a time cannot be put in order.",
    "Log the time in ISO 8601, or correct monitoring.logs.time.",
)
LINE_TIME_CORRECT = Rule(
    "LOG-008",
    "The time of the line is that of its request",
    "Lines with a wrong time are read in a wrong order.",
    "Correct the clock or the time zone of the instance, or monitoring.logs.clock_seconds.",
)
LINES_COMPLETE = Rule(
    "LOG-009",
    "The lines of all requests of the check arrive in time",
    "It is unknown what a missing line holds.",
    "Start the log collector, or correct monitoring.logs.seconds and monitoring.logs.request_id.",
)
WINDOW_READABLE = Rule(
    "LOG-010",
    "The lines of the period are few enough to be read in the time of a check",
    "It is unknown what lines hold that were not read.",
    "Narrow monitoring.logs.selector or monitoring.logs.index, or set a later rolled_back.",
)
NO_SECRET = Rule(
    "LOG-011",
    "No line holds a password or a token",
    "Everyone who reads the log can act as somebody else.",
    "Remove the value from what is logged, delete the line, and change the secret.",
)
NO_PATIENT_DATA = Rule(
    "LOG-012",
    "No line holds a patient's data",
    "Everyone who reads the log learns who is a patient.",
    "Remove the value from what is logged, and delete the line.",
)
ROLLBACK_TIME = Rule(
    "LOG-013",
    "The declared time of the rollback is past",
    "No lines are known to be from after the rollback.",
    "Correct monitoring.logs.rolled_back.",
)
NO_ERROR = Rule(
    "LOG-014",
    "No line since the rollback has an error level",
    "The old release does not work with what the new one left behind.",
    "Find the cause by the id of the request, and repair it.",
)
LEVELS_COMPLETE = Rule(
    "LOG-015",
    "Every line since the rollback has a level",
    "Errors may be among the lines without a level.",
    "Log a level, or correct monitoring.logs.level.",
)
REVIEW_TIME = Rule(
    "LOG-016",
    "The hour after monitoring.review.deployed is over, and not more than a week ago",
    "An hour that is not over may still bring errors, and an old one is of another cutover.",
    "Wait until the hour is over, or correct monitoring.review.deployed.",
)
HOUR_COVERED = Rule(
    "LOG-017",
    "The log has lines of the new release, with levels, all through the hour after the cutover",
    "A log that was not collected holds no errors either.",
    "Start the log collector of every instance, or correct monitoring.review.quiet_minutes,"
    " monitoring.logs.level and monitoring.logs.release.",
)
NO_NEW_ERROR = Rule(
    "LOG-018",
    "The hour after the cutover has no error that the day before it did not have",
    "The new release brought it.",
    "Find the cause by the id of the request, and repair it. What was known beforehand belongs into"
    " monitoring.review.expected_errors with its reason.",
)
NOT_MORE_ERRORS = Rule(
    "LOG-019",
    "No known error comes more often in the hour after the cutover than in the whole day before",
    "The new release made a rare error a frequent one.",
    "Find the cause by the id of the request, and repair it.",
)
DAY_BEFORE_KNOWN = Rule(
    "LOG-020",
    "The log has lines of the whole day before the cutover",
    "Whether an error is new cannot be told.",
    "Let the log store keep two days, or look at the error and waive this with a reason.",
)
