"""Redis is what it should be, has room, and keeps what it is given."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.redis.assessments import RedisAssessments

pytestmark = pytest.mark.plan("redis-cluster")


def test_redis_answers(redis: RedisAssessments) -> None:
    """Without it nobody stays signed in.

    It answers, has the declared role, and its cluster is whole.
    """
    assert_passed(redis.assess_availability())


def test_redis_keeps_its_memory_policy(redis: RedisAssessments) -> None:
    """The wrong policy throws sessions away in the busiest hour. The policy is the declared one."""
    assert_passed(redis.assess_memory_policy())


def test_redis_has_room(redis: RedisAssessments) -> None:
    """What is full refuses writes or throws keys away.

    There is room, and nothing was thrown away.
    """
    assert_passed(redis.assess_memory())


def test_redis_keeps_its_data(redis: RedisAssessments) -> None:
    """After a restart everybody would have to sign in anew.

    Data are kept as declared, and the last time succeeded.
    """
    assert_passed(redis.assess_persistence())


def test_redis_gives_back_what_is_written(redis: RedisAssessments) -> None:
    """A Redis that only answers pings is no help.

    A key is written, read, and expires; a replica takes none.
    """
    assert_passed(redis.assess_round_trip())
