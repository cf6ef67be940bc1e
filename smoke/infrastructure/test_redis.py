"""Redis is what it should be, has room, and keeps what it is given."""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.network import Redis

pytestmark = pytest.mark.plan("redis-cluster")


def test_redis_answers(redis: Redis) -> None:
    """Without it nobody stays signed in.

    It answers, has the declared role, and its cluster is whole.
    """
    sound(redis.answers())


def test_redis_keeps_its_memory_policy(redis: Redis) -> None:
    """The wrong policy throws sessions away in the busiest hour. The policy is the declared one."""
    sound(redis.policy())


def test_redis_has_room(redis: Redis) -> None:
    """What is full refuses writes or throws keys away.

    There is room, and nothing was thrown away.
    """
    sound(redis.memory())


def test_redis_keeps_its_data(redis: Redis) -> None:
    """After a restart everybody would have to sign in anew.

    Data are kept as declared, and the last time succeeded.
    """
    sound(redis.persistence())


def test_redis_gives_back_what_is_written(redis: Redis) -> None:
    """A Redis that only answers pings is no help.

    A key is written, read, and expires; a replica takes none.
    """
    sound(redis.round_trip())
