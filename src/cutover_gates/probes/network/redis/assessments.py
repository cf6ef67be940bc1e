"""The questions about a target's Redis; each method answers one.

Nothing is written but one key of the gate's own, which expires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cutover_gates.config.redis import RedisSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.network.network_context import NetworkContext
from cutover_gates.probes.network.redis import persistence_checks, rules
from cutover_gates.probes.network.redis.client import (
    AuthenticationRejected,
    RedisClient,
    read_config,
    read_info,
)
from cutover_gates.util.http import SourceUnavailable

if TYPE_CHECKING:
    from redis import Redis

ROLES = {"master": "master", "slave": "replica"}
INFO_COMMAND = "redis-cli INFO"
T = TypeVar("T")


class RedisAssessments:
    """The questions about the Redis that settings name."""

    def __init__(
        self,
        settings: RedisSettings,
        context: NetworkContext,
        *,
        password: str | None = None,
        ca_file: Path | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self.settings, self.context = settings, context
        self._client = RedisClient(settings, password, ca_file, redactor or Redactor())
        self.name = self._client.name

    def assess_availability(self) -> Assessment:
        """Redis answers, has its role, and is complete."""
        builder = self._create_builder()
        info = self._query(builder, read_info, silence_is_finding=True)
        if info is not None:
            self._judge_availability(builder, info)
        return self.context.finish(builder, "Redis answers")

    def assess_memory_policy(self) -> Assessment:
        """Redis does what is declared when its memory is full."""
        builder, declared = self._create_builder(), self.settings.maxmemory_policy
        info = self._query(builder, read_info)
        if info is not None:
            builder.checked.append(self.name)
            policy = info.get("maxmemory_policy")
            if policy != declared:
                builder.add_finding(
                    rules.DECLARED_POLICY,
                    self.name,
                    expected=declared,
                    actual=str(policy),
                    reproduce="redis-cli CONFIG GET maxmemory-policy",
                )
        return self.context.finish(builder, "Redis keeps its memory policy")

    def assess_memory(self) -> Assessment:
        """Redis has room, and has evicted nothing for want of it."""
        builder = self._create_builder()
        info = self._query(builder, read_info)
        if info is not None:
            self._judge_memory(builder, info)
        return self.context.finish(builder, "Redis has room")

    def assess_persistence(self) -> Assessment:
        """Redis keeps its data as declared, and the last time it did so it succeeded."""
        builder = self._create_builder()
        # Every Redis reports the append-only file in INFO. The snapshots' schedule needs CONFIG,
        # which some services forbid: it is read only where it matters.
        needs_config = self.settings.persistence != "aof"

        def read(client: Redis) -> dict[str, Any]:
            config = read_config(client, "save") if needs_config else {}
            return {**read_info(client), **config}

        info = self._query(builder, read)
        if info is not None:
            persistence_checks.judge_persistence(builder, self.name, self.settings, info)
        return self.context.finish(builder, "Redis keeps its data")

    def assess_round_trip(self) -> Assessment:
        """A key that is written is read again, and expires; a replica refuses it."""
        builder = self._create_builder()
        trip = self._query(builder, persistence_checks.try_round_trip)
        if trip is not None:
            persistence_checks.judge_round_trip(builder, self.name, self.settings.role, trip)
        return self.context.finish(builder, "Redis takes a write and gives it back")

    def _create_builder(self) -> AssessmentBuilder:
        builder = AssessmentBuilder()
        if not self.settings.url:
            self.context.add_undeclared(builder, rules.REDIS_DECLARED, "redis", ["url"])
        return builder

    def _query(
        self,
        builder: AssessmentBuilder,
        ask: Callable[[Redis], T],
        *,
        silence_is_finding: bool = False,
    ) -> T | None:
        """Return the answer; None where none comes, which is a gap or, if so said, a finding."""
        if not self.settings.url:
            return None
        try:
            return self._client.query(ask)
        except AuthenticationRejected as error:
            builder.add_gap(rules.ACCESS_GRANTED, self.name, error.reason)
        except SourceUnavailable as error:
            # In one check only, so that one dead server is one finding.
            if silence_is_finding:
                builder.add_finding(
                    rules.REDIS_ANSWERS, self.name, expected="an answer", actual=error.reason
                )
            else:
                builder.add_gap(rules.REDIS_ANSWERS, self.name, error.reason)
        return None

    def _judge_availability(self, builder: AssessmentBuilder, info: Mapping[str, Any]) -> None:
        builder.checked.append(self.name)
        role = ROLES.get(str(info["role"]), str(info["role"]))
        link, cluster = info.get("master_link_status"), info.get("cluster_state", "ok")
        builder.figures |= {"version": info.get("redis_version"), "role": role}
        # Each value with its rule: all of them are reported, not only the first.
        found = [
            (rules.DECLARED_ROLE, self.settings.role, role),
            (rules.DATA_LOADED, "loading 0", f"loading {info.get('loading') or 0}"),
            (rules.CLUSTER_COMPLETE, "cluster_state ok", f"cluster_state {cluster}"),
        ]
        if role == "replica":
            found.append(
                (rules.MASTER_CONNECTED, "master_link_status up", f"master_link_status {link}")
            )
        for rule, expected, actual in found:
            if expected != actual:
                builder.add_finding(
                    rule, self.name, expected=expected, actual=actual, reproduce=INFO_COMMAND
                )

    def _judge_memory(self, builder: AssessmentBuilder, info: Mapping[str, Any]) -> None:
        builder.checked.append(self.name)
        evicted, used, limit = (
            int(info[key]) for key in ("evicted_keys", "used_memory", "maxmemory")
        )
        # maxmemory 0 means no limit but the machine's memory.
        most, share = limit or int(info.get("total_system_memory", 0)), self.settings.memory_share
        builder.figures |= {
            "evicted_keys": evicted,
            "used_memory": used,
            "maxmemory": limit,
            "of at most": most,
        }
        if not most:
            reason = "neither maxmemory nor total_system_memory is reported"
            builder.add_gap(rules.MEMORY_FREE, self.name, reason, reproduce=INFO_COMMAND)
        if evicted:
            builder.add_finding(
                rules.NO_EVICTIONS,
                self.name,
                expected="0 evicted keys",
                actual=f"{evicted} evicted keys",
                reproduce="redis-cli INFO stats",
            )
        if most and used > share * most:
            builder.add_finding(
                rules.MEMORY_FREE,
                self.name,
                expected=f"at most {share:.0%} of {most} bytes",
                actual=f"{used} bytes",
                reproduce="redis-cli INFO memory",
            )
