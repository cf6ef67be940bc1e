"""Rules for a load run: its objectives (SLO), and the run itself (LOADRUN)."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

# ── objectives ──

RESPONSE_TIME = Rule(
    "SLO-001",
    "Every operation answers within its objective",
    "Staff who wait for an answer cannot treat a patient meanwhile.",
    "Find what slows the operation (slow queries, locks, CPU). An objective that is too strict"
    " stands in performance.objectives.",
)
ERROR_RATE = Rule(
    "SLO-002",
    "Fewer requests fail than performance.error_rate allows",
    "A request that fails is work that somebody in the hospital has to do again.",
    "Read the failed answers and the target's log for the cause. The limit is"
    " performance.error_rate.",
)
BASELINE_RATIO = Rule(
    "SLO-003",
    "No operation is much slower than in the baseline",
    "A wait that doubles is the first sign of a release that will not bear the day.",
    "Compare the slow operation between the releases. The allowed ratio is"
    " performance.baseline.ratio.",
)
SAFETY_ERRORS = Rule(
    "SLO-004",
    "The load runs without a stop because of errors",
    "A target that fails one request in twenty for ten seconds is in trouble, so the load stops.",
    "Find out why the target fails under this load, then run the gate again.",
)
SAFETY_SLOWDOWN = Rule(
    "SLO-005",
    "The load runs without a stop because of slow answers",
    "A target that answers much too slowly for ten seconds is overloaded, so the load stops.",
    "Find out what the target waits for under this load, then run the gate again.",
)
BASELINE_TAIL = Rule(
    "SLO-006",
    "No operation's slowest answers are much slower than in the baseline",
    "A median hides those who wait: one answer in twenty that takes twice as long is every nurse,"
    " every hour.",
    "Compare the slow answers of the operation between the releases. The allowed ratios are"
    " performance.baseline.p95_ratio and p99_ratio.",
)
NEW_CONNECTIONS = Rule(
    "SLO-007",
    "Requests on new connections keep the same objectives",
    "A new user opens a new connection: one that hangs is a screen that does not open.",
    "Look at what accepts connections: an instance that is down, a full backlog, the TLS handshake,"
    " a slow name lookup. The share of such requests is performance.new_connections.",
)
ASKED_AGAIN = Rule(
    "SLO-008",
    "The target rarely closes a connection instead of answering",
    "A browser sends a read again, unnoticed; a write that meets such a close is lost.",
    "Let the target keep idle connections open longer than the load balancer does, and look for"
    " workers that end or crash. The limit is performance.asked_again.",
)

# ── the run itself ──

REQUESTS_JUDGED = Rule(
    "LOADRUN-001",
    "The run judges requests",
    "A run without a request says nothing about the target.",
    "Read why the run ended, remove the cause, and run the gate again.",
)
LOG_COMPLETE = Rule(
    "LOADRUN-002",
    "Every load process reports to its end",
    "Samples that are lost may be the ones that were slow or failed.",
    "Remove the cause that is named, and run the gate again.",
)
SENT_ON_TIME = Rule(
    "LOADRUN-003",
    "Requests are sent on schedule",
    "Where the load generator is late, long response times are its own.",
    "Use a faster or less busy machine for the load, or lower performance.rate.",
)
JOURNEYS_STARTED = Rule(
    "LOADRUN-004",
    "All planned journeys are started",
    "A target that was not loaded as planned did not show how it bears the load.",
    "Use a faster or less busy machine for the load, or lower performance.rate.",
)
GENERATOR_CPU = Rule(
    "LOADRUN-005",
    "Every load process has CPU to spare",
    "A process that uses a whole processor measures its own delays.",
    "Set performance.processes higher.",
)
LOAD_PREPARED = Rule(
    "LOADRUN-006",
    "The load can be prepared",
    "Without accounts and patients to work with no load can be made.",
    "Remove the cause that is named, and run the gate again.",
)
LOAD_LARGE_ENOUGH = Rule(
    "LOADRUN-007",
    "The planned load is large enough to prove the objectives",
    "Too few requests cannot prove a rare event to be rare.",
    "Raise performance.rate or performance.max_seconds, or drop the objective.",
)
BASELINE_NAMED = Rule(
    "LOADRUN-008",
    "A baseline is named",
    "Without a baseline nobody knows whether the release is slower than the one before.",
    "Set performance.baseline.name and record one with `pytest -m t1`, or declare baseline as"
    " unsupported with the reason.",
)
BASELINE_READABLE = Rule(
    "LOADRUN-009",
    "The named baseline exists and can be read",
    "Without a baseline nobody knows whether the release is slower than the one before.",
    "Record one with `pytest -m t1 --target NAME`.",
)
BASELINE_COMPARABLE = Rule(
    "LOADRUN-010",
    "The baseline comes from the same target, load and machine",
    "Times under another load, or from another machine, are no measure for this run.",
    "Record a new baseline with `pytest -m t1`, or give this run the settings of the baseline.",
)
BASELINE_RECENT = Rule(
    "LOADRUN-011",
    "The baseline is recent",
    "An old baseline measures a system that has changed since.",
    "Record a new baseline with `pytest -m t1`. The age is performance.baseline.max_age_hours.",
)
BASELINE_COMPLETE = Rule(
    "LOADRUN-012",
    "The baseline holds every operation of the load",
    "An operation that the baseline does not hold is compared with nothing.",
    "Record a new baseline with `pytest -m t1`.",
)
BASELINE_FROM_GOOD_RUN = Rule(
    "LOADRUN-013",
    "The baseline comes from a run that passes",
    "A bad run as a baseline would excuse every bad run after it.",
    "Fix what this run found, and record the baseline again.",
)
