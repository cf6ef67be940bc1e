"""Commands to a Redis, bounded in time; no error leaves with the password in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cutover_gates.config.redis import RedisSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.network.network_context import TIMEOUT_SLACK_SECONDS
from cutover_gates.util.concurrency import run_with_timeout
from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable, redact_url

if TYPE_CHECKING:
    from redis import Redis

KEY_SECONDS, MAX_KEYS = 60, 200
"""Seconds after which the probe's key expires, and keys that are tried in a cluster."""
T = TypeVar("T")


class AuthenticationRejected(SourceUnavailable):
    """Redis answers, and refuses the user, the password or the command."""


class RedisClient:
    """A client that connects anew for each query. `password` is masked in every error.

    redis-py is loaded with the first query: it takes 60 ms, and few targets declare a Redis.
    """

    def __init__(
        self,
        settings: RedisSettings,
        password: str | None,
        ca_file: Path | None,
        redactor: Redactor,
    ) -> None:
        self._settings, self._password, self._ca_file = settings, password, ca_file
        self._redactor = redactor
        self._redactor.learn("redis password", password)
        self.name = redact_url(settings.url) if settings.url else ""

    def query(self, ask: Callable[[Redis], T]) -> T:
        """Return what `ask` returns.

        Raises:
            AuthenticationRejected: Redis answers, and not to this user.
            SourceUnavailable: no answer in time, or not one of Redis.
        """
        bound = self._settings.seconds + TIMEOUT_SLACK_SECONDS
        return run_with_timeout(bound, lambda: self._query(ask))

    def _query(self, ask: Callable[[Redis], T]) -> T:
        from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

        try:
            with self._connect() as client:
                return ask(client)
        except (AuthenticationError, NoPermissionError) as error:
            failure: SourceUnavailable = AuthenticationRejected(self._mask(error))
        except (RedisError, OSError, KeyError, ValueError) as error:
            failure = SourceUnavailable(self._mask(error))
        # redis-py reads nested arrays by recursion, and takes each reply for one of its type.
        except (RecursionError, AttributeError, IndexError, TypeError) as error:
            failure = SourceUnavailable(f"it gave no reply of a Redis ({type(error).__name__})")
        # Outside of the except block: the frames of redis-py hold the password.
        raise failure

    def _connect(self) -> Redis:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        from cutover_gates.probes.network.redis.bounded_replies import (
            BoundedRedisConnection,
            BoundedRedisTlsConnection,
        )

        url, seconds = str(self._settings.url), self._settings.seconds
        tls: dict[str, Any] = {"connection_class": BoundedRedisConnection}
        if url.startswith("rediss:"):
            ca_file = str(self._ca_file) if self._ca_file else None
            tls = {
                "connection_class": BoundedRedisTlsConnection,
                "ssl_check_hostname": True,
                "ssl_ca_certs": ca_file,
            }
        return Redis.from_url(
            url,
            username=self._settings.username,
            password=self._password,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            # redis-py would try again, beyond the time bound.
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
            **tls,
        )

    def _mask(self, error: Exception) -> str:
        text = str(error) or type(error).__name__
        return self._redactor.redact_text(text)[:ERROR_TEXT_LIMIT]


def read_info(client: Redis) -> dict[str, Any]:
    """Return INFO, and CLUSTER INFO where the server is a node of a cluster."""
    info: dict[str, Any] = dict(client.info("everything"))
    if info.get("cluster_enabled"):
        info |= dict(client.execute_command("CLUSTER INFO"))  # type: ignore[no-untyped-call]  # redis-py has no types there
    return info


def read_config(client: Redis, name: str) -> dict[str, Any]:
    """Return a value of the configuration, by its name."""
    return dict(client.config_get(name))  # type: ignore[arg-type]  # redis-py has no types there


def write_probe_key(client: Redis, value: str) -> str:
    """Write the value under a key of the gate's own, which expires, and return the key.

    In a cluster most keys belong to other nodes: then further keys are tried. Raises
    `SourceUnavailable` where none of them belongs to this node.
    """
    from redis.exceptions import MovedError

    for _ in range(MAX_KEYS):
        key = f"cutover:{secrets.token_hex(8)}"
        try:
            # nx: a key of the target's is never overwritten. ex: ours is gone even if we are
            # killed.
            client.set(key, value, ex=KEY_SECONDS, nx=True)
        # The slot of this key is on another node.
        except MovedError:
            continue
        return key
    raise SourceUnavailable(f"none of {MAX_KEYS} keys belongs to this node of its cluster")
