"""Rules for a load run: its objectives (SLO), what the target uses (RES), and the run (LOADRUN)."""

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

# ── what the target uses ──

POOL_CONNECTIONS = Rule(
    "RES-001",
    "The connection pool has free connections",
    "A request that finds no free connection waits, and then fails.",
    "Raise the size of the pool, or shorten the transactions. The limit is"
    " performance.resources.pool_share.",
)
POOL_WAITING = Rule(
    "RES-002",
    "Requests rarely wait for a connection",
    "Requests that often wait for a connection show that the pool is too small for the load.",
    "Raise the size of the pool, or shorten the transactions. The limit is"
    " performance.resources.pool_waiting_share.",
)
POOL_TIMEOUTS = Rule(
    "RES-003",
    "No request gives up waiting for a connection",
    "Each of these requests failed for somebody.",
    "Raise the size of the pool, or shorten the transactions.",
)
DATABASE_CONNECTIONS = Rule(
    "RES-004",
    "The database server has free connections",
    "A server without free connections refuses every new one, from all applications.",
    "Raise max_connections or the limit of the role, or lower the size of the pools. The limit is"
    " performance.resources.pool_share.",
)
LOCK_WAITS = Rule(
    "RES-005",
    "No session waits long for a lock",
    "Sessions that wait for a lock hold their connections and stop the work of others.",
    "Find the transaction that holds the lock. The limit is"
    " performance.resources.lock_wait_seconds.",
)
DEADLOCKS = Rule(
    "RES-006",
    "The database has no deadlocks",
    "The database ends one of the transactions in a deadlock, and its work is lost.",
    "Read the database's log for the statements, and lock rows in one order.",
)
CPU_USAGE = Rule(
    "RES-007",
    "The target's CPU usage is normal",
    "A target without CPU to spare becomes slow with the next increase of the load.",
    "Profile the target. The limit is performance.resources.cpu_cores.",
)
NO_RESTART = Rule(
    "RES-008",
    "The target does not restart under load",
    "A restart interrupts the requests that are being served.",
    "Read the target's log for the reason, such as a crash or a lack of memory.",
)
MEMORY_USAGE = Rule(
    "RES-009",
    "The target's memory usage is normal",
    "A process that needs more memory than it may have is killed.",
    "Find what uses the memory. The limit is performance.resources.memory_bytes.",
)
MEMORY_GROWTH = Rule(
    "RES-010",
    "The target's memory does not grow under steady load",
    "Memory that grows for an hour is used up by the morning.",
    "Look for a leak. A longer run (performance.min_seconds) measures the growth more exactly. The"
    " limit is performance.resources.growth_bytes_per_minute.",
)
METRICS_SOURCE = Rule(
    "RES-011",
    "The target reports its connection pool",
    "Without figures of the pool nobody sees that it is exhausted.",
    "Set metrics_path, prometheus or kubernetes in performance.resources, or declare"
    " connection-pool-metrics as unsupported with the reason.",
)
DATABASE_SOURCE = Rule(
    "RES-012",
    "The target's database can be observed under load",
    "Waits for locks and deadlocks are seen only in the database.",
    "Set the target's database in its settings, or declare database as unsupported with the"
    " reason.",
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
