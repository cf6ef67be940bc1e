"""The questions to a target's Redis; each method answers one.

Beside one key of its own, which expires, nothing is written.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cutover_gates.config.network import RedisSettings as Declared
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.network.client import TIMEOUT_SLACK_SECONDS
from cutover_gates.probes.network.network_context import (
    NetworkAssessmentBuilder,
    NetworkContext,
    run_with_timeout,
)
from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable, redact_url

if TYPE_CHECKING:
    from redis import Redis as Client

ITEM = "redis-cluster"
ROLES = {"master": "master", "slave": "replica"}
KEY_SECONDS, MAX_KEYS = 60, 200
V = TypeVar("V")


class RedisAssessments:
    """The Redis that settings name. `password` is masked in all that is said."""

    def __init__(
        self,
        settings: Declared,
        context: NetworkContext,
        *,
        password: str | None = None,
        ca_file: Path | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self.settings, self.context = settings, context
        self._password, self._ca_file, self._redactor = password, ca_file, redactor or Redactor()
        self._redactor.learn("redis password", password)
        self.name = redact_url(settings.url) if settings.url else ""

    def assess_availability(self) -> Assessment:
        """It answers, is what it should be, and is whole."""
        seen = self._create_builder("Redis answers")
        for told in self._query(seen, self._read_info, silence=seen.findings):
            role = ROLES.get(str(told["role"]), str(told["role"]))
            seen.figures |= {"version": told.get("redis_version"), "role": role}
            seen.add_result(
                self.name,
                [
                    wrong
                    for wrong in (
                        (
                            f"{self.name} is a {role}, and {self.settings.role} is declared"
                            if role != self.settings.role
                            else ""
                        ),
                        f"{self.name} still loads its data" if told.get("loading") else "",
                        (
                            f"{self.name} has lost its master (master_link_status"
                            f" {told.get('master_link_status')})"
                            if role == "replica" and told.get("master_link_status") != "up"
                            else ""
                        ),
                        (
                            f"its cluster is not whole (cluster_state {told['cluster_state']})"
                            if told.get("cluster_state", "ok") != "ok"
                            else ""
                        ),
                    )
                    if wrong
                ],
            )
        return seen.build_and_record(self.context)

    def assess_memory_policy(self) -> Assessment:
        """It does what is declared when its memory is full."""
        seen, declared = (
            self._create_builder("Redis keeps its memory policy"),
            self.settings.maxmemory_policy,
        )
        for told in self._query(seen, self._read_info):
            found = told.get("maxmemory_policy")
            seen.add_result(
                self.name,
                (
                    []
                    if found == declared
                    else [
                        f"{self.name} has the policy {found}, and {declared} is declared. redis-cli"
                        " CONFIG GET maxmemory-policy"
                    ]
                ),
            )
        return seen.build_and_record(self.context)

    def assess_memory(self) -> Assessment:
        """It has room, and has thrown away nothing for want of it."""
        seen, share = self._create_builder("Redis has room"), self.settings.memory_share
        for told in self._query(seen, self._read_info):
            evicted, used, limit = (
                int(told[key]) for key in ("evicted_keys", "used_memory", "maxmemory")
            )
            most = limit or int(told.get("total_system_memory", 0))  # 0: no limit but the machine
            seen.figures |= {
                "evicted_keys": evicted,
                "used_memory": used,
                "maxmemory": limit,
                "of at most": most,
            }
            if not most:
                seen.not_proven.append(
                    f"{self.name} says neither how much memory it may use nor how much there is"
                )
            seen.add_result(
                self.name,
                [
                    wrong
                    for wrong in (
                        (
                            f"{self.name} has thrown away {evicted} keys since it began"
                            " (evicted_keys)"
                            if evicted
                            else ""
                        ),
                        (
                            f"{self.name} uses {used} of {most} bytes, and {share:.0%} is the limit"
                            if most and used > share * most
                            else ""
                        ),
                    )
                    if wrong
                ],
            )
        return seen.build_and_record(self.context)

    def assess_persistence(self) -> Assessment:
        """It keeps its data as declared, and the last time it did so it succeeded."""
        seen, asked = (
            self._create_builder("Redis keeps its data"),
            self.settings.persistence != "aof",
        )  # whose state every Redis tells, and others not
        for told in self._query(
            seen,
            lambda client: {
                **self._read_info(client),
                **(self._read_config(client, "save") if asked else {}),
            },
        ):
            kept = {
                kind
                for kind, on in (("aof", told.get("aof_enabled")), ("rdb", told.get("save")))
                if on
            }
            seen.figures["kept by"] = sorted(kept)
            seen.add_result(
                self.name,
                [
                    *self._find_persistence_problems(kept),
                    *(
                        f"{self.name}: the last {what} failed ({key} {told[key]})"
                        for kind, key, what in (
                            ("rdb", "rdb_last_bgsave_status", "snapshot"),
                            ("aof", "aof_last_write_status", "write to the append-only file"),
                            (
                                "aof",
                                "aof_last_bgrewrite_status",
                                "rewriting of the append-only file",
                            ),
                        )
                        if kind in kept and told.get(key, "ok") != "ok"
                    ),
                ],
            )
        return seen.build_and_record(self.context)

    def assess_round_trip(self) -> Assessment:
        """What is written is read again, and expires; a replica takes no writes."""
        seen = self._create_builder("Redis takes a write and gives it back")
        for wrong in self._query(seen, self._try_round_trip):
            seen.add_result(self.name, [f"{self.name}: {wrong}"] if wrong else [])
        return seen.build_and_record(self.context)

    # ── how they are answered ──

    def _create_builder(self, title: str) -> NetworkAssessmentBuilder:
        return NetworkAssessmentBuilder(
            title,
            not_proven=(
                []
                if self.settings.url
                else [
                    self.context.format_undeclared_key("redis", "url", ITEM, "no Redis is declared")
                ]
            ),
        )

    def _query(
        self,
        seen: NetworkAssessmentBuilder,
        ask: Callable[[Client], V],
        silence: list[str] | None = None,
    ) -> list[V]:
        """What came, as a list of one; of none where it does not answer.

        That is not proven, or goes to `silence`.
        """
        if not self.settings.url:
            return []
        try:
            return [
                run_with_timeout(
                    self.settings.seconds + TIMEOUT_SLACK_SECONDS, lambda: self._run_query(ask)
                )
            ]
        except SourceUnavailable as silent:
            refused = isinstance(silent, _AuthenticationRejected)
            (seen.not_proven if silence is None or refused else silence).append(
                f"{self.name}: {silent}"
            )
            return []

    def _run_query(self, ask: Callable[[Client], V]) -> V:
        """Raises `TelemetrySilent`; nothing of what redis-py raises leaves, for its frames hold the
        password.
        """
        from redis import Redis as Client
        from redis.backoff import NoBackoff
        from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
        from redis.retry import Retry

        seconds = self.settings.seconds
        tls: dict[str, Any] = {
            "ssl_check_hostname": True,
            "ssl_ca_certs": self._ca_file and str(self._ca_file),
        }
        tls = tls if str(self.settings.url).startswith("rediss:") else {}
        try:
            with Client.from_url(
                str(self.settings.url),
                username=self.settings.username,
                password=self._password,
                socket_timeout=seconds,
                socket_connect_timeout=seconds,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
                **tls,
            ) as client:
                return ask(client)
        except (AuthenticationError, NoPermissionError) as error:
            said: SourceUnavailable = _AuthenticationRejected(
                f"it does not let us in: {self._redactor.redact_text(str(error))[:ERROR_TEXT_LIMIT]}"
            )
        except (RedisError, OSError, KeyError, ValueError) as error:
            said = SourceUnavailable(
                "it does not answer as a Redis does:"
                f" {self._redactor.redact_text(str(error) or type(error).__name__)[:ERROR_TEXT_LIMIT]}"
            )
        raise said

    def _read_info(self, client: Client) -> Mapping[str, Any]:
        told: dict[str, Any] = dict(client.info("everything"))
        if told.get("cluster_enabled"):
            told |= dict(client.execute_command("CLUSTER INFO"))  # type: ignore[no-untyped-call]  # redis-py has no types there
        return told

    def _read_config(self, client: Client, name: str) -> Mapping[str, Any]:
        return dict(client.config_get(name))  # type: ignore[arg-type]  # as above

    def _find_persistence_problems(self, kept: set[str]) -> list[str]:
        declared = self.settings.persistence
        fits = (
            bool(kept)
            if declared == "any"
            else not kept
            if declared == "none"
            else declared in kept
        )
        return (
            []
            if fits
            else [
                f"{self.name} keeps its data by {' and '.join(sorted(kept)) or 'nothing'}, and"
                f" {declared} is declared. redis-cli CONFIG GET save appendonly"
            ]
        )

    def _try_round_trip(self, client: Client) -> str:
        """What is wrong with the way of one key; "" where nothing is."""
        from redis.exceptions import ReadOnlyError

        value = secrets.token_hex(16)
        try:
            key = write_probe_key(client, value)
        except ReadOnlyError:
            return "" if self.settings.role == "replica" else "it takes no writes: it is a replica"
        try:
            came, left = client.get(key), int(client.ttl(key))
        finally:
            client.delete(key)
        if self.settings.role == "replica":
            return "it takes writes, and a replica must not"
        return (
            ""
            if came == value and 0 < left <= KEY_SECONDS
            else f"a key did not come back as it was written, or does not expire (ttl {left})"
        )


def write_probe_key(client: Client, value: str) -> str:
    """Writes it under a key of our own; that.

    In a cluster most keys belong to other nodes: then another one is tried.
    """
    from redis.exceptions import MovedError

    for _ in range(MAX_KEYS):
        key = f"cutover:{secrets.token_hex(8)}"
        try:
            client.set(key, value, ex=KEY_SECONDS, nx=True)
        except MovedError:
            continue
        return key
    raise SourceUnavailable(f"none of {MAX_KEYS} keys belongs to this node of its cluster")


class _AuthenticationRejected(SourceUnavailable):
    """It answers, and not to us."""
