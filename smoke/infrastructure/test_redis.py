"""Checks of the target's Redis."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.redis.assessments import RedisAssessments

pytestmark = pytest.mark.plan("redis-cluster")


def test_redis_answers(redis: RedisAssessments) -> None:
    """Redis answers, has the declared role, and is complete.

    Without it nobody stays signed in.
    """
    assert_passed(redis.assess_availability())


def test_redis_keeps_its_memory_policy(redis: RedisAssessments) -> None:
    """The memory policy of Redis is the declared one.

    The wrong policy removes sessions in the busiest hour.
    """
    assert_passed(redis.assess_memory_policy())


def test_redis_has_room(redis: RedisAssessments) -> None:
    """Redis has room and has evicted nothing.

    A full Redis refuses writes or evicts keys.
    """
    assert_passed(redis.assess_memory())


def test_redis_keeps_its_data(redis: RedisAssessments) -> None:
    """Redis keeps its data as declared, and its last save succeeded.

    Otherwise everybody must sign in again after a restart.
    """
    assert_passed(redis.assess_persistence())


def test_redis_gives_back_what_is_written(redis: RedisAssessments) -> None:
    """A key that is written is read again and expires; a replica refuses it.

    A Redis that only answers pings does not keep sessions.
    """
    assert_passed(redis.assess_round_trip())
