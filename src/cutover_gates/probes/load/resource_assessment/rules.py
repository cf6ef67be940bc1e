"""Rules for what a target uses under load (RES): its pool, database, CPU and memory."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

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
