"""Rules for the target's Redis."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

REDIS_DECLARED = Rule(
    "REDIS-001",
    "The target's Redis is declared",
    "What is not declared is not checked.",
    "Set url in [targets.NAME.infrastructure.redis]. Where there is none, give the reason in"
    " [targets.NAME.not_applicable].",
)
REDIS_ANSWERS = Rule(
    "REDIS-002",
    "Redis answers",
    "Without it nobody stays signed in.",
    "Start Redis, or correct redis.url and redis.ca_file.",
)
ACCESS_GRANTED = Rule(
    "REDIS-003",
    "Redis accepts the gate's user and password",
    "Nothing is known of a Redis that refuses the gate.",
    "Correct redis.username and redis.password, and let the user run the command.",
)
DECLARED_ROLE = Rule(
    "REDIS-004",
    "Redis has the role that redis.role declares",
    "A replica in the place of the master refuses every write.",
    "Promote the server, or correct redis.role.",
)
DATA_LOADED = Rule(
    "REDIS-005",
    "Redis has loaded its data",
    "Until then it refuses every command.",
    "Wait until loading has ended and run again.",
)
MASTER_CONNECTED = Rule(
    "REDIS-006",
    "A replica is connected to its master",
    "What a disconnected replica holds grows old.",
    "Restore the connection between the replica and its master.",
)
CLUSTER_COMPLETE = Rule(
    "REDIS-007",
    "The cluster covers all hash slots",
    "Some keys belong to no node, so some sign-ins fail.",
    "Run redis-cli --cluster fix.",
)
DECLARED_POLICY = Rule(
    "REDIS-008",
    "The memory policy is the declared one",
    "The wrong policy removes sessions in the busiest hour.",
    "Set maxmemory-policy in redis.conf, or correct redis.maxmemory_policy.",
)
NO_EVICTIONS = Rule(
    "REDIS-009",
    "Redis has evicted no keys",
    "Every evicted session signs somebody out in the middle of their work.",
    "Raise maxmemory and restart the count with CONFIG RESETSTAT.",
)
MEMORY_FREE = Rule(
    "REDIS-010",
    "Memory in use is below redis.memory_share of the limit",
    "A full Redis refuses writes or evicts keys.",
    "Raise maxmemory, or remove what fills the memory.",
)
DECLARED_PERSISTENCE = Rule(
    "REDIS-011",
    "Redis keeps its data as redis.persistence declares",
    "Without it everybody must sign in again after a restart, all at once.",
    "Set save or appendonly in redis.conf, or correct redis.persistence.",
)
LAST_SAVE_SUCCEEDED = Rule(
    "REDIS-012",
    "The last snapshot and the last write to the append-only file succeeded",
    "Since the failure nothing was kept.",
    "Look into the log of Redis; often the disk is full.",
)
ROUND_TRIP = Rule(
    "REDIS-013",
    "A key that is written is read again and expires",
    "A Redis that only answers pings does not keep sessions.",
    "Find out why writes are refused or changed.",
)
REPLICA_READ_ONLY = Rule(
    "REDIS-014",
    "A replica refuses writes",
    "What is written to a replica is lost at the next synchronisation.",
    "Set replica-read-only yes, or correct redis.role.",
)
