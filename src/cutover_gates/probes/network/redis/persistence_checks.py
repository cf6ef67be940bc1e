"""Checks of what Redis keeps: its persistence, and one key that is written and read."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutover_gates.config.redis import RedisSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.network.redis import rules
from cutover_gates.probes.network.redis.client import KEY_SECONDS, write_probe_key

if TYPE_CHECKING:
    from redis import Redis

LAST_SAVES = (
    ("rdb", "rdb_last_bgsave_status"),
    ("aof", "aof_last_write_status"),
    ("aof", "aof_last_bgrewrite_status"),
)
"""Fields of INFO that say how the last snapshot, write or rewriting ended."""


@dataclass(frozen=True)
class RoundTrip:
    """What became of a key: refused, or its value when read, and its time to live in seconds."""

    refused: bool
    same_value: bool = False
    ttl: int = 0


def judge_persistence(
    builder: AssessmentBuilder, name: str, settings: RedisSettings, info: Mapping[str, Any]
) -> None:
    """Compare the persistence with the declared one, and read how the last saves ended."""
    # `save` is the schedule of snapshots; an empty one means none.
    kinds = {"aof": info.get("aof_enabled"), "rdb": info.get("save")}
    active = sorted(kind for kind, on in kinds.items() if on)
    builder.figures["kept by"] = active
    builder.checked.append(name)
    if not _fits(settings.persistence, active):
        builder.add_finding(
            rules.DECLARED_PERSISTENCE,
            name,
            expected=settings.persistence,
            actual=" and ".join(active) or "none",
            reproduce="redis-cli CONFIG GET save appendonly",
        )
    for kind, field in LAST_SAVES:
        # A failure of a kind that is switched off is an old one.
        if kind in active and info.get(field, "ok") != "ok":
            builder.add_finding(
                rules.LAST_SAVE_SUCCEEDED,
                name,
                expected=f"{field} ok",
                actual=f"{field} {info[field]}",
                reproduce="redis-cli INFO persistence",
            )


def _fits(declared: str, active: list[str]) -> bool:
    if declared == "any":
        return bool(active)
    if declared == "none":
        return not active
    return declared in active


def try_round_trip(client: Redis) -> RoundTrip:
    """Write a key of the gate's own, read it and delete it."""
    from redis.exceptions import ReadOnlyError

    value = secrets.token_hex(16)
    try:
        key = write_probe_key(client, value)
    except ReadOnlyError:
        # Redis refuses writes on a replica with READONLY.
        return RoundTrip(refused=True)
    try:
        return RoundTrip(False, client.get(key) == value, int(client.ttl(key)))
    # Not left to its expiry: the key counts in the memory of the target.
    finally:
        client.delete(key)


def judge_round_trip(builder: AssessmentBuilder, name: str, role: str, trip: RoundTrip) -> None:
    """Judge a round trip: a replica must refuse the key, a master must keep it."""
    builder.checked.append(name)
    if role == "replica" and not trip.refused:
        builder.add_finding(
            rules.REPLICA_READ_ONLY, name, expected="the write refused", actual="a key written"
        )
    elif role != "replica" and trip.refused:
        builder.add_finding(
            rules.ROUND_TRIP, name, expected="a key written", actual="READONLY: it is a replica"
        )
    elif role != "replica" and not trip.same_value:
        builder.add_finding(
            rules.ROUND_TRIP, name, expected="the value that was written", actual="another value"
        )
    elif role != "replica" and not 0 < trip.ttl <= KEY_SECONDS:
        builder.add_finding(
            rules.ROUND_TRIP,
            name,
            expected=f"TTL of 1 to {KEY_SECONDS} s",
            actual=f"TTL {trip.ttl} s",
        )
