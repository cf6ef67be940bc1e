"""Faults of Redis."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, ClassVar

import redis

from cutover_gates.probes.network.redis import rules
from cutover_gates.probes.network.redis.assessments import RedisAssessments
from cutover_gates.util.concurrency import wait_for
from tests.faults.network.network_fault import NetworkFault
from tests.faults.network.redis_server import RedisServer, running_redis

VALUE = b"x" * 100_000


class _OfRedis(NetworkFault):
    """A Redis with these `options` and `declared` settings, to which `harm` is done."""

    item, checks = "redis-cluster", "test_redis"
    options: ClassVar[dict[str, str]] = {}
    declared: ClassVar[dict[str, Any]] = {}
    known: ClassVar[dict[str, Any]] = {}

    def way(self, folder: Path) -> AbstractContextManager[RedisAssessments]:
        return running_redis(
            RedisServer(dict(self.options), self.harm, dict(self.declared), **self.known), folder
        )

    def harm(self, client: Any) -> None:
        """Do nothing; a fault overrides it."""


class SessionsAreEvicted(_OfRedis):
    """In the busiest hour nurses are signed out in the middle of a form."""

    breaks = (rules.NO_EVICTIONS,)
    check, shows, declared = (
        "test_redis_has_room",
        "0 evicted keys",
        {"maxmemory_policy": "allkeys-lru"},
    )
    options: ClassVar[dict[str, str]] = {"maxmemory": "3mb", "maxmemory-policy": "allkeys-lru"}

    def harm(self, client: Any) -> None:
        for number in range(60):
            client.set(f"session:{number}", VALUE)


class ThePolicyThrowsSessionsAway(_OfRedis):
    """Nothing is evicted yet, since the memory is not full yet."""

    breaks = (rules.DECLARED_POLICY,)
    check, shows = (
        "test_redis_keeps_its_memory_policy",
        "| noeviction | allkeys-lru |",
    )
    options: ClassVar[dict[str, str]] = {"maxmemory-policy": "allkeys-lru"}


class TheMemoryIsFull(_OfRedis):
    """The next sign-in is refused: OOM."""

    breaks = (rules.MEMORY_FREE,)
    check, shows, options = (
        "test_redis_has_room",
        "at most 90% of 3145728 bytes",
        {"maxmemory": "3mb"},
    )

    def harm(self, client: Any) -> None:
        with suppress(redis.ResponseError):
            for number in range(60):
                client.set(f"session:{number}", VALUE)


class AReplicaStandsInForTheMaster(_OfRedis):
    """It was not promoted after the last failure: every write is refused."""

    breaks = (rules.DECLARED_ROLE,)
    check, shows, options = (
        "test_redis_answers",
        "| master | replica |",
        {"replicaof": "127.0.0.1 1"},
    )


class AReplicaTakesNoWrites(_OfRedis):
    """The same, found by writing."""

    breaks = (rules.ROUND_TRIP,)
    check, shows, options = (
        "test_redis_gives_back_what_is_written",
        "READONLY",
        {"replicaof": "127.0.0.1 1"},
    )


class TheReplicaLostItsMaster(_OfRedis):
    """Its data are from yesterday."""

    breaks = (rules.MASTER_CONNECTED,)
    check, shows, options, declared = (
        "test_redis_answers",
        "master_link_status down",
        {"replicaof": "127.0.0.1 1"},
        {"role": "replica"},
    )


class TheClusterIsNotWhole(_OfRedis):
    """Some keys belong to no node: some sign-ins work, others do not."""

    breaks = (rules.CLUSTER_COMPLETE,)
    check, shows, options = (
        "test_redis_answers",
        "cluster_state fail",
        {"cluster-enabled": "yes"},
    )


class NothingIsKept(_OfRedis):
    """After a restart everybody must sign in again, all at once."""

    breaks = (rules.DECLARED_PERSISTENCE,)
    check, shows, options = (
        "test_redis_keeps_its_data",
        "| aof | none |",
        {"appendonly": "no"},
    )


class TheLastSnapshotFailed(_OfRedis):
    """The disk is full, and nobody looked."""

    breaks = (rules.LAST_SAVE_SUCCEEDED,)
    check, shows, declared = (
        "test_redis_keeps_its_data",
        "rdb_last_bgsave_status err",
        {"persistence": "rdb"},
    )
    options: ClassVar[dict[str, str]] = {"appendonly": "no", "save": "3600 1", "dbfilename": "gone"}

    def harm(self, client: Any) -> None:
        folder = Path(client.config_get("dir")["dir"]) / "gone"
        folder.mkdir()  # a folder where the snapshot would go
        (folder / "full").touch()
        client.bgsave()
        assert wait_for(
            lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", 5, 0.02
        )


class RedisDoesNotAnswer(_OfRedis):
    """It was not started after an update."""

    breaks = (rules.REDIS_ANSWERS,)
    check, shows, known = "test_redis_answers", "refused", {"alive": False}


class ThePasswordIsAnother(_OfRedis):
    """Nothing is known, so nothing is proven.

    The password that was tried is in no text.
    """

    breaks = (rules.ACCESS_GRANTED,)
    check, outcome, shows, known = (
        "test_redis_answers",
        "not proven",
        "invalid",
        {"password": "another-secret"},
    )
